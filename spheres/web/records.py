"""What a program sends to `/classify` and `/classify_many`, texts and lists of records: read, or refused in English."""

from __future__ import annotations

from spheres.data.text import Text, is_utf8, placeholder_in, prepare_text
from spheres.errors import SphereError

NO_TEXTS = "Title and abstract must be texts."
MAX_RECORDS = 256  # of one call of /classify_many: some ten seconds of computing
MAX_RECORD_CHARACTERS = 500_000  # of their titles and abstracts together: so many abstracts of arXiv's greatest length
MAX_ID = 2**53  # beyond, JSON's numbers are not exact everywhere


def read_text(title: object, abstract: object) -> tuple[Text, str]:
    """The plain text of what a program sent, and which part is only a placeholder; SphereError where it is none."""
    title, abstract = ("" if part is None else part for part in (title, abstract))  # JSON's null for a part unknown
    if not isinstance(title, str) or not isinstance(abstract, str):
        raise SphereError(NO_TEXTS)
    text = prepare_text(title, abstract)
    return text, placeholder_in(title, abstract, text)


def check_size(records: object) -> None:
    """Refuse what is no list of records, or too long a one."""
    if not isinstance(records, list):
        raise SphereError("The records must be a list of objects with id, title and abstract.")
    if len(records) > MAX_RECORDS:
        raise SphereError(
            "The list has {found:,} records, more than the {most} allowed: send several lists, or a file to "
            "/classify_file.",
            found=len(records),
            most=MAX_RECORDS,
        )
    parts = (record.get(name) for record in records if isinstance(record, dict) for name in ("title", "abstract"))
    length = sum(len(part) for part in parts if isinstance(part, str))
    if length > MAX_RECORD_CHARACTERS:
        raise SphereError(
            "The records have {found:,} characters together, more than the {most:,} allowed: send several lists, or a "
            "file to /classify_file.",
            found=length,
            most=MAX_RECORD_CHARACTERS,
        )


def read_record(record: object) -> tuple[str | int | None, Text | None, str, str]:
    """A record's id, its text, which part is only a placeholder, and why there is no text; in English."""
    if not isinstance(record, dict):
        return None, None, "", "This record is no object: give one with id, title and abstract."
    id = record.get("id")
    if not (id is None or _is_id(id)):
        return None, None, "", "The id must be a text or a whole number."
    try:
        return id, *read_text(record.get("title"), record.get("abstract")), ""
    except SphereError as error:
        return id, None, "", str(error)


def _is_id(value: object) -> bool:
    """Whether it comes back as it was sent: half a surrogate pair does not, nor a number of any length."""
    if isinstance(value, str):
        return is_utf8(value)
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_ID
