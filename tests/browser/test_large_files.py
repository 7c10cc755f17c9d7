"""A file of 20,000 rows goes through the page in each tabular format; the classifier is one that costs nothing."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow
import pyarrow.parquet
import pytest
from fake_classifier import FakeClassifier
from playwright.sync_api import expect
from visiting import served

from browser.test_filing import downloaded, start, upload
from spheres.inference.service import Service
from spheres.web.page import build_page

N_ROWS = 20_000
ROWS = [{"id": f"r{n}", "title": f"On trees, part {n}", "abstract": "We climb trees and count."} for n in range(N_ROWS)]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(build_page(Service(FakeClassifier()))) as url:  # type: ignore[arg-type]
        yield url


def write_table(path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(ROWS[0]), delimiter="\t" if path.suffix == ".tsv" else ",")
        table.writeheader()
        table.writerows(ROWS)


def write_workbook(path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for cells in (list(ROWS[0]), *(list(row.values()) for row in ROWS)):
        sheet.append(cells)
    book.save(path)


def ids_in(path: Path) -> list[Any]:
    if path.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(path, read_only=True).worksheets[0]
        return [cells[0] for cells in sheet.iter_rows(min_row=2, values_only=True)]
    if path.suffix == ".jsonl":
        return [json.loads(line)["id"] for line in path.read_text().splitlines()]
    with path.open(newline="", encoding="utf-8-sig") as file:
        return [row["id"] for row in csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ",")]


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("c.csv", write_table),
        ("c.tsv", write_table),
        ("c.xlsx", write_workbook),
        ("c.parquet", lambda path: pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), path)),
        ("c.json", lambda path: path.write_text(json.dumps(ROWS))),
        ("c.jsonl", lambda path: path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))),
    ],
)
def test_twenty_thousand_rows_come_back_in_their_order(
    name: str, write: Callable[[Path], Any], visit: Any, address: str, tmp_path: Path
) -> None:
    write(tmp_path / name)
    page = visit(address=address)
    upload(page, tmp_path / name)
    start(page)
    expect(page.locator("#file-status")).to_contain_text("20,000 of 20,000 rows classified", timeout=120_000)
    assert ids_in(downloaded(page)) == [row["id"] for row in ROWS]
