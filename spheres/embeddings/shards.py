"""Shards: some thousand articles that an engine computes at a stretch, and that an interruption may cost at most.

    shards = Shards(corpus, rows, folds, size=2048, wanted=frozenset({0, 2}), tfidf=tfidf)
    for embedded in engine.run(shards): ...

A shard is the same texts in the same order whoever reads it, here or on another machine, so its vectors are the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from spheres.data.corpus import Corpus
from spheres.data.text import Text
from spheres.data.views import shown_in
from spheres.embeddings.job import Advance
from spheres.embeddings.out_of_fold import OutOfFoldTfidf
from spheres.encoder.encoder import Encoder


@dataclass(frozen=True)
class EmbeddedShard:
    """What is computed of a shard, in the order of its texts."""

    number: int
    vectors: NDArray[np.float32]  # (n_texts, dim)
    scores: NDArray[np.float32]  # (n_texts, n_groups), of the TF-IDF model


@dataclass(frozen=True)
class Shards:
    """A corpus in shards of `size` articles, of which some are wanted; the last one may have fewer."""

    corpus: Corpus
    rows: Mapping[str, NDArray[np.intp]]  # view -> row numbers of the articles that are embedded under it, ascending
    folds: NDArray[np.int8]  # (n_articles,) the fold of an article that the TF-IDF model learns from; -1 for the others
    size: int
    wanted: frozenset[int]  # numbers of the shards that are still to be computed
    tfidf: OutOfFoldTfidf

    def span(self, view: str, number: int) -> slice:
        """Which of a view's rows belong to a shard."""
        first, last = np.searchsorted(self.rows[view], [number * self.size, (number + 1) * self.size])
        return slice(int(first), int(last))

    def n_texts(self, number: int) -> int:
        """How many texts a shard has, over all views."""
        spans = (self.span(view, number) for view in self.rows)
        return sum(span.stop - span.start for span in spans)

    def read(self) -> Iterator[tuple[int, list[Text]]]:
        """Number and articles' texts of each wanted shard; the file is not read beyond the last of them."""
        articles = iter(self.corpus)
        for number in range(max(self.wanted, default=-1) + 1):
            read = islice(articles, self.size)
            if number in self.wanted:
                yield number, [article.text for article in read]
            else:
                next(islice(read, self.size, None), None)  # skipped

    def texts(self, number: int, articles: Sequence[Text]) -> tuple[list[Text], NDArray[np.int8]]:
        """A shard's texts, view after view, with the fold of each: all articles whole, then the single parts."""
        texts, rows = [], [self.rows[view][self.span(view, number)] for view in self.rows]
        for view, some in zip(self.rows, rows, strict=True):
            texts += [shown_in(articles[row], view) for row in some - number * self.size]
        return texts, self.folds[np.concatenate(rows)]

    def compute(self, number: int, texts: Sequence[Text], encoder: Encoder, advance: Advance = bool) -> EmbeddedShard:
        """Vectors and scores of a shard; all its views go to the encoder together, so that its batches are full."""
        shown, folds = self.texts(number, texts)
        vectors = encoder.encode(encoder.tokenize(shown), advance)
        return EmbeddedShard(number, vectors, self.tfidf.scores(shown, folds))
