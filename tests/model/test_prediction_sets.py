"""Which groups are shown at a threshold."""

import math

import numpy as np
import pytest

from spheres.errors import SphereError
from spheres.model.prediction_sets import (
    check_threshold,
    mass_before,
    nearest_threshold,
    predict_set,
    predict_sets,
    ranking,
)

P = [0.05, 0.5, 0.25, 0.2]


def brute_force(probabilities: list[float], threshold: float) -> list[int]:
    chosen: list[int] = []
    for i in sorted(range(len(probabilities)), key=lambda i: -probabilities[i]):
        if not chosen or sum(probabilities[j] for j in chosen) < threshold - 1e-9:
            chosen.append(i)
    return chosen


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (1e-12, [1]),  # never empty
        (0.01, [1]),
        (0.5, [1]),  # exactly the first
        (0.51, [1, 2]),
        (0.75, [1, 2]),  # exactly the sum of two
        (0.75 + 1e-6, [1, 2, 3]),
        (0.95, [1, 2, 3]),  # exactly the sum of three
        (1.0, [1, 2, 3, 0]),
    ],
)
def test_the_set_stops_as_soon_as_the_sum_reaches_the_threshold(threshold: float, expected: list[int]) -> None:
    assert predict_set(P, threshold) == expected


def test_sums_that_binary_cannot_hold_still_count_as_reached() -> None:
    assert predict_set([0.1, 0.2, 0.7], 0.9) == [2, 1]  # 0.7 + 0.2 = 0.8999999999999999


def test_at_one_only_impossible_groups_are_left_out() -> None:
    assert predict_set([0.0, 1e-12, 1.0], 1.0) == [2, 1]


def test_it_agrees_with_a_brute_force_on_random_distributions() -> None:
    random = np.random.default_rng(0)
    for _ in range(300):
        p = random.dirichlet([0.3] * 8).tolist()
        threshold = float(random.uniform(0.5, 0.999))
        assert predict_set(p, threshold) == brute_force(p, threshold)


def test_the_mass_before_a_group_is_counted_by_hand() -> None:
    p = np.array([[0.5, 0.2, 0.3], [0.25, 0.25, 0.5]])
    assert mass_before(p) == pytest.approx(np.array([[0.0, 0.8, 0.5], [0.5, 0.75, 0.0]]))


def test_the_mass_before_a_group_is_summed_in_double_precision() -> None:
    p = np.array([[0.1] * 10], np.float32)
    found = mass_before(p)
    assert found.dtype == np.float64
    assert found[0].tolist() == np.cumsum([0.0] + [float(np.float32(0.1))] * 9).tolist()


def test_many_articles_at_once_have_the_sets_that_each_has_alone() -> None:
    p = np.random.default_rng(1).dirichlet([0.4] * 8, 50)
    for threshold in (0.5, 0.8, 1.0):
        sets = predict_sets(p, threshold)
        assert (sets.shape, sets.dtype) == ((50, 8), np.bool_)
        for row, kept in zip(p, sets, strict=True):
            assert sorted(predict_set(row, threshold)) == np.flatnonzero(kept).tolist()


def test_ties_keep_the_order_of_the_groups() -> None:
    assert ranking([0.25, 0.25, 0.25, 0.25]).tolist() == [0, 1, 2, 3]


def test_ties_keep_the_order_however_many_there_are() -> None:
    p = np.array([1.0, 2.0] * 200) / 600
    expected = [*range(1, 400, 2), *range(0, 400, 2)]
    assert ranking(p).tolist() == expected
    assert np.argsort(mass_before(p[None])[0], kind="stable").tolist() == expected
    assert predict_set(p, 0.5) == expected[:150]


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        *((0.0, "0.0"), (-0.1, "-0.1"), (1.01, "1.01"), (2, "2"), (math.nan, "nan"), (math.inf, "inf")),
        *((True, "True"), (None, "None"), ("0.9", "'0.9'"), ([], "[]"), (np.float64(7), "7.0")),
    ],
)
def test_what_is_no_threshold_is_refused_with_a_sentence(sent: object, found: str) -> None:
    with pytest.raises(SphereError) as caught:
        check_threshold(sent)
    assert str(caught.value) == f"The threshold is {found}: give a number above 0 and at most 1, such as 0.95."
    assert caught.value.template == "The threshold is {found}: give a number above 0 and at most 1, such as 0.95."
    with pytest.raises(SphereError, match="The threshold is"):
        predict_set(P, sent)  # type: ignore[arg-type]


def test_of_whatever_else_is_sent_the_sentence_shows_no_more_than_its_beginning() -> None:
    with pytest.raises(SphereError) as caught:
        check_threshold("x" * 10_000)
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize("threshold", [5e-324, 0.5, 1, 1.0])
def test_whatever_is_above_nothing_and_at_most_one_is_a_threshold(threshold: float) -> None:
    found = check_threshold(threshold)
    assert (found, type(found)) == (threshold, float)


@pytest.mark.parametrize(
    ("sent", "nearest"),
    [
        *((0.7, 0.7), (0, 0.5), (0.49, 0.5), (1, 1.0), (-math.inf, 0.5), (math.inf, 1.0)),
        *((95, 0.95), (57, 0.57), (7, 0.5), (100, 1.0), (700, 1.0)),
        *((math.nan, 0.95), (None, 0.95), ("0.7", 0.95), ([], 0.95), (True, 0.95)),
    ],
)
def test_the_slider_takes_the_nearest_threshold_and_its_default_for_no_number(sent: object, nearest: float) -> None:
    found = nearest_threshold(sent)
    assert (found, type(found)) == (nearest, float)
