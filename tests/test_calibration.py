"""Honest probabilities, and sets that hold the true group as often as they say."""

from itertools import pairwise

import numpy as np
import pytest
from places import SHIPPED

from spheres.cache import Cache, open_cache
from spheres.calibration import Calibration, fit_calibration, fit_temperature, tempered
from spheres.errors import SphereError
from spheres.evaluation import set_figures, set_table
from spheres.metrics import calibration_error
from spheres.prediction import prediction_set

random = np.random.default_rng(0)


def draw(n: int, boast: float) -> tuple[np.ndarray, np.ndarray]:
    """Log-probabilities that are `boast` times too sure of themselves, and groups drawn from the honest ones."""
    honest = random.dirichlet([0.4] * 8, n)
    groups = np.array([random.choice(8, p=p) for p in honest])
    return tempered(np.log(honest + 1e-12), 1 / boast), groups


@pytest.fixture(scope="module")
def cache() -> Cache:
    return open_cache(SHIPPED / "all-MiniLM-L6-v2")


def test_the_temperature_undoes_what_was_too_sure() -> None:
    log_p, groups = draw(6000, boast=2.0)
    assert fit_temperature(log_p, groups) == pytest.approx(2.0, rel=0.1)
    assert calibration_error(tempered(log_p, 2.0), groups) < 0.03  # what chance leaves of 6,000 draws
    assert calibration_error(log_p, groups) > 0.1


@pytest.mark.parametrize("threshold", [0.80, 0.90, 0.95, 0.99])
def test_a_threshold_covers_that_share_of_new_draws_even_where_probabilities_lie(threshold: float) -> None:
    log_p, groups = draw(8000, boast=1.7)
    calibration = fit_calibration(log_p[:4000], groups[:4000])
    p = np.exp(calibration.apply(log_p[4000:]))
    table = set_table(calibration, p, (threshold,))
    found = set_figures(groups[4000:], *table.values(), names=tuple(table))
    assert found[f"coverage {threshold:.2f}: covered"] == pytest.approx(threshold, abs=0.015)
    assert found[f"coverage {threshold:.2f}: spheres"] <= found[f"sum {threshold:.2f}: spheres"]


def test_sets_grow_with_the_threshold_and_are_never_empty() -> None:
    log_p, groups = draw(2000, boast=1.0)
    calibration = fit_calibration(log_p, groups)
    for p in np.exp(calibration.apply(log_p[:100])):
        sets = [calibration.prediction_set(p, t) for t in (0.01, 0.5, 0.8, 0.95, 0.99, 1.0)]
        assert sets[0] == prediction_set(p, 0.01)  # the most probable group alone
        for smaller, larger in pairwise(sets):
            assert larger[: len(smaller)] == smaller
        assert len(sets[-1]) == 8


def test_a_group_that_is_impossible_is_never_shown() -> None:
    assert Calibration(1.0, (1.0, 1.0)).prediction_set([0.0, 1.0, 0.0], 0.9) == [1]


def test_what_is_no_threshold_is_refused() -> None:
    with pytest.raises(SphereError, match="give a number above 0"):
        Calibration(1.0, (0.0, 1.0)).prediction_set([1.0], 0.0)


def test_the_shipped_sets_hold_the_primary_group_as_often_as_they_say(cache: Cache, classifier) -> None:  # type: ignore[no-untyped-def]
    from spheres.evaluation import predictions

    for view in ("both", "title", "abstract"):
        rows, log_p = predictions(cache, classifier.trained, "test", view)
        table = set_table(classifier.trained.calibrations[view], np.exp(log_p))
        found = set_figures(cache.primary[rows], *table.values(), names=tuple(table))
        assert calibration_error(log_p, cache.primary[rows]) < 0.03
        for threshold in (0.90, 0.95, 0.99):
            # one point, and a little for what chance does to 4,700 calibration and 4,700 test articles
            assert found[f"coverage {threshold:.2f}: covered"] == pytest.approx(threshold, abs=0.015)
