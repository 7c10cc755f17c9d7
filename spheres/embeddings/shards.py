"""Texts in shards: what an engine turns into vectors at a stretch, and what an interruption may cost at most.

    for number, texts in Shards(corpus, "title", rows, size=4096, wanted=frozenset({0, 2})): ...

A shard is the same texts in the same order whoever reads it, here or on another machine, so its vectors are the same.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from spheres.data.corpus import Corpus
from spheres.data.text import Text
from spheres.data.views import texts_of

T = TypeVar("T")


@dataclass(frozen=True)
class Shards:
    """Those shards of one view of a corpus that are wanted; read as a stream, any number of times.

    rows   : (n_rows,) the articles that the view is embedded of, ascending
    size   : texts in a shard; the last one may have fewer
    wanted : numbers of the shards that are still to be embedded
    """

    corpus: Corpus
    view: str
    rows: NDArray[np.intp]
    size: int
    wanted: frozenset[int]

    def __iter__(self) -> Iterator[tuple[int, list[Text]]]:
        """Number and texts of each wanted shard."""
        if not self.wanted:
            return  # not even the file is opened
        for number, texts in enumerate(in_shards(texts_of(self.corpus, self.rows, self.view), self.size)):
            if number in self.wanted:
                yield number, texts

    def length(self, number: int) -> int:
        """How many texts this shard has."""
        return len(self.rows[number * self.size : (number + 1) * self.size])


def in_shards(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of `size` items, the last one shorter.

    >>> list(in_shards("abcde", 2))
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    iterator = iter(items)
    while shard := list(islice(iterator, size)):
        yield shard
