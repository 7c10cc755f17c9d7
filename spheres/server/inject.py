"""The page's own script in the page's head, before Gradio's: it decides the language that Gradio's parts speak.

    page.launch(app_kwargs={"middleware": [Middleware(OwnScript)]})

Gradio's `head=` is put in by its own script, when the language is chosen already; so the served page is changed on its
way out instead.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spheres.web.i18n import LANGUAGES, wording

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SCRIPT = Path(__file__).parent.parent / "web" / "static" / "page.js"


class OwnScript:
    """ASGI middleware around Gradio's application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.script = SCRIPT.read_text(encoding="utf-8")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        language = language_of(scope.get("path", ""), scope.get("root_path", "")) if scope["type"] == "http" else None
        if language is None:
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
                    for changed in self._changed(started[0], bytes(body), language):
                        await send(changed)

        await self.app(scope, receive, hold)

    def _changed(self, start: Message, body: bytes, language: str) -> list[Message]:
        """The two messages of a response; those of anything but a page as they are."""
        headers = list(start["headers"])
        html = any(name.lower() == b"content-type" and value.startswith(b"text/html") for name, value in headers)
        page = self.with_script(body, language) if html else body
        if page != body:
            headers = _with_length(headers, len(page))
        return [{**start, "headers": headers}, {"type": "http.response.body", "body": page}]

    def with_script(self, page: bytes, language: str) -> bytes:
        """The page with the script first in its head, and the language named; what has no head as it is."""
        data = {"language": language, "languages": " ".join(LANGUAGES), "busy": wording(language).busy}
        attributes = "".join(f' data-{name}="{escape(value)}"' for name, value in data.items())
        tag = f"<script{attributes}>{self.script}</script>"
        named = page.replace(b'lang="en"', f'lang="{language}"'.encode(), 1)
        return named.replace(b"<head>", b"<head>" + tag.encode(), 1) if b"<head>" in page else page


def language_of(path: str, root_path: str = "") -> str | None:
    """The language of the page at this path; None for anything that is no page of ours.

    >>> language_of("/"), language_of("/ru"), language_of("/gradio_api/info"), language_of("/sub/ru", "/sub")
    ('en', 'ru', None, 'ru')
    """
    name = path.removeprefix(root_path).strip("/")
    home = next(iter(LANGUAGES))
    return home if name == "" else name if name in LANGUAGES and name != home else None


def _with_length(headers: list[Any], length: int) -> list[Any]:
    others = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    return [*others, (b"content-length", str(length).encode())]
