"""What the ASGI middlewares of this server share: a request's path, and an error as an answer in JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Scope, Send

API = "/gradio_api"  # in front of the paths of Gradio's API


def local_path(scope: Scope) -> str:
    """The requested path below the application's root, without a slash at its end.

    >>> local_path({"path": "/app/ru/", "root_path": "/app"}), local_path({"path": "/"})
    ('/ru', '/')
    """
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return path.rstrip("/") or "/"


async def send_error(send: Send, status: int, sentence: str) -> None:
    """Answer with a status and a sentence, in the form of Gradio's own errors.

    A 401 has no challenge (WWW-Authenticate): a browser would ask for the password, and then send it along from any
    other site.
    """
    detail: object = {"error": sentence} if status == 401 else sentence
    body = json.dumps({"detail": detail}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
