"""The map's image: small, transparent, and plain to every reader."""

import io
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from spheres.data.taxonomy import GROUPS
from spheres.inference.map_image import COLOURS, DOT, HEIGHT, WIDTH, draw_map, group_centers
from spheres.inference.neighbors import NeighborIndex

MOST = 225_000  # bytes: the page carries the picture in base64, and that is to stay under 300 KB

# Machado, Oliveira and Fernandes 2009, table 1, severity 1.0; for linear RGB
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
DAYLIGHT = np.array([0.95047, 1.0, 1.08883])


def linear(colour: str) -> NDArray[np.float64]:
    """#rrggbb -> linear RGB, each in [0, 1]."""
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear RGB -> CIELAB under daylight (D65)."""
    xyz = TO_XYZ @ np.clip(light, 0, 1) / DAYLIGHT
    x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio, from 1 to 21."""
    low, high = sorted(float(TO_XYZ[1] @ linear(colour)) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGBA")


def test_names_stand_at_the_middle_of_their_group_and_absent_groups_have_none() -> None:
    places = np.array([[0.1, 0.2], [0.3, 0.2], [0.9, 0.9], [0.3, 0.4]])
    assert group_centers(places, np.array([0, 0, 7, 0])) == {"physics": (0.3, 0.2), "econ": (0.9, 0.9)}
    assert group_centers(places[:0], np.array([], dtype=int)) == {}


def test_the_picture_is_a_png_of_dots_on_nothing() -> None:
    places = np.array([[x / 8 + 0.05, 0.5] for x in range(8)])
    png = draw_map(places, np.arange(8))
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    image = opened(png)
    assert image.size == (WIDTH, HEIGHT)
    pixels = np.asarray(image)
    assert (pixels[..., 3] == 0).sum() == WIDTH * HEIGHT - 8 * DOT**2
    assert (pixels[..., 3] == 255).sum() == 8 * DOT**2
    for (x, y), group in zip(places, GROUPS, strict=True):
        at = pixels[round(y * HEIGHT), int(x * (WIDTH - DOT)) + 1]
        assert "#{:02x}{:02x}{:02x}".format(*at[:3]) == COLOURS[group]


@pytest.mark.parametrize("corner", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_a_dot_in_a_corner_is_whole(corner: tuple[int, int]) -> None:
    pixels = np.asarray(opened(draw_map(np.array([corner], dtype=np.float32), np.array([3]))))
    drawn = np.argwhere(pixels[..., 3])
    assert len(drawn) == DOT**2
    assert pixels[-corner[1], -corner[0], 3] == 255


def test_no_group_lies_over_all_others() -> None:
    places = np.repeat(np.random.default_rng(1).random((500, 2)), 8, axis=0)  # every dot eight times, once a group
    shown = opened(draw_map(places, np.tile(np.arange(8), 500)))
    assert len(shown.getcolors(WIDTH * HEIGHT)) == 9
    counts = [n for n, (*_, alpha) in shown.getcolors(WIDTH * HEIGHT) if alpha]
    assert max(counts) < 2 * min(counts)


def test_the_shipped_map_fits_into_the_page_and_shows_every_group(neighbors: NeighborIndex) -> None:
    png = neighbors.map_image
    assert len(png) < MOST
    colours = {"#{:02x}{:02x}{:02x}".format(*c[:3]): n for n, c in opened(png).getcolors(WIDTH * HEIGHT) if c[3]}
    assert colours.keys() == set(COLOURS.values())
    assert min(colours.values()) > 1_000


def test_every_group_has_a_colour_of_its_own() -> None:
    assert tuple(COLOURS) == GROUPS


@pytest.mark.parametrize("kind", BLINDNESS)
def test_any_two_colours_are_told_apart_by_readers_of_every_kind(kind: str) -> None:
    """15 in CIELAB is six to seven times what a trained eye just notices (2.3, Mahy et al. 1994)."""
    seen = {group: lab(np.array(BLINDNESS[kind]) @ linear(colour)) for group, colour in COLOURS.items()}
    distances = {pair: np.linalg.norm(seen[pair[0]] - seen[pair[1]]) for pair in combinations(GROUPS, 2)}
    assert min(distances.values()) > 15, min(distances, key=distances.__getitem__)


@pytest.mark.parametrize("ground", ["#ffffff", "#1d2024"], ids=["paper", "ink"])
@pytest.mark.parametrize("group", GROUPS)
def test_every_colour_stands_out_on_paper_and_ink(group: str, ground: str) -> None:
    assert contrast(COLOURS[group], ground) >= 2
