"""The corpus as the encoder sees it, computed once and kept as arrays.

    artifacts/<encoder>/
        manifest.json       encoder, its weights' sha256, pooling, maximum length, corpus fingerprint, counts, versions
        both.npy            (n_articles, dim) vectors of title and abstract together
        title.npy           (n_rows, dim) of the title alone, for the articles that `view_rows` names
        abstract.npy        (n_rows, dim) of the abstract alone, likewise
        *_scales.npy        (n_rows,) float32, where vectors are kept as int8: vector = int8 * scale
        *_lexical.npy       (n_rows, 8) float16 scores of the article's words, out of fold for training articles
        lexicon.*           the model that gives these scores to new articles
        targets.npy         (n_articles, 8) float32, soft targets
        primary.npy         (n_articles,) uint8, the primary group's place in GROUPS
        articles.json       ids, categories and dates, in the same order

While it is being made, whole shards wait in artifacts/<encoder>.partial/; a run that was interrupted goes on from them.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spheres.artifacts import (
    Manifest,
    read_array,
    read_json,
    read_manifest,
    read_safetensors,
    write_array,
    write_json,
    write_manifest,
    write_rows,
    write_safetensors,
)
from spheres.corpus import Article
from spheres.errors import SphereError
from spheres.groups import GROUPS, primary_group, soft_target
from spheres.lexical import Lexicon
from spheres.split import split_rows
from spheres.views import COPIES, VIEWS, view_rows

MANIFEST = "manifest.json"
STORES = ("float32", "float16", "int8")


@dataclass(frozen=True)
class Identity:
    """What decides the vectors' values. Two caches of one identity hold the same vectors, up to rounding."""

    encoder: str
    weights_sha256: str
    pooling: str
    max_length: int
    corpus_sha256: str


@dataclass(frozen=True)
class View:
    """The vectors of one view: `vectors()[i]` belongs to article `rows[i]`."""

    rows: NDArray[np.intp]  # (n_rows,), ascending
    stored: NDArray[Any]  # (n_rows, dim) float32, float16 or int8
    scales: NDArray[np.float32] | None  # (n_rows,), with int8
    lexical: NDArray[np.float16]  # (n_rows, n_groups)

    def vectors(self, places: NDArray[np.intp] | slice = slice(None)) -> NDArray[np.float32]:
        """The vectors at these places of `rows`, (n, dim) float32."""
        vectors = np.asarray(self.stored[places], dtype=np.float32)
        return vectors if self.scales is None else vectors * self.scales[places, None]

    def of(self, articles: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.float32], NDArray[np.float16]]:
        """Those of `articles` (row numbers) that this view has, ascending, their vectors and their lexical scores."""
        places = np.flatnonzero(np.isin(self.rows, articles))
        return self.rows[places], self.vectors(places), self.lexical[places]


@dataclass(frozen=True)
class Cache:
    """A cache opened for reading. `targets`, `primary` and the lists hold the same articles in the same order."""

    folder: Path
    manifest: Manifest
    views: dict[str, View]
    targets: NDArray[np.float32]  # (n_articles, n_groups)
    primary: NDArray[np.uint8]  # (n_articles,)
    ids: list[str]
    categories: list[str]
    dates: list[str]

    @property
    def dim(self) -> int:
        return int(self.manifest["dim"])

    @cached_property
    def split(self) -> dict[str, NDArray[np.intp]]:
        """Row numbers of each split; hashing every id takes a moment, so it is done once."""
        return split_rows(self.ids)

    @property
    def identity(self) -> Identity:
        return Identity(**self.manifest["identity"])


