"""Recipes: what the head sees of an article, and that every recipe can be chosen by its name."""

import numpy as np
import pytest

import head
from spheres.model.recipe import RECIPES, build_features

VECTORS = np.array([[3.0, 4.0], [0.0, 2.0]], np.float32)
SCORES = np.arange(16, dtype=np.float32).reshape(2, 8)


def test_every_recipe_is_found_and_chosen_by_its_name():
    for name, recipe in RECIPES.items():
        assert recipe.name == name
        assert head.parse_arguments(["train", "--recipe", name]).recipe == name
    with pytest.raises(SystemExit):
        head.parse_arguments(["train", "--recipe", "another"])


def test_features_are_the_vector_and_where_the_recipe_has_them_the_scores():
    features = build_features(VECTORS, SCORES)
    assert features.dtype == np.float32
    assert (features == np.concatenate([VECTORS, SCORES], axis=1)).all()
    assert (build_features(VECTORS, None) == VECTORS).all()
