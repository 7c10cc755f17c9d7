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
from spheres.embeddings.out_of_fold import OutOfFoldTfidf
from spheres.embeddings.ray_cluster import Workers, reason_of
from spheres.embeddings.shards import Advance, EmbeddedShard, Shards, embed_shard
from spheres.encoder.encoder import Encoder
from spheres.encoder.hub import EncoderSpec, Fingerprint
from spheres.errors import SphereError

RESTARTS = 5  # of one worker: a run outlives that many failures, but does not go on for ever where each start fails


class RayEngine:
    """An `Engine` over running workers.

    Attributes:
        processes: Workers that have computed shards, host:pid, lost ones too.
        replacing: Those of them that took a lost one's place.
    """

    def __init__(self, encoder: Encoder, workers: Workers) -> None:
        self.dim, self.precision = encoder.dim, encoder.precision
        self._encoder = encoder.spec, encoder.precision, encoder.fingerprint
        self.workers = workers
        self.processes: set[str] = set()
        self.replacing: set[str] = set()

    @property
    def remarks(self) -> list[str]:
        """How many workers were lost."""
        n = len(self.replacing)
        return [f"Workers lost and replaced: {n}; their work was computed again."] if n else []

    def embed(self, shards: Shards, tfidf: OutOfFoldTfidf, advance: Advance = bool) -> Iterator[EmbeddedShard]:
        """See `Engine.embed`.

        Raises:
            SphereError: no worker can go on.
        """
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
                yield EmbeddedShard(row["number"], _rows(row["vectors"], n), _rows(row["scores"], n))
        except ray.exceptions.RayError as e:
            raise SphereError(
                f"Ray's workers could not go on ({reason_of(e)}): fix that, then run the same command again."
            ) from e

    def _dataset(self, shards: Shards, tfidf: OutOfFoldTfidf) -> Any:
        """A Ray data set with a row for each shard, computed as it is read."""
        import ray.data
        from ray.data import ActorPoolStrategy, DataContext

        _quiet_ray_data()
        DataContext.get_current().target_max_block_size = 1  # byte: a block is a shard, and so is what a retry costs
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
                compute=ActorPoolStrategy(size=min(self.workers.n, len(shards.wanted))),
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


def _rows(content: bytes, n: int) -> NDArray[np.float32]:
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

        shard = self.shards.shard(row["number"], list(map(Text, row["titles"], row["abstracts"])))
        embedded = embed_shard(self.encoder, self.tfidf, shard)
        return {
            "number": embedded.number,
            "vectors": embedded.vectors.tobytes(),
            "scores": embedded.scores.tobytes(),
            "process": f"{os.uname().nodename}:{os.getpid()}",
            "replaces": ray.get_runtime_context().was_current_actor_reconstructed,
        }


def _quiet_ray_data() -> None:
    """No progress bars of Ray's own, and no remarks on the plan.

    That `max_restarts` will be given in another way some day is for whoever raises Ray's version to know.
    """
    from ray.data import DataContext
    from ray.util.annotations import RayDeprecationWarning

    warnings.simplefilter("ignore", RayDeprecationWarning)
    DataContext.get_current().enable_progress_bars = False
    DataContext.get_current().print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
