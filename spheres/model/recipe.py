"""What the head sees of an article, from the cache or live: one place, so that both are the same.

the encoder's vector as it is                                     the classic recipe
the vector at length one, then the eight scores of its words      the best recipe
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spheres.data.taxonomy import reweight_primary
from spheres.embeddings.cache import Cache
from spheres.model.network import TrainingConfig
from spheres.model.train import Examples


@dataclass(frozen=True)
class Recipe:
    """A named way of making a head out of a cache.

    lexical        : put the scores of the article's words beside its vector
    unit_length    : scale vectors to length one
    primary_weight : share of the target's weight that is moved to the primary group
    views          : what is trained on: whole articles, and copies with the title alone
    """

    name: str
    tfidf: bool
    unit_length: bool
    primary_weight: float
    views: tuple[str, ...]
    training: TrainingConfig

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> "Recipe":
        """What `dataclasses.asdict` made of a recipe, out of JSON.

        Raises:
            KeyError, TypeError, ValueError: If `saved` is no recipe.
        """
        views, training = tuple(saved["views"]), TrainingConfig(**saved["training"])
        return cls(**{**saved, "views": views, "training": training})


CLASSIC = Recipe("classic", False, False, 0.0, ("both",), TrainingConfig())
BEST = Recipe(
    "best",
    tfidf=True,
    unit_length=True,
    primary_weight=0.7,
    views=("both", "title"),
    training=TrainingConfig(
        dropout=0.3,
        input_dropout=0.1,
        noise=0.5,
        standardize=True,
        learning_rate=2e-3,
        weight_decay=0.02,
        max_epochs=12,
        n_heads=3,
    ),
)
RECIPES = {recipe.name: recipe for recipe in (BEST, CLASSIC)}


def build_features(
    recipe: Recipe, vectors: NDArray[np.float32], scores: NDArray[np.floating] | None
) -> NDArray[np.float32]:
    """The head's input.

    vectors : (n, dim) from the encoder
    scores  : (n, n_groups) from the lexicon; needed where the recipe is lexical
    returns : (n, n_features) float32
    """
    if not recipe.tfidf:
        return np.asarray(vectors, np.float32)
    if scores is None:
        raise ValueError("this recipe needs the scores of a lexicon")
    return np.concatenate([vectors, scores], axis=1).astype(np.float32)


def view_features(
    cache: Cache, recipe: Recipe, view: str, articles: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The articles (row numbers) that this view has of those asked for, ascending, and their features."""
    rows, vectors, scores = cache.views[view].of(articles, recipe.unit_length)
    return rows, build_features(recipe, vectors, scores)


def examples(cache: Cache, recipe: Recipe, articles: NDArray[np.intp], views: tuple[str, ...]) -> Examples:
    """These articles as the recipe wants them for training, all views in a row."""
    rows, features = zip(*(view_features(cache, recipe, view, articles) for view in views), strict=True)
    all_rows = np.concatenate(rows)
    targets = reweight_primary(cache.targets[all_rows], cache.primary[all_rows], recipe.primary_weight)
    return Examples(np.concatenate(features), targets)
