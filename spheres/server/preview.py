"""What a link to the pages shows elsewhere: name, sentence and picture, by Open Graph's tags (ogp.me).

    Middleware(PictureMiddleware, picture=Path("preview.png"))      # at PICTURE, for whoever shows a link
    write_preview(html, Preview("A name", "A sentence."), "https://a.example/ru", "https://a.example/preview.png")

Gradio writes tags of its own into every page, with its own name, twice; they are taken out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import FileResponse

from spheres.server.asgi import local_path

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

PICTURE = "/preview.png"
READ = ("GET", "HEAD")
OTHERS = re.compile(rb'\s*<meta\s+(?:property="og:|name="twitter:)[^>]*>')


@dataclass(frozen=True)
class Preview:
    """Name and sentence of a page, in its language."""

    name: str
    sentence: str


def write_preview(html: bytes, preview: Preview, url: str, picture: str) -> bytes:
    """The page with a title and the tags of its preview, in place of all others.

    Args:
        html: of the page.
        preview: what to say.
        url: the page's whole address.
        picture: the picture's whole address.

    >>> write_preview(b'<head><meta name="twitter:title" content="x"/></head>', Preview("A", "B."), "u", "p").decode()
    '<head><title>A</title><meta name="description" content="B."><meta property="og:type" content="website"><meta \
property="og:title" content="A"><meta property="og:description" content="B."><meta property="og:url" content="u"><meta \
property="og:image" content="p"><meta name="twitter:card" content="summary_large_image"></head>'
    """
    named = {"type": "website", "title": preview.name, "description": preview.sentence, "url": url, "image": picture}
    tags = [
        f"<title>{escape(preview.name)}</title>",
        f'<meta name="description" content="{escape(preview.sentence)}">',
        *(f'<meta property="og:{name}" content="{escape(value)}">' for name, value in named.items()),
        '<meta name="twitter:card" content="summary_large_image">',
    ]
    return OTHERS.sub(b"", html).replace(b"</head>", "".join(tags).encode() + b"</head>", 1)


class PictureMiddleware:
    """Gives out the preview's picture, if there is one; every other request passes."""

    def __init__(self, app: ASGIApp, picture: Path | None) -> None:
        self.app, self.picture = app, picture

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.picture and scope["type"] == "http" and scope["method"] in READ and local_path(scope) == PICTURE:
            await FileResponse(self.picture)(scope, receive, send)
        else:
            await self.app(scope, receive, send)
