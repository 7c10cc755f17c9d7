"""What is read as what in a file of articles, and which of its rows have an answer."""

import csv
from pathlib import Path

import pytest
from fake_classifier import FakeClassifier

from spheres.data.taxonomy import GROUPS
from spheres.errors import SphereError
from spheres.inference.classify_file import classify_file
from spheres.inference.file_rows import summarize_file

PROSE = (
    "We prove that a random regular graph of fixed degree has a nearly optimal spectral gap, and we measure it. " * 2
)
NAMES = "Doe, J.; Roe, R., University of Things, Dept. of Trees, 12 Street, 10115 Town, 2019, 10.1000/x; " * 4


def table(path: Path, columns: list[str], *rows: list[str]) -> Path:
    with path.open("w", newline="") as f:
        csv.writer(f).writerows([columns, *rows])
    return path


@pytest.mark.parametrize(
    ("columns", "cells", "sentences"),
    [
        (
            ["Key", "Title", "Journal title", "Abstract Note", "Pages"],
            ["7", "On trees", "J", PROSE, "1"],
            ["Title: Title; abstract: Abstract Note; id: Key; columns not used: 2."],
        ),
        (
            ["Title", "Authors", "Inhalt"],
            ["On trees", NAMES, PROSE],
            [
                "Title: Title; abstract: none; id: none; columns not used: 2.",
                "No abstract was found, although the column Inhalt looks like one: choose it "
                "(on the command line: --abstract-column).",
            ],
        ),
        (
            ["title", "summary", "Inhalt"],
            ["On trees", "accepted, minor revision", PROSE],
            [
                "Title: title; abstract: summary; id: none; columns not used: 1.",
                "The column Inhalt looks more like the abstract: choose it (on the command line: --abstract-column).",
            ],
        ),
        (
            ["Title", "References"],
            ["On trees", NAMES],
            ["Title: Title; abstract: none; id: none; columns not used: 1."],
        ),
    ],
)
def test_a_file_is_described_before_it_is_classified(
    columns: list[str], cells: list[str], sentences: list[str], tmp_path: Path
) -> None:
    source = table(tmp_path / "c.csv", columns, cells, cells)
    assert [str(message) for message in summarize_file(source).describe()] == sentences


def test_the_callers_columns_are_read_and_a_name_that_is_none_is_refused(tmp_path: Path) -> None:
    source = table(tmp_path / "c.csv", ["Title", "Topic", "Inhalt"], ["a", "On trees", PROSE], ["b", "Gene flow", ""])
    classifier, out = FakeClassifier(), tmp_path / "out.csv"
    options = {"title_column": "topic", "abstract_column": "Inhalt"}
    last = list(classify_file(classifier, source, out, 0.95, "sum", **options))[-1]
    expected = classifier.classify("On trees", PROSE.strip()).probabilities
    first = next(csv.DictReader(out.open(encoding="utf-8-sig", newline="")))
    assert [float(first[f"p_{group}"]) for group in GROUPS] == pytest.approx(expected, abs=1e-6)
    assert [str(message) for message in last.summary.describe()] == [
        "Title: Topic; abstract: Inhalt; id: none; columns not used: 1."
    ]
    with pytest.raises(
        SphereError, match="There is no column Topics; the file's columns are Title, Topic, Inhalt: give"
    ):
        summarize_file(source, title_column="Topics")


def test_the_rows_are_counted_by_what_they_were_answered_from(tmp_path: Path) -> None:
    rows = [["On trees", "We climb."], ["Gene flow", "NA"], ["", "We climb."], ["", ""], ["None", "-"], ["A", "B"]]
    source = table(tmp_path / "c.csv", ["title", "abstract"], *rows)
    last = list(classify_file(FakeClassifier(), source, tmp_path / "out.csv", 0.95, "sum"))[-1]
    assert last.views == {"both": 2, "title": 1, "abstract": 1}
    assert str(last.describe()) == (
        "4 of 6 rows answered: 2 from title and abstract, 1 from the title alone, 1 from the abstract alone."
    )
    assert [place for place, _ in last.problems] == ["line 5", "line 6"]
