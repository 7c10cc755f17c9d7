"""Classify every row of a file into a file of answers, batch by batch, so that a caller can watch it, or stop it.

    for report in classify_file(classifier, Path("articles.csv"), Path("articles-spheres.csv"), 0.95, "sum"):
        print(report.n_done, "of", report.n_rows)

`python head.py predict` draws a bar from these reports, the web page a table. `file_rows` reads the rows, `export`
writes the answers. On two cores some 50 articles take a second.
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
from spheres.files.manifest import Manifest
from spheres.files.resuming import at_once, resumable
from spheres.inference.export import check_suffix, download
from spheres.inference.file_rows import InputRow, Limits, RowResult, answer, in_batches, rows_of, survey
from spheres.model.prediction_sets import check_threshold

if TYPE_CHECKING:  # the classifier brings torch along
    from spheres.inference.classifier import Classification, ClassifiesMany

BATCH = 32  # rows between two reports: half a second on two cores, in which a visitor cannot cancel and others wait
SHOWN_ROWS, SHOWN_PROBLEMS = 20, 20
SHOWN_CHARACTERS = 120  # of a title, or of an abstract without one


@dataclass(frozen=True)
class AnsweredRow:
    """One row for a preview.

    place       : as a person would look it up: "line 7", "record 7", "row 7"
    text        : its title, or how its abstract begins; as it came, so escape it before it enters markup
    spheres     : codes of the chosen groups, the most probable first
    probability : of the first of them
    note        : what a reader must know beside the answer, in English; else empty
    answer      : all of it, from which the page makes the note in its own language
    """

    place: str
    text: str
    spheres: tuple[str, ...]
    probability: float
    note: str
    answer: Classification


@dataclass(frozen=True)
class Report:
    """How far it has come.

    n_rows       : rows in the file
    n_done       : rows that were looked at; the sum of n_answered and n_problems
    n_answered   : rows that have an answer
    n_problems   : rows that have none
    seconds_left : at the rate so far; None before the first batch is done
    counts       : for every group, in arXiv's order, the rows of which it is the most probable one
    first        : the first rows that this run has answered, at most SHOWN_ROWS
    problems     : place of the first rows without an answer, and why, in a sentence; at most SHOWN_PROBLEMS
    finished     : whether the file of answers is in its place
    """

    n_rows: int
    n_done: int
    n_answered: int
    n_problems: int
    seconds_left: float | None
    counts: Mapping[str, int]
    first: tuple[AnsweredRow, ...]
    problems: tuple[tuple[str, SphereError], ...]
    finished: bool = False


def classify_file(
    classifier: ClassifiesMany,
    source: Path,
    out: Path,
    threshold: float,
    rule: str,
    keep: bool = True,
    limits: Limits | None = None,
    batch: int = BATCH,
    identity: Manifest | None = None,
) -> Generator[Report, None, None]:
    """Classify the rows of `source` into `out`; labels are not needed and, where present, not looked at.

    source    : any format that `spheres.data.readers.detect` reads
    out       : .jsonl, .csv or .tsv, which decides the format; it appears whole, or, where the generator is closed
                early, not at all
    threshold : in (0, 1], with `rule` as in `Classification.predict_set`
    keep      : whether .jsonl keeps the columns of `source`, as .csv and .tsv always do
    limits    : what is taken of the file; None takes everything
    batch     : rows between two reports; more of them are faster
    identity  : what identifies the classifier; with it, an interrupted run leaves its answers beside `out`, and the
                same call resumes there
    yields    : a report once the rows are counted, one after each batch, and a last one, which is `finished`
    raises    : SphereError, at the first step, where a file cannot be read or written, is over the limits, or the
                threshold is no threshold; at a later step where the file turns out damaged or the disk full
    """
    threshold = check_threshold(threshold)
    check_out(out, source)
    surveyed = survey(source, limits)
    written = download(out, keep, surveyed.columns, surveyed.separator)
    tally = RunProgress(surveyed.n_rows)
    asked = {"threshold": threshold, "rule": rule, "keep": keep, "batch": batch, "classifier": identity}
    with ExitStack() as stack:
        questions = rows_of(source, stack, limits)
        answers = stack.enter_context(
            resumable(out, {"source_sha256": file_sha256(source), **asked}) if identity else at_once(out)
        )
        tally.skip(islice(questions, answers.n_rows), answers.counts)
        yield tally.report()
        start = b"" if answers.n_rows else written.header
        for some in in_batches(questions, batch):
            outcomes = answer(classifier, some, threshold, rule)
            tally.add(outcomes)
            answers.add(start + b"".join(map(written.line, outcomes)), len(some), tally.counts)
            start = b""
            yield tally.report()
    yield tally.report(finished=True)


def check_out(out: Path, source: Path) -> None:
    """Refuse a file of answers that cannot be one.

    raises : SphereError where `out` is a folder, has another ending than the formats', or is the file that is read
    """
    if out.is_dir():
        raise SphereError(f"{out} is a folder: name a file, such as {out / 'answers.jsonl'}.")
    check_suffix(out)
    if out.exists() and source.exists() and out.samefile(source):
        raise SphereError(f"{out} is the input file: name another one for the answers.")


class RunProgress:
    """Adds up what became of the rows; the clock runs from the last of those that an earlier run has answered."""

    def __init__(self, n_rows: int) -> None:
        self.n_rows = n_rows
        self.n_answered = self.n_problems = 0
        self.counts = dict.fromkeys(GROUPS, 0)
        self.first: list[AnsweredRow] = []
        self.problems: list[tuple[str, SphereError]] = []
        self.n_skipped = 0
        self.started = time.monotonic()

    def skip(self, questions: Iterable[InputRow], counts: Mapping[str, int]) -> None:
        """Count rows that an earlier run has answered, of which only `counts` are known."""
        for question in questions:
            self._add_problem(question)
            self.n_answered += question.problem is None
        self.counts.update(counts)
        self.n_skipped, self.started = self.n_answered + self.n_problems, time.monotonic()

    def add(self, outcomes: Sequence[RowResult]) -> None:
        for outcome in outcomes:
            question = outcome.question
            if outcome.answer:
                self.n_answered += 1
                self.counts[outcome.answer.ranked()[0][0]] += 1
                if len(self.first) < SHOWN_ROWS:
                    self.first.append(preview(outcome, outcome.answer))
            self._add_problem(question)

    def _add_problem(self, question: InputRow) -> None:
        if question.problem:
            self.n_problems += 1
            if len(self.problems) < SHOWN_PROBLEMS:
                self.problems.append((question.row.place, question.problem))

    def report(self, finished: bool = False) -> Report:
        n_done = self.n_answered + self.n_problems
        rate = (n_done - self.n_skipped) / max(time.monotonic() - self.started, 1e-9)  # rows a second
        return Report(
            n_rows=self.n_rows,
            n_done=n_done,
            n_answered=self.n_answered,
            n_problems=self.n_problems,
            seconds_left=max(0, self.n_rows - n_done) / rate if rate else None,
            counts=dict(self.counts),
            first=tuple(self.first),
            problems=tuple(self.problems),
            finished=finished,
        )


def preview(outcome: RowResult, answer: Classification) -> AnsweredRow:
    """An answered row in short."""
    article = outcome.question.article
    text = article.title or article.abstract if article else ""
    return AnsweredRow(
        place=outcome.question.row.place,
        text=text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1].rstrip() + "…",
        spheres=outcome.spheres,
        probability=max(answer.probabilities),
        note=outcome.note,
        answer=answer,
    )
