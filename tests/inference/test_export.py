"""Files of answers: nothing of the input lost, nothing a spreadsheet would run, and any reader reads them."""

import csv
import datetime
import decimal
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyarrow
import pyarrow.parquet
import pytest
from fake_classifier import FakeClassifier
from made_up import articles, write_corpus

from spheres.data.corpus import Corpus
from spheres.data.taxonomy import GROUPS
from spheres.data.text import Text
from spheres.errors import SphereError
from spheres.inference.classifier import Classification
from spheres.inference.classify_file import classify_file
from spheres.inference.export import ANSWER_COLUMNS, LISTED_COLUMNS, MAX_COLUMNS, as_cell, as_json, download_name

ODD = {"title": 'Über "Bäume" 🌳, und\r\nmehr\ttext', "abstract": "lone\rreturn\u2028line", "id": "0042"}
CLASSIFIER = FakeClassifier()


def answers(source: Path, out: Path, keep: bool = True) -> Path:
    list(classify_file(CLASSIFIER, source, out, 0.95, "sum", keep_columns=keep))
    return out


def table_of(out: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Column names and rows, read as any program reads them."""
    text = out.read_bytes().decode("utf-8-sig" if out.suffix == ".csv" else "utf-8")
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter="," if out.suffix == ".csv" else "\t")
    rows = list(reader)
    return list(reader.fieldnames or []), rows


def lines_of(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.read_text().splitlines()]


def written(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text(json.dumps(records))
    return path


@pytest.mark.parametrize(("separator", "expected"), [(";", ";"), (",", ","), ("\t", ",")])
def test_a_csv_has_the_separator_of_the_csv_it_answers(separator: str, expected: str, tmp_path: Path) -> None:
    source = tmp_path / "c.csv"
    source.write_text(f'title{separator}shelf\n"Trees{separator} and rivers"{separator}7\n')
    columns, row = csv.reader(
        io.StringIO(answers(source, tmp_path / "out.csv").read_text("utf-8-sig"), newline=""),
        delimiter=expected,
    )
    assert columns == ["title", "shelf", *ANSWER_COLUMNS]
    assert row[:2] == [f"Trees{separator} and rivers", "7"]


def test_a_russian_spreadsheets_letters_come_back(tmp_path: Path) -> None:
    source = tmp_path / "c.csv"
    source.write_bytes("title;полка\nTrees and rivers;Ёлка № 5\n".encode("cp1251"))
    header, row = answers(source, tmp_path / "out.csv").read_text("utf-8-sig").splitlines()
    assert header.startswith("title;полка;") and row.startswith("Trees and rivers;Ёлка № 5;")


@pytest.mark.parametrize("name", ["out.csv", "out.tsv", "out.CSV"])
def test_a_table_holds_every_column_and_the_answer(name: str, tmp_path: Path) -> None:
    records = [ODD, *articles(3)]
    out = answers(written(tmp_path / "c.json", records), tmp_path / name)
    assert out.read_bytes().startswith(b"\xef\xbb\xbf") == (name != "out.tsv")
    columns, rows = table_of(out.rename(tmp_path / name.lower()))
    added = [column if column != "categories" else "categories_2" for column in ANSWER_COLUMNS + LISTED_COLUMNS]
    assert columns == ["title", "abstract", "id", "categories", "update_date", *added]
    for row, record in zip(rows, records, strict=True):
        assert {key: row[key] for key in record} == record
        answer = CLASSIFIER.classify(record["title"], record["abstract"])
        assert row["spheres"] == " ".join(answer.predict_set(0.95))
        found = [float(row[f"p_{group}"]) for group in GROUPS]
        assert found == pytest.approx(answer.probabilities, abs=1e-3)
        assert all(len(row[f"p_{group}"]) == 8 for group in GROUPS)  # six decimals


def test_a_line_holds_every_column_and_the_answer(tmp_path: Path) -> None:
    record = {**ODD, "authors": [{"name": "Å"}], "year": 1999, "open": True, "doi": None}
    [line] = lines_of(answers(written(tmp_path / "c.json", [record]), tmp_path / "out.jsonl"))
    assert list(line) == [*record, "spheres", "probabilities", "categories", "note"]
    assert {key: line[key] for key in record} == record
    assert list(line["probabilities"]) == list(GROUPS)
    assert line["spheres"][0] == max(line["probabilities"], key=line["probabilities"].__getitem__)


def test_without_the_columns_it_is_the_line_of_the_design(tmp_path: Path) -> None:
    records = [articles(1)[0], {"title": ""}, {"title": "Prime gaps"}]
    source = written(tmp_path / "c.json", records)
    first, last = lines_of(answers(source, tmp_path / "out.jsonl", keep=False))
    assert list(first) == list(last) == ["id", "probabilities", "spheres", "categories", *LISTED_COLUMNS]
    assert first["id"] == records[0]["id"]
    assert last["id"] == [a.id for a in Corpus(source, labelled=False)][-1]
    assert last["id"].startswith("text:")


@pytest.mark.parametrize("name", ["out.csv", "out.tsv", "out.jsonl"])
def test_answers_can_be_classified_again_and_again(name: str, tmp_path: Path) -> None:
    source = write_corpus(tmp_path / "c.jsonl", 4)
    for turn in range(3):
        source = answers(source, tmp_path / f"{turn}{name}")
    first = lines_of(tmp_path / f"0{name}") if name == "out.jsonl" else table_of(tmp_path / f"0{name}")[1]
    last = lines_of(source) if name == "out.jsonl" else table_of(source)[1]
    for before, after in zip(first, last, strict=True):
        assert {key: after[key] for key in before} == before
        assert {after[key] == after["spheres"] for key in ("spheres_2", "spheres_3")} == {True}


def test_the_answer_never_overwrites_a_column(tmp_path: Path) -> None:
    record = {"title": "Prime gaps", "note": "mine", "p_cs": "my own", "spheres": "glass", "spheres_2": "crystal"}
    source = written(tmp_path / "c.json", [{"title": "Gene flow"}, record])  # the first row has no such column
    columns, rows = table_of(answers(source, tmp_path / "out.csv"))
    assert columns[:6] == [*record, "spheres_3"]
    assert (columns[8], columns[-1]) == ("p_cs_2", "note_2")
    assert {key: rows[1][key] for key in record} == record
    lines = lines_of(answers(source, tmp_path / "out.jsonl"))
    assert [list(line)[-4:] for line in lines] == [["spheres_3", "probabilities", "categories", "note_2"]] * 2


def test_what_a_spreadsheet_would_run_is_only_text(tmp_path: Path) -> None:
    cells = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"]
    numbers = ["-1", "+2.5", "-.5e-3", "-7.", "2020-01-01", "a=b"]
    records: list[dict[str, Any]] = [{"title": cell, "=key()": cell, "n": -1.5} for cell in cells + numbers]
    source = written(tmp_path / "c.json", records)
    for name in ("out.csv", "out.tsv"):
        columns, rows = table_of(answers(source, tmp_path / name))
        assert columns[:3] == ["title", "'=key()", "n"]
        assert [row["title"] for row in rows] == [f"'{cell}" for cell in cells] + numbers
        assert {row["n"] for row in rows} == {"-1.5"}
    lines = lines_of(answers(source, tmp_path / "out.jsonl"))
    assert [line["title"] for line in lines] == cells + numbers  # no spreadsheet opens these


def test_what_only_parquet_has_is_written_as_text(tmp_path: Path) -> None:
    row = {
        "title": "Prime gaps",
        "day": datetime.date(2001, 2, 3),
        "price": decimal.Decimal("1.50"),
        "raw": b"a\xff",
        "score": float("nan"),
        "tags": ["cs.DS", "math.CO"],
    }
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([row]), tmp_path / "c.parquet")
    _, [cells] = table_of(answers(tmp_path / "c.parquet", tmp_path / "out.csv"))
    expected = ["2001-02-03", "1.50", "a\\xff", "", '["cs.DS", "math.CO"]']
    assert [cells[key] for key in ("day", "price", "raw", "score", "tags")] == expected
    [line] = lines_of(answers(tmp_path / "c.parquet", tmp_path / "out.jsonl"))
    assert [line[key] for key in ("day", "price", "score", "tags")] == ["2001-02-03", "1.50", None, row["tags"]]


def test_odd_characters_come_through_and_break_no_line(tmp_path: Path) -> None:
    record = {"title": "a\x85b\u2028c\u2029d \ud800 e", "\ud800": 1}
    source = written(tmp_path / "c.json", [record])
    [line] = lines_of(answers(source, tmp_path / "out.jsonl"))
    assert {key: line[key] for key in record} == record
    columns, [row] = table_of(answers(source, tmp_path / "out.csv"))
    assert (columns[1], row["title"]) == ("?", "a\x85b\u2028c\u2029d ? e")


def test_json_that_is_none_becomes_some() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    assert json.loads(as_json(deep)) == as_cell(deep) == "(nested too deep to be copied)"
    assert as_json([float("inf"), 1e300]) == '["Infinity", 1e+300]'


def test_more_columns_than_a_table_can_have_are_refused(tmp_path: Path) -> None:
    record = {"title": "Prime gaps", **{f"c{i}": i for i in range(MAX_COLUMNS)}}
    source = written(tmp_path / "c.json", [record])
    with pytest.raises(SphereError, match=r"has 5,001 columns, more than the 5,000 that can be kept: take some out"):
        answers(source, tmp_path / "out.csv")
    assert len(lines_of(answers(source, tmp_path / "out.jsonl", keep=False))) == 1
    del record["c0"]
    assert len(table_of(answers(written(source, [record]), tmp_path / "out.csv"))[0]) == MAX_COLUMNS + len(
        ANSWER_COLUMNS
    )


@pytest.mark.parametrize(
    ("name", "format", "expected"),
    [
        ("articles.csv", "CSV", "articles-spheres.csv"),
        ("articles.TSV.GZ", "TSV, gzip", "articles-spheres.tsv"),
        ("arxivData.json.xz", "JSON list, xz", "arxivData-spheres.jsonl"),
        ("snapshot.jsonl", "JSON lines", "snapshot-spheres.jsonl"),
        ("table.parquet", "Parquet", "table-spheres.csv"),
        ("titles.csv", "CSV", "titles-spheres.csv"),
        ("Book1.XLSX", "Excel", "Book1-spheres.xlsx"),
        ("v1.2", "CSV", "v1.2-spheres.csv"),
        ("/etc/passwd", "CSV", "passwd-spheres.csv"),
        ("..\\..\\boot.ini", "CSV", "boot.ini-spheres.csv"),
        ("", "CSV", "articles-spheres.csv"),
        (".csv", "CSV", "articles-spheres.csv"),
        ("a\x00b\nc\u202egpj.csv", "CSV", "abcgpj-spheres.csv"),
        ('<a>:"b"|?*.csv', "CSV", "ab-spheres.csv"),
        ("статьи 📚.csv", "CSV", "статьи 📚-spheres.csv"),
        ("\ud800.csv", "CSV", "articles-spheres.csv"),
    ],
)
def test_the_download_is_named_after_the_upload(name: str, format: str, expected: str) -> None:
    assert download_name(name, format) == expected


@pytest.mark.parametrize("name", ["x" * 5000 + ".csv", "я" * 5000, "🌳" * 5000 + ".jsonl"])
def test_a_long_name_is_cut_to_what_a_file_system_takes(name: str, tmp_path: Path) -> None:
    found = download_name(name, "CSV")
    assert found.endswith("-spheres.csv")
    (tmp_path / (found + ".writing")).touch()


def sheet_of(out: Path) -> list[tuple[Any, ...]]:
    """The rows of a workbook's sheet, with the formulas that Excel would compute."""
    return [tuple(cell.value for cell in row) for row in openpyxl.load_workbook(out).worksheets[0].iter_rows()]


def test_a_workbook_comes_back_with_the_answers_columns_beside(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for cells in (["title", "shelf", "n"], ["Prime gaps", "Ш-7", 1.5], [None, "x", 3], ["Gene flow", "=1+1", True]):
        book.active.append(cells)
    book.save(tmp_path / "c.xlsx")
    out = answers(tmp_path / "c.xlsx", tmp_path / "out.xlsx")
    header, first, unread, last = sheet_of(out)
    assert header == ("title", "shelf", "n", *ANSWER_COLUMNS)
    assert first[:3] == ("Prime gaps", "Ш-7", 1.5) and last[:3] == ("Gene flow", None, True)  # a formula never computed
    answer = CLASSIFIER.classify("Prime gaps", "")
    assert first[3] == " ".join(answer.predict_set(0.95))
    assert first[4:12] == pytest.approx(answer.probabilities, abs=1e-6)
    assert unread[3:13] == (None,) * 10 and "neither a title nor an abstract" in unread[13]


def test_no_text_in_a_workbook_is_a_formula_and_none_breaks_it(tmp_path: Path) -> None:
    texts = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "#N/A", "\x00\x0bodd \ud800", "y" * 40_000]
    records = [{"title": text, "=key()": text, "many": 10**20, "list": [1, None]} for text in texts]
    out = answers(written(tmp_path / "c.json", records), tmp_path / "out.xlsx")
    header, *rows = sheet_of(out)
    assert header[:4] == ("title", "=key()", "many", "list")
    assert [row[0] for row in rows[:-1]] == [*texts[:5], "odd ?"]
    assert len(rows[-1][0]) == 32_767 and rows[-1][0].endswith("y [... cut: Excel takes no more]")
    assert {row[2:4] for row in rows} == {("1" + "0" * 20, "[1, null]")}
    types = {cell.data_type for row in openpyxl.load_workbook(out).worksheets[0].iter_rows() for cell in row[:2]}
    assert types == {"s"}


RIS = "TY  - JOUR\nTI  - On trees\nN1  - mine\nER  -\n\nstray\nTY  - JOUR\nN1  - nothing to read\nER  -\n"
BIBTEX = (
    '@string{j = "Wood"}\n\n@article{a,\n  title = {On trees},\n  journal = j,\n}\n\n'
    "@article{b, title={Open\n\n@misc{c, title={On seas}}\n"
)


def test_ris_comes_back_as_it_was_with_spheres_among_its_keywords(tmp_path: Path) -> None:
    (tmp_path / "c.ris").write_text(RIS)
    out = answers(tmp_path / "c.ris", tmp_path / "out.ris").read_text()
    first, stray, empty = out.rstrip("\n").split("\n\n")
    assert first.startswith("TY  - JOUR\nTI  - On trees\nN1  - mine\nKW  - sphere: ") and first.endswith("\nER  -")
    assert (stray, empty) == ("stray", "TY  - JOUR\nN1  - nothing to read\nER  -")


def test_bibtex_comes_back_with_its_abbreviations_and_its_broken_entries(tmp_path: Path) -> None:
    (tmp_path / "c.bib").write_text(BIBTEX)
    out = answers(tmp_path / "c.bib", tmp_path / "out.bib").read_text()
    assert out.startswith(
        '@string{j = "Wood"}\n@article{a,\n  title = {On trees},\n  journal = j,\n  keywords = {sphere: '
    )
    assert "@article{b, title={Open" in out
    again = [json.loads(line) for line in answers(tmp_path / "out.bib", tmp_path / "a.jsonl").read_text().splitlines()]
    assert {row["keywords"].split(", ")[0] for row in again if row.get("keywords")} <= {f"sphere: {g}" for g in GROUPS}


def test_references_are_written_for_references_alone(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("title\nOn trees\n")
    with pytest.raises(SphereError, match=r"a file in CSV cannot be RIS"):
        answers(tmp_path / "c.csv", tmp_path / "out.ris")


@pytest.mark.parametrize(
    ("name", "format", "expected"),
    [
        ("my.ris", "RIS", "my-spheres.ris"),
        ("my.bib.gz", "BibTeX, gzip", "my-spheres.bib"),
        ("my.xlsx", "Excel", "my-spheres.xlsx"),
        ("pubmed.nbib", "PubMed", "pubmed-spheres.csv"),
        ("works.json", "JSON", "works-spheres.jsonl"),
    ],
)
def test_the_answers_to_references_are_named_after_them(name: str, format: str, expected: str) -> None:
    assert download_name(name, format) == expected


KNOWN = Classification(
    (0.0, 0.25, 0.75, 0.0, 0.0, 0.0, 0.0, 0.0),
    *(9, 9),
    codes=("cs.CL", "cs.LG", "math.CO"),
    shares=np.array([0.5, 0.5, 1.0], np.float32),
)


class Certain:
    """Gives every text the same answer."""

    def classify_many(self, texts: Sequence[Text]) -> list[Classification]:
        return [KNOWN] * len(texts)


def test_beside_listed_categories_stand_rank_and_probability_of_the_first(tmp_path: Path) -> None:
    records = [{"title": "Prime gaps", "categories": c} for c in ("math.CO cs.LG", "cs.LG", "q-bio.BM", "")]
    source = written(tmp_path / "c.json", records)
    list(classify_file(Certain(), source, tmp_path / "out.csv", 0.9, "sum"))
    _, rows = table_of(tmp_path / "out.csv")
    assert [(row["rank_listed"], row["p_listed"]) for row in rows] == [
        *(("3", "0.250000"), ("2", "0.375000")),
        *(("", ""), ("", "")),
    ]
    assert {row["categories_2"] for row in rows} == {"cs.CL cs.LG math.CO"}
    list(classify_file(Certain(), source, tmp_path / "out.jsonl", 0.9, "sum"))
    assert [(line["rank_listed"], line["p_listed"]) for line in lines_of(tmp_path / "out.jsonl")] == [
        *((3, 0.25), (2, 0.375)),
        *((None, None), (None, None)),
    ]


def test_keywords_are_no_categories_to_compare_with(tmp_path: Path) -> None:
    source = written(tmp_path / "c.json", [{"title": "Prime gaps", "keywords": "primes; physics", "tags": "to read"}])
    list(classify_file(Certain(), source, tmp_path / "out.csv", 0.9, "sum"))
    assert not {*LISTED_COLUMNS} & {*table_of(tmp_path / "out.csv")[0]}


def test_references_get_the_likeliest_category_as_a_keyword(tmp_path: Path) -> None:
    (tmp_path / "c.ris").write_text(RIS)
    list(classify_file(Certain(), tmp_path / "c.ris", tmp_path / "out.ris", 0.9, "sum"))
    assert "KW  - sphere: math\nKW  - category: cs.CL\nER" in (tmp_path / "out.ris").read_text()
