"""Articles out of a corpus: any of the published schemas to one `Article`, counted, each once.

    corpus = Corpus(Path("arxivData.json"))
    for article in corpus: ...
    print(corpus.counts)

What a column may be called stands in `COLUMNS`; a new schema is a new name there. Known ones: the Kaggle data set
`neelshah18/arxivdataset` (JSON list; `tag` is a Python literal in a string), arXiv's own snapshot (JSON lines;
`categories` separated by spaces), and tables with title / abstract / categories columns.
"""

import ast
import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spheres.errors import SphereError
from spheres.formats import check_file, open_records, unreadable
from spheres.groups import known_categories
from spheres.rows import Record
from spheres.texts import clean

COLUMNS: dict[str, tuple[str, ...]] = {
    "id": ("id", "arxiv_id", "paper_id", "identifier"),
    "title": ("title", "titles", "paper_title"),
    "abstract": ("abstract", "abstracts", "summary", "summaries"),
    "categories": ("categories", "category", "tag", "tags", "terms", "subjects", "primary_category"),
    "date": ("update_date", "date", "published", "updated"),
}
MAX_LITERAL = 2**16  # characters of a Python or JSON literal in a categories cell
SHOWN_PROBLEMS = 5


@dataclass(frozen=True)
class Article:
    """One article. `categories` are arXiv's known ones, the primary first; `date` is as the source has it."""

    id: str
    title: str
    abstract: str
    categories: tuple[str, ...] = ()
    date: str = ""


@dataclass
class Counts:
    """What became of the records: `read` is the sum of all others."""

    read: int = 0
    kept: int = 0
    without_text: int = 0
    without_category: int = 0
    duplicated: int = 0
    broken: int = 0
    not_sampled: int = 0
    problems: list[str] = field(default_factory=list)  # the first few broken records, each with its place

    def __str__(self) -> str:
        """One line for people.

        >>> print(Counts(read=3, kept=2, broken=1))
        3 records read: 2 articles kept; skipped: 0 without title and abstract, 0 without a known category, \
0 duplicated, 1 broken
        """
        return (
            f"{self.read:,} records read: {self.kept:,} articles kept; skipped: {self.without_text:,} without title "
            f"and abstract, {self.without_category:,} without a known category, {self.duplicated:,} duplicated, "
            f"{self.broken:,} broken" + (f", {self.not_sampled:,} not in the sample" if self.not_sampled else "")
        )


class Corpus:
    """A corpus file, read as a stream; may be walked any number of times.

    path     : the file; its format is recognised by content
    labelled : skip articles without a known category (for training); otherwise keep them (for prediction)
    sample   : the share of the articles that is read, chosen by their ids; 1.0 reads all

    After a walk `counts` tells what was kept and skipped, and `format` what was found.
    """

    def __init__(self, path: Path, labelled: bool = True, sample: float = 1.0) -> None:
        if not 0 < sample <= 1:
            raise SphereError(f"--sample is {sample}: give a number above 0 and at most 1.")
        self.path = path
        self.sample = sample
        self.labelled = labelled
        self.format = ""
        self.counts = Counts()

    def __iter__(self) -> Iterator[Article]:
        """Articles in the file's order.

        raises : SphereError where the file is no corpus: unknown format, no column for title or abstract
        """
        counts = self.counts = Counts()
        seen: set[bytes] = set()
        with ExitStack() as stack:
            opened = open_records(self.path, stack)
            self.format = opened.format
            for row in opened.rows:
                counts.read += 1
                if row.record is None:
                    counts.broken += 1
                    if len(counts.problems) < SHOWN_PROBLEMS:
                        counts.problems.append(f"{row.place}: {row.problem}")
                    continue
                if counts.read - counts.broken == 1:
                    check_columns(row.record, self.path, self.format, self.labelled)
                article = to_article(row.record)
                if reason := self._reason_to_skip(article, seen):
                    setattr(counts, reason, getattr(counts, reason) + 1)
                else:
                    counts.kept += 1
                    yield article
        if counts.read == counts.broken:
            raise nothing_readable(self.path, self.format, counts.read, "".join(counts.problems[:1]))

    def fingerprint(self) -> str:
        """sha256 of the file's bytes: the same corpus is known again without reading its articles."""
        check_file(self.path)
        try:
            with self.path.open("rb") as f:
                digest = hashlib.file_digest(f, "sha256").hexdigest()
        except OSError as e:
            raise unreadable(self.path, e) from e
        return digest if self.sample == 1 else f"{digest}, sample {self.sample}"

    def _reason_to_skip(self, article: Article, seen: set[bytes]) -> str:
        if not article.title and not article.abstract:
            return "without_text"
        if self.labelled and not article.categories:
            return "without_category"
        if not self.labelled:
            return ""  # every record wants its own answer
        key = hashlib.blake2b(base_id(article.id).encode("utf-8", "replace"), digest_size=8).digest()
        if key in seen:
            return "duplicated"
        if int.from_bytes(key, "big") >= self.sample * 2**64:
            return "not_sampled"
        seen.add(key)
        return ""


