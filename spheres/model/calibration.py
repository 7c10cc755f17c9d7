"""Honest probabilities, and sets that hold the true sphere as often as they say.

Two steps, both fitted on articles kept apart for them alone:

1. one temperature for all log-probabilities, so that an answer of 70 % is right 70 times in 100
   (Guo et al. 2017, arXiv:1706.04599);
2. split-conformal adaptive prediction sets (Romano, Sesia, Candès 2020, arXiv:2006.02544), without their random tie
   breaking: an article's score is the probability mass ranked before its primary group, and a set keeps every group
   whose own mass before it is at most the score that `threshold` of the articles do not exceed.

Summing probabilities up to 0.95 keeps more groups than 95 % of the articles need, because the group that makes the sum
pass the threshold is kept whole. Calibrating the mass *before* a group takes just that away.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spheres.model.prediction_sets import check_threshold, mass_before, ranking

N_QUANTILES = 401  # thresholds 0, 1/400, ..., 1; between two of them the cut is interpolated


@dataclass(frozen=True)
class Calibration:
    """What the calibration articles taught.

    temperature : log-probabilities are divided by it, then normalised again
    quantiles   : for each threshold, evenly spaced from 0 to 1: a group is kept when the groups ranked before
                  it hold no more probability than this
    """

    temperature: float
    quantiles: tuple[float, ...]

    def apply(self, log_probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n, n_groups) log-probabilities as the head gives them -> calibrated ones."""
        return apply_temperature(log_probabilities, self.temperature)

    def quantile(self, threshold: float) -> float:
        """How much probability the groups ranked before one may hold for it to be kept at this threshold."""
        check_threshold(threshold)
        return float(np.interp(threshold, np.linspace(0, 1, len(self.quantiles)), self.quantiles))

    def prediction_set(self, probabilities: Sequence[float] | NDArray[np.floating], threshold: float) -> list[int]:
        """The most probable groups that hold the true one for `threshold` of the articles; at least one.

        probabilities : (n_groups,) calibrated
        returns       : indices of groups, the most probable first
        """
        p = np.asarray(probabilities)
        kept = self.sets(p[None], threshold)[0]
        return [int(i) for i in ranking(p) if kept[i]]

    def sets(self, probabilities: NDArray[np.floating], threshold: float) -> NDArray[np.bool_]:
        """The same for many articles: (n, n_groups) -> which groups each set holds, (n, n_groups)."""
        within = mass_before(probabilities) <= self.quantile(threshold) + 1e-12  # always the first group
        return np.asarray(within & (probabilities > 0))


def fit_calibration(log_probabilities: NDArray[np.floating], primary: NDArray[np.integer]) -> Calibration:
    """Fit to articles that neither trained the head nor chose anything about it.

    log_probabilities : (n, n_groups) as the head gives them
    primary           : (n,) the primary group's place
    """
    temperature = fit_temperature(log_probabilities, primary)
    before = mass_before(np.exp(apply_temperature(log_probabilities, temperature)))
    scores = np.sort(before[np.arange(len(primary)), primary])
    # The k-th smallest of n scores covers a new article with probability at least k / (n + 1).
    places = np.ceil(np.linspace(0, 1, N_QUANTILES) * (len(scores) + 1)).astype(int) - 1
    quantiles = np.append(scores, 1.0)[np.maximum(places, 0)]
    return Calibration(temperature, tuple(float(q) for q in quantiles))


def apply_temperature(log_probabilities: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Log-probabilities divided by a temperature: above 1 they become more modest, below 1 bolder.

    >>> np.exp(apply_temperature(np.log([[0.8, 0.2]]), 2.0)).round(3).tolist()
    [[0.667, 0.333]]
    """
    scaled = np.asarray(log_probabilities, np.float64) / temperature
    return np.asarray(scaled - np.logaddexp.reduce(scaled, axis=1, keepdims=True))


def fit_temperature(log_probabilities: NDArray[np.floating], primary: NDArray[np.integer]) -> float:
    """The temperature that makes the primary groups most likely."""
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(primary))

    def loss(log_temperature: float) -> float:
        return float(-apply_temperature(log_probabilities, np.exp(log_temperature))[rows, primary].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2, 2)).x))
