"""Records out of a file of any published format, as a stream.

    JSON list    [{...}, {...}]            Kaggle's arxivData.json
    JSON lines   one {...} a line          arXiv's own snapshot
    CSV, TSV     a header and rows         with commas, semicolons or tabs
    Parquet

each plain or compressed with gzip or xz, text in UTF-8, UTF-16 or a Windows code page. The content decides, never the
file's name. One record (for Parquet, one batch of rows) is in memory at a time, and a broken record costs itself alone.
Where the file comes from a stranger, `max_bytes` bounds what it may unpack to.
"""

import csv
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from spheres.data.readers.charset import charset
from spheres.data.readers.json_reader import json_lines, json_list
from spheres.data.readers.parquet_reader import parquet
from spheres.data.row import CHUNK, MAX_RECORD, Row, check_size, damaged_after, distinct
from spheres.errors import SphereError

MAX_CELLS = 100_000  # of a table's line: each takes memory, even an empty one
MAX_SEPARATORS = 10 * MAX_CELLS  # of a line before it is cut into cells: most of them may stand in quotes
HEAD = 4096  # bytes in which a file must have begun to be text
BOMB, BOMB_TIMES = 100_000_000, 200  # bytes, and times its size, that a packed file may unpack to


@dataclass(frozen=True)
class Opened:
    """A recognised file: `format` is for people ("JSON lines, xz"); `rows` may be walked once.

    separator : what stands between a table's cells, "" in what is none
    """

    format: str
    rows: Iterator[Row]
    separator: str = ""


def open_records(path: Path, stack: ExitStack, max_bytes: int | None = None) -> Opened:
    """Recognise the file at `path` by its content and stream its records.

    stack     : closes what is opened here
    max_bytes : the most that is read of it, unpacked; None for any amount
    raises    : SphereError where there is no such file, it is none of the formats, or holds more than `max_bytes`; the
                last also while the records are walked
    """
    check_file(path)
    try:
        binary, compression = _decompressed(path, stack, max_bytes)
        start = binary.peek(CHUNK)
    except OSError as e:
        raise unreadable(path, e) from e
    except (EOFError, lzma.LZMAError, zlib.error) as e:
        raise SphereError("{path} is damaged ({reason}): fetch it again.", path=path, reason=e) from e
    if not start[:HEAD].strip():
        raise SphereError("{path} is empty: give a file with at least one article.", path=path)
    separator = ""
    if start[:4] == b"PAR1":
        name, rows = "Parquet", parquet(binary, compression, path, stack, max_bytes)
    else:
        encoding = charset(start)
        text = stack.enter_context(io.TextIOWrapper(cast(IO[bytes], binary), encoding, errors="replace", newline=""))
        first = start[:HEAD].decode(encoding, errors="replace").lstrip()[:1]
        if first == "[":
            name, rows = "JSON list", json_list(text)
        elif first == "{":
            name, rows = "JSON lines", json_lines(text)
        else:
            name, rows, separator = _delimited(text, path)
    return Opened(f"{name}, {compression}" if compression else name, _guarded(rows, path), separator)


def check_file(path: Path) -> None:
    """Refuse what is not there, and folders and devices.

    raises : SphereError
    """
    try:
        there, is_file = path.exists(), path.is_file()
    except (OSError, ValueError):  # a name too long, a way that may not be gone, a null character
        there = is_file = False
    if not there:
        raise SphereError(f"{path} does not exist: check the path.")
    if not is_file:
        raise SphereError(f"{path} is not a file: give a JSON, JSON lines, CSV, TSV or Parquet file.")


def unreadable(path: Path, error: OSError) -> SphereError:
    """What to raise of a file that is there, but that the system does not let us read."""
    return SphereError(
        "{path} could not be read ({reason}): check that you may read it, or give another file.",
        path=path,
        reason=error.strerror or error,
    )


