"""A file of articles: upload it, watch it being classified, look at the first rows, download all of them.

The run is a generator, so that Gradio can end it between two batches: on Cancel, or when the visitor leaves. What is
half-written then goes with the temporary folder it stands in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from spheres.errors import SphereError
from spheres.inference.classify_file import Progress
from spheres.inference.notes import notes
from spheres.inference.service import Service
from spheres.web.article_tab import build_slider
from spheres.web.i18n import Wording
from spheres.web.render_details import chart_html

EVENTS: dict[str, Any] = {
    "concurrency_id": "file",
    "concurrency_limit": 1,  # one file at a time, so that single articles never wait for more than one
    "show_progress": "hidden",  # it has a progress bar of its own, in the page's language
    "api_visibility": "private",
}


def build_filing(served: Service, words: Wording) -> None:
    """The second tab of the page."""
    gr.Markdown(
        words.file_intro.format(
            rows=words.number(served.limits.max_rows), megabytes=words.number(served.limits.max_bytes / 1e6)
        ),
        elem_id="file-intro",
    )
    with gr.Row(elem_id="filing"):
        with gr.Column(min_width=280):
            upload = gr.File(label=words.file_upload, type="filepath", elem_id="file", height=150)
            threshold, rule = build_slider(words, "file-")
            with gr.Row(elem_id="file-actions"):
                start = gr.Button(
                    words.file_classify, variant="primary", elem_id="file-classify", min_width=80, scale=3
                )
                cancel = gr.Button(words.file_cancel, elem_id="file-cancel", min_width=80, scale=1, interactive=False)
            status = gr.HTML("", elem_id="file-status", apply_default_css=False)
        with gr.Column(min_width=280):
            chart = gr.HTML(
                f'<p class="aside">{escape(words.file_wait)}</p>', elem_id="file-chart", apply_default_css=False
            )
            download = gr.DownloadButton(words.file_download, elem_id="file-download", interactive=False)
    first = gr.HTML("", elem_id="file-first", apply_default_css=False)

    run = start.click(
        runner(served, words),
        [upload, threshold, rule],
        [status, chart, first, download, start, cancel],
        **EVENTS,
    )
    stopped = cancel.click(None, cancels=[run], api_visibility="private")
    stopped.then(  # not at once: the run's last report would come after it, and stay
        lambda: (_said(words.file_cancelled), gr.update(interactive=True), gr.update(interactive=False)),
        None,
        [status, start, cancel],
        queue=False,
        api_visibility="private",
    )


def runner(served: Service, words: Wording) -> Callable[..., Iterator[tuple[Any, ...]]]:
    """What classifies a file, and what the page shows of it as it goes."""

    def run(upload: str | None, threshold: float, rule: str) -> Iterator[tuple[Any, ...]]:
        idle = (gr.update(interactive=True), gr.update(interactive=False))
        at_work = (gr.update(interactive=False), gr.update(interactive=True))
        none = gr.update(value=None, interactive=False)
        if not upload:
            yield _problem(words.file_none), gr.skip(), gr.skip(), none, *idle
            return
        yield _said(words.file_counting), chart_html({}, words), "", none, *at_work
        try:
            for progress in served.classify_file(Path(upload), threshold, rule):
                file = gr.update(value=str(progress.path), interactive=True) if progress.path else gr.skip()
                yield *shown(progress, words), file, *(idle if progress.path else at_work)
        except SphereError as error:
            yield _problem(words.translate(error)), gr.skip(), gr.skip(), none, *idle

    return run


def shown(progress: Progress, words: Wording) -> tuple[str, str, str]:
    """Status, chart and first rows of a run at one moment."""
    return (
        _status(progress, words),
        chart_html(progress.counts, words),
        _first_rows(progress, words) if progress.first else "",
    )


def _status(progress: Progress, words: Wording) -> str:
    rows = words.number(progress.n_rows)
    if progress.path:
        done = _said(words.file_done.format(answered=words.number(progress.n_answered), rows=rows))
        return done + _problems(progress, words)
    left = "…"
    if progress.seconds_left is not None:
        minutes = progress.seconds_left >= 90
        template = words.file_minutes if minutes else words.file_seconds
        left = template.format(n=words.number(round(progress.seconds_left / 60 if minutes else progress.seconds_left)))
    sentence = escape(words.file_progress.format(done=words.number(progress.n_done), rows=rows, left=left))
    return (
        f'<div class="status"><label>{sentence}<progress value="{progress.n_done}" max="{progress.n_rows}"></progress>'
        "</label></div>"
    )


def _problems(progress: Progress, words: Wording) -> str:
    if not progress.problems:
        return ""
    items = "".join(
        f"<li><b>{escape(_place(place, words))}</b> {escape(words.translate(problem))}</li>"
        for place, problem in progress.problems
    )
    more = progress.n_problems - len(progress.problems)
    rest = f"<li>{escape(words.file_more_problems.format(n=words.number(more)))}</li>" if more else ""
    heading = f"{words.file_problems}: {words.number(progress.n_problems)}"
    return f'<div class="problems"><h3>{escape(heading)}</h3><ul>{items}{rest}</ul></div>'


def _place(place: str, words: Wording) -> str:
    kind, _, number = place.partition(" ")
    return words.places[kind].format(n=number) if kind in words.places else place


def _first_rows(progress: Progress, words: Wording) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in words.file_first_headers)
    rows = ""
    for row in progress.first:
        note = " ".join(map(words.translate, notes(row.classification)))
        spheres = ", ".join(words.groups[group] for group in row.spheres)
        cells = (
            _place(row.place, words),
            row.text,
            spheres,
            words.percent(max(row.classification.probabilities)),
            note,
        )
        rows += f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
    return (
        f'<section class="near" aria-label="{escape(words.file_first)}"><h3>{escape(words.file_first)}</h3>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></section>"
    )


def _said(sentence: str) -> str:
    return f'<p class="status" role="status">{escape(sentence)}</p>'


def _problem(sentence: str) -> str:
    return f'<p class="status problem" role="alert">{escape(sentence)}</p>'
