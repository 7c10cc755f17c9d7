"""Records out of JSON, as a stream: one a line, one list of them all, or whatever shape an interface answers in.

    one object a line, or printed over many        a comma may stand between them
    [{...}, {...}], [[{...}]]                      a list; of lists, the first has the names
    {"total": 2, "data": [{...}, {...}]}           a list in a wrapper, or several
    {"title": {"0": ...}, "abstract": {"0": ...}}  pandas' to_json, in any of its shapes that has names

By hand, and not by ijson, which crashes on a number of 10,000 digits and stops at the first broken record.
"""

import io
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

from spheres.data.readers.decompress import CHUNK
from spheres.data.row import MAX_RECORD, Row, distinct
from spheres.data.values import parse_literal
from spheres.errors import SphereError

# In a wrapper, the names under which the lists of articles stand, in any case of letters
LISTS = (
    *("data", "results", "result", "items", "records", "articles", "papers", "works", "publications", "preprints"),
    *("docs", "documents", "entries", "entry", "hits", "hit", "rows", "list", "value", "response", "submissions"),
)
BEGINNING = re.compile(r"(?:[\s\ufeff]|//[^\n]*\n|#[^\n]*\n)*")  # blanks, marks, comments

_LIST_START = re.compile(r"\s*\[")
_LIST_END = re.compile(r"\][\s,]*")
_BETWEEN = re.compile(r"[\s,]*")
_NEXT_OBJECT = re.compile(r"\}\s*,?\s*(?=\{)")  # where a list goes on after a broken record
_WRAPPED = re.compile(rf'"(?:{"|".join(LISTS)})"\s*:\s*\[\s*(?=\{{)', re.IGNORECASE)
_COLUMNAR = re.compile(r'\s*\{\s*"[^"]{1,200}"\s*:\s*(?:\{\s*"[^"]{1,200}"\s*:|\[)|\s*\{\s*"schema"\s*:')
MAX_NAMES = 200  # of an object are looked at
MAX_COLUMNAR = 2**28  # characters of a table written column by column, which is one record to JSON


def read_json(text: io.TextIOWrapper) -> tuple[str, Iterator[Row]]:
    """What a text that begins with "[" or "{" is, and its rows."""
    window = _Window(text)
    if window.skip(BEGINNING) == "[":
        window.skip(_LIST_START)
        return "JSON list", _lists(window)
    window.grow_to(CHUNK)
    start = window.buffer[window.position :]
    first, _, rest = start.partition("\n")
    if _enter_list(window, of_records="\n{" in start):
        return "JSON list", _lists(window)
    if _is_whole(first) or (rest.lstrip().startswith("{") and not _is_cut_off(first)):
        return "JSON lines", _line_rows(window)
    if _COLUMNAR.match(start):
        window.max_record = MAX_COLUMNAR
    return "JSON", _objects(window)


def _is_whole(line: str) -> bool:
    try:
        return isinstance(json.loads(line.strip().removesuffix(",")), dict)
    except (ValueError, RecursionError):
        return False


def _is_cut_off(line: str) -> bool:
    """Whether an object goes on in the next line: it was printed over many."""
    return line.rstrip().endswith((",", "["))


def _line_rows(window: "_Window") -> Iterator[Row]:
    """The objects of JSON lines, one at a time; empty lines are passed over."""
    number = 0
    while line := window.line():
        number += 1
        place = f"line {number}"
        if len(line) >= MAX_RECORD and not line.endswith("\n"):
            while (rest := window.line()) and not rest.endswith("\n"):
                pass
            yield Row(place, problem=SphereError("longer than {most:,} characters", most=MAX_RECORD))
        elif line.strip():
            try:
                yield from _unfold(place, _line_value(line.strip().removesuffix(",")))
            except (ValueError, RecursionError) as e:
                yield Row(place, problem=_problem(e))


