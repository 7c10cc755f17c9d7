"""The nearest articles are the ones that a plain sort finds, and link only to where arXiv keeps articles."""

import json
from pathlib import Path

import numpy as np
import pytest
from made_up import articles, write_corpus

from spheres.data.corpus import Corpus
from spheres.embeddings.build import Settings, embed_corpus
from spheres.embeddings.cache import Cache, open_cache
from spheres.encoder.hub import BUNDLED
from spheres.errors import SphereError
from spheres.inference.classifier import Classifier
from spheres.inference.neighbors import N_NEAREST, Neighbor, NeighborIndex, read_titles

RECORDS = articles(96)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """96 made-up articles, embedded as a user embeds a corpus."""
    corpus = Corpus(write_corpus(tmp_path_factory.mktemp("corpus") / "made-up.jsonl", len(RECORDS)))
    folder = tmp_path_factory.mktemp("artifacts") / "all-MiniLM-L6-v2"
    embed_corpus(corpus, BUNDLED, folder, settings=Settings(views=("both",)), log=lambda sentence: None)
    return open_cache(folder)


def among(vectors: np.ndarray) -> NeighborIndex:
    n = len(vectors)
    return NeighborIndex(vectors, [f"id{i}" for i in range(n)], ["cs.DS"] * n, ["2001-01-01"] * n, {})


def rows(found: list[Neighbor]) -> list[int]:
    return [neighbour.row for neighbour in found]


