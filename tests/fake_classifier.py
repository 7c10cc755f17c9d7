"""A classifier that answers in microseconds, for tests of what stands around one."""

import hashlib
from collections.abc import Sequence

import numpy as np

from spheres.data.taxonomy import GROUPS
from spheres.inference.classifier import Classification
from spheres.model.measured_sets import MeasuredSets

WINDOW = 254  # words that it reads, as many as the bundled encoder reads tokens


class FakeClassifier:
    """Probabilities drawn from the text's hash: the same text has the same answer, another text another one."""

    name = "fake"
    n_articles = 1000
    codes: tuple[str, ...] = ()
    measured = MeasuredSets({})

    def classify(self, title: str, abstract: str) -> Classification:
        seed = hashlib.sha256(" ".join(f"{title} | {abstract}".split()).encode("utf-8", "replace")).digest()
        probabilities = np.random.default_rng(list(seed)).dirichlet(np.full(len(GROUPS), 0.3))
        n_words = len(title.split()) + len(abstract.split())
        return Classification(tuple(probabilities.tolist()), n_words, min(n_words, WINDOW))

    def classify_many(self, texts: Sequence[tuple[str, str]]) -> list[Classification]:
        return [self.classify(*text) for text in texts]

    def identity(self) -> dict[str, str]:
        return {"encoder": self.name}
