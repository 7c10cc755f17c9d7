"""Making a cache: shards of vectors, kept as they come, and at the end all arrays in their place.

`build` drives it; `leftovers` keeps what an interrupted run had done, and `cache` reads the
result and says what is in it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spheres.data.article import Article
from spheres.data.taxonomy import GROUPS, primary_group, soft_target
from spheres.data.views import VIEWS
from spheres.embeddings.cache import MANIFEST, Identity, files_of
from spheres.embeddings.tfidf import TfidfModel
from spheres.embeddings.vectors import quantize
from spheres.files.atomic import as_json, write_array, write_json, write_rows, write_safetensors
from spheres.files.leftovers import Leftovers
from spheres.files.manifest import FORMAT_VERSION, Manifest, write_manifest

WORDS = "words"  # the name of what `keep_words` keeps


def partial_of(folder: Path) -> Path:
    """Where shards wait until `folder` can be made of them."""
    return folder.with_name(folder.name + ".partial")


def save_tfidf(folder: Path, lexicon: TfidfModel) -> None:
    """Write a lexicon's two files."""
    write_safetensors(folder / "tfidf.safetensors", _arrays(lexicon))
    write_json(folder / "tfidf.json", list(lexicon.terms))


def _arrays(lexicon: TfidfModel) -> dict[str, NDArray[Any]]:
    return {"term_weights": lexicon.term_weights, "weights": lexicon.weights, "bias": lexicon.bias}


class CacheWriter:
    """Collects shards of vectors and, when all are there, puts the whole cache in place.

    folder   : where the cache is to be, artifacts/<encoder>
    identity : shards left behind by an interrupted run are used only where theirs is the same
    dim      : the vectors' length
    store    : how vectors are kept: float32, float16 (half the size) or int8 with a scale each (a quarter)
    copies   : of which training articles single parts are kept, see `spheres.data.views`
    """

    def __init__(
        self,
        folder: Path,
        identity: Identity,
        dim: int,
        precision: str,
        store: str,
        shard_size: int,
        copies: Mapping[str, int],
    ) -> None:
        self.folder = folder
        self.identity = identity
        self.dim = dim
        self.precision = precision
        self.store = store
        self.copies = dict(copies)
        plan = {
            "format_version": FORMAT_VERSION,
            "identity": asdict(identity),
            "precision": precision,
            "shard_size": shard_size,
            "copies": self.copies,
        }
        self.leftovers = Leftovers(partial_of(folder), plan)

    def has(self, view: str, number: int) -> bool:
        """Whether this shard is whole already."""
        return self.leftovers.has(_name(view, number))

    def add(self, view: str, number: int, vectors: NDArray[np.float32]) -> None:
        """Keep one shard of vectors, (n, dim)."""
        self.leftovers.add(_name(view, number), {"vectors": vectors})

    def words(self, views: Iterable[str]) -> tuple[TfidfModel, dict[str, NDArray[np.float32]]] | None:
        """The lexicon and scores that an earlier run kept, where it had them of all these views."""
        if not self.leftovers.has(WORDS):
            return None
        kept = self.leftovers.read(WORDS)
        if not all(f"scores {view}" in kept for view in views):
            return None
        terms = tuple(json.loads(kept["terms"].tobytes()))
        lexicon = TfidfModel(terms, kept["term_weights"], kept["weights"], kept["bias"])
        return lexicon, {view: kept[f"scores {view}"] for view in views}

    def keep_words(self, lexicon: TfidfModel, scores: Mapping[str, NDArray[np.float32]]) -> None:
        """Keep what took minutes to weigh; scores are (n_rows, n_groups) a view."""
        terms = np.frombuffer(as_json(list(lexicon.terms)), np.uint8)
        by_view = {f"scores {view}": array for view, array in scores.items()}
        self.leftovers.add(WORDS, {**_arrays(lexicon), "terms": terms, **by_view})

    def _write_view(self, view: str, n_rows: int, n_shards: int) -> None:
        """Join a view's shards, one at a time in memory."""
        scales = [np.empty(0, np.float32)]  # a small corpus may have no row of a view

        def stored() -> Iterator[NDArray[Any]]:
            for number in range(n_shards):
                vectors = self.leftovers.read(_name(view, number))["vectors"]
                if self.store == "int8":
                    vectors, scale = quantize(vectors)
                    scales.append(scale)
                yield vectors

        write_rows(self.folder / f"{view}.npy", (n_rows, self.dim), self.store, stored())
        if self.store == "int8":
            write_array(self.folder / f"{view}_scales.npy", np.concatenate(scales))

    def finish(
        self,
        articles: Sequence[Article],
        n_shards: dict[str, int],
        lexical: dict[str, NDArray[np.float32]],
        lexicon: TfidfModel,
        fields: Manifest,
    ) -> None:
        """Put the cache in place of whatever was there; the manifest goes first and comes last.

        n_shards : view -> how many shards it has
        lexical  : view -> (n_rows, n_groups) scores
        """
        (self.folder / MANIFEST).unlink(missing_ok=True)
        for view, n in n_shards.items():
            self._write_view(view, len(lexical[view]), n)
            write_array(self.folder / f"{view}_tfidf.npy", lexical[view].astype(np.float16))
        targets = (soft_target(a.categories) for a in articles)
        by_group = np.dtype((np.float32, len(GROUPS)))
        write_array(self.folder / "targets.npy", np.fromiter(targets, by_group))
        primary = (GROUPS.index(primary_group(a.categories)) for a in articles)
        write_array(self.folder / "primary.npy", np.fromiter(primary, np.uint8))
        columns = {
            "ids": [a.id for a in articles],
            "categories": [" ".join(a.categories) for a in articles],
            "dates": [a.date for a in articles],
        }
        write_json(self.folder / "articles.json", columns)
        save_tfidf(self.folder, lexicon)
        views = [view for view in VIEWS if view in n_shards]
        about = {
            "identity": asdict(self.identity),
            "precision": self.precision,
            "store": self.store,
            "copies": self.copies,
            "n_articles": len(articles),
            "dim": self.dim,
            "views": views,
        }
        write_manifest(self.folder / MANIFEST, {**about, **fields}, files_of(views, self.store))
        with suppress(OSError):  # the next run would do it
            for leftover in self.folder.glob("*.writing"):  # of a run that was killed
                leftover.unlink()
            self.leftovers.remove()


def _name(view: str, number: int) -> str:
    return f"{view}-{number:05}"
