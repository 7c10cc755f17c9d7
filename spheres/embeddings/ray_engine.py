"""The encoder in many processes at once, on this machine or on a cluster, over Ray Data.

    pip install -r requirements/ray.txt
    python embed.py CORPUS --engine ray                                # the cores of this machine
    RAY_ADDRESS=10.0.0.1:6379 python embed.py CORPUS --engine ray      # a cluster, from one of its machines

One task reads the corpus on the machine where the command was given, a shard at a time and never far ahead; workers, a
few cores each, hold the encoder and turn a shard into vectors; these come back here to be kept. A worker that dies is
started anew, and what it was at goes to whoever is free, so it costs one shard's time. A shard is computed in the same
batches as without Ray, so the vectors are the same. Docs: docs/scale.md.
"""

import logging
import os
import secrets
import socket
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spheres.data.text import Text, plain
from spheres.embeddings.out_of_fold import OutOfFoldTfidf
from spheres.embeddings.shards import Advance, EmbeddedShard, Shards
from spheres.encoder.encoder import Encoder
from spheres.encoder.hub import EncoderSpec, Fingerprint
from spheres.errors import SphereError

CORES = 4  # of a worker at most: more would wait for each other, fewer hold more copies of the encoder
MEMORY = 512 * 2**20  # bytes that shards may take on their way, on this machine; more of them wait on disk
PATIENCE = 5.0  # seconds to wait for a sign of life from a cluster
RESTARTS = 5  # of one worker: a run outlives that many failures, but does not go on for ever where each start fails


@dataclass(frozen=True)
class Workers:
    """How many there are, and what each has of its machine."""

    n: int
    cores: int
    gpus: int


