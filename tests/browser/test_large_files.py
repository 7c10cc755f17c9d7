"""A file of the greatest length that the page takes, in each tabular format, through a real browser."""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import expect
from visiting import served

from browser.test_filing import downloaded, start, upload
from spheres.inference.service import Service
from spheres.web.page import build_page

N_ROWS, N_TEXTS = 20_000, 40  # few texts: the cache answers the others, so that the page is tried and not the encoder
LONG_WAIT = 120_000  # ms


@pytest.fixture(scope="module")
def large_site(classifier) -> Iterator[str]:
    with served(build_page(Service(classifier))) as url:
        yield url


def write(path: Path, table: pd.DataFrame) -> None:
    if path.suffix == ".jsonl":
        table.to_json(path, orient="records", lines=True)
    elif path.suffix == ".json":
        path.write_text(json.dumps(table.to_dict("records")))
    elif path.suffix == ".xlsx":
        table.to_excel(path, index=False)
    elif path.suffix == ".parquet":
        table.to_parquet(path)
    else:
        table.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")


def ids(path: Path) -> list[int]:
    if path.suffix == ".jsonl":
        return [json.loads(line)["id"] for line in path.read_text().splitlines()]
    if path.suffix == ".xlsx":
        return pd.read_excel(path)["id"].tolist()
    return pd.read_csv(path, sep="\t" if path.suffix == ".tsv" else ",")["id"].tolist()


@pytest.mark.long
@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".tsv", ".parquet", ".json", ".jsonl"])
def test_twenty_thousand_rows_come_back_in_their_order(visit, large_site, tmp_path, suffix):
    titles = [f"Prime gaps and the zeros of L-functions, part {i % N_TEXTS}" for i in range(N_ROWS)]
    source = tmp_path / f"many{suffix}"
    write(source, pd.DataFrame({"id": range(N_ROWS), "title": titles}))
    page = visit(address=large_site)
    upload(page, source)
    start(page)
    expect(page.locator("#file-status")).to_contain_text("20,000 of 20,000 rows", timeout=LONG_WAIT)
    expect(page.locator("#file-download")).to_be_enabled(timeout=LONG_WAIT)
    assert ids(downloaded(page)) == list(range(N_ROWS))
