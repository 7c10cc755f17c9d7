"""Embedding cache: a corpus's vectors and TF-IDF scores as arrays, computed once, read by training and search.

    artifacts/<encoder>/
        manifest.json       encoder, hashes of weights and tokenizer, pooling, maximum length, corpus, counts, versions
        both.npy            (n_articles, dim) vectors of title and abstract together
        title.npy           (n_rows, dim) of the title alone, for the articles that `view_rows` names
        abstract.npy        (n_rows, dim) of the abstract alone, likewise
        *_scales.npy        (n_rows,) float32, where vectors are kept as int8: vector = int8 * scale
        *_tfidf.npy         (n_rows, 8) float16 TF-IDF scores, out of fold for training articles
        tfidf.*             the model that gives these scores to new articles
        articles.json.xz    ids, categories, dates and titles, in the same order

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
from spheres.data.taxonomy import GROUPS, primary_group, soft_target
from spheres.data.views import VIEWS, view_rows
from spheres.embeddings.tfidf import TfidfModel
from spheres.embeddings.vectors import l2_normalize
from spheres.encoder.hub import as_option
from spheres.errors import SphereError
from spheres.files.atomic import as_json, as_safetensors, read_array, read_json, read_safetensors
from spheres.files.manifest import Manifest, NewerFormatError, read_manifest, require_listed

MANIFEST, ARTICLES = "manifest.json", "articles.json.xz"
COLUMNS = ("ids", "categories", "dates", "titles")  # of ARTICLES
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
    """The vectors of one view: `vectors()[i]` belongs to article `rows[i]`."""

    rows: NDArray[np.intp]  # (n_rows,) row numbers of articles, ascending
    stored: NDArray[Any]  # (n_rows, dim) float32, float16 or int8
    scales: NDArray[np.float32] | None  # (n_rows,) with int8
    tfidf_scores: NDArray[np.float16]  # (n_rows, n_groups)

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
    """A cache opened for reading; its articles are in the corpus's order everywhere."""

    folder: Path
    manifest: Manifest
    identity: Identity
    dim: int  # of a vector
    views: dict[str, View]  # of those that were asked for, the ones that are there
    ids: list[str]
    categories: list[str]  # of an article separated by spaces, the primary first
    dates: list[str]  # as the corpus has them
    titles: list[str]  # plain; empty where an article has none

    @property
    def targets(self) -> NDArray[np.float32]:
        """Soft targets, (n_articles, n_groups)."""
        return self._labels[0]

    @property
    def primary(self) -> NDArray[np.uint8]:
        """The primary groups' places in GROUPS, (n_articles,)."""
        return self._labels[1]

    @cached_property
    def _labels(self) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        try:
            return label_arrays(self.categories)
        except ValueError as e:
            raise SphereError(f"{self.folder / ARTICLES} has an article with {e}: {rebuild_hint(self.folder)}.") from e

    @cached_property
    def split(self) -> dict[str, NDArray[np.intp]]:
        """Row numbers of each split; hashing every id takes a moment, so it is kept."""
        return split_rows(self.ids)


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

    def read(name: str, shape: tuple[int, ...], dtype: str, mmap: bool = False) -> NDArray[Any]:
        array = read_array(folder / f"{name}.npy", hint, mmap)
        if (array.shape, array.dtype) != (shape, np.dtype(dtype)):
            raise SphereError(
                f"{folder / name}.npy has the shape {array.shape} in {array.dtype}, expected {shape} in {dtype}: "
                f"{hint}."
            )
        return array

    try:
        store, dim, groups = manifest["store"], int(manifest["dim"]), len(GROUPS)
        if store not in STORES:
            raise ValueError(f"vectors kept as {store}")
        require_listed(folder / MANIFEST, manifest, files_of(manifest["views"], store), hint)
        articles = read_json(folder / ARTICLES, hint)
        ids = articles["ids"]
        for column in COLUMNS:
            if len(articles[column]) != len(ids):
                raise SphereError(f"{folder / ARTICLES} does not have {len(ids)} {column}: {hint}.")
        cache = Cache(
            folder=folder,
            manifest=manifest,
            identity=Identity(**manifest["identity"]),
            dim=dim,
            views={},
            **{column: articles[column] for column in COLUMNS},
        )
        for view in [view for view in manifest["views"] if view in views]:
            rows = np.arange(len(ids)) if view == "both" else view_rows(cache.split, view, manifest["copies"])
            cache.views[view] = View(
                rows,
                stored=read(view, (len(rows), dim), store, mmap=True),
                scales=read(f"{view}_scales", (len(rows),), "float32") if store == "int8" else None,
                tfidf_scores=read(f"{view}_tfidf", (len(rows), groups), "float16"),
            )
        return cache
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        raise SphereError(f"{folder / MANIFEST} does not fit the files beside it ({e!r}): {hint}.") from e


