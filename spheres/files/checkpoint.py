"""Checkpoints: what an interrupted run has done, kept beside its result, so that the next run resumes there.

    with exclusive_lock(lock, result, ""):
        checkpoint = Checkpoint(folder, result, plan)
        offset = checkpoint.allocate("both.npy", (n, dim), "float32")
        for name, place, data in work:
            if name not in checkpoint.pieces:
                checkpoint.save(name, {"both.npy": (offset + place, data)})     # from when this returns, it survives
        checkpoint.finish(["both.npy"])                                 # moved into `result`; the folder is removed

The folder holds the files in the making and `.checkpoint.jsonl`: the plan, then one line for each piece, with the
place and the sha256 of its bytes and a checksum of the line. A piece's bytes are on the disk before its line is, so a
run may be killed, or the disk fill up, at any write. When a checkpoint is opened every piece is read again: one that
is not what its line says is dropped, and so is computed again; under another plan all are.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

import numpy as np
from filelock import FileLock, Timeout

from spheres.errors import SphereError
from spheres.files.atomic import as_json, atomic_file, explain_write_errors, flush_to_disk, make_folder, npy_header
from spheres.files.manifest import FORMAT_VERSION, Manifest, with_checksum

LOG, LOCK = ".checkpoint.jsonl", ".lock"


@contextmanager
def exclusive_lock(lock: Path, result: Path, hint: str) -> Iterator[None]:
    """Hold a lock for the time of the block; the system releases it when its holder ends, however it ends.

    Where another run holds it, a SphereError says so at once; `hint`, what to do besides waiting, ends its sentence.
    """
    make_folder(lock.parent)
    with ExitStack() as stack:
        try:
            stack.enter_context(FileLock(lock, timeout=0))
        except Timeout:
            raise SphereError(f"another run is writing {result}: wait for it{hint}.") from None
        except OSError as e:
            raise SphereError(f"{lock} could not be written ({e.strerror or e}): name another folder.") from e
        yield


def lock_of(folder: Path) -> Path:
    """The lock that whatever writes into a folder holds, beside it."""
    return folder.with_name(folder.name + ".lock")


class Checkpoint:
    """An open checkpoint; the caller holds the lock.

    Args:
        folder: Where the checkpoint is kept until the result is whole.
        result: The folder that the finished files go to.
        plan: JSON; everything that decides the result.

    Attributes:
        pieces: Name -> the line of each piece that is whole; its `about` is what the caller noted of it.
        finished: Names of the files, where an earlier run was killed while it moved them: only `finish` is left to do.
    """

    def __init__(self, folder: Path, result: Path, plan: Manifest) -> None:
        self.folder, self.result = folder, result
        self.pieces: dict[str, Manifest] = {}
        self.finished: list[str] = []
        first = _as_line({"plan": {"format_version": FORMAT_VERSION, **plan}})
        make_folder(folder)
        # 1. Lines of the same plan whose pieces are whole stay.
        lines = _read_log(folder)
        if lines[:1] == [first]:
            self.finished = next((line["finished"] for line in lines if "finished" in line), [])
            found = {line["piece"]: line for line in lines if "piece" in line}
            self.pieces = {name: line for name, line in found.items() if self._is_whole(line)}
            if self.finished and self.pieces != found:  # a file was damaged after it was moved
                self.pieces, self.finished = {}, []
        # 2. Files that nothing is known of go; a log without dropped and half-written lines comes.
        if not self.pieces:
            with explain_write_errors(folder):
                for file in folder.iterdir():
                    if file.name not in (LOG, LOCK):
                        file.unlink()
        kept = [first, *self.pieces.values(), *([_as_line({"finished": self.finished})] if self.finished else [])]
        with atomic_file(folder / LOG) as f:
            f.write(b"".join(as_json(line) + b"\n" for line in kept))

    def _is_whole(self, piece: Manifest) -> bool:
        """Whether a piece's bytes are what its line says."""
        parts = piece["parts"].items()
        with suppress(OSError):
            return all(hashlib.sha256(self.read(piece, name)).hexdigest() == sha256 for name, (*_, sha256) in parts)
        return False

    def read(self, piece: Manifest, name: str) -> bytes:
        """The bytes of a piece in one of its files."""
        offset, n_bytes, _ = piece["parts"][name]
        moved = self.finished and not (self.folder / name).exists()
        with ((self.result if moved else self.folder) / name).open("rb") as f:
            f.seek(offset)
            return f.read(n_bytes)

    def allocate(self, name: str, shape: tuple[int, ...], dtype: str) -> int:
        """Make the npy file of an array, whose rows `save` fills in; the offset of the first of them, in bytes."""
        header = npy_header(shape, dtype)
        self.write(name, 0, header, len(header) + int(np.prod(shape)) * np.dtype(dtype).itemsize)
        return len(header)

    def save(self, piece: str, parts: Mapping[str, tuple[int, bytes]], about: object = None) -> Manifest:
        """Keep a piece of the work; from when this returns, it survives whatever happens to the run.

        Args:
            piece: Its name; of two pieces of one name the later counts.
            parts: File -> offset and bytes.
            about: JSON; what the next run wants to know of it.

        Returns:
            Its line, as in `pieces`.
        """
        for name, (offset, data) in parts.items():
            self.write(name, offset, data)
        places = {name: (offset, len(data), hashlib.sha256(data).hexdigest()) for name, (offset, data) in parts.items()}
        self.pieces[piece] = self._log({"piece": piece, "parts": places, "about": about})
        return self.pieces[piece]

    def write(self, name: str, offset: int, data: bytes, size: int | None = None) -> None:
        """Put bytes into a file, and cut or extend it to `size` bytes where that is given; no piece is noted."""
        path = self.folder / name
        with explain_write_errors(path):
            path.touch()
            with path.open("r+b") as f:
                f.seek(offset)
                f.write(data)
                if size is not None:
                    f.truncate(size)
                flush_to_disk(f)

    def _log(self, fields: Manifest) -> Manifest:
        line = _as_line(fields)
        with explain_write_errors(self.folder / LOG), (self.folder / LOG).open("ab") as f:
            f.write(as_json(line) + b"\n")
            flush_to_disk(f)
        return line

    def finish(self, names: Sequence[str]) -> None:
        """Move these files into the result's folder, in this order, and remove the checkpoint."""
        if not self.finished:
            self.finished = self._log({"finished": list(names)})["finished"]
        make_folder(self.result)
        for name in self.finished:
            if (self.folder / name).exists():  # else an earlier run has moved it
                with explain_write_errors(self.result / name):
                    (self.folder / name).replace(self.result / name)
        self.remove()

    def remove(self) -> None:
        """Remove all that was done; what cannot be removed does no harm."""
        shutil.rmtree(self.folder, ignore_errors=True)


