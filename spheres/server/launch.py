"""Putting the page on the network: an address that is free, Gradio's server on it, and how the page looks there.

address = free_address("127.0.0.1", None)      # 7860, or the next free port
url = serve(page, address, site)               # returns at once; the server runs in a thread of its own
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spheres.errors import SphereError
from spheres.server.inject import ScriptInjector

FIRST_PORT, N_PORTS = 7860, 100
MAX_UPLOAD = 50_000_000  # bytes of an uploaded file
SESSIONS = 2000  # visitors whose last answer is kept, at most 100 KB each; the one unseen for longest goes first
LAUNCH: dict[str, Any] = {
    "share": False,
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
    "state_session_capacity": SESSIONS,
    "footer_links": ["api"],
}


@dataclass(frozen=True)
class Site:
    """What the server must be told of the pages that it serves.

    Attributes:
        addresses: path of each page ("/" for the first) -> attributes of the script tag that is put into its head;
            `lang` among them names the page's language.
        script: JavaScript file that is put there.
        css: style sheet of all pages.
        locked_paths: files and folders of which nothing is ever handed out.
    """

    addresses: Mapping[str, Mapping[str, str]]
    script: Path
    css: Path
    locked_paths: tuple[Path, ...] = ()


def free_address(host: str, port: int | None) -> tuple[str, int]:
    """An address to listen on.

    port   : the wanted one; 0 for any free one; None for the first free one from 7860
    raises : SphereError where the port is taken or the host is not this machine's
    """
    host = host.strip("[]")  # IPv6 may come as in a link
    for candidate in range(FIRST_PORT, FIRST_PORT + N_PORTS) if port is None else [port]:
        try:
            return host, _bindable(host, candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                reason = error.strerror or error
                raise SphereError(
                    f"Cannot listen on {host}, port {candidate} ({reason}): give another --host or --port."
                ) from error
    if port is None:
        raise SphereError(f"Ports {FIRST_PORT} to {FIRST_PORT + N_PORTS - 1} are all taken: give another --port.")
    raise SphereError(f"Port {port} is taken: stop what listens there, or give another --port.")


def serve(
    page: Any,
    address: tuple[str, int],
    site: Site,
    auth: tuple[str, str] | None = None,
    *,
    mcp: bool = False,
    max_upload: int = MAX_UPLOAD,
) -> str:
    """Start Gradio's server in a thread of its own and return the page's local address.

    page       : a `gradio.Blocks`
    site       : addresses, script and styles of its pages
    auth       : user and password to ask for, or None for an open page
    mcp        : whether the named endpoints are tools of a Model Context Protocol server as well, behind `auth`
    max_upload : bytes of an uploaded file
    raises     : SphereError where the server does not start

    Gradio's own `share` stays off: with it the page would fetch its scripts from a third party. `server.tunnel` opens
    the same tunnel without that.
    """
    import httpx

    from spheres.server.mcp import Entry, mend_tools
    from spheres.server.sessions import keep_light
    from spheres.server.uploads import check_calls, hide_folders

    host, port = address
    entry = Entry(auth) if mcp and auth else None
    check_calls(page)
    hide_folders()
    _keep_local_requests_local(host)
    try:
        _, url, _ = page.launch(
            server_name=f"[{host}]" if ":" in host else host,  # as Gradio wants IPv6
            server_port=port,
            auth=auth,
            mcp_server=mcp,
            max_file_size=max_upload,
            app_kwargs={"middleware": _in_front(site, max_upload, auth is not None, entry)},
            theme=theme(),
            css_paths=[site.css],
            blocked_paths=[str(path) for path in site.locked_paths],
            **LAUNCH,
        )
    except (OSError, ValueError, httpx.HTTPError) as error:
        reason = str(error).rstrip(".")
        raise SphereError(
            f"The page could not start on {host}, port {port} ({reason}): try again, or give another --host or --port."
        ) from error
    keep_light(page)
    if mcp:
        mend_tools(page, entry)
    return str(url)


def _in_front(site: Site, max_upload: int, auth: bool, entry: Any) -> list[Any]:
    """What each request passes before it reaches Gradio; `entry` is the tools' own, where they ask for a password."""
    from starlette.middleware import Middleware

    from spheres.server.allowlist import AllowlistMiddleware
    from spheres.server.mcp import Guard

    gate = Middleware(AllowlistMiddleware, pages=site.addresses, max_upload=max_upload, auth=auth)
    script = site.script.read_text(encoding="utf-8")
    injector = Middleware(ScriptInjector, pages=site.addresses, script=script)
    return [gate, injector, *([Middleware(Guard, entry=entry)] if entry else [])]


