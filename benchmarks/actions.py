"""What one of many simulated visitors does, over HTTP as programs and browsers do; it checks every answer.

    visitor = SimulatedVisitor(port, expected, random.Random(7))
    visitor.act("explain")      # WrongAnswer where the answer is another text's, Refused where the queue is full

The right answers are computed beforehand, by the same classifier in this process.
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

from benchmarks.client import HttpClient
from benchmarks.live import BrowserSession
from benchmarks.users import TOLERANCE
from spheres.data.taxonomy import GROUPS
from spheres.data.text import Text

ROWS = 6  # of a file
ACTIONS = ("classify", "slide", "explain", "file", "hang up")
FREQUENCIES = (8, 3, 2, 2, 1)  # of these actions, relative to each other


class WrongAnswer(Exception):
    """An answer that belongs to another text."""


@dataclass(frozen=True)
class ExpectedAnswers:
    """Texts and the right answer to each.

    Attributes:
        answers: One for each text: group -> probability.
        config: Of the page, which a browser gets with the page itself.
    """

    texts: Sequence[Text]
    answers: Sequence[Mapping[str, float]]
    config: dict[str, Any]


class SimulatedVisitor:
    """A visitor that asks again and again, on one connection, about texts drawn at random."""

    def __init__(self, port: int, expected: ExpectedAnswers, generator: random.Random) -> None:
        self.port, self.expected, self.generator = port, expected, generator
        self.client = HttpClient(port)
        self.actions: dict[str, Callable[[int], None]] = {
            "classify": self.classify,
            "slide": self.slide,
            "explain": self.explain,
            "file": self.file,
            "hang up": self.hang_up,
        }

    def act(self, what: str) -> None:
        """Do one of ACTIONS, and check its outcome.

        Raises:
            WrongAnswer: The answer belongs to another text.
            Refused: The server refused the request.
            OSError, HTTPException, ValueError, KeyError: The connection broke, or the answer is malformed.
        """
        try:
            self.actions[what](self.generator.randrange(len(self.expected.texts)))
        except BaseException:
            self.client.close()  # the next question opens it anew
            raise

    def classify(self, n: int) -> None:
        self.check(n, self.client.classify(self.expected.texts[n])["probabilities"])

    def slide(self, n: int) -> None:
        """Ask in a browser, then move the slider."""
        session = BrowserSession(self.client, self.expected.texts[n], self.expected.config)
        for _ in range(3):
            threshold = self.generator.randrange(50, 100) / 100
            copied = json.loads(session.move(threshold)["data"][4])  # the fifth output: what the button for JSON copies
            if copied["threshold"] != threshold:
                raise WrongAnswer(f"the slider stands at {threshold}, the answer is for {copied['threshold']}")
            self.check(n, copied["probabilities"])

    def explain(self, n: int) -> None:
        """Ask in a browser, then open the tab that colours the text."""
        session = BrowserSession(self.client, self.expected.texts[n], self.expected.config)
        bare = re.sub(r'<span class="(points|sr-only)">[^<]*</span>|<[^>]*>', "", session.why())
        shown = re.sub(r"\s+", "", unescape(bare))
        title, abstract = self.expected.texts[n]
        for part in (title, abstract[:200]):
            if re.sub(r"\s+", "", part) not in shown:
                raise WrongAnswer(f"the explanation is not of {title!r}: {shown[:100]!r}")

    def file(self, n: int) -> None:
        """Upload a table, have it classified, download the answers."""
        rows = [(n + i) % len(self.expected.texts) for i in range(ROWS)]
        path = self.upload(table(self.expected, rows))
        answers, about = self.client.call("classify_file", [{"path": path}, 0.95, "sum"])
        if about["answered"] != ROWS:
            raise WrongAnswer(f"{about['answered']} of {ROWS} rows were answered")
        content = self.client.get(f"/gradio_api/file={answers['path']}").decode("utf-8-sig")
        found = list(csv.DictReader(io.StringIO(content, newline="")))
        if [row["number"] for row in found] != [str(row) for row in rows]:
            raise WrongAnswer(f"the rows are {[row['number'] for row in found]}, and were {rows}")
        for number, row in zip(rows, found, strict=True):
            self.check(number, {group: float(row[f"p_{group}"]) for group in GROUPS})

    def hang_up(self, n: int) -> None:
        """Begin one of these and leave: in the middle of the question, of the upload, or of the answer."""
        body = json.dumps({"data": [*self.expected.texts[n], 0.9]}).encode()
        form = multipart(table(self.expected, range(len(self.expected.texts))))
        post = "POST /gradio_api/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n"
        match self.generator.randrange(4):
            case 0:
                self.send(post.format("call/classify", "application/json", len(body)).encode() + body[: len(body) // 2])
            case 1:
                kind = f"multipart/form-data; boundary={BOUNDARY}"
                self.send(post.format("upload", kind, len(form)).encode() + form[: len(form) // 2])
            case 2:
                event = self.client.post("/gradio_api/call/classify", json.loads(body))["event_id"]
                self.send(f"GET /gradio_api/call/classify/{event} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            case _:
                path = self.upload(table(self.expected, range(len(self.expected.texts))))
                data = {"data": [{"path": path}, 0.95, "sum"]}
                event = self.client.post("/gradio_api/call/classify_file", data)["event_id"]
                request = f"GET /gradio_api/call/classify_file/{event} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
                self.send(request.encode(), wait_for=b"event: generating")
        self.client.close()  # the server closes a connection after five silent seconds

    def upload(self, content: bytes) -> str:
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        self.client.connection.request("POST", "/gradio_api/upload", multipart(content), headers)
        answer = self.client.connection.getresponse()
        paths = json.loads(answer.read())
        if answer.status != 200:
            raise http.client.HTTPException(f"the upload was answered by {answer.status}: {paths}")
        return str(paths[0])

    def send(self, content: bytes, wait_for: bytes = b"") -> None:
        """Send on a connection of its own, read until `wait_for` comes, and close it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(content)
            received = b""
            while wait_for and wait_for not in received and (more := connection.recv(65536)):
                received += more

    def check(self, n: int, probabilities: Mapping[str, float]) -> None:
        own = self.expected.answers[n]
        if any(abs(probabilities[group] - own[group]) > TOLERANCE for group in GROUPS):
            raise WrongAnswer(f"{self.expected.texts[n][0]!r} has {own}, the answer was {dict(probabilities)}")


BOUNDARY = uuid.uuid4().hex


def multipart(content: bytes) -> bytes:
    """A form with one file, articles.csv."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="articles.csv"\r\n\r\n'
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def table(expected: ExpectedAnswers, rows: Sequence[int]) -> bytes:
    """Some of the texts as CSV, each with its number."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("number", "title", "abstract"))
    writer.writerows((row, *expected.texts[row]) for row in rows)
    return text.getvalue().encode()
