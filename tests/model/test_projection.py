"""The map's plane: new articles land as the cached ones did, and groups apart in vectors are apart on the map."""

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from spheres.embeddings.vectors import l2_normalize
from spheres.inference.map_image import group_centers
from spheres.model.projection import Projection, fit_projection

Vectors = NDArray[np.float32]


@pytest.fixture(scope="module")
def articles() -> tuple[Vectors, NDArray[np.uint8]]:
    """800 unit vectors, a cloud for each group, and their groups."""
    random = np.random.default_rng(0)
    primary = np.arange(800, dtype=np.uint8) % 8
    clouds = random.normal(size=(8, 48))[primary] + 0.3 * random.normal(size=(800, 48))
    return l2_normalize(clouds.astype(np.float32)), primary


@pytest.fixture(scope="module")
def projection(articles: tuple[Vectors, NDArray[np.uint8]]) -> Projection:
    return fit_projection(*articles)


def test_an_article_lands_at_the_same_place_alone_and_among_others(
    projection: Projection, articles: tuple[Vectors, NDArray[np.uint8]]
) -> None:
    vectors, _ = articles
    together = projection.transform(vectors)
    assert np.concatenate([projection.transform(v[None]) for v in vectors[:100]]) == pytest.approx(
        together[:100], abs=1e-5
    )
    assert projection.transform(vectors[::-1]) == pytest.approx(together[::-1], abs=1e-5)


def test_between_two_articles_lies_what_is_between_them() -> None:
    projection = Projection(np.eye(4, 2, dtype=np.float32), np.float32([-1, -1]), np.float32([1, 3]))
    along, across, half = np.array([[1.0, 0, 0, 0], [0, 1.0, 0, 0], [0.6, 0.8, 0, 0]])
    assert projection.transform(np.array([along, across, half])).tolist() == pytest.approx(
        np.array([[1.0, 0.25], [0.5, 0.5], [0.8, 0.45]])
    )


def test_the_same_seed_gives_the_same_map(projection: Projection, articles: tuple[Vectors, NDArray[np.uint8]]) -> None:
    assert np.array_equal(fit_projection(*articles).matrix, projection.matrix)


def test_groups_apart_in_vectors_are_apart_on_the_map(
    projection: Projection, articles: tuple[Vectors, NDArray[np.uint8]]
) -> None:
    vectors, primary = articles
    places = projection.transform(vectors)
    found = np.array(list(group_centers(places, primary).values()))
    nearest = np.linalg.norm(places[:, None] - found, axis=2).argmin(axis=1)
    assert (nearest == primary).mean() > 0.9
    scatter = np.median(np.linalg.norm(places - found[primary], axis=1))
    assert min(np.linalg.norm(a - b) for a, b in combinations(found, 2)) > 2 * scatter


def test_a_group_of_few_articles_gets_its_own_place() -> None:
    random = np.random.default_rng(2)
    primary = np.append(np.arange(1400) % 7, [7] * 10)  # ten of econ, two hundred of each other
    vectors = l2_normalize(random.normal(size=(8, 48))[primary] + 1.5 * random.normal(size=(1410, 48)))
    places = fit_projection(vectors, primary).transform(vectors)
    found = np.array(list(group_centers(places, primary).values()))
    assert (np.linalg.norm(places[-10:, None] - found, axis=2).argmin(axis=1) == 7).all()


def test_places_are_within_the_frame_and_outliers_on_its_edge(
    projection: Projection, articles: tuple[Vectors, NDArray[np.uint8]]
) -> None:
    places = projection.transform(articles[0])
    assert places.dtype == np.float32 and places.shape == (800, 2)
    assert places.min() >= 0 and places.max() <= 1
    assert np.quantile(places, 0.01) > 0 and np.quantile(places, 0.99) < 1
    far = projection.matrix[:, 0]  # the direction in which articles reach furthest to the right
    assert projection.transform(np.array([far, -far]))[:, 0].tolist() == [1.0, 0.0]
    assert np.isfinite(projection.transform(np.zeros((1, 48)))).all()
