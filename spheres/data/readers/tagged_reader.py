"""Records out of reference managers' tagged text: RIS, PubMed's nbib, EndNote and Web of Science, an entry at a time.

One reader for four formats that differ in their tags alone: rispy reads two of them, and keeps neither the text of an
entry, which is given back as it came, nor its line, which a problem is named by.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TextIO

from spheres.data.row import MAX_RECORD, Row
from spheres.errors import SphereError


@dataclass(frozen=True)
class TaggedFormat:
    """How the lines of a format look, and what its tags mean.

    Attributes:
        name: For people.
        line: Matches a line with a tag; groups `tag` and `value`. Other lines go on with the value before.
        first: The tag that begins an entry.
        last: The tag that ends one; "" where the next entry, or the end of the file, does.
        about_file: Tags of the file rather than of an entry.
        columns: Column of the record by tag; further tags are columns of their own. Of several tags with one column
            the earlier in this table wins.
    """

    name: str
    line: re.Pattern[str]
    first: str
    last: str
    about_file: tuple[str, ...]
    columns: Mapping[str, str]


FORMATS = (
    TaggedFormat(
        "RIS",
        re.compile(r"(?P<tag>[A-Z][A-Z0-9])  ?- ?(?P<value>.*)"),
        "TY",
        "ER",
        (),
        {
            **{
                "TY": "type",
                "TI": "title",
                "T1": "title",
                "CT": "title",
                "BT": "title",
                "AB": "abstract",
                "N2": "abstract",
            },
            **{"AU": "authors", "A1": "authors", "PY": "year", "Y1": "year", "JO": "journal", "T2": "journal"},
            **{"JF": "journal", "KW": "keywords", "DO": "doi", "ID": "id", "UR": "url"},
        },
    ),
    TaggedFormat(
        "PubMed",
        re.compile(r"(?P<tag>[A-Z]{2,4}) {0,2}- (?P<value>.*)"),
        "PMID",
        "",
        (),
        {
            **{
                "PMID": "id",
                "TI": "title",
                "TT": "original title",
                "AB": "abstract",
                "FAU": "authors",
                "AU": "authors",
            },
            **{"DP": "year", "JT": "journal", "TA": "journal", "OT": "keywords", "MH": "subject headings"},
        },
    ),
    TaggedFormat(
        "EndNote",
        re.compile(r"(?P<tag>%[0-9A-Z@!#$&^<>?+*\[\]~()-])(?: (?P<value>.*))?"),
        "%0",
        "",
        (),
        {
            **{"%0": "type", "%T": "title", "%X": "abstract", "%A": "authors", "%D": "year", "%J": "journal"},
            **{"%K": "keywords", "%R": "doi", "%M": "id", "%U": "url"},
        },
    ),
    TaggedFormat(
        "Web of Science",
        re.compile(r"(?P<tag>[A-Z][A-Z0-9])(?: (?P<value>.*))?"),
        "PT",
        "ER",
        ("FN", "VR", "EF"),
        {
            **{"PT": "type", "TI": "title", "AB": "abstract", "AU": "authors", "AF": "authors", "PY": "year"},
            **{"SO": "journal", "DE": "keywords", "DI": "doi", "UT": "id"},
        },
    ),
)
BEGINNINGS = (  # of the formats, in their order
    r"^TY {1,2}-",
    r"^PMID ?- ?\d",
    r"^%0 \w",
    r"^(FN |PT )[^\t\r\n]*\r?\n(VR |PT |[A-Z][A-Z0-9] )",
)
BLANK = "\ufeff\x1a \t\r\n"
LISTS = ("authors", "keywords", "subject headings")  # a value a line, of which each is one more


def tagged_format(head: str) -> TaggedFormat | None:
    """The format of a file that begins with `head`; None for any other file."""
    for pattern, format in zip(BEGINNINGS, FORMATS, strict=True):
        if re.search(pattern, head, re.MULTILINE):
            return format
    return None


def read_tagged(text: TextIO, format: TaggedFormat) -> Iterator[Row]:
    """Stream the entries; text that stands between two, such as an entry without its first line, is one row."""
    n_entries = 0
    for start, lines, is_entry in _blocks(text, format):
        place = f"line {start}"
        if sum(map(len, lines)) > MAX_RECORD:
            yield Row(place, problem=SphereError("longer than {most:,} characters", most=MAX_RECORD))
        elif is_entry:
            n_entries += 1
            yield _entry(lines, start, format)
        else:
            passed_over = (*format.about_file, format.last)
            texts = [
                (n, line)
                for n, line in enumerate(lines, start)
                if line.strip(BLANK) and (not (tag := _tag(line, format)) or tag not in passed_over)
            ]
            # What an exporter says before the first entry has no tags
            if texts and (n_entries or any(_tag(line, format) for _, line in texts)):
                problem = SphereError("text outside of any entry: {text}", text=texts[0][1].strip()[:40])
                yield Row(f"line {texts[0][0]}", problem=problem, source="".join(lines).strip("\r\n"))


def _blocks(text: TextIO, format: TaggedFormat) -> Iterator[tuple[int, list[str], bool]]:
    """The entries and what stands before and between them.

    Yields:
        Number of the first line, the lines (no more than just exceed MAX_RECORD), and whether they are an entry.
    """
    start, block, is_entry, size = 1, list[str](), False, 0
    for number, line in enumerate(iter(lambda: text.readline(MAX_RECORD), ""), 1):
        tag = _tag(line, format)
        if tag == format.first:
            yield start, block, is_entry
            start, block, is_entry, size = number, [], True, 0
        if size <= MAX_RECORD:
            block.append(line)
        size += len(line)
        if is_entry and tag and tag == format.last:
            yield start, block, True
            start, block, is_entry, size = number + 1, [], False, 0
    yield start, block, is_entry


def _tag(line: str, format: TaggedFormat) -> str:
    found = format.line.match(line.lstrip("\ufeff").rstrip("\r\n"))
    return found["tag"] if found else ""


def _entry(lines: list[str], start: int, format: TaggedFormat) -> Row:
    """The record of an entry, with its own text."""
    values: dict[str, list[str]] = {}
    tag = ""
    for line in lines:
        content = line.lstrip("\ufeff").rstrip("\r\n")
        if found := format.line.match(content):
            tag = found["tag"]
            values.setdefault(tag, []).append((found["value"] or "").strip())
        elif content.strip() and tag:
            going_on = values[tag]
            if format.columns.get(tag) in LISTS:
                going_on.append(content.strip())
            else:
                going_on[-1] = f"{going_on[-1]} {content.strip()}".strip()
    values.pop(format.last, None)
    record: dict[str, str] = {}
    for tag in sorted(values, key=lambda tag: list(format.columns).index(tag) if tag in format.columns else 99):
        column = format.columns.get(tag, tag)
        value = ("; " if column in LISTS else " ").join(filter(None, values[tag]))
        if not record.get(column):
            record[column] = value
        elif tag != column:
            record[tag] = value
    source = "".join(lines).strip("\ufeff\r\n")
    return Row(f"line {start}", record, source=source)
