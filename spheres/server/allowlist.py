"""Allow-list ASGI middleware in front of Gradio: the page's own addresses, asked by the page itself or by a program.

    Middleware(AllowlistMiddleware, pages=["/"], max_upload=50_000_000, login=None)     # the first of the middlewares

Gradio answers at some sixty addresses; the page needs two dozen. Among the others are a proxy that fetches any public
address, one that hands out the session's token, and some that ask for no password. So every address that is not listed
below is a 404. Cross-site requests beyond links and frames are refused, which stops CSRF. Starlette's own middlewares
neither know Gradio's addresses and the headers it trusts, nor bound a body whose length nobody names.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gradio.route_utils import FnIndexInferError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection

from spheres.errors import SphereError
from spheres.server.asgi import API, local_path, send_error
from spheres.server.mcp import MCP_PATH, McpLogin
from spheres.server.uploads import FILE_PREFIX, find_upload

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The allow-list, beside the pages' own addresses. A folder stands for all that is below it.
API_OPEN = {f"{API}/startup-events", f"{API}/theme.css"}  # without a password
PATHS = {"/login", "/logout", "/theme.css", "/favicon.ico", "/robots.txt", "/manifest.json", "/config"} | API_OPEN
PATHS |= {f"{API}/{name}" for name in ("info", "openapi.json", "app_id", "queue/join", "queue/data", "login_check")}
PATHS |= {f"{API}/{name}" for name in ("upload", "upload_progress", "cancel", "reset", "mcp")}
PREFIXES = ("/assets/", "/static/", *(f"{API}/{name}/" for name in ("call", "run", "heartbeat", "mcp")), FILE_PREFIX)

MAX_BODY = 2_000_000  # bytes of any request but an upload
MAX_FORM = 100_000  # bytes of an upload beside the file itself
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
HOST = re.compile(rb"([A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
# Headers that Gradio trusts: the first names any server as this one; a range is answered with the asker's own headers.
DROPPED_HEADERS = (b"x-gradio-server", b"range")
# What Gradio raises for a call to an endpoint that does not exist, and for NaN among its values.
CALL_ERRORS = (FnIndexInferError, KeyError, TypeError, ValueError, AttributeError)

Headers = dict[bytes, bytes]
Refusal = tuple[int, str]  # HTTP status and a sentence


class AllowlistMiddleware:
    """Refuses a request with a status and a sentence, or hands it on to `app`.

    Args:
        pages: paths of the pages, such as "/" and "/ru".
        max_upload: bytes of an uploaded file.
        login: who may use the API; None where there is no password.
    """

    def __init__(self, app: ASGIApp, pages: Collection[str], max_upload: int, login: McpLogin | None) -> None:
        self.app, self.pages, self.max_upload, self.login = app, pages, max_upload, login

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # 1. Check address, origin, length and password.
        path, method, max_body = local_path(scope), scope["method"], self.max_body(local_path(scope))
        hosts = b",".join(value for name, value in scope["headers"] if name == b"host")  # two make no valid name
        headers = {**dict(reversed(scope["headers"])), b"host": hosts}
        refused = check_request(method, path, headers, max_body, self.pages) or self.check_login(path, headers, scope)
        exchange = _Exchange(receive, send, max_body, ended=not refused and method in SAFE_METHODS)
        if refused:
            await send_error(exchange.send, *refused)
            return
        # 2. Hand on what Gradio may see of it.
        kept = [header for header in scope["headers"] if header[0] not in DROPPED_HEADERS]
        query = scope["query_string"]
        if path == f"{API}/info" and b"page=" not in query:
            # Asked for no page, Gradio shows everybody the description with the host's name that its first asker gave;
            # that of a named page it writes for each asker anew.
            query += b"&page="
        try:
            await self.app({**scope, "headers": kept, "query_string": query}, exchange.receive, exchange.send)
        except ClientDisconnect:  # who hangs up in the middle of an upload is no error of ours
            return
        except CALL_ERRORS:
            if method != "POST" or exchange.answered:
                raise
            sentence = "No endpoint takes these values: /gradio_api/info lists the endpoints and what they take."
            await send_error(exchange.send, 400, sentence)

    def max_body(self, path: str) -> int:
        """How many bytes the body of a request to this path may have."""
        if path.startswith(MCP_PATH):  # a tool's file comes in base64, within the message
            return MAX_BODY + self.max_upload * 4 // 3
        return self.max_upload + MAX_FORM if path == f"{API}/upload" else MAX_BODY

    def check_login(self, path: str, headers: Headers, scope: Scope) -> Refusal | None:
        """The refusal of an API call without the password: in the page's cookie, for MCP in HTTP Basic's header."""
        if not self.login or not path.startswith(API) or path in API_OPEN:
            return None
        app = scope["app"]
        if path.startswith(MCP_PATH):
            if not self.login.allows(headers.get(b"authorization", b"")):
                return 401, "Not authenticated: send user and password by HTTP Basic authentication."
            self.login.open_session(app)
            return None
        cookies = HTTPConnection(scope).cookies
        if any(cookies.get(f"access-token{kind}-{app.cookie_id}") in app.tokens for kind in ("", "-unsecure")):
            return None
        return 401, "Not authenticated: log in on the page first."


def check_request(method: str, path: str, headers: Headers, max_body: int, pages: Collection[str]) -> Refusal | None:
    """The refusal of a request that nobody may make; None for any other.

    >>> check_request("GET", "/gradio_api/token", {b"host": b"localhost"}, 100, pages=["/"])
    (404, 'There is nothing here.')
    """
    if not all(HOST.fullmatch(name) for name in _host_names(headers) if name):
        return 400, "The Host header is not a valid host name."
    if not (path in pages or path in PATHS or path.startswith(PREFIXES)):
        return 404, "There is nothing here."
    if is_cross_site(method, path, headers):
        return 403, "This request came from another website: open the classifier's own page."
    if path.startswith(FILE_PREFIX) and not is_upload(path.removeprefix(FILE_PREFIX)):
        return 403, "Only files that were uploaded here, and their answers, can be fetched."
    if int(headers.get(b"content-length", b"0")) > max_body:  # the server has seen to it that this is a number
        return 413, _too_large(max_body)
    return None


def is_cross_site(method: str, path: str, headers: Headers) -> bool:
    """Whether another site's page asks for more than what a link or a frame leads to.

    Browsers say so in Sec-Fetch-Site; those that do not, and all over plain HTTP, name the origin where it matters.
    Programs send neither.

    >>> is_cross_site("POST", "/", {b"sec-fetch-site": b"cross-site"}), is_cross_site("GET", "/", {b"host": b"a"})
    (True, False)
    """
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        is_link = method in SAFE_METHODS and path != "/logout" and headers.get(b"sec-fetch-mode") != b"cors"
        return site not in (b"same-origin", b"none") and not is_link
    origin = headers.get(b"origin")
    if origin is None:
        return False
    asker = urlsplit(origin.decode("latin-1")).netloc.encode("latin-1").lower()
    return asker not in [name.lower() for name in _host_names(headers)]


def is_upload(path: str) -> bool:
    """Whether this file was uploaded to this server or made by it: there, each has a folder with a long name."""
    if re.match(r"\s*[A-Za-z][A-Za-z0-9+.-]+:", path):  # an address, which Gradio would fetch; C: is none
        return False
    try:
        return len(find_upload(path).parent.name) == 64
    except SphereError:
        return False


def _host_names(headers: Headers) -> list[bytes]:
    """What this server is called: by the visitor, and by a proxy in front of it."""
    forwarded = headers.get(b"x-forwarded-host", b"")
    return [headers.get(b"host", b""), *(name.strip() for name in forwarded.split(b",") if name.strip())]


def _too_large(max_body: int) -> str:
    return f"This is too large: send at most {max_body / 1e6:.0f} MB."


class _Exchange:
    """A request's body and its response.

    The body is cut off after `max_body` bytes, whatever length it names. The response waits until the body is read to
    its end, since a sender hears nothing before; and no browser takes a table in it for a page (nosniff).
    """

    def __init__(self, receive: Receive, send: Send, max_body: int, ended: bool) -> None:
        self._receive, self._send, self._max_body, self._ended = receive, send, max_body, ended
        self._n_bytes = 0
        self.answered = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._n_bytes += len(message.get("body", b""))
        self._ended = not message.get("more_body")
        if self._n_bytes > self._max_body:
            raise HTTPException(413, _too_large(self._max_body))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            while not self._ended:
                self._ended = not (await self._receive()).get("more_body")
            self.answered = True
            message = {**message, "headers": [*message["headers"], (b"x-content-type-options", b"nosniff")]}
        await self._send(message)
