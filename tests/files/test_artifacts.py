"""Files are whole or as they were, and come back as they went."""

import hashlib
import io
import json
import os
import re
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest

from spheres.data.taxonomy import GROUPS
from spheres.errors import SphereError
from spheres.files import artifacts
from spheres.files.atomic import (
    as_json,
    file_sha256,
    make_folder,
    read_array,
    read_json,
    read_safetensors,
    whole_file,
    write_array,
    write_json,
    write_rows,
    write_safetensors,
    write_together,
    write_whole,
)
from spheres.files.manifest import (
    NewerFormatError,
    library_versions,
    read_manifest,
    require_listed,
    with_checksum,
    write_manifest,
)


def test_a_transposed_array_comes_back_transposed(tmp_path: Path) -> None:
    matrix = np.arange(12, dtype=np.float32).reshape(3, 4)
    write_safetensors(tmp_path / "x.safetensors", {"a": matrix.T, "b": matrix[:, ::2]})
    back = read_safetensors(tmp_path / "x.safetensors", "")
    assert (back["a"] == matrix.T).all()
    assert (back["b"] == matrix[:, ::2]).all()


def test_a_write_that_fails_half_way_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"old": True})

    def full_disk(f: IO[bytes]) -> None:
        f.write(b'{"new": ')
        raise OSError(28, "No space left on device")

    with pytest.raises(SphereError, match=r"could not be written \(No space left on device\): free some space"):
        write_whole(path, full_disk)
    assert read_json(path, "") == {"old": True}
    assert [p.name for p in tmp_path.iterdir()] == ["x.json"]


def test_what_is_damaged_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"cut": ')
    (tmp_path / "x.safetensors").write_bytes(b"\x00" * 9)
    for read, name in ((read_json, "x.json"), (read_safetensors, "x.safetensors"), (read_json, "gone.json")):
        with pytest.raises(SphereError, match=f"{name} is .*: run this"):
            read(tmp_path / name, "run this")


@pytest.mark.parametrize("leaving", [KeyboardInterrupt, GeneratorExit, ValueError])
def test_whatever_leaves_a_whole_file_early_leaves_nothing(leaving: type[BaseException], tmp_path: Path) -> None:
    with pytest.raises(leaving), whole_file(tmp_path / "x") as f:
        f.write(b"half of it")
        raise leaving
    assert list(tmp_path.iterdir()) == []


def as_saved(array: np.ndarray) -> bytes:
    """The bytes that numpy itself would write."""
    held = io.BytesIO()
    np.save(held, array)
    return held.getvalue()


def test_a_folder_is_made_with_those_above_it_and_left_as_it_is_where_it_is_there(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    (tmp_path / "a" / "b" / "mine").touch()
    make_folder(tmp_path / "a" / "b")
    assert [file.name for file in (tmp_path / "a" / "b").iterdir()] == ["mine"]


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SphereError) as caught:
        make_folder(tmp_path / "file" / "below")
    assert (
        str(caught.value)
        == f"The folder {tmp_path}/file/below could not be created (Not a directory): name another one."
    )


def test_what_is_written_is_on_the_disk_before_it_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []

    def fsync(number: int) -> None:
        sizes.append((os.fstat(number).st_size, (tmp_path / "x.json").exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    write_json(tmp_path / "x.json", [1, 2, 3])
    assert sizes == [(7, False)]


def test_files_take_their_places_together_and_the_first_comes_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed: list[str] = []
    replace = Path.replace

    def note(self: Path, target: Path) -> Path:
        placed.append(target.name)
        assert {file.name for file in tmp_path.glob("*.writing")} >= {self.name}
        assert self.stat().st_size == len(contents[target])
        return replace(self, target)

    contents = {tmp_path / "manifest": b"all is well", tmp_path / "a": b"first", tmp_path / "b": b"second one"}
    monkeypatch.setattr(Path, "replace", note)
    write_together(contents)
    assert placed == ["b", "a", "manifest"]
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == contents


def test_where_one_of_several_files_cannot_be_written_all_are_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = {tmp_path / "manifest": b"old", tmp_path / "a": b"old a"}
    write_together(old)
    synced: list[int] = []

    def full_at_the_second(number: int) -> None:
        synced.append(number)
        if len(synced) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_at_the_second)
    with pytest.raises(SphereError) as caught:
        write_together(dict.fromkeys(old, b"new"))
    sentence = "could not be written (No space left on device): free some space or name another folder."
    assert str(caught.value) == f"{tmp_path / 'a'} {sentence}"
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == old


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.arange(6, dtype=np.uint8),
        np.zeros((0, 4), np.float16),
    ],
    ids=["matrix", "vector", "empty"],
)
def test_an_array_is_the_file_that_numpy_writes(array: np.ndarray, tmp_path: Path) -> None:
    write_array(tmp_path / "x.npy", array)
    assert (tmp_path / "x.npy").read_bytes() == as_saved(array)
    for mmap in (False, True):
        back = read_array(tmp_path / "x.npy", "", mmap=mmap)
        assert (back.dtype, back.tolist()) == (array.dtype, array.tolist())
        assert isinstance(back, np.memmap) == mmap


