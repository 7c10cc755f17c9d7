"""The page's own script in the page's head, before Gradio's: it decides the language that Gradio's parts speak.

    page.launch(app_kwargs={"middleware": [Middleware(ScriptInjector, pages={"/": {"lang": "en"}}, script="...")]})

Gradio's `head=` is put in by its own script, when the language is chosen already; so the served page is changed on its
way out instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class ScriptInjector:
    """ASGI middleware around Gradio's application.

    pages  : path of each page -> attributes of the script's tag; `lang` also becomes the page's own
    script : JavaScript that holds no "</script"
    """

    def __init__(self, app: ASGIApp, pages: Mapping[str, Mapping[str, str]], script: str) -> None:
        self.app, self.pages, self.script = app, pages, script

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        attributes = self.attributes(scope) if scope["type"] == "http" else None
        if attributes is None:
            await self.app(scope, receive, send)
            return
        started: list[Message] = []
        body = bytearray()

        async def hold(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.append(message)
            elif message["type"] != "http.response.body":  # an extension, such as a test client's
                await send(message)
            else:
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    for changed in self._changed(started[0], bytes(body), attributes):
                        await send(changed)

        await self.app(scope, receive, hold)

    def attributes(self, scope: Scope) -> Mapping[str, str] | None:
        """The attributes of the script's tag on the page that is asked for; None for anything that is no page."""
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        return self.pages.get(path.rstrip("/") or "/")

    def _changed(self, start: Message, body: bytes, attributes: Mapping[str, str]) -> list[Message]:
        """The two messages of a response; those of anything but a page as they are."""
        headers = list(start["headers"])
        html = any(name.lower() == b"content-type" and value.startswith(b"text/html") for name, value in headers)
        page = self.with_script(body, attributes) if html else body
        if page != body:
            headers = _with_length(headers, len(page))
        return [{**start, "headers": headers}, {"type": "http.response.body", "body": page}]

    def with_script(self, page: bytes, attributes: Mapping[str, str]) -> bytes:
        """The page with the script first in its head, and the language named; what has no head as it is."""
        tag = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
        tag = f"<script{tag}>{self.script}</script>"
        language = escape(attributes.get("lang", "en"))
        named = page.replace(b'lang="en"', f'lang="{language}"'.encode(), 1)
        return named.replace(b"<head>", b"<head>" + tag.encode(), 1) if b"<head>" in page else page


def _with_length(headers: list[Any], length: int) -> list[Any]:
    others = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    return [*others, (b"content-length", str(length).encode())]
