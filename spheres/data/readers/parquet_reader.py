"""Records out of Parquet, some rows at a time, by pyarrow.

Parquet stores a text that stands in many rows once, and packs what it stores, so a file of kilobytes may unpack to
terabytes, and the sizes in its own summary may be false. Nothing here guards against that: an uploaded file is read in
a child process with a limit on its memory (`spheres.data.readers.child`).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from spheres.data.readers.decompress import CHUNK
from spheres.data.readers.problems import check_size, damaged_after
from spheres.data.row import Row, distinct
from spheres.errors import SphereError

if TYPE_CHECKING:
    import io

ROWS_TOGETHER = 32  # more were no faster, and take more memory where each is long


def read_parquet(
    binary: io.BufferedReader, compression: str, path: Path, stack: ExitStack, max_bytes: int | None
) -> Iterator[Row]:
    """Stream the rows of a file that begins as Parquet does; `binary` is its content, unpacked.

    Raises:
        SphereError: pyarrow is missing, or the file is damaged; the latter also while the rows are walked, as where
            their values take more than `max_bytes` in memory.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as e:
        raise SphereError("{path} is Parquet: run `pip install pyarrow` to read it.", path=path) from e
    source: IO[bytes] | Path = path
    if compression:  # Parquet is read from its end, so a compressed one is unpacked to disk first
        source = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        while chunk := binary.read(CHUNK):
            source.write(chunk)
        source.seek(0)
    try:
        file = stack.enter_context(pyarrow.parquet.ParquetFile(source, pre_buffer=False))
    except MemoryError:  # pyarrow's own is an ArrowException as well
        raise
    except (pyarrow.ArrowException, OSError, ValueError) as e:
        raise SphereError("{path} is a damaged Parquet file ({reason}): fetch it again.", path=path, reason=e) from e
    return _rows(file, path, max_bytes)


def _rows(file: Any, path: Path, max_bytes: int | None) -> Iterator[Row]:
    import pyarrow

    names = distinct(file.schema_arrow.names)
    number = n_bytes = 0
    try:
        for batch in file.iter_batches(batch_size=ROWS_TOGETHER, use_threads=False):
            columns, sizes = zip(*map(_values, batch.columns), strict=True)
            n_bytes += sum(sizes)
            check_size(n_bytes, max_bytes, path)
            for values in zip(*columns, strict=True):
                number += 1
                yield Row(f"row {number}", dict(zip(names, values, strict=True)))
    except MemoryError:
        raise
    except (pyarrow.ArrowException, ValueError, OverflowError) as e:  # the last two: a date of no calendar
        raise damaged_after(f"row {number}", path, e) from e


def _values(column: Any) -> tuple[list[Any], int]:
    """A column as values that JSON has, and about how many bytes they take."""
    import pyarrow.types as types

    values: list[Any] = column.to_pylist()
    kind = column.type
    if types.is_string(kind) or types.is_large_string(kind) or types.is_integer(kind) or types.is_floating(kind):
        return values, column.nbytes
    text = json.dumps(values, ensure_ascii=False, default=_as_text)
    return json.loads(text), len(text)  # a dictionary's own size has each text once, however often it stands there


def _as_text(value: Any) -> str:
    """Dates, bytes and decimals, which Parquet has and JSON has not.

    >>> import datetime
    >>> json.dumps({"day": datetime.date(2020, 1, 2), "raw": [b"x", None, 7]}, default=_as_text)
    '{"day": "2020-01-02", "raw": ["x", null, 7]}'
    """
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return str(value.isoformat() if hasattr(value, "isoformat") else value)
