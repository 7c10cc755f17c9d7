"""Each figure against one worked out by hand, or by another library."""

import math

import numpy as np
import pytest
from sklearn.metrics import f1_score

from spheres.data.taxonomy import GROUPS
from spheres.model.metrics import by_group, expected_calibration_error, kl_divergence, macro_f1, summary, with_intervals

random = np.random.default_rng(0)
P = random.dirichlet([0.5] * 8, size=400)
LOG_P = np.log(P)
PRIMARY = random.integers(0, 8, 400)
TARGETS = random.dirichlet([0.3] * 8, size=400).astype(np.float32)


def test_the_divergence_is_zero_from_itself_and_worked_out_by_hand_elsewhere() -> None:
    assert kl_divergence(np.log(TARGETS + 1e-30), TARGETS) == pytest.approx(np.zeros(400), abs=1e-5)
    one = kl_divergence(np.log([[0.25, 0.75]]), np.array([[0.5, 0.5]]))
    assert one[0] == pytest.approx(0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75))
    assert kl_divergence(np.log([[0.25, 0.75]]), np.array([[1.0, 0.0]]))[0] == pytest.approx(-math.log(0.25))


def test_the_divergence_is_what_the_loss_averages() -> None:
    import torch

    loss = torch.nn.KLDivLoss(reduction="batchmean")(torch.tensor(LOG_P), torch.tensor(TARGETS, dtype=torch.float64))
    assert kl_divergence(LOG_P, TARGETS).mean() == pytest.approx(float(loss), abs=1e-6)


def test_macro_f1_is_scikit_learns() -> None:
    top = LOG_P.argmax(axis=1)
    assert macro_f1(top, PRIMARY) == pytest.approx(f1_score(PRIMARY, top, average="macro"))


def test_accuracies_are_counted_by_hand() -> None:
    log_p = np.log([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7], [0.1, 0.8, 0.1]])
    targets = np.array([[0.5, 0.5, 0.0], [0.75, 0.0, 0.25], [0.0, 0.0, 1.0]])
    found = summary(log_p, targets, np.array([1, 0, 2]))
    assert found["top1_primary"] == 0
    assert found["top1_heaviest"] == pytest.approx(1 / 3)
    assert found["top1_any"] == pytest.approx(2 / 3)
    assert found["nll"] == pytest.approx(-np.log([0.2, 0.1, 0.1]).mean())


def test_the_calibration_error_of_calibrated_and_of_overconfident_answers() -> None:
    log_p = np.log(np.tile([0.8, 0.2], (10, 1)))
    assert expected_calibration_error(log_p, np.array([0] * 8 + [1] * 2)) == pytest.approx(0, abs=1e-9)
    assert expected_calibration_error(log_p, np.array([0] * 3 + [1] * 7)) == pytest.approx(0.5)


def test_each_group_has_its_row() -> None:
    rows = by_group(LOG_P, PRIMARY)
    assert tuple(rows) == GROUPS
    assert sum(row["articles"] for row in rows.values()) == 400
    assert np.mean([row["f1"] for row in rows.values()]) == pytest.approx(macro_f1(LOG_P.argmax(axis=1), PRIMARY))


def test_an_interval_holds_its_value_and_is_as_wide_as_the_binomial_says() -> None:
    right = random.random(2000) < 0.8
    found = with_intervals(lambda x: {"share": float(x.mean())}, right)["share"]
    assert found["low"] < found["value"] < found["high"]
    assert found["high"] - found["low"] == pytest.approx(2 * 1.96 * math.sqrt(0.8 * 0.2 / 2000), rel=0.2)
    assert with_intervals(lambda x: {"share": float(x.mean())}, right)["share"] == found  # seeded
