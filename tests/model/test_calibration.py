"""Temperature scaling, and conformal sets that hold the true group as often as their threshold promises."""

import itertools
import math
from itertools import pairwise

import numpy as np
import pytest

from spheres.embeddings.cache import Cache
from spheres.errors import SphereError
from spheres.model.calibration import (
    MIN_OF_GROUP,
    MIN_SHARE,
    SLACK,
    Calibration,
    Calibrator,
    apply_temperature,
    calibrate,
    fit_temperature,
)
from spheres.model.evaluate import SetScores
from spheres.model.metrics import expected_calibration_error
from spheres.model.prediction_sets import predict_set, predict_sets
from spheres.model.prior import ARXIV, EQUAL, Prior


def draw(n: int, overconfidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Log-probabilities that are `overconfidence` times too sure of themselves, and groups drawn from the true ones."""
    random = np.random.default_rng(0)  # the same draws, whichever tests ran before
    true_p = random.dirichlet([0.4] * 8, n)
    groups = np.array([random.choice(8, p=p) for p in true_p])
    return apply_temperature(np.log(true_p + 1e-12), 1 / overconfidence), groups


def equal(n_groups: int) -> Prior:
    return Prior("equal", (1 / n_groups,) * n_groups)


def calibration_of(temperature: float, quantiles: tuple[float, ...], n_groups: int) -> Calibration:
    return Calibration(
        equal(n_groups), equal(n_groups).shares, temperature, np.repeat([[q] for q in quantiles], n_groups, 1)
    )


def temperature_of(log_p: np.ndarray, groups: np.ndarray) -> float:
    """Of articles that all count alike."""
    prior = equal(log_p.shape[1])
    return fit_temperature(log_p, groups, np.ones(len(groups)), prior.shares, prior)


def test_the_temperature_undoes_what_was_too_sure() -> None:
    log_p, groups = draw(6000, overconfidence=2.0)
    assert temperature_of(log_p, groups) == pytest.approx(2.0, rel=0.1)
    assert expected_calibration_error(apply_temperature(log_p, 2.0), groups) < 0.03  # what chance leaves of 6,000 draws
    assert expected_calibration_error(log_p, groups) > 0.1


def test_a_temperature_divides_and_the_rest_is_made_to_sum_to_one_again() -> None:
    log_p = np.log(np.array([[0.8, 0.2], [0.5, 0.5]], np.float32))
    found = apply_temperature(log_p, 0.5)
    assert np.exp(found) == pytest.approx(np.array([[16 / 17, 1 / 17], [0.5, 0.5]]))
    assert found.dtype == np.float64
    assert calibration_of(0.5, (0.0, 1.0), 2).apply(log_p) == pytest.approx(found)


def test_a_temperature_stays_within_bounds_whatever_the_articles_say() -> None:
    """From e^-2 to e^2: a few articles that are all right, or all wrong, do not make every answer sure or none."""
    log_p = np.log(np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]]))
    right, wrong = log_p.argmax(axis=1), log_p.argmin(axis=1)
    assert temperature_of(log_p, right) == pytest.approx(math.exp(-2), rel=1e-4)
    assert temperature_of(log_p, wrong) == pytest.approx(math.exp(2), rel=1e-4)


def test_a_temperature_is_the_one_under_which_the_primary_groups_are_most_likely() -> None:
    # Three of four are right where the head says 0.9: it should say 0.75, and ln 9 / T = ln 3 where T = 2.
    log_p = np.log(np.array([[0.9, 0.1]] * 4))
    assert temperature_of(log_p, np.array([0, 0, 1, 0])) == pytest.approx(2.0, rel=1e-4)


def test_each_quantile_is_the_smallest_score_that_enough_articles_do_not_exceed() -> None:
    """Against the definition: the k-th smallest of n scores, k the whole number from (n + 1) times the threshold.

    The groups have too few articles for quantiles of their own.
    """
    true_p = np.random.default_rng(1).dirichlet([1.0] * 8, 8)
    log_p, groups = np.log(true_p), np.arange(8)  # one article of each group, so that all weigh alike
    calibration = calibrate(log_p, groups, EQUAL.shares, EQUAL)
    assert calibration.temperature == temperature_of(log_p, groups)
    scores = []
    for p, group in zip(np.exp(apply_temperature(log_p, calibration.temperature)), groups, strict=True):
        before = itertools.takewhile(lambda i, group=group: i != group, sorted(range(8), key=lambda i: -p[i]))  # type: ignore[misc]
        scores.append(sum(p[i] for i in before))
    scores.sort()
    assert calibration.quantiles.shape == (401, 8)
    for i, quantiles in enumerate(calibration.quantiles):
        k = -(-i * 9 // 400)  # rounded up
        assert quantiles == pytest.approx([scores[max(k, 1) - 1] if k <= 8 else 1.0] * 8), i


@pytest.mark.parametrize(("threshold", "quantile"), [(0.25, 0.1), (0.5, 0.2), (0.75, 0.5), (1.0, 0.8)])
def test_between_two_thresholds_the_quantile_is_interpolated(threshold: float, quantile: float) -> None:
    calibration = calibration_of(1.0, (0.0, 0.2, 0.8), 21)
    for mass, more_than_one in ((quantile - 1e-6, True), (quantile + 1e-6, False)):
        p = [mass, *[(1 - mass) / 20] * 20]  # the second group is kept where the first holds no more than the quantile
        assert (len(calibration.predict_set(p, threshold)) > 1) == more_than_one


def test_a_set_keeps_each_group_whose_mass_before_is_at_most_the_quantile() -> None:
    calibration = calibration_of(1.0, (0.75, 0.75), 4)
    assert calibration.predict_set([0.125, 0.5, 0.125, 0.25], 0.9) == [1, 3, 0]  # 0, 0.5 and exactly 0.75 before
    assert calibration.predict_set([0.1, 0.2, 0.3, 0.4], 0.9) == [3, 2, 1]  # 0.4 + 0.3 before the third
    assert calibration_of(1.0, (0.0, 0.0), 2).predict_set([0.3, 0.7], 0.9) == [1]


def test_a_mass_that_binary_holds_a_hair_too_large_is_still_within_the_quantile() -> None:
    assert calibration_of(1.0, (0.6, 0.6), 4).predict_set([0.2, 0.4, 0.2, 0.2], 0.9) == [1, 0, 2]  # 0.4 + 0.2 > 0.6


@pytest.mark.parametrize("threshold", [0.80, 0.90, 0.95, 0.99])
def test_a_threshold_covers_that_share_of_new_draws_even_where_probabilities_lie(threshold: float) -> None:
    log_p, groups = draw(8000, overconfidence=1.7)
    calibration = calibrate(log_p[:4000], groups[:4000], EQUAL.shares, EQUAL)
    p = np.exp(calibration.apply(log_p[4000:]))
    found = SetScores.of(calibration, p, groups[4000:], (threshold,)).figures()
    assert found[f"coverage {threshold:.2f}: covered"] == pytest.approx(threshold, abs=0.015)
    assert found[f"coverage {threshold:.2f}: spheres"] <= found[f"sum {threshold:.2f}: spheres"]


def test_sets_grow_with_the_threshold_and_are_never_empty() -> None:
    log_p, groups = draw(2000, overconfidence=1.0)
    for prior in (EQUAL, ARXIV):
        calibration = calibrate(log_p, groups, EQUAL.shares, prior)
        for p in np.exp(calibration.apply(log_p[:100])):
            sets = [calibration.predict_set(p, t) for t in (0.01, *np.linspace(0.5, 1, 51))]
            assert sets[0] == predict_set(p, 0.01)  # the most probable group alone
            assert all(set(smaller) <= set(larger) for smaller, larger in pairwise(sets))
            assert len(sets[-1]) == 8


def test_a_group_that_is_impossible_is_never_shown() -> None:
    assert calibration_of(1.0, (1.0, 1.0), 3).predict_set([0.0, 1.0, 0.0], 0.9) == [1]


def test_what_is_no_threshold_is_refused() -> None:
    for threshold in (0.0, 1.01, math.nan):
        with pytest.raises(SphereError, match=f"The threshold is {threshold}: give a number above 0"):
            calibration_of(1.0, (0.0, 1.0), 1).predict_set([1.0], threshold)


def shifted_draws(n: int, shares: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """What a head that learned from equal shares says of articles in other shares: their groups, and a noisy hint."""
    random = np.random.default_rng(2)
    groups = random.choice(8, p=shares, size=n)
    hints = random.normal(size=(n, 8)) + 2 * np.eye(8)[groups]  # of unit variance, so that 2 * hint is the log-odds
    return apply_temperature(2 * hints, 1.0), groups


def test_a_calibration_for_a_prior_holds_for_articles_of_its_shares_though_fitted_to_equal_ones() -> None:
    calibrator = Calibrator(*shifted_draws(8000, EQUAL.shares), EQUAL.shares)  # type: ignore[arg-type]
    calibration = calibrator.under(ARXIV)
    log_p, groups = shifted_draws(20_000, ARXIV.shares)
    p = np.exp(calibration.apply(log_p))
    assert expected_calibration_error(np.log(p), groups) < 0.01
    assert calibration.temperature == pytest.approx(1, abs=0.1)
    assert (p.argmax(axis=1) == groups).mean() > (log_p.argmax(axis=1) == groups).mean() + 0.05
    covered = calibration.predict_sets(p, 0.9)[np.arange(len(groups)), groups]
    assert covered.mean() == pytest.approx(0.9, abs=0.015)
    assert calibrator.under(ARXIV) is calibration


@pytest.mark.parametrize("threshold", [0.6, 0.8, 0.9, 0.95, 0.99])
def test_no_group_falls_far_short_of_the_threshold_however_rare_it_is(threshold: float) -> None:
    log_p, groups = shifted_draws(16_000, EQUAL.shares)
    calibration = calibrate(log_p[:8000], groups[:8000], EQUAL.shares, ARXIV)
    p, groups = np.exp(calibration.apply(log_p[8000:])), groups[8000:]
    sets = calibration.predict_sets(p, threshold)
    covered = sets[np.arange(len(groups)), groups]
    chance = 4 * math.sqrt(threshold * (1 - threshold) / 1000)  # of shares of 1,000, in what is fitted and measured
    assert min(covered[groups == group].mean() for group in range(8)) > threshold - SLACK - chance
    assert predict_sets_min(p, groups, threshold) < threshold - SLACK - chance  # probabilities alone leave the rare out
    assert sets[np.arange(len(p)), p.argmax(axis=1)].all()


def test_a_group_of_few_calibration_articles_has_no_quantile_of_its_own() -> None:
    log_p, groups = shifted_draws(4000, EQUAL.shares)
    for n, differ in ((MIN_OF_GROUP - 1, False), (MIN_OF_GROUP, True)):
        rare = np.flatnonzero(groups == 4)[n:]
        kept = np.delete(np.arange(len(groups)), rare)
        quantiles = calibrate(log_p[kept], groups[kept], EQUAL.shares, ARXIV).quantiles
        lowest = quantiles.min(axis=1)
        assert (quantiles[:, 4] > lowest).any() == differ, n
        assert (quantiles[:, 5] > lowest).any()


def test_a_group_that_the_prior_all_but_excludes_has_no_quantile_of_its_own() -> None:
    log_p, groups = shifted_draws(4000, EQUAL.shares)
    for share, differ in ((0.9 * MIN_SHARE, False), (1.1 * MIN_SHARE, True)):
        rest = (1 - share - 0.01) / 6
        prior = Prior("file", (rest, rest, rest, rest, share, 0.01, rest, rest))
        quantiles = calibrate(log_p, groups, EQUAL.shares, prior).quantiles
        lowest = quantiles.min(axis=1)
        assert (quantiles[:, 4] > lowest).any() == differ, share
        assert (quantiles[:, 5] > lowest).any()


def predict_sets_min(p: np.ndarray, groups: np.ndarray, threshold: float) -> float:
    """The lowest coverage of a group by sets whose probabilities add up to the threshold."""
    covered = predict_sets(p, threshold)[np.arange(len(groups)), groups]
    return float(min(covered[groups == group].mean() for group in range(8)))


@pytest.mark.parametrize("prior", [ARXIV, EQUAL])
def test_the_shipped_sets_hold_the_primary_group_as_often_as_they_say(
    shipped_cache: Cache, classifier, prior: Prior
) -> None:
    from spheres.model.evaluate import predictions

    for view in ("both", "title", "abstract"):
        rows, log_p = predictions(shipped_cache, classifier.bundle, "test", view, prior)
        primary = shipped_cache.primary[rows]
        weights = prior.weights(primary)
        sets = SetScores.of(classifier.bundle.calibrators[view].under(prior), np.exp(log_p), primary)
        found = sets.figures(weights=weights)
        assert expected_calibration_error(log_p, primary, weights) < 0.03
        for threshold in (0.90, 0.95, 0.99):
            # A little for what chance does to as many calibration and test articles, some of much weight; and the
            # smallest sets hold more than a low threshold asks for
            expected = max(threshold, found["coverage 0.80: covered"])
            assert found[f"coverage {threshold:.2f}: covered"] == pytest.approx(expected, abs=0.02)
        at_95 = sets.covered[:, sets.names.index(("coverage", 0.95))]
        for group in range(8):
            assert at_95[primary == group].mean() > 0.95 - 0.03, (view, group)
