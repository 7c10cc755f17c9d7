"""What is measured on test articles: the definitions by hand, and the shipped figures by the shipped head."""

import json

import numpy as np
import pytest
from places import SHIPPED

from spheres.model.bundle import Bundle
from spheres.model.evaluate import predictions
from spheres.model.prior import ARXIV
from spheres.study.test_set import (
    ceiling,
    measure_periods,
    ood_false_alarms,
    reliability_curve,
    select_rows,
    years,
)

FOLDER = SHIPPED / "all-MiniLM-L6-v2"
FIGURES = json.loads((FOLDER / "report" / "figures.json").read_text("utf-8"))["test"]


def test_the_reliability_curve_has_only_bins_that_hold_articles():
    answers = np.log(np.array([[0.9, 0.1], [0.92, 0.08], [0.4, 0.6]]))
    assert reliability_curve(answers, np.array([0, 1, 1]), np.ones(3)) == [
        [pytest.approx(0.6), 1.0, 1],
        [pytest.approx(0.91), 0.5, 2],
    ]


def test_the_ceiling_tells_ties_from_clear_labels():
    targets = np.array([[1.0, 0.0], [0.5, 0.5], [0.25, 0.75]])
    shares = ceiling(np.log(np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1]])), targets, np.array([0, 1, 0]))
    assert list(shares.values()) == pytest.approx([1 / 3, 1 / 3, 0.5, 2 / 3, 1.0, 0.5])


def test_selected_rows_keep_their_vectors_and_labels(shipped_cache):
    rows = np.flatnonzero(years(shipped_cache) < 2001)
    past = select_rows(shipped_cache, rows)
    assert past.ids == [shipped_cache.ids[row] for row in rows]
    for name, view in past.views.items():
        kept, vectors, _ = shipped_cache.views[name].of(rows)
        assert (rows[view.rows] == kept).all() and (view.unit_vectors() == vectors).all()


def test_the_shipped_figures_are_those_of_the_shipped_head(shipped_cache):
    bundle = Bundle.load(FOLDER)
    rows, log_probabilities = predictions(shipped_cache, bundle, "test", "both")
    targets, primary = shipped_cache.targets[rows], shipped_cache.primary[rows]
    shares = ceiling(log_probabilities, targets, primary, ARXIV.weights(primary))
    assert shares == pytest.approx(FIGURES["ceiling"]["arxiv"], abs=1e-3)
    assert ood_false_alarms(shipped_cache, bundle) == pytest.approx(FIGURES["ood_false_alarms"], abs=1e-3)
    for prior, periods in measure_periods(shipped_cache, bundle).items():
        for period, figures in periods.items():
            assert figures == pytest.approx(FIGURES["periods"][prior][period], abs=2e-3), period
