"""Nobody gets in: a real server is asked for what it must not give out, by paths, names, hosts and other sites."""

import io
import json
import re
import socket
import tempfile
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest
from fake_classifier import FakeClassifier
from places import ROOT
from visiting import served, upload

from benchmarks.client import HttpClient
from benchmarks.live import BrowserSession
from spheres.inference.file_rows import Limits
from spheres.inference.service import Service
from spheres.server.allowlist import MAX_BODY
from spheres.web.page import build_page

AUTH = ("reader", "geheim:ü")
TITLE = "Prime gaps and the zeros of L-functions"
MAX_UPLOAD = 200_000
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg onload=alert(1)>"
LIVE = re.compile(r"<(script|img|svg|iframe)\b(?! src=\"data:)")  # what MARKUP would be, were it taken for markup

SECRETS = [
    "/etc/passwd",
    "/proc/self/environ",
    "/proc/self/cmdline",
    str(ROOT / "app.py"),
    str(ROOT / "artifacts/all-MiniLM-L6-v2/head.safetensors"),
    str(ROOT / "spheres/web/static/page.css"),
    ".gitignore",
    "README.md",
    str(Path(tempfile.__file__)),
]
ROUTES = ["file=", "file/", "proxy=", "static/", "assets/", "svelte/", "custom_component/x/client/component/"]
WAYS = [
    "{}",
    "..{}",
    "../../../../../../../..{}",
    "..%2f..%2f..%2f..%2f..%2f..%2f..{}",
    "%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e{}",
    "..%252f..%252f..%252f..%252f{}",
    "..\\..\\..\\..\\..{}",
    "....//....//....//....//{}",
    "//{}",
    "./{}",
    "file://{}",
    "{}%00.csv",
    "{}?x=.csv",
    "{}/.",
]


@pytest.fixture(scope="module")
def sites() -> Iterator[dict[bool, str]]:
    """Two pages: open, and behind a password, both with tools."""
    pages = [build_page(Service(FakeClassifier(), limits=Limits(50, MAX_UPLOAD))) for _ in range(2)]
    with (
        served(pages[0], mcp=True, max_upload=MAX_UPLOAD) as open_one,
        served(pages[1], AUTH, mcp=True, max_upload=MAX_UPLOAD) as closed_one,
    ):
        yield {False: open_one, True: closed_one}


@pytest.fixture(scope="module")
def site(sites) -> str:
    return sites[False]


@pytest.fixture(scope="module")
def closed_site(sites) -> str:
    return sites[True]


def raw(site: str, target: str, *headers: str, method: str = "GET", body: bytes = b"") -> tuple[int, bytes]:
    """Status and content of a request whose address and headers go out as they are: clients mend what is odd."""
    port = urlsplit(site).port
    if not any(header.lower().startswith("host:") for header in headers):
        headers = (f"Host: 127.0.0.1:{port}", *headers)
    lines = [f"{method} {target} HTTP/1.1", *headers, f"Content-Length: {len(body)}", "Connection: close", "", ""]
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall("\r\n".join(lines).encode("utf-8", "surrogateescape") + body)
        answer = b""
        while more := connection.recv(65536):
            answer += more
    return int(answer.split(b" ", 2)[1]) if answer else 0, answer.partition(b"\r\n\r\n")[2]


def known_content(secret: str) -> bytes:
    path = Path(secret) if Path(secret).is_absolute() else ROOT / secret
    return path.read_bytes()[:40]


@pytest.mark.parametrize("route", ROUTES)
def test_no_way_leads_to_the_machines_files(site, route):
    for secret in SECRETS:
        content = known_content(secret)
        assert content or secret.startswith("/proc")
        for way in WAYS:
            for prefix in ("/gradio_api/", "/"):
                status, answer = raw(site, prefix + route + way.format(quote(secret)))
                assert status in (307, 400, 403, 404), (status, route, way, secret)
                assert not content or content not in answer


