"""Files as people's tools write them: the cases that were reported, each with what it gives.

They are not part of this repository: SPHERES_CORPORA names the folder beside theirs. Each kind has a copy of our own in
tests/data, which runs everywhere.
"""

import os
from contextlib import ExitStack
from pathlib import Path

import pytest
from places import ROOT

from spheres.data.corpus import Corpus
from spheres.errors import SphereError
from spheres.inference.file_rows import FileRow, FileSummary, open_file, summarize_file, to_file_row

CASES = Path(os.environ.get("SPHERES_CORPORA", ROOT.parent / "shared" / "data")).parent / "cases"
pytestmark = pytest.mark.skipif(
    not CASES.is_dir(), reason=f"the reported files are not in {CASES}: set SPHERES_CORPORA"
)

# Four articles each, whole; in the formats of their exporters
WHOLE = """
01-zotero.csv 02-wos-tags.txt 02b-wos-article-title.csv 02c-trailing-tab.tsv 02d-trailing-comma.csv
03-dimensions.csv 03b-sep-line.csv 03c-sep-comma.csv 05c-backslash-quotes.csv 05e-inch-mark.csv
06-pandas-columns.json 06c-api-wrapper.json 06d-api-wrapper-line.json 06e-pretty-jsonl.json 07-crossref.jsonl
08-openalex.jsonl 08b-openalex-title-null.jsonl 09-refs.ris 09b-refs.bib 09c-pubmed.nbib 11-pipe.csv
11b-quoted-header-commas.csv 11c-header-newline.csv 11d-space-after-comma.csv 12-double-bom.csv
12c-hash-header.tsv 12d-two-title-columns.csv 12e-blank-first-line.csv 12f-german.csv 12g-russian.csv
12h-title-en.csv 12i-document-title.csv 13-utf16le-nomark.csv 13b-mac-line-ends.csv 13c-nul.csv 13d-ctrl-z.csv
14-trailing-empties-cut.csv 16-jats.csv 17-ris-in-csv-name.csv 18-medline-abstract-list.jsonl
18b-abstract-list-of-strings.jsonl 18c-csv-of-lists.csv 20-arxiv-atom.xml 20b-oai.xml 21-description.csv
21b-title-and-text.csv 21c-TITLE-ABS.csv 21d-Title-with-suffix.csv 21e-Paper-Title-Abstract.csv
21f-kaggle-upper.csv 21g-cmt-tsv.txt 22-title-is-journal.csv 22b-summary-and-abstract.csv 22c-summary-is-note.csv
23-quoted-tsv-utf16.txt 24-empty-lines-between.csv 25-comment-lines.csv 27-long-cell.csv 28-jsonl-bom-crlf.jsonl
28b-jsonl-trailing-commas.json 28e-nested-list.json 28f-list-of-lists.json 28g-csl.json 29-pandas.parquet
29b-lists.parquet 29c-binary.parquet 30-bz2.csv.bz2
"""
TITLES = ("Spectral gaps of random", "Monetary shocks and household", "Superconductivity near a", "Robust speech")


def read(name: str) -> tuple[FileSummary, list[FileRow]]:
    """A file as the page, the interface and the command line read it."""
    summary = summarize_file(CASES / name)
    summary.check(CASES / name)
    with ExitStack() as stack:
        return summary, [to_file_row(row, summary.chosen) for row in open_file(CASES / name, stack, None).rows]


@pytest.mark.parametrize("name", WHOLE.split())
def test_title_and_abstract_of_every_row_are_read(name: str) -> None:
    articles = [row.article for row in read(name)[1] if row.article]
    assert len(articles) == 4
    for article in articles:
        assert any(title.lower() in article.title.lower() for title in TITLES)
        assert len(article.abstract) > 100


