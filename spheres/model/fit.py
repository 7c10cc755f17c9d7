"""From a cache to a bundle: train the heads, calibrate them, fit what stands beside them, measure.

    bundle = train(open_cache(Path("artifacts/all-MiniLM-L6-v2")), RECIPES["best"])      # two minutes on two cores

Each split has one use:

    train          the heads, the out-of-distribution detector and the map learn from these articles
    validation     decide when training stops
    calibration    temperatures, prediction sets and the out-of-distribution thresholds are fitted to these
    test           touched only to measure
"""

import numpy as np

from spheres.data.splits import SHARES
from spheres.data.taxonomy import reweight_primary
from spheres.embeddings.cache import Cache, load_tfidf, rebuild_hint
from spheres.errors import SphereError
from spheres.model.bundle import Bundle
from spheres.model.calibration import Calibrator
from spheres.model.categories import train_categories
from spheres.model.evaluate import evaluate, measure_sets
from spheres.model.network import Heads
from spheres.model.ood import OodDetector, fit_ood
from spheres.model.prior import PRIORS
from spheres.model.projection import fit_projection
from spheres.model.recipe import Recipe, examples, view_features
from spheres.model.train import train_heads

MIN_ARTICLES = 10  # in a split; fewer tell nothing
ENOUGH_TO_CALIBRATE = 500  # calibration articles: a promise of 95 % is then kept to within 2 points


def train(cache: Cache, recipe: Recipe) -> Bundle:
    """Train, calibrate and measure a head on a cache.

    Raises:
        SphereError: There are too few articles, or the head does not depend on its input.
    """
    rows = cache.split
    for split in rows:
        if len(rows[split]) < MIN_ARTICLES:
            raise SphereError(
                f"{cache.folder} holds {len(rows[split])} {split} articles, at least {MIN_ARTICLES} are needed: "
                "embed a larger corpus."
            )
    # 1. the heads
    views = tuple(view for view in recipe.views if view in cache.views)
    heads = train_heads(
        examples(cache, recipe, rows["train"], views),
        examples(cache, recipe, rows["validation"], ("both",)),
        recipe.training,
    )
    # 2. what stands beside them
    mapped, vectors, _ = cache.views["both"].of(rows["train"])
    bundle = Bundle(
        heads=heads,
        recipe=recipe,
        tfidf=load_tfidf(cache.folder, rebuild_hint(cache.folder)) if recipe.tfidf else None,
        identity=cache.identity,
        n_articles=len(rows["train"]),
        calibrators={view: calibrate_view(cache, recipe, heads, view) for view in cache.views},
        categories=train_categories(cache, recipe),
        ood=fit_ood_on_cache(cache),
        projection=fit_projection(vectors, cache.primary[mapped], recipe.training.seed),
    )
    # 3. what it is worth
    bundle.metrics["validation"] = evaluate(cache, bundle, "validation")
    for name, prior in PRIORS.items():
        bundle.measured[name] = {view: measure_sets(cache, bundle, "test", view, prior) for view in cache.views}
    return bundle


def note_on_calibration(n_articles: int) -> str:
    """What the user of a head must know where few articles calibrate it; "" where they are enough.

    The share of articles whose set holds their group strays by two standard errors of a share, 2 sqrt(0.95 0.05 / n).

    >>> note_on_calibration(50)[:96]
    'Only 50 articles calibrate this head, so its promises mean little: 95 % may be 6 points more or '
    """
    if n_articles >= ENOUGH_TO_CALIBRATE:
        return ""
    strays = round(200 * (0.95 * 0.05 / n_articles) ** 0.5)
    n_corpus = round(ENOUGH_TO_CALIBRATE / SHARES["calibration"], -3)
    return (
        f"Only {n_articles:,} articles calibrate this head, so its promises mean little: 95 % may be {strays} points "
        f"more or less; embed some {n_corpus:,.0f} articles for promises that hold."
    )


def calibrate_view(cache: Cache, recipe: Recipe, heads: Heads, view: str) -> Calibrator:
    """The heads' answers to the calibration articles of one view."""
    rows, features = view_features(cache, recipe, view, cache.split["calibration"])
    train = cache.split["train"]
    targets = reweight_primary(cache.targets[train], cache.primary[train], recipe.primary_weight)
    shares = targets.mean(axis=0, dtype=np.float64) + 1e-6  # of a group without articles as well
    trained = tuple((shares / shares.sum()).tolist())
    return Calibrator(heads.log_probabilities(features), cache.primary[rows], trained)


def fit_ood_on_cache(cache: Cache) -> OodDetector:
    """Fit the out-of-distribution detector to the training articles, and its thresholds to the calibration articles."""
    rows = cache.split
    training = [view.of(rows["train"])[1] for view in cache.views.values()]
    held_out = {name: view.of(rows["calibration"])[1] for name, view in cache.views.items()}
    return fit_ood(np.concatenate(training), held_out)
