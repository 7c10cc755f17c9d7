"""Classify every row of a file into a file of answers, batch by batch, so that a caller can watch it, or stop it.

    for progress in classify_file(classifier, Path("articles.csv"), Path("articles-spheres.csv"), 0.95, "sum"):
        print(progress.n_done, "of", progress.n_rows)

`python head.py predict` draws a bar from this; the web page and `/classify_file` use it through
`Service.classify_file`. `file_rows` reads the rows, `export` writes the answers. On two cores some 50 articles take a
second.

The file is read twice: a table's header needs every column, a progress bar the number of rows, and a visitor is told
before anything is computed that a file is too large. An interrupted run is known again by the file's sha256, which
`identity` adds: a third reading, of bytes only.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from spheres.data.taxonomy import GROUPS
from spheres.errors import SphereError
from spheres.files.atomic import file_sha256
from spheres.files.checkpoint import resumable_file
from spheres.files.manifest import Manifest
from spheres.inference.export import check_out, writer_for
from spheres.inference.file_rows import (
    FileSummary,
    InputRow,
    Limits,
    RowResult,
    classify_rows,
    in_batches,
    read_rows,
    summarize_file,
)
from spheres.model.prediction_sets import check_threshold

if TYPE_CHECKING:  # the classifier brings torch along
    from spheres.inference.classifier import Classification, ClassifiesMany

BATCH_SIZE = 32  # rows between two reports: half a second on two cores, in which a visitor cannot cancel, others wait
SHOWN_ROWS, SHOWN_PROBLEMS = 20, 20
SHOWN_CHARACTERS = 120  # of a title, or of an abstract without one


@dataclass(frozen=True)
class RowPreview:
    """One classified row in short.

    Attributes:
        place: As a person would look it up: "line 7", "record 7", "row 7".
        text: Its title, or how its abstract begins; as it came, so escape it before it enters markup.
        spheres: Codes of the chosen groups, the most probable first.
        classification: All of the answer.
    """

    place: str
    text: str
    spheres: tuple[str, ...]
    classification: Classification


@dataclass(frozen=True)
class Progress:
    """How far a run has come.

    Attributes:
        n_rows: Rows in the file.
        n_done: Rows that were looked at; the sum of n_answered and n_problems.
        n_answered: Rows that have an answer.
        n_problems: Rows that have none.
        seconds_left: At the rate so far; None before the first batch is done.
        counts: For every group, in arXiv's order, the rows of which it is the most probable one.
        first: The first rows that this run has answered, at most SHOWN_ROWS.
        problems: Place of the first rows without an answer, and why, in a sentence; at most SHOWN_PROBLEMS.
        path: The file of answers once it is in its place; None until then.
    """

    n_rows: int
    n_done: int
    n_answered: int
    n_problems: int
    seconds_left: float | None
    counts: Mapping[str, int]
    first: tuple[RowPreview, ...]
    problems: tuple[tuple[str, SphereError], ...]
    path: Path | None = None


def classify_file(
    classifier: ClassifiesMany,
    source: Path,
    out: Path,
    threshold: float,
    rule: str,
    keep_columns: bool = True,
    limits: Limits | None = None,
    batch_size: int = BATCH_SIZE,
    identity: Manifest | None = None,
    summary: FileSummary | None = None,
) -> Generator[Progress, None, None]:
    """Classify the rows of `source` into `out`; labels are not needed and, where present, not looked at.

    Args:
        source: Any format that `spheres.data.readers.detect` reads.
        out: .jsonl, .csv or .tsv, which decides the format; it appears whole, or, where the generator is closed early,
            not at all.
        threshold: In (0, 1], with `rule` as in `Classification.predict_set`.
        keep_columns: Whether .jsonl keeps the columns of `source`, as .csv and .tsv always do.
        limits: What is taken of the file; None takes everything.
        batch_size: Rows between two steps; more of them are faster.
        identity: What identifies the classifier; with it, an interrupted run leaves its answers beside `out`, and the
            same call resumes there.
        summary: Of `source`, where the caller has counted it already.

    Yields:
        Progress once the rows are counted, after each batch, and at last with the finished file's `path`.

    Raises:
        SphereError: At the first step, where a file cannot be read or written, is over the limits, or the threshold is
            no threshold; at a later step where the file turns out damaged or the disk full.
    """
    threshold = check_threshold(threshold)
    check_out(out, source)
    # 1. Count the rows and collect their columns
    summary = summary or summarize_file(source, limits)
    writer = writer_for(out, keep_columns, summary.columns, summary.separator)
    tracker = ProgressTracker(summary.n_rows)
    asked = {"threshold": threshold, "rule": rule, "keep": keep_columns, "batch": batch_size, "classifier": identity}
    with ExitStack() as stack:
        rows = read_rows(source, stack, limits)
        plan = {"source_sha256": file_sha256(source), **asked} if identity else {}
        answers = stack.enter_context(resumable_file(out, plan, keep=identity is not None))
        # 2. Pass over the rows that an interrupted run has answered
        tracker.skip(islice(rows, answers.n_rows), answers.counts)
        yield tracker.progress()
        # 3. Classify the others, and write one batch after the other
        header = b"" if answers.n_rows else writer.header
        for batch in in_batches(rows, batch_size):
            results = classify_rows(classifier, batch, threshold, rule)
            tracker.add(results)
            answers.append(header + b"".join(map(writer.line, results)), len(batch), tracker.counts)
            header = b""
            yield tracker.progress()
    yield tracker.progress(out)


class ProgressTracker:
    """Counts what became of the rows; the clock runs from the last of those that an earlier run has answered."""

    def __init__(self, n_rows: int) -> None:
        self.n_rows = n_rows
        self.n_answered = self.n_problems = self.n_skipped = 0
        self.counts = dict.fromkeys(GROUPS, 0)
        self.first: list[RowPreview] = []
        self.problems: list[tuple[str, SphereError]] = []
        self.started = time.monotonic()

    def skip(self, rows: Iterable[InputRow], counts: Mapping[str, int]) -> None:
        """Count rows that an earlier run has answered, of which only `counts` are known."""
        for row in rows:
            self._add_row(row)
        self.counts.update(counts)
        self.n_skipped, self.started = self.n_answered + self.n_problems, time.monotonic()

    def add(self, results: Sequence[RowResult]) -> None:
        """Count a batch."""
        for result in results:
            self._add_row(result.row)
            if result.classification:
                self.counts[result.classification.ranked()[0][0]] += 1
                if len(self.first) < SHOWN_ROWS:
                    self.first.append(preview(result, result.classification))

    def _add_row(self, row: InputRow) -> None:
        if row.problem is None:
            self.n_answered += 1
            return
        self.n_problems += 1
        if len(self.problems) < SHOWN_PROBLEMS:
            self.problems.append((row.place, row.problem))

    def progress(self, path: Path | None = None) -> Progress:
        """This moment's; `path` is the finished file."""
        n_done = self.n_answered + self.n_problems
        rate = (n_done - self.n_skipped) / max(time.monotonic() - self.started, 1e-9)  # rows a second
        return Progress(
            n_rows=self.n_rows,
            n_done=n_done,
            n_answered=self.n_answered,
            n_problems=self.n_problems,
            seconds_left=max(0, self.n_rows - n_done) / rate if rate else None,
            counts=dict(self.counts),
            first=tuple(self.first),
            problems=tuple(self.problems),
            path=path,
        )


def preview(result: RowResult, classification: Classification) -> RowPreview:
    """A classified row in short."""
    article = result.row.article
    text = article.title or article.abstract if article else ""
    if len(text) > SHOWN_CHARACTERS:
        text = text[: SHOWN_CHARACTERS - 1].rstrip() + "…"
    return RowPreview(result.row.place, text, result.spheres, classification)
