"""The rows of a file of articles: counted first, then read one by one, and classified some at a time.

    summary = summarize_file(Path("articles.csv"), Limits())     # seconds; refuses what is too large
    with ExitStack() as stack:
        for rows in in_batches(read_rows(Path("articles.csv"), stack, Limits()), 32):
            results = classify_rows(classifier, rows, 0.95, "sum")   # one for each row, in the file's order

A row that cannot be read or holds no text has a result like any other, with a sentence in place of an answer; so the
results line up with the rows. Nothing here writes; `spheres.inference.classify_file` drives it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from spheres.data.article import Article, check_columns, to_article
from spheres.data.readers.child import open_in_child
from spheres.data.readers.detect import Opened, open_records
from spheres.data.readers.problems import nothing_readable
from spheres.data.row import Record, Row
from spheres.errors import SphereError
from spheres.inference.notes import notes

if TYPE_CHECKING:  # the classifier brings torch along
    from spheres.inference.classifier import Classification, ClassifiesMany


@dataclass(frozen=True)
class Limits:
    """What is taken of an uploaded file. None in its place takes everything.

    Attributes:
        max_rows: Rows, good or bad.
        max_bytes: Bytes, unpacked: what a small gzip file may unpack to is not for its sender to decide.
    """

    max_rows: int = 20_000
    max_bytes: int = 50_000_000


@dataclass(frozen=True)
class FileSummary:
    """What a first walk over a file finds.

    Attributes:
        format: For people: "CSV", "JSON lines, xz".
        separator: Of a table's cells; "" of what is none.
        n_rows: Good and bad ones.
        columns: Every name that some record has, in the order of their first appearance.
    """

    format: str
    separator: str
    n_rows: int
    columns: tuple[str, ...]


@dataclass(frozen=True)
class InputRow:
    """A row of the file: an article to classify, or a sentence why there is none. The one or the other is there.

    Attributes:
        place: As a person would look it up: "line 7", "record 7", "row 7".
        record: The row's own columns; empty where it could not be read.
    """

    place: str
    record: Record
    article: Article | None = None
    problem: SphereError | None = None


@dataclass(frozen=True)
class RowResult:
    """What became of a row.

    Attributes:
        classification: None where there is nothing to classify.
        spheres: Codes of the chosen groups, the most probable first; empty where there is no answer.
        note: What a reader must know beside the answer; where there is none, why; in English.
    """

    row: InputRow
    classification: Classification | None = None
    spheres: tuple[str, ...] = ()
    note: str = ""

    @property
    def probabilities(self) -> tuple[float, ...]:
        """One number a group, in the order of GROUPS, summing to 1; empty where there is no answer."""
        return self.classification.probabilities if self.classification else ()


def summarize_file(source: Path, limits: Limits | None = None) -> FileSummary:
    """Walk over a file once, and count.

    Raises:
        SphereError: It is no file of articles, none of its rows can be read, or it is over the limits; the walk stops
            at the first row too many.
    """
    n_rows, n_readable, first_problem = 0, 0, ""
    columns: dict[str, None] = {}  # a set that keeps its order
    with ExitStack() as stack:
        opened = _open(source, stack, limits)
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
    if not n_readable:
        raise nothing_readable(source, opened.format, n_rows, first_problem)
    check_columns(columns, source, opened.format, labelled=False)
    return FileSummary(opened.format, opened.separator, n_rows, tuple(columns))


def read_rows(source: Path, stack: ExitStack, limits: Limits | None = None) -> Iterator[InputRow]:
    """The rows of a file, in its order.

    Args:
        stack: Closes the file.

    Raises:
        SphereError: As `summarize_file`, but for the number of rows.
    """
    for row in _open(source, stack, limits).rows:
        yield to_input_row(row)


def _open(source: Path, stack: ExitStack, limits: Limits | None) -> Opened:
    """Somebody else's file is read in a process of its own, with limits on its memory and time."""
    return open_in_child(source, stack, limits.max_bytes) if limits else open_records(source, stack)


def to_input_row(row: Row) -> InputRow:
    """Read a row of any known schema.

    >>> print(to_input_row(Row("line 7", problem="2 columns, expected 3")).problem)
    This row cannot be read (2 columns, expected 3): correct it in the file.
    >>> print(to_input_row(Row("line 8", {"title": " "})).problem)
    This row has neither a title nor an abstract: fill in at least one of them.
    """
    if row.record is None:
        problem = SphereError("This row cannot be read ({problem}): correct it in the file.", problem=row.problem)
        return InputRow(row.place, {}, problem=problem)
    article = to_article(row.record)
    if not any(article.text):
        problem = SphereError("This row has neither a title nor an abstract: fill in at least one of them.")
        return InputRow(row.place, row.record, problem=problem)
    return InputRow(row.place, row.record, article)


def in_batches(rows: Iterable[InputRow], batch_size: int) -> Iterator[list[InputRow]]:
    """Lists of `batch_size` rows, the last one shorter.

    >>> rows = [to_input_row(Row("", {"title": title})) for title in "abcde"]
    >>> [len(batch) for batch in in_batches(rows, 2)]
    [2, 2, 1]
    """
    iterator = iter(rows)
    while batch := list(islice(iterator, batch_size)):
        yield batch


def classify_rows(classifier: ClassifiesMany, rows: Sequence[InputRow], threshold: float, rule: str) -> list[RowResult]:
    """Classify these rows together; one result for each, in their order.

    Raises:
        SphereError: Threshold or rule is none, as `Classification.predict_set`.
    """
    texts = [row.article.text for row in rows if row.article]
    answers = iter(classifier.classify_many(texts) if texts else ())
    results = []
    for row in rows:
        if row.article is None:
            results.append(RowResult(row, note=str(row.problem)))
        else:
            answer = next(answers)
            spheres = tuple(answer.predict_set(threshold, rule))
            results.append(RowResult(row, answer, spheres, " ".join(map(str, notes(answer)))))
    return results
