"""The map as an image: a dot for each cached article in its group's colour, and where each group's name stands.

draw_map(positions, primary)          # a PNG of dots on a transparent ground, about 100 KB
group_centers(positions, primary)     # {"cs": (0.25, 0.4), ...}
"""

import io

import numpy as np
from numpy.typing import NDArray

from spheres.data.taxonomy import GROUPS

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


def draw_map(positions: NDArray[np.floating], primary: NDArray[np.integer]) -> bytes:
    """A PNG of one dot an article on a transparent ground.

    Args:
        positions: (n, 2) in [0, 1], from the left and from the top.
        primary: (n,) places in GROUPS.
    """
    from PIL import Image

    canvas = np.zeros((HEIGHT, WIDTH), np.uint8)  # 0 is the ground, 1 to 8 the groups
    order = np.random.default_rng(0).permutation(len(positions))  # at random, so that no group covers another
    corners = (positions[order] * [WIDTH - DOT, HEIGHT - DOT]).astype(np.intp)  # (n, 2)
    for down in range(DOT):
        for right in range(DOT):
            canvas[corners[:, 1] + down, corners[:, 0] + right] = primary[order] + 1
    image = Image.fromarray(canvas, mode="P")
    image.putpalette([0, 0, 0, *(int(COLOURS[group][i : i + 2], 16) for group in GROUPS for i in (1, 3, 5))])
    png = io.BytesIO()
    image.save(png, "PNG", transparency=0, optimize=True)
    return png.getvalue()


def group_centers(positions: NDArray[np.floating], primary: NDArray[np.integer]) -> dict[str, tuple[float, float]]:
    """Where each group's name stands: the median of its articles' positions; groups without articles are left out.

    >>> group_centers(np.array([[0.0, 0.25], [0.5, 0.25]]), np.array([2, 2]))
    {'cs': (0.25, 0.25)}
    """
    centers = {}
    for place, group in enumerate(GROUPS):
        if (primary == place).any():
            x, y = np.median(positions[primary == place], axis=0)
            centers[group] = (float(x), float(y))
    return centers
