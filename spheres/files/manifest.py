"""Manifests: a JSON file beside the files it lists, with the sha256 of each and of itself.

It is written last and read first, so whatever a crash leaves behind is noticed.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from spheres.errors import SphereError
from spheres.files.atomic import as_json, file_sha256, read_json, write_together

FORMAT_VERSION = 2
CHECKSUM = "own_sha256"  # in a manifest, of all its other fields
LIBRARIES = ("numpy", "torch", "transformers", "tokenizers", "scikit-learn", "safetensors")

Manifest = dict[str, Any]


class NewerFormatError(SphereError):
    """What is read was made by a later version of the program."""


def write_manifest(path: Path, fields: Manifest, files: Iterable[str], new: Mapping[str, bytes] | None = None) -> None:
    """Write a manifest with these fields that lists files in its own folder.

    Args:
        path: The manifest.
        fields: What else it says.
        files: Names of files that are there already, listed as they are now.
        new: Name -> content of files that take their places together with the manifest, or not at all.
    """
    contents = new or {}
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    manifest = {
        "format_version": FORMAT_VERSION,
        **fields,
        "files": digests | {name: file_sha256(path.parent / name) for name in files},
        "libraries": library_versions(),
    }
    as_read = with_checksum(json.loads(as_json(manifest)))
    beside = {path.parent / name: content for name, content in contents.items()}
    write_together({path: as_json(as_read, indent=1), **beside})  # named first, it takes its place last


def with_checksum(fields: Manifest) -> Manifest:
    """The same fields and a sha256 of them all, in whatever order and layout they stand."""
    plain = {name: value for name, value in fields.items() if name != CHECKSUM}
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
    return {**plain, CHECKSUM: digest}


def read_manifest(path: Path, hint: str, expected: Manifest | None = None) -> Manifest:
    """The manifest at `path`, after every file that it lists was found unchanged.

    Args:
        path: The manifest.
        hint: What to do where something is wrong; it ends the error's sentence.
        expected: Fields that must have these values, such as the groups that the listed arrays are about.

    Raises:
        NewerFormatError: a later version of the program wrote it.
        SphereError: a file is missing or damaged, or a field has another value; it names which.
    """
    # 1. It is a manifest of this format, and nobody changed it.
    manifest = read_json(path, hint)
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise SphereError(f"{path} is not a manifest: {hint}.")
    found = manifest.get("format_version")
    if found != FORMAT_VERSION:
        kind = NewerFormatError if isinstance(found, int) and found > FORMAT_VERSION else SphereError
        raise kind(f"{path} has format version {found}, expected {FORMAT_VERSION}: {hint}.")
    if manifest != with_checksum(manifest):
        raise SphereError(f"{path} is not what was written (damaged or changed by hand): {hint}.")
    # 2. It is about what the caller knows.
    for name, value in (expected or {}).items():
        if manifest.get(name) != value:
            raise SphereError(f"{path} has the {name} {manifest.get(name)}, expected {value}: {hint}.")
    # 3. Each file is what it was.
    for name, sha256 in manifest["files"].items():
        file = path.parent / Path(name).name
        if not file.is_file():
            raise SphereError(f"{file} is missing: {hint}.")
        try:
            unchanged = file_sha256(file) == sha256
        except OSError as e:
            raise SphereError(f"{file} could not be read ({e.strerror or e}): {hint}.") from e
        if not unchanged:
            raise SphereError(f"{file} is not what {path.name} lists (damaged or replaced): {hint}.")
    return manifest


def require_listed(path: Path, manifest: Manifest, names: Iterable[str], hint: str) -> None:
    """Refuse with a SphereError to use files that the manifest at `path` does not list."""
    for name in names:
        if name not in manifest["files"]:
            raise SphereError(f"{path} does not list {name}: {hint}.")


def library_versions() -> dict[str, str]:
    """Versions of the libraries that the figures may depend on."""
    return {name: version(name) for name in LIBRARIES}