def test_an_array_that_stays_on_the_disk_cannot_be_changed(tmp_path: Path) -> None:
    write_array(tmp_path / "x.npy", np.zeros(3))
    with pytest.raises(ValueError, match="read-only"):
        read_array(tmp_path / "x.npy", "", mmap=True)[0] = 1


def test_objects_are_neither_written_nor_read(tmp_path: Path) -> None:
    objects = np.array([{"a": 1}], dtype=object)
    with pytest.raises(ValueError, match="allow_pickle"):
        write_array(tmp_path / "x.npy", objects)
    assert list(tmp_path.iterdir()) == []
    np.save(tmp_path / "x.npy", objects, allow_pickle=True)
    for mmap in (False, True):
        with pytest.raises(SphereError, match=r"x\.npy is missing or damaged \(.*\): run this\."):
            read_array(tmp_path / "x.npy", "run this", mmap)


def test_rows_that_come_in_parts_are_the_file_of_the_whole(tmp_path: Path) -> None:
    whole = np.arange(24, dtype=np.float64).reshape(6, 4)
    parts = [whole[:3], whole[3:5].copy(order="F"), whole[5:]]
    write_rows(tmp_path / "x.npy", (6, 4), "float16", iter(parts))
    assert (tmp_path / "x.npy").read_bytes() == as_saved(whole.astype(np.float16))


def test_a_part_that_does_not_come_leaves_no_file(tmp_path: Path) -> None:
    def parts() -> Any:
        yield np.zeros((1, 4))
        raise SphereError("a shard was damaged")

    with pytest.raises(SphereError, match="a shard was damaged"):
        write_rows(tmp_path / "x.npy", (2, 4), "float32", parts())
    assert list(tmp_path.iterdir()) == []


def test_json_is_short_and_legible(tmp_path: Path) -> None:
    assert as_json({"a": [1, "é"], "b": None}) == '{"a":[1,"é"],"b":null}'.encode()
    assert as_json({"a": [1]}, indent=1) == b'{\n "a": [\n  1\n ]\n}'
    write_json(tmp_path / "x.json", {"a": "é"}, indent=1)
    assert (tmp_path / "x.json").read_bytes() == '{\n "a": "é"\n}'.encode()


