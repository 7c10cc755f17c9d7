"""Articles out of every published schema, counted, each once."""

import csv
import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from places import ROOT

from spheres.data.article import Article, to_article
from spheres.data.corpus import Corpus
from spheres.data.splits import split_of
from spheres.errors import SphereError

CORPORA = Path(os.environ.get("SPHERES_CORPORA", ROOT.parent / "shared" / "data"))

KAGGLE = {
    "author": "[{'name': 'A. Author'}]",
    "day": 3,
    "id": "1801.00001v2",
    "link": "[{'rel': 'alternate', 'href': 'http://arxiv.org/abs/1801.00001v2', 'type': 'text/html'}]",
    "month": 1,
    "summary": "We learn to\n count.",
    "tag": "[{'term': 'cs.AI', 'scheme': 'http://arxiv.org/schemas/atom', 'label': None}, {'term': 'I.2.6'}]",
    "title": "Counting",
    "year": 2018,
}


def lines(path: Path, *records: Any) -> Path:
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in records))
    return path


def test_a_record_of_the_kaggle_set_is_read() -> None:
    assert to_article(KAGGLE) == Article("1801.00001v2", "Counting", "We learn to count.", ("cs.AI",), "2018-01-03")


def test_every_record_is_counted_once(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "c.jsonl",
        {"id": "1", "title": "A", "abstract": "", "categories": "cs.LG"},
        {"id": "1v2", "title": "A", "abstract": "again: a version is no new article"},  # no category
        {"id": "2501.00001v1", "title": "B", "abstract": "b", "categories": "math.CO"},
        {"id": "2501.00001v3", "title": "B, revised", "abstract": "b", "categories": "math.CO"},
        {"id": "3", "title": " ", "abstract": None, "categories": "cs.LG"},
        {"id": "4", "title": "D", "categories": "I.2.6"},
        '{"id": "5", "title": ',
        {"id": "6", "abstract": "only an abstract", "categories": "stat.ME"},
    )
    corpus = Corpus(path)
    assert [a.id for a in corpus] == ["1", "2501.00001v1", "6"]
    c = corpus.counts
    assert (c.read, c.kept, c.without_text, c.without_category, c.duplicated, c.broken) == (8, 3, 1, 2, 1, 1)
    assert c.problems[0].startswith("line 7: ")
    assert "8 records read: 3 articles kept" in str(c)


def test_a_corpus_may_be_walked_again(tmp_path: Path) -> None:
    corpus = Corpus(lines(tmp_path / "c", {"id": "1", "title": "A", "categories": "cs.LG"}))
    assert list(corpus) == list(corpus)
    assert corpus.counts.read == 1


def test_articles_without_an_id_get_one_from_their_text(tmp_path: Path) -> None:
    record = {"title": "A", "abstract": "b", "categories": "cs.LG"}
    corpus = Corpus(lines(tmp_path / "c", record, {**record, "title": "Other"}, record))
    ids = [a.id for a in corpus]
    assert len(set(ids)) == 2 and corpus.counts.duplicated == 1
    assert ids == [a.id for a in corpus]


def test_an_article_is_one_however_its_id_is_written(tmp_path: Path) -> None:
    notations = ["2401.00001", "arXiv:2401.00001", "http://arxiv.org/abs/2401.00001v2", "2401.00001v3"]
    notations += ["https://doi.org/10.48550/arXiv.2401.00001", "oai:arXiv.org:2401.00001", "704.0001", "0704.0001"]
    records = [{"id": id, "title": "A", "categories": "cs.LG"} for id in notations]
    corpus = Corpus(lines(tmp_path / "c", *records))
    assert [article.id for article in corpus] == ["2401.00001", "704.0001"]
    assert corpus.counts.duplicated == 6
    assert len({split_of(id) for id in notations[:6]}) == len({split_of(id) for id in notations[6:]}) == 1


@pytest.mark.parametrize(
    ("record", "categories"),
    [
        ({"categories": "cs.LG stat.ML", "primary_category": "stat.ML"}, ("stat.ML", "cs.LG")),
        ({"primary_category": {"term": "math.CO"}, "tags": "graphs; to read"}, ("math.CO",)),
        ({"tags": "physics; to read", "subjects": "Combinatorics (math.CO)"}, ("math.CO",)),
        ({"category": "Physics", "keywords": "cs.LG"}, ("cs.LG",)),
        ({"category": "Mathematics", "keywords": "graphs"}, ("math",)),
        ({"primary": "cs", "categories": "math.CO cs.LG"}, ("cs.LG", "math.CO")),
        ({"primary": "eess", "categories": "math.CO"}, ("eess", "math.CO")),
        ({"primary_category": "unknown", "categories": ""}, ()),
    ],
)
def test_the_column_that_holds_categories_wins_and_the_primary_is_named_first(
    record: dict[str, Any], categories: tuple[str, ...]
) -> None:
    assert to_article({"title": "A", **record}).categories == categories


