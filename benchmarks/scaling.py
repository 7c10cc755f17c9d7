"""The local engine beside Ray's on this machine's cores, and Ray's while its workers are killed, one after another.

Every engine embeds the same articles, in shards of 512, in a process of its own; the killed ones in shards of 64. All
of the vectors must be the same numbers. About five minutes on two cores.

    python -m benchmarks.scaling CORPUS N SHARD ENGINE KILLS OUT       # what runs in a process: one line of JSON
"""

import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.articles import corpus_file
from benchmarks.growth import repeated
from benchmarks.table import Table
from benchmarks.timing import apart, figures_in
from spheres.data.corpus import Corpus
from spheres.embeddings.engine import open_engine
from spheres.embeddings.out_of_fold import OutOfFoldTfidf
from spheres.embeddings.shards import Shards
from spheres.embeddings.tfidf import TfidfModel
from spheres.encoder.hub import BUNDLED
from spheres.errors import SphereError

ARTICLES, QUICK_ARTICLES = 3072, 512
SHARD, SMALL_SHARD = 512, 64
KILLS = 5
AGAIN = "so the task will be retried"  # Ray's words for a shard whose worker is gone
TALKATIVE = {"RAY_DEDUP_LOGS": "0", "RAY_DEDUP_LOGS_SKIP_REGEX": "(?!)"}  # so that it says them each time
NO_TERMS = TfidfModel((), np.zeros(0, np.float32), np.zeros((0, 8), np.float16), np.zeros(8, np.float32))

Figures = dict[str, Any]


def run(corpus: Path | None, quick: bool) -> Table:
    table = Table("scaling", ("articles/s", "first shard after s", "killed", "replaced", "given again"))
    n = QUICK_ARTICLES if quick else ARTICLES
    contests = [
        ("local", n, SHARD, "local", 0),
        ("Ray", n, SHARD, "ray", 0),
        ("local, small shards", n // 3, SMALL_SHARD, "local", 0),
        ("Ray, small shards, workers killed", n // 3, SMALL_SHARD, "ray", KILLS),
    ]
    with tempfile.TemporaryDirectory(prefix="scaling-") as place:
        folder, made, rates = Path(place), {}, {}
        articles = repeated(corpus_file(corpus), folder, n)
        for name, n_articles, shard, engine, kills in contests:
            out = folder / f"{name}.npy"
            said = apart("scaling", articles, n_articles, shard, engine, kills, out, **TALKATIVE)
            figures = figures_in(said)
            again = said.count(AGAIN)  # how often Ray gave a shard to another worker
            table.add(name, *(figures[key] for key in ("rate", "first", "killed", "replaced")), again)
            made[engine, shard], rates[engine, shard] = np.load(out), figures["rate"]
        for shard in (SHARD, SMALL_SHARD):
            if not np.array_equal(made["local", shard], made["ray", shard]):
                raise SphereError(f"Ray's vectors are not the local engine's, in shards of {shard}.")
    table.ratios["Ray over local"] = rates["ray", SHARD] / rates["local", SHARD]
    table.notes.append(
        "`articles/s` once the first shard is there. All of Ray's vectors are the same numbers as the local engine's. "
        "`replaced`: new workers that gave a shard; `given again`: shards that a killed one had before it."
    )
    return table


def embed(corpus: str, n: int, shard: int, name: str, kills: int, out: str) -> Figures:
    """Embed `n` articles, and kill a worker whenever another so many shards are there."""
    n_shards = -(-n // shard)
    rows, folds = {"both": np.arange(n)}, np.full(n, -1, np.int8)  # the first n
    shards = Shards(Corpus(Path(corpus)), rows, folds, shard, frozenset(range(n_shards)))
    vectors, times, killed = {}, [], 0
    with open_engine(name, BUNDLED, "auto") as engine:
        started = time.perf_counter()
        for embedded in engine.embed(shards, OutOfFoldTfidf(NO_TERMS, {})):
            vectors[embedded.number] = embedded.vectors
            times.append(time.perf_counter() - started)
            if killed < kills and len(vectors) * (kills + 1) >= (killed + 1) * n_shards:
                killed += kill_one(engine)
        replaced = len(getattr(engine, "replacing", ()))
    np.save(out, np.concatenate([vectors[number] for number in range(n_shards)]))
    rate = (n - len(vectors[0])) / (times[-1] - times[0])
    return {"rate": rate, "first": times[0], "killed": killed, "replaced": replaced}


def kill_one(engine: Any) -> int:
    """SIGKILL to the worker that was there last, of those still at work; returns how many that are: one or none."""
    for process in sorted(engine.processes, reverse=True):
        pid = int(process.rpartition(":")[2])
        if Path(f"/proc/{pid}").is_dir():
            os.kill(pid, signal.SIGKILL)
            return 1
    return 0


def main(arguments: list[str]) -> None:
    corpus, n, shard, engine, kills, out = arguments
    print(json.dumps(embed(corpus, int(n), int(shard), engine, int(kills), out)))


if __name__ == "__main__":
    main(sys.argv[1:])
