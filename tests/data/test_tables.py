"""Tables as exporters and people write them: before the header, between the cells, inside the quotation marks."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from spheres.data.readers.detect import open_records
from spheres.data.row import Row

TREES = {"title": "On trees", "abstract": "We climb, slowly."}
RIVERS = {"title": "On rivers", "abstract": "We swim."}


def read(content: str | bytes, folder: Path) -> tuple[list[Row], list[str]]:
    """Rows, and notes on the file as a whole."""
    path = folder / "table"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with ExitStack() as stack:
        opened = open_records(path, stack)
        return list(opened.rows), [str(note) for note in opened.notes]


def records(content: str | bytes, folder: Path) -> list[object]:
    return [row.record for row in read(content, folder)[0]]


ROWS = 'On trees,"We climb, slowly."\nOn rivers,We swim.\n'


@pytest.mark.parametrize(
    "content",
    [
        "sep=,\ntitle,abstract\n" + ROWS,
        '"sep=;"\ntitle;abstract\nOn trees;We climb, slowly.\nOn rivers;We swim.\n',
        'title,abstract\n"On trees" , "We climb, slowly."\n"On rivers" , "We swim."\n',
        "\n\n  \ntitle,abstract\n" + ROWS,
        "\ufeff\ufefftitle,abstract\n" + ROWS,
        'title, abstract\n"On trees", "We climb, slowly."\n"On rivers", "We swim."\n',
        "title|abstract\nOn trees|We climb, slowly.\nOn rivers|We swim.\n",
        "title\tabstract\t\nOn trees\tWe climb, slowly.\t\nOn rivers\tWe swim.\t\n",
        "title,abstract\r" + ROWS.replace("\n", "\r"),
        "title,abstract\n" + ROWS + "\x1a",
        ("title,abstract\n" + ROWS).encode("utf-16-le"),
        ("title,abstract\n" + ROWS).encode("utf-16-be"),
    ],
    ids=[
        "sep=",
        "quoted sep=",
        "blanks around commas",
        "blank lines",
        "two marks",
        "blanks",
        "bars",
        "ends",
        "old Mac",
        "Ctrl-Z",
        "UTF-16-LE",
        "UTF-16-BE",
    ],
)
def test_a_table_is_read_however_it_is_written(content: str | bytes, tmp_path: Path) -> None:
    found = records(content, tmp_path)
    assert [{name: value for name, value in record.items() if name} for record in found] == [TREES, RIVERS]


@pytest.mark.parametrize(
    "before",
    [
        '"About the data: exported on Nov 1, 2026; ""trees"" in title and abstract"\n',
        "# exported\n",
        "Exported on Nov 1, 2026\n",
        "Query: title and abstract,,\n",
    ],
)
def test_lines_before_the_header_are_passed_over_and_said(before: str, tmp_path: Path) -> None:
    rows, notes = read(f"{before}id,title,abstract\n1,On trees,We climb.\n2,On rivers,We swim.\n", tmp_path)
    assert [row.record and row.record["title"] for row in rows] == ["On trees", "On rivers"]
    assert [row.place for row in rows] == ["line 3", "line 4"]
    assert notes == ["Lines passed over before the header: 1."]


@pytest.mark.parametrize("names", ["PT\tTI\tAB", "Nr\tНазвание\tАннотация", "n\tNimi\tTiivistelmä"])
def test_the_header_is_the_first_line_also_where_each_row_ends_in_a_separator(names: str, tmp_path: Path) -> None:
    found = records(f"{names}\n1\tOn trees\tWe climb, slowly.\t\n2\tOn rivers\tWe swim.\t\n", tmp_path)
    assert found == [
        dict(zip(names.split("\t"), ("1", "On trees", "We climb, slowly."), strict=True)),
        dict(zip(names.split("\t"), ("2", "On rivers", "We swim."), strict=True)),
    ]


def test_headings_may_hold_separators_and_line_breaks(tmp_path: Path) -> None:
    semicolons = '"Title, translated";"Title";"Authors, full, names"\n"x";"On trees";"Doe, J"\n'
    assert records(semicolons, tmp_path) == [
        {"Title, translated": "x", "Title": "On trees", "Authors, full, names": "Doe, J"}
    ]
    broken = '"Title","Abstract\n(English)"\n"On trees","We climb."\n'
    assert records(broken, tmp_path) == [{"Title": "On trees", "Abstract (English)": "We climb."}]


def test_a_hash_before_the_header_is_no_part_of_a_name(tmp_path: Path) -> None:
    assert records("#title\tabstract\nOn trees\tWe climb.\n", tmp_path) == [
        {"title": "On trees", "abstract": "We climb."}
    ]


def test_cells_left_out_at_the_end_are_empty(tmp_path: Path) -> None:
    found = records("id,title,abstract,doi\n1,On trees,We climb.\n2,On rivers\n", tmp_path)
    assert found[0] == {"id": "1", "title": "On trees", "abstract": "We climb.", "doi": ""}
    assert found[1] == {"id": "2", "title": "On rivers", "abstract": "", "doi": ""}


NEVER = "a quotation mark opens a cell and never closes it"


@pytest.mark.parametrize("separator", ["\t", ";", ","])
@pytest.mark.parametrize("where", ["title", "abstract"])
def test_a_quote_that_never_closes_is_named_and_costs_its_own_row(where: str, separator: str, tmp_path: Path) -> None:
    rows = [
        ["1", "On trees", "We climb."],
        ["2", "On rivers", "We swim."],
        *([str(n), "On hills", "We walk."] for n in range(50)),
    ]
    rows[1][1 if where == "title" else 2] = f'"Open {where}'
    found, _ = read("\n".join(separator.join(row) for row in [["id", "title", "abstract"], *rows]), tmp_path)
    assert [(row.place, str(row.problem)) for row in found if row.problem] == [("line 3", NEVER)]
    assert [row.record["id"] for row in found if row.record] == ["1", *map(str, range(50))]


def test_a_quote_that_ends_rows_later_swallows_none(tmp_path: Path) -> None:
    lines = ['1\t"On trees\tWe climb.', "2\tOn rivers\tWe swim.", "3\tOn hills\tWe walk.", '4\tA 4"\tWe measure.']
    found, _ = read("id\ttitle\tabstract\n" + "\n".join(lines) + "\n", tmp_path)
    assert [row.problem is None for row in found] == [False, True, True, True]
    assert found[3].record == {"id": "4", "title": 'A 4"', "abstract": "We measure."}


def test_a_quote_that_ends_rows_later_swallows_none_between_commas_either(tmp_path: Path) -> None:
    content = 'id,title,abstract\n1,"On trees,We climb.\n2,On rivers,A net of 4"\n3,On hills,We walk.\n'
    found, _ = read(content, tmp_path)
    assert [row.problem is None for row in found] == [False, True, True]


def test_a_text_of_lines_with_as_many_commas_as_a_row_is_one_text(tmp_path: Path) -> None:
    text = "up, down\nleft, right\nhere, there\nnow, then"
    assert records(f'title,abstract\nOn trees,"{text}"\n', tmp_path) == [{"title": "On trees", "abstract": text}]


def test_a_quoted_text_may_have_lines_of_its_own(tmp_path: Path) -> None:
    text = "We climb.\n\nWe climb, higher.\nAnd down, 'slowly'."
    assert records(f'title,abstract\nOn trees,"{text}"\nOn rivers,We swim.\n', tmp_path)[0] == {
        "title": "On trees",
        "abstract": text,
    }


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('"We, \\"the authors\\", climb."', 'We, "the authors", climb.'),
        ('"A 4" telescope, cheap."', 'A 4" telescope, cheap.'),
        ('"Gap" questions', '"Gap" questions'),
        ('a 4" telescope', 'a 4" telescope'),
        ('"the ""gap"""', 'the "gap"'),
    ],
)
def test_quotation_marks_inside_a_text_stay_in_it(cell: str, text: str, tmp_path: Path) -> None:
    found = records(f"id,title,abstract\n1,On trees,{cell}\n2,On rivers,We swim.\n", tmp_path)
    assert [record["abstract"] for record in found] == [text, "We swim."]


def test_titles_with_commas_are_one_column(tmp_path: Path) -> None:
    assert records("title\nTrees, groups, gaps\nRivers, and seas\n", tmp_path) == [
        {"title": "Trees, groups, gaps"},
        {"title": "Rivers, and seas"},
    ]


def test_a_footer_is_a_row_that_cannot_be_read(tmp_path: Path) -> None:
    rows, _ = read("title,abstract\n" + ROWS + "Total: 2\n", tmp_path)
    assert [(row.place, str(row.problem)) for row in rows if row.problem] == [("line 4", "1 columns, expected 2")]
