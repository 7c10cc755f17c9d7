"""Classify every row of a file into a file of answers, batch by batch, so that a caller can watch it, or stop it.

    for progress in classify_file(classifier, Path("articles.csv"), Path("articles-spheres.csv"), 0.95, "coverage"):
        print(progress.n_done, "of", progress.n_rows)

`head.py predict` draws a bar from this; the page and `/classify_file` use it through `Service.classify_file`. On two
cores 20 to 50 articles take a second. The file is read twice: a table's header needs every column, a progress bar the
number of rows, and a visitor is told before anything is computed that a file is too large. An engine reads it again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from spheres.data.taxonomy import GROUPS
from spheres.data.views import VIEWS, view_of
from spheres.errors import Message, SphereError
from spheres.files.atomic import file_sha256
from spheres.files.checkpoint import resumable_file
from spheres.files.manifest import Manifest
from spheres.inference.export import check_out, writer_for
from spheres.inference.file_job import FileJob, in_batches
from spheres.inference.file_rows import (
    FileRow,
    FileSummary,
    Limits,
    open_file,
    summarize_file,
    texts_of,
    to_file_row,
    with_answers,
)
from spheres.model.prediction_sets import check_threshold
from spheres.model.prior import ARXIV, PRIORS, Prior, check_prior, estimate_prior

if TYPE_CHECKING:  # they bring torch along
    from spheres.embeddings.engine import Engine
    from spheres.inference.classifier import Classifier, ClassifiesMany

FIRST_BATCH, MAX_BATCH = 32, 2048  # rows between two reports where their number follows the time that they take
SECONDS = 1.0  # between two reports then: so long a visitor cannot cancel
SHOWN_ROWS, SHOWN_PROBLEMS = 20, 20  # at most
UNFAMILIAR = "unfamiliar"  # of the counts, the articles unlike those that the model learned from
PRIOR_NAMES = (*PRIORS, "file")  # "file": estimated from the file itself, from rows spread evenly over it
MIN_SAMPLE, MAX_SAMPLE = 200, 1000


@dataclass(frozen=True)
class Progress:
    """How far a run has come."""

    summary: FileSummary  # of the file
    n_answered: int = 0
    n_problems: int = 0  # rows without an answer
    # For every group, in arXiv's order, the rows of which it is the most probable one; last, those of unfamiliar texts
    counts: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys((*GROUPS, UNFAMILIAR), 0))
    first: tuple[FileRow, ...] = ()  # that this run has answered, at most SHOWN_ROWS
    problems: tuple[tuple[str, SphereError], ...] = ()  # of the first rows without an answer: where, and why
    seconds_left: float | None = None  # at the rate so far; None before the first batch is done
    # The answered rows by what they hold: "both" title and abstract, the "title" or the "abstract" alone
    views: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(VIEWS, 0))
    prior: Prior | None = None  # that the answers take for granted; None while it is estimated
    path: Path | None = None  # of the file of answers, once it is in its place

    @property
    def n_rows(self) -> int:
        """Rows of the file, good and bad."""
        return self.summary.n_rows

    @property
    def n_done(self) -> int:
        """Rows that were looked at."""
        return self.n_answered + self.n_problems

    def describe(self) -> Message:
        """How many rows have an answer, and from what."""
        return Message(
            "{answered:,} of {rows:,} rows answered: {both:,} from title and abstract, {title:,} from the title alone, "
            "{abstract:,} from the abstract alone.",
            answered=self.n_answered,
            rows=self.n_rows,
            **self.views,
        )

    def describe_prior(self) -> Message:
        """The shares of the groups that the answers take for granted, the largest first."""
        if self.prior is None:
            return Message("How frequent each group is in the file is being estimated.")
        shares = ", ".join(f"{group} {share:.1%}" for group, share in self.prior.ranked())
        return Message("Answers for articles in these shares: {shares}.", shares=shares)

    def after(self, rows: Sequence[FileRow]) -> Progress:
        """This progress and a batch more; rows that an earlier run has answered come without their answers."""
        answers = [row.classification for row in rows if row.classification]
        tops = Counter(UNFAMILIAR if answer.out_of_distribution else answer.ranked()[0][0] for answer in answers)
        views = Counter(view_of(row.article.text) for row in rows if row.article)
        problems = [(row.place, row.problem) for row in rows if row.problem]
        return replace(
            self,
            n_answered=self.n_answered + len(rows) - len(problems),
            n_problems=self.n_problems + len(problems),
            counts={kind: n + tops[kind] for kind, n in self.counts.items()},
            views={view: n + views[view] for view, n in self.views.items()},
            first=(*self.first, *(row for row in rows if row.classification))[:SHOWN_ROWS],
            problems=(*self.problems, *problems)[:SHOWN_PROBLEMS],
        )


def classify_file(
    classifier: ClassifiesMany,
    source: Path,
    out: Path,
    threshold: float,
    rule: str,
    keep_columns: bool = True,
    limits: Limits | None = None,
    batch_size: int | None = None,
    identity: Manifest | None = None,
    summary: FileSummary | None = None,
    title_column: str | None = None,
    abstract_column: str | None = None,
    prior: str = ARXIV.name,
    engine: Engine | None = None,
) -> Generator[Progress, None, None]:
    """Classify the rows of `source` into `out`; labels are not needed and, where present, not looked at.

    Args:
        out: .jsonl, .csv, .tsv or .xlsx, for references also .ris or .bib, which decides the format; it appears whole,
            or, where the generator is closed early, not at all.
        threshold: In (0, 1], with `rule` as in `Classification.predict_set`.
        keep_columns: Whether .jsonl keeps the columns of `source`, as tables always do.
        limits: What is taken of the file; None takes everything.
        batch_size: Rows between two steps; None takes as many as are classified in a second.
        identity: What identifies the classifier; with it, an interrupted run leaves its answers beside `out`, and the
            same call resumes there. The source is known again by its sha256.
        summary: Of `source`, where the caller has counted it already; its columns are the ones that are read.
        title_column: Where the titles are, "" for nowhere; None looks, as `spheres.data.columns.find_columns`.
        abstract_column: The same for the abstracts.
        prior: One of PRIOR_NAMES.
        engine: Answers in place of this process; `classifier` is a `Classifier` then, and `limits` None.

    Yields:
        Progress once the rows are counted, after each batch, and at last with the finished file's `path`.

    Raises:
        SphereError: At the first step, where a file cannot be read or written, is over the limits, or the threshold is
            no threshold; at a later step where the file turns out damaged or the disk full.
    """
    threshold = check_threshold(threshold)
    check_prior(prior, PRIOR_NAMES)
    check_out(out, source)
    # 1. Count the rows and collect their columns
    summary = summary or summarize_file(source, limits, title_column, abstract_column)
    summary.check(source)
    writer = writer_for(out, keep_columns, summary)
    progress = Progress(summary)
    asked = {"threshold": threshold, "rule": rule, "keep": keep_columns, "batch": batch_size, "classifier": identity}
    asked |= {"columns": [summary.chosen.title, summary.chosen.abstract], "prior": prior}
    plan = {"source_sha256": file_sha256(source), **asked} if identity else {}
    with ExitStack() as stack:
        # 2. Estimate the groups' shares, where they are to be the file's own
        if prior == "file":
            yield progress
            shares = yield from _estimate_prior(classifier, source, summary, limits, batch_size, progress)
        else:
            shares = PRIORS[prior]
        progress = replace(progress, prior=shares)
        rows = (to_file_row(row, summary.chosen) for row in open_file(source, stack, limits).rows)
        answers = stack.enter_context(resumable_file(out, plan, identity is not None, writer.convert))
        # 3. Pass over the rows that an interrupted run has answered; of their groups only the counts are known
        for batch in in_batches(islice(rows, answers.n_rows), batch_size or MAX_BATCH):
            progress = progress.after(batch)
        progress = replace(progress, counts={**progress.counts, **answers.counts})
        yield progress
        # 4. Classify the others, and write one batch after the other
        started, n_skipped = time.monotonic(), progress.n_done
        header = b"" if answers.n_rows else writer.header
        found, size = None, batch_size
        if engine:
            size = batch_size or MAX_BATCH
            bundle = cast("Classifier", classifier).bundle
            job = FileJob(source, summary.chosen, size, summary.n_rows, answers.n_rows, bundle)
            found = engine.run(job, in_order=True)
        for batch in paced(rows, size):
            of_texts = next(found) if found else classifier.classify_many(texts_of(batch))
            classified = with_answers(batch, of_texts, threshold, rule, shares)
            progress = progress.after(classified)
            answers.append(header + b"".join(map(writer.line, classified)), len(batch), progress.counts)
            header = b""
            seconds_each = (time.monotonic() - started) / (progress.n_done - n_skipped)
            progress = replace(progress, seconds_left=seconds_each * max(0, progress.n_rows - progress.n_done))
            yield progress
    yield replace(progress, path=out)


def _estimate_prior(
    classifier: ClassifiesMany,
    source: Path,
    summary: FileSummary,
    limits: Limits | None,
    batch_size: int | None,
    progress: Progress,
) -> Generator[Progress, None, Prior]:
    """The shares of the groups in a file, out of the answers to rows spread evenly over it.

    Yields:
        `progress` as it stands, after each batch, so that a caller can end the run.

    Raises:
        SphereError: Too few rows have a text.
    """
    answers: list[Sequence[float]] = []
    with ExitStack() as stack:
        step = -(-summary.n_rows // MAX_SAMPLE)
        rows = islice(open_file(source, stack, limits).rows, 0, None, step)
        for batch in paced((to_file_row(row, summary.chosen) for row in rows), batch_size):
            answers += [answer.probabilities for answer in classifier.classify_many(texts_of(batch))]
            yield progress
    if len(answers) < MIN_SAMPLE:
        raise SphereError(
            "The file's own mix can be estimated from {least} articles and more, and it has {found}: "
            "choose arXiv's mix, or the equal one.",
            least=MIN_SAMPLE,
            found=len(answers),
        )
    return estimate_prior(np.log(np.maximum(answers, 1e-12)), ARXIV.shares)


def paced(rows: Iterator[FileRow], size: int | None) -> Iterator[list[FileRow]]:
    """Lists of `size` rows; of None as many as the caller needed SECONDS for, by what it needed for the list before.

    >>> [len(batch) for batch in paced(iter([FileRow("", {})] * 100), None)]
    [32, 64, 4]
    """
    if size:
        yield from in_batches(rows, size)
        return
    size = FIRST_BATCH
    while batch := list(islice(rows, size)):
        started = time.monotonic()
        yield batch
        seconds = max(time.monotonic() - started, 1e-6)
        size = min(2 * size, MAX_BATCH, max(1, int(len(batch) * SECONDS / seconds)))