def _line_value(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        if line.startswith("{'") and (value := parse_literal(line)):  # as Python prints an object
            return value
        raise


def _enter_list(window: "_Window", of_records: bool = False) -> bool:
    """Whether a list of articles stands in what is held; then stand in it, before its first article.

    Args:
        of_records: Whether several objects are held, of which each may be an article, and not a wrapper.
    """
    for found in _WRAPPED.finditer(window.buffer, window.position):
        if of_records and re.search(r'"(title|abstract)"|\n\{', window.buffer[window.position : found.start()]):
            return False
        try:
            is_article = _is_article(window.decoder.raw_decode(window.buffer, found.end())[0])
        except (ValueError, RecursionError):
            is_article = True  # it costs itself alone
        if is_article:
            window.position = found.end()
            return True
    return False


def _is_article(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    from spheres.data.columns import find_columns, with_inner_columns

    columns = find_columns(itertools.islice(with_inner_columns(value), MAX_NAMES))
    return bool(columns.title or columns.abstract)


def _lists(window: "_Window") -> Iterator[Row]:
    """The rows of the list whose start was passed, and of those that follow it, such as pages of one search."""
    numbers = itertools.count(1)
    while True:
        yield from _list_rows(window, numbers)
        if window.skip(_BETWEEN) != "]":  # it was cut short
            return
        if window.skip(_LIST_END) == "[":
            window.skip(_LIST_START)
            continue
        while not _enter_list(window):
            if window.at_end:
                return
            window.position = max(window.position, len(window.buffer) - CHUNK // 16)  # a name may straddle two chunks
            window.grow()


def _list_rows(window: "_Window", numbers: Iterator[int]) -> Iterator[Row]:
    """The objects of one JSON list, one at a time; of lists, the first has the columns' names."""
    header: list[str] = []
    for number in numbers:
        place = f"record {number}"
        following = window.skip(_BETWEEN)
        if following == "]":  # where it stays
            return
        if not following:
            yield Row(place, problem=SphereError("the list ends without ']': the file was cut short"))
            return
        value, problem = window.decode()
        if problem:
            yield Row(place, problem=problem)
            if not window.skip_to_next_object():
                return
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            yield from (Row(f"{place}.{n}", item) for n, item in enumerate(value, 1))
        elif isinstance(value, list) and not header and value and all(isinstance(item, str) for item in value):
            header = distinct(value)
        elif isinstance(value, list) and header and len(value) <= len(header):
            yield Row(place, dict(zip(header, value + [None] * (len(header) - len(value)), strict=True)))
        else:
            yield _as_row(place, value)


def _objects(window: "_Window") -> Iterator[Row]:
    """Objects one after the other, each printed over many lines; or one that holds a table."""
    for number in itertools.count(1):
        if not window.skip(_BETWEEN):
            return
        value, problem = window.decode()
        if problem:
            yield Row(f"record {number}", problem=problem)
            if not window.skip_to_next_object():
                return
        else:
            yield from _unfold(f"record {number}", value)


def _unfold(place: str, value: Any) -> Iterator[Row]:
    """The rows of an object that holds a table, as pandas writes it; any other is a row itself."""
    table = _table(value) if isinstance(value, dict) else None
    if table is None:
        yield _as_row(place, value)
    else:
        yield from (_as_row(f"record {n}", record) for n, record in enumerate(table, 1))


def _table(value: dict[str, Any]) -> list[Any] | None:
    """The records of an object that holds a table in one of the shapes of pandas' to_json or to_dict, else None.

    >>> _table({"title": {"3": "On trees", "7": "On rivers"}}) == _table({"title": ["On trees", "On rivers"]})
    True
    >>> _table({"3": {"title": "On trees"}}), _table({"title": "On trees", "items": [1, 2]})
    ([{'title': 'On trees'}], None)
    """
    names, data = value.get("columns"), value.get("data")
    if isinstance(data, list) and "schema" in value:
        return data
    if isinstance(data, list) and isinstance(names, list):
        columns = distinct(map(str, names))
        return [
            dict(zip(columns, cells, strict=True)) if isinstance(cells, list) and len(cells) == len(columns) else cells
            for cells in data
        ]
    parts = list(value.values())
    kind = type(parts[0]) if parts else None
    if kind not in (dict, list) or not all(type(part) is kind for part in parts):
        return None
    if kind is dict and all(map(_is_article, parts[:2])):
        return parts
    if kind is list and all(part and _is_article(part[0]) for part in parts):
        return [record for part in parts for record in part]
    alike = parts[0].keys() if kind is dict else len(parts[0])
    if not all((part.keys() if kind is dict else len(part)) == alike for part in parts) or len(parts[0]) < 2:
        return None
    rows = [part.values() if kind is dict else part for part in parts]
    return [dict(zip(value, cells, strict=True)) for cells in zip(*rows, strict=True)]


def _as_row(place: str, value: Any) -> Row:
    if isinstance(value, dict):
        return Row(place, value)
    return Row(place, problem=SphereError("expected an object {{...}}, found {found}", found=type(value).__name__))


def _problem(error: ValueError | RecursionError) -> SphereError:
    if isinstance(error, json.JSONDecodeError):
        return SphereError("not JSON: {reason}", reason=error.msg)
    return SphereError("not readable JSON: {reason}", reason=error)  # nested thousands deep; thousands of digits


class _Window:
    """The part of a text that is in memory, and how far it has been read."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.text, self.buffer, self.position, self.at_end = text, "", 0, False
        self.max_record = MAX_RECORD
        self.decoder = json.JSONDecoder()

    def grow(self) -> None:
        """Drop what was read and read on: as much again as is held, so that growing stays linear, up to a record."""
        self.buffer = self.buffer[self.position :]
        self.position = 0
        more = self.text.read(max(CHUNK, min(len(self.buffer), self.max_record - len(self.buffer))))
        self.buffer += more
        self.at_end = not more

    def grow_to(self, n_characters: int) -> None:
        """Hold that much, or all there is."""
        while len(self.buffer) - self.position < n_characters and not self.at_end:
            self.grow()

    def line(self) -> str:
        """The next line, or so much of it as a record may have; "" at the end."""
        at = self.position  # from where no line's end has been found
        while (end := self.buffer.find("\n", at)) < 0 and not self.at_end:
            if len(self.buffer) - self.position >= MAX_RECORD:
                break
            held = len(self.buffer) - self.position
            self.grow()
            at = self.position + held
        end = min(end + 1 if end >= 0 else len(self.buffer), self.position + MAX_RECORD)
        line, self.position = self.buffer[self.position : end], end
        return line

    def skip(self, pattern: re.Pattern[str]) -> str:
        """Pass over what `pattern` matches and return the character that follows, "" at the end of the text."""
        while True:
            if found := pattern.match(self.buffer, self.position):
                self.position = found.end()
            if self.position < len(self.buffer) or self.at_end:
                return self.buffer[self.position : self.position + 1]
            self.grow()

    def decode(self) -> tuple[Any, SphereError | None]:
        """The value that begins here, and stand behind it; or what is wrong with it, and stay."""
        while True:
            whole = self.at_end or len(self.buffer) - self.position > self.max_record
            try:
                value, end = self.decoder.raw_decode(self.buffer, self.position)
                if whole or end < len(self.buffer) or isinstance(value, dict):  # a number may go on beyond the window
                    self.position = end
                    return value, None
            except json.JSONDecodeError as e:
                # Cut off by the window's edge, not broken? A string reports where it began, all else where it stopped.
                cut_off = e.msg.startswith("Unterminated string") or e.pos >= len(self.buffer) - 16
                if whole or not cut_off:
                    return None, _problem(e)
            except (ValueError, RecursionError) as e:
                return None, _problem(e)
            self.grow()

    def skip_to_next_object(self) -> bool:
        """After a broken record: stand at the next "{" that follows "},"; False where there is none."""
        while not (found := _NEXT_OBJECT.search(self.buffer, self.position)):
            if self.at_end:
                return False
            self.position = max(self.position, len(self.buffer) - 64)  # "}, {" may straddle two chunks
            self.grow()
        self.position = found.end()
        return True
