"""A cache of two dozen made-up articles with four numbers each, there in a moment: no encoder, and no words weighed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from made_up import articles

from spheres.data.article import Article
from spheres.data.taxonomy import GROUPS
from spheres.data.views import COPIES, VIEWS, view_rows
from spheres.embeddings.cache import MANIFEST, Identity
from spheres.embeddings.cache_writer import CacheWriter
from spheres.embeddings.tfidf import TfidfModel
from spheres.files.atomic import file_sha256
from spheres.files.manifest import with_checksum

IDENTITY = Identity("tiny", "1" * 64, "4" * 64, "mean", 16, "2" * 64)
ARTICLES = [
    Article(record["id"], "", "", (record["categories"], "math.ST"), record["update_date"]) for record in articles(24)
]
IDS = [article.id for article in ARTICLES]
DIM, SHARD = 4, 5
TFIDF_FILES = TfidfModel(
    ("hash tables", "prime", "ценных бумаг"),
    np.array([1.5, 2.0, 0.25], np.float32),
    np.arange(24, dtype=np.float16).reshape(3, 8),
    np.arange(8, dtype=np.float32),
)


def rows_of(view: str, copies: Mapping[str, int] = COPIES) -> list[int]:
    """The articles of a view, by row number."""
    return [int(row) for row in view_rows(IDS, view, copies)]


def vectors_of(view: str, copies: Mapping[str, int] = COPIES) -> np.ndarray:
    """(n_rows, 4) float32, of another size in each row, and another for each view."""
    n = len(rows_of(view, copies))
    return np.random.default_rng(VIEWS.index(view)).normal(size=(n, DIM)).astype(np.float32) * np.arange(1, n + 1)[
        :, None
    ].astype(np.float32)


def scores_of(view: str, copies: Mapping[str, int] = COPIES) -> np.ndarray:
    """(n_rows, 8) float32."""
    n = len(rows_of(view, copies))
    return np.random.default_rng(9).normal(size=(n, len(GROUPS))).astype(np.float32)


def writer_of(folder: Path, store: str = "float32", copies: Mapping[str, int] = COPIES, **other: Any) -> CacheWriter:
    settings = {"identity": IDENTITY, "dim": DIM, "precision": "fp32", "shard_size": SHARD} | other
    return CacheWriter(folder, store=store, copies=copies, **settings)


def add_shards(writer: CacheWriter, view: str) -> int:
    """Give the writer all vectors of a view, and return the number of shards."""
    vectors = vectors_of(view, writer.copies)
    starts = range(0, len(vectors), SHARD)
    for number, start in enumerate(starts):
        writer.add(view, number, vectors[start : start + SHARD])
    return len(starts)


def make_cache(
    folder: Path, store: str = "float32", views: tuple[str, ...] = VIEWS, copies: Mapping[str, int] = COPIES
) -> Path:
    """A whole cache in `folder`."""
    writer = writer_of(folder, store, copies)
    n_shards = {view: add_shards(writer, view) for view in views}
    scores = {view: scores_of(view, copies) for view in views}
    writer.finish(ARTICLES, n_shards, scores, TFIDF_FILES, {"corpus": {"name": "made-up"}})
    return folder


def vouch(folder: Path, without: str = "", **fields: Any) -> None:
    """Have the manifest say that all is well with the files as they are now, and that these fields are so."""
    path = folder / MANIFEST
    manifest = json.loads(path.read_bytes()) | fields
    manifest.pop(without, None)
    manifest["files"] = {name: file_sha256(folder / name) for name in manifest["files"] if name != without}
    path.write_text(json.dumps(with_checksum(manifest)))
