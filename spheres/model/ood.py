"""Whether a text looks like the articles the head was trained on, or like something else altogether.

One distance (Mahalanobis) from the middle of the training articles' vectors, each at length one: directions in which
articles hardly differ from each other count the most, so a recipe, a chat or a text in another language stands far off
although its topic words may lie near. The cut leaves 1 % of held-out articles beyond it, for each view apart, since a
title alone scatters more widely than an abstract.

Lee et al. 2018 (arXiv:1807.03888) use the same distance, a middle for each class; one middle did as well here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spheres.embeddings.vectors import l2_normalize

SHRINKAGE = 0.3  # of the covariance towards a sphere: single directions with almost no variance would decide alone
FALSE_ALARMS = 0.01


@dataclass(frozen=True)
class OodDetector:
    """A fitted distance with its thresholds.

    middle  : (dim,) mean of the training vectors
    whiten  : (dim, dim) maps differences from it to units of the articles' own scatter
    thresholds    : view -> the distance beyond which a text is unfamiliar
    """

    middle: NDArray[np.float32]
    whiten: NDArray[np.float32]
    thresholds: Mapping[str, float]

    def distances(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """(n, dim) encoder's vectors -> (n,) distances; about sqrt(dim) for an article like the others."""
        return np.asarray(np.linalg.norm((l2_normalize(vectors) - self.middle) @ self.whiten, axis=1))

    def is_ood(self, vector: NDArray[np.floating], view: str) -> bool:
        """Whether the text behind this vector, (dim,), is unlike the articles of this view."""
        return bool(self.distances(vector[None])[0] > self.thresholds[view])


def fit_ood(
    training: NDArray[np.floating], held_out: Mapping[str, NDArray[np.floating]], shrinkage: float = SHRINKAGE
) -> OodDetector:
    """Fit the distance to training vectors, and the thresholds to vectors of articles that did not train.

    training : (n, dim)
    held_out : view -> (n_view, dim)
    """
    vectors = l2_normalize(training).astype(np.float64)
    middle = vectors.mean(axis=0)
    covariance = np.cov(vectors - middle, rowvar=False)
    size = np.trace(covariance) / len(covariance)
    shrunk = (1 - shrinkage) * covariance + shrinkage * size * np.eye(len(covariance))
    whiten = np.linalg.inv(np.linalg.cholesky(shrunk)).T
    fitted = OodDetector(middle.astype(np.float32), whiten.astype(np.float32), {})
    thresholds = {view: float(np.quantile(fitted.distances(v), 1 - FALSE_ALARMS)) for view, v in held_out.items()}
    return OodDetector(fitted.middle, fitted.whiten, thresholds)