def test_no_folder_is_listed(site):
    upload(site, "a.csv", b"title\nOn trees\n")
    folder = tempfile.gettempdir()
    for path in (folder, f"{folder}/gradio", f"{folder}/gradio/", "/", "", ".", ".."):
        assert raw(site, f"/gradio_api/file={path}")[0] in (403, 404)


def test_an_upload_is_given_to_whoever_has_its_address_which_nobody_can_guess(site):
    content = f"title\n{uuid.uuid4()}\n".encode()
    path = upload(site, "mine.csv", content)
    assert httpx.get(f"{site}gradio_api/file={path}").content == content
    assert re.fullmatch(r"[0-9a-f]{64}", Path(path).parent.name)
    import hashlib

    from gradio.utils import get_hash_seed

    for seed in (b"", get_hash_seed().encode()):  # the second is the installation's, maybe everybody's
        guessed = Path(path).parent.with_name(hashlib.sha256(seed + content).hexdigest()) / "mine.csv"
        assert guessed != Path(path)
        assert httpx.get(f"{site}gradio_api/file={guessed}").status_code == 403
    for near in (path[:-1], path.upper(), str(Path(path).parent), f"{path}/../../mine.csv"):
        assert httpx.get(f"{site}gradio_api/file={near}").status_code in (403, 404)


def test_what_other_programs_left_beside_the_uploads_is_not_given_out(site):
    folder = Path(upload(site, "a.csv", b"title\nOn trees\n")).parents[1]
    for name in ("state.json", "deep_links/x/state.json", f"{'0' * 63}/a.csv"):
        other = folder / f"test-{uuid.uuid4().hex[:8]}" / name if "/" not in name else folder / name
        other.parent.mkdir(parents=True, exist_ok=True)
        other.write_text("another's")
        assert httpx.get(f"{site}gradio_api/file={other}").status_code == 403
        other.unlink()


def test_a_link_out_of_the_uploads_leads_nowhere(site):
    path = Path(upload(site, "a.csv", uuid.uuid4().bytes))
    link = path.with_name("link.csv")
    link.symlink_to("/etc/passwd")
    try:
        assert httpx.get(f"{site}gradio_api/file={link}").status_code == 403
    finally:
        link.unlink()


@pytest.mark.parametrize("name", ["a.html", "a.svg", "a.xhtml", "a.xml", "a.js", "a.htm"])
def test_an_uploaded_page_is_no_page(site, name):
    answer = httpx.get(f"{site}gradio_api/file={upload(site, name, MARKUP.encode())}")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("range", ["bytes=0-3", "bytes=1-2-3", "bytes=-5", "bytes=99-1"])
def test_a_range_brings_the_file_and_nothing_of_the_asker(site, range):
    path = upload(site, "a.csv", b"title\nOn trees\n")
    answer = httpx.get(f"{site}gradio_api/file={path}", headers={"Range": range, "X-Mine": "secret", "Cookie": "a=b"})
    assert (answer.status_code, answer.content) == (200, b"title\nOn trees\n")
    assert "x-mine" not in answer.headers and "cookie" not in answer.headers


