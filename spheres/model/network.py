"""The head: a small network from an article's features to log-probabilities of the groups.

    Linear(n_features, 256), ReLU, Linear(256, 8), LogSoftmax

It sees arrays only. `spheres.model.train` trains it: three heads on 40,000 articles in ten seconds on two cores.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from spheres.data.taxonomy import GROUPS


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides a head's weights, given the arrays. The defaults are the classic recipe's.

    Attributes:
        loss: "kl", or "mse" between probabilities and targets.
        hidden: Size of a hidden layer.
        depth: Number of hidden layers.
        dropout: Share of hidden numbers set to zero in training.
        input_dropout: Share of features set to zero in training.
        noise: Standard deviation of Gaussian noise added to the (standardized) features in training.
        optimizer: "adamw", or "sgd" to be compared.
        standardize: Shift and scale each feature to mean 0 and standard deviation 1 first.
        learning_rate: The highest, of a one-cycle schedule.
        weight_decay: Of the optimizer.
        batch_size: Articles in a step.
        max_epochs: At most.
        patience: Epochs without a better validation loss before stopping.
        n_heads: Heads trained from different seeds, whose probabilities are averaged.
        seed: Of the first head; the others have the next ones.
    """

    loss: str = "kl"
    hidden: int = 256
    depth: int = 1
    dropout: float = 0.0
    input_dropout: float = 0.0
    noise: float = 0.0
    optimizer: str = "adamw"
    standardize: bool = False
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    batch_size: int = 256
    max_epochs: int = 30
    patience: int = 4
    n_heads: int = 1
    seed: int = 0


class RandomPool:
    """Random numbers drawn once and used in runs that begin anywhere: fresh draws were most of a training step.

    Six seeds of each way gave the same validation loss within their spread (0.3965 and 0.3975).

    Args:
        draw: (how many, out of which generator) -> numbers. The generator is the pool's own, seeded by torch's when
            the pool is made, so that heads that train side by side do not take numbers from each other.
    """

    SIZE = 2**20

    def __init__(self, draw: Callable[[int, torch.Generator], torch.Tensor]) -> None:
        self.draw = draw
        self.random = torch.Generator().manual_seed(int(torch.randint(2**62, ())))
        self.numbers: torch.Tensor | None = None  # drawn when first needed, which is in training only

    def like(self, x: torch.Tensor) -> torch.Tensor:
        """As many numbers as `x` has, in its shape; where that is much of the pool, they are drawn anew."""
        if x.numel() > self.SIZE // 4:
            return self.draw(x.numel(), self.random).view(x.shape)
        if self.numbers is None:
            self.numbers = self.draw(self.SIZE, self.random)
        start = int(torch.randint(self.SIZE - x.numel(), (), generator=self.random))
        return self.numbers[start : start + x.numel()].view(x.shape)


class Noise(nn.Module):
    """Adds Gaussian noise in training, so that articles near each other are answered alike."""

    def __init__(self, deviation: float) -> None:
        super().__init__()
        self.deviation = deviation
        self.pool = RandomPool(lambda n, random: deviation * torch.randn(n, generator=random))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.pool.like(x) if self.training and self.deviation else x


class Dropout(nn.Module):
    """Sets a share of the numbers to zero in training and scales the others up, as `nn.Dropout`, out of a pool."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.pool = RandomPool(lambda n, random: (torch.rand(n, generator=random) >= share) / (1 - share))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.pool.like(x) if self.training and self.share else x


class Head(nn.Module):
    """One network. `shift` and `scale`, (n_features,), are fixed before training and stored with the weights."""

    def __init__(self, n_features: int, training: TrainingConfig = TrainingConfig()) -> None:
        super().__init__()
        self.shift: torch.Tensor
        self.scale: torch.Tensor
        self.register_buffer("shift", torch.zeros(n_features))
        self.register_buffer("scale", torch.ones(n_features))
        layers: list[nn.Module] = [Noise(training.noise), Dropout(training.input_dropout)]
        width = n_features
        for _ in range(training.depth):
            layers += [nn.Linear(width, training.hidden), nn.ReLU(), Dropout(training.dropout)]
            width = training.hidden
        self.layers = nn.Sequential(*layers, nn.Linear(width, len(GROUPS)), nn.LogSoftmax(dim=-1))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(n, n_features) float32 -> (n, n_groups) log-probabilities."""
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
        """(n, n_features) float32 -> (n, n_groups) log-probabilities."""
        answers = torch.stack([head(features) for head in self.heads])  # (n_heads, n, n_groups)
        return torch.logsumexp(answers, dim=0) - float(np.log(len(self.heads)))

    @torch.inference_mode()
    def log_probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """`forward` for arrays: (n, n_features) float32 -> (n, n_groups) float32."""
        return np.asarray(self(torch.from_numpy(np.ascontiguousarray(features, dtype=np.float32))).numpy())
