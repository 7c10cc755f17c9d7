"""The shipped head on test articles: beside others, by period, and what limits any classifier.

Test articles are used here, once, after every choice was made.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spheres.data.taxonomy import GROUPS
from spheres.embeddings.cache import Cache
from spheres.model.bundle import Bundle
from spheres.model.evaluate import SetScores, evaluate, predictions
from spheres.model.fit import train
from spheres.model.metrics import BINS, summary
from spheres.model.prior import ARXIV, EQUAL, PRIORS, Prior
from spheres.model.recipe import CLASSIC, view_features
from spheres.study.baselines import measure_baselines

Figures = dict[str, Any]

OLD, NEW = "2000-2019", "2024-2026"


def evaluate_on_test(cache: Cache, bundle: Bundle) -> Figures:
    """Everything that is measured on test articles, by name; `bundle` is the shipped head, trained on this cache."""
    from sklearn.metrics import confusion_matrix

    rows, log_probabilities = predictions(cache, bundle, "test", "both", ARXIV)
    targets, primary = cache.targets[rows], cache.primary[rows]
    weights = ARXIV.weights(primary)
    tops = {name: predictions(cache, bundle, "test", "both", p)[1].argmax(axis=1) for name, p in PRIORS.items()}
    confusions = {name: confusion_matrix(primary, top, labels=range(len(GROUPS))) for name, top in tops.items()}
    return {
        "shipped": evaluate(cache, bundle, "test"),
        "classic": evaluate(cache, train(cache, CLASSIC), "test"),
        "baselines": measure_baselines(cache, "test"),
        "periods": measure_periods(cache, bundle),
        "drift": measure_drift(cache, bundle),
        "reliability": reliability_curve(log_probabilities, primary, weights),
        # Prior -> primary groups in rows, top answers in columns, in the order of GROUPS
        "confusions": {name: counts.tolist() for name, counts in confusions.items()},
        "ceiling": {
            "arxiv": ceiling(log_probabilities, targets, primary, weights),
            "equal": ceiling(predictions(cache, bundle, "test", "both", EQUAL)[1], targets, primary),
        },
        "ood_false_alarms": ood_false_alarms(cache, bundle),
        "slider": bundle.measured,
    }


def measure_periods(cache: Cache, bundle: Bundle) -> Figures:
    """Accuracy and coverage on older and on newer test articles."""
    year, test = years(cache), cache.split["test"]
    periods = {OLD: (year > 0) & (year < 2020), NEW: year >= 2024}
    periods = {name: mask for name, mask in periods.items() if mask[test].sum() > 1}
    return {
        prior.name: {name: _on_period(cache, bundle, mask, prior) for name, mask in periods.items()}
        for prior in (ARXIV, EQUAL)
    }


def measure_drift(cache: Cache, bundle: Bundle) -> Figures:
    """What happens to coverage when a head meets articles five years newer than all that trained and calibrated it."""
    year = years(cache)
    old = np.flatnonzero(year < 2020)
    if not 0 < len(old) < len(year):
        return {}
    recipe = replace(bundle.recipe, training=replace(bundle.recipe.training, n_heads=1))
    older = train(select_rows(cache, old), recipe)
    calibration_rows = cache.split["calibration"]
    rows, features = view_features(cache, recipe, "both", calibration_rows[year[calibration_rows] >= 2024])
    calibrator = replace(
        older.calibrators["both"],
        log_probabilities=older.heads.log_probabilities(features),
        primary=cache.primary[rows],
    )
    recalibrated = replace(older, calibrators={**older.calibrators, "both": calibrator})
    tests = {
        f"calibrated on {OLD}, tested on {OLD}": (older, year < 2020),
        f"calibrated on {OLD}, tested on {NEW}": (older, year >= 2024),
        f"calibrated on {NEW}, tested on {NEW}": (recalibrated, year >= 2024),
    }
    return {
        prior.name: {name: _on_period(cache, *test, prior) for name, test in tests.items()} for prior in (ARXIV, EQUAL)
    }


def _on_period(cache: Cache, bundle: Bundle, in_period: NDArray[np.bool_], prior: Prior) -> Figures:
    """Figures of the test articles in a period; `in_period` is (n_articles,)."""
    rows, log_probabilities = predictions(cache, bundle, "test", "both", prior)
    kept = in_period[rows]
    rows, log_probabilities = rows[kept], log_probabilities[kept]
    primary = cache.primary[rows]
    weights = prior.weights(primary)
    sets = SetScores.of(bundle.calibrators["both"].under(prior), np.exp(log_probabilities), primary)
    figures = summary(log_probabilities, cache.targets[rows], primary, weights)
    return {"articles": len(rows), **figures, **sets.figures(weights=weights)}


def years(cache: Cache) -> NDArray[np.int64]:
    """The year of each article's date, (n_articles,), 0 where it has none."""
    return np.array([int(date[:4]) if date[:4].isdecimal() else 0 for date in cache.dates])


