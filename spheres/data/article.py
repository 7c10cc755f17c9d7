"""`Article`: one article out of a record of any published schema, with arXiv categories in any notation.

Which column is what is for `spheres.data.columns` to say. Categories stand in a Python literal in Kaggle's
`arxivdataset`, between spaces in arXiv's snapshot, and in other ways elsewhere.
"""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

from spheres.data.columns import Columns, find_columns, parse_literal, to_text
from spheres.data.row import Record
from spheres.data.taxonomy import known_categories
from spheres.data.text import Text, fit_text, placeholder_in, without_placeholders

MAX_LITERAL = 2**16  # characters of a Python or JSON literal in a categories cell


@dataclass(frozen=True)
class Article:
    """One article, whose title and abstract are plain and no longer than `spheres.data.text.MAX_CHARACTERS`."""

    id: str  # the source's; where it has none, one made from the text, so that it is the same every time
    title: str
    abstract: str
    categories: tuple[str, ...] = ()  # arXiv's known ones, the primary first
    date: str = ""  # as the source has it
    placeholder: str = field(default="", repr=False)  # "title" or "abstract" where it says only that there is none

    @property
    def text(self) -> Text:
        """Title and abstract, as all that reads an article takes them."""
        return Text(self.title, self.abstract)


def to_article(record: Record, columns: Columns | None = None) -> Article:
    """Read one record of any known schema.

    Args:
        record: Its columns; values of any type.
        columns: Those of the file that it comes from; None looks for them among the record's own.

    >>> to_article({"titles": "On trees", "summaries": "We climb.", "terms": "['cs.DS', 'math.CO']", "id": 7})
    Article(id='7', title='On trees', abstract='We climb.', categories=('cs.DS', 'math.CO'), date='')
    """
    columns = columns or find_columns(record)
    given = Text(columns.text("title", record), columns.text("abstract", record))
    text = without_placeholders(given)
    digest = hashlib.sha256("\n".join(text).encode()).hexdigest()  # of all of it, before any is cut
    title, abstract = fit_text(text)
    return Article(
        id=columns.text("id", record) or f"text:{digest[:16]}",
        title=title,
        abstract=abstract,
        categories=_categories(record, columns),
        date=columns.text("date", record) or _date(record),
        placeholder=placeholder_in(*given, text),
    )


def _categories(record: Record, columns: Columns) -> tuple[str, ...]:
    """arXiv's, of the first column that holds any, the primary first."""
    primary, others = (
        next(filter(None, (known_categories(parse_categories(record.get(name))) for name in names)), [])
        for names in (columns.primary, columns.categories)
    )
    return tuple(dict.fromkeys((*primary, *others)))


def _date(record: Record) -> str:
    """Of the year, month and day in columns of their own, as in the Kaggle set."""
    parts = [to_text(record.get(part)) for part in ("year", "month", "day")]
    return "-".join(part.zfill(2) for part in parts) if all(part.isdecimal() for part in parts) else ""


def parse_categories(value: Any) -> list[str]:
    """Names of categories out of whatever a source keeps them in; what cannot be read gives none.

    >>> parse_categories("[{'term': 'cs.AI', 'scheme': None}, {'term': 'cs.CL', 'scheme': None}]")
    ['cs.AI', 'cs.CL']
    """
    if isinstance(value, str):
        if value.strip()[:1] in ("[", "(", "{"):
            return parse_categories(parse_literal(value.strip(), MAX_LITERAL))
        return [name for name in re.split(r"[\s,;|]+", value) if name]
    if isinstance(value, dict):
        return parse_categories(value.get("term"))
    if isinstance(value, list | tuple | set):
        # an item may not be a literal again: that would let a hostile cell recurse
        return [n for item in value if not isinstance(item, list | tuple | set) for n in parse_categories(item)]
    return []
