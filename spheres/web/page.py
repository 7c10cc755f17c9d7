"""The web page, in every language: one article, or a file of them. It knows nothing of tensors.

    page = build_page(Service(classifier, neighbors))      # gradio.Blocks, for `server.launch.serve`

Each language is a page of its own ("/", "/ru"), built from the same parts with other words, so no text can stay behind
in another language. `static/page.js` sends a visitor to the one the browser prefers.
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

import gradio as gr

from spheres.inference.service import Service
from spheres.server.launch import Site
from spheres.web.api import add_endpoints
from spheres.web.article_tab import build_desk
from spheres.web.file_tab import build_filing
from spheres.web.i18n import LANGUAGES, Wording, wording
from spheres.web.result_tabs import build_panels

WAITING = 64  # questions that may wait; one more is told that the queue is full
HOUR = 3600  # seconds
KEPT = (HOUR, 22 * HOUR)  # how often Gradio looks for files, and how old those are that it deletes: within a day

STATIC = Path(__file__).parent / "static"
PROJECT = Path(__file__).resolve().parents[2]  # sources and artifacts: the server hands out none of them


def site() -> Site:
    """What the server must be told of the pages: one address a language, their script and their styles."""
    addresses = {}
    for place, code in enumerate(LANGUAGES):
        attributes = {"lang": code, "data-languages": " ".join(LANGUAGES), "data-busy": wording(code).busy}
        addresses[f"/{code}" if place else "/"] = attributes
    return Site(addresses, STATIC / "page.js", STATIC / "page.css", (PROJECT,))


def build_page(served: Service) -> gr.Blocks:
    """The pages over a classifier, with a bounded queue, ready to be launched."""
    home, *others = (wording(code) for code in LANGUAGES)
    with gr.Blocks(title=home.name, analytics_enabled=False, delete_cache=KEPT) as page:
        _fill(page, served, home)
        add_endpoints(served)
    for words in others:
        with page.route(words.own_name, words.code, show_in_navbar=False):
            _fill(page, served, words)
    # Closed to direct posts, which would pass the queue by; programs join it through /gradio_api/call/classify.
    return page.queue(max_size=WAITING, api_open=False)


def _fill(page: gr.Blocks, served: Service, words: Wording) -> None:
    """Everything of one language's page."""
    gr.HTML(_masthead(words), apply_default_css=False, elem_id="top")
    with gr.Tabs(elem_id="ways"):
        with gr.Tab(words.one_article, id="one"):
            desk = build_desk(page, served, words)
            build_panels(page, served, desk, words)
        with gr.Tab(words.many_articles, id="many"):
            build_filing(served, words)
    with gr.Accordion(words.how, open=False, elem_id="how"):
        n_articles = words.number(served.classifier.n_articles)
        gr.Markdown(words.how_text.format(name=served.classifier.name, n_articles=n_articles))
    page.load(None, js=f"() => {{ spheres.ready({json.dumps(words.name)}, {json.dumps(words.gradio_labels)}); }}")


def _masthead(words: Wording) -> str:
    languages = " ".join(
        f'<span aria-current="true">{escape(other.own_name)}</span>'
        if other is words
        else f'<a lang="{other.code}" hreflang="{other.code}">{escape(other.own_name)}</a>'
        for other in map(wording, LANGUAGES)
    )
    return (
        f'<header class="masthead"><div><h1>{escape(words.name)}</h1>'
        f"<p>{escape(words.lead)}<span>{escape(words.lead_rest)}</span>.</p></div>"
        f'<nav aria-label="{escape(words.switch)}">{languages}</nav></header>'
    )