class ResumableFile:
    """A file that a run appends to. `n_rows` rows of it are there already, and gave these `counts`."""

    def __init__(self, checkpoint: Checkpoint, name: str) -> None:
        self.checkpoint, self.name = checkpoint, name
        self.n_rows, self.n_bytes, self.n_pieces = 0, 0, 0
        self.counts: dict[str, int] = {}
        while piece := checkpoint.pieces.get(str(self.n_pieces)):
            if piece["parts"][name][0] != self.n_bytes:
                break  # a piece before it was damaged, and what took its place is of another length
            self._add(piece)

    def _add(self, piece: Manifest) -> None:
        self.n_bytes += piece["parts"][self.name][1]
        self.n_rows, self.counts = piece["about"]["n_rows"], piece["about"]["counts"]
        self.n_pieces += 1

    def append(self, data: bytes, n_rows: int, counts: Mapping[str, int]) -> None:
        """Add the bytes of so many rows more; `counts` are those of all rows so far."""
        about = {"n_rows": self.n_rows + n_rows, "counts": dict(counts)}
        self._add(self.checkpoint.save(str(self.n_pieces), {self.name: (self.n_bytes, data)}, about))


@contextmanager
def resumable_file(
    path: Path, plan: Manifest, keep: bool = True, convert: Callable[[Path, IO[bytes]], None] | None = None
) -> Iterator[ResumableFile]:
    """A file that appears whole when the block ends; where it ends early, the next run of the same plan resumes.

    Args:
        path: The file. Until it is whole it lies in `.NAME.partial/`, beside its place.
        plan: JSON; everything that decides its content.
        keep: Whether what is done is kept where the block ends early.
        convert: Reads what was appended and writes what the file is to hold instead; None leaves it as it is.
    """
    folder = path.with_name(f".{path.name}.partial")
    with exclusive_lock(folder / LOCK, path, ", or name another file"):
        if not keep:
            (folder / LOG).unlink(missing_ok=True)  # what a killed run has left
        file = ResumableFile(Checkpoint(folder, path.parent, plan), path.name)
        try:
            yield file
            if not file.checkpoint.finished:
                file.checkpoint.write(path.name, file.n_bytes, b"", file.n_bytes)  # without what a killed run began
                if convert:
                    with atomic_file(folder / path.name) as f:
                        convert(folder / path.name, f)
            file.checkpoint.finish([path.name])
        finally:
            if not (keep and file.n_rows):
                file.checkpoint.remove()


def read_plan(folder: Path) -> Manifest | None:
    """The plan of the checkpoint in a folder, None where there is none that can be read."""
    return next((line["plan"] for line in _read_log(folder) if "plan" in line), None)


def _read_log(folder: Path) -> list[Manifest]:
    """The lines of the log that are whole."""
    whole = []
    with suppress(OSError):
        for line in (folder / LOG).read_bytes().split(b"\n"):
            with suppress(ValueError, RecursionError):
                found = json.loads(line)
                if isinstance(found, dict) and found == with_checksum(found):
                    whole.append(found)
    return whole


def _as_line(fields: Manifest) -> Manifest:
    """A line of the log as it is read back."""
    return with_checksum(json.loads(as_json(fields)))