def rebuild_hint(folder: Path) -> str:
    """What makes a damaged cache anew, for the end of a sentence."""
    return f"run `python embed.py CORPUS --encoder {as_option(folder.name)} --overwrite`"


def files_of(views: Sequence[str], store: str) -> list[str]:
    """The names of all files that a cache of these views has, beside its manifest.

    >>> files_of(["both"], "int8")[:4]
    ['both.npy', 'both_tfidf.npy', 'both_scales.npy', 'articles.json.xz']
    """
    kinds = ("", "_tfidf", "_scales") if store == "int8" else ("", "_tfidf")
    return [*(f"{view}{kind}.npy" for view in views for kind in kinds), ARTICLES, *TFIDF_FILES]


def label_arrays(categories: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Soft targets, and the places in GROUPS of the primary groups.

    Args:
        categories: (n_articles,), of an article separated by spaces, the primary first.

    Returns:
        (n_articles, n_groups) and (n_articles,).

    Raises:
        ValueError: An article has no category that arXiv has.

    >>> targets, primary = label_arrays(["cs.LG stat.ML", "math.CO"])
    >>> targets[:, :6].tolist(), primary.tolist()
    ([[0.0, 0.0, 0.5, 0.0, 0.0, 0.5], [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]], [2, 1])
    """
    place_of = {line: place for place, line in enumerate(dict.fromkeys(categories))}  # each is computed once
    places = np.fromiter(map(place_of.__getitem__, categories), np.intp)
    distinct = [line.split() for line in place_of]
    targets = np.array([soft_target(listed) for listed in distinct], np.float32).reshape(-1, len(GROUPS))
    primary = np.fromiter((GROUPS.index(primary_group(listed)) for listed in distinct), np.uint8)
    return targets[places], primary[places]


def existing_manifest(folder: Path) -> Manifest | None:
    """The manifest of the cache in `folder`, None where there is no whole one; a later version's is refused."""
    path, hint = folder / MANIFEST, "add --overwrite, or give another --out"
    try:
        manifest = read_manifest(path, hint, ABOUT_GROUPS)
        require_listed(path, manifest, files_of(manifest["views"], manifest["store"]), hint)
        _ = Identity(**manifest["identity"])
    except NewerFormatError:
        raise
    except (SphereError, KeyError, TypeError):
        return None
    return manifest


def tfidf_files(model: TfidfModel) -> dict[str, bytes]:
    """Name -> content of the two files of a TF-IDF model, for `load_tfidf`."""
    arrays = {name: getattr(model, name) for name in ("term_weights", "weights", "bias")}
    return {"tfidf.safetensors": as_safetensors(arrays), "tfidf.json": as_json(list(model.terms))}


def load_tfidf(folder: Path, hint: str) -> TfidfModel:
    """The TF-IDF model of these files; a SphereError where they are damaged, or not of one model."""
    arrays = read_safetensors(folder / "tfidf.safetensors", hint)
    terms = read_json(folder / "tfidf.json", hint)
    n = len(terms) if isinstance(terms, list) else None  # which is no array's length
    shapes = {"term_weights": (n,), "weights": (n, len(GROUPS)), "bias": (len(GROUPS),)}
    if {name: array.shape for name, array in arrays.items()} != shapes:
        raise SphereError(f"{folder / 'tfidf.safetensors'} does not fit tfidf.json: {hint}.")
    return TfidfModel(tuple(map(str, terms)), **arrays)
