"""Start Gradio's server, with this room's middlewares in front of it.

url = serve(page, free_address("127.0.0.1", None), site)     # returns at once; the server has threads of its own
wait(page, load)                                             # loads what answers, then until Ctrl+C or a kill
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from gradio import I18n, networking, processing_utils
from starlette.middleware import Middleware

from spheres.errors import SphereError
from spheres.server.allowlist import AllowlistMiddleware
from spheres.server.inject import ScriptInjector
from spheres.server.mcp import McpLogin, patch_mcp_server
from spheres.server.preview import PICTURE, PictureMiddleware, Preview
from spheres.server.sessions import use_light_sessions
from spheres.server.theme import theme
from spheres.server.uploads import check_and_preprocess

MAX_UPLOAD = 50_000_000  # bytes of an uploaded file
LAUNCH: dict[str, Any] = {  # options of Gradio's `launch`
    "share": False,  # with it the page would fetch its scripts from a third party: `tunnel` opens the link instead
    "prevent_thread_lock": True,
    "quiet": True,
    "inbrowser": False,
    "show_error": False,
    "ssr_mode": False,
    "pwa": False,
    "run_history": False,  # else visitors' texts stay in their browser's storage
    "enable_monitoring": False,  # else anyone may open /monitoring
    "strict_cors": True,
    "allowed_paths": [],
    "state_session_capacity": 2000,  # visitors whose last answer is kept, at most 100 KB each
    "footer_links": ["api"],
}


@dataclass(frozen=True)
class Site:
    """What the server must be told of the pages that it serves.

    Attributes:
        addresses: path of each page ("/" for the first) -> attributes of the script tag that is put into its head;
            `lang` among them names the page's language.
        script: JavaScript that is put there.
        css: style sheet of all pages.
        locked_paths: files and folders of which nothing is ever handed out.
        translations: language code -> Gradio's key, such as "common.complete" -> its text, where Gradio has none.
        previews: path of each page -> what a link to it says elsewhere.
        picture: PNG file that such a link shows; None where there is none.
    """

    addresses: Mapping[str, Mapping[str, str]]
    script: str
    css: Path
    locked_paths: tuple[Path, ...] = ()
    translations: Mapping[str, dict[str, str]] = field(default_factory=dict)
    previews: Mapping[str, Preview] = field(default_factory=dict)
    picture: Path | None = None


def serve(
    page: Any,
    address: tuple[str, int],
    site: Site,
    auth: tuple[str, str] | None = None,
    *,
    mcp: bool = False,
    max_upload: int = MAX_UPLOAD,
) -> str:
    """Start Gradio's server in threads of its own, and return its local address, which ends in a slash.

    Args:
        page: a `gradio.Blocks`.
        address: host and port to listen on.
        auth: user and password to ask for, or None for an open page.
        mcp: whether the named endpoints are tools of a Model Context Protocol server as well, behind `auth`.
        max_upload: bytes of an uploaded file.

    Raises:
        SphereError: the server does not start.
    """
    host, port = address
    login = McpLogin(auth) if auth else None
    open_paths = [*site.addresses, PICTURE] if site.picture else site.addresses
    middlewares = [
        Middleware(AllowlistMiddleware, pages=open_paths, max_upload=max_upload, login=login),
        Middleware(ScriptInjector, pages=site.addresses, script=site.script, previews=site.previews),
        Middleware(PictureMiddleware, picture=site.picture),
    ]
    page.preprocess_data = partial(check_and_preprocess, page.preprocess_data)
    # With Gradio's seed, whoever has it could compute an upload's address from the file's content
    processing_utils.hash_seed = secrets.token_bytes(32)
    _bypass_proxy(host)
    networking.url_ok = _is_served
    try:
        _, url, _ = page.launch(
            server_name=f"[{host}]" if ":" in host else host,  # as Gradio wants IPv6
            server_port=port,
            auth=auth,
            mcp_server=mcp,
            max_file_size=max_upload,
            app_kwargs={"middleware": middlewares},
            theme=theme(),
            css_paths=[site.css],
            i18n=I18n(**site.translations),
            blocked_paths=[str(path) for path in site.locked_paths],
            **LAUNCH,
        )
    except (OSError, ValueError, httpx.HTTPError) as error:
        reason = str(error).rstrip(".")
        raise SphereError(
            f"The page could not start on {host}, port {port} ({reason}): try again, or give another --host or --port."
        ) from error
    use_light_sessions(page)
    if mcp:
        patch_mcp_server(page, login)
    return str(url)


def wait(page: Any, load: Callable[[], object]) -> None:
    """Go on serving until Ctrl+C or a kill; the server and the tunnel end with it.

    Args:
        page: that is served.
        load: called at once, while the page is served already; where it raises, the server ends.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that what was registered at exit runs
    try:
        load()
        while page.is_running:
            time.sleep(0.2)
    finally:
        page.close(verbose=False)


def _is_served(url: str) -> bool:
    """In place of Gradio's check of its own page, which gives up after three seconds: a busy machine may take longer.

    The server runs when it comes to that: it has answered a request of Gradio's by then, for which there is no limit.
    """
    return True


def _bypass_proxy(host: str) -> None:
    """Gradio asks its own server whether it is up; where HTTP_PROXY is set, the proxy must not get that request."""
    for name in ("no_proxy", "NO_PROXY"):
        known = [entry for entry in os.environ.get(name, "").split(",") if entry]
        os.environ[name] = ",".join(dict.fromkeys([*known, "127.0.0.1", "localhost", "::1", host]))
