"""Ended at any moment, out of disk space, or two at once: run again, the result is what it would have been, bit by bit.

A few moments each; `pytest --long -rP tests/test_interrupted.py` tries twenty random ones and every single write, in a
quarter of an hour, and says how many they were.
"""

import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from killing import BATCH, SHARD, Run
from made_up import write_corpus
from tiny_encoder import make_encoder

from spheres.data.corpus import Corpus
from spheres.embeddings.build import embed_corpus
from spheres.embeddings.cache import open_cache
from spheres.errors import SphereError
from spheres.model.bundle import Bundle

NAME = "tiny"
MOMENTS = 20  # of the long form; the short one has one
TRAIN = pytest.param("train", marks=pytest.mark.long)  # a training takes the longest
FULL = "(No space left on device): free some space or name another folder."
HEAD_FILES = (
    "head.json",
    *(f"{name}.safetensors" for name in ("head", "calibration", "categories", "ood", "projection")),
)


class Script:
    """One of the three scripts with what it reads, and what it made when nothing disturbed it."""

    def __init__(self, name: str, place: Path) -> None:
        self.name, self.place = name, place

    def run(self, folder: Path, log: str = "log") -> Run:
        """A run of it that writes into `folder`."""
        script, *arguments = {
            "embed": ("embed", self.place / "few.jsonl", "--out", folder / NAME, "--quiet"),
            "train": ("head", "train", "--artifacts", folder, "--quiet"),
            "predict": (
                *("head", "predict", self.place / "few.jsonl", "--artifacts", self.place),
                *("--out", folder / "answers.csv", "--quiet"),
            ),
        }[self.name]
        return Run(str(script), [*arguments, "--encoder", self.place / "encoder" / NAME], folder / log)

    def prepared(self, folder: Path) -> Path:
        """A folder in which it can run; for `train` one that holds the embeddings, and an older head."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.name == "train":
            older = self.place / "older"
            shutil.copytree(older if older.is_dir() else self.place / NAME, folder / NAME)
        return folder

    def made(self, folder: Path) -> dict[str, bytes]:
        """What it wrote into a folder, by name."""
        if self.name == "predict":
            return {file.name: file.read_bytes() for file in folder.glob("*.csv")}
        wanted = HEAD_FILES if self.name == "train" else {p.name for p in (folder / NAME).iterdir()} - {*HEAD_FILES}
        return {name: (folder / NAME / name).read_bytes() for name in wanted}

    def measure(self) -> None:
        """Run it undisturbed."""
        folder = self.prepared(self.place / f"undisturbed-{self.name}")
        started = time.monotonic()
        run = self.run(folder).start()
        assert run.end() == 0, run.said
        self.seconds = time.monotonic() - started
        self.writes, self.n_encoded = run.events("writes"), run.count("encoded")
        self.whole = self.made(folder)


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Script]:
    """All three, each having run once undisturbed."""
    place = tmp_path_factory.mktemp("undisturbed")
    write_corpus(place / "made-up.jsonl")
    write_corpus(place / "few.jsonl", 6 * BATCH)
    found = {name: Script(name, place) for name in ("embed", "train", "predict")}
    spec = make_encoder(place / "encoder" / NAME)
    embed_corpus(Corpus(place / "made-up.jsonl"), spec, place / NAME, log=lambda sentence: None)
    found["train"].measure()
    for name in HEAD_FILES:
        (place / NAME / name).write_bytes(found["train"].whole[name])
    older = Bundle.load(place / NAME)
    for weights in older.heads.parameters():
        weights.data *= 2
    ood = replace(older.ood, mean=older.ood.mean * 2)
    projection = replace(older.projection, low=older.projection.low - 1)
    shutil.copytree(place / NAME, place / "older")
    replace(older, ood=ood, projection=projection).save(place / "older")
    found["embed"].measure()
    found["predict"].measure()
    return found


def check_what_is_there(script: Script, folder: Path, old: dict[str, bytes]) -> None:
    """A run was ended: what it left is whole, old or new, or refused with a sentence."""
    if script.name == "predict":
        assert script.made(folder) in ({}, script.whole)
        return
    opened = open_cache if script.name == "embed" else Bundle.load
    try:
        opened(folder / NAME)
    except SphereError as error:
        assert "run `python" in str(error)
    else:
        assert script.made(folder) in (script.whole, old)


def check_the_next(script: Script, folder: Path, encoded: int) -> None:
    """The next run ends well, with the same bits, nothing beside them, and one shard at most computed twice."""
    done = script.name == "predict" and script.made(folder) == script.whole  # killed after it; asked again, all is anew
    run = script.run(folder, "next").start()
    assert run.end() == 0, run.said
    assert script.made(folder) == script.whole
    assert done or encoded + run.count("encoded") <= script.n_encoded + 1
    beside = {path.name for path in (folder, folder / NAME) if path.is_dir() for path in path.iterdir()}
    assert not [name for name in beside if name.endswith((".writing", ".partial"))]


def disturbed(script: Script, folder: Path, at: int, how: str) -> Run:
    """A run that meets its fate at the `at`-th write, after which all it left is checked, and the next run."""
    script.prepared(folder)
    old = script.made(folder) if script.name == "train" else {}
    run = script.run(folder).start(at, how)
    code = run.end()
    assert code == (-signal.SIGKILL if how == "killed" else 2), run.said
    check_what_is_there(script, folder, old)
    encoded = run.count("encoded")
    check_the_next(script, folder, encoded)
    return run


@pytest.mark.parametrize("name", ["embed", TRAIN, "predict"])
def test_killed_at_a_random_moment(name: str, scripts: dict[str, Script], long: bool, tmp_path: Path) -> None:
    script, chance, killed, n = scripts[name], random.Random(6), 0, 0
    while killed < (MOMENTS if long else 1):
        folder = script.prepared(tmp_path / str(n := n + 1))
        old = script.made(folder) if name == "train" else {}
        run = script.run(folder).start()
        time.sleep(chance.uniform(0, script.seconds))
        run.send(signal.SIGKILL)
        ended = run.end()
        if ended == 0:  # it was done already: the machine has less to do than when the script was measured
            script.seconds *= 0.8
            continue
        assert ended == -signal.SIGKILL, run.said
        killed += 1
        check_what_is_there(script, folder, old)
        check_the_next(script, folder, run.count("encoded"))
    print(f"{name}: killed at {killed} random moments")


@pytest.mark.parametrize("name", ["embed", "train", "predict"])
def test_killed_at_a_write(name: str, scripts: dict[str, Script], long: bool, tmp_path: Path) -> None:
    script = scripts[name]
    # the last one puts the manifest, or the file of answers, in its place
    tried = list(range(len(script.writes))) if long else [len(script.writes) - 2]
    for at in tried:
        disturbed(script, tmp_path / str(at), at, "killed")
    print(f"{name}: killed at {len(tried)} of {len(script.writes)} writes")


@pytest.mark.parametrize("name", ["embed", TRAIN, "predict"])
def test_the_disk_is_full(name: str, scripts: dict[str, Script], long: bool, tmp_path: Path) -> None:
    script = scripts[name]
    flushed = [at for at, kind in enumerate(script.writes) if kind == "f"]  # the others write nothing
    tried = flushed if long else flushed[-1:]
    for at in tried:
        run = disturbed(script, tmp_path / str(at), at, "full")
        assert FULL in run.sentence
    print(f"{name}: disk full at {len(tried)} of {len(script.writes)} writes")


def test_a_full_disk_spares_the_head_that_was_there(scripts: dict[str, Script], tmp_path: Path) -> None:
    script, folder = scripts["train"], scripts["train"].prepared(tmp_path)
    old = script.made(folder)
    run = script.run(folder).start(2, "full")
    assert run.end() == 2
    assert FULL in run.sentence
    assert script.made(folder) == old
    Bundle.load(folder / NAME)


def test_no_file_may_grow_larger(scripts: dict[str, Script], tmp_path: Path) -> None:
    run = scripts["embed"].run(tmp_path).start(most_bytes=6_000)  # an array of articles is larger
    assert run.end() == 2
    assert "could not be written (File too large): free some space" in run.sentence
    check_the_next(scripts["embed"], tmp_path, run.count("encoded"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, with little room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.parametrize("name", ["embed", "predict"])
def test_a_disk_that_is_really_full(name: str, scripts: dict[str, Script], small_disk: Path, tmp_path: Path) -> None:
    script = scripts[name]
    filling = small_disk / "filling"
    filling.write_bytes(bytes(590_000))
    run = script.run(small_disk, "../log").start()
    assert run.end() == 2
    assert FULL in run.sentence
    filling.unlink(missing_ok=True)
    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    check_the_next(script, small_disk, run.count("encoded"))


@pytest.mark.parametrize("name", ["embed", "predict"])
def test_ctrl_c_ends_it_and_the_next_goes_on(name: str, scripts: dict[str, Script], tmp_path: Path) -> None:
    script = scripts[name]
    run = script.run(tmp_path).start()
    run.wait_for("encoded", 3)
    pressed = time.monotonic()
    run.send(signal.SIGINT)
    assert run.end() == 130
    assert time.monotonic() - pressed < 5
    assert "stopped; run the same command again to go on" in run.sentence
    check_the_next(script, tmp_path, run.count("encoded"))


def wait_for_lock(run: Run, lock: Path) -> None:
    """Wait until a run has begun its work, a moment before."""
    while run.process.is_alive() and not lock.exists():
        time.sleep(0.005)
    time.sleep(0.1)


def test_ctrl_c_ends_training_and_leaves_the_head_that_was_there(scripts: dict[str, Script], tmp_path: Path) -> None:
    script, folder = scripts["train"], scripts["train"].prepared(tmp_path)
    old = script.made(folder)
    run = script.run(folder).start()
    wait_for_lock(run, folder / f"{NAME}.lock")  # not some time: the run measured first may have been the slower one
    pressed = time.monotonic()
    run.send(signal.SIGINT)
    assert run.end() == 130
    assert time.monotonic() - pressed < 5
    assert "stopped; nothing was written." in run.sentence
    assert script.made(folder) == old


@pytest.mark.parametrize("name", ["embed", "train", "predict"])
def test_of_two_at_once_the_second_stops(name: str, scripts: dict[str, Script], tmp_path: Path) -> None:
    script, folder = scripts[name], scripts[name].prepared(tmp_path)
    first = script.run(folder).start()
    lock = {"embed": f"{NAME}.lock", "train": f"{NAME}.lock", "predict": ".answers.csv.partial/.lock"}[name]
    wait_for_lock(first, folder / lock)
    first.send(signal.SIGSTOP)  # so that it does not end too soon
    try:
        second = script.run(folder, "second").start()
        assert second.end() == 2
        assert "another run is writing" in second.sentence and "wait for it" in second.sentence
    finally:
        first.send(signal.SIGCONT)
    assert first.end() == 0, first.said
    assert script.made(folder) == script.whole


def test_shards_hold_what_the_test_believes(scripts: dict[str, Script]) -> None:
    cache = open_cache(scripts["embed"].place / "undisturbed-embed" / NAME)
    assert scripts["embed"].n_encoded == len(cache.ids) // SHARD > 6
