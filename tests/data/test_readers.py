"""Every reader, on files written here; and what happens to files that are broken."""

import csv
import gzip
import json
import lzma
from contextlib import ExitStack
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from formats import FORMATS, PACKERS, RECORDS, parquet

from spheres.data.readers.decompress import CHUNK, decompress
from spheres.data.readers.detect import Opened, open_records
from spheres.data.row import Row, distinct
from spheres.errors import SphereError


def read(path: Path, max_bytes: int | None = None) -> tuple[str, list[Row]]:
    with ExitStack() as stack:
        opened: Opened = open_records(path, stack, max_bytes)
        return opened.format, list(opened.rows)


def rows_of(path: Path, content: bytes) -> list[Row]:
    path.write_bytes(content)
    return read(path)[1]


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_recognised_by_its_content_alone(name: str, packing: str, tmp_path: Path) -> None:
    path = tmp_path / "no-ending"
    path.write_bytes(PACKERS[packing](FORMATS[name]()))
    found, rows = read(path)
    assert found == (f"{name}, {packing}" if packing else name)
    assert [row.record for row in rows] == RECORDS


def test_a_byte_order_mark_and_utf16_are_understood(tmp_path: Path) -> None:
    text = FORMATS["JSON lines"]().decode()
    for encoding in ("utf-8-sig", "utf-16"):
        assert [r.record for r in rows_of(tmp_path / "c", text.encode(encoding))] == RECORDS


def test_a_broken_line_names_its_number_and_costs_only_itself(tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "c", b'{"title": "a"}\n{"title": \n\n[1]\n{"title": "b"}')
    assert [r.record["title"] for r in rows if r.record] == ["a", "b"]
    assert [(r.place, bool(r.problem)) for r in rows if not r.record] == [("line 2", True), ("line 4", True)]


@pytest.mark.parametrize("broken", ['{"title": oops}', '{"title": "no end}', "17", '"text"', "null", '{"a": 1,}'])
def test_a_broken_record_in_a_list_names_its_number_and_costs_only_itself(broken: str, tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "c", f'[{{"title": "a"}}, {broken}, {{"title": "b"}}, {{"title": "c"}}]'.encode())
    assert [r.place for r in rows if not r.record] == ["record 2"]
    # a string without an end takes the next record's opening with it, never more
    assert [r.record["title"] for r in rows if r.record][-1] == "c"


def test_records_larger_than_the_reading_window_are_whole(tmp_path: Path) -> None:
    long = "x" * (3 * CHUNK)
    rows = rows_of(tmp_path / "c", json.dumps([{"title": "a"}, {"title": long}, {"title": "z" * 100}] * 3).encode())
    assert [len(r.record["title"]) for r in rows if r.record] == [1, len(long), 100] * 3


def test_a_record_is_whole_wherever_the_window_cuts_it(tmp_path: Path) -> None:
    for shift in range(0, 60, 3):
        start = {"title": "p" * (CHUNK - 40 - shift)}
        tail = [{"n": 12345, "title": 'é\\ \u2028 "', "flag": True, "none": None}, {"title": "end"}]
        rows = rows_of(tmp_path / "c", json.dumps([start, *tail]).encode())
        assert [r.record for r in rows] == [start, *tail]


def test_a_list_that_was_cut_short_says_so(tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "c", b'[{"title": "a"}, {"title": "b"}')
    assert [r.record for r in rows] == [{"title": "a"}, {"title": "b"}, None]
    assert "cut short" in str(rows[-1].problem)


def test_json_nested_ten_thousand_deep_is_one_broken_record(tmp_path: Path) -> None:
    deep = "[" * 10_000 + "]" * 10_000
    rows = rows_of(tmp_path / "c", f'{{"title": "a"}}\n{{"x": {deep}}}\n{{"title": "b"}}'.encode())
    assert [r.record is None for r in rows] == [False, True, False]
    rows = rows_of(tmp_path / "c", f'[{{"title": "a"}}, {{"x": {deep}}}, {{"title": "b"}}]'.encode())
    assert [r.record is None for r in rows] == [False, True, False]


def test_a_row_with_a_missing_cell_names_its_line(tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "c", b'title,abstract\n"two\nlines",x\nalone\nb,y\n')
    assert [(r.place, r.record is None) for r in rows] == [("line 2", False), ("line 4", True), ("line 5", False)]


