"""The nearest articles are the ones that a plain sort finds, and link only to where arXiv keeps articles."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from places import SHIPPED

from spheres.data.corpus import Corpus
from spheres.data.taxonomy import GROUPS, primary_group
from spheres.errors import SphereError
from spheres.inference.classifier import Classification, Classifier
from spheres.inference.neighbors import N_NEAREST, NeighborIndex, kneighbors, read_titles

TEXTS = {  # of our own
    "physics": (
        "Evaporation of charged black holes near extremality",
        "We compute the Hawking radiation of a nearly extremal black hole and follow its mass to late times.",
    ),
    "math": ("Torsion points of elliptic curves", "We bound the torsion of an elliptic curve over a cubic field."),
    "q-bio": ("Flocks of mutations", "A model of virus lineages that compete for hosts under seasonal immunity."),
    "q-fin": (
        "Smiles with jumps",
        "We price options under stochastic volatility with jumps and fit implied volatility.",
    ),
}


@pytest.fixture(scope="module")
def answers(classifier: Classifier) -> dict[str, Classification]:
    return dict(zip(TEXTS, map(classifier.classify, *zip(*TEXTS.values(), strict=True)), strict=True))


@pytest.mark.parametrize("n", [1, 10, 199, 200, 1000])
def test_a_plain_sort_finds_the_same_ones(n: int) -> None:
    random = np.random.default_rng(0)
    vectors = random.integers(-1, 2, size=(200, 4)).astype(np.float32)  # many of them equally near, some of no length
    query = random.normal(size=4).astype(np.float32)
    expected = [float(np.dot(v, query)) for v in vectors]
    rows, similarities = kneighbors(vectors, query, n)
    assert similarities.tolist() == pytest.approx(sorted(expected, reverse=True)[:n], abs=1e-5)
    assert [expected[row] for row in rows] == pytest.approx(similarities.tolist(), abs=1e-5)
    assert len(set(rows.tolist())) == min(n, 200)


def test_equally_near_ones_come_in_the_caches_order() -> None:
    query = np.array([1, 0], np.float32)
    vectors = np.array([[0, 1], [1, 0], [1, 0], [1, 0], [1, 0], [0, 1]], np.float32)
    assert kneighbors(vectors, query, 3)[0].tolist() == [1, 2, 3]
    assert kneighbors(vectors, query, 5)[0].tolist() == [1, 2, 3, 4, 0]
    many = np.tile(np.array([[0.6, 0.8], [1, 0], [0, 1]], np.float32), (300, 1))
    assert kneighbors(many, query, 450)[0].tolist() == [*range(1, 900, 3), *range(0, 450, 3)]


@pytest.mark.parametrize("row", [0, 4711, 39_000])
def test_an_article_of_the_cache_finds_itself(row: int, neighbors: NeighborIndex) -> None:
    first, *others = neighbors.nearest(neighbors.vectors[row])
    cache = neighbors.cache
    assert (first.id, first.categories, first.date) == (cache.ids[row], cache.categories[row], cache.dates[row])
    assert first.similarity == pytest.approx(1, abs=1e-3)
    assert len(others) == N_NEAREST - 1
    assert all(other.similarity <= first.similarity for other in others)


@pytest.mark.parametrize("group", TEXTS)
def test_around_an_article_are_mostly_those_of_its_field(
    group: str, answers: dict[str, Classification], neighbors: NeighborIndex
) -> None:
    nearest = neighbors.nearest(answers[group].vector)
    assert len(nearest) == N_NEAREST
    assert [neighbor.group for neighbor in nearest].count(group) >= 7
    assert [neighbor.group for neighbor in nearest] == [primary_group(n.categories.split()) for n in nearest]
    similarities = [neighbor.similarity for neighbor in nearest]
    assert similarities == sorted(similarities, reverse=True) and similarities[0] > 0.5
    assert all(neighbor.link and neighbor.date and not neighbor.title for neighbor in nearest)


@pytest.mark.parametrize("group", TEXTS)
def test_an_article_stands_nearest_to_its_fields_name(
    group: str, answers: dict[str, Classification], neighbors: NeighborIndex
) -> None:
    x, y = neighbors.map_position(answers[group].vector)
    assert 0 <= x <= 1 and 0 <= y <= 1
    apart = {name: np.hypot(x - at[0], y - at[1]) for name, at in neighbors.group_centers.items()}
    assert min(apart, key=apart.__getitem__) == group


def test_neighbors_stand_on_the_map_where_their_own_vectors_land(
    answers: dict[str, Classification], neighbors: NeighborIndex
) -> None:
    nearest = neighbors.nearest(answers["physics"].vector)
    by_hand = [neighbors.map_position(neighbors.vectors[neighbors.cache.ids.index(n.id)]) for n in nearest]
    assert np.array([n.position for n in nearest]) == pytest.approx(np.array(by_hand), abs=1e-5)


def test_all_articles_and_all_groups_are_there(neighbors: NeighborIndex, classifier: Classifier) -> None:
    manifest = json.loads((SHIPPED / classifier.name / "manifest.json").read_text())
    assert neighbors.n_articles == manifest["n_articles"]
    assert tuple(neighbors.group_centers) == GROUPS
    assert neighbors.map_image is neighbors.map_image  # drawn once


def test_without_a_cache_there_is_no_index(tmp_path: Path, classifier: Classifier) -> None:
    assert NeighborIndex.load(tmp_path / "gone", classifier.bundle) is None
    folder = tmp_path / classifier.name  # a head alone, as one may copy it
    folder.mkdir()
    for name in ("head.json", "head.safetensors", "projection.safetensors", "ood.safetensors"):
        shutil.copy(SHIPPED / classifier.name / name, folder)
    assert NeighborIndex.load(folder, classifier.bundle) is None


@pytest.mark.parametrize("field", ["weights_sha256", "tokenizer_sha256", "encoder", "pooling", "corpus_sha256"])
def test_a_cache_that_is_not_the_heads_own_is_refused(field: str, classifier: Classifier) -> None:
    other = {field: "cls" if field == "pooling" else "0" * 64}
    bundle = replace(classifier.bundle, identity=replace(classifier.bundle.identity, **other))
    with pytest.raises(SphereError, match=r"trained on other embeddings than those in .*: run `python head.py train"):
        NeighborIndex.load(SHIPPED / classifier.name, bundle)


def test_titles_come_from_the_corpus_that_was_embedded(
    tmp_path: Path, classifier: Classifier, answers: dict[str, Classification], neighbors: NeighborIndex
) -> None:
    vector = answers["math"].vector
    first, second, *_ = neighbors.nearest(vector)
    corpus = written(tmp_path / "corpus.jsonl", {first.id: "Known by title"})
    titled = NeighborIndex.load(SHIPPED / classifier.name, classifier.bundle, corpus)
    assert titled is not None
    found = titled.nearest(vector)
    assert [(n.id, n.title) for n in found[:2]] == [(first.id, "Known by title"), (second.id, "")]


def written(path: Path, titles: dict[str, str]) -> Corpus:
    path.write_text("".join(json.dumps({"id": id, "title": title}) + "\n" for id, title in titles.items()))
    return Corpus(path, labelled=False)


def test_titles_are_found_whatever_the_version(tmp_path: Path) -> None:
    corpus = written(
        tmp_path / "c.jsonl", {"2001.00001v3": "One", "2001.00002": "Two", "2001.00003": "Three", "own": "Own"}
    )
    wanted = ["2001.00001", "2001.00002v1", "own", "2001.99999"]
    assert read_titles(corpus, wanted) == {"2001.00001": "One", "2001.00002": "Two", "own": "Own"}


def test_a_file_of_other_articles_is_refused(tmp_path: Path) -> None:
    corpus = written(tmp_path / "other.jsonl", {"2001.00001": "One"})
    with pytest.raises(SphereError, match=r"other.jsonl holds none of the 1,200 cached articles: give the file"):
        read_titles(corpus, [f"2002.{n:05}" for n in range(1200)])
