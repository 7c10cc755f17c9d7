"""Records out of Excel workbooks (.xlsx), row by row, by openpyxl, which writes them as well.

python-calamine reads 20,000 rows in 0.1 s where this takes 2.6 (AVX2), but writes none, and a second library for the
same format is not worth two seconds. The first sheet is read that holds a table; formulas count as the values that were
saved with them.
"""

import warnings
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from spheres.data.readers.csv_reader import n_article_columns
from spheres.data.readers.problems import check_size
from spheres.data.row import Row, distinct
from spheres.errors import Message, SphereError

MAX_COLUMNS = 16_384  # as Excel itself has
HEADER_ROWS = 50  # among which the header stands
ERRORS = frozenset(("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"))  # of formulas: no texts


def read_excel(path: Path, stack: ExitStack, max_bytes: int | None) -> tuple[Iterator[Row], tuple[Message, ...]]:
    """The rows of the first sheet with a table, and what was passed over.

    Raises:
        SphereError: The workbook is damaged, holds no table, or unpacks to more than `max_bytes`.
    """
    import openpyxl

    try:
        with zipfile.ZipFile(path) as archive:
            check_size(sum(member.file_size for member in archive.infolist()), max_bytes, path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions, of which nothing is read
            book = openpyxl.load_workbook(stack.enter_context(path.open("rb")), read_only=True, data_only=True)
        stack.callback(book.close)
        best, found = -1, None
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # what a writer says of its sheet's size may be wrong
            if (header := _find_header(sheet)) and header[0] > best:
                best, found = header[0], (sheet, *header[1:])
        if found:
            sheet, number, names = found
            n = len(book.worksheets)
            notes = (Message("Read: the sheet {name} of {n}.", name=sheet.title, n=n),) if n > 1 else ()
            return _rows(sheet, number, names, path), notes
    except (SphereError, MemoryError):
        raise
    except Exception as e:  # openpyxl's own errors are of any kind: KeyError, TypeError, BadZipFile, ParseError
        raise damaged(path, e) from e
    raise SphereError("{path} is an Excel workbook without a table: give one with a row of headings.", path=path)


def damaged(path: Path, error: Exception) -> SphereError:
    """The error for a workbook that cannot be read."""
    reason = str(error).partition("\n")[0][:200] or type(error).__name__
    return SphereError(
        "{path} is a damaged Excel workbook ({reason}): open it and save it again, or as CSV.", path=path, reason=reason
    )


def _find_header(sheet: Any) -> tuple[int, int, list[str]] | None:
    """How many of title and abstract the header names, its number and cells.

    It is the first row that names most of them; where none does, the first of two cells.
    """
    best = None
    for number, cells in enumerate(sheet.iter_rows(max_row=HEADER_ROWS, values_only=True), 1):
        names = [" ".join(str(cell if cell is not None else "").split()) for cell in cells[:MAX_COLUMNS]]
        while names and not names[-1]:
            names.pop()
        known = n_article_columns(names)
        if (known or len(names) > 1) and (best is None or known > best[0]):
            best = (known, number, names)
    return best


def _rows(sheet: Any, header: int, names: list[str], path: Path) -> Iterator[Row]:
    columns, number = distinct(names), header
    try:
        for number, cells in enumerate(sheet.iter_rows(min_row=header + 1, values_only=True), header + 1):
            values = [_value(cell) for cell in cells[:MAX_COLUMNS]]
            if any(value not in (None, "") for value in values):  # sheets go on with empty rows
                record = dict(zip(columns, values + [None] * (len(columns) - len(values)), strict=False))
                # what stands beside the table, under no heading
                beside = enumerate(values[len(columns) :], len(columns) + 1)
                yield Row(f"row {number}", record | {f"column {n}": cell for n, cell in beside if cell is not None})
    except (SphereError, MemoryError):
        raise
    except Exception as e:  # as above
        raise damaged(path, e) from e


def _value(cell: Any) -> Any:
    """What JSON has: dates and times as text, nothing for a formula's error."""
    if isinstance(cell, str) and cell in ERRORS:
        return None
    return cell if cell is None or isinstance(cell, str | int | float | bool) else str(cell)
