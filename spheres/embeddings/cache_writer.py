"""Writing a cache: rows of preallocated arrays, shard by shard, and at the end all files in their place.

Until then they lie in a checkpoint, artifacts/<encoder>.partial/, from which an interrupted run is resumed. `build`
drives this, and `cache` reads the result.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spheres.data.article import Article
from spheres.data.taxonomy import GROUPS
from spheres.embeddings.cache import ABOUT_GROUPS, ARTICLES, MANIFEST, files_of, tfidf_files
from spheres.embeddings.out_of_fold import OutOfFoldTfidf
from spheres.embeddings.shards import EmbeddedShard, Shards
from spheres.embeddings.tfidf import TfidfModel
from spheres.embeddings.vectors import quantize
from spheres.files.atomic import as_json_xz
from spheres.files.checkpoint import Checkpoint
from spheres.files.manifest import Manifest, write_manifest

TFIDF_PIECE, TFIDF_FILE = "tfidf", "out_of_fold.safetensors"  # in the checkpoint only


def partial_of(folder: Path) -> Path:
    """The checkpoint of the cache that is to be in `folder`."""
    return folder.with_name(folder.name + ".partial")


def missing_shards(checkpoint: Checkpoint, n_articles: int, shard_size: int) -> frozenset[int]:
    """Numbers of the shards that no earlier run has computed."""
    numbers = range(-(-n_articles // shard_size))
    return frozenset(number for number in numbers if _piece_of(number) not in checkpoint.pieces)


def _piece_of(number: int) -> str:
    return f"shard-{number:05}"


def load_out_of_fold(checkpoint: Checkpoint) -> OutOfFoldTfidf | None:
    """The TF-IDF models that an earlier run has fitted, None where there are none."""
    piece = checkpoint.pieces.get(TFIDF_PIECE)
    return OutOfFoldTfidf.from_bytes(checkpoint.read(piece, TFIDF_FILE)) if piece else None


def save_out_of_fold(checkpoint: Checkpoint, models: OutOfFoldTfidf) -> None:
    """Keep what took minutes to fit."""
    checkpoint.save(TFIDF_PIECE, {TFIDF_FILE: (0, models.to_bytes())})


class CacheWriter:
    """Fills the arrays of a cache; `store`, how vectors are kept, is one of STORES."""

    def __init__(self, checkpoint: Checkpoint, shards: Shards, dim: int, store: str) -> None:
        self.checkpoint, self.shards, self.dim, self.store = checkpoint, shards, dim, store
        nothing = np.zeros((0, dim), np.float32), np.zeros((0, len(GROUPS)), np.float32)
        self._offsets = {
            name: checkpoint.allocate(name, (len(rows), *array.shape[1:]), array.dtype.str)
            for view, rows in shards.rows.items()
            for name, array in self._as_stored(view, *nothing).items()
        }

    def _as_stored(
        self, view: str, vectors: NDArray[np.float32], scores: NDArray[np.float32]
    ) -> dict[str, NDArray[Any]]:
        """File -> rows of it."""
        stored: dict[str, NDArray[Any]] = {f"{view}_tfidf.npy": scores.astype(np.float16)}
        if self.store == "int8":
            stored[f"{view}.npy"], stored[f"{view}_scales.npy"] = quantize(vectors)
        else:
            stored[f"{view}.npy"] = vectors.astype(self.store)
        return stored

    def add(self, embedded: EmbeddedShard) -> None:
        """Write a shard's rows; from when this returns, they survive whatever happens to the run."""
        parts, start = {}, 0
        for view in self.shards.rows:
            span = self.shards.span(view, embedded.number)
            end = start + span.stop - span.start
            rows = self._as_stored(view, embedded.vectors[start:end], embedded.scores[start:end])
            for name, array in rows.items():
                row_bytes = array.dtype.itemsize * int(np.prod(array.shape[1:]))
                parts[name] = (self._offsets[name] + span.start * row_bytes, array.tobytes())
            start = end
        self.checkpoint.save(_piece_of(embedded.number), parts)

    def finish(self, articles: Sequence[Article], tfidf: TfidfModel, fields: Manifest) -> None:
        """Write what else a cache has, and put all of it in place of whatever was there, the manifest last."""
        columns = {
            "ids": [article.id for article in articles],
            "categories": [" ".join(article.categories) for article in articles],
            "dates": [article.date for article in articles],
            "titles": [article.title for article in articles],
        }
        new = {ARTICLES: as_json_xz(columns), **tfidf_files(tfidf)}
        views = list(self.shards.rows)
        about = {"store": self.store, "n_articles": len(articles), "dim": self.dim, "views": views}
        manifest = self.checkpoint.folder / MANIFEST
        write_manifest(manifest, {**ABOUT_GROUPS, **about, **fields}, self._offsets, new)
        self.checkpoint.finish([*files_of(views, self.store), MANIFEST])
