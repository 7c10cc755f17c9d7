"""`head.py predict` over a file beside the bare encoder on the same articles, in turns, and memory as the file grows.

The bare encoder gets the texts of the whole file at once, tokenized and sorted by length, and nothing is made of its
vectors. Rows without answers in memory: the classifier keeps none. Then a file of distinct texts with a stand-in for
the encoder, to see memory over many more rows. About five minutes on two cores that embed 60 articles a second.

    python -m benchmarks.bulk memory CORPUS N                     # what runs in a process: one line of JSON
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.articles import corpus_file, read_articles
from benchmarks.table import Table
from benchmarks.timing import interleaved, parse_figures, resident_mb, run_in_process
from head import BATCH_SIZE
from spheres.data.text import Text
from spheres.encoder.hub import BUNDLED
from spheres.inference.classifier import Classifier
from spheres.inference.classify_file import classify_file

ARTICLES, QUICK_ARTICLES = 1000, 500
IN_MEMORY, QUICK_IN_MEMORY = (10_000, 100_000), (1_000, 2_000)
COMPUTED = 100_000  # rows, whose hours are computed from the rate
DUPLICATES = 4  # times that each text stands in the file of duplicates
TARGET = 0.9


def run(corpus: Path | None, quick: bool) -> Table:
    table = Table("bulk", ("rows a second", "of the bare encoder's", "hours for 100,000", "resident MB"))
    texts = read_articles(corpus_file(corpus), QUICK_ARTICLES if quick else ARTICLES)
    fresh, remembering = (Classifier.load(BUNDLED.name, n_cached=n) for n in (0, 4096))
    encoder = fresh.encoder
    with tempfile.TemporaryDirectory(prefix="bulk-") as place:
        folder = Path(place)
        sources = {
            "distinct": write_rows(folder / "distinct.jsonl", texts),
            "repeated": write_rows(folder / "repeated.jsonl", texts[:: 2 * DUPLICATES] * DUPLICATES),
        }
        runs = {
            "the bare encoder": lambda: encoder.encode(encoder.tokenize(texts)),
            "predict": lambda: predict(fresh, sources["distinct"], folder / "answers.csv"),
            "predict, as for a visitor": lambda: predict(fresh, sources["distinct"], folder / "seen.csv", None),
        }
        encoder.encode(encoder.tokenize(texts[:64]))
        seconds = interleaved(runs, 1, warm_up=False)
        bare = len(texts) / seconds["the bare encoder"]
        for name, taken in seconds.items():
            rate = len(texts) / taken
            table.add(name, rate, f"{rate / bare:.1%}", COMPUTED / rate / 3600, None)
        table.ratios["predict over the bare encoder"] = seconds["the bare encoder"] / seconds["predict"]
        again = len(texts[:: 2 * DUPLICATES]) * DUPLICATES
        taken = interleaved(
            {"": lambda: predict(remembering, sources["repeated"], folder / "repeated.csv")}, 1, warm_up=False
        )[""]
        table.add(f"predict, each text {DUPLICATES} times", again / taken, f"{again / taken / bare:.1%}", None, None)
    for n in QUICK_IN_MEMORY if quick else IN_MEMORY:
        figures = parse_figures(run_in_process("bulk", "memory", corpus_file(corpus), n))
        table.add(f"predict {n:,} rows, stand-in", figures["rate"], None, None, figures["resident"])
    table.notes.append(
        f"{len(texts):,} articles, {encoder.precision}; target: {TARGET:.0%} of the bare encoder's rate. The stand-in "
        "returns vectors at once, so its rows a second are what all else takes, on one core."
    )
    return table


def write_rows(path: Path, texts: list[Text]) -> Path:
    with path.open("w") as file:
        file.writelines(json.dumps({"title": title, "abstract": abstract}) + "\n" for title, abstract in texts)
    return path


def predict(classifier: Classifier, source: Path, out: Path, batch_size: int | None = BATCH_SIZE) -> None:
    """What `head.py predict` does with a file."""
    for _ in classify_file(classifier, source, out, 0.95, "sum", batch_size=batch_size):
        pass


def memory(corpus: str, n: str) -> dict[str, Any]:
    """Rate and memory of a run over `n` rows, each of them another text, with random vectors."""
    import time

    classifier = Classifier.load(BUNDLED.name)
    random = np.random.default_rng(0)
    classifier.encoder.encode = lambda tokens, advance=bool: random.standard_normal(  # type: ignore[method-assign]
        (len(tokens), classifier.encoder.dim), np.float32
    )
    some = read_articles(Path(corpus), 1000)
    texts = [Text(f"{title} {i}", abstract) for i, (title, abstract) in enumerate(some * -(-int(n) // len(some)))]
    with tempfile.TemporaryDirectory(prefix="bulk-") as place:
        source = write_rows(Path(place) / "rows.jsonl", texts[: int(n)])
        del some, texts
        started = time.perf_counter()
        predict(classifier, source, Path(place) / "answers.csv")
        return {"rate": int(n) / (time.perf_counter() - started), "resident": resident_mb()}


if __name__ == "__main__":
    print(json.dumps(memory(*sys.argv[2:])))
