"""Embedding cache: a corpus's vectors, TF-IDF scores and labels as arrays, computed once, read by training and search.

    artifacts/<encoder>/
        manifest.json       encoder, hashes of weights and tokenizer, pooling, maximum length, corpus, counts, versions
        both.npy            (n_articles, dim) vectors of title and abstract together
        title.npy           (n_rows, dim) of the title alone, for the articles that `view_rows` names
        abstract.npy        (n_rows, dim) of the abstract alone, likewise
        *_scales.npy        (n_rows,) float32, where vectors are kept as int8: vector = int8 * scale
        *_tfidf.npy         (n_rows, 8) float16 TF-IDF scores, out of fold for training articles
        tfidf.*             the model that gives these scores to new articles
        targets.npy         (n_articles, 8) float32, soft targets
        primary.npy         (n_articles,) uint8, the primary group's place in GROUPS
        articles.json       ids, categories and dates, in the same order

`spheres.embeddings.cache_writer` makes it; here it is read, and refused where anything of it is not what was written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spheres.data.splits import split_rows
from spheres.data.taxonomy import GROUPS
from spheres.data.views import VIEWS, view_rows
from spheres.embeddings.tfidf import TfidfModel
from spheres.embeddings.vectors import l2_normalize
from spheres.encoder.hub import as_option
from spheres.errors import SphereError
from spheres.files.atomic import read_array, read_json, read_safetensors
from spheres.files.manifest import Manifest, NewerFormatError, read_manifest, require_listed

MANIFEST = "manifest.json"
TFIDF_FILES = ("tfidf.safetensors", "tfidf.json")
ABOUT_GROUPS: Manifest = {"groups": list(GROUPS)}  # in manifests: what the columns of the arrays are
STORES = ("float32", "float16", "int8")


@dataclass(frozen=True)
class Identity:
    """What decides the vectors' values. Two caches of one identity hold the same vectors, up to rounding."""

    encoder: str
    weights_sha256: str
    tokenizer_sha256: str
    pooling: str
    max_length: int
    corpus_sha256: str


@dataclass(frozen=True)
class View:
    """The vectors of one view: `vectors()[i]` belongs to article `rows[i]`.

    Attributes:
        rows: (n_rows,) row numbers of articles, ascending.
        stored: (n_rows, dim) float32, float16 or int8.
        scales: (n_rows,) float32 with int8, else None.
        tfidf_scores: (n_rows, n_groups) float16.
    """

    rows: NDArray[np.intp]
    stored: NDArray[Any]
    scales: NDArray[np.float32] | None
    tfidf_scores: NDArray[np.float16]

    def vectors(self, places: NDArray[np.intp] | slice = slice(None)) -> NDArray[np.float32]:
        """The vectors at these places of `rows`, (n, dim) float32."""
        vectors = np.asarray(self.stored[places], dtype=np.float32)
        return vectors if self.scales is None else vectors * self.scales[places, None]

    def unit_vectors(self, places: NDArray[np.intp] | slice = slice(None)) -> NDArray[np.float32]:
        """The same at length one, (n, dim) float32."""
        return l2_normalize(self.vectors(places))

    def of(
        self, articles: NDArray[np.intp], unit_length: bool = True
    ) -> tuple[NDArray[np.intp], NDArray[np.float32], NDArray[np.float16]]:
        """Those of `articles` (row numbers) that this view has, ascending, their vectors and their TF-IDF scores."""
        places = np.flatnonzero(np.isin(self.rows, articles))
        vectors = self.unit_vectors(places) if unit_length else self.vectors(places)
        return self.rows[places], vectors, self.tfidf_scores[places]


@dataclass(frozen=True)
class Cache:
    """A cache opened for reading.

    Attributes:
        folder: Where it is.
        manifest: How it was made.
        views: Of those that were asked for and are there.
        targets: (n_articles, n_groups) float32, soft targets.
        primary: (n_articles,) uint8, places in GROUPS.
        ids: Of the same articles in the same order, as are the two below.
        categories: Separated by spaces, the primary first.
        dates: As the corpus has them.
    """

    folder: Path
    manifest: Manifest
    views: dict[str, View]
    targets: NDArray[np.float32]
    primary: NDArray[np.uint8]
    ids: list[str]
    categories: list[str]
    dates: list[str]

    @property
    def dim(self) -> int:
        return int(self.manifest["dim"])

    @cached_property
    def split(self) -> dict[str, NDArray[np.intp]]:
        """Row numbers of each split; hashing every id takes a moment, so it is kept."""
        return split_rows(self.ids)

    @property
    def identity(self) -> Identity:
        return Identity(**self.manifest["identity"])


