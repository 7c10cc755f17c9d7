"""Measuring a trained head on a split of a cache, in every view, with intervals.

    figures = evaluate(cache, bundle, "validation")["arxiv"]["both"]["figures"]      # accuracy, log-loss, sets, ...

The articles measured stand in about equal shares of the groups; weights make them stand for articles of another prior.
Nothing is chosen by what the test articles give: they are measured once, at the end.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spheres.data.taxonomy import GROUPS
from spheres.embeddings.cache import Cache
from spheres.model.bundle import Bundle
from spheres.model.calibration import Calibration
from spheres.model.metrics import by_group, summary, with_intervals
from spheres.model.prediction_sets import predict_sets, ranking
from spheres.model.prior import ARXIV, PRIORS, Prior
from spheres.model.recipe import view_features

THRESHOLDS = (0.80, 0.90, 0.95, 0.99)
SLIDER = tuple(round(float(t), 2) for t in np.linspace(0.5, 1, 51))  # the positions of the page's slider


@dataclass(frozen=True)
class SetScores:
    """How prediction sets did, article by article."""

    names: tuple[tuple[str, float], ...]  # (rule, threshold) of each kind of set
    covered: NDArray[np.bool_]  # (n, n_kinds), whether the set holds the article's primary group
    sizes: NDArray[np.uint8]  # (n, n_kinds), how many groups it holds

    @classmethod
    def of(
        cls,
        calibration: Calibration,
        probabilities: NDArray[np.floating],
        primary: NDArray[np.integer],
        thresholds: tuple[float, ...] = THRESHOLDS,
    ) -> "SetScores":
        """Score the sets of both rules: (n, n_groups) calibrated probabilities, (n,) places in GROUPS."""
        table = {("coverage", t): calibration.predict_sets(probabilities, t) for t in thresholds}
        table |= {("sum", t): predict_sets(probabilities, t) for t in thresholds}
        rows = np.arange(len(primary))
        covered = np.stack([sets[rows, primary] for sets in table.values()], axis=1)
        sizes = np.stack([sets.sum(axis=1, dtype=np.uint8) for sets in table.values()], axis=1)
        return cls(tuple(table), covered, sizes)

    def figures(
        self, rows: NDArray[np.intp] | slice = slice(None), weights: NDArray[np.floating] | None = None
    ) -> dict[str, float]:
        """For each kind of set the share of these articles that it covers, and its mean size; weights are (n,)."""
        shares = np.average(self.covered[rows], axis=0, weights=weights)
        sizes = np.average(self.sizes[rows], axis=0, weights=weights)
        figures = {}
        for (rule, threshold), share, size in zip(self.names, shares, sizes, strict=True):
            figures[f"{rule} {threshold:.2f}: covered"] = float(share)
            figures[f"{rule} {threshold:.2f}: spheres"] = float(size)
        return figures


def predictions(
    cache: Cache, bundle: Bundle, split: str, view: str, prior: Prior = ARXIV
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The articles of a split that a view has, (n,), and their calibrated log-probabilities, (n, n_groups)."""
    rows, features = view_features(cache, bundle.recipe, view, cache.split[split])
    return rows, bundle.log_probabilities(features, view, prior)


def evaluate(cache: Cache, bundle: Bundle, split: str) -> dict[str, Any]:
    """Every metric of a head on one split, with intervals, for articles of every prior and view that the cache has.

    Returns:
        Prior -> view -> {"articles": n, "figures": {metric: {"value", "low", "high"}}, "groups": {group: {...}}}.
    """
    return {
        name: {view: _evaluate_view(cache, bundle, split, view, prior) for view in cache.views}
        for name, prior in PRIORS.items()
    }


def _evaluate_view(cache: Cache, bundle: Bundle, split: str, view: str, prior: Prior) -> dict[str, Any]:
    rows, log_probabilities = predictions(cache, bundle, split, view, prior)
    primary = cache.primary[rows]
    weights = prior.weights(primary)
    sets = SetScores.of(bundle.calibrators[view].under(prior), np.exp(log_probabilities), primary)
    figures = with_intervals(summary, log_probabilities, cache.targets[rows], primary, weights)
    figures |= with_intervals(sets.figures, np.arange(len(rows)), weights)
    figures |= _category_figures(cache, bundle, rows, np.exp(log_probabilities), view, weights)
    groups = by_group(log_probabilities, primary, weights)
    at_95 = sets.covered[:, sets.names.index(("coverage", 0.95))]
    for place in np.unique(primary).tolist():  # a small corpus may have none of a group
        groups[GROUPS[place]]["coverage at 0.95"] = float(at_95[primary == place].mean())
    return {"articles": len(rows), "figures": figures, "groups": groups}


def _category_figures(
    cache: Cache,
    bundle: Bundle,
    rows: NDArray[np.intp],
    probabilities: NDArray[np.floating],
    view: str,
    weights: NDArray[np.floating],
) -> dict[str, dict[str, float]]:
    """Shares of these articles (row numbers) whose first category is among the most probable ones, with intervals."""
    _, features = view_features(cache, bundle.recipe, view, rows)
    codes = np.array(bundle.categories.codes)
    ranked = codes[ranking(bundle.categories.probabilities(probabilities, features, view))]  # (n, n_categories)
    listed = [cache.categories[row].split() for row in rows.tolist()]
    hits = {f"category_top{n}": (ranked[:, :n] == [[c[0]] for c in listed]).any(axis=1) for n in (1, 3, 5)}
    hits["category_any"] = np.array([top in found for top, found in zip(ranked[:, 0], listed, strict=True)])

    def measure(hits_of_all: NDArray[np.bool_], weights: NDArray[np.floating]) -> dict[str, float]:
        return dict(zip(hits, np.average(hits_of_all, axis=0, weights=weights).tolist(), strict=True))

    return with_intervals(measure, np.stack([*hits.values()], axis=1), weights)


def measure_sets(cache: Cache, bundle: Bundle, split: str, view: str, prior: Prior) -> dict[str, list[list[float]]]:
    """What sets did at every position of the page's slider, for articles of a prior.

    Returns:
        Rule -> rows of [threshold, share of articles whose set holds the primary group, mean size].
    """
    rows, log_probabilities = predictions(cache, bundle, split, view, prior)
    primary = cache.primary[rows]
    sets = SetScores.of(bundle.calibrators[view].under(prior), np.exp(log_probabilities), primary, SLIDER)
    measured: dict[str, list[list[float]]] = {}
    shares, sizes = (np.average(x, axis=0, weights=prior.weights(primary)) for x in (sets.covered, sets.sizes))
    for (rule, threshold), share, size in zip(sets.names, shares, sizes, strict=True):
        measured.setdefault(rule, []).append([threshold, round(float(share), 4), round(float(size), 3)])
    return measured
