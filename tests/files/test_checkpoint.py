"""What an interrupted run leaves: used where it is whole and of the same plan, and never else."""

import errno
import os
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spheres.errors import SphereError
from spheres.files import checkpoint as module
from spheres.files.checkpoint import LOG, Checkpoint, exclusive_lock, lock_of, read_plan, resumable_file

PLAN: dict[str, Any] = {"shard_size": 2, "views": ("both", "title")}
ROWS = np.arange(16, dtype=np.float32).reshape(4, 4)
PIECES = {"first": slice(0, 2), "second": slice(2, 4)}
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "one bit flipped": lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    "a pickle": lambda content: b"cos\nsystem\n(S'true'\ntR.",
}


def opened(place: Path, plan: dict[str, Any] = PLAN) -> Checkpoint:
    return Checkpoint(place / "x.partial", place / "x", plan)


def save(checkpoint: Checkpoint, piece: str) -> None:
    """Two rows of an array of four."""
    offset, rows = checkpoint.allocate("rows.npy", ROWS.shape, "float32"), PIECES[piece]
    checkpoint.save(piece, {"rows.npy": (offset + rows.start * 16, ROWS[rows].tobytes())}, rows.start)


def test_the_next_run_finds_the_pieces_and_adds_the_others(tmp_path: Path) -> None:
    save(opened(tmp_path), "second")
    found = opened(tmp_path)
    assert list(found.pieces) == ["second"] and found.pieces["second"]["about"] == 2 and found.finished == []
    save(found, "first")
    found.finish(["rows.npy"])
    assert np.load(tmp_path / "x" / "rows.npy").tolist() == ROWS.tolist()
    assert [file.name for file in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("damage", [*DAMAGES, "gone"])
def test_a_damaged_piece_is_dropped(damage: str, tmp_path: Path) -> None:
    for piece in PIECES:
        save(opened(tmp_path), piece)
    file = tmp_path / "x.partial" / "rows.npy"
    content = file.read_bytes()
    file.unlink()
    if damage != "gone":
        file.write_bytes(DAMAGES[damage](content))
    found = opened(tmp_path)
    assert "second" not in found.pieces
    for piece in PIECES.keys() - found.pieces:
        save(found, piece)
    found.finish(["rows.npy"])
    assert np.load(tmp_path / "x" / "rows.npy").tolist() == ROWS.tolist()


@pytest.mark.parametrize("name", ["rows.npy", LOG])
def test_no_bit_of_a_piece_or_of_the_log_can_be_flipped_unnoticed(name: str, tmp_path: Path) -> None:
    save(opened(tmp_path), "first")
    folder, chance = tmp_path / "x.partial", random.Random(0)
    contents = {file: file.read_bytes() for file in folder.iterdir()}
    whole = contents[folder / name]
    first = len(whole) - ROWS.nbytes if name != LOG else 0  # before it stands the header, which is written each time
    last = first + ROWS.nbytes // 2 if name != LOG else len(whole)
    for _ in range(50):
        for file, content in contents.items():
            file.write_bytes(content)
        spoilt = bytearray(whole)
        spoilt[chance.randrange(first, last)] ^= 1 << chance.randrange(8)
        (folder / name).write_bytes(spoilt)
        assert opened(tmp_path).pieces == {}


@pytest.mark.parametrize("log", [b"", b"{", b"[]", b"\x80\x04N.", b'{"plan": {}}', b"[" * 100_000])
def test_pieces_of_another_plan_are_removed(log: bytes, tmp_path: Path) -> None:
    save(opened(tmp_path), "first")
    assert opened(tmp_path, {**PLAN, "shard_size": 3}).pieces == {}
    assert [file.name for file in (tmp_path / "x.partial").iterdir()] == [LOG]
    save(opened(tmp_path), "first")
    (tmp_path / "x.partial" / LOG).write_bytes(log)
    assert opened(tmp_path).pieces == {}


def test_pieces_of_another_version_of_the_program_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(opened(tmp_path), "first")
    monkeypatch.setattr(module, "FORMAT_VERSION", module.FORMAT_VERSION + 1)
    assert opened(tmp_path).pieces == {}


def test_a_line_that_was_half_written_is_removed_before_the_next(tmp_path: Path) -> None:
    save(opened(tmp_path), "first")
    log = tmp_path / "x.partial" / LOG
    whole = log.read_bytes()
    log.write_bytes(whole + whole.splitlines()[-1][:40])
    save(opened(tmp_path), "second")
    assert list(opened(tmp_path).pieces) == ["first", "second"]


@pytest.mark.parametrize("at", range(4))
def test_where_the_disk_is_full_the_pieces_before_stay(
    at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(opened(tmp_path), "first")
    calls: list[int] = []

    def full(number: int) -> None:
        calls.append(number)
        if len(calls) > at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:  # the log anew, the array's header, the piece, its line
        patched.setattr(os, "fsync", full)
        with pytest.raises(SphereError) as caught:
            save(opened(tmp_path), "second")
    file = tmp_path / "x.partial" / (LOG, "rows.npy", "rows.npy", LOG)[at]
    sentence = "could not be written (No space left on device): free some space or name another folder."
    assert str(caught.value) == f"{file} {sentence}"
    found = opened(tmp_path)
    assert "first" in found.pieces
    save(found, "second")
    found.finish(["rows.npy"])
    assert np.load(tmp_path / "x" / "rows.npy").tolist() == ROWS.tolist()


@pytest.mark.parametrize("damaged", [False, True])
def test_a_run_killed_while_it_moved_the_files_is_finished_by_the_next(
    damaged: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint, replace = opened(tmp_path), Path.replace
    for name in ("a", "b"):
        checkpoint.save(name, {name: (0, name.encode())})

    def killed(self: Path, target: Path) -> Path:
        replace(self, target)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Path, "replace", killed)
        checkpoint.finish(["a", "b"])
    assert [file.name for file in (tmp_path / "x").iterdir()] == ["a"]
    if damaged:
        (tmp_path / "x" / "a").write_bytes(b"?")
        assert (opened(tmp_path).finished, opened(tmp_path).pieces) == ([], {})
        return
    opened(tmp_path)  # and killed before it did anything
    found = opened(tmp_path)
    assert found.finished == ["a", "b"]
    found.finish(found.finished)
    assert {file.name: file.read_bytes() for file in (tmp_path / "x").iterdir()} == {"a": b"a", "b": b"b"}
    assert not (tmp_path / "x.partial").exists()


def test_where_a_file_cannot_be_moved_the_next_run_moves_it(tmp_path: Path) -> None:
    save(opened(tmp_path), "first")
    (tmp_path / "x" / "rows.npy").mkdir(parents=True)
    with pytest.raises(SphereError) as caught:
        opened(tmp_path).finish(["rows.npy"])
    sentence = "could not be written (Is a directory): free some space or name another folder."
    assert str(caught.value) == f"{tmp_path / 'x' / 'rows.npy'} {sentence}"
    (tmp_path / "x" / "rows.npy").rmdir()
    found = opened(tmp_path)
    found.finish(found.finished)
    assert np.load(tmp_path / "x" / "rows.npy")[:2].tolist() == ROWS[:2].tolist()


def test_the_file_of_a_smaller_array_is_cut(tmp_path: Path) -> None:
    checkpoint = opened(tmp_path)
    for n in (3, 5, 2):
        offset = checkpoint.allocate("rows.npy", (n, 4), "float16")
        assert (tmp_path / "x.partial" / "rows.npy").stat().st_size == offset + n * 4 * 2


def test_what_cannot_be_removed_from_a_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.partial" / "not a file").mkdir(parents=True)
    with pytest.raises(SphereError, match=rf"^{tmp_path / 'x.partial'} could not be written \(.*\): free some space"):
        opened(tmp_path)


def test_the_lock_beside_a_folder_outlives_it() -> None:
    assert lock_of(Path("artifacts/x.y")) == Path("artifacts/x.y.lock")


def test_a_lock_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(SphereError) as caught, exclusive_lock(tmp_path / "lock", tmp_path / "x", ""):
        pass
    assert str(caught.value) == f"{tmp_path / 'lock'} could not be written (Is a directory): name another folder."


def test_a_second_run_that_appends_to_the_same_file_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "new" / "a.jsonl"
    with resumable_file(out, PLAN), pytest.raises(SphereError) as caught, resumable_file(out, PLAN):
        pass
    assert str(caught.value) == f"another run is writing {out}: wait for it, or name another file."


def test_the_plan_can_be_read_without_opening_it(tmp_path: Path) -> None:
    assert read_plan(tmp_path / "x.partial") is None
    opened(tmp_path)
    assert read_plan(tmp_path / "x.partial") == {"format_version": 2, "shard_size": 2, "views": ["both", "title"]}


def test_a_lock_that_is_held_is_one_sentence_at_once(tmp_path: Path) -> None:
    with exclusive_lock(tmp_path / "lock", tmp_path / "x", ""), pytest.raises(SphereError) as caught:
        found: list[SphereError] = []

        def second() -> None:
            try:
                with exclusive_lock(tmp_path / "lock", tmp_path / "x", ", or give another --out"):
                    pass
            except SphereError as error:
                found.append(error)

        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
        raise found[0]
    assert str(caught.value) == f"another run is writing {tmp_path / 'x'}: wait for it, or give another --out."


# --- a file that is appended to ---


def interrupted(out: Path, plan: dict[str, Any] = PLAN, n: int = 2, keep: bool = True) -> None:
    with pytest.raises(KeyboardInterrupt), resumable_file(out, plan, keep) as file:
        for i in range(n):
            file.append(b"line %d\n" % i, 1, {"cs": i + 1})
        raise KeyboardInterrupt


def test_a_file_is_resumed_where_its_rows_end(tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    interrupted(out)
    assert not out.exists()
    with resumable_file(out, PLAN) as file:
        assert (file.n_rows, file.counts) == (2, {"cs": 2})
        file.append(b"line 2\n", 1, {"cs": 3})
    assert out.read_bytes() == b"line 0\nline 1\nline 2\n"
    assert list(tmp_path.iterdir()) == [out]


def test_what_was_appended_in_part_is_appended_again(tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    interrupted(out)
    with (tmp_path / ".a.jsonl.partial" / "a.jsonl").open("ab") as f:
        f.write(b"line 2, ha")  # killed before its line in the log was written
    with resumable_file(out, PLAN) as file:
        assert file.n_rows == 2
    assert out.read_bytes() == b"line 0\nline 1\n"


def test_under_another_plan_a_file_is_begun_anew(tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    interrupted(out)
    with resumable_file(out, {"threshold": 0.9}) as file:
        assert (file.n_rows, file.counts) == (0, {})
        file.append(b"other\n", 1, {})
    assert out.read_bytes() == b"other\n"


@pytest.mark.parametrize("name", ["a.jsonl", LOG])
@pytest.mark.parametrize("damage", [*DAMAGES, "gone"])
def test_rows_after_a_damaged_one_are_appended_again(name: str, damage: str, tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    interrupted(out, n=3)
    file = tmp_path / ".a.jsonl.partial" / name
    content = file.read_bytes()
    file.unlink()
    if damage != "gone":
        file.write_bytes(DAMAGES[damage](content))
    with resumable_file(out, PLAN) as resumed:
        assert resumed.n_rows < 3
        for i in range(resumed.n_rows, 3):
            resumed.append(b"line %d\n" % i, 1, {"cs": i + 1})
    assert out.read_bytes() == b"line 0\nline 1\nline 2\n"


def test_a_row_that_becomes_longer_ends_what_is_resumed(tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    interrupted(out, n=3)
    file = tmp_path / ".a.jsonl.partial" / "a.jsonl"
    file.write_bytes(b"L" + file.read_bytes()[1:])
    with pytest.raises(KeyboardInterrupt), resumable_file(out, PLAN) as resumed:
        assert resumed.n_rows == 0
        resumed.append(b"a longer line\n", 1, {})
        raise KeyboardInterrupt
    with resumable_file(out, PLAN) as resumed:
        assert resumed.n_rows == 1
    assert out.read_bytes() == b"a longer line\n"


@pytest.mark.parametrize("keep", [True, False])
def test_a_run_that_did_nothing_or_is_not_to_be_resumed_leaves_nothing(keep: bool, tmp_path: Path) -> None:
    interrupted(tmp_path / "a.jsonl", n=0 if keep else 2, keep=keep)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_not_resumed_unasked(tmp_path: Path) -> None:
    interrupted(tmp_path / "a.jsonl")
    with resumable_file(tmp_path / "a.jsonl", PLAN, keep=False) as file:
        assert file.n_rows == 0
    assert (tmp_path / "a.jsonl").read_bytes() == b""
