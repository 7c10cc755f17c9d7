"""The endpoints as tools of a Model Context Protocol server: Gradio's, at /gradio_api/mcp/, with three things mended.

    check_installed()                                     # before anything is loaded
    entry = Entry(auth) if auth else None                 # Gradio leaves the tools open behind a password
    page.launch(mcp_server=True, app_kwargs={"middleware": [Middleware(Guard, entry=entry)]})
    mend_tools(page, entry)                               # answers in JSON; no file is kept for ever

A client sends the password with each request, as HTTP does ("Authorization: Basic ...").
"""

from __future__ import annotations

import base64
import binascii
import importlib.util
import json
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spheres.errors import SphereError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

PLACE = "/gradio_api/mcp"
INSTALL = 'pip install "gradio[mcp]==6.31.0"'


def check_installed() -> None:
    """Refuse to go on where Gradio's optional part is not there.

    raises : SphereError
    """
    if importlib.util.find_spec("mcp") is None:
        raise SphereError(f"--mcp needs the package mcp, which is not installed: run `{INSTALL}`.")


@dataclass(frozen=True)
class Entry:
    """Who may use the tools, and the session in which they ask the page."""

    auth: tuple[str, str]
    token: str = field(default_factory=secrets.token_urlsafe)

    def allows(self, header: bytes) -> bool:
        """Whether a request with this Authorization header comes from somebody who knows the password.

        >>> Entry(("reader", "secret")).allows(b"Basic " + base64.b64encode(b"reader:secret"))
        True
        >>> Entry(("reader", "secret")).allows(b"Basic " + base64.b64encode(b"reader:Secret"))
        False
        """
        kind, _, encoded = header.strip().partition(b" ")
        try:
            given = base64.b64decode(encoded.strip(), validate=True)
        except binascii.Error:
            return False
        return kind.lower() == b"basic" and secrets.compare_digest(given, ":".join(self.auth).encode())

    def open_session(self, app: Any) -> None:
        """Log the tools in at the page; again and again, for a visitor who logs out ends all sessions of that name."""
        app.tokens[self.token] = self.auth[0]


class Guard:
    """ASGI middleware: nothing of the tools' address is answered without the password."""

    def __init__(self, app: ASGIApp, entry: Entry) -> None:
        self.app, self.entry = app, entry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if PLACE in scope.get("path", ""):
            given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
            if not self.entry.allows(given):
                await _refuse(send)
                return
            self.entry.open_session(scope["app"])
        await self.app(scope, receive, send)


async def _refuse(send: Send) -> None:
    """401 without a challenge: a browser would ask for the password, and then send it along from any other site."""
    body = b'{"error": "Not authenticated: send user and password by HTTP Basic authentication."}'
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def mend_tools(page: Any, entry: Entry | None) -> None:
    """Once the page is up: its tools answer in JSON, not as Python writes values, and know their way in.

    raises : SphereError where Gradio could not make the tools
    """
    from gradio_client import Client
    from gradio_client.utils import is_file_obj_with_meta

    from spheres.server.uploads import uploaded

    server = page.mcp_server_obj
    if server is None:
        raise SphereError(f"The tools could not start ({page.mcp_error}): start without --mcp.")
    server.postprocess_output_data = as_content
    convert = server.convert_strings_to_filedata

    def convert_and_note(arguments: dict[str, Any], places: Any) -> dict[str, Any]:
        """What comes as data:... is put in a file; Gradio deletes in time only those that it has noted.

        Another file's path, which a caller may send as well, must not be noted: it would be deleted.
        """
        converted: dict[str, Any] = convert(arguments, places)
        for value in converted.values():
            if is_file_obj_with_meta(value):
                with suppress(SphereError):
                    page.upload_file_set.add(str(uploaded(value)))
        return converted

    server.convert_strings_to_filedata = convert_and_note
    if entry:
        entry.open_session(page.app)
        cookie = f"access-token-unsecure-{page.app.cookie_id}={entry.token}"
        headers = {"cookie": cookie, "x-gradio-user": "mcp"}
        server._client_instance = Client(
            page.local_url, headers=headers, download_files=False, verbose=False, analytics_enabled=False
        )


def as_content(outputs: Any, root_url: str) -> list[Any]:
    """An endpoint's outputs as MCP has them: a file by its address, anything else as JSON."""
    from gradio_client.utils import encode_file_path, is_file_obj_with_meta
    from mcp.types import TextContent

    from spheres.server.uploads import SERVED

    if isinstance(outputs[0], tuple):  # how Gradio hands on several, where nobody asked for progress
        outputs = outputs[0]
    texts = (
        f"{root_url}{SERVED}{encode_file_path(output['path'])}"
        if is_file_obj_with_meta(output)
        else json.dumps(output, ensure_ascii=False)
        for output in outputs
    )
    return [TextContent(type="text", text=text) for text in texts]
