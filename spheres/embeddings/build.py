"""From a corpus to a cache: read the articles, run the encoder over them shard by shard, keep the arrays.

The corpus is read three times, and need not fit into memory: once for the sha256 of its bytes; once for ids,
categories and dates, and for the texts that the TF-IDF model learns from, of which there are at most 100,000; and once
for all texts, a shard at a time, which are scored and encoded under all views together. Nothing is computed twice: a
cache of the same identity is left alone, and an interrupted run is resumed after its last whole shard.
"""

import shutil
from array import array
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from spheres.data.article import Article
from spheres.data.corpus import Corpus
from spheres.data.splits import fold_of, split_of
from spheres.data.taxonomy import reweight_primary
from spheres.data.text import Text
from spheres.data.views import COPIES, VIEW_NAMES, VIEWS, view_rows
from spheres.embeddings.cache import Identity, existing_manifest
from spheres.embeddings.cache_writer import (
    CacheWriter,
    label_arrays,
    load_out_of_fold,
    missing_shards,
    partial_of,
    save_out_of_fold,
)
from spheres.embeddings.engine import Engine, open_engine
from spheres.embeddings.out_of_fold import N_FOLDS, fit_out_of_fold
from spheres.embeddings.shards import Shards
from spheres.encoder.hub import EncoderSpec, fetch, fingerprint_of
from spheres.errors import SphereError
from spheres.files.checkpoint import Checkpoint, exclusive_lock, lock_of, read_plan
from spheres.files.manifest import Manifest

PRIMARY_WEIGHT = 0.5  # between the two recipes' 0.0 (classic) and 0.7 (best): one TF-IDF model serves both

Log = Callable[[str], None]


class Progress(Protocol):
    """What is told of a run as it goes; tqdm is one."""

    def update(self, n: int) -> object:
        """So many texts more are done."""
        ...


StartProgress = Callable[[str, int, int], AbstractContextManager[Progress]]


class Silent:
    """A progress that shows nothing."""

    def update(self, n: int) -> None:
        """Nothing is shown."""


@contextmanager
def no_progress(label: str, total: int, done: int) -> Iterator[Progress]:
    """A `start_progress` that shows nothing."""
    yield Silent()


@dataclass(frozen=True)
class Settings:
    """How a corpus is embedded and kept; none of it changes what the vectors mean.

    Attributes:
        precision: "auto", "bf16" or "fp32", see `Encoder.load`.
        store: "float32", "float16" or "int8"; None takes float16 for bf16 and float32 for fp32.
        views: Which views are embedded; whole articles always are.
        copies: Of which training articles single parts are embedded, see `spheres.data.views`.
        engine: "local" or "ray", where the encoder runs, see `spheres.embeddings.engine`.
        shard_size: Articles in a shard: a minute or two of work, which is what an interruption may cost.
        max_tfidf_articles: The TF-IDF model learns from the first so many training articles; the texts of more would
            not fit into memory everywhere.
    """

    precision: str = "auto"
    store: str | None = None
    views: tuple[str, ...] = VIEWS
    copies: Mapping[str, int] = field(default_factory=lambda: COPIES)
    engine: str = "local"
    shard_size: int = 2048
    max_tfidf_articles: int = 100_000


def embed_corpus(
    corpus: Corpus,
    spec: EncoderSpec,
    folder: Path,
    *,
    settings: Settings = Settings(),
    overwrite: bool = False,
    log: Log = print,
    start_progress: StartProgress = no_progress,
) -> bool:
    """Make the cache of `corpus` under `spec` in `folder`.

    Args:
        corpus: The articles.
        spec: The encoder.
        folder: Where the cache is to be, artifacts/<encoder>.
        settings: How it is computed and kept.
        overwrite: Replace a cache that another encoder, other settings or another corpus made.
        log: Takes sentences for the user.
        start_progress: Given a label, a number of texts and how many of them are done already, counts the rest.

    Returns:
        Whether anything had to be computed.

    Raises:
        SphereError: the corpus or encoder cannot be used, the folder holds another cache, or another run is writing it.
    """
    files = fingerprint_of(fetch(spec))
    identity = Identity(
        encoder=spec.name,
        weights_sha256=files.weights,
        tokenizer_sha256=files.tokenizer,
        pooling=spec.pooling,
        max_length=spec.max_length,
        corpus_sha256=corpus.fingerprint(),
    )
    if not overwrite and _is_there(folder, identity, settings):
        log(f"{folder} already holds this corpus under this encoder: nothing to do.")
        _remove_leftover(folder, identity)
        return False
    with (
        exclusive_lock(lock_of(folder), folder, ", or give another --out"),
        open_engine(settings.engine, spec, settings.precision) as engine,
    ):
        about = {
            "identity": asdict(identity),
            "precision": engine.precision,
            "store": settings.store or ("float16" if engine.precision == "bf16" else "float32"),
            "copies": dict(settings.copies),
        }
        views = [view for view in VIEWS if view == "both" or view in settings.views]
        sizes = {"shard_size": settings.shard_size, "max_tfidf_articles": settings.max_tfidf_articles}
        checkpoint = Checkpoint(partial_of(folder), folder, {**about, "views": views, **sizes})
        if checkpoint.finished:
            checkpoint.finish(checkpoint.finished)
        else:
            _embed(corpus, engine, checkpoint, settings, views, about, log, start_progress)
    return True


