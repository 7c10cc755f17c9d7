"""Temperature scaling and conformal prediction sets (APS), for articles of any prior.

1. Temperature scaling (Guo et al. 2017, arXiv:1706.04599): one temperature for all log-probabilities, so that an answer
   of 70 % is right 70 times in 100.
2. The prior: probabilities are multiplied by the ratio of its shares to those that the head learned from, see `prior`.
3. Split-conformal adaptive prediction sets, APS (Romano, Sesia, Candès 2020, arXiv:2006.02544), without their random
   tie breaking: a group's score is the probability of the groups ranked before it, and a set keeps each group whose
   score is within what `threshold` of the calibration articles' primary groups stay within. Groups are ranked by
   probability over share, so that a set keeps rare groups as often as frequent ones (prevalence-adjusted scores, Ding
   et al. 2025, arXiv:2507.06867); the most probable group is always kept. Where the two rankings differ, a set has
   the first of both at least, and so covers more than a low threshold asks for: of arXiv's mix 0.92 at 0.80.

The calibration articles are weighted to the prior (Tibshirani et al. 2019, arXiv:1904.06019), so both hold for it.

By hand, since at a threshold of 80 % MAPIE's APS sets held the primary group of 83.8 % of the test articles, or of
74.8 % with its random tie breaking; these hold it for 78.6 % with smaller sets.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from spheres.model.prediction_sets import check_threshold, mass_before, ranking
from spheres.model.prior import Prior, Shares, shift_prior

N_QUANTILES = 401  # of the scores, at thresholds 0, 1/400, ..., 1; between two of them the quantile is interpolated
# Of the share, in the ranking: at 1 a set of arXiv's mix held math in 0.914 where it held all in 0.950, at 1.25 in
# 0.917 with sets 7 % larger, at 0 econ in 0.607 (both parts, 20 re-splits of validation and calibration articles)
EXPONENT = 1.25


@dataclass(frozen=True)
class Calibration:
    """Temperature and prediction sets of one view under one prior."""

    prior: Prior
    trained: Shares  # the groups' shares among the articles that the head learned from
    temperature: float  # log-probabilities are divided by it, then normalised again
    quantiles: tuple[float, ...] = field(repr=False)  # of the scores, at thresholds evenly spaced from 0 to 1

    def apply(self, log_probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n, n_groups) log-probabilities as the head gives them -> calibrated ones."""
        return correct(log_probabilities, self.temperature, self.trained, self.prior)

    def predict_set(self, probabilities: Sequence[float] | NDArray[np.floating], threshold: float) -> list[int]:
        """The groups that hold the primary one for `threshold` of all articles.

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
        within = set_scores(probabilities, self.prior) <= quantile + 1e-12  # always the most probable group
        return np.asarray(within & (probabilities > 0))


@dataclass(frozen=True, eq=False)
class Calibrator:
    """The head's answers to the calibration articles of one view: what calibrations under any prior are fitted to.

    Neither training nor choices have seen these articles.
    """

    log_probabilities: NDArray[np.float32]  # (n, n_groups), as the head gives them
    primary: NDArray[np.uint8]  # (n,) places in GROUPS
    trained: Shares

    def under(self, prior: Prior) -> Calibration:
        """The calibration for articles of this prior; fitted once, in some tenths of a second."""
        return _calibrate(self, prior)


@lru_cache(maxsize=64)  # of views times priors; a file's own prior serves that file only
def _calibrate(articles: Calibrator, prior: Prior) -> Calibration:
    return calibrate(articles.log_probabilities, articles.primary, articles.trained, prior)


def calibrate(
    log_probabilities: NDArray[np.floating], primary: NDArray[np.integer], trained: Shares, prior: Prior
) -> Calibration:
    """Fit temperature and quantiles for a prior.

    Args:
        log_probabilities: (n, n_groups) as the head gives them.
        primary: (n,) primary groups as places in GROUPS.
        trained: The shares of the groups that the head learned from.
        prior: Of the articles to be classified.
    """
    weights = prior.weights(primary)
    # 1. the temperature under which the primary groups are most likely
    temperature = fit_temperature(log_probabilities, primary, weights, trained, prior)
    # 2. each article's score: the probability ranked before its primary group
    probabilities = np.exp(correct(log_probabilities, temperature, trained, prior))
    scores = set_scores(probabilities, prior)[np.arange(len(primary)), primary]
    # 3. the quantiles: the smallest score that a threshold's share of the weights stays within, a new article's among
    # them, of which is assumed that it lies beyond all
    order = np.argsort(scores)
    within = np.cumsum(weights[order]) / (weights.sum() + weights.mean())
    places = np.searchsorted(within, np.linspace(0, 1, N_QUANTILES) - 1e-12)
    quantiles = np.append(scores[order], 1.0)[places]
    return Calibration(prior, trained, temperature, tuple(quantiles.tolist()))


def correct(
    log_probabilities: NDArray[np.floating], temperature: float, trained: Shares, prior: Prior
) -> NDArray[np.float64]:
    """(n, n_groups) log-probabilities as the head gives them -> scaled by a temperature, then moved to a prior."""
    return shift_prior(apply_temperature(log_probabilities, temperature), trained, prior.shares)


def set_scores(probabilities: NDArray[np.floating], prior: Prior) -> NDArray[np.float64]:
    """(n, n_groups) probabilities -> the probability of the groups ranked before each, by probability over share.

    The most probable group scores 0.

    >>> from spheres.model.prior import EQUAL
    >>> set_scores(np.array([[0.5, 0.2, 0.3, 0, 0, 0, 0, 0]]), EQUAL)[0, :3].tolist()
    [0.0, 0.8, 0.5]
    """
    scores = mass_before(probabilities, probabilities / np.power(prior.shares, EXPONENT))
    scores[np.arange(len(scores)), np.argmax(probabilities, axis=1)] = 0
    return scores


def apply_temperature(log_probabilities: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """(n, n_groups) log-probabilities divided by a temperature and normalised again: above 1 they become less sure.

    >>> np.exp(apply_temperature(np.log([[0.8, 0.2]]), 2.0)).round(3).tolist()
    [[0.667, 0.333]]
    """
    scaled = np.asarray(log_probabilities, np.float64) / temperature
    return np.asarray(scaled - np.logaddexp.reduce(scaled, axis=1, keepdims=True))


def fit_temperature(
    log_probabilities: NDArray[np.floating],
    primary: NDArray[np.integer],
    weights: NDArray[np.floating],
    trained: Shares,
    prior: Prior,
) -> float:
    """The temperature, between e^-2 and e^2, that makes the primary groups most likely; arguments as `calibrate`."""
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(primary))

    def loss(log_temperature: float) -> float:
        corrected = correct(log_probabilities, float(np.exp(log_temperature)), trained, prior)
        return float(-np.average(corrected[rows, primary], weights=weights))

    return float(np.exp(minimize_scalar(loss, bounds=(-2, 2)).x))
