"""Files that are whole or not there at all, and manifests that tell when one is not what it was.

A manifest is a JSON file beside the arrays it vouches for: what made them, the sha256 of each, and one of its own
content. It is written last and read first, so whatever a crash leaves behind is noticed. Only safetensors, npy without
pickle and JSON are loaded.
"""

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
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
SEAL = "own_sha256"  # in a manifest, of all its other fields; the first manifests had none
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
        raise SphereError(f"The folder {folder} could not be created ({e.strerror or e}): name another one.") from e


class NewerFormatError(SphereError):
    """What is read was made by a later version of the program."""


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


def read_array(path: Path, remedy: str, mmap: bool = False) -> NDArray[Any]:
    """Load an npy array; one that would need pickle is refused, unexecuted, and so is an archive of several."""
    try:
        if mmap:
            return np.lib.format.open_memmap(path, mode="r")
        with path.open("rb") as f:
            return np.asarray(np.lib.format.read_array(f, allow_pickle=False))
    except Exception as e:  # numpy raises many kinds for one thing: this is no array
        raise SphereError(f"{path} is missing or damaged ({e}): {remedy}.") from e


def read_safetensors(path: Path, remedy: str) -> dict[str, NDArray[Any]]:
    """Load all arrays of a safetensors file."""
    try:
        arrays: dict[str, NDArray[Any]] = safetensors.numpy.load_file(path)
        return arrays
    except Exception as e:  # safetensors as well
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


def write_manifest(path: Path, fields: Manifest, files: Iterable[str], new: Mapping[str, bytes] | None = None) -> None:
    """Vouch for files in the manifest's own folder.

    files : names of those that are there already, and are vouched for as they are now
    new   : name -> content of those that take their places together with the manifest, or, where one cannot be
            written, do not
    """
    contents = new or {}
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    manifest = {
        "format_version": FORMAT_VERSION,
        "groups": list(GROUPS),
        **fields,
        "files": digests | {name: file_sha256(path.parent / name) for name in files},
        "libraries": library_versions(),
    }
    as_read = sealed(json.loads(as_json(manifest)))
    together = {path: as_json(as_read, indent=1)}  # first, so that it takes its place last
    write_together(together | {path.parent / name: content for name, content in contents.items()})


def sealed(fields: Manifest) -> Manifest:
    """The same fields and a sha256 of them all, in whatever order and layout they stand."""
    plain = {name: value for name, value in fields.items() if name != SEAL}
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
    return {**plain, SEAL: digest}


def read_manifest(path: Path, remedy: str) -> Manifest:
    """The manifest at `path`, after every file it vouches for was found unchanged.

    remedy : what to do where something is wrong, said at the end of the sentence
    raises : SphereError naming the file that is missing, damaged, or of another version
    """
    manifest = read_json(path, remedy)
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise SphereError(f"{path} is not a manifest: {remedy}.")
    found = manifest.get("format_version")
    if found != FORMAT_VERSION:
        newer = isinstance(found, int) and found > FORMAT_VERSION
        kind = NewerFormatError if newer else SphereError
        raise kind(f"{path} has format version {found}, expected {FORMAT_VERSION}: {remedy}.")
    if SEAL in manifest and manifest != sealed(manifest):
        raise SphereError(f"{path} is not what was written (damaged or changed by hand): {remedy}.")
    if manifest.get("groups") != list(GROUPS):
        raise SphereError(f"{path} has the groups {manifest.get('groups')}, expected {list(GROUPS)}: {remedy}.")
    for name, expected in manifest["files"].items():
        file = path.parent / Path(name).name
        if not file.is_file():
            raise SphereError(f"{file} is missing: {remedy}.")
        try:
            whole = file_sha256(file) == expected
        except OSError as e:
            raise SphereError(f"{file} could not be read ({e.strerror or e}): {remedy}.") from e
        if not whole:
            raise SphereError(f"{file} is not what {path.name} says it is (damaged or replaced): {remedy}.")
    return manifest


def check_vouched(path: Path, manifest: Manifest, names: Iterable[str], remedy: str) -> None:
    """Refuse to use files of which the manifest at `path` says nothing.

    raises : SphereError
    """
    for name in names:
        if name not in manifest["files"]:
            raise SphereError(f"{path} does not list {name}: {remedy}.")


def library_versions() -> dict[str, str]:
    """Versions of the libraries that the figures may depend on."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
