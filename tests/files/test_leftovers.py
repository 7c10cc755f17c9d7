"""What an interrupted run leaves: used where it is whole and of the same plan, and never else."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spheres.errors import SphereError
from spheres.files.leftovers import Leftovers

PLAN = {"shard_size": 2}
VECTORS = {"vectors": np.arange(8, dtype=np.float32).reshape(2, 4)}
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut": lambda content: content[:-4],
    "longer": lambda content: content + b"\0",
    "one bit flipped": lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    "a pickle": lambda content: b"cos\nsystem\n(S'true'\ntR.",
}


def left(folder: Path) -> Path:
    """The file of a shard that an interrupted run has left."""
    Leftovers(folder, PLAN).add("both-00000", VECTORS)
    [file] = folder.glob("*.safetensors")
    return file


def test_a_whole_shard_is_found_by_the_next_run(tmp_path: Path) -> None:
    left(tmp_path / "x")
    found = Leftovers(tmp_path / "x", PLAN)
    assert found.has("both-00000") and not found.has("both-00001")
    assert found.read("both-00000")["vectors"].tolist() == VECTORS["vectors"].tolist()


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_shard_is_let_go(damage: str, tmp_path: Path) -> None:
    file = left(tmp_path / "x")
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    assert not Leftovers(tmp_path / "x", PLAN).has("both-00000")
    assert not file.exists()


def test_no_bit_can_be_flipped_unnoticed(tmp_path: Path) -> None:
    file = left(tmp_path / "x")
    content, chance = file.read_bytes(), random.Random(0)
    for _ in range(50):
        spoilt = bytearray(content)
        spoilt[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        file.write_bytes(spoilt)
        assert not Leftovers(tmp_path / "x", PLAN).has("both-00000")


@pytest.mark.parametrize("damage", [*DAMAGES, "gone"])
def test_a_shard_damaged_while_the_run_lasts_is_refused(damage: str, tmp_path: Path) -> None:
    file = left(tmp_path / "x")
    found = Leftovers(tmp_path / "x", PLAN)
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(DAMAGES[damage](file.read_bytes()))
    with pytest.raises(SphereError, match="run the same command again"):
        found.read("both-00000")


@pytest.mark.parametrize("plan", [b"", b"{", b"[]", b'{"shard_size": 3}', b"\x80\x04N."])
def test_shards_of_another_plan_are_let_go(plan: bytes, tmp_path: Path) -> None:
    left(tmp_path / "x")
    (tmp_path / "x" / "plan.json").write_bytes(plan)
    assert not Leftovers(tmp_path / "x", PLAN).has("both-00000")
    assert [file.name for file in (tmp_path / "x").iterdir()] == ["plan.json"]


def test_what_was_half_written_is_let_go(tmp_path: Path) -> None:
    file = left(tmp_path / "x")
    half = file.with_name(file.name + ".writing")
    half.write_bytes(b"half")
    assert Leftovers(tmp_path / "x", PLAN).has("both-00000")
    assert not half.exists()
