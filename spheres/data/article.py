"""`Article`: one article out of a record of any published schema, with arXiv categories in any notation.

Which column is what stands in `COLUMNS`; a new schema is a new name there. Known ones: Kaggle's `arxivdataset`, whose
`tag` holds a Python literal, arXiv's snapshot, whose categories are separated by spaces, and tables with such columns.
"""

import ast
import hashlib
import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spheres.data.row import Record
from spheres.data.taxonomy import known_categories
from spheres.data.text import Text, fit_text, plain
from spheres.errors import SphereError

COLUMNS: dict[str, tuple[str, ...]] = {
    "id": ("id", "arxiv_id", "paper_id", "identifier"),
    "title": ("title", "titles", "paper_title"),
    "abstract": ("abstract", "abstracts", "summary", "summaries"),
    "categories": ("categories", "category", "tag", "tags", "terms", "subjects", "primary_category"),
    "date": ("update_date", "date", "published", "updated"),
}
MAX_LITERAL = 2**16  # characters of a Python or JSON literal in a categories cell


@dataclass(frozen=True)
class Article:
    """One article, whose title and abstract are plain and no longer than `spheres.data.text.MAX_CHARACTERS`."""

    id: str  # the source's; where it has none, one made from the text, so that it is the same every time
    title: str
    abstract: str
    categories: tuple[str, ...] = ()  # arXiv's known ones, the primary first
    date: str = ""  # as the source has it

    @property
    def text(self) -> Text:
        """Title and abstract, as all that reads an article takes them."""
        return Text(self.title, self.abstract)


def to_article(record: Record) -> Article:
    """Read one record of any known schema.

    >>> to_article({"titles": "On trees", "summaries": "We climb.", "terms": "['cs.DS', 'math.CO']", "id": 7})
    Article(id='7', title='On trees', abstract='We climb.', categories=('cs.DS', 'math.CO'), date='')
    """
    columns = {name.strip().lower(): value for name, value in record.items() if isinstance(name, str)}
    values = {wanted: next((columns[n] for n in names if columns.get(n)), None) for wanted, names in COLUMNS.items()}
    text = Text(_text(values["title"]), _text(values["abstract"]))
    digest = hashlib.sha256("\n".join(text).encode()).hexdigest()  # of all of it, before any is cut
    title, abstract = fit_text(text)
    return Article(
        id=_text(values["id"]) or f"text:{digest[:16]}",
        title=title,
        abstract=abstract,
        categories=tuple(known_categories(parse_categories(values["categories"]))),
        date=_text(values["date"]) or _date(columns),
    )


def check_columns(columns: Iterable[str], path: Path, format: str, labelled: bool) -> None:
    """Raise SphereError where no column is a title or an abstract, or, where labels are wanted, categories."""
    names = {name.strip().lower() for name in columns}
    missing = [] if names.intersection(COLUMNS["title"] + COLUMNS["abstract"]) else ["title or abstract"]
    if labelled and not names.intersection(COLUMNS["categories"]):
        missing.append("categories")
    if missing:
        raise SphereError(
            "{path} ({format}) has no column for {missing}; its columns are {columns}: rename the right one.",
            path=path,
            format=format,
            missing=", nor for ".join(missing),
            columns=", ".join(plain(name)[:40] for name in sorted(names)[:12]),
        )


def _text(value: Any) -> str:
    """Strings and numbers as plain text; anything else (lists, objects, NaN, infinities) is no text."""
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    return plain(str(value)) if isinstance(value, str | int | float) else ""


def _date(columns: Record) -> str:
    parts = [_text(columns.get(part)) for part in ("year", "month", "day")]
    return "-".join(part.zfill(2) for part in parts) if all(part.isdecimal() for part in parts) else ""


def parse_categories(value: Any) -> list[str]:
    """Names of categories out of whatever a source keeps them in; what cannot be read gives none.

    >>> parse_categories("[{'term': 'cs.AI', 'scheme': None}, {'term': 'cs.CL', 'scheme': None}]")
    ['cs.AI', 'cs.CL']
    """
    if isinstance(value, str):
        if value.strip()[:1] in ("[", "(", "{"):
            return parse_categories(_literal(value.strip()))
        return [name for name in re.split(r"[\s,;|]+", value) if name]
    if isinstance(value, dict):
        return parse_categories(value.get("term"))
    if isinstance(value, list | tuple | set):
        # an item may not be a literal again: that would let a hostile cell recurse
        return [n for item in value if not isinstance(item, list | tuple | set) for n in parse_categories(item)]
    return []


def _literal(text: str) -> Any:
    """A Python or JSON literal, never evaluated as code; None where it is neither, or longer than any list of names."""
    if len(text) > MAX_LITERAL:
        return None
    for parse in (ast.literal_eval, json.loads):
        try:
            return parse(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return None
