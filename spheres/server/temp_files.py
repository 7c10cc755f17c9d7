"""Where the server keeps what visitors send and take away: a folder of its own, and nothing in it for over a day.

    own_folder()        # before Gradio is imported, which then keeps its files there

Gradio's folder is shared by all pages of the machine and readable by other users, and Gradio deletes only the files it
recorded: not broken-off uploads, not those of a killed server. This folder is private, and everything in it is deleted
by age; what is left goes with the server, or when the next one starts.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

from filelock import FileLock, Timeout

from spheres.errors import SphereError

PREFIX, LOCK, VISITORS = "spheres-page-", ".lock", "visitors"
HOUR = 3600.0  # seconds
AGE, EVERY = 23 * HOUR, HOUR / 4  # a file goes at this age, or at the next of these moments: within a day
BROKEN_OFF = HOUR / 4  # age of an upload that nothing more came of: it lies outside of any file's own folder
YOUNG = 60.0  # seconds: a folder whose lock may not be taken yet


def own_folder(age: float = AGE, every: float = EVERY) -> Path:
    """Make the folder, point Python's and Gradio's temporary files to it, and keep it clean until the process ends.

    age    : seconds after which a file is deleted
    every  : seconds between two looks at them
    raises : SphereError where the folder cannot be made

    It lies where GRADIO_TEMP_DIR says, else where temporary files do, and only this user may look into it.
    """
    parent = Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir()).resolve()
    try:
        parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(parent)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))  # 0700
        (folder / VISITORS).mkdir()
    except OSError as error:
        raise SphereError(
            f"The folder for visitors' files, {parent}, cannot be written ({error.strerror}): name another one in the "
            "environment variable GRADIO_TEMP_DIR."
        ) from error
    lock = FileLock(folder / LOCK)
    lock.acquire(timeout=0)
    os.environ["GRADIO_TEMP_DIR"] = str(folder / VISITORS)
    tempfile.tempdir = str(folder)
    atexit.register(_remove, folder, lock)
    threading.Thread(target=_keep_clean, args=(folder, age, every), daemon=True, name="storage").start()
    return folder


def remove_abandoned(parent: Path) -> None:
    """Remove folders of servers that were killed: nobody holds their lock."""
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            if folder.is_symlink() or not folder.is_dir() or time.time() - folder.stat().st_mtime < YOUNG:
                continue
            with FileLock(folder / LOCK, timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
        except (Timeout, OSError):  # one that is in use, or another user's
            continue


def remove_old(folder: Path, age: float) -> int:
    """Delete what has lain in the folder for more than `age` seconds; returns how many files that were.

    A file that is handed out again counts from then on: Gradio touches it.
    """
    now, n = time.time(), 0
    for root, folders, files in os.walk(folder, topdown=False):
        for name in [*files, *folders]:
            path = Path(root, name)
            broken_off = name in files and path.parent == folder / VISITORS
            try:
                young = now - path.lstat().st_ctime < (min(age, BROKEN_OFF) if broken_off else age)
                if young or path in (folder / LOCK, folder / VISITORS):
                    continue
                if name in files or path.is_symlink():
                    path.unlink()
                    n += 1
                else:
                    path.rmdir()  # only where it is empty
            except OSError:  # gone already, or not empty
                continue
    return n


def _keep_clean(folder: Path, age: float, every: float) -> None:
    while True:
        time.sleep(every)
        remove_old(folder, age)


def _remove(folder: Path, lock: FileLock) -> None:
    lock.release()
    shutil.rmtree(folder, ignore_errors=True)
