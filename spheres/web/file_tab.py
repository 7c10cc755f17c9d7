"""The tab "A file of articles": upload it, watch it being classified, look at the first rows, download all of them.

The run is a generator, so that Gradio can end it between two batches: on Cancel, or when the visitor leaves. What is
half-written then goes with the temporary folder it stands in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from spheres.errors import SphereError
from spheres.inference.notes import notes
from spheres.inference.service import Service
from spheres.web.article_tab import build_slider
from spheres.web.i18n import Language
from spheres.web.render import render, sentence_html

FILE_EVENT: dict[str, Any] = {
    "concurrency_id": "file",
    "concurrency_limit": 1,  # one file at a time, so that single articles never wait for more than one
    "show_progress": "hidden",  # it has a progress bar of its own, in the page's language
    "api_visibility": "private",
}


class FileTab:
    """Upload and status on the left, a chart and the download on the right, the first rows below."""

    def __init__(self, service: Service, language: Language) -> None:
        self.service, self.language = service, language
        _ = language.gettext
        intro = _(
            "CSV, TSV, JSON lines, Parquet, or Kaggle’s JSON, with a column for the title, the abstract, or both; "
            "plain or compressed with gzip or xz. At most **{rows:,} rows** and **{megabytes:,} MB**. "
            "Every column is kept; spheres and probabilities are added beside them. The file is deleted within a day.",
            rows=service.limits.max_rows,
            megabytes=service.limits.max_bytes / 1e6,
        )
        gr.Markdown(intro, elem_id="file-intro")
        with gr.Row(elem_id="filing"):
            with gr.Column(min_width=280):
                self._build_upload()
            with gr.Column(min_width=280):
                wait = sentence_html(_("The spheres of its articles appear here, and the file with all answers."))
                self.chart = gr.HTML(wait, elem_id="file-chart", apply_default_css=False)
                self.download = gr.DownloadButton(_("Download"), elem_id="file-download", interactive=False)
        self.first_rows = gr.HTML("", elem_id="file-first", apply_default_css=False)
        self._wire()

    def _build_upload(self) -> None:
        _ = self.language.gettext
        label = _("CSV, TSV, JSON lines, Parquet or Kaggle’s JSON")
        self.upload = gr.File(label=label, type="filepath", elem_id="file", height=150)
        self.threshold, self.rule = build_slider(self.language, "file-")
        with gr.Row(elem_id="file-actions"):
            label = _("Classify the file")
            self.start = gr.Button(label, variant="primary", elem_id="file-classify", min_width=80, scale=3)
            self.cancel = gr.Button(_("Cancel"), elem_id="file-cancel", min_width=80, scale=1, interactive=False)
        self.status = gr.HTML("", elem_id="file-status", apply_default_css=False)

    def _wire(self) -> None:
        """Say which events call which method."""
        view = [self.status, self.chart, self.first_rows, self.download, self.start, self.cancel]
        run = self.start.click(self.run, [self.upload, self.threshold, self.rule], view, **FILE_EVENT)
        self.cancel.click(None, cancels=[run], api_visibility="private")
        # A cancelled run counts as failed once it has come to its end; until then the browser passes over another
        # start. What follows the click itself (`.then`) comes too early: Gradio does not wait there for that end.
        view = [self.status, self.start, self.cancel]
        run.failure(self.cancelled, None, view, queue=False, api_visibility="private")

    def run(self, upload: str | None, threshold: float, rule: str) -> Iterator[tuple[Any, ...]]:
        """Classify an uploaded file, batch by batch.

        Yields:
            Status, chart, first rows, the download, and the two buttons, after each batch.
        """
        _ = self.language.gettext
        idle, busy = _buttons(running=False), _buttons(running=True)
        no_download = gr.update(value=None, interactive=False)
        if not upload:
            yield _problem(_("Choose a file first.")), gr.skip(), gr.skip(), no_download, *idle
            return
        counting = sentence_html(_("Counting the rows"), "status", "status")
        yield counting, self.chart_html({}), "", no_download, *busy
        try:
            for progress in self.service.classify_file(Path(upload), threshold, rule):
                done = progress.path is not None
                yield (
                    render("file_progress.html", self.language, progress=progress),
                    self.chart_html(progress.counts),
                    self.first_rows_html(progress.first) if progress.first else "",
                    gr.update(value=str(progress.path), interactive=True) if done else gr.skip(),
                    *(idle if done else busy),
                )
        except SphereError as error:
            yield _problem(self.language.translate(error)), gr.skip(), gr.skip(), no_download, *idle

    def cancelled(self) -> tuple[Any, ...]:
        """What stands there once a run was ended: the status and the two buttons."""
        sentence = self.language.gettext("Cancelled. Nothing was kept.")
        return sentence_html(sentence, "status", "status"), *_buttons(running=False)

    def chart_html(self, counts: Mapping[str, int]) -> str:
        """How many articles have each group as their most probable one."""
        return render("chart.html", self.language, counts=counts)

    def first_rows_html(self, rows: Any) -> str:
        """The first rows as a table."""
        return render("first_rows.html", self.language, rows=rows, notes=notes)


def _buttons(running: bool) -> tuple[Any, Any]:
    """The states of the buttons that start and cancel a run."""
    return gr.update(interactive=not running), gr.update(interactive=running)


def _problem(sentence: str) -> str:
    return sentence_html(sentence, "status problem", "alert")
