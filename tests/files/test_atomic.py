"""Files are whole or as they were, and come back as they went."""

import io
import os
from pathlib import Path

import numpy as np
import pytest

from spheres.errors import SphereError
from spheres.files.atomic import (
    as_json,
    as_safetensors,
    atomic_file,
    file_sha256,
    make_folder,
    npy_header,
    read_array,
    read_json,
    read_safetensors,
    write_json,
    write_together,
)


def test_a_transposed_array_comes_back_transposed(tmp_path: Path) -> None:
    matrix = np.arange(12, dtype=np.float32).reshape(3, 4)
    (tmp_path / "x.safetensors").write_bytes(as_safetensors({"a": matrix.T, "b": matrix[:, ::2]}))
    back = read_safetensors(tmp_path / "x.safetensors", "")
    assert (back["a"] == matrix.T).all()
    assert (back["b"] == matrix[:, ::2]).all()


def test_a_write_that_fails_half_way_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"old": True})

    with (
        pytest.raises(SphereError, match=r"could not be written \(No space left on device\): free some space"),
        atomic_file(path) as f,
    ):
        f.write(b'{"new": ')
        raise OSError(28, "No space left on device")
    assert read_json(path, "") == {"old": True}
    assert [p.name for p in tmp_path.iterdir()] == ["x.json"]


def test_what_is_damaged_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"cut": ')
    (tmp_path / "x.safetensors").write_bytes(b"\x00" * 9)
    for read, name, problem in (
        (read_json, "x.json", r"damaged \(.+\)"),
        (read_json, "gone.json", "not there"),
        (read_safetensors, "x.safetensors", r"missing or damaged \(.+\)"),
    ):
        with pytest.raises(SphereError, match=rf"^{tmp_path / name} is {problem}: run this\.$"):
            read(tmp_path / name, "run this")


@pytest.mark.parametrize("leaving", [KeyboardInterrupt, GeneratorExit, ValueError])
def test_whatever_leaves_the_block_early_leaves_nothing(leaving: type[BaseException], tmp_path: Path) -> None:
    with pytest.raises(leaving), atomic_file(tmp_path / "x") as f:
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
def test_an_array_is_read_as_numpy_wrote_it(array: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / "x.npy").write_bytes(as_saved(array))
    for mmap, back in (
        (False, read_array(tmp_path / "x.npy", "")),
        (True, read_array(tmp_path / "x.npy", "", mmap=True)),
    ):
        assert (back.dtype, back.tolist()) == (array.dtype, array.tolist())
        assert isinstance(back, np.memmap) == mmap


def test_an_array_that_stays_on_the_disk_cannot_be_changed(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros(3))
    with pytest.raises(ValueError, match="read-only"):
        read_array(tmp_path / "x.npy", "", mmap=True)[0] = 1


def test_objects_are_not_read(tmp_path: Path) -> None:
    objects = np.array([{"a": 1}], dtype=object)
    np.save(tmp_path / "x.npy", objects, allow_pickle=True)
    for mmap in (False, True):
        with pytest.raises(SphereError, match=r"x\.npy is missing or damaged \(.*\): run this\."):
            read_array(tmp_path / "x.npy", "run this", mmap)


def test_rows_after_their_header_are_the_file_of_the_whole() -> None:
    whole = np.arange(24, dtype=np.float16).reshape(6, 4)
    assert npy_header((6, 4), "float16") + whole[:3].tobytes() + whole[3:].tobytes() == as_saved(whole)


def test_json_is_short_and_legible(tmp_path: Path) -> None:
    assert as_json({"a": [1, "é"], "b": None}) == '{"a":[1,"é"],"b":null}'.encode()
    assert as_json({"a": [1]}, indent=1) == b'{\n "a": [\n  1\n ]\n}'
    write_json(tmp_path / "x.json", {"a": "é"}, indent=1)
    assert (tmp_path / "x.json").read_bytes() == '{\n "a": "é"\n}'.encode()


def test_a_files_sha256_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert file_sha256(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
