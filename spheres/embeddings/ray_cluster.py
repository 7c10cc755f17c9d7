"""Ray's machines: this one alone, or the cluster that RAY_ADDRESS names; and how many workers they hold.

    with start_ray() as workers:
        print(workers.n, "workers with", workers.cores, "cores each")

Who reaches Ray's ports can run programs on its machines; so on this machine nobody else reaches them, and none of what
was started here is left afterwards.
"""

import logging
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spheres.data.text import plain
from spheres.errors import SphereError

CORES = 4  # of a worker at most: more would wait for each other, fewer hold more copies of the encoder
MEMORY = 512 * 2**20  # bytes that shards may take on their way, on this machine; more of them wait on disk
PATIENCE = 5.0  # seconds to wait for a sign of life from a cluster


@dataclass(frozen=True)
class Workers:
    """How many there are, and what each has of its machine."""

    n: int
    cores: int
    gpus: int


def workers_for(machines: Sequence[Mapping[str, float]]) -> Workers:
    """As many workers as the machines hold; where there are GPUs, one for each and no others.

    Every machine with two cores has two workers or more, so that another goes on where one is lost.

    Args:
        machines: Resources of each, as Ray names them.

    Raises:
        SphereError: none has a core.

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

    Raises:
        SphereError: it cannot be reached or started.
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
            _require_answer(address)
            with _silent_stderr():
                ray.init(address or "local", **options)
        except Exception as e:  # Ray raises many kinds: no answer, another version of Ray or Python, no room
            where = f"Ray at {address} (RAY_ADDRESS) cannot be used" if address else "Ray cannot be started"
            raise SphereError(f"{where} ({reason_of(e)}): fix that, or leave out --engine ray.") from e
        # 3. End it, whatever happens.
        try:
            yield workers_for([node["Resources"] for node in ray.nodes() if node["Alive"]])
        finally:
            ray.shutdown()


def _require_answer(address: str | None) -> None:
    """Fail at once where nobody listens: Ray itself would go on trying for ten minutes."""
    host, _, port = (address or "").rpartition(":")
    if port.isdigit():
        socket.create_connection((host.rpartition("/")[2].strip("[]"), int(port)), timeout=PATIENCE).close()


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


def reason_of(error: BaseException) -> str:
    """The last line that says something: Ray puts a traceback of the worker before it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return plain(lines[-1] if lines else type(error).__name__)[:200]
