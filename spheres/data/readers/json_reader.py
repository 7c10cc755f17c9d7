"""Records out of JSON, as a stream: one a line, or one list of them all, decoded one at a time.

By hand, and not by ijson, which crashes on a number of 10,000 digits and stops at the first broken record.
"""

import io
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any, cast

from spheres.data.readers.decompress import CHUNK
from spheres.data.row import MAX_RECORD, Row
from spheres.errors import SphereError


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
            yield _parsed(place, line)


def _parsed(place: str, line: str) -> Row:
    try:
        return _as_record(place, json.loads(line))
    except json.JSONDecodeError as e:
        return Row(place, problem=SphereError("not JSON: {reason}", reason=e.msg))
    except (RecursionError, ValueError) as e:  # nested thousands deep; a number of thousands of digits
        return Row(place, problem=SphereError("not readable JSON: {reason}", reason=e))


def _as_record(place: str, value: Any) -> Row:
    if isinstance(value, dict):
        return Row(place, value)
    return Row(place, problem=SphereError("expected an object {{...}}, found {found}", found=type(value).__name__))


_NEXT_OBJECT = re.compile(r"\}\s*,\s*(?=\{)")  # where a list goes on after a broken record
_BETWEEN = re.compile(r"[\s,]*")


class _Window:
    """The part of a text that is in memory, and how far it has been read."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.text, self.buffer, self.position, self.at_end = text, "", 0, False

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
            self.position = cast(re.Match[str], pattern.match(self.buffer, self.position)).end()
            if self.position < len(self.buffer) or self.at_end:
                return self.buffer[self.position : self.position + 1]
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


def json_list(text: io.TextIOWrapper) -> Iterator[Row]:
    """The objects of one JSON list, one at a time."""
    decoder = json.JSONDecoder()
    window = _Window(text)
    window.skip(re.compile(r"\s*"))
    window.position += 1  # the list's own bracket
    for number in itertools.count(1):
        place = f"record {number}"
        following = window.skip(_BETWEEN)
        if following in ("", "]"):
            if not following:
                yield Row(place, problem=SphereError("the list ends without ']': the file was cut short"))
            return
        while True:
            try:
                value, end = decoder.raw_decode(window.buffer, window.position)
                complete = end < len(window.buffer) or isinstance(value, dict) or window.at_end
            except json.JSONDecodeError as e:
                problem = SphereError("not JSON: {reason}", reason=e.msg)
                # Cut off by the window's edge, not broken? A string reports where it began, all else where it stopped.
                complete = not (e.msg.startswith("Unterminated string") or e.pos >= len(window.buffer) - 16)
                end = -1
            except (RecursionError, ValueError) as e:  # nested thousands deep; a number of thousands of digits
                problem, complete, end = SphereError("not readable JSON: {reason}", reason=e), True, -1
            if complete or window.at_end or len(window.buffer) - window.position > MAX_RECORD:
                break
            window.grow()
        if end >= 0:
            window.position = end
            yield _as_record(place, value)
        else:
            yield Row(place, problem=problem)
            if not window.skip_to_next_object():
                return
