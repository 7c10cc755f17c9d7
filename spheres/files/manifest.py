"""Manifests: a JSON file beside the arrays it lists, with the sha256 of each and of itself.

It is written last and read first, so whatever a crash leaves behind is noticed.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from spheres.data.taxonomy import GROUPS
from spheres.errors import SphereError
from spheres.files.atomic import as_json, file_sha256, read_json, write_together

FORMAT_VERSION = 2
CHECKSUM = "own_sha256"  # in a manifest, of all its other fields; the first manifests had none
ARTIFACTS = Path("artifacts")
LIBRARIES = ("numpy", "torch", "transformers", "tokenizers", "scikit-learn", "safetensors")

Manifest = dict[str, Any]


class NewerFormatError(SphereError):
    """What is read was made by a later version of the program."""


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
    as_read = with_checksum(json.loads(as_json(manifest)))
    together = {path: as_json(as_read, indent=1)}  # first, so that it takes its place last
    write_together(together | {path.parent / name: content for name, content in contents.items()})


def with_checksum(fields: Manifest) -> Manifest:
    """The same fields and a sha256 of them all, in whatever order and layout they stand."""
    plain = {name: value for name, value in fields.items() if name != CHECKSUM}
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
    return {**plain, CHECKSUM: digest}


def read_manifest(path: Path, hint: str) -> Manifest:
    """The manifest at `path`, after every file it vouches for was found unchanged.

    hint : what to do where something is wrong, said at the end of the sentence
    raises : SphereError naming the file that is missing, damaged, or of another version
    """
    manifest = read_json(path, hint)
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise SphereError(f"{path} is not a manifest: {hint}.")
    found = manifest.get("format_version")
    if found != FORMAT_VERSION:
        newer = isinstance(found, int) and found > FORMAT_VERSION
        kind = NewerFormatError if newer else SphereError
        raise kind(f"{path} has format version {found}, expected {FORMAT_VERSION}: {hint}.")
    if CHECKSUM in manifest and manifest != with_checksum(manifest):
        raise SphereError(f"{path} is not what was written (damaged or changed by hand): {hint}.")
    if manifest.get("groups") != list(GROUPS):
        raise SphereError(f"{path} has the groups {manifest.get('groups')}, expected {list(GROUPS)}: {hint}.")
    for name, expected in manifest["files"].items():
        file = path.parent / Path(name).name
        if not file.is_file():
            raise SphereError(f"{file} is missing: {hint}.")
        try:
            whole = file_sha256(file) == expected
        except OSError as e:
            raise SphereError(f"{file} could not be read ({e.strerror or e}): {hint}.") from e
        if not whole:
            raise SphereError(f"{file} is not what {path.name} says it is (damaged or replaced): {hint}.")
    return manifest


def require_listed(path: Path, manifest: Manifest, names: Iterable[str], hint: str) -> None:
    """Refuse to use files of which the manifest at `path` says nothing.

    raises : SphereError
    """
    for name in names:
        if name not in manifest["files"]:
            raise SphereError(f"{path} does not list {name}: {hint}.")


def library_versions() -> dict[str, str]:
    """Versions of the libraries that the figures may depend on."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