def select_rows(cache: Cache, rows: NDArray[np.intp]) -> Cache:
    """The cache of some of its articles; `rows` are their row numbers, ascending."""
    new_row = np.full(len(cache.ids), -1)
    new_row[rows] = np.arange(len(rows))
    views = {}
    for name, view in cache.views.items():
        kept = np.flatnonzero(new_row[view.rows] >= 0)
        views[name] = replace(
            view,
            rows=new_row[view.rows[kept]],
            stored=view.stored[kept],
            scales=None if view.scales is None else view.scales[kept],
            tfidf_scores=view.tfidf_scores[kept],
        )
    return replace(
        cache,
        views=views,
        ids=[cache.ids[row] for row in rows],
        categories=[cache.categories[row] for row in rows],
        dates=[cache.dates[row] for row in rows],
        titles=[cache.titles[row] for row in rows],
    )


def reliability_curve(
    log_probabilities: NDArray[np.floating], primary: NDArray[np.integer], weights: NDArray[np.floating]
) -> list[list[float]]:
    """For each bin of confidence that holds articles: [mean confidence, share that is right, number of articles].

    The bins are those of the expected calibration error. scikit-learn's `calibration_curve` does not count articles.
    """
    confidence = np.exp(log_probabilities.max(axis=1))
    right = log_probabilities.argmax(axis=1) == primary
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return [
        [
            float(np.average(confidence[bins == b], weights=weights[bins == b])),
            float(np.average(right[bins == b], weights=weights[bins == b])),
            int((bins == b).sum()),
        ]
        for b in np.unique(bins)
    ]


def ood_false_alarms(cache: Cache, bundle: Bundle) -> dict[str, float]:
    """The share of test articles that are called unfamiliar, by view."""
    alarms = {}
    for name, view in cache.views.items():
        distances = bundle.ood.distances(view.of(cache.split["test"])[1])
        alarms[name] = float((distances > bundle.ood.thresholds[name]).mean())
    return alarms


def ceiling(
    log_probabilities: NDArray[np.floating],
    targets: NDArray[np.floating],
    primary: NDArray[np.integer],
    weights: NDArray[np.floating] | None = None,
) -> dict[str, float]:
    """Why no classifier of these articles is perfect: what the labels themselves leave open, as shares of articles."""
    heaviest = targets >= targets.max(axis=1, keepdims=True) - 1e-6
    n_heaviest = heaviest.sum(axis=1)
    primary_is_heaviest = heaviest[np.arange(len(primary)), primary]
    right = log_probabilities.argmax(axis=1) == primary
    several = (targets > 0).sum(axis=1) > 1
    shares = {
        "one heaviest group, and it is the primary": (n_heaviest == 1) & primary_is_heaviest,
        "primary tied with another for the heaviest": (n_heaviest > 1) & primary_is_heaviest,
        "oracle that knows the soft target and breaks ties at random": primary_is_heaviest / n_heaviest,
        "articles of several groups": several,
    }
    weights = np.ones(len(primary)) if weights is None else weights
    found = {name: float(np.average(share, weights=weights)) for name, share in shares.items()}
    for name, of in (("one group", ~several), ("several groups", several)):
        if of.any():
            accuracy = float(np.average(right[of], weights=weights[of]))
            found[f"primary is the top answer, articles of {name}"] = accuracy
    return found
