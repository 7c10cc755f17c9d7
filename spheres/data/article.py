"""`Article`: one article out of a record of any published schema, with arXiv categories in any notation.

Which column is what is for `spheres.data.columns` to say, and what a cell of categories holds for
`spheres.data.categories`.
"""

import hashlib
from dataclasses import dataclass, field

from spheres.data.categories import parse_categories
from spheres.data.columns import Columns, find_columns, with_inner_columns
from spheres.data.row import Record
from spheres.data.text import Text, fit_text, placeholder_in, without_placeholders
from spheres.data.values import to_text


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
    record = with_inner_columns(record)
    columns = columns or find_columns(record)
    given = Text(columns.text("title", record), columns.text("abstract", record))
    text = without_placeholders(given)
    digest = hashlib.sha256("\n".join(text).encode()).hexdigest()  # of all of it, before any is cut
    title, abstract = fit_text(text)
    return Article(
        id=columns.text("id", record) or f"text:{digest[:16]}",
        title=title,
        abstract=abstract,
        categories=listed_categories(record, columns),
        date=columns.text("date", record) or _date(record),
        placeholder=placeholder_in(*given, text),
    )


def listed_categories(record: Record, columns: Columns) -> tuple[str, ...]:
    """arXiv's categories, of the first column that holds codes, else names; the primary first, wherever it stands."""
    primary, others = (
        [parse_categories(record[name]) for name in names if name in record]
        for names in (columns.primary, columns.categories)
    )
    first, rest = (max(held, key=_holds, default=[]) for held in (primary, others))
    if first and "." not in first[0]:  # "cs" beside cs.LG is that one; max takes the first of equals
        first = [next((name for name in rest if name.partition(".")[0] == first[0]), first[0])]
    return tuple(dict.fromkeys((*first, *rest)))


def _holds(categories: list[str]) -> int:
    """2 for codes, 1 for names of whole archives, which may be keywords, 0 for nothing."""
    return max((1 + ("." in name or "-" in name) for name in categories), default=0)


def _date(record: Record) -> str:
    """Of the year, month and day in columns of their own, as in the Kaggle set."""
    parts = [to_text(record.get(part)) for part in ("year", "month", "day")]
    return "-".join(part.zfill(2) for part in parts) if all(part.isdecimal() for part in parts) else ""
