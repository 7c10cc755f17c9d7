"""The tab "Many articles": choose a file or paste titles, correct columns, watch, look at the answers, download them.

A file is read as soon as it is chosen (a second or two for 50 MB), so that it is refused, or its columns are corrected,
before anything is computed. Start counts it again: nothing of a visitor's file is kept in memory meanwhile.

The run is a generator, so that Gradio can end it between two batches: on Cancel, or when the visitor leaves. What is
half-written then goes with the temporary folder it stands in.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from spheres.data.readers.problems import too_large
from spheres.data.text import is_utf8, plain
from spheres.errors import SphereError
from spheres.inference.classify_file import Progress
from spheres.inference.file_rows import FileSummary, summarize_file
from spheres.inference.notes import notes
from spheres.inference.service import Service
from spheres.model.prediction_sets import nearest_threshold
from spheres.model.prior import PRIORS
from spheres.web.events import SHOW_EVENT
from spheres.web.i18n import Language
from spheres.web.render import group_names, prior_names, render, sentence_html
from spheres.web.threshold import build_advanced, build_slider, meaning

FILE_EVENT: dict[str, Any] = {
    "concurrency_id": "file",
    "concurrency_limit": 1,  # one file at a time, so that single articles never wait for more than one
    "show_progress": "hidden",  # it has a progress bar of its own, in the page's language
    "api_visibility": "private",
}
READ_EVENT: dict[str, Any] = {
    "concurrency_id": "reading",
    "concurrency_limit": 2,  # files read at a time, each by a process of its own, beside the one that is classified
    "trigger_mode": "always_last",  # of files chosen one after the other the last counts
    "show_progress": "hidden",
    "api_visibility": "private",
}
NO_COLUMN = ""  # in a menu, as in `spheres.data.columns.find_columns`
MAX_CHOICES, MAX_NAME, SHOWN_NAME = 1_000, 1_000, 60  # columns in a menu, characters of a name there, and those shown


class FileTab:
    """Upload and status on the left, a chart and the download on the right, the first rows below."""

    def __init__(self, service: Service, language: Language) -> None:
        self.service, self.language = service, language
        _ = language.gettext
        intro = _(
            "CSV, TSV, Excel, Parquet, JSON, RIS, BibTeX, or what PubMed, EndNote, Web of Science or arXiv export, "
            "with titles, abstracts, or both; plain or compressed with gzip, bzip2 or xz. At most **{rows:,} rows** "
            "and **{megabytes:,} MB**. Everything in it is kept; spheres and probabilities are added. The file is "
            "deleted within a day.",
            rows=service.limits.max_rows,
            megabytes=service.limits.max_bytes / 1e6,
        )
        gr.Markdown(intro, elem_id="file-intro")
        with gr.Row(elem_id="filing"):
            with gr.Column(min_width=280):
                self._build_upload()
            with gr.Column(min_width=280):
                self.chart = gr.HTML(self._no_chart(), elem_id="file-chart", apply_default_css=False)
                self.download = gr.DownloadButton(_("Download the answers"), elem_id="file-download", interactive=False)
        self.first_rows = gr.HTML("", elem_id="file-first", apply_default_css=False)
        self._wire()

    def _build_upload(self) -> None:
        _ = self.language.gettext
        with gr.Column(elem_id="file-source"):
            self.upload = gr.File(label=_("File of articles"), type="filepath", elem_id="file", height=150)
            # Not to be typed in: a phone would open its keyboard over the list
            menu: dict[str, Any] = {"filterable": False, "min_width": 120}
            with gr.Row(visible=False, elem_id="file-columns") as self.columns:
                label = _("Column with the titles")
                self.title_column = gr.Dropdown([], label=label, elem_id="file-title-column", **menu)
                label = _("Column with the abstracts")
                self.abstract_column = gr.Dropdown([], label=label, elem_id="file-abstract-column", **menu)
        hint = _("Two columns copied out of a spreadsheet are read as titles and abstracts.")
        label = _("Or paste titles, one a line")
        self.pasted = gr.Textbox(label=label, placeholder=hint, lines=3, max_lines=3, elem_id="file-pasted")
        self.threshold = build_slider(self.language, "file-")
        self.meaning = gr.HTML(meaning(self.service, self.language), elem_id="file-meaning", apply_default_css=False)
        names = {**prior_names(self.language), "file": _("as in this file, estimated")}
        self.rule, self.prior = build_advanced(names, self.language, "file-")
        with gr.Row(elem_id="file-actions"):
            label = _("Classify all")
            self.start = gr.Button(label, variant="primary", elem_id="file-classify", min_width=80, scale=3)
            self.cancel = gr.Button(_("Cancel"), elem_id="file-cancel", min_width=80, scale=1, interactive=False)
        self.status = gr.HTML("", elem_id="file-status", apply_default_css=False)

    def _wire(self) -> None:
        """Say which events call which method."""
        answers = [self.status, self.chart, self.first_rows, self.download]
        menus = [self.title_column, self.abstract_column]
        controls = [self.start, self.cancel, self.upload, *menus]
        # 1. A file is chosen, or taken away; then perhaps another column
        view = [*answers, self.start, self.columns, *menus]
        self.upload.change(self.read, self.upload, view, **READ_EVENT)
        choices = [menu.input for menu in menus]
        gr.on(choices, self.read_columns, [self.upload, *menus], answers, **READ_EVENT)
        asked_for = [self.threshold, self.rule, self.prior]
        changes = [*(part.change for part in asked_for), self.pasted.blur]
        gr.on(changes, self.show_meaning, [*asked_for, self.pasted], self.meaning, **SHOW_EVENT)
        refused = gr.Button(visible="hidden", elem_id="file-refused")  # pressed by page.js
        name = gr.Textbox(visible=False)
        refused.click(self.refuse_size, name, answers, js="() => spheres.tooLarge()", **READ_EVENT)
        # 2. The run
        asked = [self.upload, self.pasted, self.threshold, self.rule, *menus, self.prior]
        at_once = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        started = self.start.click(self.begin, None, [*answers, *controls], **at_once)
        run = started.then(self.run, asked, [*answers, *controls], **FILE_EVENT)
        self.cancel.click(None, cancels=[run], api_visibility="private")
        # A cancelled run counts as failed once it has come to its end; until then the browser passes over another
        # start. What follows the click itself (`.then`) comes too early: Gradio does not wait there for that end.
        run.failure(self.cancelled, None, [*answers, *controls], queue=False, api_visibility="private")

    def read(self, upload: str | None) -> Iterator[tuple[Any, ...]]:
        """Read a chosen file's columns, and forget the answers to the one before.

        Yields:
            Status, chart, first rows, the download, the button that starts, and the menus: both, titles, abstracts.
        """
        no_menus = gr.update(visible=False), *(gr.update(choices=[], value=None) for _ in range(2))
        if not upload:
            yield "", *self._no_answers(), gr.update(interactive=True), *no_menus
            return
        yield self._reading(), *self._no_answers(), gr.update(interactive=False), *no_menus
        try:
            summary = summarize_file(Path(upload), self.service.limits)
        except SphereError as error:
            status = _problem(self.language.translate(error))
            yield status, *self._no_answers(), gr.update(interactive=False), *no_menus
            return
        status, menus = self.summary_html(summary, Path(upload)), self._menus(summary) if summary.choices else no_menus
        yield status, *self._no_answers(), gr.update(interactive=True), *menus

    def read_columns(self, upload: str | None, title: str | None, abstract: str | None) -> Iterator[tuple[Any, ...]]:
        """Read the file with the columns that its visitor has chosen: status, chart, first rows, the download."""
        if not upload:
            return
        yield self._reading(), *self._no_answers()
        try:
            summary = summarize_file(Path(upload), self.service.limits, title, abstract)
        except SphereError as error:
            yield _problem(self.language.translate(error)), *self._no_answers()
            return
        yield self.summary_html(summary, Path(upload)), *self._no_answers()

    def refuse_size(self, name: str | None) -> tuple[Any, ...]:
        """What stands there when a file is too large to be sent: why, and no answers."""
        error = too_large(self.service.limits.max_bytes, Path(name or ""))
        return _problem(self.language.translate(error)), *self._no_answers()

    def begin(self) -> tuple[Any, ...]:
        """What a click on Start shows at once, whoever's file is at work: status, no answers, and the controls."""
        sentence = self.language.gettext("Starting. One file is classified at a time.")
        return sentence_html(sentence, "status", "status"), *self._no_answers(), *_controls(running=True)

    def run(
        self,
        upload: str | None,
        pasted: str | None,
        threshold: float,
        rule: str,
        title: str | None,
        abstract: str | None,
        prior: str,
    ) -> Iterator[tuple[Any, ...]]:
        """Classify an uploaded file or pasted lines, batch by batch.

        Args:
            upload: Where the file lies; None where there is none.
            pasted: Titles, one a line; behind a tab each may have its abstract.
            threshold: As `spheres.model.prediction_sets.nearest_threshold` takes it: a percentage, of the slider.
            rule: "coverage" or "sum".
            title: The column with the titles, "" for none; None, where there are no menus, has it found.
            abstract: The same for the abstracts.
            prior: How frequent the spheres are among its articles: "arxiv", "equal" or "file".

        Yields:
            Status, chart, first rows, the download, and the controls, after each batch.
        """
        _ = self.language.gettext
        idle, share = _controls(running=False), nearest_threshold(threshold)
        lines = (pasted or "").strip()
        if bool(upload) == bool(lines):
            both = _("Choose a file or paste titles, not both: remove one of them.")
            problem = both if upload else _("Choose a file or paste titles first.")
            yield _problem(problem), *self._no_answers(), *idle
            return
        yield self._reading(), *self._no_answers(), *_controls(running=True)
        with tempfile.TemporaryDirectory() as folder:  # ends with this run, also a cancelled one
            source = Path(upload) if upload else write_titles(lines, Path(folder))
            try:
                for progress in self.service.classify_file(source, share, rule, title, abstract, prior):
                    done = progress.path is not None
                    yield (
                        self.progress_html(progress),
                        self.chart_html(progress.counts),
                        self.first_rows_html(progress.first) if progress.first else "",
                        gr.update(value=str(progress.path), interactive=True) if done else gr.skip(),
                        *(idle if done else [gr.skip()] * len(idle)),
                    )
            except SphereError as error:
                yield _problem(self.language.translate(error)), *self._no_answers(), *idle

    def show_meaning(self, threshold: float | None, rule: str | None, prior: str | None, pasted: str | None) -> str:
        """What the slider's position means for pasted titles, or else for articles with title and abstract."""
        view = "title" if pasted and "\t" not in pasted else "both"
        return meaning(self.service, self.language, nearest_threshold(threshold), rule, prior, view)

    def cancelled(self) -> tuple[Any, ...]:
        """What stands there once a run was ended: nothing of its answers, and the controls."""
        sentence = self.language.gettext("Cancelled. Nothing was kept.")
        return sentence_html(sentence, "status", "status"), *self._no_answers(), *_controls(running=False)

    def summary_html(self, summary: FileSummary, source: Path) -> str:
        """How a file is read, and what is wrong where it cannot be."""
        problem = ""
        try:
            summary.check(source)
        except SphereError as error:
            problem = self.language.translate(error)
        return render("file_summary.html", self.language, summary=summary, problem=problem)

    def progress_html(self, progress: Progress) -> str:
        """How far a run has come, and the file's own shares of the spheres where they were asked for."""
        names, shares = group_names(self.language), ""
        if progress.prior and progress.prior.name not in PRIORS:
            shares = ", ".join(f"{names[group]} {self.language.percent(p, 1)}" for group, p in progress.prior.ranked())
        return render("file_progress.html", self.language, progress=progress, shares=shares)

    def chart_html(self, counts: Mapping[str, int]) -> str:
        """How many articles have each group as their most probable one, or are unfamiliar; a sentence before."""
        if not any(counts.values()):
            return self._no_chart()
        return render("chart.html", self.language, counts=counts)

    def first_rows_html(self, rows: Any) -> str:
        """The first rows as a table."""
        return render("first_rows.html", self.language, rows=rows, notes=notes)

    def _reading(self) -> str:
        return sentence_html(self.language.gettext("Reading the file"), "status", "status")

    def _no_chart(self) -> str:
        _ = self.language.gettext
        return sentence_html(_("The spheres of its articles appear here, and the file with all answers."))

    def _no_answers(self) -> tuple[Any, ...]:
        """Chart, first rows and download before there are any."""
        return self._no_chart(), "", gr.update(value=None, interactive=False)

    def _menus(self, summary: FileSummary) -> tuple[Any, ...]:
        """The menus of a file, filled with what was found."""
        found = [names[0] if names else NO_COLUMN for names in (summary.chosen.title, summary.chosen.abstract)]
        # No answer with half a surrogate pair reaches the browser; of names by the thousand the first do
        sent = [name for name in summary.choices if name and len(name) <= MAX_NAME and is_utf8(name)]
        sent = [*sent[:MAX_CHOICES], *(name for name in sent[MAX_CHOICES:] if name in found)]
        choices = [(_shown(name, n), name) for n, name in enumerate(sent, 1)]
        choices.insert(0, (self.language.gettext("none"), NO_COLUMN))
        known = {value for _, value in choices}  # None has it found again
        menus = (gr.update(choices=choices, value=name if name in known else None) for name in found)
        return gr.update(visible=True), *menus


