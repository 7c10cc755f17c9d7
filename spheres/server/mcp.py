"""Gradio's Model Context Protocol (MCP) server at /gradio_api/mcp, with a password, JSON answers and deleted files.

    check_installed()                             # before anything is loaded
    login = McpLogin(auth) if auth else None      # for `AllowlistMiddleware`, too
    page.launch(mcp_server=True, ...)
    patch_mcp_server(page, login)

Gradio leaves the tools open even where the page asks for a password. Here a client sends user and password with each
request, as HTTP has it ("Authorization: Basic ...").
"""

from __future__ import annotations

import base64
import binascii
import importlib.util
import json
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from spheres.errors import SphereError
from spheres.server.asgi import API

MCP_PATH = f"{API}/mcp"
INSTALL = 'pip install "gradio[mcp]==6.31.0"'


def check_installed() -> None:
    """Raise SphereError where Gradio's optional part is not installed."""
    if importlib.util.find_spec("mcp") is None:
        raise SphereError(f"--mcp needs the package mcp, which is not installed: run `{INSTALL}`.")


@dataclass(frozen=True)
class McpLogin:
    """Who may use the tools, and the session by which the tools call the page."""

    auth: tuple[str, str]  # user and password
    token: str = field(default_factory=secrets.token_urlsafe)  # of the tools' own session at the page

    def allows(self, header: bytes) -> bool:
        """Whether an Authorization header has the right user and password.

        >>> login = McpLogin(("reader", "secret"))
        >>> [login.allows(b"Basic " + base64.b64encode(given)) for given in (b"reader:secret", b"reader:Secret")]
        [True, False]
        """
        kind, _, encoded = header.strip().partition(b" ")
        try:
            given = base64.b64decode(encoded.strip(), validate=True)
        except binascii.Error:
            return False
        return kind.lower() == b"basic" and secrets.compare_digest(given, ":".join(self.auth).encode())

    def open_session(self, app: Any) -> None:
        """Log the tools in at the page; before each call, as a visitor's logout ends all sessions of that user."""
        app.tokens[self.token] = self.auth[0]


def _convert_and_record(page: Any, convert: Any, arguments: dict[str, Any], places: Any) -> dict[str, Any]:
    """Gradio's conversion of a tool's arguments, which records each file so that Gradio deletes it in time.

    A file of a `data:` address is written to disk by the conversion. Another file's path, which a caller may send as
    well, must not be recorded: it would be deleted.
    """
    from gradio_client.utils import is_file_obj_with_meta

    from spheres.server.uploads import find_upload

    converted: dict[str, Any] = convert(arguments, places)
    for value in filter(is_file_obj_with_meta, converted.values()):
        with suppress(SphereError):
            page.upload_file_set.add(str(find_upload(value)))
    return converted


def patch_mcp_server(page: Any, login: McpLogin | None) -> None:
    """Let a launched page's tools answer in JSON, record their files, and log them in; SphereError without tools."""
    from gradio_client import Client

    server = page.mcp_server_obj
    if server is None:
        raise SphereError(f"The tools could not start ({page.mcp_error}): start without --mcp.")
    server.postprocess_output_data = to_mcp_content
    server.convert_strings_to_filedata = partial(_convert_and_record, page, server.convert_strings_to_filedata)
    if login:
        login.open_session(page.app)
        cookie = f"access-token-unsecure-{page.app.cookie_id}={login.token}"
        headers = {"cookie": cookie, "x-gradio-user": "mcp"}
        server._client_instance = Client(
            page.local_url, headers=headers, download_files=False, verbose=False, analytics_enabled=False
        )


def to_mcp_content(outputs: Any, root_url: str) -> list[Any]:
    """An endpoint's outputs as MCP's text contents: a file by its address, anything else as JSON."""
    from gradio_client.utils import encode_file_path, is_file_obj_with_meta
    from mcp.types import TextContent

    from spheres.server.uploads import FILE_PREFIX

    if isinstance(outputs[0], tuple):  # how Gradio hands on several, where nobody asked for progress
        outputs = outputs[0]
    texts = (
        f"{root_url}{FILE_PREFIX}{encode_file_path(output['path'])}"
        if is_file_obj_with_meta(output)
        else json.dumps(output, ensure_ascii=False)
        for output in outputs
    )
    return [TextContent(type="text", text=text) for text in texts]
