"""A map of all articles: two numbers each, by a projection that is linear, so that a new article lands by the same one.

    projection = fit_projection(vectors, primary)      # two seconds
    projection.transform(vectors)                     # (n, 2) in [0, 1]: from the left, from the top
    picture(places, primary)                 # a PNG of dots on a transparent ground, about 100 KB

The plane is the one in which articles lie closest to the middle of their own group and far from those of the others:
nearest-class-mean metric learning at rank two (Mensink et al. 2013, IEEE TPAMI 35(11), section 3). Against linear
discriminants, whose first two axes pile five of the eight groups up, it shows all groups but cs and eess apart.
"""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spheres.data.taxonomy import GROUPS
from spheres.embeddings.vectors import l2_normalize

STEPS, BATCH, LEARNING_RATE, PENALTY = 300, 4096, 0.05, 1e-4
OUTLIERS = 0.002  # share of articles at each edge that is drawn at the frame instead of stretching the map
MARGIN = 0.04  # of the map, between the outermost articles and the frame
WIDTH, HEIGHT, DOT = 1200, 960, 3  # pixels; shown at about half that size

# Found by search: any two are 16 apart or more (CIEDE2000) to every reader, red, green and blue blindness simulated
# as in Machado et al. 2009 (IEEE TVCG 15(6)). Colours after Okabe and Ito, the yellow darkened for paper, come to 4.
COLOURS = {
    "physics": "#7b76ff",
    "math": "#ff8107",
    "cs": "#02c5d4",
    "q-bio": "#047d54",
    "q-fin": "#b93090",
    "stat": "#cd0805",
    "eess": "#b0b588",
    "econ": "#a6848d",
}


@dataclass(frozen=True)
class Projection:
    """A fitted projection and the frame it is shown in.

    matrix     : (dim, 2), applied to vectors at length one
    low, high  : (2,) corners of the frame, in projected units
    """

    matrix: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]

    def transform(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """(n, dim) encoder's vectors -> (n, 2) places in [0, 1]; what lies outside the frame stands on its edge."""
        flat = l2_normalize(vectors).astype(np.float32) @ self.matrix
        return np.asarray(np.clip((flat - self.low) / (self.high - self.low), 0, 1))


def fit_projection(vectors: NDArray[np.floating], primary: NDArray[np.integer], seed: int = 0) -> Projection:
    """Fit the plane to articles and their primary groups.

    vectors : (n, dim)
    primary : (n,) places in GROUPS
    """
    at_length_one = l2_normalize(vectors).astype(np.float32)
    projection = _fit_projection(at_length_one, primary.astype(np.int64), seed)
    flat = at_length_one @ projection  # (n, 2)
    low, high = np.quantile(flat, [OUTLIERS, 1 - OUTLIERS], axis=0)
    margin = MARGIN * (high - low)
    return Projection(projection, (low - margin).astype(np.float32), (high + margin).astype(np.float32))


def _fit_projection(vectors: NDArray[np.float32], primary: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
    """(n, dim) at length one, (n,) -> (dim, 2): gradient descent on the log-loss of a softmax of squared distances."""
    import torch

    from spheres.model.train import one_core

    random = torch.Generator().manual_seed(seed)
    articles, groups = torch.from_numpy(vectors), torch.from_numpy(primary)
    counts = torch.bincount(groups, minlength=len(GROUPS)).clamp(min=1).float()
    weight = (1 / counts) / (1 / counts).mean()  # small groups count as much as large ones
    projection = torch.randn(vectors.shape[1], 2, generator=random).requires_grad_()
    middles = torch.randn(len(GROUPS), 2, generator=random).requires_grad_()
    optimizer = torch.optim.Adam([projection, middles], lr=LEARNING_RATE)
    with one_core():
        for _ in range(STEPS):
            drawn = torch.randint(len(articles), (BATCH,), generator=random)
            flat = articles.index_select(0, drawn) @ projection  # index_select: half the time of articles[drawn]
            distances = torch.cdist(flat, middles)  # (BATCH, n_groups)
            loss = torch.nn.functional.cross_entropy(-(distances**2) / 2, groups[drawn], weight=weight)
            optimizer.zero_grad()
            (loss + PENALTY * (projection**2).sum()).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return np.asarray(projection.detach().numpy())


def middles(places: NDArray[np.floating], primary: NDArray[np.integer]) -> dict[str, tuple[float, float]]:
    """Where each group's name stands: the median of its articles' places; groups without articles are left out.

    >>> middles(np.array([[0.0, 0.25], [0.5, 0.25]]), np.array([2, 2]))
    {'cs': (0.25, 0.25)}
    """
    found = {}
    for number, group in enumerate(GROUPS):
        if (primary == number).any():
            x, y = np.median(places[primary == number], axis=0)
            found[group] = (float(x), float(y))
    return found


def picture(places: NDArray[np.floating], primary: NDArray[np.integer], seed: int = 0) -> bytes:
    """A PNG of one dot an article on a transparent ground; drawn in random order, so that no group covers another.

    places  : (n, 2) in [0, 1]
    primary : (n,) places in GROUPS
    """
    from PIL import Image

    canvas = np.zeros((HEIGHT, WIDTH), np.uint8)  # 0 is the ground, 1 to 8 the groups
    order = np.random.default_rng(seed).permutation(len(places))
    corners = (places[order] * [WIDTH - DOT, HEIGHT - DOT]).astype(np.intp)  # (n, 2)
    for down in range(DOT):
        for right in range(DOT):
            canvas[corners[:, 1] + down, corners[:, 0] + right] = primary[order] + 1
    image = Image.fromarray(canvas, mode="P")
    palette = [0, 0, 0, *(int(COLOURS[group][i : i + 2], 16) for group in GROUPS for i in (1, 3, 5))]
    image.putpalette(palette)
    written = io.BytesIO()
    image.save(written, "PNG", transparency=0, optimize=True)
    return written.getvalue()
