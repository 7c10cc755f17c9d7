"""Load test: many visitors for minutes, all kinds of requests mixed, some of them broken off half-way.

    python -m benchmarks.load --corpus FILE                        # 50 visitors, ten minutes
    python -m benchmarks.load --corpus FILE --minutes 1 --clients 100

Each visitor compares every answer with the right one, computed in this process. Ends with code 1 where an answer was
wrong, a request failed otherwise than by a full queue, memory grew, or the page was slow afterwards. On loopback,
against a server of its own.
"""

import argparse
import http.client
import json
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.actions import ACTIONS, FREQUENCIES, ExpectedAnswers, SimulatedVisitor, WrongAnswer
from benchmarks.articles import corpus_file, read_articles
from benchmarks.client import HttpClient, Refused
from benchmarks.start import ServerProcess
from benchmarks.table import Table
from benchmarks.timing import percentile
from benchmarks.users import FULL
from spheres.data.text import Text
from spheres.errors import SphereError
from spheres.inference.classifier import Classifier

MINUTES, CLIENTS = 10.0, 50
N_TEXTS = 300  # distinct ones, each asked about many times
MOST_GROWTH = 0.05  # of resident memory, from the second fifth of the time to the last
AT_ONCE = 2.0  # seconds for the page, and for one answer, right afterwards
SHOWN = 5  # failures of a kind that are printed


@dataclass
class Outcomes:
    """The outcomes of one kind of action."""

    seconds: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Load:
    """The outcomes of a load test.

    Attributes:
        megabytes: The server's resident memory, evenly over the time.
        after: Seconds for the page, and for one answer, right afterwards.
        log: What the server printed meanwhile.
    """

    minutes: float
    clients: int
    actions: dict[str, Outcomes] = field(default_factory=lambda: {action: Outcomes() for action in ACTIONS})
    megabytes: list[float] = field(default_factory=list)
    after: tuple[float, float] = (0.0, 0.0)
    log: str = ""

    @property
    def growth(self) -> float:
        """Of memory, as a share, from the second fifth of the time to the last: in the first, caches are filled."""
        fifth = len(self.megabytes) // 5
        if not fifth:
            return 0.0
        return statistics.median(self.megabytes[-fifth:]) / statistics.median(self.megabytes[fifth : 2 * fifth]) - 1

    def problems(self, most_growth: float = MOST_GROWTH) -> list[str]:
        """What a test must fail for, a line each."""
        found = []
        for action, outcomes in self.actions.items():
            found += [f"{action} failed: {one}" for one in outcomes.failures[:SHOWN]]
            found += [f"{action} was answered wrongly: {one}" for one in outcomes.wrong[:SHOWN]]
            found += [] if outcomes.seconds else [f"{action} was never done"]
        if self.growth > most_growth:
            found.append(f"memory grew by {self.growth:.1%}, more than {most_growth:.0%}")
        if max(self.after) > AT_ONCE:
            found.append(f"afterwards the page took {self.after[0]:.1f} s and an answer {self.after[1]:.1f} s")
        if "Traceback" in self.log:
            found.append(f"the server's log holds {self.log.count('Traceback')} tracebacks: {self.log[-2000:]}")
        return found

    def table(self) -> Table:
        table = Table("load", ("answered", "refused: queue full", "failed", "wrong", "p50, ms", "p95, ms"))
        for action, outcomes in self.actions.items():
            done, refused, failures, wrong = outcomes.seconds, outcomes.refused, outcomes.failures, outcomes.wrong
            times = [1000 * percentile(done, share) if done else None for share in (0.5, 0.95)]
            table.add(action, len(done), len(refused), len(failures), len(wrong), *times)
        total = sum(len(outcomes.seconds) for outcomes in self.actions.values())
        table.notes.append(
            f"{self.clients} visitors for {self.minutes:g} minutes: {total:,} requests answered. Resident memory: "
            f"{self.megabytes[0]:.0f} MB first, {max(self.megabytes):.0f} at most, {self.megabytes[-1]:.0f} last, "
            f"growth from the second fifth of the time to the last: {self.growth:.1%}. Right afterwards the page took "
            f"{1000 * self.after[0]:.0f} ms and one answer {1000 * self.after[1]:.0f} ms."
        )
        return table


def expected_answers(texts: Sequence[Text], server: ServerProcess) -> ExpectedAnswers:
    """Texts with their answers, and the page's config as a browser gets it."""
    answers = [dict(answer.ranked()) for answer in Classifier.load().classify_many(texts)]
    client = HttpClient(server.port)
    config = json.loads(client.get("/config"))
    client.close()
    return ExpectedAnswers(texts, answers, config)


def run_load(texts: Sequence[Text], minutes: float, clients: int) -> Load:
    """Start a server, let the visitors ask, and collect the outcomes."""
    load = Load(minutes, clients)
    with tempfile.TemporaryFile("w+") as log:
        with ServerProcess(log=log) as server:
            expected = expected_answers(texts, server)
            until = time.perf_counter() + 60 * minutes
            watch = threading.Thread(target=_watch, args=(load, server, until))
            watch.start()
            with ThreadPoolExecutor(clients) as threads:
                for future in [threads.submit(_visit, load, server.port, expected, until, n) for n in range(clients)]:
                    future.result()
            watch.join()
            load.after = _right_afterwards(server, expected)
        log.seek(0)
        load.log = log.read()
    return load


def _visit(load: Load, port: int, expected: ExpectedAnswers, until: float, seed: int) -> None:
    generator = random.Random(seed)
    visitor = SimulatedVisitor(port, expected, generator)
    while time.perf_counter() < until:
        [action] = generator.choices(ACTIONS, FREQUENCIES)
        outcomes, started = load.actions[action], time.perf_counter()
        try:
            visitor.act(action)
            outcomes.seconds.append(time.perf_counter() - started)
        except WrongAnswer as wrong:
            outcomes.wrong.append(str(wrong))
        except (Refused, OSError, http.client.HTTPException, ValueError, KeyError) as error:
            if isinstance(error, Refused) and FULL in str(error):
                outcomes.refused.append(str(error))
                time.sleep(1)  # as its message asks
            else:
                outcomes.failures.append(f"{type(error).__name__}: {error}")
    visitor.client.close()


def _watch(load: Load, server: ServerProcess, until: float) -> None:
    pause = max(0.1, 0.6 * load.minutes)  # a hundred times
    while time.perf_counter() < until:
        load.megabytes.append(server.resident_mb())
        time.sleep(pause)


def _right_afterwards(server: ServerProcess, expected: ExpectedAnswers) -> tuple[float, float]:
    """Seconds for the page and for an answer, which is checked."""
    visitor = SimulatedVisitor(server.port, expected, random.Random(0))
    started = time.perf_counter()
    visitor.client.get("/")
    page = time.perf_counter() - started
    visitor.classify(0)
    return page, time.perf_counter() - started - page


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, metavar="FILE", help="articles to ask about (or set SPHERES_CORPORA)")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="how long (default: %(default)g)")
    parser.add_argument("--clients", type=int, default=CLIENTS, help="how many visitors (default: %(default)s)")
    args = parser.parse_args(arguments)
    try:
        texts = read_articles(corpus_file(args.corpus), N_TEXTS)
        load = run_load(texts, args.minutes, args.clients)
    except SphereError as error:
        print(f"load: {error}", file=sys.stderr)
        return 2
    table = load.table()
    print(f"\n## load\n\n{table.markdown()}\n\nWrote {table.save()}.")
    problems = load.problems()
    print("\n".join(problems) or "No answer was wrong or lost, and nothing was slow.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
