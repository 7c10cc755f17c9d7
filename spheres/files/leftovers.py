"""What an interrupted run of `embed.py` leaves behind, and the next one goes on with.

    artifacts/<encoder>.partial/
        plan.json                         what the run is to make; shards of another plan are of no use and are removed
        both-00003-<sha256>.safetensors   the fourth shard of whole articles
        words-<sha256>.safetensors        the lexicon, and the scores of all articles

A shard's name holds the sha256 of its content, so one renaming puts both in place, and whatever happens to the file
later is noticed: when a run begins, a shard that is not what its name says is removed, and so computed again.
"""

import hashlib
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.numpy
from numpy.typing import NDArray

from spheres.errors import SphereError
from spheres.files.atomic import as_safetensors, file_sha256, read_json, write_json, write_whole, written
from spheres.files.manifest import Manifest

PLAN = "plan.json"
_NAME = re.compile(r"(?P<name>.+)-(?P<sha256>[0-9a-f]{64})\.safetensors")


class Leftovers:
    """The whole shards in a folder, by name. `plan` is JSON: what has to be the same for shards to be of use."""

    def __init__(self, folder: Path, plan: Manifest) -> None:
        self.folder = folder
        self._whole: dict[str, Path] = {}
        with written(folder):
            if _planned(folder) == plan:
                self._sort_out()
            else:
                self.remove()  # all of them, before the plan says that what is there is of use
                write_json(folder / PLAN, plan)

    def _sort_out(self) -> None:
        """Find the whole shards; remove damaged and half-written ones."""
        for file in self.folder.iterdir():
            named = _NAME.fullmatch(file.name)
            if named and file_sha256(file) == named["sha256"]:
                self._whole[named["name"]] = file
            elif file.name != PLAN:
                file.unlink()

    def has(self, name: str) -> bool:
        """Whether this shard is there, and whole."""
        return name in self._whole

    def add(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep a shard; from when this returns, it survives whatever happens to the run.

        raises : SphereError where it cannot be written
        """
        content = as_safetensors(arrays)
        file = self.folder / f"{name}-{hashlib.sha256(content).hexdigest()}.safetensors"
        write_whole(file, lambda f: f.write(content))
        if (old := self._whole.get(name, file)) != file:
            old.unlink(missing_ok=True)
        self._whole[name] = file

    def read(self, name: str) -> dict[str, NDArray[Any]]:
        """The arrays of a shard.

        raises : SphereError where it was damaged since the run began
        """
        file = self._whole[name]
        try:
            content = file.read_bytes()
        except OSError as e:
            raise SphereError(f"{file} could not be read ({e.strerror or e}): run the same command again.") from e
        if not file.stem.endswith(hashlib.sha256(content).hexdigest()):
            raise SphereError(f"{file} was damaged: run the same command again, which makes it anew.")
        arrays: dict[str, NDArray[Any]] = safetensors.numpy.load(content)
        return arrays

    def remove(self) -> None:
        """Let go of all of them."""
        self._whole.clear()
        if self.folder.exists():
            shutil.rmtree(self.folder)


def let_go(folder: Path, field: str, value: object) -> None:
    """Remove a folder of leftovers, where this field of their plan has this value."""
    plan = _planned(folder)
    if isinstance(plan, dict) and plan.get(field) == value:
        shutil.rmtree(folder, ignore_errors=True)


def _planned(folder: Path) -> Any:
    """The plan of the run that left the folder; None where there is none, or none that can be read."""
    try:
        return read_json(folder / PLAN, "")
    except SphereError:
        return None