def wait(page: Any) -> None:
    """Go on serving until Ctrl+C or a kill; the server and the tunnel end with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that what was registered at exit runs
    try:
        while page.is_running:
            time.sleep(0.2)
    finally:
        page.close(verbose=False)


def theme() -> Any:
    """Gradio's plain theme on paper and ink, in fonts the reader's machine has."""
    import gradio as gr

    sans = [
        "system-ui",
        "-apple-system",
        "Segoe UI",
        "Roboto",
        "Helvetica Neue",
        "Liberation Sans",
        "Arial",
        "sans-serif",
    ]
    mono = ["ui-monospace", "SFMono-Regular", "Consolas", "Liberation Mono", "monospace"]
    return gr.themes.Base(
        primary_hue="blue",
        neutral_hue="stone",
        font=[gr.themes.Font(name) for name in sans],
        font_mono=[gr.themes.Font(name) for name in mono],
    ).set(
        **both("body_background_fill", "#faf9f6", "#15171a"),
        **both("background_fill_primary", "#ffffff", "#1d2024"),
        **both("background_fill_secondary", "#f4f2ec", "#24282d"),
        **both("block_background_fill", "#ffffff", "#1d2024"),
        **both("body_text_color", "#1c1b19", "#eceae5"),
        **both("body_text_color_subdued", "#5c5a55", "#aeaba3"),
        **both("block_info_text_color", "#5c5a55", "#aeaba3"),
        **both("block_label_text_color", "#1c1b19", "#eceae5"),
        **both("block_title_text_color", "#1c1b19", "#eceae5"),
        **both("border_color_primary", "#dedad1", "#363a40"),
        **both("input_background_fill", "#ffffff", "#1d2024"),
        **both("input_border_color", "#8b877e", "#7d8189"),
        **both("input_placeholder_color", "#5c5a55", "#aeaba3"),
        **both("slider_color", "#1b5a93", "#74b3ec"),
        color_accent="#1b5a93",
        **both("link_text_color", "#1b5a93", "#74b3ec"),
        **both("button_primary_background_fill", "#1b5a93", "#74b3ec"),
        **both("button_primary_background_fill_hover", "#134470", "#a5d0f5"),
        **both("button_primary_border_color", "#1b5a93", "#74b3ec"),
        **both("button_primary_border_color_hover", "#134470", "#a5d0f5"),
        **both("button_primary_text_color", "#ffffff", "#10151a"),
        **both("button_primary_text_color_hover", "#ffffff", "#10151a"),
        **both("button_secondary_background_fill", "#ffffff", "#1d2024"),
        **both("button_secondary_background_fill_hover", "#f4f2ec", "#2b2f34"),
        **both("button_secondary_text_color", "#1c1b19", "#eceae5"),
        **both("button_secondary_border_color", "#8b877e", "#7d8189"),
        button_border_width="1px",
    )


def both(name: str, light: str, dark: str) -> dict[str, str]:
    """A theme variable in light and in dark mode.

    >>> both("link_text_color", "blue", "aqua")
    {'link_text_color': 'blue', 'link_text_color_dark': 'aqua'}
    """
    return {name: light, f"{name}_dark": dark}


def _bindable(host: str, port: int) -> int:
    """The port, once a socket could be bound to it; raises OSError where it could not.

    Gradio tries each port by starting a server, and a host that is not this machine's costs it minutes.
    """
    family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
        0
    ]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(place)
        return int(probe.getsockname()[1])


def _keep_local_requests_local(host: str) -> None:
    """Gradio asks its own server whether it is up; where HTTP_PROXY is set, the proxy must not get that request."""
    for name in ("no_proxy", "NO_PROXY"):
        known = [entry for entry in os.environ.get(name, "").split(",") if entry]
        os.environ[name] = ",".join(dict.fromkeys([*known, "127.0.0.1", "localhost", "::1", host]))
