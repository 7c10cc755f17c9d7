"""How rate and memory grow with the corpus: `embed.py` on up to 100,000 articles, then neighbour search.

Each figure comes from a process of its own, so that its peak memory is its own. A larger corpus is the given one,
repeated under new ids. The real encoder embeds thousands of articles; for more, a stand-in returns vectors at once, so
that everything around the encoder is measured. The TF-IDF model is fitted on at most 200 training articles in all of
these, or the rate would be the fit's; its time and memory for more articles have rows of their own. About eight
minutes, 2 GB of disk.

    python -m benchmarks.growth embed CORPUS FOLDER stand-in       # what runs in a process: one line of JSON
"""

import json
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.articles import corpus_file
from benchmarks.table import Table
from benchmarks.timing import parse_figures, percentile, resident_mb, run_in_process
from spheres.data.article import Article
from spheres.data.corpus import Corpus

SIZES = {"real encoder": (1_000, 3_000), "stand-in": (1_000, 10_000, 100_000)}
QUICK_SIZES = {"real encoder": (100, 400), "stand-in": (1_000, 4_000)}
TFIDF_SIZES, QUICK_TFIDF_SIZES = (1_000, 10_000), (500, 1_000)  # articles that the TF-IDF model is fitted on
VECTORS, QUICK_VECTORS = (40_000, 1_000_000), (4_000, 40_000)
FITTED_ON = 200  # training articles of the TF-IDF model in the runs of `embed`
MOST_FOR_GRAPHS = 100_000  # vectors; building a graph over more takes a quarter of an hour
DIM, N_NEAREST, N_ASKED = 384, 10, 50
NOISE = 0.02  # added to each number of a unit vector: cosine 0.93 with the original
LONGEST_SEARCH = 0.020  # seconds over 40,000 vectors

Figures = dict[str, Any]


def run(corpus: Path | None, quick: bool) -> Table:
    articles = list(Corpus(corpus_file(corpus)))
    table = Table("growth", ("a second", "seconds before", "peak MB", "ms, p50", "recall at 10"))
    with tempfile.TemporaryDirectory(prefix="growth-") as temporary:
        folder = Path(temporary)
        for kind, sizes in (QUICK_SIZES if quick else SIZES).items():
            found = {n: _embed(articles, folder, n, kind) for n in sizes}
            for n, figures in found.items():
                table.add(f"embed {n:,}, {kind}", figures["rate"], figures["before"], figures["peak"], None, None)
            _compare(table, kind, found)
        for n in QUICK_TFIDF_SIZES if quick else TFIDF_SIZES:
            figures = parse_figures(run_in_process("growth", "tfidf", repeated(articles, folder, n), n))
            table.add(f"fit TF-IDF on {n:,}", n / figures["seconds"], None, figures["peak"], None, None)
        for n in QUICK_VECTORS if quick else VECTORS:
            _search(table, folder, n)
    table.notes.append(
        "`seconds before`: loading the encoder and fitting TF-IDF, or building an index; not in the rate. Of a search, "
        "`peak MB` is what the index holds; asked about are titles, and a million vectors are the shipped ones, again "
        "and again with noise. Targets: rate and peak memory within 10 % from the fewest articles to 100,000; "
        f"{LONGEST_SEARCH * 1000:.0f} ms over 40,000 vectors."
    )
    return table


def _compare(table: Table, kind: str, found: dict[int, Figures]) -> None:
    """Note the ratios of the most articles to the fewest."""
    least, most = min(found), max(found)
    table.ratios[f"rate at {most:,} over {least:,}, {kind}"] = found[most]["rate"] / found[least]["rate"]
    table.ratios[f"memory at {least:,} over {most:,}, {kind}"] = found[least]["peak"] / found[most]["peak"]


def _search(table: Table, folder: Path, n: int) -> None:
    vectors, asked, truth = (folder / f"{name}.npy" for name in ("vectors", "asked", "truth"))
    np.save(vectors, article_vectors(n))
    np.save(asked, title_vectors(N_ASKED))
    truth.unlink(missing_ok=True)
    found = {}
    for engine in ENGINES:
        if engine in GRAPHS and n > MOST_FOR_GRAPHS:
            continue
        figures = parse_figures(run_in_process("growth", "search", engine, vectors, asked, truth))
        if "missing" in figures:
            table.notes.append(f"{engine} is not installed: {figures['missing']}.")
            continue
        found[engine] = figures
        table.add(
            f"nearest of {n:,}, {engine}",
            1 / figures["p50"],
            figures["built"],
            figures["held"],
            1000 * figures["p50"],
            figures["recall"],
        )
    for engine, figures in found.items():
        if engine != OURS:
            table.ratios[f"{engine} over ours, {n:,} vectors"] = figures["p50"] / found[OURS]["p50"]
    if n == 40_000:
        table.ratios["20 ms over nearest of 40 k"] = LONGEST_SEARCH / found[OURS]["p50"]


