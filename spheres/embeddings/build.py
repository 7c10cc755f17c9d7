"""From a corpus to a cache: read the articles, run the encoder over them shard by shard, keep the arrays.

The corpus is read three times, and need not fit into memory: for the sha256 of its bytes; for ids, categories, dates,
titles and at most 100,000 texts that the TF-IDF model learns from; and for all texts, a shard at a time. Nothing is
computed twice: a cache of the same identity is left alone, and an interrupted run is resumed after its last shard.
"""

import shutil
from array import array
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spheres.data.article import Article
from spheres.data.corpus import Corpus
from spheres.data.splits import fold_of, split_of, split_rows
from spheres.data.taxonomy import reweight_primary
from spheres.data.views import COPIES, VIEW_NAMES, VIEWS, view_rows
from spheres.embeddings.cache import Identity, existing_manifest, label_arrays
from spheres.embeddings.cache_writer import (
    CacheWriter,
    load_out_of_fold,
    missing_shards,
    partial_of,
    save_out_of_fold,
)
from spheres.embeddings.engine import check_engine, open_engine
from spheres.embeddings.out_of_fold import N_FOLDS, OutOfFoldTfidf, fit_out_of_fold
from spheres.embeddings.shards import Shards
from spheres.encoder.encoder import Encoder
from spheres.encoder.hub import EncoderSpec, fetch, fingerprint_of
from spheres.errors import SphereError
from spheres.files.checkpoint import Checkpoint, exclusive_lock, lock_of, read_plan

PRIMARY_WEIGHT = 0.5  # between the two recipes' 0.0 (classic) and 0.7 (best): one TF-IDF model serves both


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
    log: Callable[[str], None] = print,
    progress_bar: Callable[..., Any] | None = None,
) -> bool:
    """Make the cache of `corpus` under `spec` in `folder`.

    Args:
        folder: Where the cache is to be, artifacts/<encoder>.
        overwrite: Replace a cache that another encoder, other settings or another corpus made.
        log: Takes sentences for the user.
        progress_bar: tqdm, given `total` texts of which `initial` ones are done already.

    Returns:
        Whether anything had to be computed.

    Raises:
        SphereError: the corpus or encoder cannot be used, the folder holds another cache, or another run is writing it.
    """
    check_engine(settings.engine)
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
        open_engine(settings.engine, Encoder.load(spec, settings.precision)) as engine,
    ):
        # 1. What an earlier run of the same plan has done.
        store = settings.store or ("float16" if engine.precision == "bf16" else "float32")
        about = {"identity": asdict(identity), "precision": engine.precision, "copies": dict(settings.copies)}
        views = [view for view in VIEWS if view == "both" or view in settings.views]
        sizes = {"shard_size": settings.shard_size, "max_tfidf_articles": settings.max_tfidf_articles}
        checkpoint = Checkpoint(partial_of(folder), folder, {**about, "store": store, "views": views, **sizes})
        if checkpoint.finished:
            checkpoint.finish(checkpoint.finished)
            return True
        # 2. Which articles there are, and the TF-IDF model.
        articles, folds, tfidf = _read_corpus(corpus, checkpoint, settings.max_tfidf_articles, log)
        # 3. Vectors and scores, a shard at a time.
        ids = [article.id for article in articles]
        split = split_rows(ids)
        rows = {view: view_rows(split, view, settings.copies) for view in views}
        wanted = missing_shards(checkpoint, len(ids), settings.shard_size)
        shards = Shards(corpus, rows, folds, settings.shard_size, wanted, tfidf)
        writer = CacheWriter(checkpoint, shards, engine.dim, store)
        total = sum(map(len, rows.values()))
        if done := total - sum(map(shards.n_texts, wanted)):
            log(f"Resuming: an earlier run has embedded {done:,} of {total:,} texts.")
        with progress_bar(total=total, initial=done) if progress_bar else nullcontext() as bar:
            for embedded in engine.run(shards, bar.update if bar else bool):
                writer.add(embedded)
        for remark in engine.remarks:
            log(remark)
        # 4. All other files, and everything in its place.
        counts = {key: value for key, value in asdict(corpus.counts).items() if key not in ("problems", "kept")}
        source = {"name": corpus.path.name, "format": corpus.format, **counts}
        writer.finish(articles, tfidf.model, {**about, "corpus": source})
        log(f"{folder}: {len(articles):,} articles, {engine.dim} numbers each.")
    return True


