"""Two articles in every format that a file of articles may have, and how each may be packed."""

import csv
import gzip
import io
import json
import lzma
from collections.abc import Callable

import pyarrow
import pyarrow.parquet

RECORDS = [
    {"id": "1", "title": "Über Bäume 🌳", "abstract": 'A "quoted", comma\nand a new line.', "categories": "cs.DS"},
    {"id": "2", "title": "Второй", "abstract": "Короткий текст.", "categories": "math.CO cs.DM"},
]


def delimited(separator: str) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, RECORDS[0], delimiter=separator)
    writer.writeheader()
    writer.writerows(RECORDS)
    return text.getvalue().encode()


def parquet() -> bytes:
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(RECORDS), buffer)
    return buffer.getvalue()


FORMATS: dict[str, Callable[[], bytes]] = {
    "JSON list": lambda: json.dumps(RECORDS, indent=2).encode(),
    "JSON lines": lambda: "\n".join(json.dumps(r, ensure_ascii=False) for r in RECORDS).encode(),
    "CSV": lambda: delimited(","),
    "TSV": lambda: delimited("\t"),
    "Parquet": parquet,
}
PACKERS = {"": bytes, "gzip": gzip.compress, "xz": lzma.compress}
