"""Many clients of one server: rate and latency for 1, 8 and 32 at once, and refusals when the queue is full.

    python -m benchmarks users --corpus FILE      # two minutes

Every answer is compared with that of the same classifier in this process for the same article.
"""

import http.client
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.articles import corpus_file, read_articles
from benchmarks.client import HttpClient, Refused
from benchmarks.start import ServerProcess
from benchmarks.table import Table
from benchmarks.timing import percentile
from spheres.data.taxonomy import GROUPS
from spheres.data.text import Text
from spheres.inference.classifier import Classifier

CLIENTS = (1, 8, 32)
SECONDS = 20
MAX_RATE = 150  # articles a second; a faster server would be asked about the first articles again
TOLERANCE = 0.02  # of a probability: processes round differently, and articles differ by more
OVERLOAD = 240  # clients at one moment, three times as many as the queue and the page take
FULL = "Queue is full"


@dataclass
class Crowd:
    """What a number of clients got.

    Attributes:
        seconds: Of each answer.
        answers: Article's number -> group -> probability.
        wall: Seconds that all of it took.
    """

    seconds: list[float] = field(default_factory=list)
    answers: dict[int, dict[str, float]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    wall: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.answers) / self.wall

    def ask(self, client: HttpClient, number: int, text: Text) -> None:
        started = time.perf_counter()
        try:
            answer = client.classify(text)
        except (Refused, OSError, http.client.HTTPException, ValueError) as error:
            self.failures.append(f"{type(error).__name__}: {error}")
            client.close()  # the next request opens it again
            return
        self.seconds.append(time.perf_counter() - started)
        self.answers[number] = answer["probabilities"]


def run(corpus: Path | None, quick: bool) -> Table:
    seconds = 3 if quick else SECONDS
    texts = read_articles(corpus_file(corpus), MAX_RATE * seconds * len(CLIENTS))
    table = Table("users", ("articles/s", "p50, ms", "p95, ms", "failures", "wrong"))
    numbered = enumerate(texts)
    crowds = {}
    with ServerProcess() as server:
        warm_up(server, texts)
        for n in CLIENTS:
            crowds[n] = crowd_of(n, server, numbered, seconds)
        refusing, beside = overfill(server, texts)
    classifier = Classifier.load()
    for n, crowd in crowds.items():
        wrong = wrong_answers(classifier, texts, crowd)
        failures = len(crowd.failures)
        table.add(f"{n} at once", crowd.rate, *_percentiles(crowd.seconds), failures, wrong)
        table.ratios[f"share answered, {n} at once"] = (len(crowd.answers) - wrong) / (len(crowd.answers) + failures)
        table.notes += sorted(set(crowd.failures))[:3]
    refused = [failure for failure in refusing.failures if FULL in failure]
    table.add(f"{OVERLOAD} at one moment", refusing.rate, *_percentiles(refusing.seconds), len(refusing.failures))
    table.add("one that asks right afterwards", None, 1000 * beside)
    table.ratios["32 clients' rate over 1 client's"] = crowds[32].rate / crowds[1].rate
    table.ratios["refusals that say why"] = len(refused) / max(1, len(refusing.failures))
    table.notes.append(
        f"Of {OVERLOAD} at one moment {len(refusing.failures)} were refused: {(refused or ['none'])[0]!r}"
    )
    return table


def warm_up(server: ServerProcess, texts: Sequence[Text]) -> None:
    connection = HttpClient(server.port)
    for text in texts[-10:]:
        connection.classify(text)
    connection.close()


def crowd_of(n: int, server: ServerProcess, numbered: Iterator[tuple[int, Text]], seconds: float) -> Crowd:
    """Let `n` clients ask one article after another for so many seconds."""
    crowd, lock, until = Crowd(), threading.Lock(), time.perf_counter() + seconds

    def client() -> None:
        connection = HttpClient(server.port)
        while time.perf_counter() < until:
            with lock:
                number, text = next(numbered)
            crowd.ask(connection, number, text)
        connection.close()

    started = time.perf_counter()
    _together(client, n)
    crowd.wall = time.perf_counter() - started
    return crowd


def overfill(server: ServerProcess, texts: Sequence[Text]) -> tuple[Crowd, float]:
    """Ask at one moment with more clients than the queue takes; also the seconds of one that asks afterwards."""
    crowd, barrier = Crowd(), threading.Barrier(OVERLOAD)
    numbers = iter(range(OVERLOAD))

    def client() -> None:
        connection = HttpClient(server.port)
        number = next(numbers)
        barrier.wait()
        crowd.ask(connection, number, texts[number])
        connection.close()

    started = time.perf_counter()
    _together(client, OVERLOAD)
    crowd.wall = time.perf_counter() - started
    last = Crowd()
    last.ask(HttpClient(server.port), 0, texts[0])
    return crowd, last.seconds[0] if last.seconds else float("nan")


def wrong_answers(classifier: Classifier, texts: Sequence[Text], crowd: Crowd) -> int:
    """How many answers are not those of their own article."""
    expected = classifier.classify_many([texts[number] for number in crowd.answers])
    return sum(
        any(abs(got[group] - p) > TOLERANCE for group, p in zip(GROUPS, own.probabilities, strict=True))
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