def open_cache(folder: Path, views: Sequence[str] = VIEWS) -> Cache:
    """Open what `embed.py` made, after checking every file against the manifest.

    views  : those to open, of those it has; all but "both" take the time of hashing every id
    raises : SphereError naming the file that is wrong and the command that makes it anew
    """
    remedy = f"run `python embed.py CORPUS --encoder {folder.name} --overwrite`"
    manifest = read_manifest(folder / MANIFEST, remedy)
    articles = read_json(folder / "articles.json", remedy)
    cache = Cache(
        folder=folder,
        manifest=manifest,
        views={
            name: _open_view(folder, name, articles["ids"], manifest, remedy)
            for name in manifest["views"]
            if name in views
        },
        targets=read_array(folder / "targets.npy", remedy),
        primary=read_array(folder / "primary.npy", remedy),
        ids=articles["ids"],
        categories=articles["categories"],
        dates=articles["dates"],
    )
    n = len(cache.ids)
    for name, found, expected in (
        ("targets", cache.targets.shape, (n, len(GROUPS))),
        ("primary", cache.primary.shape, (n,)),
        *((name, view.stored.shape, (len(view.rows), cache.dim)) for name, view in cache.views.items()),
    ):
        if found != expected:
            raise SphereError(f"{folder / name}.npy has the shape {found}, expected {expected}: {remedy}.")
    return cache


def _open_view(folder: Path, name: str, ids: list[str], manifest: Manifest, remedy: str) -> View:
    scales = read_array(folder / f"{name}_scales.npy", remedy) if manifest["store"] == "int8" else None
    return View(
        rows=view_rows(ids, name, manifest["copies"]),
        stored=read_array(folder / f"{name}.npy", remedy, mmap=True),
        scales=scales,
        lexical=read_array(folder / f"{name}_lexical.npy", remedy),
    )


def existing_identity(folder: Path) -> Identity | None:
    """The identity of the cache in `folder`, None where there is no whole one."""
    try:
        manifest = read_manifest(folder / MANIFEST, "")
        return Identity(**manifest["identity"])
    except (SphereError, KeyError, TypeError):
        return None


def save_lexicon(folder: Path, lexicon: Lexicon) -> list[str]:
    """Write a lexicon's two files and return their names."""
    arrays: dict[str, NDArray[Any]] = {
        "salience": lexicon.salience,
        "weights": lexicon.weights,
        "bias": lexicon.bias,
    }
    write_safetensors(folder / "lexicon.safetensors", arrays)
    write_json(folder / "lexicon.json", list(lexicon.terms))
    return ["lexicon.safetensors", "lexicon.json"]


def load_lexicon(folder: Path, remedy: str) -> Lexicon:
    """The lexicon that `save_lexicon` wrote."""
    arrays = read_safetensors(folder / "lexicon.safetensors", remedy)
    return Lexicon(tuple(read_json(folder / "lexicon.json", remedy)), **arrays)


