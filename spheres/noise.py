"""Noise and dropout for small networks, out of numbers drawn once: drawing them anew took most of a training step."""

from collections.abc import Callable

import torch
from torch import nn


class Pool:
    """Random numbers drawn once and used in runs that begin anywhere.

    draw : (how many, out of which generator) -> numbers. The generator is the pool's own, seeded by torch's when the
           pool is made, so that heads that train side by side do not take numbers from each other.
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
        self.pool = Pool(lambda n, random: deviation * torch.randn(n, generator=random))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.pool.like(x) if self.training and self.deviation else x


class Dropout(nn.Module):
    """Silences a share of the numbers in training and scales the others up, as `nn.Dropout`, out of a pool."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.pool = Pool(lambda n, random: (torch.rand(n, generator=random) >= share) / (1 - share))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.pool.like(x) if self.training and self.share else x
