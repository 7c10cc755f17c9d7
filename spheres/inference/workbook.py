"""An Excel workbook (.xlsx) out of lines of cells.

A workbook is a zip archive and cannot be appended to, so a run collects its rows as JSON lines, which survive an
interruption, and makes the workbook of them at its end: 20,000 rows take about six seconds. No text becomes a formula.
"""

import json
from pathlib import Path
from typing import IO, Any

MAX_ROWS = 1_048_575  # of a sheet, below its header
MAX_CELL = 32_767  # characters; Excel takes no more
CUT = " [... cut: Excel takes no more]"  # where a longer text ends
MAX_EXACT = 10**15  # a longer whole number loses its last digits in Excel


def write_workbook(lines: Path, out: IO[bytes]) -> None:
    """Write each line, a JSON list of text, numbers, true, false and null, as a row of the only sheet."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("articles")
    with lines.open(encoding="utf-8") as rows:
        for row in rows:
            sheet.append([_cell(sheet, value) for value in json.loads(row)])
    book.save(out)


def _cell(sheet: Any, value: Any) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if isinstance(value, int) and abs(value) >= MAX_EXACT:
        value = str(value)
    if not isinstance(value, str):
        return value
    text = ILLEGAL_CHARACTERS_RE.sub("", value)  # control characters, which XML has no way to write
    if len(text) > MAX_CELL:
        text = text[: MAX_CELL - len(CUT)] + CUT
    if not text.startswith(("=", "+", "-", "@", "#")):
        return text
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"  # a formula, or Excel's error such as #N/A, otherwise
    cell.quotePrefix = True  # nor does it become one when somebody edits the cell
    return cell
