"""Out-of-distribution detection: whether a text looks like the articles the head was trained on (Mahalanobis distance).

One distance from the mean of the training articles' unit vectors: directions in which articles hardly differ from each
other count the most, so a recipe, a chat or a text in another language lies far off although its topic words may lie
near. The threshold leaves 1 % of the calibration articles beyond it, for each view apart, since a title alone scatters
more widely than an abstract.

Lee et al. 2018 (arXiv:1807.03888) use the same distance with a mean for each class; one mean did as well here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

SHRINKAGE = 0.3  # of the covariance towards a sphere: single directions with almost no variance would decide alone
FALSE_ALARMS = 0.01  # share of calibration articles that the threshold leaves beyond it


@dataclass(frozen=True)
class OodDetector:
    """A fitted distance with its thresholds."""

    mean: NDArray[np.float32]  # (dim,) of the training articles' unit vectors
    whitening: NDArray[np.float32]  # (dim, dim) maps differences from the mean to units of the articles' own scatter
    thresholds: Mapping[str, float]  # view -> the distance beyond which a text is out of distribution

    def distances(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """(n, dim) unit vectors -> (n,) distances; about sqrt(dim) for an article like the others."""
        return np.asarray(np.linalg.norm((vectors - self.mean) @ self.whitening, axis=1))

    def is_ood(self, vectors: NDArray[np.floating], view: str) -> NDArray[np.bool_]:
        """Which texts of these unit vectors, (n, dim), are unlike the articles of this view, (n,)."""
        return np.asarray(self.distances(vectors) > self.thresholds[view])


def fit_ood(training: NDArray[np.floating], held_out: Mapping[str, NDArray[np.floating]]) -> OodDetector:
    """Fit the distance to (n, dim) unit vectors, and the thresholds to those of other articles, by view."""
    # 1. mean and shrunk covariance, in double precision
    vectors = training.astype(np.float64)
    mean = vectors.mean(axis=0)
    covariance = np.cov(vectors - mean, rowvar=False)
    size = np.trace(covariance) / len(covariance)
    shrunk = (1 - SHRINKAGE) * covariance + SHRINKAGE * size * np.eye(len(covariance))
    # 2. a whitening matrix: the norm of a whitened difference is its Mahalanobis distance
    whitening = np.linalg.inv(np.linalg.cholesky(shrunk)).T
    detector = OodDetector(mean.astype(np.float32), whitening.astype(np.float32), {})
    # 3. thresholds
    thresholds = {view: float(np.quantile(detector.distances(v), 1 - FALSE_ALARMS)) for view, v in held_out.items()}
    return replace(detector, thresholds=thresholds)
