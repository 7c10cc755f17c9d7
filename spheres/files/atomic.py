"""Atomic writes, and the safe formats: safetensors, npy without pickle, JSON.

A file is written beside its place, flushed to disk and renamed over what was there, so a reader finds the old content
or the new, never half of it.
"""

import hashlib
import io
import json
import lzma
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from spheres.errors import SphereError


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, where it is not there yet; a SphereError says that it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise SphereError(f"The folder {folder} could not be created ({e.strerror or e}): name another one.") from e


@contextmanager
def explain_write_errors(path: Path) -> Iterator[None]:
    """Turn an OSError in writing `path`, such as a full disk, into a SphereError."""
    try:
        yield
    except OSError as e:
        raise SphereError(
            "{path} could not be written ({reason}): free some space or name another folder.",
            path=path,
            reason=e.strerror or e,
        ) from e


def flush_to_disk(f: IO[bytes]) -> None:
    """Have what was written so far survive a crash of the machine."""
    f.flush()
    os.fsync(f.fileno())


@contextmanager
def atomic_file(path: Path) -> Iterator[IO[bytes]]:
    """A file for `path`'s new content, which takes its place when the block ends.

    Whatever leaves the block early, Ctrl+C and a closed generator included, leaves `path` as it was, and nothing else.
    """
    beside = path.with_name(path.name + ".writing")
    make_folder(path.parent)
    try:
        with explain_write_errors(path):
            with beside.open("wb") as f:
                yield f
                flush_to_disk(f)
            beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)  # no longer there where all went well


def write_together(contents: Mapping[Path, bytes]) -> None:
    """Give several files new content: all is on the disk before any takes its place, the first named last."""
    with ExitStack() as stack:
        files = {path: stack.enter_context(atomic_file(path)) for path in contents}
        for path, content in contents.items():
            with explain_write_errors(path):
                files[path].write(content)
                flush_to_disk(files[path])


def npy_header(shape: tuple[int, ...], dtype: str) -> bytes:
    """What stands before the rows in the npy file of such an array."""
    held = io.BytesIO()
    header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(held, header)
    return held.getvalue()


def as_safetensors(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Arrays as a safetensors file's bytes."""
    # safetensors writes an array's memory as it lies there: a transposed one would come back transposed
    return bytes(safetensors.numpy.save({name: np.ascontiguousarray(array) for name, array in arrays.items()}))


def write_json(path: Path, value: Any, indent: int | None = None) -> None:
    """Save a value as JSON, atomically."""
    with atomic_file(path) as f:
        f.write(as_json(value, indent))


def as_json(value: Any, indent: int | None = None) -> bytes:
    """A value as a JSON file's bytes; on one line without `indent`."""
    separators = (",", ":") if indent is None else None
    return json.dumps(value, ensure_ascii=False, indent=indent, separators=separators).encode()


def as_json_xz(value: Any) -> bytes:
    """A value as the bytes of a JSON file packed by xz, a third as many, for `read_json`."""
    return lzma.compress(as_json(value))


def read_array(path: Path, hint: str, mmap: bool = False) -> NDArray[Any]:
    """Load an npy array, or leave it on the disk, read-only; one that would need pickle is refused, unexecuted.

    `hint`, what to do where it is missing or damaged, ends the error's sentence, here and below.
    """
    try:
        if mmap:
            return np.lib.format.open_memmap(path, mode="r")
        with path.open("rb") as f:
            return np.asarray(np.lib.format.read_array(f, allow_pickle=False))
    except Exception as e:  # numpy raises many kinds for one thing: this is no array
        raise SphereError(f"{path} is missing or damaged ({e}): {hint}.") from e


def read_safetensors(path: Path, hint: str) -> dict[str, NDArray[Any]]:
    """Load all arrays of a safetensors file."""
    try:
        return dict(safetensors.numpy.load_file(path))
    except Exception as e:  # safetensors as well
        raise SphereError(f"{path} is missing or damaged ({e}): {hint}.") from e


def read_json(path: Path, hint: str) -> Any:
    """Load a JSON file, packed by xz where its name says so."""
    try:
        content = path.read_bytes()
        return json.loads(lzma.decompress(content) if path.suffix == ".xz" else content)
    except FileNotFoundError:
        raise SphereError(f"{path} is not there: {hint}.") from None
    except (OSError, EOFError, ValueError, RecursionError, lzma.LZMAError) as e:
        raise SphereError(f"{path} is damaged ({e}): {hint}.") from e


def file_sha256(path: Path) -> str:
    """sha256 of a file, in hexadecimal."""
    with path.open("rb") as f:
        return hashlib.file_digest(f, hashlib.sha256).hexdigest()