@pytest.mark.parametrize("packing", ["gzip", "xz"])
def test_a_damaged_compressed_file_is_told_from_a_whole_one(packing: str, tmp_path: Path) -> None:
    lines = "".join(json.dumps({"title": f"{i} {i**5}", "abstract": "x" * 999}) + "\n" for i in range(3_000)).encode()
    content = lzma.compress(lines, preset=0) if packing == "xz" else gzip.compress(lines)
    with pytest.raises(SphereError, match=r"is damaged after line \d+ .*fetch it again"):
        rows_of(tmp_path / "c", content[: len(content) // 2])


def test_a_damaged_parquet_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SphereError, match="damaged Parquet"):
        rows_of(tmp_path / "c", parquet()[:-20])


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n" + bytes(range(256)), b"just some words\n", b"\x00" * 5000])
def test_a_file_that_is_no_corpus_gets_one_sentence(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(SphereError, match="in no known format"):
        rows_of(tmp_path / "c", content)


def test_an_empty_file_a_folder_and_a_device_get_one_sentence_each(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b" \n")
    for path, words in [
        (tmp_path / "empty", "is empty"),
        (tmp_path, "is not a file"),
        (Path("/dev/zero"), "is not a file"),
        (tmp_path / "nowhere", "does not exist"),
        (tmp_path / ("x" * 300), "does not exist"),
        (tmp_path / "a\0b", "does not exist"),
    ]:
        with pytest.raises(SphereError, match=words):
            read(path)


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("name", FORMATS)
def test_no_more_is_read_than_was_allowed(name: str, packing: str, tmp_path: Path) -> None:
    path = tmp_path / "c"
    content = FORMATS[name]()
    path.write_bytes(PACKERS[packing](content))
    assert len(read(path, max_bytes=len(content))[1]) == len(RECORDS)
    with pytest.raises(
        SphereError, match=r"c holds more than 0.0001 MB of data \(unpacked\).*: split the file, or run"
    ):
        read(path, max_bytes=100)


@pytest.mark.parametrize("packing", ["gzip", "xz"])
def test_what_unpacks_to_more_than_any_corpus_is_left_even_without_a_limit(packing: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(PACKERS[packing](b" " * 2**24) * 10)
    with ExitStack() as stack:
        binary, _ = decompress(path, stack)
        with pytest.raises(SphereError, match="unpacks to over 200 times its size"):
            while binary.read(CHUNK):
                pass


@pytest.mark.parametrize("column", [["y" * 100_000] * 400, [["y" * 100_000] * 20] * 20, [{"a": ["y" * 100_000]}] * 400])
def test_a_parquet_text_counts_as_often_as_it_stands_also_within_lists(column: list[object], tmp_path: Path) -> None:
    path = tmp_path / "c.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"title": ["a"] * len(column), "x": column}), path)
    assert path.stat().st_size < 100_000
    with pytest.raises(SphereError, match="more than 5 MB"):
        read(path, max_bytes=5_000_000)
    rows = read(path)[1]
    assert [row.record["x"] for row in rows if row.record] == column


def test_columns_of_one_name_are_all_kept(tmp_path: Path) -> None:
    assert rows_of(tmp_path / "c", b"title,note,title,note_2\na,b,c,d\n")[0].record == {
        "title": "a",
        "note": "b",
        "title_2": "c",
        "note_2": "d",
    }
    columns = [pyarrow.array(["a"]), pyarrow.array(["b"])]
    pyarrow.parquet.write_table(pyarrow.Table.from_arrays(columns, names=["title", "title"]), tmp_path / "p")
    assert read(tmp_path / "p")[1][0].record == {"title": "a", "title_2": "b"}


@pytest.mark.parametrize("names", [["a", "a", "a_2"], ["a_2", "a", "a"], ["", "", ""], ["a", "a"] * 50_000])
def test_names_made_distinct_are_distinct_and_a_lone_one_keeps_its_own(names: list[str]) -> None:
    found = distinct(names)
    assert len(set(found)) == len(names)
    assert all(found[names.index(name)] == name for name in set(names))


def test_a_parquet_date_of_no_calendar_is_one_sentence(tmp_path: Path) -> None:
    days = pyarrow.array([10_000_000], pyarrow.int32()).cast(pyarrow.date32())  # the year 29349
    pyarrow.parquet.write_table(pyarrow.table({"title": ["a"], "date": days}), tmp_path / "c")
    with pytest.raises(SphereError, match="is damaged after row 0"):
        read(tmp_path / "c")


def test_a_column_of_an_endless_name_is_only_a_column(tmp_path: Path) -> None:
    csv.field_size_limit(2**17)  # as Python starts with; whoever read a table before has raised it
    name = "x" * 2**20
    assert rows_of(tmp_path / "c", f"title,{name}\na,b\n".encode())[0].record == {"title": "a", name: "b"}


def test_a_table_may_have_a_single_column(tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "titles.csv", b"title\nOn trees\nOn rivers\n")
    assert [row.record for row in rows] == [{"title": "On trees"}, {"title": "On rivers"}]


@pytest.mark.parametrize("at", range(4, 400, 9))
def test_a_parquet_file_with_a_wrong_byte_is_read_or_refused(at: int, tmp_path: Path) -> None:
    content = bytearray(parquet())
    content[at] ^= 0xFF
    (tmp_path / "c").write_bytes(content)
    try:
        read(tmp_path / "c", max_bytes=1_000_000)
    except SphereError as error:
        assert "damaged" in str(error) or "holds more than" in str(error)
