"""The map: new articles land as the cached ones did, and its picture is small, transparent and plain to all."""

import io
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from spheres.data.taxonomy import GROUPS
from spheres.inference.neighbors import NeighborIndex
from spheres.model.projection import COLOURS, DOT, HEIGHT, WIDTH, Projection, fit_projection, middles, picture

Vectors = NDArray[np.float32]
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


@pytest.fixture(scope="module")
def articles() -> tuple[Vectors, NDArray[np.uint8]]:
    """800 vectors, a cloud for each group, and their groups."""
    random = np.random.default_rng(0)
    primary = np.arange(800, dtype=np.uint8) % 8
    clouds = random.normal(size=(8, 48))[primary] + 0.3 * random.normal(size=(800, 48))
    return clouds.astype(np.float32), primary


@pytest.fixture(scope="module")
def atlas(articles: tuple[Vectors, NDArray[np.uint8]]) -> Projection:
    return fit_projection(*articles)


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


def test_an_article_lands_at_the_same_place_alone_and_among_others(
    atlas: Projection, articles: tuple[Vectors, NDArray[np.uint8]]
) -> None:
    vectors, _ = articles
    together = atlas.transform(vectors)
    assert np.concatenate([atlas.transform(v[None]) for v in vectors[:100]]) == pytest.approx(together[:100], abs=1e-5)
    assert atlas.transform(vectors[::-1]) == pytest.approx(together[::-1], abs=1e-5)
    assert atlas.transform(7 * vectors) == pytest.approx(together, abs=1e-5)  # only the direction counts


def test_between_two_articles_lies_what_is_between_them() -> None:
    atlas = Projection(np.eye(4, 2, dtype=np.float32), np.float32([-1, -1]), np.float32([1, 3]))
    along, across, half = np.array([[1.0, 0, 0, 0], [0, 1.0, 0, 0], [3.0, 4.0, 0, 0]])
    assert atlas.transform(np.array([along, across, half])).tolist() == pytest.approx(
        np.array([[1.0, 0.25], [0.5, 0.5], [0.8, 0.45]])
    )


def test_the_same_seed_gives_the_same_map(atlas: Projection, articles: tuple[Vectors, NDArray[np.uint8]]) -> None:
    again, other = fit_projection(*articles), fit_projection(*articles, seed=1)
    assert np.array_equal(again.matrix, atlas.matrix)
    assert not np.allclose(other.matrix, atlas.matrix)


def test_groups_apart_in_vectors_are_apart_on_the_map(
    atlas: Projection, articles: tuple[Vectors, NDArray[np.uint8]]
) -> None:
    vectors, primary = articles
    places = atlas.transform(vectors)
    found = np.array(list(middles(places, primary).values()))
    nearest = np.linalg.norm(places[:, None] - found, axis=2).argmin(axis=1)
    assert (nearest == primary).mean() > 0.9
    scatter = np.median(np.linalg.norm(places - found[primary], axis=1))
    assert min(np.linalg.norm(a - b) for a, b in combinations(found, 2)) > 2 * scatter


def test_a_group_of_few_articles_gets_its_own_place() -> None:
    random = np.random.default_rng(2)
    primary = np.append(np.arange(1400) % 7, [7] * 10)  # ten of econ, two hundred of each other
    vectors = random.normal(size=(8, 48))[primary] + 1.5 * random.normal(size=(1410, 48))
    places = fit_projection(vectors, primary).transform(vectors)
    found = np.array(list(middles(places, primary).values()))
    assert (np.linalg.norm(places[-10:, None] - found, axis=2).argmin(axis=1) == 7).all()


def test_places_are_within_the_frame_and_outliers_on_its_edge(
    atlas: Projection, articles: tuple[Vectors, NDArray[np.uint8]]
) -> None:
    places = atlas.transform(articles[0])
    assert places.dtype == np.float32 and places.shape == (800, 2)
    assert places.min() >= 0 and places.max() <= 1
    assert np.quantile(places, 0.01) > 0 and np.quantile(places, 0.99) < 1
    far = atlas.matrix[:, 0]  # the direction in which articles reach furthest to the right
    assert atlas.transform(np.array([far, -far]))[:, 0].tolist() == [1.0, 0.0]
    assert np.isfinite(atlas.transform(np.zeros((1, 48)))).all()


def test_names_stand_at_the_middle_of_their_group_and_absent_groups_have_none() -> None:
    places = np.array([[0.1, 0.2], [0.3, 0.2], [0.9, 0.9], [0.3, 0.4]])
    assert middles(places, np.array([0, 0, 7, 0])) == {"physics": (0.3, 0.2), "econ": (0.9, 0.9)}
    assert middles(places[:0], np.array([], dtype=int)) == {}


def test_the_picture_is_a_png_of_dots_on_nothing() -> None:
    places = np.array([[x / 8 + 0.05, 0.5] for x in range(8)])
    png = picture(places, np.arange(8))
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
    pixels = np.asarray(opened(picture(np.array([corner], dtype=np.float32), np.array([3]))))
    drawn = np.argwhere(pixels[..., 3])
    assert len(drawn) == DOT**2
    assert pixels[-corner[1], -corner[0], 3] == 255


def test_no_group_lies_over_all_others() -> None:
    places = np.repeat(np.random.default_rng(1).random((500, 2)), 8, axis=0)  # every dot eight times, once a group
    shown = opened(picture(places, np.tile(np.arange(8), 500)))
    assert len(shown.getcolors(WIDTH * HEIGHT)) == 9
    counts = [n for n, (*_, alpha) in shown.getcolors(WIDTH * HEIGHT) if alpha]
    assert max(counts) < 2 * min(counts)


def test_forty_thousand_dots_anywhere_fit_into_the_page() -> None:
    random = np.random.default_rng(0)
    png = picture(random.random((40_000, 2)), random.integers(0, 8, 40_000))
    assert opened(png).size == (WIDTH, HEIGHT)
    assert len(png) < MOST


def test_the_shipped_map_fits_into_the_page_and_shows_every_group(neighbors: NeighborIndex) -> None:
    png = neighbors.map_image
    assert len(png) < MOST
    colours = {"#{:02x}{:02x}{:02x}".format(*c[:3]): n for n, c in opened(png).getcolors(WIDTH * HEIGHT) if c[3]}
    assert colours.keys() == set(COLOURS.values())
    assert min(colours.values()) > 1_000


def test_every_group_has_a_colour_of_its_own() -> None:
    assert tuple(COLOURS) == GROUPS
    assert len(set(COLOURS.values())) == len(GROUPS)


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
