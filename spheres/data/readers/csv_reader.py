"""Records out of CSV and TSV: a header, then one row a line, with commas, semicolons or tabs between the cells.

By the standard library's `csv`, which reads as a stream; pandas and pyarrow read quotes that span lines in blocks, and
give up the whole file at its first broken line.
"""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from spheres.data.row import MAX_RECORD, Row, distinct
from spheres.errors import SphereError

MAX_COLUMNS = 100_000


def read_table(text: io.TextIOWrapper, path: Path) -> tuple[str, Iterator[Row]]:
    """Read the header; what stands between cells (",", ";" or tab), and the rows, as a stream.

    Raises:
        SphereError: The first line is no header of a table, or has too many columns.
    """
    header_line = text.readline(MAX_RECORD)
    separator = max("\t,;", key=header_line.count)
    if header_line.count(separator) > MAX_COLUMNS:
        raise SphereError(
            "{path} has more than {most:,} columns: give a table of articles.", path=path, most=MAX_COLUMNS
        )
    csv.field_size_limit(MAX_RECORD)  # for the header as well, whose cells may be as long
    header = [name.strip() for name in next(csv.reader([header_line], delimiter=separator), [])]
    # A table of one column is told from a line of text by its heading, which is a word or two.
    is_table = len(header) > 1 or re.fullmatch(r"[\w-]{1,30}( [\w-]{1,30})?", header[0] if header else "")
    if not is_table or not all(name.isprintable() for name in header):
        raise SphereError(
            "{path} is in no known format: give a JSON list, JSON lines, CSV or TSV with a header, or Parquet, "
            "plain or compressed with gzip or xz.",
            path=path,
        )
    return separator, _rows(text, distinct(header), separator)


def _rows(text: io.TextIOWrapper, header: list[str], separator: str) -> Iterator[Row]:
    reader = csv.reader(text, delimiter=separator)
    while True:
        number = reader.line_num + 2  # the header is line 1, read before this reader began
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as e:
            yield Row(f"line {number}", problem=SphereError("not readable CSV: {reason}", reason=e))
            continue
        if len(cells) == len(header):
            yield Row(f"line {number}", dict(zip(header, cells, strict=True)))
        elif cells:  # an empty line is no row
            problem = SphereError("{found:,} columns, expected {expected:,}", found=len(cells), expected=len(header))
            yield Row(f"line {number}", problem=problem)
