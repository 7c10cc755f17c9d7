"""The bytes of a file, unpacked where gzip, bzip2 or xz has packed them, and never more of them than are wanted."""

import bz2
import gzip
import io
import lzma
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from spheres.data.readers.problems import check_size
from spheres.errors import SphereError

CHUNK = 2**20  # bytes read, and characters decoded, at a time

# Bytes, plus times its size, that a packed file unpacks to at most, even where there is no other limit: compressed text
# is about a third of its size, seldom a tenth, while some kilobytes of gzip may unpack to terabytes.
MAX_UNPACKED, MAX_RATIO = 100_000_000, 200


def decompress(path: Path, stack: ExitStack, max_bytes: int | None = None) -> tuple[io.BufferedReader, str]:
    """Open a file for reading what it unpacks to.

    Returns:
        A stream, which `stack` closes, and "gzip", "bzip2", "xz" or "" for how the file is packed. Reading it raises
        SphereError after `max_bytes`, unpacked, and EOFError, LZMAError, zlib.error or OSError where it is damaged.
    """
    with path.open("rb") as f:
        magic = f.read(6)
    raw: Any
    if magic[:2] == b"\x1f\x8b":
        raw, compression = gzip.open(path, "rb"), "gzip"  # noqa: SIM115 - the stack closes it
    elif magic[:3] == b"BZh":
        raw, compression = bz2.open(path, "rb"), "bzip2"  # noqa: SIM115
    elif magic == b"\xfd7zXZ\x00":
        raw, compression = lzma.open(path, "rb"), "xz"  # noqa: SIM115
    else:
        raw, compression = path.open("rb", buffering=0), ""
    stack.enter_context(raw)
    if compression or max_bytes is not None:
        raw = stack.enter_context(_Bounded(raw, path, max_bytes))
    return stack.enter_context(io.BufferedReader(raw, CHUNK)), compression


class _Bounded(io.RawIOBase):
    """A stream that breaks off after too many bytes."""

    def __init__(self, source: Any, path: Path, max_bytes: int | None) -> None:
        self.source, self.path, self.max_bytes, self.n_read = source, path, max_bytes, 0
        self.max_unpacked = MAX_UNPACKED + MAX_RATIO * path.stat().st_size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        n: int = self.source.readinto(buffer)
        self.n_read += n
        check_size(self.n_read, self.max_bytes, self.path)
        if self.n_read > self.max_unpacked:
            raise SphereError(
                "{path} unpacks to over {times} times its size, which no corpus does: unpack it yourself and check "
                "what it holds.",
                path=self.path,
                times=MAX_RATIO,
            )
        return n
