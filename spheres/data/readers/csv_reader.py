"""Records out of CSV and TSV as exporters write them: rows of cells between commas, semicolons, tabs or bars.

By the standard library's `csv`, which reads as a stream; pandas and pyarrow read quotes that span lines in blocks, and
give up the whole file at its first broken line. What `csv` takes without a word is checked here: a quotation mark that
never closes would make one cell of all that follows.
"""

import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from spheres.data.row import MAX_RECORD, Row, distinct
from spheres.errors import Message, SphereError

MAX_COLUMNS = 100_000
SEPARATORS = "\t;|,"  # where two explain a table equally well, the rarer in texts
SAMPLE_LINES = 50  # among which the header stands
SAMPLE_CHARACTERS = 2**16
SEPARATOR_LINE = re.compile(r'"?sep=([\t;|,])?.*', re.IGNORECASE | re.DOTALL)  # for Excel
MAX_HEADINGS = 200  # of a header are looked at
MAX_HEADING = 60  # characters; longer cells are texts
FEW_LINES = 3  # of a text may each hold, by chance, as many separators as a row of two cells


@dataclass(frozen=True)
class Table:
    """A recognised table; its rows may be walked once."""

    separator: str
    rows: Iterator[Row]
    notes: tuple[Message, ...]


@dataclass(frozen=True)
class _Header:
    """A guess at the header: the separator, the names, and the lines up to and with it."""

    separator: str
    names: list[str]
    n_before: int  # lines before it that hold something
    n_lines: int


class _Lines:
    """The lines of a text, of which those taken since `mark` can be given back."""

    def __init__(self, text: io.TextIOBase) -> None:
        self.text = text
        self.waiting: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0  # of the line that was taken last, from 1
        self.n_characters = 0  # of the lines taken

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.n_characters > MAX_RECORD:  # of a record that goes on and on
            raise csv.Error("too long")
        line = self.waiting.popleft() if self.waiting else self.text.readline(MAX_RECORD)
        if not line:
            raise StopIteration
        self.number += 1
        self.taken.append(line)
        self.n_characters += len(line)
        return line

    def mark(self) -> None:
        """Forget what was taken."""
        self.taken, self.n_characters = [], 0

    def give_back(self, keep: int = 1) -> None:
        """Take back all lines since the mark but the first `keep`."""
        self.waiting.extendleft(reversed(self.taken[keep:]))
        self.number -= len(self.taken[keep:])
        del self.taken[keep:]


def read_table(text: io.TextIOBase, path: Path) -> Table:
    """Find the separator and the header, which may stand behind lines about the export, and stream the rows.

    Raises:
        SphereError: It is no table with a header, or has too many columns.
    """
    csv.field_size_limit(MAX_RECORD + 1)
    lines = _Lines(text)
    sample: list[str] = []
    while len(sample) < SAMPLE_LINES and sum(map(len, sample)) < SAMPLE_CHARACTERS and (line := next(lines, "")):
        sample.append(line.lstrip("\ufeff") if not sample else line)
    lines.mark()
    header = _find_header(sample)
    if header is None or not all(name.isprintable() for name in header.names):
        raise SphereError(
            "{path} is in no known format: give a table with a header (CSV, TSV, Excel, Parquet), JSON, RIS, BibTeX, "
            "or what PubMed, EndNote, Web of Science or arXiv's interfaces export; above a list of titles, one a line, "
            "write the word title.",
            path=path,
        )
    if len(header.names) > MAX_COLUMNS:
        raise SphereError(
            "{path} has more than {most:,} columns: give a table of articles.", path=path, most=MAX_COLUMNS
        )
    lines.waiting.extend(sample[header.n_lines :])
    lines.number = header.n_lines
    blank_first = any(f'{header.separator} "' in line for line in sample)  # between separator and quotation mark
    notes = (Message("Lines passed over before the header: {n}.", n=header.n_before),) if header.n_before else ()
    # In one column, commas belong to the titles; written again, such a table is a CSV
    shown = header.separator if len(header.names) > 1 else ","
    return Table(shown, _rows(lines, distinct(header.names), header.separator, blank_first), notes)


