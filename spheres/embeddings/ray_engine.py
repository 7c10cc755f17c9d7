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
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spheres.data.text import Text
from spheres.embeddings.ray_cluster import Workers, reason_of
from spheres.embeddings.shards import Shards
from spheres.encoder.encoder import Encoder
from spheres.encoder.hub import EncoderSpec, Fingerprint
from spheres.errors import SphereError

RESTARTS = 5  # of one worker: a run outlives that many failures, but does not go on for ever where each start fails


class RayEngine:
    """An `Engine` over running workers.

    processes : those that have given vectors, host:pid, lost ones too
    replacing : those of them that took a lost one's place
    """

    def __init__(self, encoder: Encoder, workers: Workers) -> None:
        self.dim, self.precision = encoder.dim, encoder.precision
        self._encoder = encoder.spec, encoder.precision, encoder.fingerprint
        self.workers = workers
        self.processes: set[str] = set()
        self.replacing: set[str] = set()

    @property
    def remarks(self) -> list[str]:
        n = len(self.replacing)
        return [f"Workers lost and replaced: {n}; their work was computed again."] if n else []

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
                f"Ray's workers could not go on ({reason_of(e)}): fix that, then run the same command again."
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
    """Arrow tables of one row each: a shard's number, its titles and its abstracts."""
    import pyarrow as pa

    for number, texts in shards:
        titles, abstracts = zip(*texts, strict=True)
        yield pa.table({"number": [number], "titles": [list(titles)], "abstracts": [list(abstracts)]})


class Worker:
    """The encoder in a process of its own, on its share of the cores."""

    def __init__(self, spec: EncoderSpec, precision: str, fingerprint: Fingerprint, cores: int) -> None:
        import torch

        torch.set_num_threads(cores)
        self.encoder = Encoder.load(spec, precision)
        if self.encoder.fingerprint != fingerprint:
            raise SphereError(
                f"{spec.name} has other weights or another tokenizer on {os.uname().nodename}: "
                "give every machine the same."
            )

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        import ray

        texts = list(map(Text, row["titles"], row["abstracts"]))
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
