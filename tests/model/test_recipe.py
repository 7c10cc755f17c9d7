"""Recipes: what the head sees of an article, and that every recipe can be chosen by its name."""

from dataclasses import replace

import numpy as np
import pytest

import head
from spheres.model.recipe import BEST, CLASSIC, RECIPES, build_features

VECTORS = np.array([[3.0, 4.0], [0.0, 2.0]], np.float32)
SCORES = np.arange(16, dtype=np.float32).reshape(2, 8)


def test_every_recipe_is_found_and_chosen_by_its_name():
    for name, recipe in RECIPES.items():
        assert recipe.name == name
        assert head.parse_arguments(["train", "--recipe", name]).recipe == name
    with pytest.raises(SystemExit):
        head.parse_arguments(["train", "--recipe", "another"])


def test_a_new_recipe_combines_what_it_asks_for():
    features = build_features(replace(CLASSIC, name="new", tfidf=True), VECTORS, SCORES)
    assert features.dtype == np.float32
    assert (features == np.concatenate([VECTORS, SCORES], axis=1)).all()
    assert (build_features(replace(BEST, tfidf=False), VECTORS, None) == VECTORS).all()


def test_a_recipe_with_tfidf_scores_needs_them():
    with pytest.raises(ValueError, match="scores"):
        build_features(BEST, VECTORS, None)
