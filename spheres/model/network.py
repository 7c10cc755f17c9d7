"""The head: a small network from an article's features to log-probabilities of the groups.

    Linear(n_features, 256), ReLU, Linear(256, 8), LogSoftmax

It sees arrays only. `spheres.model.train` trains it: three heads on 125,000 texts in half a minute on two cores.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from spheres.data.taxonomy import GROUPS


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides a head's weights, given the arrays. The defaults are the classic recipe's."""

    loss: str = "kl"  # or "mse" between probabilities and targets
    hidden: int = 256  # size of a hidden layer
    depth: int = 1  # number of hidden layers
    dropout: float = 0.0  # share of hidden numbers set to zero in training
    input_dropout: float = 0.0  # share of features set to zero in training
    noise: float = 0.0  # standard deviation of Gaussian noise added to the (standardized) features in training
    optimizer: str = "adamw"  # or "sgd", to be compared
    standardize: bool = False  # shift and scale each feature to mean 0 and standard deviation 1 first
    learning_rate: float = 1e-3  # the highest of a one-cycle schedule
    weight_decay: float = 0.01
    batch_size: int = 256  # articles in a step
    max_epochs: int = 30
    patience: int = 4  # epochs without a better validation loss before training stops
    n_heads: int = 1  # heads trained from different seeds, whose probabilities are averaged
    seed: int = 0  # of the first head; the others have the next ones


class RandomPool(nn.Module):
    """A layer whose random numbers are drawn once, and used from a random place on: fresh draws were most of a step.

    Six seeds of each way gave the same validation loss within their spread (0.3965 and 0.3975). The generator is the
    layer's own, since heads train side by side.
    """

    SIZE = 2**20

    def __init__(self, strength: float) -> None:
        super().__init__()
        self.strength = strength
        self.random = torch.Generator().manual_seed(int(torch.randint(2**62, ())))
        self.numbers: torch.Tensor | None = None  # drawn when first needed, which is in training only

    def draw(self, n: int) -> torch.Tensor:
        raise NotImplementedError

    def like(self, x: torch.Tensor) -> torch.Tensor:
        """As many numbers as `x` has, in its shape; where that is much of the pool, they are drawn anew."""
        if x.numel() > self.SIZE // 4:
            return self.draw(x.numel()).view(x.shape)
        if self.numbers is None:
            self.numbers = self.draw(self.SIZE)
        start = int(torch.randint(self.SIZE - x.numel(), (), generator=self.random))
        return self.numbers[start : start + x.numel()].view(x.shape)


class Noise(RandomPool):
    """Adds Gaussian noise of this standard deviation in training, so that near articles are answered alike."""

    def draw(self, n: int) -> torch.Tensor:
        return self.strength * torch.randn(n, generator=self.random)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.like(x) if self.training and self.strength else x


class Dropout(RandomPool):
    """Sets this share of the numbers to zero in training and scales the others up, as `nn.Dropout`."""

    def draw(self, n: int) -> torch.Tensor:
        return (torch.rand(n, generator=self.random) >= self.strength) / (1 - self.strength)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.like(x) if self.training and self.strength else x


class Head(nn.Module):
    """One network. `shift` and `scale`, (n_features,), are fixed before training and stored with the weights."""

    shift: torch.Tensor
    scale: torch.Tensor

    def __init__(
        self, n_features: int, training: TrainingConfig = TrainingConfig(), n_outputs: int = len(GROUPS)
    ) -> None:
        super().__init__()
        self.register_buffer("shift", torch.zeros(n_features))
        self.register_buffer("scale", torch.ones(n_features))
        layers: list[nn.Module] = [Noise(training.noise), Dropout(training.input_dropout)]
        width = n_features
        for _ in range(training.depth):
            layers += [nn.Linear(width, training.hidden), nn.ReLU(), Dropout(training.dropout)]
            width = training.hidden
        self.layers = nn.Sequential(*layers, nn.Linear(width, n_outputs), nn.LogSoftmax(dim=-1))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(n, n_features) float32 -> (n, n_outputs) log-probabilities."""
        result: torch.Tensor = self.layers(self.standardized(features))
        return result

    def standardized(self, features: torch.Tensor) -> torch.Tensor:
        """(n, n_features) -> the same, shifted and scaled."""
        return (features - self.shift) / self.scale


class Heads(nn.Module):
    """Several heads as one: the logarithm of the mean of their probabilities."""

    def __init__(self, heads: Sequence[Head]) -> None:
        super().__init__()
        self.heads = nn.ModuleList(heads)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(n, n_features) float32 -> (n, n_outputs) log-probabilities."""
        answers = torch.stack([head(features) for head in self.heads])  # (n_heads, n, n_outputs)
        return torch.logsumexp(answers, dim=0) - float(np.log(len(self.heads)))

    @torch.inference_mode()
    def log_probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """`forward` for arrays: (n, n_features) float32 -> (n, n_outputs) float32."""
        return np.asarray(self(torch.from_numpy(np.ascontiguousarray(features, dtype=np.float32))).numpy())
