"""Records out of a file of any published format, as a stream: the format is recognised by the file's content.

    JSON list    [{...}, {...}]            Kaggle's arxivData.json
    JSON lines   one {...} a line          arXiv's own snapshot
    CSV, TSV     a header and rows         with commas, semicolons, bars or tabs
    Excel        .xlsx
    Parquet
    RIS, PubMed, EndNote, Web of Science   tagged text of reference managers
    BibTeX
    arXiv Atom, OAI-PMH

each plain or compressed with gzip, bzip2 or xz (Excel plain), text in UTF-8, UTF-16 or a Windows code page; the file's
name does not matter. One record (for Parquet, a few rows; of BibTeX, all) is in memory at a time, and a broken record
costs itself alone. An uploaded file is read the same way, but in another process: see `spheres.data.readers.child`.
"""

import io
import lzma
import re
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from spheres.data.readers.bibtex_reader import BEGINNING as BIBTEX
from spheres.data.readers.bibtex_reader import read_bibtex
from spheres.data.readers.charset import charset
from spheres.data.readers.csv_reader import read_table
from spheres.data.readers.decompress import CHUNK, decompress
from spheres.data.readers.excel_reader import read_excel
from spheres.data.readers.json_reader import BEGINNING as JSON
from spheres.data.readers.json_reader import read_json
from spheres.data.readers.parquet_reader import read_parquet
from spheres.data.readers.problems import check_file, damaged_after, unreadable
from spheres.data.readers.tagged_reader import read_tagged, tagged_format
from spheres.data.readers.unreadable import check_kind, is_workbook
from spheres.data.readers.xml_reader import read_xml
from spheres.data.row import Row
from spheres.errors import Message, SphereError

HEAD = 4096  # bytes in which a file must have begun to be text


@dataclass(frozen=True)
class Opened:
    """A recognised file, whose rows may be walked once."""

    format: str  # for people: "JSON lines, xz"
    rows: Iterator[Row]
    separator: str = ""  # between a table's cells
    notes: tuple[Message, ...] = ()  # what was skipped, or guessed, of the file as a whole


def open_records(path: Path, stack: ExitStack, max_bytes: int | None = None) -> Opened:
    """Recognise the file at `path` by its content and stream its records.

    Args:
        stack: Closes what is opened here.
        max_bytes: The most that is read of it, unpacked; None for any amount.

    Raises:
        SphereError: There is no such file, it is none of the formats, or holds more than `max_bytes`; the last also
            while the records are walked.
    """
    check_file(path)
    try:
        binary, compression = decompress(path, stack, max_bytes)
        start = binary.peek(CHUNK)
    except OSError as e:
        raise unreadable(path, e) from e
    except (EOFError, lzma.LZMAError, zlib.error) as e:
        raise SphereError("{path} is damaged ({reason}): fetch it again.", path=path, reason=e) from e
    if not start[:HEAD].strip():
        raise SphereError("{path} is empty: give a file with at least one article.", path=path)
    separator, notes = "", tuple[Message, ...]()
    if start[:4] == b"PAR1":
        name, rows = "Parquet", read_parquet(binary, compression, path, stack, max_bytes)
    elif start[:2] == b"PK" and not compression and is_workbook(path):
        name, (rows, notes) = "Excel", read_excel(path, stack, max_bytes)
    else:
        check_kind(path, start)
        encoding = charset(start)
        head = start[:HEAD].decode(encoding, errors="replace").lstrip("\ufeff \t\r\n")
        if re.match(r"<[\w?!]", head):
            name, rows = read_xml(binary, path)
            return Opened(f"{name}, {compression}" if compression else name, _until_damage(rows, path))
        text = stack.enter_context(io.TextIOWrapper(cast(IO[bytes], binary), encoding, errors="replace", newline=""))
        if JSON.sub("", head, count=1)[:1] in ("[", "{"):
            name, rows = read_json(text)
        elif tagged := tagged_format(head):
            name, rows = tagged.name, read_tagged(text, tagged)
        elif BIBTEX.search(head) and "\t" not in head.partition("@")[0]:
            name, rows = "BibTeX", read_bibtex(text)
        else:
            table = read_table(text, path)
            separator, rows, notes = table.separator, table.rows, table.notes
            name = "TSV" if separator == "\t" else "CSV"
    return Opened(f"{name}, {compression}" if compression else name, _until_damage(rows, path), separator, notes)


def _until_damage(rows: Iterator[Row], path: Path) -> Iterator[Row]:
    """The rows; damage met half-way (a compressed stream that was cut or changed) becomes a sentence."""
    place = "its start"
    try:
        for row in rows:
            place = row.place
            yield row
    except (EOFError, OSError, lzma.LZMAError, zlib.error) as e:
        raise damaged_after(place, path, e) from e
