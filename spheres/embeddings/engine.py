"""Where the encoder runs: in this process, or in many at once under Ray.

    with open_engine("local", spec, "auto") as engine:
        for embedded in engine.embed(shards, tfidf): ...

Whichever it is, it turns shards of texts into the same numbers; which are wanted, where they are kept and how a run is
resumed is not its business.
"""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from spheres.embeddings.out_of_fold import OutOfFoldTfidf
from spheres.embeddings.shards import Advance, EmbeddedShard, Shards
from spheres.encoder.encoder import Encoder
from spheres.encoder.hub import EncoderSpec
from spheres.errors import SphereError

ENGINES = ("local", "ray")


class Engine(Protocol):
    """What computes shards."""

    dim: int  # of a vector
    precision: str  # "bf16" or "fp32"
    remarks: list[str]  # sentences for the user about how it went

    def embed(self, shards: Shards, tfidf: OutOfFoldTfidf, advance: Advance = bool) -> Iterator[EmbeddedShard]:
        """Compute the wanted shards, in whatever order they are done; `advance` takes each number of texts done."""
        ...


class LocalEngine:
    """The encoder in this process."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.dim, self.precision = encoder.dim, encoder.precision
        self.remarks: list[str] = []

    def embed(self, shards: Shards, tfidf: OutOfFoldTfidf, advance: Advance = bool) -> Iterator[EmbeddedShard]:
        """See `Engine.embed`."""
        for number, articles in shards.read():
            yield shards.embed(number, articles, self.encoder, tfidf, advance)


@contextmanager
def open_engine(name: str, spec: EncoderSpec, precision: str) -> Iterator[Engine]:
    """The engine of this name, one of ENGINES, ready to compute; closed with what it started."""
    if name not in ENGINES:
        raise SphereError(f"engine {name!r} is unknown: give one of {', '.join(ENGINES)}.")
    if name == "ray" and not importlib.util.find_spec("ray"):
        raise SphereError("--engine ray needs Ray, which is not installed: run `pip install -r requirements/ray.txt`.")
    encoder = Encoder.load(spec, precision)
    if name == "local":
        yield LocalEngine(encoder)
        return
    from spheres.embeddings.ray_engine import RayEngine, start_ray

    with start_ray() as workers:
        engine = RayEngine(encoder, workers)
        del encoder  # the workers have their own
        yield engine
