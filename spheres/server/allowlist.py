"""What reaches Gradio's server at all: the page's own addresses, asked by the page itself or by a program.

    Middleware(AllowlistMiddleware, pages=["/"], max_upload=50_000_000, auth=False)     # the first of the middlewares

Gradio answers at some sixty addresses; the page needs two dozen. Among the others are a proxy that fetches any public
address, one that hands out the session's token, and some that ask for no password. So this is an allow-list: any other
address is a 404. Cross-site requests beyond links and frames are refused, which stops CSRF: with a password set, a
foreign page would otherwise use its reader's cookie.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gradio.route_utils import FnIndexInferError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection

from spheres.errors import SphereError
from spheres.server.mcp import PLACE as TOOLS
from spheres.server.uploads import SERVED as FILE
from spheres.server.uploads import uploaded

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

API = "/gradio_api"
FRONT = {"/login", "/logout", "/theme.css", "/favicon.ico", "/robots.txt", "/manifest.json", "/config"}
FRONT_FOLDERS = ("/assets/", "/static/")
OPEN = {f"{API}/startup-events", f"{API}/theme.css"}  # of the API's, without a password
CALLS = {f"{API}/{name}" for name in ("info", "openapi.json", "app_id", "queue/join", "queue/data", "login_check")}
CALLS |= {f"{API}/{name}" for name in ("upload", "upload_progress", "cancel", "reset")}
CALL_FOLDERS = tuple(f"{API}/{name}/" for name in ("call", "run", "heartbeat", "mcp"))

NO_CALL = (FnIndexInferError, KeyError, TypeError, ValueError, AttributeError)  # Gradio at names of nothing, and at NaN
LOCKED = "Not authenticated: log in on the page first."
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
MAX_BODY = 2_000_000  # bytes: a text three times as long as is read, each character written as \uXXXX\uXXXX
MAX_FORM = 100_000  # bytes of an upload that are not the file's own
HOST = re.compile(rb"([A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
# Headers that Gradio trusts: the first names any server as this one; a range is answered with the asker's own headers.
DROPPED = (b"x-gradio-server", b"range")

Headers = dict[bytes, bytes]


class AllowlistMiddleware:
    """ASGI middleware: refuses with a status and a sentence, or hands on.

    pages      : paths of the pages: "/", "/ru"
    max_upload : bytes of an uploaded file
    auth       : whether there is a password; then nothing of the API answers those who have not given it
    """

    def __init__(self, app: ASGIApp, pages: Collection[str], max_upload: int, auth: bool) -> None:
        self.app, self.pages, self.max_upload, self.auth = app, pages, max_upload, auth

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        most = self.most_bytes(path)
        headers = {**dict(reversed(scope["headers"])), b"host": _only_host(scope["headers"])}
        refused = refusal(scope["method"], path, headers, most, self.pages) or self.locked(path, scope)
        if refused:
            await _refuse(receive, send, *refused)
            return
        kept = [pair for pair in scope["headers"] if pair[0] not in DROPPED]
        query = _of_this_asker(path, scope["query_string"])
        handed_on = {**scope, "headers": kept, "query_string": query}
        body = Body(receive, most, ended=scope["method"] in SAFE_METHODS)
        try:
            await self.app(handed_on, body.receive, _after(body, send))
        except ClientDisconnect:  # who hangs up in the middle of an upload is no error of ours
            return
        except NO_CALL:
            if scope["method"] != "POST" or body.answered:
                raise
            sentence = "No endpoint takes these values: /gradio_api/info lists the endpoints and what they take."
            await _say(send, 400, sentence)

    def most_bytes(self, path: str) -> int:
        """How long a request's body may be."""
        if path.startswith(TOOLS):  # a tool's file comes in base64, within the message
            return MAX_BODY + self.max_upload * 4 // 3
        return self.max_upload + MAX_FORM if path.rstrip("/") == f"{API}/upload" else MAX_BODY

    def locked(self, path: str, scope: Scope) -> tuple[int, str] | None:
        """Whether the password is missing. The tools' own guard asks for theirs."""
        if not self.auth or not path.startswith(API) or path.rstrip("/") in OPEN or path.startswith(TOOLS):
            return None
        page, cookies = scope["app"], HTTPConnection(scope).cookies
        tokens = (cookies.get(f"access-token{kind}-{page.cookie_id}") for kind in ("", "-unsecure"))
        return None if any(token in page.tokens for token in tokens) else (401, LOCKED)


