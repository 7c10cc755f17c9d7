"""The ablations' arithmetic, on a thousand of the shipped articles."""

import numpy as np
import pytest
import torch

from spheres.data.taxonomy import GROUPS
from spheres.model.recipe import CLASSIC
from spheres.study.ablations import Caches, Trial, gradient_ratio, run_study, select_dimensions, with_training
from spheres.study.baselines import baselines
from spheres.study.test_set import select_rows

QUICK = with_training(CLASSIC, max_epochs=1)


@pytest.fixture(scope="module")
def cache(shipped_cache):
    return select_rows(shipped_cache, np.arange(0, len(shipped_cache.ids), 40))


def test_the_gradient_ratio_is_that_of_the_losses_own_gradients():
    targets = np.random.default_rng(0).dirichlet(np.ones(8), size=50)
    logits = torch.tensor(np.log(targets.mean(axis=0))).expand(50, 8).clone().requires_grad_()
    (kl,) = torch.autograd.grad((torch.tensor(targets) * -logits.log_softmax(1)).sum(), logits)
    mse = (logits.softmax(1) - torch.tensor(targets)).square().mean(dim=1).sum()
    (squared,) = torch.autograd.grad(mse, logits)
    expected = kl.norm(dim=1).mean() / squared.norm(dim=1).mean()
    assert gradient_ratio(targets) == pytest.approx(expected.item())


def test_a_trial_is_measured_in_each_view_and_on_the_cache_it_names(cache):
    trial = Trial("x", cache, QUICK, views=("both", "title"), share=0.5, tested_on=cache, resamples=3)
    row = trial.measure()
    assert trial.measure() == row, "the same seed gives the same figures"
    assert row["what"] == "x" and list(row["views"]) == ["both", "title"]
    assert 0 <= row["views"]["title"]["top1_primary"]["value"] <= 1
    assert {"mean_set_size", "information", "kl"} <= set(row["views"]["both"])
    assert row["views"]["both"]["arxiv"]["top1_primary"] != row["views"]["both"]["top1_primary"]


def test_some_of_the_dimensions_are_selected_in_every_view(cache):
    half = select_dimensions(cache, slice(2, None))
    assert half.dim == cache.dim - 2
    for name, view in half.views.items():
        assert (view.vectors() == cache.views[name].vectors()[:, 2:]).all()


def test_a_study_of_one_corpus_leaves_out_what_needs_others(cache, monkeypatch):
    monkeypatch.setattr(Trial, "measure", lambda trial: {"what": trial.label})  # trained in test_scripts.py
    monkeypatch.setattr("spheres.study.ablations.measure_baselines", lambda *given: {"equal": {}})
    lines = []
    study = run_study(Caches({"balanced": cache}, {}), lines.append)
    assert [name for name, rows in study.items() if not rows] == ["baselines", "pooling", "length", "copies", "corpus"]
    assert "collapse: 4 rows" in lines
    both = run_study(Caches({"balanced": cache, "imbalanced": cache}, {256: cache}), lines.append)
    assert [row["what"] for row in both["corpus"]][1] == "trained on the balanced corpus, tested on the imbalanced one"
    assert [row["what"] for row in both["pooling"]] == ["[CLS]", "mean", "both in a row"]


def test_every_baseline_gives_a_distribution_over_all_groups_and_beats_the_prior(cache):
    rows = cache.split["test"]
    answers = baselines(cache, rows)
    right = {name: (answer.argmax(axis=1) == cache.primary[rows]).mean() for name, answer in answers.items()}
    assert len(answers) == 5 and min(right, key=right.get) == "class prior"
    for name, log_probabilities in answers.items():
        assert log_probabilities.shape == (len(rows), len(GROUPS)), name
        assert np.exp(log_probabilities).sum(axis=1) == pytest.approx(np.ones(len(rows)), abs=1e-4), name