def _embed(articles: Sequence[Article], folder: Path, n: int, kind: str) -> Figures:
    larger = repeated(articles, folder, n)
    with tempfile.TemporaryDirectory(dir=folder) as out:
        figures = parse_figures(run_in_process("growth", "embed", larger, Path(out) / "cache", kind))
    larger.unlink()
    return figures | {"rate": n / (figures["seconds"] - figures["before"])}


def repeated(articles: Sequence[Article], folder: Path, n: int) -> Path:
    """Write a corpus of `n` articles: evenly spread ones of those given, repeated under new ids."""
    path = folder / f"{n}.jsonl"
    with path.open("w") as f:
        for number, article in enumerate(islice(cycle(articles[:: max(1, len(articles) // n)]), n)):
            record = {
                "id": f"{article.id}-{number}",
                "title": article.title,
                "abstract": article.abstract,
                "categories": " ".join(article.categories),
                "update_date": article.date,
            }
            f.write(json.dumps(record) + "\n")
    return path


def article_vectors(n: int) -> NDArray[np.float32]:
    """The shipped articles' vectors, then the same again with noise; (n, DIM), at length one."""
    from spheres.embeddings.cache import open_cache
    from spheres.encoder.hub import BUNDLED
    from spheres.model.head_files import ARTIFACTS

    known = open_cache(ARTIFACTS / BUNDLED.name).views["both"].unit_vectors()
    random = np.random.default_rng(0)
    vectors = np.empty((n, DIM), np.float32)
    for start in range(0, n, len(known)):
        part = vectors[start : start + len(known)]
        part[:] = known[: len(part)]
        if start:
            part += NOISE * random.standard_normal(part.shape, np.float32)
            part /= np.linalg.norm(part, axis=1, keepdims=True)
    return vectors


def title_vectors(n: int) -> NDArray[np.float32]:
    """The queries: vectors of titles alone, (n, DIM), at length one."""
    from spheres.embeddings.cache import open_cache
    from spheres.encoder.hub import BUNDLED
    from spheres.model.head_files import ARTIFACTS

    titles = open_cache(ARTIFACTS / BUNDLED.name).views["title"]
    return titles.unit_vectors(slice(None, None, len(titles.rows) // n))[:n]


# --- in a process of its own ---


class StandIn:
    """Takes the encoder's place: a text's vector is one of 4,096, chosen by its checksum."""

    precision, dim = "fp32", DIM
    table = np.random.default_rng(0).standard_normal((4096, DIM), np.float32)

    @classmethod
    def load(cls, spec: object, precision: str = "auto") -> "StandIn":
        return cls()

    def tokenize(self, texts: Sequence[tuple[str, str]]) -> list[int]:
        return [zlib.crc32("\n".join(text).encode()) % len(self.table) for text in texts]

    def encode(self, tokens: Sequence[int], advance: Callable[[int], object] = bool) -> NDArray[np.float32]:
        advance(len(tokens))
        return np.asarray(self.table[list(tokens)])


def embed(corpus: str, out: str, kind: str) -> Figures:
    """Run what `embed.py CORPUS --out OUT --quiet` runs; "before" are the seconds of loading and fitting."""
    from spheres.embeddings import build, out_of_fold
    from spheres.embeddings.build import Settings, embed_corpus
    from spheres.encoder.hub import BUNDLED

    building: Any = build
    spent: list[float] = []

    def timed(module: Any, name: str) -> None:
        work = getattr(module, name)

        def counted(*arguments: Any) -> Any:
            begun = time.perf_counter()
            try:
                return work(*arguments)
            finally:
                spent.append(time.perf_counter() - begun)

        setattr(module, name, counted)

    timed(out_of_fold, "count_terms")
    timed(out_of_fold, "fit_tfidf")
    if kind != "real encoder":
        building.Encoder = StandIn
    timed(building.Encoder, "load")
    started = time.perf_counter()
    settings = Settings(max_tfidf_articles=FITTED_ON)
    embed_corpus(Corpus(Path(corpus)), BUNDLED, Path(out), settings=settings, log=lambda sentence: None)
    return {"seconds": time.perf_counter() - started, "before": sum(spent)}


def fit(corpus: str, n: str) -> Figures:
    """Count the terms of `n` articles and fit the TF-IDF model to them."""
    from spheres.data.taxonomy import soft_target
    from spheres.embeddings.tfidf import count_terms, fit_tfidf

    articles = list(islice(Corpus(Path(corpus)), int(n)))
    started = time.perf_counter()
    counts = count_terms([a.text for a in articles])
    fit_tfidf(counts, np.stack([soft_target(a.categories) for a in articles]))
    return {"seconds": time.perf_counter() - started}


OURS = "this project"

Search = Callable[[NDArray[np.float32]], NDArray[np.integer]]


def search(engine: str, vectors: str, asked: str, truth: str) -> Figures:
    """Search one vector after another, as the page does; this project comes first, and its answers are the truth.

    Returns:
        "built": seconds of building, "held": MB of the index, "p50": seconds a search, "recall" in [0, 1].
    """
    before = resident_mb()
    try:
        started = time.perf_counter()
        nearest = ENGINES[engine](vectors)
    except ImportError as error:
        return {"missing": str(error)}
    built = time.perf_counter() - started
    held = resident_mb() - before
    questions = np.load(asked)
    nearest(questions[0])
    seconds, answers = [], []
    for question in questions:
        begun = time.perf_counter()
        answers.append(list(map(int, nearest(question))))
        seconds.append(time.perf_counter() - begun)
    if engine == OURS:
        np.save(truth, np.array(answers))
    hits = sum(len(set(a) & set(t)) for a, t in zip(answers, np.load(truth).tolist(), strict=True))
    return {
        "built": built,
        "held": held,
        "p50": percentile(seconds, 0.5),
        "recall": hits / (N_NEAREST * len(questions)),
    }


def _parts(vectors: str) -> Iterator[NDArray[np.float32]]:
    stored = np.load(vectors, mmap_mode="r")
    for start in range(0, len(stored), 10_000):
        yield np.array(stored[start : start + 10_000])


def _ours(vectors: str) -> Search:
    from spheres.inference.neighbors import kneighbors

    loaded = np.load(vectors)
    return lambda vector: kneighbors(loaded, vector, N_NEAREST)[0]


def _int8(vectors: str) -> Search:
    """int8 with a scale for each vector, multiplied in float32 a slice at a time: a quarter of the memory."""
    from spheres.embeddings.vectors import quantize

    kept = [quantize(part) for part in _parts(vectors)]

    def nearest(vector: NDArray[np.float32]) -> NDArray[np.integer]:
        found = np.concatenate([(part.astype(np.float32) @ vector) * scales for part, scales in kept])
        return np.argpartition(-found, N_NEAREST)[:N_NEAREST]

    return nearest


def _faiss(kind: str) -> Callable[[str], Search]:
    def build(vectors: str) -> Search:
        import faiss

        index: Any = faiss.index_factory(DIM, kind, faiss.METRIC_INNER_PRODUCT)
        if not index.is_trained:
            index.train(np.load(vectors, mmap_mode="r")[:40_000].copy())
        for part in _parts(vectors):
            index.add(part)
        if kind.startswith("IVF"):
            index.nprobe = 16
        return lambda vector: np.asarray(index.search(vector[None], N_NEAREST)[1][0])

    return build


def _hnswlib(vectors: str) -> Search:
    import hnswlib

    index = hnswlib.Index("ip", DIM)
    index.init_index(len(np.load(vectors, mmap_mode="r")), ef_construction=100, M=16)
    for part in _parts(vectors):
        index.add_items(part)
    index.set_ef(100)
    return lambda vector: np.asarray(index.knn_query(vector[None], N_NEAREST)[0][0])


def _usearch(vectors: str) -> Search:
    from usearch.index import Index

    index = Index(ndim=DIM, metric="ip", dtype="i8", expansion_search=100)
    for start, part in enumerate(_parts(vectors)):
        index.add(np.arange(start * 10_000, start * 10_000 + len(part)), part)
    return lambda vector: np.asarray(index.search(vector, N_NEAREST).keys)


ENGINES: dict[str, Callable[[str], Search]] = {
    OURS: _ours,
    "int8 in slices": _int8,
    "faiss, exact": _faiss("Flat"),
    "faiss, exact over int8": _faiss("SQ8"),
    "faiss, IVF256 over int8": _faiss("IVF256,SQ8"),
    "hnswlib": _hnswlib,
    "usearch, int8": _usearch,
}
GRAPHS = ("hnswlib", "usearch, int8")


def main(arguments: list[str]) -> None:
    work, *rest = arguments
    figures: Figures = {"embed": embed, "tfidf": fit, "search": search}[work](*rest)  # type: ignore[operator]
    peak = resident_mb(peak=True)
    print(json.dumps({**figures, "peak": peak}))


if __name__ == "__main__":
    main(sys.argv[1:])