def refusal(method: str, path: str, headers: Headers, most: int, pages: Collection[str]) -> tuple[int, str] | None:
    """Status and sentence of what is refused whoever asks; None for all else.

    >>> refusal("GET", "/gradio_api/token", {b"host": b"localhost"}, 100, ["/"])
    (404, 'There is nothing here.')
    """
    if not all(HOST.fullmatch(name) for name in _hosts(headers) if name):
        return 400, "The Host header is not a valid host name."
    if not is_known(path, pages):
        return 404, "There is nothing here."
    if is_foreign(method, path, headers):
        return 403, "This request came from another website: open the classifier's own page."
    if path.startswith(FILE) and not is_kept(path.removeprefix(FILE)):
        return 403, "Only files that were uploaded here, and their answers, can be fetched."
    if int(headers.get(b"content-length", b"0")) > most:  # the server has seen to it that this is a number
        return 413, f"This is too large: send at most {most / 1e6:.0f} MB."
    return None


def is_known(path: str, pages: Collection[str]) -> bool:
    """Whether the page has any use for this address.

    >>> paths = ("/ru", "/de", "/gradio_api/call/classify", "/gradio_api/proxy=https://x.hf.space/")
    >>> [is_known(path, ["/", "/ru"]) for path in paths]
    [True, False, True, False]
    """
    known = {*pages, *FRONT, *OPEN, *CALLS, TOOLS}
    folders = (*FRONT_FOLDERS, *CALL_FOLDERS, FILE)
    return (path.rstrip("/") or "/") in known or path.startswith(folders)


def is_foreign(method: str, path: str, headers: Headers) -> bool:
    """Whether another site's page asks for more than what a link or a frame leads to.

    Browsers say so in Sec-Fetch-Site; those that do not, and all over plain HTTP, name the origin where it matters.
    Programs send neither.

    >>> is_foreign("POST", "/", {b"sec-fetch-site": b"cross-site"}), is_foreign("GET", "/", {b"host": b"a"})
    (True, False)
    """
    harmless = method in SAFE_METHODS and path != "/logout"
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site not in (b"same-origin", b"none") and not (harmless and headers.get(b"sec-fetch-mode") != b"cors")
    origin = headers.get(b"origin")
    if origin is None:
        return False
    return urlsplit(origin.decode("latin-1")).netloc.encode("latin-1").lower() not in map(bytes.lower, _hosts(headers))


def is_kept(path: str) -> bool:
    """Whether this is a file that was sent to this server or made by it: there, each has a folder with a long name."""
    if re.match(r"\s*[A-Za-z][A-Za-z0-9+.-]+:", path):  # an address, which Gradio would fetch; C: is none
        return False
    try:
        return len(uploaded(path).parent.name) == 64
    except SphereError:
        return False


def _of_this_asker(path: str, query: bytes) -> bytes:
    """The query, with the first page named where the endpoints' description is asked for without any.

    Gradio keeps that one with the host's name that the first asker gave, and would show it to all others; those of a
    page it writes for each asker anew.
    """
    return query + b"&page=" if path.rstrip("/") == f"{API}/info" and b"page=" not in query else query


def _only_host(headers: Any) -> bytes:
    """The header Host, which may be there once; nothing that passes for a name where it is there twice."""
    return b",".join(value for key, value in headers if key == b"host")


def _hosts(headers: Headers) -> list[bytes]:
    """What this server is called: by the visitor, and by a proxy in front of it."""
    forwarded = headers.get(b"x-forwarded-host", b"")
    return [headers.get(b"host", b""), *(name.strip() for name in forwarded.split(b",") if name.strip())]


class Body:
    """A request's body, which is cut off once it is longer than `most`, whatever length it names."""

    def __init__(self, receive: Receive, most: int, ended: bool = False) -> None:
        self._receive, self.most, self.seen, self.ended = receive, most, 0, ended
        self.answered = False

    async def receive(self) -> Message:
        message = await self._receive()
        self.seen += len(message.get("body", b""))
        self.ended = not message.get("more_body")
        if self.seen > self.most:
            raise HTTPException(413, f"This is too large: send at most {self.most / 1e6:.0f} MB.")
        return message

    async def drop_rest(self) -> None:
        """Read on to the end: a sender hears nothing before all is sent."""
        while not self.ended:
            self.ended = not (await self._receive()).get("more_body")


def _after(body: Body, send: Send) -> Send:
    """Answers come after the whole question, and are what they log: no browser takes a table for a page."""

    async def send_after(message: Message) -> None:
        if message["type"] == "http.response.start":
            await body.drop_rest()
            body.answered = True
            message = {**message, "headers": [*message["headers"], (b"x-content-type-options", b"nosniff")]}
        await send(message)

    return send_after


async def _refuse(receive: Receive, send: Send, status: int, sentence: str) -> None:
    await Body(receive, 0).drop_rest()
    await _say(send, status, sentence)


async def _say(send: Send, status: int, sentence: str) -> None:
    detail: object = {"error": sentence} if status == 401 else sentence  # as Gradio's own refusals have it
    body = json.dumps({"detail": detail}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
