"""Files that are written whole or not at all, and the safe formats: safetensors, npy without pickle, JSON."""

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from spheres.errors import SphereError


def make_folder(folder: Path) -> None:
    """Make a folder where it is not there yet.

    raises : SphereError where it cannot be
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise SphereError(f"The folder {folder} could not be created ({e.strerror or e}): name another one.") from e


@contextmanager
def written(path: Path) -> Iterator[None]:
    """Turn what goes wrong in writing `path` into a sentence.

    raises : SphereError where the disk is full or the folder is not writable
    """
    try:
        yield
    except OSError as e:
        raise SphereError(
            "{path} could not be written ({reason}): free some space or name another folder.",
            path=path,
            reason=e.strerror or e,
        ) from e


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file to write `path`'s new content into: beside it, flushed to disk and renamed over it when the block ends.

    raises : SphereError where the disk is full or the folder is not writable; whatever leaves the block early, Ctrl+C
             and a closed generator included, leaves `path` as it was, and nothing beside it
    """
    beside = path.with_name(path.name + ".writing")
    make_folder(path.parent)
    try:
        with written(path):
            with beside.open("wb") as f:
                yield f
                to_disk(f)
            beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)  # no longer there where all went well


def to_disk(f: IO[bytes]) -> None:
    """Have what was written so far survive whatever happens to the program or the machine."""
    f.flush()
    os.fsync(f.fileno())


def write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Give `path` new content in one step, as `whole_file` does."""
    with whole_file(path) as f:
        write(f)


def write_together(contents: Mapping[Path, bytes]) -> None:
    """Give several files new content: all of it is on the disk before the first takes its place, the first named last.

    raises : SphereError as `whole_file`; then all are as they were
    """
    with ExitStack() as stack:
        files = {path: stack.enter_context(whole_file(path)) for path in contents}
        for path, content in contents.items():
            with written(path):
                files[path].write(content)
                to_disk(files[path])


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Save an array as npy, whole or not at all."""
    write_whole(path, lambda f: f.write(as_npy(array)))


def as_npy(array: NDArray[Any]) -> bytes:
    """An array as an npy file's bytes; not written straight into one, since numpy then hides why a write failed."""
    held = io.BytesIO()
    np.lib.format.write_array(held, array, allow_pickle=False)
    return held.getvalue()


def write_rows(path: Path, shape: tuple[int, ...], dtype: str, parts: Iterable[NDArray[Any]]) -> None:
    """Save as npy an array that need not fit into memory, whole or not at all: `parts` are its rows, some at a time."""
    with whole_file(path) as f:
        header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(f, header)
        for part in parts:
            f.write(np.ascontiguousarray(part, dtype).data)


def write_safetensors(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Save arrays as safetensors, whole or not at all."""
    write_whole(path, lambda f: f.write(as_safetensors(arrays)))


def as_safetensors(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Arrays as a safetensors file's bytes."""
    # safetensors writes an array's memory as it lies there: a transposed one would come back transposed
    return bytes(safetensors.numpy.save({name: np.ascontiguousarray(array) for name, array in arrays.items()}))


def write_json(path: Path, value: Any, indent: int | None = None) -> None:
    """Save a value as JSON, whole or not at all."""
    write_whole(path, lambda f: f.write(as_json(value, indent)))


def as_json(value: Any, indent: int | None = None) -> bytes:
    """A value as a JSON file's bytes."""
    separators = (",", ":") if indent is None else None
    return json.dumps(value, ensure_ascii=False, indent=indent, separators=separators).encode()


def read_array(path: Path, hint: str, mmap: bool = False) -> NDArray[Any]:
    """Load an npy array; one that would need pickle is refused, unexecuted, and so is an archive of several."""
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
        arrays: dict[str, NDArray[Any]] = safetensors.numpy.load_file(path)
        return arrays
    except Exception as e:  # safetensors as well
        raise SphereError(f"{path} is missing or damaged ({e}): {hint}.") from e


def read_json(path: Path, hint: str) -> Any:
    """Load a JSON file."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise SphereError(f"{path} is not there: {hint}.") from None
    except (OSError, ValueError, RecursionError) as e:
        raise SphereError(f"{path} is damaged ({e}): {hint}.") from e


def file_sha256(path: Path) -> str:
    """sha256 of a file, in hexadecimal."""
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()