def quantize(vectors: NDArray[np.floating]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Each vector as whole numbers from -127 to 127 and one scale: off by at most half a step, its largest/254.

    vectors : (n, dim)
    returns : (n, dim) int8 and (n,) float32; vector = int8 * scale

    >>> quantize(np.array([[1.0, -0.5, 0.0]]))[0].tolist()
    [[127, -64, 0]]
    """
    scales = np.maximum(np.abs(vectors).max(axis=1), np.finfo(np.float32).tiny).astype(np.float32) / 127
    return np.rint(vectors / scales[:, None]).astype(np.int8), scales


class CacheWriter:
    """Collects shards of vectors and, when all are there, puts the whole cache in place.

    folder   : where the cache is to be, artifacts/<encoder>
    identity : shards left behind by an interrupted run are used only where theirs is the same
    store    : how vectors are kept: float32, float16 (half the size) or int8 with a scale each (a quarter)
    copies   : of which training articles single parts are kept, see `spheres.views`
    """

    def __init__(
        self,
        folder: Path,
        identity: Identity,
        precision: str,
        store: str,
        shard_size: int,
        copies: Mapping[str, int] = COPIES,
    ) -> None:
        self.folder = folder
        self.partial = folder.with_name(folder.name + ".partial")
        self.identity = identity
        self.precision = precision
        self.store = store
        self.copies = dict(copies)
        plan = {
            "identity": asdict(identity),
            "precision": precision,
            "shard_size": shard_size,
            "copies": self.copies,
        }
        plan_file = self.partial / "plan.json"
        if not plan_file.is_file() or read_json(plan_file, f"remove {self.partial}") != plan:
            shutil.rmtree(self.partial, ignore_errors=True)
            write_json(plan_file, plan)

    def _shard(self, view: str, number: int) -> Path:
        return self.partial / f"{view}-{number:05}.npy"

    def has(self, view: str, number: int) -> bool:
        """Whether this shard is whole already. A shard is renamed into place, so if it is there, it is whole."""
        return self._shard(view, number).is_file()

    def add(self, view: str, number: int, vectors: NDArray[np.float32]) -> None:
        """Keep one shard of vectors, (n, dim)."""
        write_array(self._shard(view, number), vectors)

    def _write_view(self, view: str, n_rows: int, n_shards: int) -> list[str]:
        """Join a view's shards, one at a time in memory, and return the names of the files."""
        scales: list[NDArray[np.float32]] = []

        def stored() -> Iterator[NDArray[Any]]:
            for number in range(n_shards):
                vectors = self._read(view, number)
                if self.store == "int8":
                    vectors, scale = quantize(vectors)
                    scales.append(scale)
                yield vectors

        shape = (n_rows, self._read(view, 0).shape[1]) if n_shards else (0, 0)
        write_rows(self.folder / f"{view}.npy", shape, self.store, stored())
        if self.store != "int8":
            return [f"{view}.npy"]
        write_array(self.folder / f"{view}_scales.npy", np.concatenate(scales))
        return [f"{view}.npy", f"{view}_scales.npy"]

    def _read(self, view: str, number: int) -> NDArray[Any]:
        return read_array(self._shard(view, number), "run the same command again")

    def finish(
        self,
        articles: Sequence[Article],
        n_shards: dict[str, int],
        lexical: dict[str, NDArray[np.float32]],
        lexicon: Lexicon,
        fields: Manifest,
    ) -> None:
        """Put the cache in place of whatever was there; the manifest goes first and comes last.

        n_shards : view -> how many shards it has
        lexical  : view -> (n_rows, n_groups) scores
        """
        (self.folder / MANIFEST).unlink(missing_ok=True)
        names: list[str] = []
        for view, n in n_shards.items():
            names += self._write_view(view, len(lexical[view]), n)
        n_articles = len(articles)
        files: dict[str, NDArray[Any]] = {f"{view}_lexical": lexical[view].astype(np.float16) for view in n_shards}
        targets = (soft_target(a.categories) for a in articles)
        files["targets"] = np.fromiter(targets, np.dtype((np.float32, len(GROUPS))), n_articles)
        primary = (GROUPS.index(primary_group(a.categories)) for a in articles)
        files["primary"] = np.fromiter(primary, np.uint8, n_articles)
        for name, array in files.items():
            write_array(self.folder / f"{name}.npy", array)
        columns = {
            "ids": [a.id for a in articles],
            "categories": [" ".join(a.categories) for a in articles],
            "dates": [a.date for a in articles],
        }
        write_json(self.folder / "articles.json", columns)
        about = {
            "identity": asdict(self.identity),
            "precision": self.precision,
            "store": self.store,
            "copies": self.copies,
            "n_articles": n_articles,
            "dim": int(self._read("both", 0).shape[1]),
            "views": [view for view in VIEWS if view in n_shards],
        }
        names += [*(f"{name}.npy" for name in files), "articles.json", *save_lexicon(self.folder, lexicon)]
        write_manifest(self.folder / MANIFEST, {**about, **fields}, names)
        shutil.rmtree(self.partial, ignore_errors=True)
