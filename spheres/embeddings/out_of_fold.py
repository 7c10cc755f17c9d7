"""Out-of-fold TF-IDF scores: no article is scored by a model that was fitted on it (stacked generalisation).

The head is trained on the scores of its own training articles. From a model that has seen them they would be too good,
and the head would learn to trust them too much. So the articles that the model learns from fall into folds; each fold
is scored by a model fitted on the others, and every other article by the one fitted on all: what the head meets in
training is what it meets later (D. H. Wolpert, "Stacked generalization", Neural Networks 5, 1992).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from spheres.data.taxonomy import GROUPS
from spheres.data.text import Text
from spheres.embeddings.tfidf import TfidfModel, count_terms, fit_tfidf
from spheres.files.atomic import as_json, as_safetensors

N_FOLDS = 5


@dataclass(frozen=True)
class OutOfFoldTfidf:
    """TF-IDF models over the same terms."""

    model: TfidfModel  # fitted on all folds; for articles in none of them, new ones included
    held_out: Mapping[int, TfidfModel]  # fold -> the model fitted on the others; none where there is only one fold

    def scores(self, texts: Sequence[Text], folds: NDArray[np.integer]) -> NDArray[np.float32]:
        """Score texts, each by a model that was not fitted on it.

        Args:
            folds: (n_texts,) the fold of each; -1 for none.

        Returns:
            (n_texts, n_groups) float32, as `TfidfModel.scores`.
        """
        scores = np.empty((len(texts), len(GROUPS)), np.float32)
        for fold in np.unique(folds).tolist():
            places = np.flatnonzero(folds == fold)
            scores[places] = self.held_out.get(fold, self.model).scores([texts[place] for place in places.tolist()])
        return scores

    def to_bytes(self) -> bytes:
        """All models as one safetensors file, for `from_bytes`."""
        models = [self.model, *self.held_out.values()]
        arrays = {name: np.stack([getattr(m, name) for m in models]) for name in ("term_weights", "weights", "bias")}
        terms = np.frombuffer(as_json(list(self.model.terms)), np.uint8)
        return as_safetensors({**arrays, "terms": terms, "folds": np.array([*self.held_out], np.int8)})

    @classmethod
    def from_bytes(cls, content: bytes) -> "OutOfFoldTfidf":
        """What `to_bytes` was called on."""
        arrays = safetensors.numpy.load(content)
        terms = tuple(json.loads(arrays["terms"].tobytes()))
        parts = zip(arrays["term_weights"], arrays["weights"], arrays["bias"], strict=True)
        model, *held_out = (TfidfModel(terms, *part) for part in parts)
        return cls(model, dict(zip(arrays["folds"].tolist(), held_out, strict=True)))


def fit_out_of_fold(texts: Sequence[Text], targets: NDArray[np.floating], folds: NDArray[np.integer]) -> OutOfFoldTfidf:
    """Fit a model on all texts, and one without each fold.

    Args:
        targets: (n_texts, n_groups), each row summing to 1.
        folds: (n_texts,) the fold of each, from 0.
    """
    counts = count_terms(texts)
    model = fit_tfidf(counts, targets)
    others = {fold: np.flatnonzero(folds != fold) for fold in np.unique(folds).tolist()}
    held_out = {fold: fit_tfidf(counts.of(rows), targets[rows]) for fold, rows in others.items() if len(rows)}
    return OutOfFoldTfidf(model, held_out)
