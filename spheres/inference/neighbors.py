"""The cached articles most like a new one: exact search over all of them, by one product of matrices.

    neighbours = NeighborIndex.of(open_cache(folder))
    neighbours.nearest(vector)        # ten, the most similar first

Similarity is the cosine between the encoder's vectors. A search over 40,000 articles takes about 4 ms and holds 1.5 KB
of memory for each of them, so some millions fit a usual machine.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spheres.data.arxiv_id import base_id
from spheres.data.corpus import Corpus
from spheres.embeddings.cache import Cache
from spheres.embeddings.vectors import l2_normalize
from spheres.errors import SphereError

N_NEAREST = 10

_ARXIV_ID = re.compile(r"(\d{4}\.\d{4,5}|[a-z-]+(\.[A-Z]{2})?/\d{7})(v\d+)?", re.ASCII)


@dataclass(frozen=True)
class Neighbor:
    """A cached article near the one asked about.

    row        : its row in the cache
    similarity : the cosine between the two vectors, from -1 to 1
    title      : empty where the corpus is not at hand
    """

    row: int
    id: str
    similarity: float
    categories: str
    date: str
    title: str = ""

    @property
    def link(self) -> str:
        """Its page at arXiv; empty for an id of another kind.

        >>> Neighbor(0, "hep-th/9711200", 0.9, "hep-th", "1997-11-27").link
        'https://arxiv.org/abs/hep-th/9711200'
        """
        return f"https://arxiv.org/abs/{self.id}" if _ARXIV_ID.fullmatch(self.id) else ""


class NeighborIndex:
    """A searchable cache. `titles` maps ids to titles, as far as they are known."""

    def __init__(
        self,
        vectors: NDArray[np.floating],
        ids: Sequence[str],
        categories: Sequence[str],
        dates: Sequence[str],
        titles: Mapping[str, str],
    ) -> None:
        self.vectors = l2_normalize(vectors).astype(np.float32, copy=False)  # (n_articles, dim)
        self.ids, self.categories, self.dates, self.titles = ids, categories, dates, titles

    @classmethod
    def of(cls, cache: Cache, titles: Mapping[str, str] | None = None) -> "NeighborIndex":
        """All articles of a cache, whole."""
        return cls(cache.views["both"].vectors(), cache.ids, cache.categories, cache.dates, titles or {})

    def nearest(self, vector: NDArray[np.floating], n: int = N_NEAREST) -> list[Neighbor]:
        """The `n` most similar articles, the nearest first; equally near ones in the cache's order.

        vector : (dim,) from the encoder
        """
        similarities = self.vectors @ l2_normalize(vector[None])[0].astype(np.float32)  # (n_articles,)
        n = min(n, len(similarities))
        worst = np.partition(similarities, -n)[-n]
        candidates = np.flatnonzero(similarities >= worst)  # more than n where several are as near as the last
        rows = candidates[np.argsort(-similarities[candidates], kind="stable")][:n]
        return [self._neighbour(int(row), float(similarities[row])) for row in rows]

    def _neighbour(self, row: int, similarity: float) -> Neighbor:
        id = self.ids[row]
        return Neighbor(row, id, similarity, self.categories[row], self.dates[row], self.titles.get(base_id(id), ""))


def read_titles(corpus: Corpus, ids: Sequence[str]) -> dict[str, str]:
    """Titles of the cached articles, by their ids, out of the corpus that they came from; takes seconds.

    raises : SphereError where the file holds none of them
    """
    wanted = {base_id(id) for id in ids}
    titles = {base_id(a.id): a.title for a in corpus if base_id(a.id) in wanted}
    if not titles:
        raise SphereError(
            f"{corpus.path} holds none of the {len(wanted):,} cached articles: give the file they were embedded from."
        )
    return titles