def write_titles(pasted: str, folder: Path) -> Path:
    """Pasted lines as a table, so that they are read as any file is: titles, and abstracts where lines have tabs.

    >>> write_titles("Prime gaps\\n\\nWage contracts\\tWe study wages.", Path(getfixture("tmp_path"))).read_text()
    'title,abstract\\nPrime gaps,\\nWage contracts,We study wages.\\n'
    >>> write_titles("\\ud800 x", Path(getfixture("tmp_path"))).read_text()  # half a character
    'title,abstract\\n? x,\\n'
    """
    path = folder / "titles.csv"
    with path.open("w", encoding="utf-8", errors="replace", newline="") as f:
        table = csv.writer(f, lineterminator="\n")
        table.writerow(["title", "abstract"])
        for line in filter(str.strip, pasted.splitlines()):
            title, _, abstract = line.partition("\t")
            table.writerow([title, abstract])
    return path


def _controls(running: bool) -> tuple[Any, ...]:
    """The states of the buttons that start and cancel a run, of the box for the file, and of the two menus."""
    start, cancel = gr.update(interactive=not running), gr.update(interactive=running)
    return start, cancel, start, start, start


def _shown(name: str, n: int) -> str:
    """The name of the nth column in a menu.

    >>> _shown("Title of the <b>talk</b>", 1), _shown(" ", 2), len(_shown("x" * 100, 3))
    ('Title of the talk', '2', 60)
    """
    text = plain(name) or name.strip() or str(n)
    return text if len(text) <= SHOWN_NAME else text[: SHOWN_NAME - 1].rstrip() + "…"


def _problem(sentence: str) -> str:
    return sentence_html(sentence, "status problem", "alert")
