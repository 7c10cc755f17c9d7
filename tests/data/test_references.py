"""What reference managers, interfaces and spreadsheets export, and what is made to look like it."""

import io
import json
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import openpyxl
import pytest

from spheres.data.readers.child import open_in_child
from spheres.data.readers.detect import open_records
from spheres.data.row import MAX_RECORD, Row
from spheres.errors import SphereError

RIS = """Provider: a publisher

TY  - JOUR
TI  - On trees
AU  - Doe, J.
AU  - Roe, R.
AB  - We climb.
And climb higher.
KW  - wood
N1  - read it
ER  -

TY  - CHAP
T1  - On rivers
N2  - We swim.
ER  -
"""
NBIB = """PMID- 7
TI  - On trees,
      and higher ones
AB  - We climb.
FAU - Doe, Jane

PMID- 8
TI  - On rivers
AB  - We swim.
"""
ENDNOTE = "%0 Journal Article\n%T On trees\n%A Doe, J.\n%X We climb.\n\n%0 Book\n%T On rivers\n%X We swim.\n"
WOS = """FN Clarivate Analytics Web of Science
VR 1.0
PT J
AU Doe, J
   Roe, R
TI On trees
AB We climb.
   And climb higher.
ER

PT J
TI On rivers
AB We swim.
ER

EF
"""
BIBTEX = """% exported
@string{j = "Wood"}
@article{doe, title = {On {T}rees}, abstract = "We climb.", journal = j, year = 2020}

@misc{roe,
  title = {On rivers},
  abstract = {We swim.},
}
"""
ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom">
<entry><id>http://arxiv.org/abs/2401.00001v1</id><title>On
  trees</title><summary>We climb.</summary><author><name>Doe</name></author>
  <arxiv:primary_category term="math.CO"/><category term="math.CO"/><category term="cs.DM"/></entry>
