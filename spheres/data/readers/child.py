"""A file that somebody else has sent, read in a child process with limits on its memory and computing time.

    with ExitStack() as stack:
        for row in open_in_child(path, stack, max_bytes=50_000_000).rows: ...

Every format has its bombs (a text repeated in each row of a Parquet file, millions of empty JSON objects), so there is
one limit instead of a guard for each. The child is a fresh interpreter that imports the readers only (0.1 s before the
first row, 0.5 s for Parquet, on a quiet core): a fork of a server that computes in threads may hang. It hands on one
line of JSON a row, which unlike a pickle cannot make its reader run anything, and waits where nobody takes the rows.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from spheres.data.readers.detect import Opened, open_records
from spheres.data.readers.problems import check_file
from spheres.data.row import Row
from spheres.errors import Message, SphereError

MAX_MEMORY = 512 * 2**20  # bytes of data; a table of 50 MB took 20 MB, as Parquet 85 MB
MAX_SECONDS = 20  # of computing; a table of 50 MB took 1.7
ADDRESS_SPACE = 2 * 2**30  # bytes beyond the data: libraries and stacks, reserved rather than used
MAX_DEPTH = 500  # of nested values: half of what the parent can read, wherever it stands
BUFFER = 2**18  # bytes written and read at a time: where cores are busy, each change between processes costs
OUT_OF_MEMORY = 3  # exit status


def open_in_child(
    path: Path, stack: ExitStack, max_bytes: int, max_memory: int = MAX_MEMORY, max_seconds: int = MAX_SECONDS
) -> Opened:
    """As `spheres.data.readers.detect.open_records`, in a child process that ends with `stack`.

    Args:
        max_bytes: The most that is read of the file, unpacked.
        max_memory: Bytes of data that the child may have.
        max_seconds: Seconds that it may compute; waiting for the consumer of the rows costs none.

    Raises:
        SphereError: As `open_records`, and where the child needs more than it may have; also while the rows are walked.
    """
    check_file(path)
    process = stack.enter_context(
        subprocess.Popen(
            [sys.executable, "-P", "-m", __name__, path, str(max_bytes), str(max_memory), str(max_seconds)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            bufsize=BUFFER,
            # it finds modules where this process does; pyarrow's other allocators keep what they have freed
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "ARROW_DEFAULT_MEMORY_POOL": "system"},
        )
    )
    stack.callback(process.kill)  # before Popen waits for it
    messages = _messages(process, path, max_memory, max_seconds)
    format, separator, notes = next(messages)
    rows = (
        Row(place, record, SphereError(problem[0], **problem[1]) if problem else None, source)
        for place, record, problem, source in messages
    )
    return Opened(format, rows, separator, tuple(Message(template, **values) for template, values in notes))


def _messages(process: subprocess.Popen[bytes], path: Path, max_memory: int, max_seconds: int) -> Iterator[Any]:
    """What the child hands on: format, separator and notes, then the rows; its error is raised here."""
    assert process.stdout
    for line in process.stdout:
        message = json.loads(line)
        if message is None:
            return
        if isinstance(message, dict):
            template, values = message["template"], message["values"]
            # As a path again, which a page shows by its name, without the server's folders
            raise SphereError(template, **{**values, **({"path": path} if "path" in values else {})})
        yield message
    status = process.wait()
    if status == -getattr(signal, "SIGXCPU", 0):
        raise SphereError(
            "{path} takes more than {seconds} seconds to read, which no table of articles does: split the file, or run "
            "`python head.py predict`, which has no limit.",
            path=path,
            seconds=max_seconds,
        )
    if status == OUT_OF_MEMORY or status < 0:  # a library that gets no memory may end by a signal of its own
        raise SphereError(
            "{path} needs more than {megabytes:.0f} MB of memory to be read, which no table of articles does: split "
            "the file, or run `python head.py predict`, which has no limit.",
            path=path,
            megabytes=max_memory / 2**20,
        )
    raise RuntimeError(f"the process that read {path} ended with status {status}")


def main(path: str, max_bytes: str, max_memory: str, max_seconds: str) -> None:
    """What the child does: limit itself, read the file, and write a line of JSON for each row to standard output."""
    _limit_resources(int(max_memory), int(max_seconds))
    sys.setrecursionlimit(MAX_DEPTH)
    out = open(sys.stdout.fileno(), "wb", buffering=BUFFER)  # noqa: PTH123, SIM115 - it ends with the process
    try:
        with ExitStack() as stack:
            opened = open_records(Path(path), stack, int(max_bytes))
            notes = [[note.template, note.values] for note in opened.notes]
            _write(out, [opened.format, opened.separator, notes])
            for row in opened.rows:
                problem = [row.problem.template, row.problem.values] if row.problem else None
                try:
                    _write(out, [row.place, row.record, problem, row.source])
                except RecursionError as e:
                    _write(out, [row.place, None, ["not readable JSON: {reason}", {"reason": e}], ""])
        _write(out, None)
        out.flush()
    except SphereError as error:
        _write(out, {"template": error.template, "values": error.values})
        out.flush()
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except BrokenPipeError:  # nobody wants the rest
        os._exit(0)


def _write(out: IO[bytes], message: object) -> None:
    """A line of UTF-8, in which lone surrogates pass; errors and paths in it become text."""
    out.write(json.dumps(message, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass") + b"\n")


def _limit_resources(max_memory: int, max_seconds: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has none: there, `max_bytes` alone holds
        return
    limits = {
        resource.RLIMIT_DATA: max_memory,
        resource.RLIMIT_AS: max_memory + ADDRESS_SPACE,
        resource.RLIMIT_CPU: max_seconds,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in limits.items():
        _, hard = resource.getrlimit(kind)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (least, hard))


if __name__ == "__main__":
    main(*sys.argv[1:])
