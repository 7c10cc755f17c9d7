"""Categories share out their groups: targets, shares, calibration, what is listed beside them, and accuracy."""

import numpy as np
import pytest

from spheres.data.categories import NAMES
from spheres.data.taxonomy import GROUPS, group_of
from spheres.embeddings.cache import Cache
from spheres.inference.classifier import Classifier
from spheres.model.categories import category_targets, choose_codes, count_cross_lists, groups_of, within_groups
from spheres.model.prior import ARXIV, EQUAL
from spheres.model.recipe import view_features

CODES = ("cs.CL", "cs.LG", "math.ST", "stat.TH")


@pytest.mark.parametrize(
    ("listed", "weight", "target"),
    [
        (["cs.LG"], 0.0, [0, 1, 0, 0]),
        (["cs.LG", "cs.CL"], 0.0, [0.5, 0.5, 0, 0]),
        (["cs.LG", "cs.CL"], 0.5, [0.25, 0.75, 0, 0]),
        (["math.ST"], 0.0, [0, 0, 0.5, 0.5]),  # one listing under two names
        (["math.ST", "stat.TH", "cs.LG"], 0.0, [0, 0.5, 0.25, 0.25]),
        (["cs.CL", "q-bio.OT"], 0.0, [1, 0, 0, 0]),  # what is not ranked is left out
    ],
)
def test_an_articles_target_shares_out_its_listings(listed: list[str], weight: float, target: list[float]) -> None:
    assert category_targets([listed], CODES, weight)[0].tolist() == pytest.approx(target)


def test_shares_sum_to_one_within_each_group_whatever_the_others_are() -> None:
    random = np.random.default_rng(0)
    groups = groups_of(["hep-th", "cs.CL", "gr-qc", "cs.LG", "cs.AI"])
    shares = np.exp(within_groups(random.normal(size=(20, 5)) * 30, groups))
    for group in (0, 2):
        assert shares[:, groups == group].sum(axis=1) == pytest.approx(1)


def test_rare_categories_are_not_ranked_but_for_the_most_frequent_of_a_group() -> None:
    listed = [["cs.LG"]] * 60 + [["cs.CL"]] * 49 + [["econ.TH"]] * 2 + [["econ.EM"], ["alien.XX"]]
    assert choose_codes(listed) == ("cs.LG", "econ.TH")


def test_cross_lists_are_counted_among_articles_that_list_a_category_first() -> None:
    listed = [
        ["cs.CL", "cs.LG"],
        ["cs.CL", "cs.LG", "stat.ML"],
        ["cs.CL"],
        ["cs.CL"],
        ["cs.LG", "cs.CL"],
        ["cs.CL", "cs.AI"],
    ]
    found = count_cross_lists(listed, ("cs.CL", "cs.LG"), np.arange(5))  # the last one is held out
    assert found == {"cs.CL": [("cs.LG", 0.5), ("stat.ML", 0.25)], "cs.LG": [("cs.CL", 1.0)]}


def test_every_group_has_shipped_categories_each_with_a_name(classifier: Classifier) -> None:
    codes = classifier.codes
    assert {group_of(code) for code in codes} == set(GROUPS) and set(codes) <= set(NAMES)
    assert len(codes) == len(set(codes)) > 140
    for code, others in classifier.cross_listed.items():
        assert code not in dict(others) and all(0 < share <= 1 for _, share in others)


@pytest.mark.parametrize("prior", [ARXIV, EQUAL], ids=lambda prior: prior.name)
def test_a_groups_categories_add_up_to_it_under_any_prior(prior, classifier: Classifier) -> None:
    answer = classifier.classify("Auctions with budget constraints", "We study how bidders shade their bids.").under(
        prior
    )
    probabilities = answer.categories(None)
    for group, probability in answer.ranked():
        assert sum(p for code, p in probabilities if group_of(code) == group) == pytest.approx(probability, abs=1e-6)
        shares = answer.categories_of(group, None)
        assert sum(share for _, share in shares) == pytest.approx(1, abs=1e-5)
        assert dict(shares) == pytest.approx(
            {c: p / probability for c, p in probabilities if group_of(c) == group}, abs=1e-5
        )
    assert [p for _, p in probabilities] == sorted((p for _, p in probabilities), reverse=True)


def test_the_first_category_is_among_five_for_nine_unseen_articles_of_ten(
    shipped_cache: Cache, classifier: Classifier
) -> None:
    cache, bundle = shipped_cache, classifier.bundle
    rows, features = view_features(cache, bundle.recipe, "both", cache.split["test"])
    groups = np.exp(bundle.log_probabilities(features, "both", EQUAL))
    probabilities = bundle.categories.probabilities(groups, features, "both")
    top = np.array(classifier.codes)[np.argsort(-probabilities, axis=1)[:, :5]]
    first = np.array([cache.categories[row].split()[0] for row in rows.tolist()])
    assert (top == first[:, None]).any(axis=1).mean() >= 0.89
    assert (top[:, 0] == first).mean() >= 0.57
