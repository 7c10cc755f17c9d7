"""Rows out of a Parquet file, some at a time, and never more of them than memory has room for.

Parquet dictionary-encodes repeated texts, so a file of kilobytes may unpack to terabytes. Texts are therefore read as
dictionary indices, and their unpacked size is checked before they are built; a stranger's file has its pages' sizes
summed first.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from spheres.data.readers.parquet_pages import page_bytes
from spheres.data.row import CHUNK, Row, check_size, damaged_after, distinct
from spheres.errors import SphereError

if TYPE_CHECKING:
    import io

TOGETHER, TOGETHER_OF_STRANGERS = 256, 32  # rows read together
ROOM = 64_000_000  # bytes of them; where there are more, they are made one by one


def parquet(
    binary: io.BufferedReader, compression: str, path: Path, stack: ExitStack, max_bytes: int | None
) -> Iterator[Row]:
    """As `spheres.data.readers.detect.open_records`, of a file that begins as Parquet does.

    binary : its content, which is read where the file itself is compressed
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
        columns = checked_columns(source, path, max_bytes)
        file = stack.enter_context(pyarrow.parquet.ParquetFile(source, read_dictionary=columns))
    except (pyarrow.ArrowException, OSError, ValueError) as e:
        raise SphereError("{path} is a damaged Parquet file ({reason}): fetch it again.", path=path, reason=e) from e

    def rows() -> Iterator[Row]:
        number = n_bytes = 0
        names = distinct(file.schema_arrow.names)
        try:
            for batch in file.iter_batches(batch_size=TOGETHER if max_bytes is None else TOGETHER_OF_STRANGERS):
                size = sum(map(unpacked_bytes, batch.columns))
                n_bytes += size
                check_size(n_bytes, max_bytes, path)
                for part in [batch] if size <= ROOM else [batch.slice(i, 1) for i in range(len(batch))]:
                    for values in zip(*(column.to_pylist() for column in part.columns), strict=True):
                        number += 1
                        yield Row(f"row {number}", dict(zip(names, values, strict=True)))
        except (pyarrow.ArrowException, ValueError, OverflowError) as e:  # the last two: a date of no calendar
            raise damaged_after(f"row {number}", path, e) from e

    return rows()


def unpacked_bytes(array: Any) -> int:
    """How many bytes an array's values take, each as often as it stands there.

    >>> import pyarrow
    >>> unpacked_bytes(pyarrow.array(["prime", "prime", None, "gaps"]).dictionary_encode())
    14
    """
    import pyarrow.compute as compute
    import pyarrow.types as types

    if types.is_dictionary(array.type):
        lengths = compute.take(compute.binary_length(array.dictionary), array.indices)
        return int(compute.sum(lengths).as_py() or 0)
    if types.is_map(array.type):
        return unpacked_bytes(array.keys) + unpacked_bytes(array.items)
    if types.is_struct(array.type):
        return sum(map(unpacked_bytes, array.flatten()))
    if types.is_nested(array.type):
        return unpacked_bytes(array.flatten())
    return int(array.nbytes)


def checked_columns(source: IO[bytes] | Path, path: Path, max_bytes: int | None) -> list[str]:
    """The columns of texts, by what the file calls them, once it is known to unpack to no more than `max_bytes`.

    raises : SphereError where it would; ValueError, or pyarrow's errors, where the file is damaged
    """
    import pyarrow.parquet

    with ExitStack() as stack:
        file = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
        metadata = pyarrow.parquet.read_metadata(file)
        if max_bytes is not None:
            check_size(page_bytes(file, metadata), max_bytes, path)
        file.seek(0)
    columns = [metadata.schema.column(i) for i in range(len(metadata.schema))]
    return [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]
