"""The rows of a file of articles: counted first, then read one by one, and classified some at a time.

A row that cannot be read or holds no text stays a row, with a sentence in place of an answer. Nothing here writes;
`spheres.inference.classify_file` drives it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from spheres.data.article import Article, listed_categories, to_article
from spheres.data.columns import Columns, check_columns, find_columns, shown_names, with_inner_columns
from spheres.data.readers.child import open_in_child
from spheres.data.readers.detect import Opened, open_records
from spheres.data.readers.problems import nothing_readable
from spheres.data.row import Record, Row
from spheres.errors import Message, SphereError
from spheres.inference.notes import notes

if TYPE_CHECKING:  # the classifier brings torch along
    from spheres.data.text import Text
    from spheres.inference.classifier import Classification
    from spheres.model.prior import Prior

MIN_PROSE = 30  # words that an abstract has at least, where a column is taken for one by what it holds
N_SAMPLED = 100  # rows in which categories are looked for
SHOWN_CHARACTERS = 120  # of a title, or of an abstract without one
COLUMN_FORMATS = ("CSV", "TSV", "Excel", "Parquet", "JSON")  # whose columns have names of their users' own


NO_COLUMN = Message("none")  # in place of a column's name


@dataclass(frozen=True)
class Limits:
    """What is taken of an uploaded file. None in its place takes everything."""

    max_rows: int = 20_000  # good or bad
    max_bytes: int = 50_000_000  # unpacked: what a small gzip file may unpack to is not for its sender to decide


@dataclass(frozen=True)
class FileSummary:
    """What a first walk over a file finds."""

    format: str  # for people: "CSV", "JSON lines, xz"
    separator: str  # of a table's cells; "" of what is none
    n_rows: int  # good and bad ones
    columns: tuple[str, ...]  # every name that some record has, in the order of their first appearance
    chosen: Columns = field(default_factory=Columns)  # what they are read as
    like_abstract: str = ""  # the column of the longest texts, where none, or one of short texts, is read as abstract
    notes: tuple[Message, ...] = ()  # what was skipped, or guessed, of the file as a whole
    names: tuple[str, ...] = ()  # the columns, and those of an object in a record that holds the article

    @property
    def choices(self) -> tuple[str, ...]:
        """The columns that a user may choose for title and abstract; none where the format has fixed fields."""
        return self.names if self.format.startswith(COLUMN_FORMATS) else ()

    def check(self, source: Path) -> None:
        """Raise SphereError where no column is read as title or abstract."""
        check_columns(self.chosen, self.names, source, self.format, labelled=False)

    def describe(self) -> tuple[Message, ...]:
        """How the file is read, for its user to see before the answers: its notes, the columns, what may be missing."""
        title, abstract, id = (
            shown_names(names[:1]) or NO_COLUMN for names in (self.chosen.title, self.chosen.abstract, self.chosen.id)
        )
        columns = Message(
            "Title: {title}; abstract: {abstract}; id: {id}; columns not used: {unused:,}.",
            title=title,
            abstract=abstract,
            id=id,
            unused=len(self.chosen.unused),
        )
        messages = [*self.notes, columns]
        if listed := (self.chosen.primary + self.chosen.categories)[:1]:
            compared = Message(
                "Categories: {column}; rank_listed and p_listed say how the first one fits: sort by p_listed for the "
                "strongest disagreement.",
                column=shown_names(listed),
            )
            messages.append(compared)
        if self.like_abstract and self.chosen.abstract:
            hint = Message(
                "The column {column} looks more like the abstract: choose it (on the command line: --abstract-column).",
                column=shown_names([self.like_abstract]),
            )
            messages.append(hint)
        elif self.like_abstract:
            hint = Message(
                "No abstract was found, although the column {column} looks like one: choose it (on the command line: "
                "--abstract-column).",
                column=shown_names([self.like_abstract]),
            )
            messages.append(hint)
        return tuple(messages)


@dataclass(frozen=True)
class FileRow:
    """A row of the file, with an article or a problem; once it is classified, the article's answer as well."""

    place: str  # as a person would look it up: "line 7", "record 7", "row 7"
    record: Record  # the row's own columns; empty where it could not be read
    article: Article | None = None
    problem: SphereError | None = None  # why there is no article
    classification: Classification | None = None
    spheres: tuple[str, ...] = ()  # codes of the chosen groups, the most probable first
    source: str = ""  # the entry's own text, where the file is one of references

    @property
    def note(self) -> str:
        """What a reader must know beside the answer; where there is none, why; in English."""
        return " ".join(map(str, notes(self.classification))) if self.classification else str(self.problem or "")

    @property
    def listed(self) -> tuple[int, float] | None:
        """Rank and probability of the category that the file lists first; None where there is none to compare."""
        categories = self.article.categories if self.article else ()
        if not self.classification or not categories:
            return None
        probabilities = dict(self.classification.categories(None))
        if categories[0] not in probabilities:
            return None
        return 1 + list(probabilities).index(categories[0]), probabilities[categories[0]]

    @property
    def short_text(self) -> str:
        """Its title, or how its abstract begins; as it came, so escape it before it enters markup."""
        text = (self.article.title or self.article.abstract) if self.article else ""
        return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1].rstrip() + "…"


