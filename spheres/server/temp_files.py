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


def use_private_folder() -> None:
    """Make the folder, point Python's and Gradio's temporary files to it, and keep it clean until the process ends.

    It lies where GRADIO_TEMP_DIR says, else where temporary files do, and only this user may look into it.

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
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(lock.release)  # what is registered last runs first
    threading.Thread(target=_keep_clean, args=(folder,), daemon=True, name="temp-files").start()


def remove_abandoned(parent: Path) -> None:
    """Remove the folders of servers that were killed: nobody holds their lock."""
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            if folder.is_symlink() or not folder.is_dir() or time.time() - folder.stat().st_mtime < MIN_AGE_ABANDONED:
                continue
            with FileLock(folder / LOCK, timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
        except (Timeout, OSError):  # one that is in use, or another user's
            continue


def remove_old(folder: Path, max_age: float) -> int:
    """Delete the files that are older than `max_age` seconds, and then the folders that are empty; count the files.

    A file that is handed out again counts from then on: Gradio touches it.
    """
    now, n = time.time(), 0
    for root, folders, files in os.walk(folder, topdown=False):
        for name in [*files, *folders]:
            path = Path(root, name)
            unfinished = name in files and path.parent == folder / VISITORS
            limit = min(max_age, MAX_AGE_UNFINISHED) if unfinished else max_age
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


def _keep_clean(folder: Path) -> None:
    while True:
        time.sleep(INTERVAL)
        remove_old(folder, MAX_AGE)
