"""What lies around an article among the cached ones: its nearest, and its place on the map of all.

    surroundings = Surroundings.open(artifacts / classifier.name, classifier.bundle)
    surroundings.nearest(classification)       # ten neighbours
    surroundings.place(classification)         # (x, y) on the map

The page asks here with a classification in hand and need not know what a vector is.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spheres.data.corpus import Corpus
from spheres.data.taxonomy import GROUPS
from spheres.embeddings.cache import MANIFEST, Cache, open_cache
from spheres.inference.classifier import Classification
from spheres.inference.neighbors import Neighbor, NeighborIndex, read_titles
from spheres.model import projection as atlas
from spheres.model.bundle import Bundle

Place = tuple[float, float]  # from the left and from the top of the map, each in [0, 1]


class Surroundings:
    """A cache made ready for questions. `n_articles` is how many articles it holds."""

    def __init__(self, cache: Cache, map_of: atlas.Projection, titles: Mapping[str, str]) -> None:
        self.neighbours = NeighborIndex.of(cache, titles)
        self.projection = map_of
        self.primary = cache.primary
        self.n_articles = len(cache.ids)

    @classmethod
    def open(cls, folder: Path, bundle: Bundle, corpus: Path | None = None) -> "Surroundings | None":
        """Open the cache that the head was trained from; None where it is not there any more.

        corpus : the file it was embedded from, which has the titles
        raises : SphereError where cache or corpus is damaged, or not the one that belongs here
        """
        if not (folder / MANIFEST).is_file():
            return None
        cache = open_cache(folder, ["both"])
        bundle.check_cache(cache)
        titles = read_titles(Corpus(corpus, labelled=False), cache.ids) if corpus else {}
        return cls(cache, bundle.projection, titles)

    def nearest(self, classification: Classification) -> list[Neighbor]:
        """The ten most similar cached articles, the nearest first."""
        return self.neighbours.nearest(_vector(classification))

    def place(self, classification: Classification) -> Place:
        """Where this article stands on the map."""
        x, y = self.projection.transform(_vector(classification)[None])[0]
        return float(x), float(y)

    def places_of(self, neighbours: Sequence[Neighbor]) -> list[Place]:
        """Where these cached articles stand."""
        return [(float(x), float(y)) for x, y in self._places[[n.row for n in neighbours]]]

    def group_of(self, neighbour: Neighbor) -> str:
        """The primary group of a cached article."""
        return GROUPS[self.primary[neighbour.row]]

    @cached_property
    def picture(self) -> bytes:
        """A PNG of all cached articles, a dot each; drawn when first asked for."""
        return atlas.picture(self._places, self.primary)

    @cached_property
    def middles(self) -> dict[str, Place]:
        """Where each group's name stands on the map."""
        return atlas.middles(self._places, self.primary)

    @cached_property
    def _places(self) -> NDArray[np.float32]:
        parts = np.array_split(self.neighbours.vectors, 16)  # at once, BLAS would keep 40 MB of buffers
        return np.concatenate([self.projection.transform(part) for part in parts])  # (n_articles, 2)


def _vector(classification: Classification) -> NDArray[np.float32]:
    if classification.vector is None:
        raise ValueError("this classification does not know its vector")
    return classification.vector
