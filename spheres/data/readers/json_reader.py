"""Records out of JSON, as a stream: one a line, or one list of them all, decoded one at a time.

By hand, and not by ijson, which crashes on a number of 10,000 digits and stops at the first broken record.
"""

import io
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

from spheres.data.readers.decompress import CHUNK
from spheres.data.row import MAX_RECORD, Row
from spheres.errors import SphereError

_LIST_START = re.compile(r"\s*\[")
_BETWEEN = re.compile(r"[\s,]*")
_NEXT_OBJECT = re.compile(r"\}\s*,\s*(?=\{)")  # where a list goes on after a broken record


def json_lines(text: io.TextIOWrapper) -> Iterator[Row]:
    """The objects of JSON lines, one at a time; empty lines are passed over."""
    number = 0
    while line := text.readline(MAX_RECORD):
        number += 1
        place = f"line {number}"
        if len(line) == MAX_RECORD and not line.endswith("\n"):
            while (rest := text.readline(MAX_RECORD)) and not rest.endswith("\n"):
                pass
            yield Row(place, problem=SphereError("longer than {most:,} characters", most=MAX_RECORD))
        elif line.strip():
            try:
                row = _as_row(place, json.loads(line))
            except (ValueError, RecursionError) as e:
                row = Row(place, problem=_problem(e))
            yield row


def json_list(text: io.TextIOWrapper) -> Iterator[Row]:
    """The objects of one JSON list, one at a time."""
    window = _Window(text)
    window.skip(_LIST_START)
    for number in itertools.count(1):
        place = f"record {number}"
        following = window.skip(_BETWEEN)
        if following == "]":
            return
        if not following:
            yield Row(place, problem=SphereError("the list ends without ']': the file was cut short"))
            return
        value, problem = window.decode()
        yield Row(place, problem=problem) if problem else _as_row(place, value)
        if problem and not window.skip_to_next_object():
            return


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
        self.decoder = json.JSONDecoder()

    def grow(self) -> None:
        """Drop what was read and read on: as much again as is held, so that growing stays linear, up to a record."""
        self.buffer = self.buffer[self.position :]
        self.position = 0
        more = self.text.read(max(CHUNK, min(len(self.buffer), MAX_RECORD - len(self.buffer))))
        self.buffer += more
        self.at_end = not more

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
            whole = self.at_end or len(self.buffer) - self.position > MAX_RECORD
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
