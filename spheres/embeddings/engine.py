"""Where the encoder runs: in this process, or in many at once under Ray.

    with open_engine("local", spec, "auto") as engine:
        for number, vectors in engine.embed(shards): ...

Whichever it is, it turns shards of texts into the same vectors; which are wanted, where they are kept and how a run
goes on after an interruption is not its business.
"""

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from spheres.embeddings.shards import Shards
from spheres.encoder.encoder import Encoder
from spheres.encoder.hub import EncoderSpec
from spheres.errors import SphereError

ENGINES = ("local", "ray")

Advance = Callable[[int], object]


class Engine(Protocol):
    """What turns texts into vectors.

    dim       : a vector's length
    precision : what it computes in: "bf16" or "fp32"
    """

    dim: int
    precision: str

    @property
    def remarks(self) -> list[str]:
        """Sentences for the user about how it went so far."""
        ...

    def embed(self, shards: Shards, advance: Advance = bool) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Number and vectors, (n_texts, dim), of each shard, in whatever order they are done.

        advance : called with a number of texts whenever so many more are done
        """
        ...


class LocalEngine:
    """The encoder in this process."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.dim, self.precision = encoder.dim, encoder.precision
        self.remarks: list[str] = []

    def embed(self, shards: Shards, advance: Advance = bool) -> Iterator[tuple[int, NDArray[np.float32]]]:
        for number, texts in shards:
            yield number, self.encoder.encode(self.encoder.tokenize(texts), advance)


@contextmanager
def open_engine(name: str, spec: EncoderSpec, precision: str) -> Iterator[Engine]:
    """The engine of this name, ready to compute; closed with what it started.

    raises : SphereError where the encoder cannot be loaded, Ray is not installed or cannot be started or reached
    """
    if name not in ENGINES:
        raise SphereError(f"engine {name!r} is unknown: give one of {', '.join(ENGINES)}.")
    if name == "ray" and not importlib.util.find_spec("ray"):
        raise SphereError("--engine ray needs Ray, which is not installed: run `pip install -r requirements/ray.txt`.")
    encoder = Encoder.load(spec, precision)
    if name == "local":
        yield LocalEngine(encoder)
        return
    from spheres.embeddings.ray_cluster import started
    from spheres.embeddings.ray_engine import RayEngine

    with started() as workers:
        engine = RayEngine(encoder, workers)
        del encoder  # the workers have their own
        yield engine