class _Bounded(io.RawIOBase):
    """A stream that breaks off after so many bytes: a few kilobytes of gzip may unpack to terabytes.

    max_bytes : None allows BOMB bytes + BOMB_TIMES the file's size; compressed text is about a third of its size,
                seldom a tenth
    """

    def __init__(self, source: Any, max_bytes: int | None, path: Path) -> None:
        self.source, self.max_bytes, self.path, self.n_read = source, max_bytes, path, 0
        self.bomb = BOMB + BOMB_TIMES * path.stat().st_size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        n: int = self.source.readinto(buffer)
        self.n_read += n
        check_size(self.n_read, self.max_bytes, self.path)
        if self.n_read > self.bomb:
            raise SphereError(
                "{path} unpacks to over {times} times its size, which no corpus does: unpack it yourself and check "
                "what it holds.",
                path=self.path,
                times=BOMB_TIMES,
            )
        return n


def _decompressed(path: Path, stack: ExitStack, max_bytes: int | None) -> tuple[io.BufferedReader, str]:
    with path.open("rb") as f:
        magic = f.read(6)
    raw: Any
    if magic[:2] == b"\x1f\x8b":
        raw, compression = gzip.open(path, "rb"), "gzip"  # noqa: SIM115 - the stack closes it
    elif magic == b"\xfd7zXZ\x00":
        raw, compression = lzma.open(path, "rb"), "xz"  # noqa: SIM115
    else:
        raw, compression = path.open("rb", buffering=0), ""
    stack.enter_context(raw)
    if compression or max_bytes is not None:
        raw = stack.enter_context(_Bounded(raw, max_bytes, path))
    return stack.enter_context(io.BufferedReader(raw, CHUNK)), compression


def _guarded(rows: Iterator[Row], path: Path) -> Iterator[Row]:
    """Turn damage met half-way (a cut or flipped compressed stream) into a sentence."""
    place = "its start"
    try:
        for row in rows:
            place = row.place
            yield row
    except (EOFError, OSError, lzma.LZMAError, zlib.error) as e:
        raise damaged_after(place, path, e) from e


def _delimited(text: io.TextIOWrapper, path: Path) -> tuple[str, Iterator[Row], str]:
    header_line = text.readline(MAX_RECORD)
    separator = max("\t,;", key=header_line.count)
    if header_line.count(separator) > MAX_CELLS:
        raise SphereError("{path} has more than {most:,} columns: give a table of articles.", path=path, most=MAX_CELLS)
    csv.field_size_limit(MAX_RECORD)  # for the header as well: nothing says that a stranger's is short
    header = [name.strip() for name in next(csv.reader([header_line], delimiter=separator), [])]
    # A table of one column is told from a line of text by its heading, which is a word or two.
    is_table = len(header) > 1 or re.fullmatch(r"[\w-]{1,30}( [\w-]{1,30})?", header[0] if header else "")
    if not is_table or not all(name.isprintable() for name in header):
        raise SphereError(
            "{path} is in no known format: give a JSON list, JSON lines, CSV or TSV with a header, or Parquet, "
            "plain or compressed with gzip or xz.",
            path=path,
        )
    return ("TSV" if separator == "\t" else "CSV"), _csv_rows(text, distinct(header), separator), separator


def _csv_rows(text: io.TextIOWrapper, header: list[str], separator: str) -> Iterator[Row]:
    too_long = separator * len(header) + "\n"  # stands for a line of too many cells, and has one too many as well
    lines = (line if line.count(separator) <= MAX_SEPARATORS else too_long for line in text)
    reader = csv.reader(lines, delimiter=separator)
    while True:
        place = f"line {reader.line_num + 2}"  # the header is line 1, read before this reader began
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as e:
            yield Row(place, problem=SphereError("not readable CSV: {reason}", reason=e))
            continue
        if not cells:
            continue
        if len(cells) != len(header):
            problem = SphereError("{found:,} columns, expected {expected:,}", found=len(cells), expected=len(header))
            yield Row(place, problem=problem)
        else:
            yield Row(place, dict(zip(header, cells, strict=True)))
