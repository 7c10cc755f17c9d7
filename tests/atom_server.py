"""A stand-in for arXiv's API on this machine: its Atom format, articles of our own, and every way it may misbehave.

with AtomServer() as arxiv:
    arxiv.mode = "slow"             # any method of `_Handler` named answer_...
    ArxivClient(arxiv.url).fetch("1706.03762")
    arxiv.asked                     # what was asked for, each with its time
"""

import gzip
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

# number -> latest version, title and abstract, broken into lines as arXiv breaks them
ARTICLES = {
    "2101.00001": (
        3,
        "Counting Sparrows & Finches:\n  A Survey of $\\mathcal{O}(n)$ Feeders",
        "  We count birds at feeders, where a < b birds\ncome twice. Ünlike   earlier work,\n  none comes thrice.\n",
    ),
    "2101.00002": (1, "Kettles that Whistle in Tune", "  A kettle is tuned with a file.\n"),
    "0704.0001": (2, "On the Slowness of Ferries", "  Ferries are slow because\nthe sea is wide.\n"),
    "hep-th/9901001": (2, "Knots in\n  Garden Hoses", "  A hose is shown to knot\nitself overnight.\n"),
    "math/0309136": (1, "\n  Folding Maps\n", "  No map folds back.\n"),
}
FEED = """<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom"
      xmlns="http://www.w3.org/2005/Atom">
  <id>https://arxiv.org/api/made-up</id>
  <title>arXiv Query: search_query=&amp;id_list={asked}&amp;start=0&amp;max_results=1</title>
  <updated>2026-01-05T00:00:00Z</updated>
  <link href="https://arxiv.org/api/query?search_query=&amp;start=0&amp;id_list={asked}" type="application/atom+xml"/>
  <opensearch:itemsPerPage>1</opensearch:itemsPerPage>
  <opensearch:totalResults>{total}</opensearch:totalResults>
  <opensearch:startIndex>0</opensearch:startIndex>
{entries}</feed>
"""
ENTRY = """  <entry>
    <id>http://arxiv.org/abs/{id}</id>
    <title>{title}</title>
    <updated>2021-03-04T17:00:01Z</updated>
    <link href="https://arxiv.org/abs/{id}" rel="alternate" type="text/html"/>
    <link href="https://arxiv.org/pdf/{id}" rel="related" type="application/pdf" title="pdf"/>
    <summary>{abstract}</summary>
    <category term="cs.DS" scheme="http://arxiv.org/schemas/atom"/>
    <category term="math.CO" scheme="http://arxiv.org/schemas/atom"/>
    <published>2021-01-02T03:04:05Z</published>
    <arxiv:comment>12 pages, no figures</arxiv:comment>
    <arxiv:primary_category term="cs.DS"/>
    <author>
      <name>A. Body</name>
    </author>
  </entry>
"""
ERROR = """  <entry>
    <id>https://arxiv.org/api/errors#{what}</id>
    <title>Error</title>
    <summary>{what}</summary>
    <updated>2026-01-05T00:00:00Z</updated>
    <published>2026-01-05T00:00:00Z</published>
    <author>
      <name>arXiv api core</name>
    </author>
  </entry>
"""


def entry(number: str, title: str = "", abstract: str = "", version: int = 1) -> str:
    """An article's entry, its text escaped."""
    return ENTRY.format(id=f"{number}v{version}", title=escape(title), abstract=escape(abstract))


def feed(asked: str, entries: str = "") -> bytes:
    """A whole feed."""
    return FEED.format(asked=escape(asked), total=entries.count("<entry>"), entries=entries).encode()


def answer_to(asked: str) -> tuple[int, bytes]:
    """Status and body, as arXiv answers: an empty feed for a number that is free, an error for what is no number."""
    number, _, version = asked.partition("v") if asked[:1].isdigit() else asked.rpartition("v")
    number, version = (number, version) if version.isdigit() else (asked, "")
    if number in ARTICLES:
        latest, title, abstract = ARTICLES[number]
        return 200, feed(asked, entry(number, title, abstract, int(version or latest)))
    if asked[:1].isdigit() and len(number) < 10 and number >= "1501":  # five digits after the dot by then
        return 400, feed(asked, ERROR.format(what=f"incorrect_id_format_for_{escape(asked)}"))
    return 200, feed(asked)


