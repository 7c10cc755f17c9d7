"""Files that are whole or not there at all, and manifests that tell when one is not what it was.

A manifest is a JSON file beside the arrays it vouches for: what made them, and the sha256 of each. It is written last
and read first, so whatever a crash leaves behind is noticed. Only safetensors, npy without pickle and JSON are loaded.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from spheres.errors import SphereError
from spheres.groups import GROUPS

FORMAT_VERSION = 1
ARTIFACTS = Path("artifacts")
LIBRARIES = ("numpy", "torch", "transformers", "tokenizers", "scikit-learn", "safetensors")

Manifest = dict[str, Any]


def make_folder(folder: Path) -> None:
    """Make a folder where it is not there yet.

    raises : SphereError where it cannot be
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise SphereError(f"{folder} cannot be made a folder ({e.strerror or e}): name another one.") from e


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file to write `path`'s new content into: beside it, flushed to disk and renamed over it when the block ends.

    raises : SphereError where the disk is full or the folder is not writable; whatever leaves the block early, Ctrl+C
             and a closed generator included, leaves `path` as it was, and nothing beside it
    """
    beside = path.with_name(path.name + ".writing")
    make_folder(path.parent)
    try:
        with beside.open("wb") as f:
            yield f
            f.flush()
            os.fsync(f.fileno())
        beside.replace(path)
    except OSError as e:
        raise SphereError(
            "{path} could not be written ({reason}): free some space or name another folder.",
            path=path,
            reason=e.strerror or e,
        ) from e
    finally:
        beside.unlink(missing_ok=True)  # no longer there where all went well


def write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Give `path` new content in one step, as `whole_file` does."""
    with whole_file(path) as f:
        write(f)


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Save an array as npy, whole or not at all."""
    write_whole(path, lambda f: np.lib.format.write_array(f, array, allow_pickle=False))


def write_rows(path: Path, shape: tuple[int, ...], dtype: str, parts: Iterable[NDArray[Any]]) -> None:
    """Save as npy an array that need not fit into memory, whole or not at all: `parts` are its rows, some at a time."""
    with whole_file(path) as f:
        header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(f, header)
        for part in parts:
            f.write(np.ascontiguousarray(part, dtype).data)


def write_safetensors(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Save arrays as safetensors, whole or not at all."""
    # safetensors writes an array's memory as it lies there: a transposed one would come back transposed
    in_order = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    write_whole(path, lambda f: f.write(safetensors.numpy.save(in_order)))


def write_json(path: Path, value: Any, indent: int | None = None) -> None:
    """Save a value as JSON, whole or not at all."""
    separators = (",", ":") if indent is None else None
    write_whole(
        path, lambda f: f.write(json.dumps(value, ensure_ascii=False, indent=indent, separators=separators).encode())
    )


def read_array(path: Path, remedy: str, mmap: bool = False) -> NDArray[Any]:
    """Load an npy array; one that would need pickle is refused, unexecuted."""
    try:
        return np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False)  # type: ignore[no-any-return]
    except (OSError, ValueError) as e:
        raise SphereError(f"{path} is missing or damaged ({e}): {remedy}.") from e


def read_safetensors(path: Path, remedy: str) -> dict[str, NDArray[Any]]:
    """Load all arrays of a safetensors file."""
    try:
        arrays: dict[str, NDArray[Any]] = safetensors.numpy.load_file(path)
        return arrays
    except (OSError, safetensors.SafetensorError) as e:
        raise SphereError(f"{path} is missing or damaged ({e}): {remedy}.") from e


def read_json(path: Path, remedy: str) -> Any:
    """Load a JSON file."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise SphereError(f"{path} is not there: {remedy}.") from None
    except (OSError, ValueError, RecursionError) as e:
        raise SphereError(f"{path} is damaged ({e}): {remedy}.") from e


def file_sha256(path: Path) -> str:
    """sha256 of a file, in hexadecimal."""
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def write_manifest(path: Path, fields: Manifest, files: Iterable[str]) -> None:
    """Vouch for `files`, names in the manifest's own folder, as they are now."""
    write_json(
        path,
        {
            "format_version": FORMAT_VERSION,
            "groups": list(GROUPS),
            **fields,
            "files": {name: file_sha256(path.parent / name) for name in files},
            "libraries": library_versions(),
        },
        indent=1,
    )


def read_manifest(path: Path, remedy: str) -> Manifest:
    """The manifest at `path`, after every file it vouches for was found unchanged.

    remedy : what to do where something is wrong, said at the end of the sentence
    raises : SphereError naming the file that is missing, damaged, or of another version
    """
    manifest = read_json(path, remedy)
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise SphereError(f"{path} is no manifest: {remedy}.")
    if manifest.get("format_version") != FORMAT_VERSION:
        raise SphereError(
            f"{path} has format version {manifest.get('format_version')}, expected {FORMAT_VERSION}: {remedy}."
        )
    if manifest.get("groups") != list(GROUPS):
        raise SphereError(f"{path} has the groups {manifest.get('groups')}, expected {list(GROUPS)}: {remedy}.")
    for name, expected in manifest["files"].items():
        file = path.parent / Path(name).name
        if not file.is_file():
            raise SphereError(f"{file} is missing: {remedy}.")
        if file_sha256(file) != expected:
            raise SphereError(f"{file} is not what {path.name} says it is (damaged or replaced): {remedy}.")
    return manifest


def library_versions() -> dict[str, str]:
    """Versions of the libraries that the figures may depend on."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
