"""The local engine beside Ray on this machine's cores, and Ray while its workers are killed, one after another.

Each engine embeds the same articles, in shards of 64, in a process of its own. All vectors must be equal. About three
minutes on two cores.

    python -m benchmarks.scaling CORPUS N ENGINE KILLS OUT       # what runs in a process: one line of JSON
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
from benchmarks.timing import parse_figures, run_in_process
from spheres.data.corpus import Corpus
from spheres.embeddings.engine import open_engine
from spheres.embeddings.out_of_fold import OutOfFoldTfidf
from spheres.embeddings.ray_engine import RayEngine
from spheres.embeddings.shards import Shards
from spheres.embeddings.tfidf import TfidfModel
from spheres.encoder.encoder import Encoder
from spheres.encoder.hub import BUNDLED
from spheres.errors import SphereError

ARTICLES, QUICK_ARTICLES = 2048, 512
SHARD = 64
KILLS = 5
RETRY_MESSAGE = "so the task will be retried"  # in Ray's log, for a shard whose worker is gone
LOG_EVERY_RETRY = {"RAY_DEDUP_LOGS": "0", "RAY_DEDUP_LOGS_SKIP_REGEX": "(?!)"}
NO_TERMS = TfidfModel((), np.zeros(0, np.float32), np.zeros((0, 8), np.float16), np.zeros(8, np.float32))

Figures = dict[str, Any]


def run(corpus: Path | None, quick: bool) -> Table:
    table = Table("scaling", ("articles/s", "first shard after s", "killed", "replaced", "given again"))
    n = QUICK_ARTICLES if quick else ARTICLES
    runs = [
        ("local", "local", 0),
        ("Ray", "ray", 0),
        ("Ray, workers killed", "ray", KILLS),
    ]
    with tempfile.TemporaryDirectory(prefix="scaling-") as place:
        folder, made, rates = Path(place), {}, {}
        articles = repeated(list(Corpus(corpus_file(corpus))), folder, n)
        for name, engine, kills in runs:
            out = folder / f"{name}.npy"
            output = run_in_process("scaling", articles, n, engine, kills, out, **LOG_EVERY_RETRY)
            figures = parse_figures(output)
            again = output.count(RETRY_MESSAGE)  # how often Ray gave a shard to another worker
            table.add(name, *(figures[key] for key in ("rate", "first", "killed", "replaced")), again)
            made[name], rates[name] = np.load(out), figures["rate"]
            if not np.array_equal(made["local"], made[name]):
                raise SphereError(f"The vectors of {name} are not those of the local engine.")
    table.ratios["Ray over local"] = rates["Ray"] / rates["local"]
    table.notes.append(
        "`articles/s` once each worker's first shard is there. All of Ray's vectors are the local engine's. "
        "`replaced`: new workers that gave a shard; `given again`: shards that a killed one had before it."
    )
    return table


def embed(corpus: str, n: int, name: str, kills: int, out: str) -> Figures:
    """Embed `n` articles, and kill `kills` workers at even distances."""
    n_shards = -(-n // SHARD)
    rows, folds = {"both": np.arange(n)}, np.full(n, -1, np.int8)  # the first n
    shards = Shards(Corpus(Path(corpus)), rows, folds, SHARD, frozenset(range(n_shards)), OutOfFoldTfidf(NO_TERMS, {}))
    vectors, times, killed = {}, [], 0
    with open_engine(name, Encoder.load(BUNDLED)) as engine:
        started = time.perf_counter()
        for embedded in engine.run(shards):
            vectors[embedded.number] = embedded.vectors
            times.append(time.perf_counter() - started)
            if killed < kills and len(vectors) * (kills + 1) >= (killed + 1) * n_shards:
                killed += kill_one(engine)
        replaced = len(getattr(engine, "replacing", ()))
    np.save(out, np.concatenate([vectors[number] for number in range(n_shards)]))
    n_side_by_side = engine.workers.n if isinstance(engine, RayEngine) else 1  # shards that end at nearly one time
    rate = (n - n_side_by_side * SHARD) / (times[-1] - times[n_side_by_side - 1])
    return {"rate": rate, "first": times[0], "killed": killed, "replaced": replaced}


def kill_one(engine: Any) -> int:
    """Send SIGKILL to the youngest worker that still runs; returns how many were killed, 0 or 1."""
    for process in sorted(engine.processes, reverse=True):
        pid = int(process.rpartition(":")[2])
        if Path(f"/proc/{pid}").is_dir():
            os.kill(pid, signal.SIGKILL)
            return 1
    return 0


def main(arguments: list[str]) -> None:
    corpus, n, engine, kills, out = arguments
    print(json.dumps(embed(corpus, int(n), engine, int(kills), out)))


if __name__ == "__main__":
    main(sys.argv[1:])
