"""Measuring a trained head on a split of a cache, in every view, with intervals.

    figures = evaluate(cache, bundle, "validation")["both"]["figures"]      # accuracy, log-loss, sets, ...

Nothing is chosen by what the test articles give: they are measured once, at the end.
"""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spheres.data.taxonomy import GROUPS
from spheres.embeddings.cache import Cache
from spheres.model.bundle import Bundle
from spheres.model.calibration import Calibration
from spheres.model.metrics import by_group, summary, with_intervals
from spheres.model.prediction_sets import predict_sets
from spheres.model.recipe import view_features

THRESHOLDS = (0.80, 0.90, 0.95, 0.99)
SLIDER = tuple(round(float(t), 2) for t in np.linspace(0.5, 1, 51))  # the positions of the page's slider


def predictions(cache: Cache, bundle: Bundle, split: str, view: str) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The articles of a split that a view has, (n,), and their calibrated log-probabilities, (n, n_groups)."""
    rows, features = view_features(cache, bundle.recipe, view, cache.split[split])
    return rows, bundle.log_probabilities(features, view)


def evaluate(cache: Cache, bundle: Bundle, split: str) -> dict[str, Any]:
    """Every metric of a head on one split, with intervals, in every view that the cache has.

    returns : view -> {"articles": n, "figures": {name: {"value", "low", "high"}}, "groups": {group: {...}}}
    """
    report = {}
    for view in cache.views:
        rows, log_probabilities = predictions(cache, bundle, split, view)
        primary, sets = cache.primary[rows], set_table(bundle.calibrations[view], np.exp(log_probabilities))
        figures = with_intervals(summary, log_probabilities, cache.targets[rows], primary)
        figures |= with_intervals(partial(_means, names=tuple(sets)), *_held_and_sizes(primary, *sets.values()))
        groups = by_group(log_probabilities, primary)
        for place, name in enumerate(GROUPS):
            groups[name]["coverage at 0.95"] = float(sets["coverage", 0.95][primary == place, place].mean())
        report[view] = {"articles": len(rows), "figures": figures, "groups": groups}
    return report


def set_table(
    calibration: Calibration, probabilities: NDArray[np.floating], thresholds: tuple[float, ...] = THRESHOLDS
) -> dict[tuple[str, float], NDArray[np.bool_]]:
    """Which groups each article's set holds, by rule and threshold: (n, n_groups) bool."""
    table = {("coverage", threshold): calibration.predict_sets(probabilities, threshold) for threshold in thresholds}
    return table | {("sum", threshold): predict_sets(probabilities, threshold) for threshold in thresholds}


def set_figures(
    primary: NDArray[np.integer], *chosen: NDArray[np.bool_], names: tuple[tuple[str, float], ...]
) -> dict[str, float]:
    """How often the sets hold the primary group, and how many groups they hold on average.

    chosen : for each of `names`, (n, n_groups) bool
    """
    return _means(*_held_and_sizes(primary, *chosen), names)


def _held_and_sizes(
    primary: NDArray[np.integer], *chosen: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
    """Whether each set holds the article's primary group, and how many groups it holds, (n, n_sets): once, not for
    each of the 500 draws that an interval takes."""
    rows = np.arange(len(primary))
    held = np.stack([sets[rows, primary] for sets in chosen], axis=1)
    return held, np.stack([sets.sum(axis=1, dtype=np.uint8) for sets in chosen], axis=1)


def _means(held: NDArray[np.bool_], sizes: NDArray[np.uint8], names: tuple[tuple[str, float], ...]) -> dict[str, float]:
    figures = {}
    for (rule, threshold), share, size in zip(names, held.mean(axis=0), sizes.mean(axis=0), strict=True):
        figures[f"{rule} {threshold:.2f}: covered"] = float(share)
        figures[f"{rule} {threshold:.2f}: spheres"] = float(size)
    return figures


def measure_sets(cache: Cache, bundle: Bundle, split: str, view: str) -> dict[str, list[list[float]]]:
    """For every position of the slider: [threshold, share of articles whose set holds the primary group, mean size].

    returns : rule -> rows
    """
    rows, log_probabilities = predictions(cache, bundle, split, view)
    table = set_table(bundle.calibrations[view], np.exp(log_probabilities), SLIDER)
    held, sizes = _held_and_sizes(cache.primary[rows], *table.values())
    measured: dict[str, list[list[float]]] = {}
    for (rule, threshold), covered, size in zip(table, held.mean(axis=0), sizes.mean(axis=0), strict=True):
        measured.setdefault(rule, []).append([threshold, round(float(covered), 4), round(float(size), 3)])
    return measured
