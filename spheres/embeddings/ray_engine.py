"""The encoder in many processes at once, on this machine or on a cluster, over Ray Data.

    pip install -r requirements/ray.txt
    python embed.py CORPUS --engine ray                                # the cores of this machine
    RAY_ADDRESS=10.0.0.1:6379 python embed.py CORPUS --engine ray      # a cluster, from one of its machines

`head.py predict` takes both in the same way. One task reads the file on the machine where the command was given, a
piece at a time and never far ahead; workers, a few cores each, hold the encoder and compute a piece; the results come
back here to be kept. A worker that dies is started anew, and what it was at goes to whoever is free, so it costs one
piece's time. A piece is computed in the same batches as without Ray, so the results are the same. Docs: docs/scale.md.
"""

import logging
import os
import pickle
import secrets
import socket
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spheres.data.text import Text, plain
from spheres.embeddings.job import Advance, Job
from spheres.encoder.encoder import Encoder
from spheres.encoder.hub import EncoderSpec, Fingerprint
from spheres.errors import SphereError

CORES = 4  # of a worker at most: more would wait for each other, fewer hold more copies of the encoder
MEMORY = 512 * 2**20  # bytes that pieces may take on their way, on this machine; more of them wait on disk
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
        self._encoder = encoder.spec, encoder.precision, encoder.fingerprint
        self.workers = workers
        self.processes: set[str] = set()  # host:pid of workers that have computed pieces, lost ones too
        self.replacing: set[str] = set()  # those of them that took a lost one's place

    def run(self, job: Job[Any], advance: Advance = bool, in_order: bool = False) -> Iterator[Any]:
        """See `Engine.run`; raises a SphereError where no worker can go on."""
        import ray.exceptions

        if not job.wanted:
            return  # workers would be started for nothing
        try:
            for row in self._dataset(job, in_order).iter_rows():
                self.processes.add(row["process"])
                if row["replaces"]:
                    self.replacing.add(row["process"])
                advance(job.n_texts(row["number"]))
                yield pickle.loads(row["result"])  # noqa: S301  (a worker of ours wrote it)
        except ray.exceptions.RayError as e:
            raise SphereError(
                f"Ray's workers could not go on ({_reason(e)}): fix that, then run the same command again."
            ) from e

    @property
    def remarks(self) -> list[str]:
        """See `Engine`; at any time of a run, whose end a caller that knows the number of pieces does not wait for."""
        n = len(self.replacing)
        return [f"Workers lost and replaced: {n}; their work was computed again."] if n else []

    def _dataset(self, job: Job[Any], in_order: bool) -> Any:
        """A Ray data set with a row for each piece, computed as it is read."""
        import ray.data
        from ray.util.annotations import RayDeprecationWarning

        # 1. No progress bars of Ray's own, and no remarks on the plan. That `max_restarts` will be given in another way
        # some day is for whoever raises Ray's version to know.
        warnings.simplefilter("ignore", RayDeprecationWarning)
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = context.print_on_execution_start = False
        context.execution_options.preserve_order = in_order
        # 2. One task here reads, the workers compute.
        context.target_max_block_size = 1  # byte: a block is a piece, and so is what a retry costs
        here = {"ray.io/node-id": ray.get_runtime_context().get_node_id()}
        work = ray.put(job)  # millions of row numbers, which a task should not carry

        def read(_: object) -> Iterator[Any]:
            return as_tables(ray.get(work))

        return (
            ray.data.from_items([0])
            .map_batches(read, batch_size=None, num_cpus=0, label_selector=here)
            .map(
                Worker,
                fn_constructor_args=(*self._encoder, self.workers.cores, [work]),
                compute=ray.data.ActorPoolStrategy(size=min(self.workers.n, len(job.wanted))),
                num_cpus=self.workers.cores,
                num_gpus=self.workers.gpus,
                max_restarts=RESTARTS,
            )
        )


def as_tables(job: Job[Any]) -> Iterator[Any]:
    """Arrow tables of one row each: a wanted piece's number, its titles and its abstracts."""
    import pyarrow as pa

    texts_type = pa.list_(pa.string())
    schema = pa.schema([("number", pa.int64()), ("titles", texts_type), ("abstracts", texts_type)])
    for number, texts in job.read():
        titles, abstracts = [title for title, _ in texts], [abstract for _, abstract in texts]
        yield pa.table([[number], [titles], [abstracts]], schema)


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
        self.job: Job[Any] = ray.get(work[0])  # in a list, or Ray would carry all of it in the task

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row of `as_tables` as a row of what is computed of it."""
        import ray

        texts = list(map(Text, row["titles"], row["abstracts"]))
        return {
            "number": row["number"],
            "result": pickle.dumps(self.job.compute(row["number"], texts, self.encoder)),
            "process": f"{os.uname().nodename}:{os.getpid()}",
            "replaces": ray.get_runtime_context().was_current_actor_reconstructed,
        }