def _find_header(sample: list[str]) -> _Header | None:
    """The separator and header with which most of the following records have as many cells as the header.

    A header that names a title or an abstract goes before all others. A table of one column is told from a line of text
    by its heading, which is a word or two.
    """
    wanted = next((said[1] or "" for line in sample[:3] if (said := SEPARATOR_LINE.match(line))), "")
    best: tuple[int, float, int] | None = None
    found = None
    for separator in wanted or SEPARATORS:
        records = _sample_records(sample, separator)
        for i, (cells, start, end) in enumerate(records):
            names = [" ".join(name.split()) for name in cells]  # a heading may have a line break
            names[0] = names[0].removeprefix("#").strip()
            width, *following = (_width(other) for other, _, _ in records[i:])
            if len(names) < 2 and ((separator != SEPARATORS[0] and not wanted) or not _is_heading(names)):
                continue
            agreeing = sum((n == width) + (n > 1 and abs(n - width) == 1) / 2 for n in following)
            n_filled = sum(map(bool, names))  # a spreadsheet fills lines before the header with empty cells
            score = (n_article_columns(names), agreeing / len(following) if following else 0.5, n_filled)
            if best is None or score > best:
                before = sum(
                    1 for line in sample[:start] if line.strip(" \t;|,\r\n") and not SEPARATOR_LINE.match(line)
                )
                best, found = score, _Header(separator, names, before, end)
    return found if best and (best[0] or best[1] >= 0.5 or len(found.names if found else ()) > 1) else None


def n_article_columns(names: list[str]) -> int:
    """How many of title and abstract have a heading among these cells: 0, 1 or 2.

    >>> n_article_columns(["Query", "title and abstract"]), n_article_columns(["Titel", "Zusammenfassung"])
    (1, 2)
    """
    from spheres.data.columns import find_columns  # here, because only tables need it

    columns = find_columns(name for name in names[:MAX_HEADINGS] if len(name) <= MAX_HEADING)
    return len({*columns.title[:1], *columns.abstract[:1]})


def _is_heading(cells: list[str]) -> bool:
    return bool(cells and re.fullmatch(r"[\w-]{1,30}( [\w-]{1,30})?", cells[0]))


def _width(cells: list[str]) -> int:
    """How many cells there are up to the last that holds something."""
    return max((n for n, cell in enumerate(cells, 1) if cell.strip()), default=0)


def _sample_records(sample: list[str], separator: str) -> list[tuple[list[str], int, int]]:
    """The records of the sample that hold something: cells, first line, line behind the last."""
    lines = _Lines(io.StringIO())
    records: list[tuple[list[str], int, int]] = []
    lines.waiting.extend(sample)
    while True:
        lines.mark()
        start = lines.number
        cells = _next_record(lines, separator, False, None)
        if cells is None:
            return records
        if isinstance(cells, list) and any(cell.strip() for cell in cells):
            records.append((cells, start, lines.number))


def _rows(lines: _Lines, header: list[str], separator: str, blank_first: bool) -> Iterator[Row]:
    n = len(header)
    while True:
        lines.mark()
        place = f"line {lines.number + 1}"
        cells = _next_record(lines, separator, blank_first, n)
        if cells is None:
            return
        if isinstance(cells, SphereError):
            yield Row(place, problem=cells)
            continue
        while len(cells) > n and not cells[-1].strip():  # a separator at the end of each line
            cells.pop()
        if cells in ([], [""], ["\x1a"]):  # an empty line, and the end of a file under CP/M, are no rows
            continue
        if len(cells) > n or (len(cells) == 1 < n):
            problem = SphereError("{found:,} columns, expected {expected:,}", found=len(cells), expected=n)
            yield Row(place, problem=problem)
        else:  # empty cells at the end may have been left out
            yield Row(place, dict(zip(header, cells + [""] * (n - len(cells)), strict=True)))


