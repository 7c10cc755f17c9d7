"""Which group a category belongs to, and an article's soft target."""

import numpy as np
import pytest

from spheres.data.taxonomy import (
    ARCHIVES,
    GROUPS,
    TWINS,
    group_of,
    known_categories,
    primary_group,
    reweight_primary,
    soft_target,
)

# Written by hand from arXiv's taxonomy: categories -> the share of each group.
BY_HAND = [
    ("cs.LG", {"cs": 1}),
    ("cs.LG stat.ML", {"cs": 0.5, "stat": 0.5}),
    ("cs.LG cs.CV stat.ML", {"cs": 2 / 3, "stat": 1 / 3}),
    ("cs.SY", {"cs": 0.5, "eess": 0.5}),
    ("eess.SY cs.SY", {"cs": 0.5, "eess": 0.5}),
    ("cs.SY eess.SY math.OC", {"cs": 0.25, "eess": 0.25, "math": 0.5}),
    ("math-ph", {"physics": 0.5, "math": 0.5}),
    ("math-ph math.MP", {"physics": 0.5, "math": 0.5}),
    ("math.ST stat.TH cs.LG", {"math": 0.25, "stat": 0.25, "cs": 0.5}),
    ("econ.GN q-fin.EC", {"econ": 0.5, "q-fin": 0.5}),
    ("cs.IT math.IT", {"cs": 0.5, "math": 0.5}),
    ("math.NA", {"cs": 0.5, "math": 0.5}),
    ("chao-dyn nlin.CD", {"physics": 1}),
    ("patt-sol math.AP", {"physics": 0.5, "math": 0.5}),
    ("alg-geom", {"math": 1}),
    ("q-alg hep-th", {"math": 0.5, "physics": 0.5}),
    ("cmp-lg", {"cs": 1}),
    ("adap-org cs.NE nlin.AO q-bio.PE", {"physics": 0.5, "cs": 0.25, "q-bio": 0.25}),
    ("cs.LG cs.LG", {"cs": 1}),
    ("cs.LG I.2.6 68T05", {"cs": 1}),
]


@pytest.mark.parametrize(("categories", "expected"), BY_HAND)
def test_a_soft_target_is_what_the_table_says(categories: str, expected: dict[str, float]) -> None:
    target = soft_target(categories.split())
    assert target == pytest.approx([expected.get(group, 0) for group in GROUPS], abs=1e-6)
    assert target.dtype == np.float32


@pytest.mark.parametrize(
    "retired", ["chao-dyn", "patt-sol", "solv-int", "acc-phys", "supr-con", "bayes-an", "comp-gas"]
)
def test_a_retired_physics_archive_is_physics(retired: str) -> None:
    assert group_of(retired) == "physics"


def test_a_category_is_known_in_any_case_and_by_what_stands_before_its_first_dot() -> None:
    assert [group_of(category) for category in (" CS.lg ", "Math.AG", "HEP-TH", "astro-ph.CO.old")] == [
        *("cs", "math", "physics", "physics"),
    ]


def test_a_twin_is_known_in_any_case() -> None:
    assert soft_target(["Math-PH"]).tolist() == soft_target(["math.mp"]).tolist() == soft_target(["math-ph"]).tolist()


def test_every_archive_belongs_to_one_group() -> None:
    archives = [archive for names in ARCHIVES.values() for archive in names]
    assert len(archives) == len(set(archives))
    assert tuple(ARCHIVES) == GROUPS


def test_either_name_of_a_twin_is_the_same_listing() -> None:
    for one, other in TWINS:
        assert soft_target([one]).tolist() == soft_target([other]).tolist() == soft_target([one, other]).tolist()


def test_the_primary_group_is_the_first_listed_category_as_it_stands() -> None:
    assert primary_group(["math-ph", "math.MP"]) == "physics"
    assert primary_group(["eess.SY", "cs.SY"]) == "eess"
    assert primary_group(["I.2.6", "stat.ML"]) == "stat"


def test_what_is_no_category_is_passed_over() -> None:
    assert known_categories(["", "physics-of-life", "68T05", " cs.AI "]) == ["cs.AI"]
    for describe in (soft_target, primary_group):
        with pytest.raises(ValueError, match=r"^no arXiv category among \['68T05', 'I\.2\.6'\]$"):
            describe(("68T05", "I.2.6"))


def test_categories_keep_their_order_and_come_once() -> None:
    assert known_categories(["stat.ML", "cs.LG", " stat.ML", "68T05", "cs.AI"]) == ["stat.ML", "cs.LG", "cs.AI"]


def test_sharpening_moves_weight_to_the_primary_group() -> None:
    targets = np.array([[0.5, 0.5, 0.0]])
    primary = np.array([1])
    assert reweight_primary(targets, primary, 0.0).tolist() == [[0.5, 0.5, 0.0]]
    assert reweight_primary(targets, primary, 1.0).tolist() == [[0.0, 1.0, 0.0]]


def test_each_article_is_sharpened_towards_its_own_primary_group() -> None:
    targets = np.array([[0.5, 0.5, 0.0], [0.25, 0.25, 0.5]])
    found = reweight_primary(targets, np.array([1, 0]), 0.25)
    assert found.tolist() == [[0.375, 0.625, 0.0], [0.4375, 0.1875, 0.375]]
    assert found.dtype == np.float32
    assert targets.tolist() == [[0.5, 0.5, 0.0], [0.25, 0.25, 0.5]]  # as they were
