"""Where the encoder runs: in this process, or in many at once under Ray.

    with open_engine("ray", encoder) as engine:
        for result in engine.run(job): ...

Whichever it is, it turns a job's pieces into the same results. What is computed of a piece is the job's business:
vectors for a cache (`spheres.embeddings.shards.Shards`) or answers for a file (`spheres.inference.file_job.FileJob`).
"""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from spheres.embeddings.job import Advance, Job, Result
from spheres.encoder.encoder import Encoder
from spheres.errors import SphereError

ENGINES = ("local", "ray")


class Engine(Protocol):
    """What computes jobs."""

    dim: int  # of a vector
    precision: str  # "bf16" or "fp32"

    @property
    def remarks(self) -> list[str]:
        """Sentences for the user about how it went."""
        ...

    def run(self, job: Job[Result], advance: Advance = bool, in_order: bool = False) -> Iterator[Result]:
        """The result of each wanted piece, as they are done or in order; `advance` takes each number of texts done."""
        ...


class LocalEngine:
    """The encoder in this process."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.dim, self.precision = encoder.dim, encoder.precision

    @property
    def remarks(self) -> list[str]:
        """See `Engine`: none, what goes wrong here ends the run."""
        return []

    def run(self, job: Job[Any], advance: Advance = bool, in_order: bool = False) -> Iterator[Any]:
        """See `Engine.run`; always in order."""
        for number, texts in job.read():
            yield job.compute(number, texts, self.encoder, advance)


def check_engine(name: str) -> None:
    """Raise SphereError where there is no such engine, or Ray is not installed."""
    if name not in ENGINES:
        raise SphereError(f"engine {name!r} is unknown: give one of {', '.join(ENGINES)}.")
    if name == "ray" and not importlib.util.find_spec("ray"):
        raise SphereError("--engine ray needs Ray, which is not installed: run `pip install -r requirements/ray.txt`.")


@contextmanager
def open_engine(name: str, encoder: Encoder) -> Iterator[Engine]:
    """The engine of this name, one of ENGINES, ready to compute; closed with what it started."""
    check_engine(name)
    if name == "local":
        yield LocalEngine(encoder)
        return
    from spheres.embeddings.ray_engine import RayEngine, start_ray

    with start_ray() as workers:
        yield RayEngine(encoder, workers)
