"""What one visitor of a crowd does, over HTTP as programs and browsers do, and whether the answer is its own.

    client = Client(port, known, random.Random(7))
    client.act("explain")           # raises Wrong where the answer is another text's, Refused where the queue is full

A text's own answer is known beforehand: what the same classifier says of it in this process.
"""

import csv
import http.client
import io
import json
import random
import re
import socket
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any

from benchmarks.live import Session
from benchmarks.users import NEAR, Visitor
from spheres.data.taxonomy import GROUPS
from spheres.data.text import Text

ROWS = 6  # of a file
ACTS = ("classify", "slide", "explain", "file", "hang up")
SHARES = (8, 3, 2, 2, 1)  # how often each is done


class Wrong(Exception):
    """An answer that is not this text's."""


@dataclass(frozen=True)
class Known:
    """Texts and what is right to answer to each.

    answers : one for each text: group -> probability
    config  : of the page, which a browser has from the page itself
    """

    texts: Sequence[Text]
    answers: Sequence[Mapping[str, float]]
    config: dict[str, Any]


class Client:
    """One who asks again and again, on one connection, about texts drawn at random."""

    def __init__(self, port: int, known: Known, draw: random.Random) -> None:
        self.port, self.known, self.draw = port, known, draw
        self.visitor = Visitor(port)
        self.ways: dict[str, Callable[[int], None]] = {
            "classify": self.classify,
            "slide": self.slide,
            "explain": self.explain,
            "file": self.file,
            "hang up": self.hang_up,
        }

    def act(self, what: str) -> None:
        """Do one thing, and check what comes of it.

        raises : Wrong; Refused where the server says no; OSError, HTTPException and ValueError where it says nonsense
        """
        try:
            self.ways[what](self.draw.randrange(len(self.known.texts)))
        except BaseException:
            self.visitor.close()  # the next question opens it anew
            raise

    def classify(self, n: int) -> None:
        self.check(n, self.visitor.classify(self.known.texts[n])["probabilities"])

    def slide(self, n: int) -> None:
        """Ask in a browser, then move the slider."""
        session = Session(self.visitor, self.known.texts[n], self.known.config)
        for _ in range(3):
            threshold = self.draw.randrange(50, 100) / 100
            copied = json.loads(session.move(threshold)["data"][4])  # what the button for JSON copies
            if copied["threshold"] != threshold:
                raise Wrong(f"the slider stands at {threshold}, the answer is for {copied['threshold']}")
            self.check(n, copied["probabilities"])

    def explain(self, n: int) -> None:
        """Ask in a browser, then open the tab that colours the text."""
        session = Session(self.visitor, self.known.texts[n], self.known.config)
        bare = re.sub(r'<span class="(points|sr-only)">[^<]*</span>|<[^>]*>', "", session.why())
        shown = re.sub(r"\s+", "", unescape(bare))
        title, abstract = self.known.texts[n]
        for part in (title, abstract[:200]):
            if re.sub(r"\s+", "", part) not in shown:
                raise Wrong(f"the explanation is not of {title!r}: {shown[:100]!r}")

    def file(self, n: int) -> None:
        """Upload a table, have it classified, download the answers."""
        rows = [(n + i) % len(self.known.texts) for i in range(ROWS)]
        path = self.upload(table(self.known, rows))
        answers, about = self.visitor.call("classify_file", [{"path": path}, 0.95, "sum"])
        if about["answered"] != ROWS:
            raise Wrong(f"{about['answered']} of {ROWS} rows were answered")
        content = self.visitor.get(f"/gradio_api/file={answers['path']}").decode("utf-8-sig")
        found = list(csv.DictReader(io.StringIO(content, newline="")))
        if [row["number"] for row in found] != [str(row) for row in rows]:
            raise Wrong(f"the rows are {[row['number'] for row in found]}, and were {rows}")
        for number, row in zip(rows, found, strict=True):
            self.check(number, {group: float(row[f"p_{group}"]) for group in GROUPS})

    def hang_up(self, n: int) -> None:
        """Begin one of these and leave: in the middle of the question, of the upload, or of the answer."""
        body = json.dumps({"data": [*self.known.texts[n], 0.9]}).encode()
        form = multipart(table(self.known, range(len(self.known.texts))))
        post = "POST /gradio_api/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n"
        match self.draw.randrange(4):
            case 0:
                self.send(post.format("call/classify", "application/json", len(body)).encode() + body[: len(body) // 2])
            case 1:
                kind = f"multipart/form-data; boundary={BOUNDARY}"
                self.send(post.format("upload", kind, len(form)).encode() + form[: len(form) // 2])
            case 2:
                event = self.visitor.post("/gradio_api/call/classify", json.loads(body))["event_id"]
                self.send(f"GET /gradio_api/call/classify/{event} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            case _:
                path = self.upload(table(self.known, range(len(self.known.texts))))
                data = {"data": [{"path": path}, 0.95, "sum"]}
                event = self.visitor.post("/gradio_api/call/classify_file", data)["event_id"]
                request = f"GET /gradio_api/call/classify_file/{event} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
                self.send(request.encode(), wait_for=b"event: generating")
        self.visitor.close()  # the server closes what is silent for five seconds

    def upload(self, content: bytes) -> str:
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        self.visitor.connection.request("POST", "/gradio_api/upload", multipart(content), headers)
        answer = self.visitor.connection.getresponse()
        paths = json.loads(answer.read())
        if answer.status != 200:
            raise http.client.HTTPException(f"the upload was answered by {answer.status}: {paths}")
        return str(paths[0])

    def send(self, content: bytes, wait_for: bytes = b"") -> None:
        """Send on a connection of its own, read until `wait_for` comes, and close it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(content)
            heard = b""
            while wait_for and wait_for not in heard and (more := connection.recv(65536)):
                heard += more

    def check(self, n: int, probabilities: Mapping[str, float]) -> None:
        own = self.known.answers[n]
        if any(abs(probabilities[group] - own[group]) > NEAR for group in GROUPS):
            raise Wrong(f"{self.known.texts[n][0]!r} is {own}, and was answered by {dict(probabilities)}")


BOUNDARY = uuid.uuid4().hex


def multipart(content: bytes) -> bytes:
    """A form with one file, articles.csv."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="articles.csv"\r\n\r\n'
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def table(known: Known, rows: Sequence[int]) -> bytes:
    """Some of the texts as CSV, each with its number."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("number", "title", "abstract"))
    writer.writerows((row, *known.texts[row]) for row in rows)
    return text.getvalue().encode()
