"""From `python app.py` to the first page and the first answer, and the server's memory after classifying.

    python -m benchmarks start --corpus FILE      # two minutes on an idle machine

Starts take turns with imports of the three large libraries alone, as fast as any page that needs them could start.
"""

import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Self

import httpx

from benchmarks.articles import corpus_file, read_articles
from benchmarks.client import HttpClient
from benchmarks.table import Table
from benchmarks.timing import resident_mb
from spheres.data.text import Text
from spheres.errors import SphereError

ROOT = Path(__file__).resolve().parent.parent
IMPORTS = "import gradio, torch, transformers"
START_TIMEOUT = 180.0  # seconds, on however busy a machine
MOST_TIMES, MOST_MB, MOST_GROWTH = 1.3, 900, 0.02  # targets: start over imports, resident memory, its growth


class ServerProcess:
    """A page's server as a user starts it, in a process of its own, for the duration of a `with` block.

    Args:
        arguments: Of python, before --port P.
        log: A file that takes the server's output; without it the output is dropped.

    Attributes:
        seconds: From the start of the process to its first page, whole.
        seconds_to_answer: From the start of the process to the answer of a question asked once the page was there.
    """

    def __init__(self, *arguments: str, log: IO[str] | None = None) -> None:
        self.log = log or subprocess.DEVNULL
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.command = [sys.executable, *(arguments or ("app.py",)), "--port", str(self.port)]
        self.seconds = self.seconds_to_answer = 0.0

    def __enter__(self) -> Self:
        started = time.perf_counter()
        self.process = subprocess.Popen(self.command, cwd=ROOT, stdout=self.log, stderr=self.log)
        try:
            while not self._answers():
                if self.process.poll() is not None or time.perf_counter() - started > START_TIMEOUT:
                    raise SphereError(f"`{' '.join(self.command)}` did not start: run it by hand and see why.")
                time.sleep(0.02)
        except BaseException:
            self.__exit__()
            raise
        self.seconds = time.perf_counter() - started
        visitor = HttpClient(self.port)
        visitor.classify(Text("Prime gaps and the zeros of L-functions", ""))  # waits until all is loaded
        visitor.close()
        self.seconds_to_answer = time.perf_counter() - started
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _answers(self) -> bool:
        try:
            page = httpx.get(self.url, timeout=30, trust_env=False, verify=False)  # certificates take 30 ms
            return page.status_code == 200 and page.text.rstrip().endswith("</html>")
        except httpx.TransportError:
            return False

    def resident_mb(self) -> float:
        return resident_mb(self.process.pid)

    def own_mb(self) -> float | None:
        """The same, each page shared with other processes counted in part (Linux's PSS); None where it is not known."""
        try:
            lines = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            return None
        return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("Pss:"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(corpus: Path | None, quick: bool) -> Table:
    table = Table("start", ("median", "fastest", "slowest"))
    n = 2 if quick else 3
    pages, answers, imports = _starts(n)
    times = statistics.median(pages) / statistics.median(imports)
    for name, seconds in (
        ("python app.py, to the first page", pages),
        ("... to the first answer, asked at once", answers),
        (f'python -c "{IMPORTS}"', imports),
    ):
        table.add(f"{name}, s", statistics.median(seconds), min(seconds), max(seconds))
    table.add(f"the first page, times the imports (at most {MOST_TIMES})", times)
    table.add("the first answer, times the imports", statistics.median(answers) / statistics.median(imports))
    table.ratios["1.3 times the imports over the start"] = MOST_TIMES / times

    few, many = (10, 30) if quick else (100, 300)
    held = memory(read_articles(corpus_file(corpus), few + 2 * many), few, many)
    for name, resident, own in held:
        table.add(f"resident {name}, MB", resident)
        if own is not None:
            table.add(f"of it its own share {name} (PSS), MB", own)
    most, growth = held[-1][1], held[-1][1] / held[-2][1] - 1
    table.add(f"growth over the last {many}, % (below {100 * MOST_GROWTH:.0f})", 100 * growth)
    table.ratios["900 MB over resident memory"] = MOST_MB / most
    table.ratios["memory before over after the last articles"] = held[-2][1] / most
    table.notes.append(f"Medians of {n} starts each, taking turns; articles are distinct, and of every length in turn.")
    return table


def _starts(n: int) -> tuple[list[float], list[float], list[float]]:
    """Seconds of `n` starts, to page and to answer, and of the imports alone, after one of each that warms the disk."""
    pages, answers, imports = [], [], []
    for _ in range(n + 1):
        with ServerProcess() as site:
            pages.append(site.seconds)
            answers.append(site.seconds_to_answer)
        imports.append(_seconds(lambda: subprocess.run([sys.executable, "-c", IMPORTS], check=True, cwd=ROOT)))
    return pages[1:], answers[1:], imports[1:]


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def memory(texts: Sequence[Text], few: int, many: int) -> list[tuple[str, float, float | None]]:
    """(when, resident MB, MB of its own) of a server: after the start, after `few` articles, and twice `many` more."""
    found = []
    with ServerProcess() as site:
        visitor = HttpClient(site.port)
        seen = 0
        for name, until in (("after the start", 0), (f"after {few}", few), (f"after {few + many}", few + many)):
            for text in texts[seen:until]:
                visitor.classify(text)
            seen = until
            time.sleep(0.5)  # what a request leaves behind is freed
            found.append((name, site.resident_mb(), site.own_mb()))
        visitor.close()
    return found