def _next_record(lines: _Lines, separator: str, blank_first: bool, n: int | None) -> list[str] | SphereError | None:
    """The cells of the next record, None at the end of the text, or what is wrong with the line that begins it.

    Args:
        n: How many cells a record should have; None where that is not known yet.
    """
    if not (first := next(lines, "")):
        return None
    if len(first) >= MAX_RECORD and not first.endswith(("\n", "\r")):
        while (rest := lines.text.readline(MAX_RECORD)) and not rest.endswith(("\n", "\r")):
            pass
        return SphereError("longer than {most:,} characters", most=MAX_RECORD)
    if '"' not in first:
        return first.rstrip("\r\n").split(separator)
    lines.give_back(0)
    # 1. As the standard has it: a quotation mark closes before a separator or the line's end, maybe some lines later
    try:
        cells = next(csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=blank_first))
        if len(lines.taken) == 1 or not _swallows_rows(lines.taken, separator, n):
            return cells
    except (csv.Error, StopIteration):
        pass
    lines.give_back()
    # 2. In this line alone, with \" for a quotation mark
    if '\\"' in first:
        try:
            cells = next(csv.reader([first], delimiter=separator, strict=True, escapechar="\\", doublequote=False))
            if len(cells) == n:
                return cells
        except (csv.Error, StopIteration):
            pass
    # 3. In this line alone, with quotation marks that stand for themselves
    return _split_loosely(first.rstrip("\r\n"), separator, n)


def _swallows_rows(taken: list[str], separator: str, n: int | None) -> bool:
    """Whether a record of several lines is rather that many rows, behind a quotation mark that never closes.

    Then each of its lines has as many separators as a row, and the whole has either too many cells or just enough. A
    text has blanks after its commas, which no cell begins with.
    """
    if n is None or n < 2:
        return False
    if len(next(csv.reader(iter(taken), delimiter=separator))) > n:
        return True
    following = taken[1:]
    enough = FEW_LINES if separator == "," and n == 2 else 1
    like_rows = (line.count(separator) == n - 1 and f"{separator} " not in line for line in following)
    return len(following) >= enough and all(like_rows)


def _split_loosely(line: str, separator: str, n: int | None) -> list[str] | SphereError:
    """The cells of a line whose quotation marks do not follow the rules; `n` as in `_next_record`.

    >>> _split_loosely('1;"Gap" questions;"A 4 telescope";x', ";", 4)
    ['1', '"Gap" questions', 'A 4 telescope', 'x']
    >>> _split_loosely('1;"A 4" telescope; cheap";x', ";", 3)
    ['1', 'A 4" telescope; cheap', 'x']
    >>> _split_loosely('"On trees" , "We climb, slowly."', ",", 2)
    ['On trees', 'We climb, slowly.']
    >>> print(_split_loosely('1;"Gap questions;x', ";", 3))
    a quotation mark opens a cell and never closes it
    """
    behind = f" *(?={re.escape(separator)}|$)"
    # A mark inside a quoted cell closes nothing; where that does not give `n` cells, a cell with one is unquoted
    for quoted in (re.compile(f' *"(.*?)"{behind}'), re.compile(f' *"([^"]*(?:""[^"]*)*)"{behind}')):
        cells: list[str] = []
        at, problem = 0, False
        while at <= len(line):
            found = None if problem else quoted.match(line, at)
            end = found.end() if found else line.find(separator, at)
            end = end if end >= 0 else len(line)
            cell = found[1].replace('""', '"') if found else line[at:end]
            problem = problem or (not found and cell.startswith('"') and '"' not in cell[1:])
            cells.append(cell)
            at = end + 1
        if not problem and len(cells) == n:
            break
    return SphereError("a quotation mark opens a cell and never closes it") if problem else cells