def _read_corpus(
    corpus: Corpus, checkpoint: Checkpoint, max_learned: int, log: Callable[[str], None]
) -> tuple[list[Article], NDArray[np.int8], OutOfFoldTfidf]:
    """All articles without their abstracts, their folds (-1 where the TF-IDF model does not learn from them), and the
    TF-IDF models, fitted here unless an earlier run has done so."""
    # 1. Read; only texts to learn from stay in memory, and no longer than this function runs.
    tfidf = load_out_of_fold(checkpoint)
    articles, texts, folds, n_learned = [], [], array("b"), 0
    for article in corpus:
        learned = n_learned < max_learned and split_of(article.id) == "train"
        n_learned += learned
        folds.append(fold_of(article.id, N_FOLDS) if learned else -1)
        if learned and tfidf is None:
            texts.append(article.text)
        articles.append(replace(article, abstract=""))
    log(f"{corpus.path.name}: {corpus.format}. {corpus.counts}.")
    for problem in corpus.counts.problems:
        log(f"  skipped {problem}")
    if not articles:
        raise SphereError(f"{corpus.path} holds no usable article: each needs a text and a known arXiv category.")
    if not n_learned:
        raise SphereError(
            f"{corpus.path} has no article in the training split ({len(articles)} in all): give a few hundred at least."
        )
    # 2. Fit.
    fold_of_row = np.array(folds, np.int8)
    if tfidf is None:
        log("Fitting the TF-IDF model, before the encoder starts (for 40,000 articles about four minutes).")
        learned_rows = np.flatnonzero(fold_of_row >= 0)
        targets, primary = label_arrays([" ".join(articles[row].categories) for row in learned_rows])
        blended = reweight_primary(targets, primary, PRIMARY_WEIGHT)
        tfidf = fit_out_of_fold(texts, blended, fold_of_row[learned_rows])
        save_out_of_fold(checkpoint, tfidf)
    return articles, fold_of_row, tfidf


def _is_there(folder: Path, identity: Identity, settings: Settings) -> bool:
    """Whether the folder holds the wanted cache; a SphereError says in what another one differs."""
    found = existing_manifest(folder)
    if not found:
        return False
    names = {
        "weights_sha256": "vectors of other weights",
        "tokenizer_sha256": "vectors of another tokenizer's tokens",
        "corpus_sha256": "another corpus",
    }
    differences = [
        names.get(key, f"vectors made with {key.replace('_', ' ')} {found['identity'][key]}")
        for key, value in asdict(identity).items()
        if found["identity"][key] != value
    ]
    for view in settings.views:
        if view not in found["views"]:
            differences.append(f"no vectors of the view {VIEW_NAMES[view]!r}")
    for key, wanted in (("store", settings.store), ("precision", settings.precision)):
        if wanted not in (None, "auto", found[key]):
            differences.append(f"vectors with {key} {found[key]}")
    if differences:
        raise SphereError(f"{folder} holds {differences[0]}: add --overwrite, or give another --out.")
    return True


def _remove_leftover(folder: Path, identity: Identity) -> None:
    """Remove the checkpoint of a run that was killed when the cache was in its place; not that of one at work."""
    if partial_of(folder).exists():
        with suppress(SphereError), exclusive_lock(lock_of(folder), folder, ""):
            if (read_plan(partial_of(folder)) or {}).get("identity") == asdict(identity):
                shutil.rmtree(partial_of(folder), ignore_errors=True)
