"""Recipes: named ways of making a head, and the features that it takes, from the cache and live alike.

classic    the encoder's vector as it is
best       the vector at length one, then the eight TF-IDF scores of the article's words
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

    Attributes:
        name: As `head.py train --recipe` takes it.
        tfidf: Put the TF-IDF scores of the article's words beside its vector.
        unit_length: Scale vectors to length one.
        primary_weight: Share of the target's weight that is moved to the primary group, in [0, 1].
        views: What is trained on: whole articles, and copies with the title alone.
        training: How.
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

    Args:
        vectors: (n, dim) from the encoder; unit vectors where the recipe has `unit_length`.
        scores: (n, n_groups) TF-IDF scores; needed where the recipe has `tfidf`.

    Returns:
        (n, n_features) float32.
    """
    if not recipe.tfidf:
        return np.asarray(vectors, np.float32)
    if scores is None:
        raise ValueError("this recipe needs TF-IDF scores")
    return np.concatenate([vectors, scores], axis=1).astype(np.float32)


def view_features(
    cache: Cache, recipe: Recipe, view: str, articles: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The head's input for cached articles.

    Args:
        articles: Row numbers.

    Returns:
        Those of them that this view has, (n,) ascending, and their features, (n, n_features) float32.
    """
    rows, vectors, scores = cache.views[view].of(articles, recipe.unit_length)
    return rows, build_features(recipe, vectors, scores)


def examples(cache: Cache, recipe: Recipe, articles: NDArray[np.intp], views: tuple[str, ...]) -> Examples:
    """Features and targets of these articles (row numbers) for training, all views in a row."""
    rows, features = zip(*(view_features(cache, recipe, view, articles) for view in views), strict=True)
    all_rows = np.concatenate(rows)
    targets = reweight_primary(cache.targets[all_rows], cache.primary[all_rows], recipe.primary_weight)
    return Examples(np.concatenate(features), targets)
