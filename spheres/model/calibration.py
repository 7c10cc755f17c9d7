"""Temperature scaling and conformal prediction sets (APS), for articles of any prior.

1. Temperature scaling (Guo et al. 2017, arXiv:1706.04599): one temperature for all log-probabilities, so that an answer
   of 70 % is right 70 times in 100.
2. The prior: probabilities are multiplied by the ratio of its shares to those that the head learned from, see `prior`.
3. Split-conformal adaptive prediction sets, APS (Romano, Sesia, Candès 2020, arXiv:2006.02544), without their random
   tie breaking: a group's score is the probability of the groups ranked before it, and a set keeps each group whose
   score is within what `threshold` of the calibration articles' primary groups stay within. One such quantile for all
   would hold frequent groups more often than rare ones: of arXiv's mix at 0.95 physics in 0.96 and biology in 0.68. So
   a group has a quantile of its own where it needs a higher one to be held within SLACK of the threshold, as
   class-conditional sets have (Vovk 2012, arXiv:1209.2673), and the common one is as low as that allows. The most
   probable group is always kept, and rare ones nearly as often as asked for: so all together cover more than a low
   threshold asks for.

The calibration articles are weighted to the prior (Tibshirani et al. 2019, arXiv:1904.06019), so both hold for it.

By hand, since the groups' quantiles, the common one and the weights of a prior have to be fitted together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from spheres.data.taxonomy import GROUPS
from spheres.model.prediction_sets import check_threshold, mass_before, ranking
from spheres.model.prior import Prior, Shares, shift_prior

N_QUANTILES = 401  # of the scores, at thresholds 0, 1/400, ..., 1; between two of them the quantile is interpolated
# How much less often than the threshold says a set may hold a group; by chance it may be two points less. Sets of
# arXiv's mix hold on average, both parts given, 1.26 groups without such a limit, 1.37 at 0.015 and 1.39 at 0.01; 1.43
# where groups are ranked by probability over share, which held each in 0.93 (20 re-splits of validation and
# calibration articles)
SLACK = 0.01
# Of a group that has a quantile of its own: calibration articles, of which fewer tell its coverage to no better than
# two points; and its share under the prior, below which hardly an article would be held by it
MIN_OF_GROUP, MIN_SHARE = 100, 0.002


@dataclass(frozen=True, eq=False)
class Calibration:
    """Temperature and prediction sets of one view under one prior."""

    prior: Prior
    trained: Shares  # the groups' shares among the articles that the head learned from
    temperature: float  # log-probabilities are divided by it, then normalised again
    # (n_thresholds, n_groups) of each group's scores, at thresholds evenly spaced from 0 to 1; they rise with these
    quantiles: NDArray[np.float64] = field(repr=False)

    def apply(self, log_probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n, n_groups) log-probabilities as the head gives them -> calibrated ones."""
        return correct(log_probabilities, self.temperature, self.trained, self.prior)

    def predict_set(self, probabilities: Sequence[float] | NDArray[np.floating], threshold: float) -> list[int]:
        """The groups that hold the primary one for `threshold` of all articles, and for hardly less of any group's.

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
        thresholds = np.linspace(0, 1, len(self.quantiles))
        quantiles = [np.interp(check_threshold(threshold), thresholds, of_group) for of_group in self.quantiles.T]
        within = mass_before(probabilities) <= np.array(quantiles) + 1e-12  # always the most probable group
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
    scores = mass_before(probabilities)[np.arange(len(primary)), primary]
    # 3. the scores that a threshold's share of the articles stay within
    return Calibration(prior, trained, temperature, fit_quantiles(scores, primary, weights))


def fit_quantiles(
    scores: NDArray[np.floating], primary: NDArray[np.integer], weights: NDArray[np.floating]
) -> NDArray[np.float64]:
    """The score within which a group is in the set, at each of N_QUANTILES thresholds.

    Args:
        scores: (n,) of each calibration article's primary group.
        primary: (n,) these groups as places in GROUPS.
        weights: (n,) of the articles.

    Returns:
        (N_QUANTILES, n_groups), rising with the thresholds.
    """
    thresholds = np.linspace(0, 1, N_QUANTILES)
    order = np.argsort(scores)
    scores, primary, weights = scores[order], primary[order], weights[order]
    # 1. each group's own, a little lower than its threshold
    own = np.zeros((N_QUANTILES, len(GROUPS)))
    for group in range(len(GROUPS)):
        of_group = scores[primary == group]
        if len(of_group) >= MIN_OF_GROUP and weights[primary == group].sum() >= MIN_SHARE * weights.sum():
            own[:, group] = quantile(of_group, np.ones(len(of_group)), thresholds - SLACK)
    # 2. the one for all: articles within their group's own are held already
    common = [quantile(scores, weights, t, scores <= of_t[primary]) for t, of_t in zip(thresholds, own, strict=True)]
    # 3. a higher threshold takes no group away
    return np.asarray(np.maximum.accumulate(np.maximum(own, np.array(common)[:, None]), axis=0))


def quantile(
    scores: NDArray[np.floating],
    weights: NDArray[np.floating],
    shares: NDArray[np.floating] | float,
    held: NDArray[np.bool_] | bool = False,
) -> NDArray[np.float64]:
    """The smallest score that a share of the weights stays within, a new article's among them, which lies beyond all.

    Args:
        scores: (n,) ascending.
        weights: (n,).
        shares: (...) up to 1, or one.
        held: (n,) the articles that are within whatever the score.

    >>> quantile(np.array([0.1, 0.2, 0.4]), np.ones(3), np.array([0.5, 0.8])).tolist()
    [0.2, 1.0]
    """
    within = (weights * held).sum() + np.cumsum(weights * np.logical_not(held))
    wanted = np.asarray(shares) * (weights.sum() + weights.mean()) - 1e-12
    return np.asarray(np.append(scores, 1.0)[np.searchsorted(within, wanted)])


def correct(
    log_probabilities: NDArray[np.floating], temperature: float, trained: Shares, prior: Prior
) -> NDArray[np.float64]:
    """(n, n_groups) log-probabilities as the head gives them -> scaled by a temperature, then moved to a prior."""
    return shift_prior(apply_temperature(log_probabilities, temperature), trained, prior.shares)


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
