"""What can be wrong with a file as a whole, each as one sentence for its user; shared by the readers."""

from pathlib import Path

from spheres.errors import SphereError


def check_file(path: Path) -> None:
    """Raise SphereError for what is not there, and for folders, pipes and devices."""
    try:
        exists, is_file = path.exists(), path.is_file()
    except (OSError, ValueError):  # a name too long, a folder that may not be entered, a null character
        exists = is_file = False
    if not exists:
        raise SphereError(f"{path} does not exist: check the path.")
    if not is_file:
        raise SphereError(f"{path} is not a file: give a table, JSON, RIS or BibTeX file.")


def check_size(n_bytes: int, max_bytes: int | None, path: Path) -> None:
    """Raise SphereError for more bytes than are to be read; None allows any amount."""
    if max_bytes is not None and n_bytes > max_bytes:
        raise too_large(max_bytes, path)


def too_large(max_bytes: int, path: Path) -> SphereError:
    """The error for a file that holds more bytes than are to be read."""
    return SphereError(
        "{path} holds more than {megabytes:g} MB of data (unpacked), the most that is read here: split the file, or "
        "run `python head.py predict`, which has no limit.",
        path=path,
        megabytes=max_bytes / 1e6,
    )


def unreadable(path: Path, error: OSError) -> SphereError:
    """The error for a file that is there, but that the system does not let us read."""
    return SphereError(
        "{path} could not be read ({reason}): check that you may read it, or give another file.",
        path=path,
        reason=error.strerror or error,
    )


def damaged_after(place: str, path: Path, reason: Exception) -> SphereError:
    """The error for a file that can be read up to a place only."""
    return SphereError(
        "{path} is damaged after {place} ({reason}): fetch it again.", path=path, place=place, reason=reason
    )


def nothing_readable(path: Path, format: str, n_records: int, problem: str) -> SphereError:
    """The error for a file without a readable record; `problem` is that of the first, "" where there is none."""
    if not n_records:
        return SphereError(
            "{path} looks like {format}, but holds no records: give a corpus of articles.", path=path, format=format
        )
    return SphereError(
        "{path} looks like {format}, but none of its {n_records:,} records can be read ({problem}): "
        "give a corpus of articles.",
        path=path,
        format=format,
        n_records=n_records,
        problem=problem,
    )
