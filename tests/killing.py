"""Runs of the scripts that are ended, or hurt, at a moment of the test's choosing.

    run = Run("embed", [corpus, "--out", folder], tmp_path / "log").start(at=7)      # killed at its seventh write

Each is a process of its own, forked from one that has imported torch and computed nothing: a second instead of five.
Shards hold 12 articles in it, a batch of `predict` 16 rows, and each takes the encoder a little longer.
"""

import errno
import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from places import ROOT

SHARD, BATCH = 12, 16
PAUSE = 0.03  # seconds more for each call of the encoder, or a run is over before it is disturbed
PATIENCE = 240  # seconds, for one run on a busy machine
MODULES = (
    "torch",
    "tqdm",
    "transformers.models.auto",
    "transformers.models.bert.modeling_bert",
    "scipy.optimize",
    "sklearn.preprocessing",
    "spheres.embeddings.build",
    "spheres.model.fit",
    "spheres.inference.classifier",
    "spheres.inference.classify_file",
)
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(list(MODULES))


class Run:
    """One run of a script. Beside `log`, which takes what it prints, files of a byte an event say how far it is."""

    def __init__(self, script: str, arguments: Sequence[object], log: Path) -> None:
        self.log = log
        self.process = SERVER.Process(target=live, args=(script, [str(a) for a in arguments], log))

    def start(self, at: int = -1, how: str = "killed", most_bytes: int = 0) -> "Run":
        """Begin; at its `at`-th write, counted from 0, it is "killed", or finds the disk "full"; no file may grow
        larger than `most_bytes`."""
        for file in (self.log, self._events("writes"), self._events("encoded")):
            file.write_bytes(b"")
        self.process._args += (at, how, most_bytes)  # type: ignore[attr-defined]
        self.process.start()
        return self

    def _events(self, kind: str) -> Path:
        return self.log.with_suffix(f".{kind}")

    def events(self, kind: str) -> str:
        """A letter an event: of "writes" an f (flushed to disk) or an r (renamed), of "encoded" an e a call."""
        return self._events(kind).read_text()

    def count(self, kind: str) -> int:
        return len(self.events(kind))

    def wait_for(self, kind: str, n: int) -> None:
        while self.count(kind) < n and self.process.is_alive():
            time.sleep(0.005)

    def send(self, number: signal.Signals) -> None:
        if self.process.pid and self.process.is_alive():
            os.kill(self.process.pid, number)

    def end(self) -> int:
        """Its exit code, negative where a signal ended it."""
        self.process.join(PATIENCE)
        assert self.process.exitcode is not None, f"it goes on and on: {self.said}"
        return self.process.exitcode

    @property
    def said(self) -> str:
        return self.log.read_text()

    @property
    def sentence(self) -> str:
        """Its last words, which must be all it says of what went wrong."""
        assert "Traceback" not in self.said, self.said
        return self.said.strip().splitlines()[-1]


def live(script: str, arguments: list[str], log: Path, at: int, how: str, most_bytes: int) -> None:
    """What the process does."""
    out = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(out, 1), os.dup2(out, 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs inherit that it is ignored
    sys.path.insert(0, str(ROOT))
    main: Any = import_module(script)
    from spheres.embeddings import build
    from spheres.encoder.encoder import Encoder

    build.Settings = partial(build.Settings, shard_size=SHARD)  # type: ignore[assignment, misc]
    main.BATCH_SIZE = BATCH
    counted(Encoder, "encode", log.with_suffix(".encoded"))
    for owner, name in ((os, "fsync"), (Path, "replace")):
        counted(owner, name, log.with_suffix(".writes"), at, how)
    if most_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    sys.exit(main.main(arguments))


def counted(owner: Any, name: str, events: Path, at: int = -1, how: str = "") -> None:
    """Have each call of a function leave its first letter in a file; and from the `at`-th one on, disaster strikes."""
    function = getattr(owner, name)
    file = os.open(events, os.O_RDWR | os.O_APPEND)

    def call(*arguments: Any, **named: Any) -> Any:
        n = os.fstat(file).st_size
        os.write(file, name[:1].encode())
        if n == at and how == "killed":
            if name == "replace":
                function(*arguments, **named)  # the moment after: in its place, and the next one not begun
            os.kill(os.getpid(), signal.SIGKILL)
        if 0 <= at <= n and how == "full" and name == "fsync":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if name == "encode":
            time.sleep(PAUSE)
        return function(*arguments, **named)

    setattr(owner, name, call)
