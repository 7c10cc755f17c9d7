"""Priors: Bayes' rule, weights, and shares estimated from answers."""

import numpy as np
import pytest

from spheres.data.taxonomy import GROUPS
from spheres.model.prior import ARXIV, EQUAL, PRIORS, estimate_prior, shift_prior


def test_the_shares_of_each_prior_sum_to_one() -> None:
    for prior in PRIORS.values():
        assert len(prior.shares) == len(GROUPS) and sum(prior.shares) == pytest.approx(1)


def test_a_shift_is_bayes_rule_and_the_shift_back_undoes_it() -> None:
    p = np.random.default_rng(0).dirichlet(np.ones(8), 20)
    shifted = np.exp(shift_prior(np.log(p), EQUAL.shares, ARXIV.shares))
    by_hand = p * ARXIV.shares
    assert shifted == pytest.approx(by_hand / by_hand.sum(axis=1, keepdims=True))
    assert shift_prior(np.log(shifted), ARXIV.shares, EQUAL.shares) == pytest.approx(np.log(p))


def test_weighted_articles_have_the_priors_shares() -> None:
    primary = np.random.default_rng(0).integers(0, 8, 500)
    weights = ARXIV.weights(primary)
    assert np.bincount(primary, weights) / weights.sum() == pytest.approx(ARXIV.shares)
    assert weights.mean() == pytest.approx(1)


def test_shares_are_estimated_from_answers_made_under_others() -> None:
    """Answers to 2,000 articles of arXiv's mix, by a perfect classifier of equally frequent groups with noisy hints."""
    random = np.random.default_rng(1)
    groups = random.choice(8, p=ARXIV.shares, size=2000)
    hints = random.normal(size=(2000, 8)) + 2 * np.eye(8)[groups]
    answers = shift_prior(2 * hints, EQUAL.shares, EQUAL.shares)
    found = estimate_prior(answers, EQUAL.shares)
    assert found.name == "file" and sum(found.shares) == pytest.approx(1) and min(found.shares) > 0
    assert found.shares == pytest.approx(ARXIV.shares, abs=0.03)
    naive = np.exp(answers).mean(axis=0)  # the mean answer is drawn towards the prior that it took for granted
    assert np.abs(naive - ARXIV.shares).max() > 0.1


def test_an_estimate_does_not_depend_on_the_prior_of_the_answers() -> None:
    random = np.random.default_rng(2)
    answers = np.log(random.dirichlet(np.full(8, 0.2), 300))
    first = estimate_prior(answers, EQUAL.shares)
    second = estimate_prior(shift_prior(answers, EQUAL.shares, ARXIV.shares), ARXIV.shares)
    assert second.shares == pytest.approx(first.shares, abs=1e-3)