def workers_for(machines: Sequence[Mapping[str, float]]) -> Workers:
    """As many workers as the machines, given by their resources, hold; one for each GPU where there are GPUs.

    Every machine with two cores has two workers or more, so that another goes on where one is lost.

    >>> workers_for([{"CPU": 2.0}])
    Workers(n=2, cores=1, gpus=0)
    >>> workers_for([{"CPU": 64.0}, {"CPU": 9.0}, {}])
    Workers(n=18, cores=4, gpus=0)
    >>> workers_for([{"CPU": 16.0, "GPU": 2.0}, {"CPU": 16.0}])
    Workers(n=2, cores=4, gpus=1)
    """
    gpus = [machine for machine in machines if machine.get("GPU", 0) >= 1]
    cores = [int(machine["CPU"]) for machine in gpus or machines if machine.get("CPU", 0) >= 1]
    if not cores:
        raise SphereError("The Ray cluster has no machine with a free core: add one, or leave out --engine ray.")
    if gpus:
        n = sum(int(machine["GPU"]) for machine in gpus)
        return Workers(n, max(1, min(CORES, *(int(m["CPU"] // m["GPU"]) for m in gpus))), 1)
    share = max(1, min(CORES, min(cores) // 2))
    return Workers(sum(n // share for n in cores), share, 0)


@contextmanager
def start_ray() -> Iterator[Workers]:
    """Ray, on the cluster that RAY_ADDRESS names or on this machine alone; ended with all it started.

    Who reaches Ray's ports can run programs on its machines; so on this machine nobody else reaches them.
    """
    # 1. Ray's import reads the environment.
    address = os.environ.get("RAY_ADDRESS")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".*")  # else standard output hears at length of lost workers
    if not address:  # listen on loopback alone, and want a secret of this run
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        os.environ.setdefault("RAY_AUTH_MODE", "token")
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    import ray

    with tempfile.TemporaryDirectory(prefix="ray-") as place:
        # 2. Start it, or reach the cluster.
        options: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
        if address:  # its machines get this package from here; what it needs they must have: requirements/ray.txt
            options["runtime_env"] = {"py_modules": [str(Path(__file__).parents[1])]}
        else:
            cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
            options |= {"num_cpus": cores, "object_store_memory": MEMORY, "_temp_dir": place}
            options["include_dashboard"] = False
        try:
            host, _, port = (address or "").rpartition(":")
            if port.isdigit():  # fail at once where nobody listens: Ray itself would go on trying for ten minutes
                host = host.rpartition("/")[2].strip("[]")
                socket.create_connection((host, int(port)), timeout=PATIENCE).close()
            with _silent_stderr():
                ray.init(address or "local", **options)
        except Exception as e:  # Ray raises many kinds: no answer, another version of Ray or Python, no room
            where = f"Ray at {address} (RAY_ADDRESS) cannot be used" if address else "Ray cannot be started"
            raise SphereError(f"{where} ({_reason(e)}): fix that, or leave out --engine ray.") from e
        # 3. End it, whatever happens.
        try:
            yield workers_for([node["Resources"] for node in ray.nodes() if node["Alive"]])
        finally:
            ray.shutdown()


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """Nothing on standard error: Ray's part in C++ writes there what it has read of the environment."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _reason(error: BaseException) -> str:
    """The last line that says something: Ray puts a traceback of the worker before it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return plain(lines[-1] if lines else type(error).__name__)[:200]


class RayEngine:
    """An `Engine` over running workers."""

    def __init__(self, encoder: Encoder, workers: Workers) -> None:
        self.dim, self.precision = encoder.dim, encoder.precision
        self.remarks: list[str] = []
        self._encoder = encoder.spec, encoder.precision, encoder.fingerprint
        self.workers = workers
        self.processes: set[str] = set()  # host:pid of workers that have computed shards, lost ones too
        self.replacing: set[str] = set()  # those of them that took a lost one's place

    def embed(self, shards: Shards, tfidf: OutOfFoldTfidf, advance: Advance = bool) -> Iterator[EmbeddedShard]:
        """See `Engine.embed`; raises a SphereError where no worker can go on."""
        import ray.exceptions

        if not shards.wanted:
            return  # workers would be started for nothing
        try:
            for row in self._dataset(shards, tfidf).iter_rows():
                self.processes.add(row["process"])
                if row["replaces"]:
                    self.replacing.add(row["process"])
                n = shards.n_texts(row["number"])
                advance(n)
                yield EmbeddedShard(row["number"], _array(row["vectors"], n), _array(row["scores"], n))
        except ray.exceptions.RayError as e:
            raise SphereError(
                f"Ray's workers could not go on ({_reason(e)}): fix that, then run the same command again."
            ) from e
        if n := len(self.replacing):
            self.remarks.append(f"Workers lost and replaced: {n}; their work was computed again.")

    def _dataset(self, shards: Shards, tfidf: OutOfFoldTfidf) -> Any:
        """A Ray data set with a row for each shard, computed as it is read."""
        import ray.data
        from ray.util.annotations import RayDeprecationWarning

        # 1. No progress bars of Ray's own, and no remarks on the plan. That `max_restarts` will be given in another way
        # some day is for whoever raises Ray's version to know.
        warnings.simplefilter("ignore", RayDeprecationWarning)
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = context.print_on_execution_start = False
        # 2. One task here reads, the workers compute.
        context.target_max_block_size = 1  # byte: a block is a shard, and so is what a retry costs
        here = {"ray.io/node-id": ray.get_runtime_context().get_node_id()}
        work = ray.put((shards, tfidf))  # millions of row numbers, which a task should not carry

        def read(_: object) -> Iterator[Any]:
            return as_tables(ray.get(work)[0])

        return (
            ray.data.from_items([0])
            .map_batches(read, batch_size=None, num_cpus=0, label_selector=here)
            .map(
                Worker,
                fn_constructor_args=(*self._encoder, self.workers.cores, [work]),
                compute=ray.data.ActorPoolStrategy(size=min(self.workers.n, len(shards.wanted))),
                num_cpus=self.workers.cores,
                num_gpus=self.workers.gpus,
                max_restarts=RESTARTS,
            )
        )


def as_tables(shards: Shards) -> Iterator[Any]:
    """Arrow tables of one row each: a wanted shard's number, its titles and its abstracts."""
    import pyarrow as pa

    for number, articles in shards.read():
        titles, abstracts = zip(*articles, strict=True)
        yield pa.table({"number": [number], "titles": [list(titles)], "abstracts": [list(abstracts)]})


def _array(content: bytes, n: int) -> NDArray[np.float32]:
    return np.frombuffer(content, np.float32).reshape(n, -1)


class Worker:
    """The encoder in a process of its own, on its share of the cores."""

    def __init__(
        self, spec: EncoderSpec, precision: str, fingerprint: Fingerprint, cores: int, work: list[Any]
    ) -> None:
        import ray
        import torch

        torch.set_num_threads(cores)
        self.encoder = Encoder.load(spec, precision)
        if self.encoder.fingerprint != fingerprint:
            raise SphereError(
                f"{spec.name} has other weights or another tokenizer on {os.uname().nodename}: "
                "give every machine the same."
            )
        self.shards, self.tfidf = ray.get(work[0])  # in a list, or Ray would carry all of it in the task

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row of `as_tables` as a row of what is computed of it."""
        import ray

        articles = list(map(Text, row["titles"], row["abstracts"]))
        embedded = self.shards.embed(row["number"], articles, self.encoder, self.tfidf)
        return {
            "number": embedded.number,
            "vectors": embedded.vectors.tobytes(),
            "scores": embedded.scores.tobytes(),
            "process": f"{os.uname().nodename}:{os.getpid()}",
            "replaces": ray.get_runtime_context().was_current_actor_reconstructed,
        }
