"""The head: the classic recipe's layers, repeatable, and refused when it learned nothing."""

import re

import numpy as np
import pytest
import torch

from spheres.errors import SphereError
from spheres.model.metrics import kl_divergence
from spheres.model.network import Head, Heads, TrainingConfig
from spheres.model.train import LOSSES, Examples, information, train_heads

random = np.random.default_rng(0)
N, DIM = 600, 12
DIRECTIONS = random.normal(size=(DIM, 8))


def made_up(n: int = N) -> Examples:
    features = random.normal(size=(n, DIM)).astype(np.float32)
    scores = np.exp(2 * features @ DIRECTIONS / np.sqrt(DIM))
    return Examples(features, (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32))


TRAIN, VALIDATION = made_up(), made_up(200)
QUICK = TrainingConfig(max_epochs=8, learning_rate=1e-2)


def test_the_plain_head_is_the_designs() -> None:
    layers = [
        layer
        for layer in Head(384).layers
        if type(layer).__module__.startswith("torch") and not isinstance(layer, torch.nn.Dropout)
    ]
    assert [type(layer).__name__ for layer in layers] == ["Linear", "ReLU", "Linear", "LogSoftmax"]
    assert (layers[0].in_features, layers[0].out_features, layers[2].out_features) == (384, 256, 8)
    assert isinstance(LOSSES["kl"], torch.nn.KLDivLoss) and LOSSES["kl"].reduction == "batchmean"


def test_it_learns_and_its_answers_are_distributions() -> None:
    log_p = train_heads(TRAIN, VALIDATION, QUICK).log_probabilities(VALIDATION.features)
    assert np.exp(log_p).sum(axis=1) == pytest.approx(np.ones(200), abs=1e-5)
    agree = log_p.argmax(axis=1) == VALIDATION.targets.argmax(axis=1)
    assert agree.mean() > 0.7


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    first, again, other = (
        train_heads(
            TRAIN, VALIDATION, TrainingConfig(max_epochs=2, learning_rate=1e-2, dropout=0.2, seed=seed)
        ).state_dict()
        for seed in (3, 3, 4)
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_training_stops_early_and_keeps_the_best_epoch() -> None:
    few = Examples(TRAIN.features[:40], TRAIN.targets[:40])  # soon learned by heart
    sentences: list[str] = []
    heads = train_heads(
        few, VALIDATION, TrainingConfig(max_epochs=400, patience=3, learning_rate=1e-2, batch_size=8), sentences.append
    )
    best, best_epoch, last_epoch = re.match(
        r"seed 0: .* loss ([\d.]+) after epoch (\d+) of (\d+)", sentences[0]
    ).groups()  # type: ignore[union-attr]
    assert int(best_epoch) + 3 == int(last_epoch) < 400
    reached = kl_divergence(heads.log_probabilities(VALIDATION.features), VALIDATION.targets).mean()
    assert reached == pytest.approx(float(best), abs=1e-3)


def test_several_heads_answer_with_their_mean_probability() -> None:
    heads = [Head(DIM), Head(DIM)]
    log_p = Heads(heads).log_probabilities(VALIDATION.features)
    with torch.inference_mode():
        mean = sum(head(torch.tensor(VALIDATION.features)).exp().numpy() for head in heads) / 2
    assert np.exp(log_p) == pytest.approx(mean, abs=1e-6)


def test_standardizing_makes_the_scale_of_features_irrelevant() -> None:
    training = TrainingConfig(max_epochs=3, learning_rate=1e-2, standardize=True)
    plain = train_heads(TRAIN, VALIDATION, training).log_probabilities(VALIDATION.features)
    scaled = [Examples(1000 * e.features + 7, e.targets) for e in (TRAIN, VALIDATION)]
    found = train_heads(scaled[0], scaled[1], training).log_probabilities(scaled[1].features)
    assert np.exp(found) == pytest.approx(np.exp(plain), abs=0.02)


def test_a_head_whose_answers_do_not_depend_on_the_input_is_refused() -> None:
    constant = np.log(np.tile(random.dirichlet([1] * 8), (50, 1)))
    assert information(constant) == pytest.approx(0, abs=1e-9)
    assert information(np.log(random.dirichlet([0.2] * 8, 50))) > 0.1
    for value in (0.0, np.nan):
        train, validation = (Examples(np.full_like(e.features, value), e.targets) for e in (TRAIN, VALIDATION))
        with pytest.raises(SphereError, match="every article nearly the same answer"):
            train_heads(train, validation, TrainingConfig(max_epochs=1))
    train_heads(train, validation, TrainingConfig(max_epochs=1), check=False)