def _embed(
    corpus: Corpus,
    engine: Engine,
    checkpoint: Checkpoint,
    settings: Settings,
    views: list[str],
    about: Manifest,
    log: Log,
    start_progress: StartProgress,
) -> None:
    # 1. Which articles there are, and the TF-IDF model, unless an earlier run has fitted it.
    tfidf = load_out_of_fold(checkpoint)
    articles, folds, texts = _read_articles(corpus, settings.max_tfidf_articles, with_texts=tfidf is None)
    counts = corpus.counts
    log(f"{corpus.path.name}: {corpus.format}. {counts}.")
    for problem in counts.problems:
        log(f"  skipped {problem}")
    if not articles:
        raise SphereError(f"{corpus.path} holds no usable article: each needs a text and a known arXiv category.")
    targets, primary = label_arrays(articles)
    if tfidf is None:
        if not texts:
            raise SphereError(
                f"{corpus.path} has no article in the training split ({len(articles)} in all): "
                "give a few hundred at least."
            )
        log("Fitting the TF-IDF model, before the encoder starts (for 40,000 articles about four minutes).")
        learned = np.flatnonzero(folds >= 0)
        blended = reweight_primary(targets[learned], primary[learned], PRIMARY_WEIGHT)
        tfidf = fit_out_of_fold(texts, blended, folds[learned])
        save_out_of_fold(checkpoint, tfidf)
    del texts  # the largest part of what is in memory, and not needed any more

    # 2. Vectors and scores, a shard at a time, of the shards that no earlier run has computed.
    ids = [article.id for article in articles]
    rows = {view: view_rows(ids, view, settings.copies) for view in views}
    shards = Shards(corpus, rows, folds, settings.shard_size, missing_shards(checkpoint, len(ids), settings.shard_size))
    writer = CacheWriter(checkpoint, shards, engine.dim, about["store"])
    total = sum(map(len, rows.values()))
    if done := total - sum(map(shards.n_texts, shards.wanted)):
        log(f"Resuming: an earlier run has embedded {done:,} of {total:,} texts.")
    with start_progress("embedding", total, done) as progress:
        for embedded in engine.embed(shards, tfidf, progress.update):
            writer.add(embedded)
    for remark in engine.remarks:
        log(remark)

    # 3. All other files, and everything in its place.
    read = {key: value for key, value in asdict(counts).items() if key not in ("problems", "kept")}
    source = {"corpus": {"name": corpus.path.name, "format": corpus.format, **read}}
    writer.finish(articles, targets, primary, tfidf.model, {**about, **source})
    log(f"{checkpoint.result}: {len(articles):,} articles, {engine.dim} numbers each.")


def _read_articles(
    corpus: Corpus, max_learned: int, with_texts: bool
) -> tuple[list[Article], NDArray[np.int8], list[Text]]:
    """All articles without their texts, their folds (-1 where the TF-IDF model does not learn from them), and the texts
    of those in a fold."""
    articles, folds, texts = [], array("b"), []
    n_learned = 0
    for article in corpus:
        articles.append(replace(article, title="", abstract=""))
        learned = n_learned < max_learned and split_of(article.id) == "train"
        n_learned += learned
        folds.append(fold_of(article.id, N_FOLDS) if learned else -1)
        if learned and with_texts:
            texts.append(article.text)
    return articles, np.array(folds, np.int8), texts


def _is_there(folder: Path, identity: Identity, settings: Settings) -> bool:
    """Whether the folder holds the wanted cache.

    Raises:
        SphereError: it holds another one.
    """
    found = existing_manifest(folder)
    if not found:
        return False
    if difference := _difference(found["identity"], identity) or _lack(found, settings):
        raise SphereError(f"{folder} holds {difference}: add --overwrite, or give another --out.")
    return True


def _difference(found: Manifest, wanted: Identity) -> str:
    """What another cache is, in words; "" where it is the wanted one."""
    names = {
        "weights_sha256": "vectors of other weights",
        "tokenizer_sha256": "vectors of another tokenizer's tokens",
        "corpus_sha256": "another corpus",
    }
    for key, value in asdict(wanted).items():
        if found[key] != value:
            return names.get(key, f"vectors made with {key.replace('_', ' ')} {found[key]}")
    return ""


def _lack(manifest: Manifest, settings: Settings) -> str:
    """What a cache of the wanted identity lacks all the same; "" where it has everything."""
    for view in settings.views:
        if view not in manifest["views"]:
            return f"no vectors of the view {VIEW_NAMES[view]!r}"
    for key, wanted in (("store", settings.store), ("precision", settings.precision)):
        if wanted not in (None, "auto", manifest[key]):
            return f"vectors with {key} {manifest[key]}"
    return ""


def _remove_leftover(folder: Path, identity: Identity) -> None:
    """Remove the checkpoint of a run that was killed when the cache was in its place; not that of one at work."""
    if partial_of(folder).exists():
        with suppress(SphereError), exclusive_lock(lock_of(folder), folder, ""):
            if (read_plan(partial_of(folder)) or {}).get("identity") == asdict(identity):
                shutil.rmtree(partial_of(folder), ignore_errors=True)
