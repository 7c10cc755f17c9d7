"""The last section of the study: the shipped head on test articles, by period, and what limits any classifier."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spheres.data.taxonomy import GROUPS
from spheres.embeddings.cache import Cache
from spheres.model.bundle import Bundle
from spheres.model.calibration import calibrate
from spheres.model.evaluate import evaluate, predictions, set_figures, set_table
from spheres.model.fit import train
from spheres.model.metrics import BINS, summary, with_intervals
from spheres.model.recipe import CLASSIC, view_features
from spheres.study.ablations import Figures
from spheres.study.baselines import baselines

OLD, NEW = "2000-2019", "2024-2026"


def evaluate_on_test(cache: Cache, bundle: Bundle) -> Figures:
    """Everything that is measured on test articles.

    bundle : the shipped head, trained on this cache
    """
    rows, log_probabilities = predictions(cache, bundle, "test", "both")
    asked, learned = cache.split["test"], cache.split["train"]
    return {
        "shipped": evaluate(cache, bundle, "test"),
        "classic": evaluate(cache, train(cache, CLASSIC), "test"),
        "baselines": {
            name: with_intervals(summary, log_p, cache.targets[asked], cache.primary[asked])
            for name, log_p in baselines(cache, learned, asked).items()
        },
        "periods": periods(cache, bundle),
        "drift": drift(cache, bundle),
        "reliability": reliability(log_probabilities, cache.primary[rows]),
        "confusions": confusions(log_probabilities, cache.primary[rows]),
        "ceiling": ceiling(cache, log_probabilities, rows),
        "ood_false_alarms": false_alarms(cache, bundle),
        "slider": bundle.measured,
    }


def years(cache: Cache) -> NDArray[np.int64]:
    """The year of each article's date, 0 where it has none."""
    return np.array([int(date[:4]) if date[:4].isdecimal() else 0 for date in cache.dates])


def periods(cache: Cache, bundle: Bundle) -> Figures:
    """Accuracy and coverage of the shipped head on older and on newer test articles."""
    year = years(cache)
    test = cache.split["test"]
    wanted = {OLD: (year > 0) & (year < 2020), NEW: year >= 2024}
    return {name: _on_period(cache, bundle, mask) for name, mask in wanted.items() if mask[test].sum() > 1}


def drift(cache: Cache, bundle: Bundle) -> Figures:
    """What happens to coverage when a head meets articles five years newer than all that trained and calibrated it."""
    year = years(cache)
    old = np.flatnonzero(year < 2020)
    if not 0 < len(old) < len(year):
        return {}
    past = _only(cache, old)
    recipe = replace(bundle.recipe, training=replace(bundle.recipe.training, n_heads=1))
    head = train(past, recipe)
    fresh = cache.split["calibration"]
    known, features = view_features(cache, recipe, "both", fresh[year[fresh] >= 2024])
    calibration = calibrate(head.heads.log_probabilities(features), cache.primary[known])
    again = replace(head, calibrations={**head.calibrations, "both": calibration})
    return {
        f"calibrated on {OLD}, tested on {OLD}": _on_period(cache, head, year < 2020),
        f"calibrated on {OLD}, tested on {NEW}": _on_period(cache, head, year >= 2024),
        f"calibrated on {NEW}, tested on {NEW}": _on_period(cache, again, year >= 2024),
    }


def _on_period(cache: Cache, bundle: Bundle, wanted: NDArray[np.bool_]) -> Figures:
    rows, log_probabilities = predictions(cache, bundle, "test", "both")
    return _figures(cache, bundle, rows[wanted[rows]], log_probabilities[wanted[rows]])


def _only(cache: Cache, rows: NDArray[np.intp]) -> Cache:
    """The cache of some of its articles, ascending."""
    place = np.full(len(cache.ids), -1)
    place[rows] = np.arange(len(rows))
    views = {}
    for name, view in cache.views.items():
        kept = np.flatnonzero(place[view.rows] >= 0)
        scales = None if view.scales is None else view.scales[kept]
        views[name] = replace(
            view,
            rows=place[view.rows[kept]],
            stored=view.stored[kept],
            scales=scales,
            tfidf_scores=view.tfidf_scores[kept],
        )
    return replace(
        cache,
        views=views,
        targets=cache.targets[rows],
        primary=cache.primary[rows],
        ids=[cache.ids[row] for row in rows],
        categories=[cache.categories[row] for row in rows],
        dates=[cache.dates[row] for row in rows],
    )


def _figures(cache: Cache, bundle: Bundle, rows: NDArray[np.intp], log_probabilities: NDArray[np.float64]) -> Figures:
    primary = cache.primary[rows]
    sets = set_table(bundle.calibrations["both"], np.exp(log_probabilities))
    return {
        "articles": len(rows),
        **summary(log_probabilities, cache.targets[rows], primary),
        **set_figures(primary, *sets.values(), names=tuple(sets)),
    }


def reliability(log_probabilities: NDArray[np.float64], primary: NDArray[np.integer]) -> list[list[float]]:
    """For each bin of confidence that holds articles: [mean confidence, share that is right, number of articles]."""
    confidence = np.exp(log_probabilities.max(axis=1))
    right = log_probabilities.argmax(axis=1) == primary
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return [
        [float(confidence[bins == b].mean()), float(right[bins == b].mean()), int((bins == b).sum())]
        for b in range(BINS)
        if (bins == b).any()
    ]


def confusions(log_probabilities: NDArray[np.float64], primary: NDArray[np.integer]) -> list[list[int]]:
    """How many articles of each primary group (row) got each top answer (column), in the order of GROUPS."""
    table = np.zeros((len(GROUPS), len(GROUPS)), dtype=int)
    np.add.at(table, (primary, log_probabilities.argmax(axis=1)), 1)
    return [[int(n) for n in line] for line in table]


def false_alarms(cache: Cache, bundle: Bundle) -> dict[str, Any]:
    """The share of test articles that are called unfamiliar, by view."""
    test = cache.split["test"]
    alarms = {}
    for name, view in cache.views.items():
        distances = bundle.ood.distances(view.of(test)[1])
        alarms[name] = float((distances > bundle.ood.thresholds[name]).mean())
    return alarms


def ceiling(cache: Cache, log_probabilities: NDArray[np.floating], rows: NDArray[np.intp]) -> Figures:
    """Why no classifier of these articles is perfect: what the labels themselves leave open.

    log_probabilities : (n, n_groups) for the articles `rows`
    """
    targets, primary = cache.targets[rows], cache.primary[rows]
    everyone = np.arange(len(rows))
    heaviest = targets >= targets.max(axis=1, keepdims=True) - 1e-6
    alone = heaviest.sum(axis=1) == 1
    right = log_probabilities.argmax(axis=1) == primary
    return {
        "one heaviest group, and it is the primary": float((alone & heaviest[everyone, primary]).mean()),
        "primary tied with another for the heaviest": float((~alone & heaviest[everyone, primary]).mean()),
        "oracle that knows the soft target and breaks ties at random": float(
            (heaviest[everyone, primary] / heaviest.sum(axis=1)).mean()
        ),
        "primary is the top answer, articles of one group": float(right[(targets > 0).sum(axis=1) == 1].mean()),
        "primary is the top answer, articles of several groups": float(right[(targets > 0).sum(axis=1) > 1].mean()),
        "articles of several groups": float(((targets > 0).sum(axis=1) > 1).mean()),
    }
