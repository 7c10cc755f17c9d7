"""A file that is written bit by bit by a run that may be interrupted, and that the next run goes on with.

with resumable(Path("answers.jsonl"), question) as kept:
    kept.n_rows                       # what an earlier run has done of it; 0 where there is none
    kept.add(lines, n_rows, counts)   # from when this returns, it survives whatever happens

.answers.jsonl.partial/               # beside answers.jsonl, which appears at the end, whole
    answers                           what is written so far
    progress.json                     the question, how many rows and bytes of `answers` stand, and their sha256
    lock                              held while a run is at work
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from spheres.errors import SphereError
from spheres.files.atomic import make_folder, read_json, to_disk, whole_file, write_json, written
from spheres.files.locking import only_writer
from spheres.files.manifest import FORMAT_VERSION, Manifest, with_checksum

READ_AT_ONCE = 2**20  # bytes


class Answers:
    """A file being written. `n_rows` rows of it are there already, and gave these `counts`."""

    def __init__(self, f: IO[bytes]) -> None:
        self.f = f
        self.n_rows = 0
        self.counts: dict[str, int] = {}

    def add(self, data: bytes, n_rows: int, counts: Mapping[str, int]) -> None:
        """Write what stands for the next `n_rows` rows; `counts` are of all rows so far."""
        self.f.write(data)
        self.n_rows += n_rows
        self.counts = dict(counts)


@contextmanager
def at_once(out: Path) -> Iterator[Answers]:
    """A file that appears when the block ends, or, where it ends early, not at all.

    raises : SphereError as `whole_file`
    """
    with whole_file(out) as f:
        yield Answers(f)


@contextmanager
def resumable(out: Path, question: Manifest) -> Iterator[Answers]:
    """The same, but where the block ends early, what is there of it is kept for a run that has the same question.

    question : JSON; all that decides the file's content
    raises   : SphereError where another run is writing the file, or it cannot be written
    """
    folder = out.with_name(f".{out.name}.partial")
    make_folder(folder)
    with only_writer(folder / "lock", out, ", or name another file"):
        kept, finished = None, False
        try:
            with written(out), (folder / "answers").open("a+b") as f:
                kept = _Kept(f, folder / "progress.json", {"format_version": FORMAT_VERSION, **question})
                yield kept
                to_disk(f)
            with written(out):
                (folder / "answers").replace(out)
            finished = True
        finally:
            if finished or not (kept and kept.n_rows):
                shutil.rmtree(folder, ignore_errors=True)


class _Kept(Answers):
    """Goes on where `progress` says, if that is of the same question and what it says of the file is true."""

    def __init__(self, f: IO[bytes], progress: Path, question: Manifest) -> None:
        super().__init__(f)
        self.progress = progress
        self.question = json.loads(json.dumps(question))  # as it comes back from a file
        self.digest = hashlib.sha256()
        n_bytes = self._find()
        f.truncate(n_bytes)
        f.seek(n_bytes)

    def _find(self) -> int:
        """How many bytes of the file stand; with their digest, rows and counts."""
        try:
            found = read_json(self.progress, "")
        except SphereError:
            return 0
        if not isinstance(found, dict) or found != with_checksum(found) or found.get("question") != self.question:
            return 0
        digest = _sha256_of_start(self.f, found["n_bytes"])
        if digest.hexdigest() != found["sha256"]:
            return 0
        self.digest, self.n_rows, self.counts = digest, found["n_rows"], found["counts"]
        return int(found["n_bytes"])

    def add(self, data: bytes, n_rows: int, counts: Mapping[str, int]) -> None:
        """As `Answers.add`; and the rows count as done when all of it is on the disk."""
        super().add(data, n_rows, counts)
        self.digest.update(data)
        to_disk(self.f)
        so_far = {
            "question": self.question,
            "n_rows": self.n_rows,
            "n_bytes": self.f.tell(),
            "sha256": self.digest.hexdigest(),
            "counts": self.counts,
        }
        write_json(self.progress, with_checksum(so_far), indent=1)


def _sha256_of_start(f: IO[bytes], n_bytes: int) -> Any:
    """A hash, to be gone on with, of the first `n_bytes` of a file, or of as many as there are."""
    digest = hashlib.sha256()
    f.seek(0)
    while n_bytes and (data := f.read(min(n_bytes, READ_AT_ONCE))):
        digest.update(data)
        n_bytes -= len(data)
    return digest
