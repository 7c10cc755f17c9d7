"""A manifest lists files with their checksums; what is not what it lists is refused with a sentence."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spheres.errors import SphereError
from spheres.files.atomic import file_sha256, write_json
from spheres.files.manifest import (
    FORMAT_VERSION,
    NewerFormatError,
    library_versions,
    read_manifest,
    require_listed,
    with_checksum,
    write_manifest,
)

ABOUT = {"groups": ["physics", "math"]}


def test_a_checksum_depends_on_the_fields_and_not_on_their_layout() -> None:
    one, other = with_checksum({"a": 1, "b": [2]}), with_checksum({"b": [2], "own_sha256": "of old", "a": 1})
    assert one == other == {"a": 1, "b": [2], "own_sha256": hashlib.sha256(b'{"a": 1, "b": [2]}').hexdigest()}
    assert with_checksum({"a": 1, "b": [3]})["own_sha256"] != one["own_sha256"]


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A manifest that lists two files, one of them new with it."""
    (tmp_path / "old.bin").write_bytes(b"old")
    write_manifest(tmp_path / "manifest.json", {"made by": "a test", **ABOUT}, ["old.bin"], {"new.bin": b"new"})
    return tmp_path / "manifest.json"


def test_a_manifest_lists_its_files(manifest: Path) -> None:
    assert (manifest.parent / "new.bin").read_bytes() == b"new"
    found = read_manifest(manifest, "")
    assert found == {
        "format_version": FORMAT_VERSION,
        "made by": "a test",
        "groups": ["physics", "math"],
        "files": {name: hashlib.sha256(name[:3].encode()).hexdigest() for name in ("new.bin", "old.bin")},
        "libraries": library_versions(),
        "own_sha256": found["own_sha256"],
    }
    assert manifest.read_bytes() == json.dumps(found, indent=1).encode()


def test_fields_are_what_json_gives_back(tmp_path: Path) -> None:
    write_manifest(tmp_path / "manifest.json", {"cuts": (0.1, 1e-9), "by place": {1: "one"}}, [])
    found = read_manifest(tmp_path / "manifest.json", "")
    assert (found["cuts"], found["by place"], found["files"]) == ([0.1, 1e-9], {"1": "one"}, {})


@pytest.mark.parametrize("name", ["old.bin", "new.bin"])
def test_a_file_that_is_not_what_the_manifest_says_is_refused(name: str, manifest: Path) -> None:
    file = manifest.parent / name
    file.write_bytes(b"0ld")
    with pytest.raises(SphereError) as caught:
        read_manifest(manifest, "run this")
    assert str(caught.value) == f"{file} is not what manifest.json lists (damaged or replaced): run this."
    file.unlink()
    with pytest.raises(SphereError) as caught:
        read_manifest(manifest, "run this")
    assert str(caught.value) == f"{file} is missing: run this."


def test_a_file_that_cannot_be_read_is_one_sentence(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("spheres.files.manifest.file_sha256", refused)
    with pytest.raises(SphereError) as caught:
        read_manifest(manifest, "run this")
    assert str(caught.value) == f"{manifest.parent / 'new.bin'} could not be read (Permission denied): run this."


def test_only_files_beside_a_manifest_are_looked_at(manifest: Path) -> None:
    outside = manifest.parent / "outside"
    outside.mkdir()
    (outside / "x.bin").write_bytes(b"old")
    fields = json.loads(manifest.read_bytes()) | {"files": {"outside/x.bin": file_sha256(outside / "x.bin")}}
    write_json(manifest, with_checksum(fields))
    with pytest.raises(SphereError, match=re.escape(f"{manifest.parent / 'x.bin'} is missing: run this.")):
        read_manifest(manifest, "run this")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"files": ["old.bin"]}, "is not a manifest"),
        ({"format_version": 0}, "has format version 0, expected 2"),
        ({"format_version": None}, "has format version None, expected 2"),
        ({"format_version": "3"}, "has format version 3, expected 2"),
        ({"groups": None}, "has the groups None, expected ['physics', 'math']"),
        ({"groups": ["math"]}, "has the groups ['math'], expected ['physics', 'math']"),
    ],
)
def test_a_manifest_of_another_make_is_refused(fields: dict[str, Any], sentence: str, manifest: Path) -> None:
    write_json(manifest, with_checksum(json.loads(manifest.read_bytes()) | fields))
    with pytest.raises(SphereError) as caught:
        read_manifest(manifest, "run this", ABOUT)
    assert str(caught.value) == f"{manifest} {sentence}: run this."
    assert not isinstance(caught.value, NewerFormatError)


def test_a_manifest_of_a_later_version_is_told_apart(manifest: Path) -> None:
    write_json(manifest, json.loads(manifest.read_bytes()) | {"format_version": 3})  # whatever its checksum would be
    with pytest.raises(NewerFormatError) as caught:
        read_manifest(manifest, "run this")
    assert str(caught.value) == f"{manifest} has format version 3, expected 2: run this."


@pytest.mark.parametrize("field", ["files", "format_version", "groups", "own_sha256"])
def test_a_manifest_without_what_every_manifest_has_is_refused(field: str, manifest: Path) -> None:
    fields = json.loads(manifest.read_bytes())
    del fields[field]
    write_json(manifest, fields if field == "own_sha256" else with_checksum(fields))
    with pytest.raises(SphereError, match=rf"^{re.escape(str(manifest))} .+: run this\.$"):
        read_manifest(manifest, "run this", ABOUT)


def test_a_manifest_with_the_fields_that_are_expected_is_read(manifest: Path) -> None:
    assert read_manifest(manifest, "run this", ABOUT)["groups"] == ABOUT["groups"]


def test_a_manifest_that_is_no_json_is_refused_with_what_to_do(manifest: Path) -> None:
    manifest.write_text("{")
    with pytest.raises(SphereError, match=rf"^{manifest} is damaged \(.+\): run this\.$"):
        read_manifest(manifest, "run this")


def test_a_list_is_no_manifest(manifest: Path) -> None:
    write_json(manifest, ["files"])
    with pytest.raises(SphereError) as caught:
        read_manifest(manifest, "run this")
    assert str(caught.value) == f"{manifest} is not a manifest: run this."


def test_a_manifest_changed_by_hand_is_refused(manifest: Path) -> None:
    write_json(manifest, json.loads(manifest.read_bytes()) | {"made by": "hand"})
    with pytest.raises(SphereError) as caught:
        read_manifest(manifest, "run this")
    assert str(caught.value) == f"{manifest} is not what was written (damaged or changed by hand): run this."


def test_a_file_that_the_manifest_does_not_list_is_not_used(manifest: Path) -> None:
    found = read_manifest(manifest, "")
    require_listed(manifest, found, ["new.bin", "old.bin"], "run this")
    with pytest.raises(SphereError) as caught:
        require_listed(manifest, found, ["old.bin", "x.bin"], "run this")
    assert str(caught.value) == f"{manifest} does not list x.bin: run this."


def test_libraries_are_named_with_their_versions() -> None:
    assert library_versions()["numpy"] == np.__version__
    assert list(library_versions()) == ["numpy", "torch", "transformers", "tokenizers", "scikit-learn", "safetensors"]