def check_columns(columns: Iterable[str], path: Path, format: str, labelled: bool) -> None:
    """Refuse a file of which no column is a title or an abstract, or, where labels are wanted, categories.

    raises : SphereError
    """
    names = {name.strip().lower() for name in columns}
    missing = [] if names.intersection(COLUMNS["title"] + COLUMNS["abstract"]) else ["title or abstract"]
    if labelled and not names.intersection(COLUMNS["categories"]):
        missing.append("categories")
    if missing:
        shown = ", ".join(clean(name)[:40] for name in sorted(names)[:12])
        raise SphereError(
            "{path} ({format}) has no column for {missing}; its columns are {columns}: rename the right one.",
            path=path,
            format=format,
            missing=", nor for ".join(missing),
            columns=shown,
        )


def nothing_readable(path: Path, format: str, n_records: int, problem: str) -> SphereError:
    """What to raise of a file that looked like a corpus and holds no record that can be read.

    problem : what is wrong with the first of them; empty where there is none
    """
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


def base_id(id: str) -> str:
    """An arXiv id without its version: all versions are one article.

    >>> base_id("1706.03762v5"), base_id("hep-th/9711200"), base_id("my-own-id")
    ('1706.03762', 'hep-th/9711200', 'my-own-id')
    """
    return re.sub(r"(?<=\d)v\d+$", "", id.strip())


def to_article(record: Record) -> Article:
    """Read one record of any known schema; a missing id is made from the text, so that it is the same every time.

    >>> to_article({"titles": "On trees", "summaries": "We climb.", "terms": "['cs.DS', 'math.CO']", "id": 7})
    Article(id='7', title='On trees', abstract='We climb.', categories=('cs.DS', 'math.CO'), date='')
    """
    columns = {name.strip().lower(): value for name, value in record.items() if isinstance(name, str)}
    values = {wanted: next((columns[n] for n in names if columns.get(n)), None) for wanted, names in COLUMNS.items()}
    title, abstract = _text(values["title"]), _text(values["abstract"])
    digest = hashlib.sha256(f"{title}\n{abstract}".encode("utf-8", "replace")).hexdigest()
    return Article(
        id=_text(values["id"]) or f"text:{digest[:16]}",
        title=title,
        abstract=abstract,
        categories=tuple(known_categories(parse_categories(values["categories"]))),
        date=_text(values["date"]) or _date(columns),
    )


def _text(value: Any) -> str:
    """Strings and numbers as text with single spaces; anything else (lists, objects, NaN, infinities) is no text."""
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    if hasattr(value, "isoformat"):  # a date out of Parquet
        return str(value.isoformat())
    return " ".join(str(value).split()) if isinstance(value, str | int | float) else ""


def _date(columns: Record) -> str:
    parts = [_text(columns.get(part)) for part in ("year", "month", "day")]
    return "-".join(part.zfill(2) for part in parts) if all(part.isdecimal() for part in parts) else ""


def parse_categories(value: Any) -> list[str]:
    """Names of categories out of whatever a source keeps them in; what cannot be read gives none.

    >>> parse_categories("cs.LG stat.ML")
    ['cs.LG', 'stat.ML']
    >>> parse_categories("[{'term': 'cs.AI', 'scheme': None}, {'term': 'cs.CL', 'scheme': None}]")
    ['cs.AI', 'cs.CL']
    >>> parse_categories(["math.CO cs.DM"])
    ['math.CO', 'cs.DM']
    """
    if isinstance(value, str):
        text = value.strip()
        if text[:1] in ("[", "(", "{"):
            return parse_categories(_literal(text))
        return [name for name in re.split(r"[\s,;|]+", text) if name]
    if isinstance(value, dict):
        return parse_categories(value.get("term"))
    if isinstance(value, list | tuple | set):
        # an item may not be a literal again: that would let a hostile cell recurse
        return [n for item in value if not isinstance(item, list | tuple | set) for n in parse_categories(item)]
    return []


def _literal(text: str) -> Any:
    """A Python or JSON literal, never evaluated as code; None where it is neither, or too long to be honest."""
    if len(text) > MAX_LITERAL:
        return None
    for parse in (ast.literal_eval, json.loads):
        try:
            return parse(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return None
