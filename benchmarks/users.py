"""Many at once: what 1, 8 and 32 clients get of one server, and what those get who come when its queue is full.

    python -m benchmarks users --corpus FILE      # two minutes

Every answer is held against that of the same classifier in this process, to the article it was asked about.
"""

import http.client
import json
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.articles import corpus_file, read_articles
from benchmarks.start import Site
from benchmarks.table import Table
from benchmarks.timing import percentile
from spheres.data.taxonomy import GROUPS
from spheres.data.text import Text
from spheres.inference.classifier import Classifier

CLIENTS = (1, 8, 32)
SECONDS = 20
AT_MOST = 150  # articles a second; beyond it clients would meet the first articles again
NEAR = 0.02  # a probability may differ by as much: processes round differently, and articles differ by more
BEYOND = 240  # clients that come at once, three times as many as the queue and the page take
FULL = "Queue is full"


class Refused(Exception):
    """The server would not take the question; its words."""


class Visitor:
    """One who asks over HTTP, on a connection that stays open."""

    def __init__(self, port: int, endpoint: str = "classify") -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.path = f"/gradio_api/call/{endpoint}"

    def classify(self, text: Text, threshold: float = 0.95) -> Any:
        """The endpoint's answer, as programs get it.

        raises : Refused
        """
        return self._call(self.path, [*text, threshold])[0]

    def call(self, endpoint: str, data: list[Any]) -> Any:
        """What another endpoint answers to these values; raises Refused as well."""
        return self._call(f"/gradio_api/call/{endpoint}", data)

    def _call(self, path: str, values: list[Any]) -> Any:
        event = self.post(path, {"data": values})["event_id"]
        kind, data = self._events(f"{path}/{event}")
        if kind != "complete":
            raise Refused(str(data))
        return data

    def post(self, path: str, body: dict[str, Any]) -> Any:
        headers = {"Content-Type": "application/json"}
        self.connection.request("POST", path, json.dumps(body).encode(), headers)
        answer = self.connection.getresponse()
        content = json.loads(answer.read())
        if answer.status != 200:
            raise Refused(str(content.get("detail", content)))
        return content

    def get(self, path: str) -> bytes:
        self.connection.request("GET", path)
        return self.connection.getresponse().read()

    def _events(self, path: str) -> tuple[str, Any]:
        """The last event of a stream and its data."""
        *_, kind, data = self.get(path).decode().strip().splitlines()
        return kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))

    def close(self) -> None:
        self.connection.close()


@dataclass
class Crowd:
    """What a number of clients saw.

    seconds : of each answer
    answers : article's number -> group -> probability
    """

    seconds: list[float] = field(default_factory=list)
    answers: dict[int, dict[str, float]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    wall: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.answers) / self.wall

    def ask(self, visitor: Visitor, number: int, text: Text) -> None:
        started = time.perf_counter()
        try:
            answer = visitor.classify(text)
        except (Refused, OSError, http.client.HTTPException, ValueError) as error:
            self.failures.append(f"{type(error).__name__}: {error}")
            visitor.close()  # the next question opens it anew
            return
        self.seconds.append(time.perf_counter() - started)
        self.answers[number] = answer["probabilities"]


def run(corpus: Path | None, quick: bool) -> Table:
    seconds = 3 if quick else SECONDS
    texts = read_articles(corpus_file(corpus), AT_MOST * seconds * len(CLIENTS))
    table = Table("users", ("articles/s", "p50, ms", "p95, ms", "failures", "wrong"))
    numbered = enumerate(texts)
    crowds = {}
    with Site() as site:
        warm_up(site, texts)
        for n in CLIENTS:
            crowds[n] = crowd_of(n, site, numbered, seconds)
        refusing, beside = overfill(site, texts)
    classifier = Classifier.load()
    for n, crowd in crowds.items():
        wrong = wrong_answers(classifier, texts, crowd)
        failures = len(crowd.failures)
        table.add(f"{n} at once", crowd.rate, *_percentiles(crowd.seconds), failures, wrong)
        table.ratios[f"share answered, {n} at once"] = (len(crowd.answers) - wrong) / (len(crowd.answers) + failures)
        table.notes += sorted(set(crowd.failures))[:3]
    refused = [failure for failure in refusing.failures if FULL in failure]
    table.add(f"{BEYOND} at one moment", refusing.rate, *_percentiles(refusing.seconds), len(refusing.failures))
    table.add("one that asks right afterwards", None, 1000 * beside)
    table.ratios["32 clients' rate over 1 client's"] = crowds[32].rate / crowds[1].rate
    table.ratios["refusals that say why"] = len(refused) / max(1, len(refusing.failures))
    table.notes.append(f"Of {BEYOND} at one moment {len(refusing.failures)} were refused: {(refused or ['none'])[0]!r}")
    return table


def warm_up(site: Site, texts: Sequence[Text]) -> None:
    visitor = Visitor(site.port)
    for text in texts[-10:]:
        visitor.classify(text)
    visitor.close()


def crowd_of(n: int, site: Site, numbered: Iterator[tuple[int, Text]], seconds: float) -> Crowd:
    """`n` clients that ask, read the answer and ask the next, for so many seconds."""
    crowd, lock, until = Crowd(), threading.Lock(), time.perf_counter() + seconds

    def client() -> None:
        visitor = Visitor(site.port)
        while time.perf_counter() < until:
            with lock:
                number, text = next(numbered)
            crowd.ask(visitor, number, text)
        visitor.close()

    started = time.perf_counter()
    _together(client, n)
    crowd.wall = time.perf_counter() - started
    return crowd


def overfill(site: Site, texts: Sequence[Text]) -> tuple[Crowd, float]:
    """Far more clients at one moment than the queue takes; and seconds of one that asks when they are gone."""
    crowd, barrier = Crowd(), threading.Barrier(BEYOND)
    numbers = iter(range(BEYOND))

    def client() -> None:
        visitor = Visitor(site.port)
        number = next(numbers)
        barrier.wait()
        crowd.ask(visitor, number, texts[number])
        visitor.close()

    started = time.perf_counter()
    _together(client, BEYOND)
    crowd.wall = time.perf_counter() - started
    last = Crowd()
    last.ask(Visitor(site.port), 0, texts[0])
    return crowd, last.seconds[0] if last.seconds else float("nan")


def wrong_answers(classifier: Classifier, texts: Sequence[Text], crowd: Crowd) -> int:
    """How many answers are not those of their own article."""
    expected = classifier.classify_many([texts[number] for number in crowd.answers])
    return sum(
        any(abs(got[group] - p) > NEAR for group, p in zip(GROUPS, own.probabilities, strict=True))
        for got, own in zip(crowd.answers.values(), expected, strict=True)
    )


def _together(client: Any, n: int) -> None:
    with ThreadPoolExecutor(n) as threads:
        for future in [threads.submit(client) for _ in range(n)]:
            future.result()


def _percentiles(seconds: list[float]) -> tuple[float | None, float | None]:
    if not seconds:
        return None, None
    return 1000 * percentile(seconds, 0.5), 1000 * percentile(seconds, 0.95)