def test_a_files_sha256_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert file_sha256(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_seal_depends_on_what_is_said_and_not_on_how_it_is_laid_out() -> None:
    one, other = with_checksum({"a": 1, "b": [2]}), with_checksum({"b": [2], "own_sha256": "of old", "a": 1})
    assert one == other == {"a": 1, "b": [2], "own_sha256": hashlib.sha256(b'{"a": 1, "b": [2]}').hexdigest()}
    assert with_checksum({"a": 1, "b": [3]})["own_sha256"] != one["own_sha256"]


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A manifest that vouches for two files, one of them new with it."""
    (tmp_path / "old.bin").write_bytes(b"old")
    write_manifest(tmp_path / "manifest.json", {"made by": "a test"}, ["old.bin"], {"new.bin": b"new"})
    return tmp_path / "manifest.json"


def test_a_manifest_says_what_it_vouches_for(manifest: Path) -> None:
    assert (manifest.parent / "new.bin").read_bytes() == b"new"
    found = read_manifest(manifest, "")
    assert found == {
        "format_version": 1,
        "groups": list(GROUPS),
        "made by": "a test",
        "files": {name: hashlib.sha256(name[:3].encode()).hexdigest() for name in ("new.bin", "old.bin")},
        "libraries": library_versions(),
        "own_sha256": found["own_sha256"],
    }
    assert manifest.read_bytes() == json.dumps(found, indent=1).encode()


def test_what_a_manifest_vouches_for_is_what_json_gives_back(tmp_path: Path) -> None:
    write_manifest(tmp_path / "manifest.json", {"cuts": (0.1, 1e-9), "by place": {1: "one"}}, [])
    found = read_manifest(tmp_path / "manifest.json", "")
    assert (found["cuts"], found["by place"], found["files"]) == ([0.1, 1e-9], {"1": "one"}, {})


@pytest.mark.parametrize("name", ["old.bin", "new.bin"])
def test_a_file_that_is_not_what_the_manifest_says_is_refused(name: str, manifest: Path) -> None:
    file = manifest.parent / name
    file.write_bytes(b"0ld")
    with pytest.raises(SphereError) as caught:
        read_manifest(manifest, "run this")
    assert str(caught.value) == f"{file} is not what manifest.json says it is (damaged or replaced): run this."
    file.unlink()
    with pytest.raises(SphereError) as caught:
        read_manifest(manifest, "run this")
    assert str(caught.value) == f"{file} is missing: run this."


def test_a_file_that_cannot_be_read_is_one_sentence(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(artifacts, "file_sha256", refused)
    with pytest.raises(SphereError) as caught:
        read_manifest(manifest, "run this")
    assert str(caught.value) == f"{manifest.parent / 'new.bin'} could not be read (Permission denied): run this."


def test_a_manifest_speaks_of_files_beside_it_alone(manifest: Path) -> None:
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
        ({"format_version": 0}, "has format version 0, expected 1"),
        ({"format_version": None}, "has format version None, expected 1"),
        ({"format_version": "2"}, "has format version 2, expected 1"),
        ({"groups": None}, f"has the groups None, expected {list(GROUPS)}"),
        ({"groups": list(GROUPS)[:7]}, f"has the groups {list(GROUPS)[:7]}, expected {list(GROUPS)}"),
    ],
)
def test_a_manifest_of_another_make_is_refused(fields: dict[str, Any], sentence: str, manifest: Path) -> None:
    write_json(manifest, with_checksum(json.loads(manifest.read_bytes()) | fields))
    with pytest.raises(SphereError) as caught:
        read_manifest(manifest, "run this")
    assert str(caught.value) == f"{manifest} {sentence}: run this."
    assert not isinstance(caught.value, NewerFormatError)


def test_a_manifest_of_a_later_version_is_told_apart(manifest: Path) -> None:
    write_json(manifest, json.loads(manifest.read_bytes()) | {"format_version": 2})  # whatever its seal would be then
    with pytest.raises(NewerFormatError) as caught:
        read_manifest(manifest, "run this")
    assert str(caught.value) == f"{manifest} has format version 2, expected 1: run this."


@pytest.mark.parametrize("field", ["files", "format_version", "groups"])
def test_a_manifest_without_what_every_manifest_has_is_refused(field: str, manifest: Path) -> None:
    fields = json.loads(manifest.read_bytes())
    del fields[field]
    write_json(manifest, with_checksum(fields))
    with pytest.raises(SphereError, match=rf"^{re.escape(str(manifest))} .+: run this\.$"):
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


def test_a_file_that_the_manifest_says_nothing_of_is_not_used(manifest: Path) -> None:
    found = read_manifest(manifest, "")
    require_listed(manifest, found, ["new.bin", "old.bin"], "run this")
    with pytest.raises(SphereError) as caught:
        require_listed(manifest, found, ["old.bin", "x.bin"], "run this")
    assert str(caught.value) == f"{manifest} does not list x.bin: run this."


def test_the_libraries_that_are_there_are_named_with_their_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "LIBRARIES", ("numpy", "no-such-library", "pytest"))
    assert library_versions() == {"numpy": np.__version__, "pytest": version("pytest")}