class _Handler(BaseHTTPRequestHandler):
    server: "AtomServer"

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        self.id = query.get("id_list", [""])[0]
        self.server.asked.append((self.id, time.monotonic()))
        self.server.paths.append(self.path)
        with suppress(ConnectionError):  # whoever asked may have gone
            getattr(self, f"answer_{self.server.mode}")()

    def send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/atom+xml; charset=utf-8")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def answer_well(self) -> None:
        self.send(*answer_to(self.id))

    def answer_zipped(self) -> None:
        status, body = answer_to(self.id)
        self.send(status, gzip.compress(body), Content_Encoding="gzip")

    def answer_in_chunks(self) -> None:
        _, body = answer_to(self.id)
        self.protocol_version = "HTTP/1.1"
        pieces = [body[at : at + 100] for at in range(0, len(body), 100)]
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])
        self.send(200, chunks, Transfer_Encoding="chunked", Connection="close")

    def answer_slow(self) -> None:
        self.server.released.wait(30)
        self.answer_well()

    def answer_in_drops(self) -> None:
        self.send(200, b"")
        self.drip()

    def drip(self) -> None:
        while not self.server.released.wait(0.02):
            self.wfile.write(b" ")
            self.wfile.flush()

    def answer_status(self) -> None:
        self.send(self.server.status, b"Rate exceeded.")

    def answer_redirect(self) -> None:
        self.send(302, answer_to(self.id)[1], Location=self.server.elsewhere)

    def answer_redirect_in_drops(self) -> None:
        self.send(302, b"", Location=self.server.elsewhere)
        self.drip()

    def answer_hang_up(self) -> None:
        self.close_connection = True

    def answer_error(self) -> None:
        self.send(200, feed(self.id, ERROR.format(what="out_of_order")))

    def answer_format_error(self) -> None:
        """The older way to say it: status 200."""
        self.send(200, feed(self.id, ERROR.format(what=f"incorrect_id_format_for_{self.id}")))

    def answer_another(self) -> None:
        self.send(200, answer_to("2101.00002")[1])

    def answer_untitled(self) -> None:
        self.send(200, feed(self.id, entry(self.id, "", "Nothing.")))

    def answer_without_abstract(self) -> None:
        self.send(200, feed(self.id, entry(self.id, "Nothing")))

    def answer_page(self) -> None:
        self.send(200, b"<html><head><title>Sign in to this network</title></head><body/></html>")

    def answer_text(self) -> None:
        self.send(200, b"Rate exceeded.")

    def answer_nothing(self) -> None:
        self.send(200, b"")

    def answer_half(self) -> None:
        body = answer_to(self.id)[1]
        self.send(200, body[: body.index(b"come twice")])

    def answer_short(self) -> None:
        body = answer_to(self.id)[1]
        self.send(200, body, Content_Length=str(len(body) + 100))

    def answer_huge(self) -> None:
        body = answer_to(self.id)[1]
        self.send(200, body + b" " * (self.server.huge - len(body)))

    def answer_bomb(self) -> None:
        """Ten to the ninth power laughs in the title, were the entities to be expanded."""
        laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
        self.answer_with_doctype(f'<!DOCTYPE feed [<!ENTITY l0 "ha">{laughs}]>', "&l9;")

    def answer_file(self) -> None:
        self.answer_with_doctype('<!DOCTYPE feed [<!ENTITY file SYSTEM "file:///etc/hostname">]>', "&file;")

    def answer_with_doctype(self, doctype: str, title: str) -> None:
        body = answer_to(self.id)[1].decode()
        body = body.replace("?>\n", f"?>\n{doctype}\n", 1).replace("Kettles", f"Kettles {title}")
        self.send(200, body.encode())

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


class AtomServer(ThreadingHTTPServer):
    """Serves until the end of its `with`. `released` ends what is slow; `asked` are numbers, `paths` whole requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/api/query"
        self.mode = "well"
        self.status = 503
        self.elsewhere = ""
        self.huge = 0  # bytes
        self.released = threading.Event()
        self.asked: list[tuple[str, float]] = []
        self.paths: list[str] = []

    def __enter__(self) -> "AtomServer":
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is no news."""


def closed_port() -> str:
    """The address of an API where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}/api/query"
