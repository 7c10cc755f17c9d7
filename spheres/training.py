"""From a cache to a trained head, with all that stands beside it: calibration, familiarity, the map.

    trained = train(open_cache(Path("artifacts/all-MiniLM-L6-v2")), RECIPES["best"])

train         the head learns from training articles; validation articles decide when to stop
calibration   temperatures, the cuts of prediction sets, and of unfamiliar texts
test          touched only to measure
"""

from collections.abc import Callable

import numpy as np

from spheres.atlas import fit_atlas
from spheres.cache import Cache, load_lexicon, remedy_of
from spheres.calibration import Calibration, fit_calibration
from spheres.errors import SphereError
from spheres.evaluation import evaluate, measure_sets
from spheres.familiarity import Familiarity, fit_familiarity
from spheres.features import Recipe, examples, view_features
from spheres.head import Heads, train_heads
from spheres.trained import Trained

MIN_ARTICLES = 20  # in a split; fewer say nothing


def train(cache: Cache, recipe: Recipe, say: Callable[[str], None] = lambda sentence: None) -> Trained:
    """Train, calibrate and measure a head on a cache.

    raises : SphereError where there are too few articles, or the head does not depend on its input
    """
    rows = cache.split
    for split in rows:
        if len(rows[split]) < MIN_ARTICLES:
            raise SphereError(
                f"{cache.folder} holds {len(rows[split])} {split} articles, at least {MIN_ARTICLES} are needed: "
                "embed a larger corpus."
            )
    heads = train_heads(
        examples(cache, recipe, rows["train"], tuple(view for view in recipe.views if view in cache.views)),
        examples(cache, recipe, rows["validation"], ("both",)),
        recipe.training,
        say,
    )
    trained = Trained(
        heads=heads,
        recipe=recipe,
        lexicon=load_lexicon(cache.folder, remedy_of(cache.folder)) if recipe.lexical else None,
        identity=cache.identity,
        n_articles=len(rows["train"]),
        calibrations={view: calibrate(cache, recipe, heads, view) for view in cache.views},
        familiarity=get_familiar(cache),
        atlas=fit_atlas(cache.views["both"].of(rows["train"])[1], cache.primary[rows["train"]], recipe.training.seed),
    )
    trained.metrics["validation"] = evaluate(cache, trained, "validation")
    for view in cache.views:
        trained.measured[view] = measure_sets(cache, trained, "test", view)
    return trained


def calibrate(cache: Cache, recipe: Recipe, heads: Heads, view: str) -> Calibration:
    """Fit temperature and cuts of one view to the calibration articles."""
    rows, features = view_features(cache, recipe, view, cache.split["calibration"])
    return fit_calibration(heads.log_probabilities(features), cache.primary[rows])


def get_familiar(cache: Cache) -> Familiarity:
    """Fit the distance that tells articles from other texts; the calibration articles set its cuts."""
    rows = cache.split
    training = [cache.views[view].of(rows["train"])[1] for view in cache.views]
    held_out = {view: cache.views[view].of(rows["calibration"])[1] for view in cache.views}
    return fit_familiarity(np.concatenate(training), held_out)
