"""A private temporary folder for visitors' files, in which nothing stays for over a day.

    use_private_folder()        # before Gradio is imported, which then keeps its files there

Gradio's own folder is shared by all pages of the machine and readable by other users, and Gradio deletes only the files
it recorded: not broken-off uploads, not those of a killed server. In this folder everything is deleted by age; the rest
goes with the server, or when the next one starts.
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

PREFIX, LOCK, VISITORS = "spheres-page-", ".lock", "visitors"  # of the folder; in it; Gradio's own part of it
HOUR = 3600.0  # seconds
MAX_AGE, INTERVAL = 23 * HOUR, HOUR / 4  # a file is deleted at this age or at the next look: within a day
MAX_AGE_UNFINISHED = HOUR / 4  # of an upload that broke off: it lies outside of any file's own folder
MIN_AGE_ABANDONED = 60.0  # seconds: a younger folder's server may not have locked it yet


def use_private_folder(max_age: float = MAX_AGE, interval: float = INTERVAL) -> Path:
    """Make the folder, point Python's and Gradio's temporary files to it, and keep it clean until the process ends.

    It lies where GRADIO_TEMP_DIR says, else where temporary files do, and only this user may look into it.

    Args:
        max_age: seconds after which a file is deleted.
        interval: seconds between two looks.

    Raises:
        SphereError: the folder cannot be made.
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
    threading.Thread(target=_keep_clean, args=(folder, max_age, interval), daemon=True, name="temp-files").start()
    return folder


def remove_abandoned(parent: Path, min_age: float = MIN_AGE_ABANDONED) -> None:
    """Remove the folders of servers that were killed: nobody holds their lock."""
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            if folder.is_symlink() or not folder.is_dir() or time.time() - folder.stat().st_mtime < min_age:
                continue
            with FileLock(folder / LOCK, timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
        except (Timeout, OSError):  # one that is in use, or another user's
            continue


def remove_old(folder: Path, max_age: float, max_age_unfinished: float = MAX_AGE_UNFINISHED) -> int:
    """Delete the files that are older than `max_age` seconds, and then the folders that are empty.

    A file that is handed out again counts from then on: Gradio touches it.

    Returns:
        The number of files that were deleted.
    """
    now, n = time.time(), 0
    for root, folders, files in os.walk(folder, topdown=False):
        for name in [*files, *folders]:
            path = Path(root, name)
            unfinished = name in files and path.parent == folder / VISITORS
            limit = min(max_age, max_age_unfinished) if unfinished else max_age
            try:
                if now - path.lstat().st_ctime < limit or path in (folder / LOCK, folder / VISITORS):
                    continue
                if name in files or path.is_symlink():
                    path.unlink()
                    n += 1
                else:
                    path.rmdir()  # only where it is empty
            except OSError:  # gone already, or not empty
                continue
    return n


def _keep_clean(folder: Path, max_age: float, interval: float) -> None:
    while True:
        time.sleep(interval)
        remove_old(folder, max_age)


def _remove(folder: Path, lock: FileLock) -> None:
    lock.release()
    shutil.rmtree(folder, ignore_errors=True)