<entry><title>On rivers</title><summary>We swim.</summary></entry></feed>"""
OAI = """<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords>
<record><header><identifier>oai:arXiv.org:2401.00001</identifier><setSpec>math:math:CO</setSpec></header>
<metadata><dc xmlns="http://purl.org/dc/elements/1.1/"><title>On trees</title><subject>Combinatorics</subject>
<description>We climb.</description><description>Comment: 9 pages</description></dc></metadata></record>
<record><header status="deleted"><identifier>oai:arXiv.org:2401.00002</identifier></header></record>
<record><metadata><arXiv><title>On rivers</title><abstract>We swim.</abstract></arXiv></metadata></record>
</ListRecords></OAI-PMH>"""


def read(content: str | bytes, folder: Path) -> tuple[str, list[Row]]:
    path = folder / "file"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with ExitStack() as stack:
        opened = open_records(path, stack)
        return opened.format, list(opened.rows)


def texts(rows: list[Row]) -> list[tuple[object, object]]:
    return [(row.record["title"], row.record["abstract"]) for row in rows if row.record]


@pytest.mark.parametrize(
    ("name", "content", "abstract"),
    [
        ("RIS", RIS, "We climb. And climb higher."),
        ("EndNote", ENDNOTE, "We climb."),
        ("Web of Science", WOS, "We climb. And climb higher."),
        ("arXiv Atom", ATOM, "We climb."),
    ],
)
def test_every_entry_is_read_whatever_its_format(name: str, content: str, abstract: str, tmp_path: Path) -> None:
    for written in (content, content.replace("\n", "\r\n"), "\ufeff" + content):
        found, rows = read(written, tmp_path)
        assert found == name
        assert texts(rows) == [("On trees", abstract), ("On rivers", "We swim.")]


def test_the_fields_of_an_entry_have_plain_names_and_lists_are_joined(tmp_path: Path) -> None:
    record = read(RIS, tmp_path)[1][0].record
    assert record == {
        **{
            "type": "JOUR",
            "title": "On trees",
            "abstract": "We climb. And climb higher.",
            "authors": "Doe, J.; Roe, R.",
        },
        **{"keywords": "wood", "N1": "read it"},
    }
    assert read(WOS, tmp_path)[1][0].record["authors"] == "Doe, J; Roe, R"
    assert read(NBIB, tmp_path)[1][0].record["title"] == "On trees, and higher ones"


def test_an_entry_keeps_its_own_text_and_the_line_on_which_it_begins(tmp_path: Path) -> None:
    rows = read(RIS, tmp_path)[1]
    assert [row.place for row in rows] == ["line 3", "line 13"]
    assert rows[1].source == "TY  - CHAP\nT1  - On rivers\nN2  - We swim.\nER  -"
    assert read(BIBTEX, tmp_path)[1][1].source.startswith("@misc{roe,\n  title")


def test_text_between_entries_is_named(tmp_path: Path) -> None:
    rows = read(RIS.replace("ER  -\n\n", "ER  -\nwhat is this\n"), tmp_path)[1]
    assert [str(row.problem) for row in rows if row.problem] == ["text outside of any entry: what is this"]


def test_an_entry_without_its_first_line_is_one_row(tmp_path: Path) -> None:
    rows = read(RIS.replace("TY  - CHAP", "CHAP"), tmp_path)[1]
    assert [(row.place, str(row.problem)) for row in rows if row.problem] == [
        ("line 13", "text outside of any entry: CHAP")
    ]
    assert rows[1].source == "CHAP\nT1  - On rivers\nN2  - We swim.\nER  -"


def test_a_reference_that_is_too_long_is_one_row(tmp_path: Path) -> None:
    rows = read("TY  - JOUR\nTI  - x\n" + f"AB  - {'x' * 999_990}\n" * 9 + RIS, tmp_path)[1]
    assert [row.place for row in rows if row.problem] == ["line 1"]
    assert len(texts(rows)) == 2


def test_a_brace_too_many_is_named(tmp_path: Path) -> None:
    rows = read("@article{a, title={On seas}}, abstract={We sail.}}\n" + BIBTEX, tmp_path)[1]
    assert [str(row.problem) for row in rows if row.problem] == ["not readable BibTeX: it closes one brace too many"]
    assert len(texts(rows)) == 2


@pytest.mark.parametrize("change", [lambda xml: f"\ufeff\n{xml}".encode(), lambda xml: xml.encode("utf-16")])
def test_xml_is_read_behind_a_mark_and_blanks(change: Callable[[str], bytes], tmp_path: Path) -> None:
    whole = read(ATOM, tmp_path)[1]
    assert whole and read(change(ATOM.replace('encoding="UTF-8"', "")), tmp_path)[1] == whole


def test_an_entry_that_never_ends_is_ended_by_the_next(tmp_path: Path) -> None:
    assert len(texts(read(RIS.replace("ER  -", "", 1), tmp_path)[1])) == 2


def test_bibtex_is_read_and_a_broken_entry_costs_itself(tmp_path: Path) -> None:
    found, rows = read(BIBTEX, tmp_path)
    assert found == "BibTeX"
    assert texts(rows) == [("On {T}rees", "We climb."), ("On rivers", "We swim.")]
    assert rows[0].record["journal"] == "Wood"
    rows = read(
        "@article{a, title={Open, year=1}\n\n" + BIBTEX + "@misc{roe, title={Again}, abstract={x}}\n", tmp_path
    )[1]
    assert rows[0].problem and "not readable BibTeX" in str(rows[0].problem)
    assert [title for title, _ in texts(rows)] == ["On {T}rees", "On rivers", "Again"]


def test_arxivs_categories_are_read_from_both_interfaces(tmp_path: Path) -> None:
    record = read(ATOM, tmp_path)[1][0].record
    assert (record["primary_category"], record["categories"]) == ("math.CO", ["math.CO", "cs.DM"])
    found, rows = read(OAI, tmp_path)
    assert found == "OAI-PMH"
    assert texts(rows) == [("On trees", "We climb."), ("On rivers", "We swim.")]
    assert (rows[0].record["id"], rows[0].record["sets"]) == ("oai:arXiv.org:2401.00001", "math:math:CO")
    assert [str(row.problem) for row in rows if row.problem] == ["the record was deleted at its source"]


def workbook(*sheets: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    for n, rows in enumerate(sheets):
        sheet = book.create_sheet(f"Sheet {n}")
        for row in rows:
            sheet.append(row)
    del book["Sheet"]
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_a_workbook_is_read_from_its_first_sheet_with_a_table(tmp_path: Path) -> None:
    table = [
        ["Export of 2026"],
        [],
        ["Title", "Abstract", "Year"],
        ["On trees", "We climb.", 2020],
        [],
        ["On rivers", None, 2021],
    ]
    found, rows = read(workbook([["only words"]], table), tmp_path)
    assert found == "Excel"
    assert [(row.place, row.record) for row in rows] == [
        ("row 4", {"Title": "On trees", "Abstract": "We climb.", "Year": 2020}),
        ("row 6", {"Title": "On rivers", "Abstract": None, "Year": 2021}),
    ]


def test_of_several_sheets_the_one_with_title_and_abstract_is_read_and_nothing_beside_it_is_lost(
    tmp_path: Path,
) -> None:
    about = [["Query", "title and abstract"], ["Date", "2026"]]
    table = [["Title", "Abstract"], ["On trees", "#N/A", "seen"]]
    assert read(workbook(about, table), tmp_path)[1][0].record == {
        "Title": "On trees",
        "Abstract": None,
        "column 3": "seen",
    }


def test_a_workbook_that_is_cut_or_empty_is_one_sentence(tmp_path: Path) -> None:
    whole = workbook([["title"], ["On trees"]])
    assert read(whole, tmp_path)[1][0].record == {"title": "On trees"}
    with pytest.raises(SphereError, match=r"is a ZIP archive|damaged Excel"):
        read(whole[:-200], tmp_path)
    with pytest.raises(SphereError, match="without a table"):
        read(workbook([[]]), tmp_path)


RECORDS = [{"title": "On trees", "abstract": "We climb."}, {"title": "On rivers", "abstract": "We swim."}]
COLUMNS = {name: {str(n): record[name] for n, record in enumerate(RECORDS)} for name in RECORDS[0]}


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"total": 2, "data": RECORDS}),
        json.dumps({"meta": {"count": 2}, "results": RECORDS, "next": None}, indent=1),
        json.dumps({"status": "ok", "message": {"total": 2, "items": RECORDS}}, indent=2),
        json.dumps(COLUMNS),
        json.dumps({"columns": ["title", "abstract"], "index": [0, 1], "data": [list(r.values()) for r in RECORDS]}),
        json.dumps([["title", "abstract"], *[list(r.values()) for r in RECORDS]]),
        json.dumps([RECORDS]),
        "\n".join(json.dumps(record, indent=1) for record in RECORDS),
        ",\n".join(json.dumps(record) for record in RECORDS),
        "\ufeff\n" + json.dumps(RECORDS),
        json.dumps({"title": "My library", "query": {"title": "trees"}, "Papers": RECORDS}),
        json.dumps({"schema": {"fields": []}, "data": RECORDS}),
        json.dumps({"3": RECORDS[0], "7": RECORDS[1]}),
        json.dumps({name: [record[name] for record in RECORDS] for name in RECORDS[0]}, indent=2),
        json.dumps({"math": RECORDS[:1], "physics": RECORDS[1:]}),
        json.dumps(RECORDS[:1]) + "\n" + json.dumps(RECORDS[1:]),
        "\n".join(json.dumps({"total": 1, "data": [record], "next": None}) for record in RECORDS),
        "// exported\n" + json.dumps(RECORDS),
        "\n".join(map(repr, RECORDS)),
    ],
    ids=[
        *("data", "results", "message", "columns", "split", "lists", "nested", "pretty", "commas", "mark"),
        *(
            "titled wrapper",
            "table",
            "index",
            "lists by column",
            "lists by key",
            "lists",
            "wrappers",
            "comment",
            "Python",
        ),
    ],
)
def test_json_is_read_in_any_common_shape(content: str, tmp_path: Path) -> None:
    assert [row.record for row in read(content, tmp_path)[1]] == RECORDS


def test_a_list_within_a_record_is_no_list_of_articles(tmp_path: Path) -> None:
    records = [{**record, "items": [{"title": "A part"}], "authors": [{"title": "Dr"}]} for record in RECORDS]
    assert [row.record for row in read("\n".join(map(json.dumps, records)), tmp_path)[1]] == records
    authors_first = [{"authors": [{"name": "Doe", "title": "Dr"}], **record} for record in RECORDS]
    assert [row.record for row in read("\n".join(map(json.dumps, authors_first)), tmp_path)[1]] == authors_first


def test_one_object_is_one_article_even_with_lists_in_it(tmp_path: Path) -> None:
    record = {**RECORDS[0], "results": [{"score": 1}], "authors": [{"name": "Doe"}]}
    for indent in (None, 2):
        assert [row.record for row in read(json.dumps(record, indent=indent), tmp_path)[1]] == [record]


def test_a_table_by_columns_may_be_longer_than_a_record(tmp_path: Path) -> None:
    n = MAX_RECORD // 400
    content = json.dumps(
        {"title": {str(i): "On trees " + "x" * 400 for i in range(n)}, "abstract": {str(i): "" for i in range(n)}}
    )
    assert len(read(content, tmp_path)[1]) == n


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"%PDF-1.7\n", "is a PDF: paste its title"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old kind"),
        (b"{\\rtf1 Titles}", "rich text"),
        (b"<!DOCTYPE html><table>", "is a web page"),
        (b"<?xml version='1.0'?><books><book/></books>", r"XML of another kind \(books\)"),
        (b"<xml><records/></xml>", r"XML of another kind \(xml\)"),
        (b"ARROW1\0\0", "Feather"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
    ],
)
def test_a_format_that_is_not_read_is_named(start: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(SphereError, match=words):
        read(start + b" " * 100, tmp_path)


def archive(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in members.items():
            zipped.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE f [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
    "<feed><entry><title>&b;</title></entry></feed>"
)
BOMBS = {
    "a workbook of zeros": lambda: archive(xl__workbook="0" * 300_000_000),
    "entities": lambda: ENTITIES.encode(),
    "deep XML": lambda: b"<feed>" + b"<a>" * 200_000,
    "deep braces": lambda: b"@article{a, title={" + b"{" * 1_000_000 + b"}" * 1_000_000 + b"}}",
    "braces that never close": lambda: b"@article{a, title={" + b"{a " * 1_000_000,
    "a million entries": lambda: b"@a{b}\n" * 1_000_000,
    "a cell of ten megabytes": lambda: b"title,abstract\nOn trees," + b"x" * 10_000_000 + b"\nOn rivers,We swim.\n",
    "a tag of ten megabytes": lambda: b"TY  - JOUR\nTI  - " + b"x" * 10_000_000 + b"\nER  -\n" + RIS.encode(),
    "a million tags": lambda: b"TY  - JOUR\n" + b"KW  - x\n" * 1_000_000 + b"ER  -\n",
    "a long table by columns": lambda: json.dumps({"title": {str(n): "x" for n in range(300_000)}}).encode(),
}


@pytest.mark.parametrize("name", BOMBS)
def test_whatever_is_sent_is_read_or_refused_in_a_sentence(name: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(BOMBS[name]())
    with ExitStack() as stack:
        try:
            rows = list(islice(open_in_child(path, stack, max_bytes=50_000_000).rows, 20_000))  # no more are taken
        except SphereError as error:
            assert str(error).startswith(str(path)) and len(str(error)) < 400
        else:
            assert rows
