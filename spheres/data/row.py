"""A row of a file, whatever its format: a record, or the reason why it could not be read."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spheres.errors import SphereError

MAX_RECORD = 8 * 2**20  # characters; a longer record is taken for a broken one
CHUNK = 2**20

Record = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One record of the file, or the reason why it could not be read.

    place : where it stands, as a person would look it up: "line 7", "record 7", "row 7"
    """

    place: str
    record: Record | None = None
    problem: SphereError | None = None


def distinct(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Each of `names` under a name of its own: one that is taken, or came before, gets a number.

    >>> distinct(["note", "title", "note"]), distinct(["note"], taken=["title", "note", "note_2"])
    (['note', 'title', 'note_2'], ['note_3'])
    """
    wanted = list(names)
    used, given, result = set(taken), set(wanted), []
    numbers: dict[str, int] = {}  # where to go on counting: a million columns of one name take no million tries each
    for name in wanted:
        candidate = name
        while candidate in used or (candidate != name and candidate in given):
            numbers[name] = numbers.get(name, 1) + 1
            candidate = f"{name}_{numbers[name]}"
        used.add(candidate)
        result.append(candidate)
    return result


def check_size(n_bytes: int, max_bytes: int | None, path: Path) -> None:
    """Refuse more bytes than are to be read.

    raises : SphereError
    """
    if max_bytes is not None and n_bytes > max_bytes:
        raise SphereError(
            "{path} holds more than {megabytes:g} MB of data (unpacked), the most that is read here: "
            "split the file, or run `python head.py predict`, which has no limit.",
            path=path,
            megabytes=max_bytes / 1e6,
        )


def damaged_after(place: str, path: Path, reason: Exception) -> SphereError:
    """What to raise of a file that can be read until here only."""
    return SphereError(
        "{path} is damaged after {place} ({reason}): fetch it again.", path=path, place=place, reason=reason
    )
