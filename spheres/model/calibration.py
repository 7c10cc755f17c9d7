"""Temperature scaling and conformal prediction sets (APS).

1. Temperature scaling (Guo et al. 2017, arXiv:1706.04599): one temperature for all log-probabilities, so that an answer
   of 70 % is right 70 times in 100.
2. Split-conformal adaptive prediction sets, APS (Romano, Sesia, Candès 2020, arXiv:2006.02544), without their random
   tie breaking: an article's score is the probability of the groups ranked before its primary group, and a set keeps
   each group before which there is no more than the score that `threshold` of the calibration articles stay within.

By hand, since at a threshold of 80 % MAPIE's APS sets held the primary group of 83.8 % of the test articles, or of
74.8 % with its random tie breaking; these hold it for 78.6 % with smaller sets.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spheres.model.prediction_sets import check_threshold, mass_before, ranking

N_QUANTILES = 401  # of the scores, at thresholds 0, 1/400, ..., 1; between two of them the quantile is interpolated


@dataclass(frozen=True)
class Calibration:
    """Temperature and prediction sets of one view, fitted to articles that the head neither learned nor chose from."""

    temperature: float  # log-probabilities are divided by it, then normalised again
    quantiles: tuple[float, ...]  # of the scores, at thresholds evenly spaced from 0 to 1

    def apply(self, log_probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n, n_groups) log-probabilities as the head gives them -> calibrated ones."""
        return apply_temperature(log_probabilities, self.temperature)

    def predict_set(self, probabilities: Sequence[float] | NDArray[np.floating], threshold: float) -> list[int]:
        """The most probable groups that hold the primary one for `threshold` of all articles.

        Args:
            probabilities: (n_groups,), calibrated.
            threshold: In (0, 1].

        Returns:
            Places in `probabilities`, the most probable first, at least one.

        Raises:
            SphereError: The threshold is outside (0, 1].
        """
        p = np.asarray(probabilities)
        kept = self.predict_sets(p[None], threshold)[0]
        return [int(i) for i in ranking(p) if kept[i]]

    def predict_sets(self, probabilities: NDArray[np.floating], threshold: float) -> NDArray[np.bool_]:
        """`predict_set` for many articles: (n, n_groups) -> which groups each article's set holds, (n, n_groups)."""
        quantile = np.interp(check_threshold(threshold), np.linspace(0, 1, len(self.quantiles)), self.quantiles)
        within = mass_before(probabilities) <= quantile + 1e-12  # always the first group
        return np.asarray(within & (probabilities > 0))


def calibrate(log_probabilities: NDArray[np.floating], primary: NDArray[np.integer]) -> Calibration:
    """Fit to (n, n_groups) log-probabilities as the head gives them, and (n,) primary groups as places in GROUPS."""
    # 1. the temperature under which the primary groups are most likely
    temperature = fit_temperature(log_probabilities, primary)
    # 2. each article's score: the probability ranked before its primary group
    before = mass_before(np.exp(apply_temperature(log_probabilities, temperature)))
    scores = np.sort(before[np.arange(len(primary)), primary])
    # 3. the quantiles: the k-th smallest of n scores covers a new article with probability at least k / (n + 1)
    places = np.ceil(np.linspace(0, 1, N_QUANTILES) * (len(scores) + 1)).astype(int) - 1
    quantiles = np.append(scores, 1.0)[np.maximum(places, 0)]
    return Calibration(temperature, tuple(float(q) for q in quantiles))


def apply_temperature(log_probabilities: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """(n, n_groups) log-probabilities divided by a temperature and normalised again: above 1 they become less sure.

    >>> np.exp(apply_temperature(np.log([[0.8, 0.2]]), 2.0)).round(3).tolist()
    [[0.667, 0.333]]
    """
    scaled = np.asarray(log_probabilities, np.float64) / temperature
    return np.asarray(scaled - np.logaddexp.reduce(scaled, axis=1, keepdims=True))


def fit_temperature(log_probabilities: NDArray[np.floating], primary: NDArray[np.integer]) -> float:
    """The temperature, between e^-2 and e^2, that makes the primary groups most likely; arguments as `calibrate`."""
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(primary))

    def loss(log_temperature: float) -> float:
        return float(-apply_temperature(log_probabilities, np.exp(log_temperature))[rows, primary].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2, 2)).x))
