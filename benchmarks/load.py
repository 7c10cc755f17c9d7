"""Many visitors for minutes, all kinds of questions mixed, some of whom hang up half-way: does the server hold?

    python -m benchmarks.load --corpus FILE                        # 50 visitors, ten minutes
    python -m benchmarks.load --corpus FILE --minutes 1 --clients 100

Each visitor checks every answer against what the same classifier says of that very text in this process. Ends with
code 1 where an answer was wrong, anything failed but with the queue's own refusal, memory grew, or the page was slow
afterwards. On loopback, against a server of its own.
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

from benchmarks.acts import ACTS, SHARES, Client, Known, Wrong
from benchmarks.articles import corpus_file, read_articles
from benchmarks.start import Site
from benchmarks.table import Table
from benchmarks.timing import percentile
from benchmarks.users import FULL, Refused, Visitor
from spheres.data.text import Text
from spheres.errors import SphereError
from spheres.inference.classifier import Classifier

MINUTES, CLIENTS = 10.0, 50
N_TEXTS = 300  # distinct ones, each asked about many times
MOST_GROWTH = 0.05  # of resident memory, from the second fifth of the time to the last
AT_ONCE = 2.0  # seconds for the page, and for one answer, right afterwards
SHOWN = 5  # failures of a kind


@dataclass
class Seen:
    """What came of one kind of act."""

    seconds: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Load:
    """What a crowd saw.

    megabytes : of the server's resident memory, evenly over the time
    after     : seconds for the page, and for one answer, right afterwards
    log       : what the server wrote meanwhile
    """

    minutes: float
    clients: int
    acts: dict[str, Seen] = field(default_factory=lambda: {act: Seen() for act in ACTS})
    megabytes: list[float] = field(default_factory=list)
    after: tuple[float, float] = (0.0, 0.0)
    log: str = ""

    @property
    def growth(self) -> float:
        """Of memory, as a share; the first fifth of the time, in which all is met for the first time, left out."""
        fifth = len(self.megabytes) // 5
        if not fifth:
            return 0.0
        return statistics.median(self.megabytes[-fifth:]) / statistics.median(self.megabytes[fifth : 2 * fifth]) - 1

    def complaints(self, most_growth: float = MOST_GROWTH) -> list[str]:
        """What is not as it should be, a line each."""
        found = [f"{act} failed: {one}" for act, seen in self.acts.items() for one in seen.failures[:SHOWN]]
        found += [f"{act} was answered wrongly: {one}" for act, seen in self.acts.items() for one in seen.wrong[:SHOWN]]
        found += [f"{act} was never done" for act, seen in self.acts.items() if not seen.seconds]
        if self.growth > most_growth:
            found.append(f"memory grew by {self.growth:.1%}, more than {most_growth:.0%}")
        if max(self.after) > AT_ONCE:
            found.append(f"afterwards the page took {self.after[0]:.1f} s and an answer {self.after[1]:.1f} s")
        if "Traceback" in self.log:
            found.append(f"the server's log holds {self.log.count('Traceback')} tracebacks: {self.log[-2000:]}")
        return found

    def table(self) -> Table:
        table = Table("load", ("answered", "refused: queue full", "failed", "wrong", "p50, ms", "p95, ms"))
        for act, seen in self.acts.items():
            times = [1000 * percentile(seen.seconds, share) if seen.seconds else None for share in (0.5, 0.95)]
            table.add(act, len(seen.seconds), len(seen.refused), len(seen.failures), len(seen.wrong), *times)
        total = sum(len(seen.seconds) for seen in self.acts.values())
        table.notes.append(
            f"{self.clients} visitors for {self.minutes:g} minutes did {total:,} things. Resident memory: at first "
            f"{self.megabytes[0]:.0f} MB, at most {max(self.megabytes):.0f}, at last {self.megabytes[-1]:.0f}; "
            f"growth from the second fifth of the time to the last: {self.growth:.1%}. Right afterwards the page took "
            f"{1000 * self.after[0]:.0f} ms and one answer {1000 * self.after[1]:.0f} ms."
        )
        return table


def known_texts(texts: Sequence[Text], site: Site) -> Known:
    """Texts with their answers, and the page's config as a browser gets it."""
    answers = [dict(answer.ranked()) for answer in Classifier.load().classify_many(texts)]
    visitor = Visitor(site.port)
    config = json.loads(visitor.get("/config"))
    visitor.close()
    return Known(texts, answers, config)


def put_under_load(texts: Sequence[Text], minutes: float, clients: int) -> Load:
    """Start a server, send the crowd, and see."""
    load = Load(minutes, clients)
    with tempfile.TemporaryFile("w+") as log:
        with Site(log=log) as site:
            known = known_texts(texts, site)
            until = time.perf_counter() + 60 * minutes
            watch = threading.Thread(target=_watch, args=(load, site, until))
            watch.start()
            with ThreadPoolExecutor(clients) as threads:
                for future in [threads.submit(_visit, load, site.port, known, until, n) for n in range(clients)]:
                    future.result()
            watch.join()
            load.after = _right_afterwards(site, known)
        log.seek(0)
        load.log = log.read()
    return load


def _visit(load: Load, port: int, known: Known, until: float, seed: int) -> None:
    draw = random.Random(seed)
    client = Client(port, known, draw)
    while time.perf_counter() < until:
        [what] = draw.choices(ACTS, SHARES)
        seen, started = load.acts[what], time.perf_counter()
        try:
            client.act(what)
            seen.seconds.append(time.perf_counter() - started)
        except Wrong as wrong:
            seen.wrong.append(str(wrong))
        except (Refused, OSError, http.client.HTTPException, ValueError, KeyError) as error:
            if isinstance(error, Refused) and FULL in str(error):
                seen.refused.append(str(error))
                time.sleep(1)  # as its message asks
            else:
                seen.failures.append(f"{type(error).__name__}: {error}")
    client.visitor.close()


def _watch(load: Load, site: Site, until: float) -> None:
    pause = max(0.1, 0.6 * load.minutes)  # a hundred times
    while time.perf_counter() < until:
        load.megabytes.append(site.resident_mb())
        time.sleep(pause)


def _right_afterwards(site: Site, known: Known) -> tuple[float, float]:
    """Seconds for the page and for an answer, the right one."""
    client = Client(site.port, known, random.Random(0))
    started = time.perf_counter()
    client.visitor.get("/")
    page = time.perf_counter() - started
    client.classify(0)
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
        load = put_under_load(texts, args.minutes, args.clients)
    except SphereError as error:
        print(f"load: {error}", file=sys.stderr)
        return 2
    table = load.table()
    print(f"\n## load\n\n{table.markdown()}\n\nWrote {table.save()}.")
    complaints = load.complaints()
    print("\n".join(complaints) or "Nothing was lost, swapped or slow.")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
