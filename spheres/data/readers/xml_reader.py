"""Records out of arXiv's XML: Atom as its API answers, and OAI-PMH (arXiv, arXivRaw, Dublin Core), as a stream.

By the standard library's parser through defusedxml, which refuses a document that declares entities of its own.
"""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spheres.data.readers.problems import damaged_after
from spheres.data.row import Row
from spheres.errors import SphereError

# By the document's first element
FORMATS = {"feed": "arXiv Atom", "OAI-PMH": "OAI-PMH", "ListRecords": "OAI-PMH", "records": "OAI-PMH"}
BEGINNING = re.compile(rb"(?:\xef\xbb\xbf|\s)*")  # marks and blanks, which the parser takes for text
ENTRIES = ("entry", "record")
NAMES = {
    **{"summary": "abstract", "description": "abstract", "identifier": "id", "creator": "authors", "author": "authors"},
    **{"primary_category": "primary_category", "category": "categories", "setSpec": "sets", "subject": "subjects"},
}


def read_xml(binary: io.BufferedReader, path: Path) -> tuple[str, Iterator[Row]]:
    """What the document is, and its records.

    Raises:
        SphereError: It is another kind of XML, or damaged; the latter also while the rows are walked.
    """
    from defusedxml.ElementTree import iterparse

    found = BEGINNING.match(binary.peek())
    binary.read(found.end() if found else 0)
    events = iterparse(binary, events=("start", "end"), forbid_dtd=False)
    root = next(_events(events, path, "its start"))[1]
    name = FORMATS.get(_local(root.tag))
    if name is None:
        raise SphereError(
            "{path} is XML of another kind ({name}): give arXiv's Atom or OAI-PMH, or export it as CSV, RIS or BibTeX.",
            path=path,
            name=_local(root.tag)[:40],
        )
    return name, _rows(events, root, path)


def _events(events: Any, path: Path, place: str) -> Iterator[tuple[str, Any]]:
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException

    try:
        yield from events
    except ParseError as e:
        raise damaged_after(place, path, e) from e
    except DefusedXmlException as e:
        raise SphereError(
            "{path} declares entities of its own, which no list of articles does: fetch it from arXiv again.", path=path
        ) from e


def _rows(events: Any, root: Any, path: Path) -> Iterator[Row]:
    number, depth, open_entry = 0, 1, 0
    for event, element in _events(events, path, "its last whole record"):
        depth += 1 if event == "start" else -1
        if event == "start" and not open_entry and _local(element.tag) in ENTRIES:
            open_entry = depth
        elif event == "end" and open_entry == depth + 1:
            number, open_entry = number + 1, 0
            yield _row(f"record {number}", element)
            element.clear()
            root.clear()


def _row(place: str, entry: Any) -> Row:
    header = next((child for child in entry if _local(child.tag) == "header"), None)
    if header is not None and header.get("status") == "deleted":
        return Row(place, problem=SphereError("the record was deleted at its source"))
    values: dict[str, list[str]] = {}
    for element in entry.iter():
        if len(element) and _local(element.tag) not in ("author", "title", "summary"):
            continue  # only a folder for others
        name, text = _local(element.tag), " ".join("".join(element.itertext()).split())
        text = element.get("term") or text or (element.get("href") if name == "link" else "") or ""
        column = NAMES.get(name, name)
        if text and not (column == "abstract" and text.startswith("Comment:") and values.get(column)):
            values.setdefault(column, []).append(text)
    if "abstract" in values:
        values["abstract"] = values["abstract"][:1]
    return Row(place, {column: texts[0] if len(texts) == 1 else texts for column, texts in values.items()})


def _local(tag: str) -> str:
    """A name without its namespace.

    >>> _local("{http://www.w3.org/2005/Atom}entry")
    'entry'
    """
    return tag.rpartition("}")[2]
