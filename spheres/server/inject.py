"""ASGI middleware that puts a script first into the head of every page, before Gradio's own scripts, and a preview.

    Middleware(ScriptInjector, pages={"/": {"lang": "en"}, "/ru": {"lang": "ru"}}, script="...")

Gradio's `head=` is inserted by Gradio's own script, too late for what must be decided before that runs (such as the
language of its labels); so the page's HTML is changed on its way out instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from html import escape
from typing import TYPE_CHECKING

from gradio.route_utils import get_root_url
from starlette.requests import Request

from spheres.server.asgi import local_path
from spheres.server.preview import PICTURE, Preview, write_preview

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class ScriptInjector:
    """Adds the script, which holds no "</script", to the pages' HTML; every other response passes as it is.

    `pages` has the attributes of the script tag by the path of each page; `lang` also becomes the `lang` of the page.
    `previews` has what a link to a page says, by the same paths.
    """

    def __init__(
        self,
        app: ASGIApp,
        pages: Mapping[str, Mapping[str, str]],
        script: str,
        previews: Mapping[str, Preview] | None = None,
    ) -> None:
        self.app, self.pages, self.script, self.previews = app, pages, script, previews or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = local_path(scope) if scope["type"] == "http" else ""
        if path in self.pages:
            send = _HeldResponse(send, partial(self._change, scope, path)).send
        await self.app(scope, receive, send)

    def _change(self, scope: Scope, path: str, html: bytes) -> bytes:
        preview = self.previews.get(path)
        if preview:
            home = get_root_url(Request(scope), path, scope.get("root_path"))
            html = write_preview(html, preview, home + path, home + PICTURE)
        return insert_script(html, self.pages[path], self.script)


def insert_script(html: bytes, attributes: Mapping[str, str], script: str) -> bytes:
    """The page with the script first in its head and with its language named; HTML without a head as it is.

    >>> insert_script(b'<html lang="en"><head></head></html>', {"lang": "ru"}, "go()")
    b'<html lang="ru"><head><script lang="ru">go()</script></head></html>'
    """
    if b"<head>" not in html:
        return html
    written = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
    tag = f"<head><script{written}>{script}</script>"
    language = f'lang="{escape(attributes.get("lang", "en"))}"'
    return html.replace(b'lang="en"', language.encode(), 1).replace(b"<head>", tag.encode(), 1)


class _HeldResponse:
    """A response that is held back until it is whole, since its length goes out first."""

    def __init__(self, send: Send, change: Callable[[bytes], bytes]) -> None:
        self._send, self._change = send, change
        self._start: Message = {}
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        else:
            self._body.extend(message.get("body", b""))
            if not message.get("more_body"):
                await self._send_whole(bytes(self._body))

    async def _send_whole(self, body: bytes) -> None:
        headers = [(name.lower(), value) for name, value in self._start["headers"]]
        if any(name == b"content-type" and value.startswith(b"text/html") for name, value in headers):
            changed = self._change(body)
            if changed != body:
                headers = [header for header in headers if header[0] != b"content-length"]
                headers, body = [*headers, (b"content-length", str(len(changed)).encode())], changed
        await self._send({**self._start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})
