"""Files are whole or as they were, and come back as they went."""

from pathlib import Path
from typing import IO

import numpy as np
import pytest

from spheres.artifacts import read_json, read_safetensors, whole_file, write_json, write_safetensors, write_whole
from spheres.errors import SphereError


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
