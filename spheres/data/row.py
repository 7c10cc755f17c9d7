"""`Row`: one record of a file, whatever its format, or the reason why it cannot be read."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from spheres.errors import SphereError

MAX_RECORD = 8 * 2**20  # characters; a longer record is taken for a broken one

Record = dict[str, Any]  # column -> what JSON has: text, number, true or false, None, list or object


@dataclass(frozen=True)
class Row:
    """One record, or the reason why there is none."""

    place: str  # as a person would look it up: "line 7", "record 7", "row 7"
    record: Record | None = None
    problem: SphereError | None = None
    source: str = ""  # the entry's own text where the format is one of references (RIS, BibTeX ...), to be given back


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