def open_file(source: Path, stack: ExitStack, limits: Limits | None) -> Opened:
    """Open a file until `stack` is closed; an upload in a process of its own, with limits on its memory and time."""
    return open_in_child(source, stack, limits.max_bytes) if limits else open_records(source, stack)


def summarize_file(
    source: Path, limits: Limits | None = None, title_column: str | None = None, abstract_column: str | None = None
) -> FileSummary:
    """Walk over a file once, and count.

    Args:
        title_column: Where the titles are, "" for nowhere; None looks, as `spheres.data.columns.find_columns`.
        abstract_column: The same for the abstracts.

    Raises:
        SphereError: It is in no known format, none of its rows can be read, it has no such column, or it is over the
            limits; the walk stops at the first row too many. A file without any column for title or abstract is for
            `FileSummary.check` to refuse, so that its user can be shown the columns.
    """
    n_rows, n_readable, first_problem = 0, 0, ""
    columns: dict[str, None] = {}  # a set that keeps its order
    sampled: list[Record] = []
    n_prose: dict[str, int] = {}  # column, also one of an object within -> rows with an abstract's kind of text
    with ExitStack() as stack:
        opened = open_file(source, stack, limits)
        for row in opened.rows:
            n_rows += 1
            if limits and n_rows > limits.max_rows:
                raise SphereError(
                    "{path} holds more than {max_rows:,} rows, the most that is taken here: split the file, or run "
                    "`python head.py predict`, which has no limit.",
                    path=source,
                    max_rows=limits.max_rows,
                )
            if row.record is None:
                first_problem = first_problem or f"{row.place}: {row.problem}"
            else:
                n_readable += 1
                columns.update(dict.fromkeys(row.record))
                record = with_inner_columns(row.record)
                sampled += [record] if n_readable <= N_SAMPLED else []
                for name, value in record.items():
                    n_prose[name] = n_prose.get(name, 0) + _is_prose(value)
    if not n_readable:
        raise nothing_readable(source, opened.format, n_rows, first_problem)
    chosen = find_columns(n_prose, title_column, abstract_column)
    longest = max(chosen.unused, key=n_prose.__getitem__, default="") if abstract_column is None else ""
    of_abstracts = sum(n_prose[name] for name in chosen.abstract)
    like_abstract = longest if longest and n_prose[longest] >= max(n_readable / 2, 4 * of_abstracts) else ""
    codes = {code for record in sampled for code in listed_categories(record, chosen)}
    if not any("." in code or "-" in code for code in codes):  # "physics" may be a keyword
        chosen = replace(chosen, primary=(), categories=())
    return FileSummary(
        opened.format, opened.separator, n_rows, tuple(columns), chosen, like_abstract, opened.notes, tuple(n_prose)
    )


def _is_prose(value: object) -> bool:
    """Whether it is a text of sentences rather than of names, addresses or references."""
    words = value[:2000].split() if isinstance(value, str) else []
    return len(words) >= MIN_PROSE and sum(word.islower() for word in words) >= 0.7 * len(words)


def to_file_row(row: Row, columns: Columns | None = None) -> FileRow:
    """Read a row of any known schema; `columns` as in `spheres.data.article.to_article`.

    >>> print(to_file_row(Row("line 7", problem="2 columns, expected 3")).problem)
    This row cannot be read (2 columns, expected 3): correct it in the file.
    >>> print(to_file_row(Row("line 8", {"title": " "})).problem)
    This row has neither a title nor an abstract: fill in at least one of them.
    """
    if row.record is None:
        problem = SphereError("This row cannot be read ({problem}): correct it in the file.", problem=row.problem)
        return FileRow(row.place, {}, problem=problem, source=row.source)
    article = to_article(row.record, columns)
    if not any(article.text):
        problem = SphereError("This row has neither a title nor an abstract: fill in at least one of them.")
        return FileRow(row.place, row.record, problem=problem, source=row.source)
    return FileRow(row.place, row.record, article, source=row.source)


def texts_of(rows: Iterable[FileRow]) -> list[Text]:
    """The texts of the rows that have one."""
    return [row.article.text for row in rows if row.article]


def with_answers(
    rows: Sequence[FileRow], found: Iterable[Classification], threshold: float, rule: str, prior: Prior
) -> list[FileRow]:
    """These rows with their answers.

    Args:
        found: The answer to each of `texts_of(rows)`.
        threshold: In (0, 1], with `rule` as in `Classification.predict_set`.
        prior: Of the file's articles.
    """
    answers = iter(found)
    classified = []
    for row in rows:
        if row.article:
            answer = replace(next(answers).under(prior), placeholder=row.article.placeholder)
            row = replace(row, classification=answer, spheres=tuple(answer.predict_set(threshold, rule)))
        classified.append(row)
    return classified
