"""One writer at a time.

    with only_writer(lock_of(folder), folder, ", or give another --out"): ...

The system gives the lock back when its holder ends, however it ends: none is left behind by a run that was killed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from spheres.errors import SphereError
from spheres.files.atomic import make_folder


@contextmanager
def only_writer(lock: Path, of: Path, way_out: str) -> Iterator[None]:
    """Hold `lock` for the time of the block; what is written in it is `of`.

    way_out : what to do where it is held, besides waiting
    raises  : SphereError, at once, where another run holds it, or the file cannot be made
    """
    make_folder(lock.parent)
    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except Timeout:
        raise SphereError(f"another run is writing {of}: wait for it{way_out}.") from None
    except OSError as e:
        raise SphereError(f"{lock} could not be written ({e.strerror or e}): name another folder.") from e
    try:
        yield
    finally:
        held.release()


def lock_of(folder: Path) -> Path:
    """The lock of an encoder's artifacts, which whatever writes into the folder holds."""
    return folder.with_name(folder.name + ".lock")
