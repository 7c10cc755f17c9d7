"""The map's plane: a linear projection of vectors to two numbers, so that a new article lands by the same one.

    projection = fit_projection(vectors, primary)     # two seconds
    projection.transform(vectors)                     # (n, 2) in [0, 1]: from the left, from the top

The plane is the one in which articles lie closest to the centre of their own group and far from those of the others:
nearest-class-mean metric learning at rank two (Mensink et al. 2013, IEEE TPAMI 35(11), section 3). Against linear
discriminants, whose first two axes pile five of the eight groups up, it shows all groups but cs and eess apart.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spheres.data.taxonomy import GROUPS

STEPS, BATCH, LEARNING_RATE, PENALTY = 300, 4096, 0.05, 1e-4
OUTLIERS = 0.002  # share of articles at each edge that is drawn at the frame instead of stretching the map
MARGIN = 0.04  # of the map, between the outermost articles and the frame


@dataclass(frozen=True)
class Projection:
    """A fitted projection and the frame that it is shown in."""

    matrix: NDArray[np.float32]  # (dim, 2)
    low: NDArray[np.float32]  # (2,) corners of the frame in projected units
    high: NDArray[np.float32]

    def transform(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """(n, dim) unit vectors -> (n, 2) positions in [0, 1]; what lies outside the frame stands on its edge."""
        projected = vectors.astype(np.float32, copy=False) @ self.matrix
        return np.asarray(np.clip((projected - self.low) / (self.high - self.low), 0, 1))


def fit_projection(vectors: NDArray[np.floating], primary: NDArray[np.integer], seed: int = 0) -> Projection:
    """Fit plane and frame by gradient descent on the log-loss of a softmax over squared distances to group centres.

    Takes (n, dim) unit vectors and (n,) places in GROUPS; the same seed gives the same map.
    """
    import torch

    from spheres.model.train import one_core

    # 1. a random plane, a random centre for each group, and weights by which small groups count as much as large ones
    random = torch.Generator().manual_seed(seed)
    articles, groups = torch.from_numpy(vectors.astype(np.float32)), torch.from_numpy(primary.astype(np.int64))
    matrix = torch.randn(vectors.shape[1], 2, generator=random).requires_grad_()
    centers = torch.randn(len(GROUPS), 2, generator=random).requires_grad_()
    counts = torch.bincount(groups, minlength=len(GROUPS)).clamp(min=1).float()
    weight = (1 / counts) / (1 / counts).mean()
    # 2. gradient descent on both
    optimizer = torch.optim.Adam([matrix, centers], lr=LEARNING_RATE)
    with one_core():
        for _ in range(STEPS):
            drawn = torch.randint(len(articles), (BATCH,), generator=random)
            projected = articles.index_select(0, drawn) @ matrix  # index_select: half the time of articles[drawn]
            distances = torch.cdist(projected, centers)  # (BATCH, n_groups)
            loss = torch.nn.functional.cross_entropy(-(distances**2) / 2, groups[drawn], weight=weight)
            optimizer.zero_grad()
            (loss + PENALTY * (matrix**2).sum()).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    # 3. the frame around all but the outermost articles
    plane = np.asarray(matrix.detach().numpy())
    low, high = np.quantile(articles.numpy() @ plane, [OUTLIERS, 1 - OUTLIERS], axis=0)
    margin = MARGIN * (high - low)
    return Projection(plane, (low - margin).astype(np.float32), (high + margin).astype(np.float32))
