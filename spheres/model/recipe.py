"""Recipes: named ways of making a head, and the features that it takes, from the cache and live alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spheres.data.taxonomy import reweight_primary
from spheres.embeddings.cache import Cache
from spheres.model.network import TrainingConfig
from spheres.model.train import Examples


@dataclass(frozen=True)
class Recipe:
    """A named way of making a head out of a cache. The defaults are the classic recipe's."""

    name: str  # as `head.py train --recipe` takes it
    tfidf: bool = False  # put the TF-IDF scores of the article's words beside its vector
    unit_length: bool = False  # scale vectors to length one
    primary_weight: float = 0.0  # share of the target's weight that is moved to the primary group, in [0, 1]
    views: tuple[str, ...] = ("both",)  # what is trained on: whole articles, and copies with the title alone
    training: TrainingConfig = field(default_factory=TrainingConfig)

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> "Recipe":
        """The inverse of `dataclasses.asdict`, out of JSON; KeyError, TypeError or ValueError where it is no recipe."""
        return cls(**{**saved, "views": tuple(saved["views"]), "training": TrainingConfig(**saved["training"])})


CLASSIC = Recipe("classic")
BEST = Recipe(
    "best",
    tfidf=True,
    unit_length=True,
    primary_weight=0.7,
    views=("both", "title"),
    training=TrainingConfig(
        dropout=0.3,
        noise=0.3,
        standardize=True,
        learning_rate=3e-3,
        weight_decay=0.05,
        max_epochs=12,
        n_heads=3,
    ),
)
RECIPES = {recipe.name: recipe for recipe in (BEST, CLASSIC)}


def build_features(vectors: NDArray[np.float32], scores: NDArray[np.floating] | None) -> NDArray[np.float32]:
    """(n, dim) vectors and, where the recipe has them, (n, n_groups) TF-IDF scores -> the head's (n, n_features)."""
    return vectors if scores is None else np.concatenate([vectors, scores], axis=1, dtype=np.float32)


def view_features(
    cache: Cache, recipe: Recipe, view: str, articles: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Those of `articles` (row numbers) that this view has, (n,) ascending, and their features, (n, n_features)."""
    rows, vectors, scores = cache.views[view].of(articles, recipe.unit_length)
    return rows, build_features(vectors, scores if recipe.tfidf else None)


def examples(cache: Cache, recipe: Recipe, articles: NDArray[np.intp], views: tuple[str, ...]) -> Examples:
    """Features and targets of these articles (row numbers) for training, all views in a row."""
    rows, features = zip(*(view_features(cache, recipe, view, articles) for view in views), strict=True)
    all_rows = np.concatenate(rows)
    targets = reweight_primary(cache.targets[all_rows], cache.primary[all_rows], recipe.primary_weight)
    return Examples(np.concatenate(features), targets)
