"""ASGI middleware that puts a script first into the head of every page, before Gradio's own scripts.

    Middleware(ScriptInjector, pages={"/": {"lang": "en"}, "/ru": {"lang": "ru"}}, script="...")

Gradio's `head=` is inserted by Gradio's own script, too late for what must be decided before that runs (such as the
language of its labels); so the page's HTML is changed on its way out instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

from spheres.server.asgi import local_path

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class ScriptInjector:
    """Adds the script, which holds no "</script", to the pages' HTML; every other response passes as it is.

    `pages` has the attributes of the script tag by the path of each page; `lang` also becomes the `lang` of the page.
    """

    def __init__(self, app: ASGIApp, pages: Mapping[str, Mapping[str, str]], script: str) -> None:
        self.app, self.pages, self.script = app, pages, script

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        attributes = self.pages.get(local_path(scope)) if scope["type"] == "http" else None
        if attributes is not None:
            send = _HeldResponse(send, attributes, self.script).send
        await self.app(scope, receive, send)


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

    def __init__(self, send: Send, attributes: Mapping[str, str], script: str) -> None:
        self._send, self._attributes, self._script = send, attributes, script
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
            changed = insert_script(body, self._attributes, self._script)
            if changed != body:
                headers = [header for header in headers if header[0] != b"content-length"]
                headers, body = [*headers, (b"content-length", str(len(changed)).encode())], changed
        await self._send({**self._start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})
