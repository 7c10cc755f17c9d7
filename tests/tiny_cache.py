"""A cache of two dozen made-up articles with four numbers each, there in a moment without an encoder."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from made_up import articles

from spheres.data.article import Article
from spheres.data.corpus import Corpus
from spheres.data.splits import split_rows
from spheres.data.taxonomy import GROUPS
from spheres.data.views import COPIES, VIEWS, view_rows
from spheres.embeddings.cache import MANIFEST, Identity
from spheres.embeddings.cache_writer import CacheWriter, partial_of
from spheres.embeddings.out_of_fold import OutOfFoldTfidf
from spheres.embeddings.shards import EmbeddedShard, Shards
from spheres.embeddings.tfidf import TfidfModel
from spheres.files.atomic import file_sha256
from spheres.files.checkpoint import Checkpoint
from spheres.files.manifest import with_checksum

IDENTITY = Identity("tiny", "1" * 64, "4" * 64, "mean", 16, "2" * 64)
ARTICLES = [
    Article(record["id"], record["title"], "", (record["categories"], "math.ST"), record["update_date"])
    for record in articles(24)
]
IDS = [article.id for article in ARTICLES]
DIM, SHARD = 4, 5
TFIDF = TfidfModel(
    ("hash tables", "prime", "ценных бумаг"),
    np.array([1.5, 2.0, 0.25], np.float32),
    np.arange(24, dtype=np.float16).reshape(3, 8),
    np.arange(8, dtype=np.float32),
)


def rows_of(view: str, copies: Mapping[str, int] = COPIES) -> list[int]:
    """The articles of a view, by row number."""
    return [int(row) for row in view_rows(split_rows(IDS), view, copies)]


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


def writer_of(
    folder: Path,
    store: str = "float32",
    views: Sequence[str] = VIEWS,
    copies: Mapping[str, int] = COPIES,
    n_articles: int = len(IDS),
) -> CacheWriter:
    """A writer of the first articles' cache, with the pieces that an earlier one has left."""
    split = split_rows(IDS[:n_articles])
    rows = {view: view_rows(split, view, copies) for view in views}
    shards = Shards(
        Corpus(Path("nowhere")), rows, np.full(n_articles, -1, np.int8), SHARD, frozenset(), OutOfFoldTfidf(TFIDF, {})
    )
    checkpoint = Checkpoint(partial_of(folder), folder, {"store": store, "views": list(views), "copies": dict(copies)})
    return CacheWriter(checkpoint, shards, DIM, store)


def add_shard(writer: CacheWriter, number: int, copies: Mapping[str, int] = COPIES) -> None:
    """Give the writer one shard, of all its views."""
    spans = {view: writer.shards.span(view, number) for view in writer.shards.rows}
    vectors = np.concatenate([vectors_of(view, copies)[span] for view, span in spans.items()])
    scores = np.concatenate([scores_of(view, copies)[span] for view, span in spans.items()])
    writer.add(EmbeddedShard(number, vectors, scores))


def finish(writer: CacheWriter, copies: Mapping[str, int] = COPIES) -> None:
    """Have the writer put the cache in its place."""
    articles = ARTICLES[: len(writer.shards.folds)]
    fields = {"identity": vars(IDENTITY), "precision": "fp32", "copies": dict(copies), "corpus": {"name": "made-up"}}
    writer.finish(articles, TFIDF, fields)


def make_cache(
    folder: Path, store: str = "float32", views: tuple[str, ...] = VIEWS, copies: Mapping[str, int] = COPIES
) -> Path:
    """A whole cache in `folder`."""
    writer = writer_of(folder, store, views, copies)
    for number in range(-(-len(IDS) // SHARD)):
        add_shard(writer, number, copies)
    finish(writer, copies)
    return folder


def relist(folder: Path, without: str = "", **fields: Any) -> None:
    """Have the manifest list the files as they are now, but for one, and these fields."""
    path = folder / MANIFEST
    manifest = json.loads(path.read_bytes()) | fields
    manifest.pop(without, None)
    manifest["files"] = {name: file_sha256(folder / name) for name in manifest["files"] if name != without}
    path.write_text(json.dumps(with_checksum(manifest)))