def open_cache(folder: Path, views: Sequence[str] = VIEWS) -> Cache:
    """Open what `embed.py` made, after checking every file against the manifest.

    Args:
        folder: artifacts/<encoder>.
        views: Those to open, of those it has; all but "both" take the time of hashing every id.

    Raises:
        SphereError: a file is missing or wrong; it names the file and the command that makes it anew.
    """
    hint = rebuild_hint(folder)
    manifest = read_manifest(folder / MANIFEST, hint, ABOUT_GROUPS)
    try:
        require_listed(folder / MANIFEST, manifest, files_of(manifest["views"], manifest["store"]), hint)
        articles = read_json(folder / "articles.json", hint)
        cache = Cache(
            folder=folder,
            manifest=manifest,
            views={
                name: _open_view(folder, name, articles["ids"], manifest, hint)
                for name in manifest["views"]
                if name in views
            },
            targets=read_array(folder / "targets.npy", hint),
            primary=read_array(folder / "primary.npy", hint),
            ids=articles["ids"],
            categories=articles["categories"],
            dates=articles["dates"],
        )
        _check_shapes(cache, hint)
        _ = cache.identity  # whose fields must be the known ones
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        raise SphereError(f"{folder / MANIFEST} does not fit the files beside it ({e!r}): {hint}.") from e
    return cache


def rebuild_hint(folder: Path) -> str:
    """What makes a damaged cache anew, for the end of a sentence."""
    return f"run `python embed.py CORPUS --encoder {as_option(folder.name)} --overwrite`"


def files_of(views: Sequence[str], store: str) -> list[str]:
    """The names of all files that a cache of these views has, beside its manifest.

    >>> files_of(["both"], "int8")[:4]
    ['both.npy', 'both_tfidf.npy', 'both_scales.npy', 'targets.npy']
    """
    kinds = ("", "_tfidf", "_scales") if store == "int8" else ("", "_tfidf")
    others = ("targets.npy", "primary.npy", "articles.json", *TFIDF_FILES)
    return [*(f"{view}{kind}.npy" for view in views for kind in kinds), *others]


def _open_view(folder: Path, name: str, ids: list[str], manifest: Manifest, hint: str) -> View:
    scales = read_array(folder / f"{name}_scales.npy", hint) if manifest["store"] == "int8" else None
    return View(
        rows=view_rows(ids, name, manifest["copies"]),
        stored=read_array(folder / f"{name}.npy", hint, mmap=True),
        scales=scales,
        tfidf_scores=read_array(folder / f"{name}_tfidf.npy", hint),
    )


def _check_shapes(cache: Cache, hint: str) -> None:
    """Refuse arrays that do not belong together, though each is what the manifest lists.

    Raises:
        SphereError: an array has another shape or type.
        KeyError, ValueError: the manifest itself makes no sense.
    """
    n, store = len(cache.ids), cache.manifest["store"]
    if store not in STORES:
        raise ValueError(f"vectors kept as {store}")
    wanted: list[tuple[str, NDArray[Any], tuple[int, ...], str]] = [
        ("targets", cache.targets, (n, len(GROUPS)), "float32"),
        ("primary", cache.primary, (n,), "uint8"),
    ]
    for name, view in cache.views.items():
        rows = len(view.rows)
        wanted += [
            (name, view.stored, (rows, cache.dim), store),
            (f"{name}_tfidf", view.tfidf_scores, (rows, len(GROUPS)), "float16"),
        ]
        if view.scales is not None:
            wanted.append((f"{name}_scales", view.scales, (rows,), "float32"))
    for name, array, shape, dtype in wanted:
        if (array.shape, array.dtype) != (shape, np.dtype(dtype)):
            raise SphereError(
                f"{cache.folder / name}.npy has the shape {array.shape} in {array.dtype}, expected {shape} in {dtype}: "
                f"{hint}."
            )
    for column in ("categories", "dates"):
        if len(getattr(cache, column)) != n:
            raise SphereError(f"{cache.folder / 'articles.json'} does not have {n} {column}: {hint}.")


def existing_manifest(folder: Path) -> Manifest | None:
    """The manifest of the cache in `folder`, None where there is no whole one.

    Raises:
        NewerFormatError: it is of a later version of the program.
    """
    try:
        manifest = read_manifest(folder / MANIFEST, "add --overwrite, or give another --out", ABOUT_GROUPS)
        _ = Identity(**manifest["identity"])
    except NewerFormatError:
        raise
    except (SphereError, KeyError, TypeError):
        return None
    return manifest


def load_tfidf(folder: Path, hint: str) -> TfidfModel:
    """The TF-IDF model that `spheres.embeddings.cache_writer.save_tfidf` wrote.

    Raises:
        SphereError: its two files are damaged, or not of one model.
    """
    arrays = read_safetensors(folder / "tfidf.safetensors", hint)
    terms = read_json(folder / "tfidf.json", hint)
    n = len(terms) if isinstance(terms, list) else None  # which is no array's length
    shapes = {"term_weights": (n,), "weights": (n, len(GROUPS)), "bias": (len(GROUPS),)}
    if {name: array.shape for name, array in arrays.items()} != shapes:
        raise SphereError(f"{folder / 'tfidf.safetensors'} does not fit tfidf.json: {hint}.")
    return TfidfModel(tuple(map(str, terms)), **arrays)