@pytest.mark.parametrize("n", [1, 2, 10, 199, 200])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_plain_sort_finds_the_same_ones(n: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    vectors = random.integers(-1, 2, size=(200, 4)).astype(np.float32)  # many of them equally near, some of no length
    asked = random.normal(size=4).astype(np.float32)
    similarities = [
        float(np.dot(v, asked) / (np.linalg.norm(v) * np.linalg.norm(asked))) if v.any() else 0.0 for v in vectors
    ]
    found = among(vectors).nearest(asked, n)
    assert [neighbour.similarity for neighbour in found] == pytest.approx(
        sorted(similarities, reverse=True)[:n], abs=1e-5
    )
    assert [similarities[row] for row in rows(found)] == pytest.approx([f.similarity for f in found], abs=1e-5)
    assert len(set(rows(found))) == n


def test_equally_near_ones_come_in_the_caches_order() -> None:
    vectors = np.array([[0, 1], [1, 0], [2, 0], [1, 0], [4, 0], [0, 3]], dtype=np.float32)
    assert rows(among(vectors).nearest(np.array([1, 0]), 3)) == [1, 2, 3]
    assert rows(among(vectors).nearest(np.array([1, 0]), 5)) == [1, 2, 3, 4, 0]
    many = np.tile([[1, 1], [1, 0], [0, 1]], (300, 1))
    assert rows(among(many).nearest(np.array([1, 0]), 450)) == [*range(1, 900, 3), *range(0, 450, 3)]


@pytest.mark.parametrize("n_articles", [1, 3, N_NEAREST])
def test_more_asked_than_there_are_gives_all(n_articles: int) -> None:
    vectors = np.random.default_rng(0).normal(size=(n_articles, 4))
    assert sorted(rows(among(vectors).nearest(np.ones(4)))) == list(range(n_articles))
    assert len(among(vectors).nearest(np.ones(4), 1000)) == n_articles


def test_length_does_not_count_only_direction() -> None:
    vectors = np.array([[1, 0], [100, 100], [0.001, 0]])
    found = among(vectors).nearest(np.array([5, 0]))
    assert [(f.row, round(f.similarity, 4)) for f in found] == [(0, 1.0), (2, 1.0), (1, 0.7071)]
    assert among(vectors).nearest(np.array([-1, 0]), 3)[-1].similarity == pytest.approx(-1)


@pytest.mark.parametrize("row", [0, 41, 95])
def test_an_article_of_the_cache_finds_itself(row: int, cache: Cache, classifier: Classifier) -> None:
    titles = {record["id"]: record["title"] for record in RECORDS}
    live = classifier.classify(RECORDS[row]["title"], RECORDS[row]["abstract"]).vector
    assert live is not None
    first, *others = NeighborIndex.of(cache, titles).nearest(live)
    assert first.row == row
    assert first.similarity == pytest.approx(1, abs=1e-3)
    assert {k: getattr(first, k) for k in ("id", "categories", "title")} == {
        k: RECORDS[row][k] for k in ("id", "categories", "title")
    }
    assert first.date == RECORDS[row]["update_date"]
    assert len(others) == N_NEAREST - 1
    assert all(other.similarity < first.similarity for other in others)
    assert others[0].categories == first.categories  # one of the same phrases


def test_without_the_corpus_titles_are_empty(cache: Cache) -> None:
    assert {neighbour.title for neighbour in NeighborIndex.of(cache).nearest(np.ones(384))} == {""}


@pytest.mark.parametrize(
    ("id", "linked"),
    [
        ("1706.03762", True),
        ("1706.03762v5", True),
        ("0704.0001", True),
        ("hep-th/9711200", True),
        ("hep-th/9711200v12", True),
        ("math.GT/0309136", True),
        ("", False),
        ("7", False),
        ("my-own-id", False),
        ("1706.03762 ", False),
        ("1706.03762\n", False),
        ("1706.03762v", False),
        ("1706.037", False),
        ("1706.037621", False),
        ("1706_03762", False),
        ("١٧٠٦.٠٣٧٦٢", False),
        ("javascript:alert(1)", False),
        ("../x", False),
        ("../../hep-th/9711200", False),
        ("//evil.example/9711200", False),
        ("https://evil.example/1706.03762", False),
        ('1706.03762" onclick="alert(1)', False),
        ("1706.03762'><script>alert(1)</script>", False),
        ("1706.03762?x=1", False),
        ("1706.03762#x", False),
        ("hep-th/9711200/../..", False),
        ("hep\u2010th/9711200", False),
    ],
)
def test_only_an_arxiv_id_has_a_link(id: str, linked: bool) -> None:
    neighbour = Neighbor(0, id, 0.5, "cs.DS", "")
    assert neighbour.link == (f"https://arxiv.org/abs/{id}" if linked else "")


def written(path: Path, titles: dict[str, str]) -> Corpus:
    path.write_text("".join(json.dumps({"id": id, "title": title}) + "\n" for id, title in titles.items()))
    return Corpus(path, labelled=False)


def test_titles_are_found_whatever_the_version(tmp_path: Path) -> None:
    corpus = written(
        tmp_path / "c.jsonl", {"2001.00001v3": "One", "2001.00002": "Two", "2001.00003": "Three", "own": "Own"}
    )
    wanted = ["2001.00001", "2001.00002v1", "own", "2001.99999"]
    titles = read_titles(corpus, wanted)
    assert titles == {"2001.00001": "One", "2001.00002": "Two", "own": "Own"}
    cached = NeighborIndex(np.eye(4), wanted, ["cs.DS"] * 4, [""] * 4, titles)
    assert [cached.nearest(row, 1)[0].title for row in np.eye(4)] == ["One", "Two", "Own", ""]


def test_the_corpus_of_a_cache_has_all_its_titles(cache: Cache, tmp_path: Path) -> None:
    corpus = Corpus(write_corpus(tmp_path / "c.jsonl"), labelled=False)  # three times as many articles
    assert read_titles(corpus, cache.ids) == {record["id"]: record["title"] for record in RECORDS}


def test_a_file_of_other_articles_is_refused(tmp_path: Path) -> None:
    corpus = written(tmp_path / "other.jsonl", {"2001.00001": "One"})
    with pytest.raises(SphereError, match=r"other.jsonl holds none of the 1,200 cached articles: give the file"):
        read_titles(corpus, [f"2002.{n:05}" for n in range(1200)])
