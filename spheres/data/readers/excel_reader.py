"""Records out of Excel workbooks (.xlsx), row by row, by openpyxl, which writes them as well.

python-calamine reads 20,000 rows in 0.1 s where this takes 2.6 (AVX2), but writes none, and a second library for the
same format is not worth two seconds. The first sheet is read that holds a table; formulas count as the values that were
saved with them.
"""

import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from spheres.data.readers.problems import check_size
from spheres.data.row import Row, distinct
from spheres.errors import Message, SphereError

MAX_COLUMNS = 16_384  # as Excel itself has
HEADER_ROWS = 50  # among which the header stands
ABOUT_AN_ARTICLE = re.compile(r".{0,30}(title|abstract).{0,30}", re.IGNORECASE)


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
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # what a writer says of its sheet's size may be wrong
            if found := _find_header(sheet):
                number, names = found
                passed = len(book.worksheets) - 1
                notes = (Message("Read: the sheet {name} of {n}.", name=sheet.title, n=passed + 1),) if passed else ()
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


def _find_header(sheet: Any) -> tuple[int, list[str]] | None:
    """Number and cells of the header: the first row that names a title or an abstract, else the first of two cells."""
    found = None
    for number, cells in enumerate(sheet.iter_rows(max_row=HEADER_ROWS, values_only=True), 1):
        names = [" ".join(str(cell if cell is not None else "").split()) for cell in cells[:MAX_COLUMNS]]
        while names and not names[-1]:
            names.pop()
        if any(ABOUT_AN_ARTICLE.fullmatch(name) for name in names):
            return number, names
        found = found or ((number, names) if len(names) > 1 else None)
    return found


def _rows(sheet: Any, header: int, names: list[str], path: Path) -> Iterator[Row]:
    columns, number = distinct(names), header
    try:
        for number, cells in enumerate(sheet.iter_rows(min_row=header + 1, values_only=True), header + 1):
            values = [_value(cell) for cell in cells[: len(columns)]]
            if any(value not in (None, "") for value in values):  # sheets go on with empty rows
                yield Row(
                    f"row {number}", dict(zip(columns, values + [None] * (len(columns) - len(values)), strict=True))
                )
    except (SphereError, MemoryError):
        raise
    except Exception as e:  # as above
        raise damaged(path, e) from e


def _value(cell: Any) -> Any:
    """What JSON has: dates and times as text."""
    return cell if cell is None or isinstance(cell, str | int | float | bool) else str(cell)
