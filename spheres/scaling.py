"""The encoder in many processes at once, on this machine or on a cluster, over Ray Data.

    pip install -r requirements-ray.txt
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

from spheres.encoder import Encoder
from spheres.errors import SphereError
from spheres.shards import Shards
from spheres.sources import EncoderSpec
from spheres.tokens import clean

CORES = 4  # of a worker at most: more would wait for each other, fewer hold more copies of the encoder
RESTARTS = 5  # of one worker: a run outlives that many failures, but does not go on for ever where each start fails
MEMORY = 512 * 2**20  # bytes that shards may take on their way, on this machine; more of them wait on disk
PATIENCE = 5.0  # seconds to wait for a sign of life from a cluster
QUIET = {"logging_level": logging.ERROR, "log_to_driver": False}


@dataclass(frozen=True)
class Workers:
    """How many there are, and what each has of its machine."""

    n: int
    cores: int
    gpus: int


def workers_for(machines: Sequence[Mapping[str, float]]) -> Workers:
    """As many workers as machines with these resources hold; where there are GPUs, one for each and no others.

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
def started() -> Iterator[Workers]:
    """Ray, on the cluster that RAY_ADDRESS names or on this machine alone; ended with all it started.

    raises : SphereError where it cannot be reached or started
    """
    address = os.environ.get("RAY_ADDRESS")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # what stands in the environment is read by Ray's import
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".*")  # says at length on standard output that a worker is gone
    if not address:
        _keep_to_this_machine()
    import ray

    with tempfile.TemporaryDirectory(prefix="ray-") as place:
        try:
            _knock(address)
            with _silence():
                ray.init(address or "local", **(_of_a_cluster() if address else _of_this_machine(place)))
        except Exception as e:  # Ray raises many kinds: no answer, another version of Ray or Python, no room
            where = f"Ray at {address} (RAY_ADDRESS) cannot be used" if address else "Ray cannot be started"
            raise SphereError(f"{where} ({_reason(e)}): mend that, or leave out --engine ray.") from e
        try:
            yield workers_for([node["Resources"] for node in ray.nodes() if node["Alive"]])
        finally:
            ray.shutdown()


def _knock(address: str | None) -> None:
    """Fail at once where nobody listens: Ray itself would go on trying for ten minutes."""
    host, _, port = (address or "").rpartition(":")
    if port.isdigit():
        socket.create_connection((host.rpartition("/")[2].strip("[]"), int(port)), timeout=PATIENCE).close()


def _of_a_cluster() -> dict[str, Any]:
    """Its machines get this package from here; what it needs they must have: pip install -r requirements-ray.txt."""
    return {"runtime_env": {"py_modules": [str(Path(__file__).parent)]}, **QUIET}


def _of_this_machine(place: str) -> dict[str, Any]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    own = {"num_cpus": cores, "object_store_memory": MEMORY, "include_dashboard": False, "_temp_dir": place}
    return {**own, **QUIET}


@contextmanager
def _silence() -> Iterator[None]:
    """Nothing on standard error: Ray's part in C++ writes there what it has read of the environment."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _keep_to_this_machine() -> None:
    """Who reaches Ray's ports can run programs: let them listen on loopback alone, and want a secret of this run."""
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


class RayEngine:
    """An `Engine` over running workers.

    processes : those that have given vectors, host:pid, lost ones too
    replacing : those of them that took a lost one's place
    """

    def __init__(self, encoder: Encoder, workers: Workers) -> None:
        self.dim, self.precision = encoder.dim, encoder.precision
        self._encoder = encoder.spec, encoder.precision, encoder.sha256  # not itself: workers have their own
        self.workers = workers
        self.processes: set[str] = set()
        self.replacing: set[str] = set()

    @property
    def remarks(self) -> list[str]:
        n = len(self.replacing)
        return [f"Workers lost and replaced: {n}; what they were at was computed again."] if n else []

    def embed(self, shards: Shards, advance: Any = bool) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """See `Engine.embed`. raises : SphereError where no worker can go on"""
        import ray.exceptions

        if not shards.wanted:
            return  # workers would be started for nothing
        try:
            for row in self._vectors(shards).iter_rows():
                self.processes.add(row["process"])
                if row["replaces"]:
                    self.replacing.add(row["process"])
                advance(shards.length(row["number"]))
                yield row["number"], np.frombuffer(row["vectors"], np.float32).reshape(-1, self.dim)
        except ray.exceptions.RayError as e:
            raise SphereError(
                f"Ray's workers could not go on ({_reason(e)}): mend that, then run the same command again."
            ) from e

    def _vectors(self, shards: Shards) -> Any:
        """A Ray data set with a row for each shard, computed as it is read."""
        import ray.data
        from ray.data import ActorPoolStrategy, DataContext

        _say_little()
        DataContext.get_current().target_max_block_size = 1  # byte: a block is a shard, and so is what a retry costs
        here = {"ray.io/node-id": ray.get_runtime_context().get_node_id()}
        wanted = ray.put(shards)  # millions of row numbers, which a task should not carry

        def read(_: object) -> Iterator[Any]:
            return in_rows(ray.get(wanted))

        return (
            ray.data.from_items([0])
            .map_batches(read, batch_size=None, num_cpus=0, label_selector=here)
            .map(
                Worker,
                fn_constructor_args=(*self._encoder, self.workers.cores),
                compute=ActorPoolStrategy(size=min(self.workers.n, len(shards.wanted))),
                num_cpus=self.workers.cores,
                num_gpus=self.workers.gpus,
                max_restarts=RESTARTS,
            )
        )


def in_rows(shards: Shards) -> Iterator[Any]:
    """Arrow tables of one row each: a shard's number, its titles and its abstracts.

    Arrow takes no lone surrogates; `clean` does here what it would do before tokenizing.
    """
    import pyarrow as pa

    for number, texts in shards:
        titles, abstracts = ([clean(part) for part in parts] for parts in zip(*texts, strict=True))
        yield pa.table({"number": [number], "titles": [titles], "abstracts": [abstracts]})


class Worker:
    """The encoder in a process of its own, on its share of the cores."""

    def __init__(self, spec: EncoderSpec, precision: str, sha256: str, cores: int) -> None:
        import torch

        torch.set_num_threads(cores)
        self.encoder = Encoder.load(spec, precision)
        if self.encoder.sha256 != sha256:
            raise SphereError(f"{spec.name} has other weights on {os.uname().nodename}: give every machine the same.")

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        import ray

        texts = list(zip(row["titles"], row["abstracts"], strict=True))
        vectors = self.encoder.encode(self.encoder.tokenize(texts))
        return {
            "number": row["number"],
            "vectors": vectors.tobytes(),
            "process": f"{os.uname().nodename}:{os.getpid()}",
            "replaces": ray.get_runtime_context().was_current_actor_reconstructed,
        }


def _say_little() -> None:
    """No progress bars of Ray's own, nor what it thinks of the plan.

    That `max_restarts` will be given in another way some day is for whoever raises Ray's version to know.
    """
    from ray.data import DataContext
    from ray.util.annotations import RayDeprecationWarning

    warnings.simplefilter("ignore", RayDeprecationWarning)

    DataContext.get_current().enable_progress_bars = False
    DataContext.get_current().print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)


def _reason(error: BaseException) -> str:
    """The last line that says something: Ray puts a traceback of the worker before it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return clean(lines[-1] if lines else type(error).__name__)[:200]