class Listener:
    """A server that notes who connects."""

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.visits = []
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def _listen(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.visits.append(connection.recv(1000))
            connection.close()

    def __exit__(self, *_):
        self.socket.close()


def asked(site: str, name: str, data: list) -> str:
    """What an endpoint answers in the end."""
    answer = httpx.post(f"{site}gradio_api/call/{name}", json={"data": data})
    if answer.status_code != 200:
        return answer.text
    return httpx.get(f"{site}gradio_api/call/{name}/{answer.json()['event_id']}", timeout=30).text


def test_the_server_fetches_nothing_wherever_an_address_is_put(site, monkeypatch):
    """Also not from public addresses, which Gradio itself allows: whatever is looked up or dialled is noted."""
    looked_up = []
    resolve = socket.getaddrinfo

    def noting(host, *rest, **named):
        looked_up.append(str(host))
        return resolve(host, *rest, **named)

    meta = {"_type": "gradio.FileData"}
    with Listener() as listener:
        public = "http://one.one.one.one/"
        own = urlsplit(site).netloc
        for url in (listener.url, public, f"http://{own}@{listener.url[7:]}/", "HTTP://example.com/", " http://x.org/"):
            for target in (url, quote(url, safe="")):
                monkeypatch.setattr(socket, "getaddrinfo", noting)
                for route in ("file=", "proxy=", "file/"):
                    assert raw(site, f"/gradio_api/{route}{target}")[0] in (400, 403, 404)
            path = upload(site, "a.csv", b"title\nOn trees\n")
            for sent in ({"path": url, "meta": meta}, {"path": path, "url": url, "meta": meta}, url):
                asked(site, "classify_file", [sent, 0.9, "sum"])
                asked(site, "classify", [sent, "", 0.9])
        assert listener.visits == []
    assert not [host for host in looked_up if host not in ("127.0.0.1", "localhost")]


NOT_NEEDED = "token user deep_link?session_hash=x runs api/classify proxy=https://x.hf.space/ stream/x dev/reload"
NOT_NEEDED += " component_server process_recording vibe-edit vibe-code custom_component/x/client/component/x.js"
NOT_NEEDED += " profiling/traces queue/status file/x run-history/records"


@pytest.mark.parametrize("place", NOT_NEEDED.split())
def test_what_the_page_does_not_need_is_not_there(site, place):
    for prefix in ("gradio_api/", ""):
        for method in ("GET", "POST"):
            assert httpx.request(method, f"{site}{prefix}{place}").status_code == 404


@pytest.mark.parametrize("place", ["monitoring", "monitoring/summary", "monitoring/x", "docs", "redoc", "openapi.json"])
def test_nothing_watches_or_describes_the_server(site, place):
    assert httpx.get(site + place).status_code == 404


def test_markup_in_titles_and_file_names_comes_back_as_text(site):
    """All that the page's own events answer, in every language, goes into the page as markup; so it is searched."""
    visitor = httpx.Client(base_url=site, timeout=60)
    for language in ("", "ru"):
        config = visitor.get("config", params={"page": language} if language else {}).json()
        ids = {part["props"].get("elem_id"): part["id"] for part in config["components"]}
        events = {tuple(target): event for event in config["dependencies"] for target in event["targets"]}
        shown = BrowserSession(HttpClient(urlsplit(site).port), (MARKUP, f"Prime gaps. {MARKUP}. On trees."), config)
        why = shown.why()
        assert "alert(1)" in why  # the text itself, coloured
        for markup in (*texts_in(shown.move(0.9)), why):
            assert not LIVE.search(markup), markup[:300]
        session = uuid.uuid4().hex[:10]
        table = f'title,abstract\n"{MARKUP.replace(chr(34), chr(34) * 2)}",{MARKUP.replace(",", "")}\n{MARKUP},,\n'
        name = f"{MARKUP.replace('/', '')}.csv"
        path = upload(site, name, table.encode())
        file = {"path": path, "orig_name": name, "meta": {"_type": "gradio.FileData"}}
        for part, trigger, values in [
            ("file", "change", []),
            ("file-classify", "click", ["", 90, "sum", None, None, "arxiv"]),
        ]:
            event = events[ids[part], trigger]["id"]
            if part == "file-classify":  # the click itself shows at once that it was heard
                event = next(follows["id"] for follows in config["dependencies"] if follows["trigger_after"] == event)
            body = {"data": [file, *values], "fn_index": event, "session_hash": session}
            assert visitor.post("gradio_api/queue/join", json=body).status_code == 200
            said = visitor.get(f"gradio_api/queue/data?session_hash={session}").text
            assert "process_completed" in said
            parsed = [json.loads(line[6:]) for line in said.splitlines() if line.startswith("data: ")]
            texts = [text for message in parsed for text in texts_in(message) if text.lstrip().startswith("<")]
            assert texts
            for text in texts:
                assert not LIVE.search(text), text[:300]
    assert "<script>alert" not in asked(site, "classify_file", [{"path": path}, 0.9, "sum"])


def texts_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts_in(part)


def test_markup_in_the_address_comes_back_as_text(site):
    for address in (
        f"?title={quote(MARKUP)}",
        f"?view={quote(MARKUP)}",
        f"?__theme={quote(MARKUP)}",
        "?deep_link=../x",
    ):
        assert "<script>alert(1)" not in httpx.get(site + address).text
    assert "<script>alert(1)" not in httpx.get(f"{site}{quote(MARKUP)}").text


def test_an_upload_of_more_than_is_taken_is_refused_whatever_it_is_cut_into(site):
    many = [("files", (f"{i}.csv", io.BytesIO(b"x" * 100_000))) for i in range(10)]
    assert httpx.post(f"{site}gradio_api/upload", files=many).status_code == 413
    assert httpx.post(f"{site}gradio_api/upload", files={"files": ("a", b"x" * 250_000)}).status_code == 413
    assert httpx.post(f"{site}gradio_api/upload", data={"x": "y" * 400_000}, files={"f": b""}).status_code == 413


def test_so_is_one_that_does_not_say_how_long_it_is(site):
    def endless():
        yield b'{"data": ["'
        for _ in range(MAX_BODY // 1_000_000 + 2):
            yield b"x" * 1_000_000

    answer = httpx.post(
        f"{site}gradio_api/call/classify", content=endless(), headers={"Content-Type": "application/json"}, timeout=30
    )
    assert answer.status_code == 413


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("closed", [False, True])
def test_another_sites_page_can_neither_ask_nor_upload_nor_log_in_or_out(sites, closed, headers):
    with httpx.Client(base_url=sites[closed]) as visitor:
        if closed:
            visitor.post("login", data={"username": AUTH[0], "password": AUTH[1]})
        bodies = {"Content-Type": "text/plain"}, {"Content-Type": "application/json"}
        for body in bodies:
            answer = visitor.post("gradio_api/call/classify", content='{"data": ["x"]}', headers={**headers, **body})
            assert answer.status_code == 403
        assert visitor.post("gradio_api/upload", files={"files": b"x"}, headers=headers).status_code == 403
        assert visitor.post("login", data={"username": "a", "password": "b"}, headers=headers).status_code == 403
        assert visitor.get("logout", headers=headers).status_code == 403
        if headers.get("Sec-Fetch-Mode") in ("cors", None):  # the others are links and frames
            assert visitor.get("config", headers=headers).status_code == 403
        assert visitor.get("config").status_code == 200  # still logged in


def test_a_link_and_a_frame_on_another_site_lead_here(site):
    for place in ("document", "iframe"):
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": place}
        assert httpx.get(site, headers=headers).status_code == 200


def test_the_page_itself_is_let_in_also_behind_a_proxy(site):
    body = {"data": [TITLE, "", 0.9]}
    own = urlsplit(site).netloc
    for headers in (
        {},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Origin": site.rstrip("/")},
        {"Origin": f"http://{own}"},
        {"Origin": "https://spheres.example", "Host": "spheres.example"},
        {"Origin": "https://spheres.example", "X-Forwarded-Host": "spheres.example", "X-Forwarded-Proto": "https"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://spheres.example"},  # the proxy names itself as the host
    ):
        assert httpx.post(f"{site}gradio_api/call/classify", json=body, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        'Host: evil"><script>alert(1)</script>',
        "Host: evil.example/path",
        "Host: a@evil.example",
        "Host: evil.example:80:80",
        "Host: a b",
        "Host: evil.example\r\nHost: 127.0.0.1",
        'X-Forwarded-Host: evil"><script>alert(1)</script>',
        "X-Forwarded-Host: good.example, evil.example/<svg>",
        "X-Forwarded-Host: evil.example#",
    ],
)
def test_a_host_that_is_none_is_refused(site, header):
    for place in ("/", "/config", "/logout", "/gradio_api/info"):
        status, answer = raw(site, place, header)
        assert status == 400
        assert b"script" not in answer and b"svg" not in answer


def test_a_strange_host_is_only_its_own_senders_trouble(site):
    for headers in (
        ("Host: evil.example",),
        ("X-Forwarded-Host: evil.example",),
        ("X-Gradio-Server: http://evil.example/",),
        ("X-Forwarded-Proto: javascript",),
        ("X-Forwarded-For: evil.example",),
        ("Forwarded: host=evil.example",),
    ):
        for place in ("/", "/config", "/gradio_api/info", "/gradio_api/openapi.json", "/theme.css", "/ru"):
            status, answer = raw(site, place, *headers)
            assert status == 200
            assert b"javascript:" not in answer
            assert b"evil.example" not in answer or headers[0].split(":")[0] in ("Host", "X-Forwarded-Host")
            assert b"evil.example" not in raw(site, place)[1]
    assert raw(site, "/gradio_api/info", "X: a\r\n Set-Cookie: b=c")[0] in (200, 400)
    assert b"set-cookie" not in raw(site, "/%0d%0aSet-Cookie:%20a=b")[1].lower()


OPEN_BEHIND_A_PASSWORD = ["", "ru", "theme.css", "favicon.ico", "robots.txt", "manifest.json"]
CLOSED = ["config", "gradio_api/info", "gradio_api/openapi.json", "gradio_api/app_id", "gradio_api/heartbeat/x"]
CLOSED += [
    "gradio_api/queue/data?session_hash=x",
    "gradio_api/call/classify/x",
    "gradio_api/upload_progress?upload_id=x",
]
CLOSED_POSTS = [
    "call/classify",
    "call/v2/classify",
    "call/classify_many",
    "call/classify_file",
    "queue/join",
    "upload",
    "run/show",
    "cancel",
]
CLOSED_POSTS += ["reset", "mcp/", "mcp"]


def test_a_password_protects_page_api_tools_and_files(closed_site):
    with httpx.Client(base_url=closed_site) as reader:
        assert reader.post("login", data={"username": AUTH[0], "password": AUTH[1]}).status_code == 200
        path = str(reader.post("gradio_api/upload", files={"files": ("a.csv", b"title\nx\n")}).json()[0])
        assert reader.get(f"gradio_api/file={path}").status_code == 200
        assert reader.get("config").status_code == 200
    stranger = httpx.Client(base_url=closed_site)
    for cookies in ({}, {"access-token": "x"}, {"access-token-unsecure-x": "y"}):
        stranger.cookies = httpx.Cookies(cookies)
        for place in [*CLOSED, f"gradio_api/file={path}", "gradio_api/mcp/", "gradio_api/mcp/schema"]:
            assert stranger.get(place).status_code == 401, place
        for place in CLOSED_POSTS:
            assert stranger.post(f"gradio_api/{place}", json={}).status_code == 401, place
        for place in OPEN_BEHIND_A_PASSWORD:
            answer = stranger.get(place)
            assert answer.status_code == 200, place
            for hidden in ("geheim", '"elem_id"', "all-MiniLM", path):
                assert hidden not in answer.text, (place, hidden)
    for wrong in (("reader", "geheim"), ("reader", ""), ("", ""), ("READER", "geheim:ü"), ("reader", "geheim:u")):
        answer = stranger.post("login", data={"username": wrong[0], "password": wrong[1]})
        assert answer.status_code in (400, 422)


def test_a_session_that_was_logged_out_is_closed(closed_site):
    with httpx.Client(base_url=closed_site) as reader:
        reader.post("login", data={"username": AUTH[0], "password": AUTH[1]})
        kept = httpx.Cookies(reader.cookies)
        assert httpx.get(f"{closed_site}config", cookies=kept).status_code == 200
        reader.get("logout")
    assert httpx.get(f"{closed_site}config", cookies=kept).status_code == 401
