"""From a corpus to a cache: read the articles, run the encoder over them shard by shard, keep the arrays.

One pass over the corpus reads ids and categories, which takes seconds; others the texts, as they are needed, so that it
need not fit into memory. Nothing is computed twice: a cache of the same identity is left alone, and an interrupted run
goes on from its last whole shard.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from spheres.data.article import Article
from spheres.data.corpus import Corpus
from spheres.data.views import COPIES, VIEW_NAMES, VIEWS, view_rows
from spheres.embeddings.cache import Identity, existing_manifest
from spheres.embeddings.cache_writer import CacheWriter, partial_of
from spheres.embeddings.engine import Engine, open_engine
from spheres.embeddings.out_of_fold import tfidf_scores
from spheres.embeddings.shards import Shards
from spheres.embeddings.tfidf import TfidfModel
from spheres.encoder.hub import EncoderSpec, fetch, fingerprint_of
from spheres.errors import SphereError
from spheres.files.leftovers import let_go
from spheres.files.locking import lock_of, only_writer
from spheres.files.manifest import Manifest

SHARD = 4096  # texts: a minute or two of work, which is what an interruption may cost


class Progress(Protocol):
    """What is told of a run as it goes; tqdm is one."""

    def update(self, n: int) -> object: ...


StartProgress = Callable[[str, int, int], AbstractContextManager[Progress]]


@contextmanager
def no_progress(label: str, total: int, done: int) -> Iterator[Progress]:
    """A `start_progress` that shows nothing."""

    class Silent:
        def update(self, n: int) -> None: ...

    yield Silent()


@dataclass(frozen=True)
class Settings:
    """How a corpus is embedded and kept; none of it changes what the vectors mean.

    precision : "auto", "bf16" or "fp32", see `Encoder.load`
    store     : "float32", "float16" or "int8"; None takes float16 for bf16 and float32 for fp32
    views     : which views are embedded; whole articles always are
    copies    : of which training articles single parts are embedded, see `spheres.data.views`
    engine    : "local" or "ray", where the encoder runs, see `spheres.embeddings.engine`
    """

    precision: str = "auto"
    store: str | None = None
    views: tuple[str, ...] = VIEWS
    copies: Mapping[str, int] = field(default_factory=lambda: COPIES)
    engine: str = "local"


def embed_corpus(
    corpus: Corpus,
    spec: EncoderSpec,
    folder: Path,
    *,
    settings: Settings = Settings(),
    overwrite: bool = False,
    log: Callable[[str], None] = print,
    start_progress: StartProgress = no_progress,
) -> bool:
    """Make the cache of `corpus` under `spec` in `folder`; returns whether anything had to be computed.

    overwrite      : replace a cache that another encoder, other settings or another corpus made
    say            : takes sentences for the user
    start_progress : given a view in words, its number of articles and how many are done already, counts the rest
    raises         : SphereError where the corpus or encoder cannot be used, the folder holds another cache, or another
                     run is at work in it
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
        _tidy(folder, identity)
        return False
    with (
        only_writer(lock_of(folder), folder, ", or give another --out"),
        open_engine(settings.engine, spec, settings.precision) as engine,
    ):
        _embed(corpus, engine, folder, identity, settings, log, start_progress)
    return True


def _embed(
    corpus: Corpus,
    engine: Engine,
    folder: Path,
    identity: Identity,
    settings: Settings,
    log: Callable[[str], None],
    start_progress: StartProgress,
) -> None:
    articles = [replace(article, title="", abstract="") for article in corpus]  # texts are read again when needed
    counts = corpus.counts
    log(f"{corpus.path.name}: {corpus.format}. {counts}.")
    for problem in counts.problems:
        log(f"  skipped {problem}")
    if not articles:
        raise SphereError(f"{corpus.path} holds no usable article: each needs a text and a known arXiv category.")
    views = [view for view in VIEWS if view == "both" or view in settings.views]
    rows = {view: view_rows([a.id for a in articles], view, settings.copies) for view in views}
    store = settings.store or ("float16" if engine.precision == "bf16" else "float32")
    writer = CacheWriter(folder, identity, engine.dim, engine.precision, store, SHARD, settings.copies)
    lexicon, lexical = _weighed(writer, corpus, articles, rows, log)
    n_shards = {view: -(-len(rows[view]) // SHARD) for view in rows}
    missing = {view: _missing(corpus, view, rows[view], n_shards[view], writer) for view in rows}
    left = {view: sum(map(missing[view].length, missing[view].wanted)) for view in rows}
    if done := sum(len(rows[view]) - left[view] for view in rows):
        log(f"Going on from {done:,} texts that an earlier run has embedded.")
    for view in rows:
        with start_progress(VIEW_NAMES[view], len(rows[view]), len(rows[view]) - left[view]) as progress:
            for number, vectors in engine.embed(missing[view], progress.update):
                writer.add(view, number, vectors)
    for remark in engine.remarks:
        log(remark)
    about = {key: value for key, value in asdict(counts).items() if key not in ("problems", "kept")}
    writer.finish(
        articles,
        n_shards,
        lexical,
        lexicon,
        {"corpus": {"name": corpus.path.name, "format": corpus.format, **about}},
    )
    log(f"{folder}: {len(articles):,} articles, {engine.dim} numbers each.")


def _weighed(
    writer: CacheWriter,
    corpus: Corpus,
    articles: Sequence[Article],
    rows: Mapping[str, NDArray[np.intp]],
    log: Callable[[str], None],
) -> tuple[TfidfModel, dict[str, NDArray[np.float32]]]:
    """What `tfidf_scores` returns, weighed once and kept with the shards."""
    words = writer.words(rows)
    if words is None:
        log("Weighing words, before the encoder starts (for 40,000 articles about four minutes).")
        words = tfidf_scores(corpus, articles, rows)
        writer.keep_words(*words)
    return words


def _missing(corpus: Corpus, view: str, rows: NDArray[np.intp], n_shards: int, writer: CacheWriter) -> Shards:
    """What of a view no earlier run has embedded."""
    return Shards(
        corpus, view, rows, SHARD, frozenset(number for number in range(n_shards) if not writer.has(view, number))
    )


def _is_there(folder: Path, identity: Identity, settings: Settings) -> bool:
    """Whether the folder holds the wanted cache.

    raises : SphereError where it holds another one
    """
    found = existing_manifest(folder)
    if not found:
        return False
    if difference := _difference(found["identity"], identity) or _lack(found, settings):
        raise SphereError(f"{folder} holds {difference}: add --overwrite, or give another --out.")
    return True


def _tidy(folder: Path, identity: Identity) -> None:
    """Remove the shards of a run that was killed when the cache was in its place; not those of one that is at work."""
    if partial_of(folder).exists():
        with suppress(SphereError), only_writer(lock_of(folder), folder, ""):
            let_go(partial_of(folder), "identity", asdict(identity))


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
