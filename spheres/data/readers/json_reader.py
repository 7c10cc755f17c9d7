"""Records out of JSON, as a stream: one a line, one list of them all, or whatever shape an interface answers in.

    one object a line, or printed over many        a comma may stand between them
    [{...}, {...}], [[{...}]]                      a list; of lists, the first has the names
    {"total": 2, "data": [{...}, {...}]}           a list in a wrapper
    {"title": {"0": ...}, "abstract": {"0": ...}}  pandas' to_json, by column; also with orient="split"

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
from spheres.errors import SphereError

_LIST_START = re.compile(r"\s*\[")
_BETWEEN = re.compile(r"[\s,]*")
_BLANK = re.compile(r"[\s\ufeff]*")
_NEXT_OBJECT = re.compile(r"\}\s*,?\s*(?=\{)")  # where a list goes on after a broken record


_WRAPPED = re.compile(
    r'"(?:data|results|items|records|articles|papers|works|docs|documents|entries|publications|hits)"\s*:\s*\[\s*(?=\{)'
)
_COLUMNAR = re.compile(r'\s*\{\s*"[^"]{1,200}"\s*:\s*\{\s*"0"\s*:|\s*\{\s*"(?:columns|index|schema)"\s*:')
MAX_COLUMNAR = 2**28  # characters of a table written column by column, which is one record to JSON


def read_json(text: io.TextIOWrapper) -> tuple[str, Iterator[Row]]:
    """What a text that begins with "[" or "{" is, and its rows."""
    window = _Window(text)
    if window.skip(_BLANK) == "[":
        return "JSON list", _list_rows(window, _LIST_START)
    window.grow_to(CHUNK)
    start = window.buffer[window.position :]
    if wrapped := _WRAPPED.search(start):
        before = start[: wrapped.start()]
        if "\n{" not in before and '"title"' not in before and '"abstract"' not in before:  # no record, no line of them
            window.position += wrapped.end()
            return "JSON list", _list_rows(window)
    if _COLUMNAR.match(start):
        window.max_record = MAX_COLUMNAR
        return "JSON", _objects(window)
    first, _, rest = start.partition("\n")
    if _is_whole(first) or (rest.lstrip().startswith("{") and not _is_cut_off(first)):
        return "JSON lines", _line_rows(window)
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
                row = _as_row(place, json.loads(line.rstrip().removesuffix(",")))
            except (ValueError, RecursionError) as e:
                row = Row(place, problem=_problem(e))
            yield row


def _list_rows(window: "_Window", start: re.Pattern[str] | None = None) -> Iterator[Row]:
    """The objects of one JSON list, one at a time; of lists, the first has the columns' names."""
    if start:
        window.skip(start)
    header: list[str] = []
    for number in itertools.count(1):
        place = f"record {number}"
        following = window.skip(_BETWEEN)
        if following == "]":
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
    """The rows of an object that holds a table, column by column or as pandas splits it; any other is a row itself."""
    if isinstance(value, dict):
        names, data = value.get("columns"), value.get("data")
        if isinstance(names, list) and isinstance(data, list):
            columns = distinct(map(str, names))
            for n, cells in enumerate(data, 1):
                if isinstance(cells, list) and len(cells) == len(columns):
                    yield Row(f"record {n}", dict(zip(columns, cells, strict=True)))
                else:
                    yield _as_row(f"record {n}", cells)
            return
        parts = list(value.values())
        if parts and all(isinstance(part, dict) and part.keys() == parts[0].keys() for part in parts):
            for n, key in enumerate(parts[0], 1):
                yield Row(f"record {n}", {name: part[key] for name, part in value.items()})
            return
    yield _as_row(place, value)


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