@pytest.mark.parametrize(
    ("name", "n", "broken"),
    [
        ("05-open-quote.tsv", 10, ["line 2"]),
        ("05b-quote-then-text.csv", 4, ["line 3"]),
        ("05d-quote-opens-abstract.tsv", 102, ["line 3"]),
        ("05f-quote-ends-later.tsv", 7, ["line 2"]),
        ("14b-footer.csv", 6, ["line 7", "line 8"]),
    ],
)
def test_a_broken_row_is_named_and_every_other_answered(name: str, n: int, broken: list[str]) -> None:
    rows = read(name)[1]
    assert len(rows) == n
    assert [row.place for row in rows if row.problem] == broken
    assert all(row.article and all(row.article.text) for row in rows if not row.problem)


@pytest.mark.parametrize(
    "name",
    ["07b-crossref-title-list-only.jsonl", "19-s2-tldr.jsonl", "26-single-line-titles.txt", "26c-titles-commas.csv"],
)
def test_a_file_of_titles_is_read_as_one(name: str) -> None:
    summary, rows = read(name)
    assert rows and all(row.article and row.article.title and not row.article.abstract for row in rows)
    assert summary.separator in ("", ",")  # comes back as a CSV


@pytest.mark.parametrize(
    ("name", "titles", "nothing"),
    [("04-scopus-placeholder.csv", 4, 0), ("04b-na.csv", 4, 5), ("16b-withdrawn.csv", 4, 2)],
)
def test_a_placeholder_is_no_text(name: str, titles: int, nothing: int) -> None:
    rows = read(name)[1]
    assert sum(row.article is not None and not row.article.abstract for row in rows) == titles
    assert sum("neither a title nor an abstract" in str(row.problem) for row in rows) == nothing


def test_what_was_passed_over_is_said() -> None:
    for name, n in (("03-dimensions.csv", 1), ("25-comment-lines.csv", 2)):
        assert str(read(name)[0].describe()[0]) == f"Lines passed over before the header: {n}."


def test_it_is_said_which_columns_were_read() -> None:
    assert str(read("01-zotero.csv")[0].describe()[0]).startswith("Title: Title; abstract: Abstract Note; id: DOI;")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("10-sheet.xlsx", "is a damaged Excel workbook"),
        ("10b-archive.zip", "is a ZIP archive: unpack it"),
        ("10c-old-excel.xls", r"of the old kind \(.xls\): save it as .xlsx or CSV"),
        ("10d-html-as-xls.xls", "is a web page: open it in a spreadsheet"),
        ("12b-no-header.csv", "has no column for title or abstract; its columns are Spectral gaps"),
        ("26b-titles-no-header.txt", "is in no known format: give a table with a header"),
        ("29d-feather.arrow", "is a Feather .* save it as Parquet or CSV"),
        ("30b-zstd-magic.jsonl.zst", "is compressed with zstd: unpack it"),
    ],
)
def test_what_cannot_be_read_is_named_for_what_it_is(name: str, words: str) -> None:
    with pytest.raises(SphereError, match=words):
        read(name)


@pytest.mark.parametrize(
    ("name", "categories"),
    {
        "15-primary-apart.jsonl": "stat.ML cs.LG|q-bio.NC cs.NE|physics.bio-ph cs.CE|stat.ME cs.LG",
        "15b-tags-are-keywords.csv": "math.CO|econ.GN|cond-mat.supr-con|eess.AS",
        "15c-listing-subjects.csv": "math.CO math.PR|econ.GN|cond-mat.supr-con|eess.AS cs.SD",
        "15d-oai-sets.csv": "math.CO|econ.GN|cond-mat|eess.AS",
        "15e-category-names.csv": "math|econ|physics|cs",
        "15f-ids.csv": "math.CO|math.CO",  # one article under six ids, another under two
    }.items(),
)
def test_a_corpus_for_training_has_its_labels_the_primary_first_and_each_article_once(
    name: str, categories: str
) -> None:
    assert "|".join(" ".join(article.categories) for article in Corpus(CASES / name)) == categories
