"""A file of articles as rows to answer: counted first, then classified some at a time, the bad ones named.

    surveyed = survey(Path("articles.csv"), Limits())          # seconds; refuses what is too large
    with ExitStack() as stack:
        for batch in in_batches(rows_of(Path("articles.csv"), stack, Limits()), 32):
            outcomes = answer(classifier, batch, 0.95, "sum")  # one for each row, in the file's order

A row that cannot be read or holds no text is an outcome like any other, with a sentence in place of an answer; so the
outcomes line up with the rows. Nothing here writes; `spheres.inference.classify_file` drives it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from spheres.data.article import Article, to_article
from spheres.data.corpus import check_columns, nothing_readable
from spheres.data.readers.detect import open_records
from spheres.data.row import SPLIT, Record, Row
from spheres.errors import SphereError
from spheres.inference.notes import notes

if TYPE_CHECKING:  # the classifier brings torch along
    from spheres.inference.classifier import Classification, ClassifiesMany


@dataclass(frozen=True)
class Limits:
    """What is taken of a file from a stranger. None in its place takes everything.

    max_rows  : rows, good or bad
    max_bytes : bytes, unpacked: what a small gzip file may unpack to is not for its sender to decide
    """

    max_rows: int = 20_000
    max_bytes: int = 50_000_000


@dataclass(frozen=True)
class FileSummary:
    """What a first walk over a file finds.

    format    : for people: "CSV", "JSON lines, xz"
    separator : of a table's cells, "" of what is none
    n_rows    : good and bad ones
    columns   : every name that some record has, in the order of their first appearance
    """

    format: str
    separator: str
    n_rows: int
    columns: tuple[str, ...]


@dataclass(frozen=True)
class InputRow:
    """A row of the file: an article to classify, or a sentence why there is none. The one or the other is there."""

    row: Row
    article: Article | None = None
    problem: SphereError | None = None


@dataclass(frozen=True)
class RowResult:
    """What became of a row.

    question : the row it is of
    answer   : None where there is nothing to classify
    spheres  : codes of the chosen groups, the most probable first; empty where there is no answer
    note     : what a reader must know beside the answer; where there is none, why; in English
    """

    question: InputRow
    answer: Classification | None = None
    spheres: tuple[str, ...] = ()
    note: str = ""

    @property
    def probabilities(self) -> tuple[float, ...]:
        """One number a group, in the order of GROUPS, summing to 1; empty where there is no answer."""
        return self.answer.probabilities if self.answer else ()


def format_of(source: Path, limits: Limits | None = None) -> str:
    """What kind of file this is, for people and for `spheres.inference.export.download_name`: "JSON lines, xz".

    raises : SphereError where it is none of the formats
    """
    with ExitStack() as stack:
        return open_records(source, stack, limits.max_bytes if limits else None).format


def survey(source: Path, limits: Limits | None = None) -> FileSummary:
    """Walk over a file once, and count.

    raises : SphereError where it is no file of articles, none of its rows can be read, or it is over the limits; the
             walk stops at the first row too many
    """
    n_rows, n_readable, first_problem = 0, 0, ""
    columns: dict[str, None] = {}  # a set that keeps its order
    with ExitStack() as stack:
        opened = open_records(source, stack, limits.max_bytes if limits else None)
        for row in opened.rows:
            n_rows += 1
            if limits and n_rows > limits.max_rows:
                sentence = "{path} holds more than {max_rows:,} rows, the most that is taken here: " + SPLIT
                raise SphereError(sentence, path=source, max_rows=limits.max_rows)
            if row.record is None:
                first_problem = first_problem or f"{row.place}: {row.problem}"
            else:
                n_readable += 1
                columns.update(dict.fromkeys(row.record))
    if not n_readable:
        raise nothing_readable(source, opened.format, n_rows, first_problem)
    check_columns(columns, source, opened.format, labelled=False)
    return FileSummary(opened.format, opened.separator, n_rows, tuple(columns))


def rows_of(source: Path, stack: ExitStack, limits: Limits | None = None) -> Iterator[InputRow]:
    """The rows of a file, in its order.

    stack  : closes the file
    raises : SphereError as `survey`, but for the number of rows
    """
    for row in open_records(source, stack, limits.max_bytes if limits else None).rows:
        yield to_input_row(row)


def to_input_row(row: Row) -> InputRow:
    """Read a row of any known schema.

    >>> print(to_input_row(Row("line 7", problem="2 columns, expected 3")).problem)
    This row cannot be read (2 columns, expected 3): correct it in the file.
    >>> print(to_input_row(Row("line 8", {"title": " "})).problem)
    This row has neither a title nor an abstract: fill in at least one of them.
    """
    if row.record is None:
        sentence = "This row cannot be read ({problem}): correct it in the file."
        return InputRow(row, problem=SphereError(sentence, problem=row.problem))
    article = to_article(row.record)
    if not any(article.text):
        sentence = "This row has neither a title nor an abstract: fill in at least one of them."
        return InputRow(row, problem=SphereError(sentence))
    return InputRow(row, article)


def in_batches(questions: Iterable[InputRow], n_rows: int) -> Iterator[list[InputRow]]:
    """Lists of `n_rows` rows, the last one shorter.

    >>> rows = [to_input_row(Row("", {"title": title})) for title in "abcde"]
    >>> [len(batch) for batch in in_batches(rows, 2)]
    [2, 2, 1]
    """
    iterator = iter(questions)
    while batch := list(islice(iterator, n_rows)):
        yield batch


def answer(classifier: ClassifiesMany, questions: Sequence[InputRow], threshold: float, rule: str) -> list[RowResult]:
    """Classify these rows together; one outcome for each, in their order.

    raises : SphereError where the threshold or the rule is none, as `Classification.predict_set`
    """
    texts = [q.article.text for q in questions if q.article]
    found = iter(classifier.classify_many(texts) if texts else ())
    outcomes = []
    for question in questions:
        if question.article is None:
            outcomes.append(RowResult(question, note=str(question.problem)))
        else:
            said = next(found)
            outcomes.append(
                RowResult(question, said, tuple(said.predict_set(threshold, rule)), " ".join(map(str, notes(said))))
            )
    return outcomes


def cells_of(outcome: RowResult) -> Record:
    """The row's own columns; none where it could not be read."""
    return outcome.question.row.record or {}