def test_the_columns_of_a_corpus_may_be_chosen(tmp_path: Path) -> None:
    path = lines(tmp_path / "c", {"title": "A", "topic": "On trees", "notes": "We climb.", "categories": "cs.LG"})
    corpus = Corpus(path, title_column="topic", abstract_column="Notes")
    assert [article.text for article in corpus] == [("On trees", "We climb.")]
    assert corpus.fingerprint() != Corpus(path).fingerprint()
    with pytest.raises(SphereError, match="There is no column nots; the file's columns are title, topic, notes, categ"):
        list(Corpus(path, abstract_column="nots"))


def test_without_labels_every_text_is_kept(tmp_path: Path) -> None:
    path = lines(tmp_path / "c", {"title": "A"}, {"title": "A"}, {"title": ""})
    assert len(list(Corpus(path, labelled=False))) == 2


def test_a_sample_is_a_share_of_the_articles_and_always_the_same(tmp_path: Path) -> None:
    path = lines(tmp_path / "c", *({"id": str(i), "title": "A", "categories": "cs.LG"} for i in range(2000)))
    corpus = Corpus(path, sample=0.25)
    ids = [a.id for a in corpus]
    assert 400 < len(ids) < 600
    assert corpus.counts.not_sampled == 2000 - len(ids)
    assert ids == [a.id for a in corpus]
    assert corpus.fingerprint() != Corpus(path).fingerprint() != Corpus(path, sample=0.5).fingerprint()
    with pytest.raises(SphereError, match="--sample is 0: give a number above 0"):
        Corpus(path, sample=0)


def test_columns_may_be_called_in_many_ways(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    with path.open("w", newline="") as f:
        writer = csv.writer(f)
        writer.writerow(["Titles", "SUMMARIES", "terms", "extra"])
        writer.writerow(["On trees", "We climb.", "['cs.DS', 'math.CO']", "x"])
    (article,) = Corpus(path)
    assert (article.title, article.abstract, article.categories) == ("On trees", "We climb.", ("cs.DS", "math.CO"))


def test_a_table_without_the_needed_columns_names_those_it_has(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("name,price\nbread,2\n")
    with pytest.raises(SphereError, match="no column for title or abstract, nor for categories; its columns are name"):
        list(Corpus(path))
    path.write_text("title,price\nbread,2\n")
    with pytest.raises(SphereError, match="no column for categories; its columns are price, title: rename"):
        list(Corpus(path))


def test_a_file_of_broken_records_is_no_corpus(tmp_path: Path) -> None:
    with pytest.raises(SphereError, match=r"none of its 2 records can be read \(line 1: not JSON"):
        list(Corpus(lines(tmp_path / "c", "{no: quotes}", "{")))


def test_reading_keeps_one_record_in_memory(tmp_path: Path) -> None:
    records = [{"id": str(i), "title": "t", "abstract": "x" * 5000, "categories": "cs.LG"} for i in range(2_000)]
    path = tmp_path / "c.json"
    path.write_text(json.dumps(records))  # 10 MB
    del records
    tracemalloc.start()
    n = sum(1 for _ in Corpus(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert n == 2_000
    assert peak < 8e6  # the window, and a few bytes an article to know duplicates by


@pytest.mark.long
@pytest.mark.skipif(not CORPORA.is_dir(), reason=f"the published corpora are not in {CORPORA}: set SPHERES_CORPORA")
@pytest.mark.parametrize(
    ("name", "format", "n"),
    [("arxiv-spheres.jsonl.xz", "JSON lines, xz", 39_782), ("arxivData.json.xz", "JSON list, xz", 27_311)],
)
def test_the_published_corpora_load_whole(name: str, format: str, n: int) -> None:
    corpus = Corpus(CORPORA / name)
    assert sum(1 for _ in corpus) == n
    assert corpus.format == format
    assert (corpus.counts.read, corpus.counts.broken) == (n, 0)
