"""The web page, in every language: one article, or a file of them. It knows nothing of tensors.

    page = build_page(Service(classifier, neighbors))      # gradio.Blocks
    serve(page, address, site())                           # spheres.server.launch

Each language is a page of its own ("/", "/ru"), built from the same parts with other sentences, so no text can stay
behind in another language. `static/page.js` sends a visitor to the one the browser prefers.
"""

from __future__ import annotations

import json
from pathlib import Path

import gradio as gr

from spheres.inference.service import Service
from spheres.server.launch import Site
from spheres.server.preview import Preview
from spheres.web.api import Endpoints
from spheres.web.article_tab import ArticleTab
from spheres.web.file_tab import FileTab
from spheres.web.i18n import LANGUAGES, Language, language
from spheres.web.render import render
from spheres.web.result_tabs import ResultTabs

MAX_QUEUED = 64  # questions that may wait; one more is told that the queue is full
HOUR = 3600  # seconds
DELETE_CACHE = (HOUR, 22 * HOUR)  # how often Gradio looks for files, and the age at which it deletes: within a day

STATIC = Path(__file__).parent / "static"
PROJECT = Path(__file__).resolve().parents[2]  # sources and artifacts: the server hands out none of them


def site() -> Site:
    """What the server must be told of the pages: one address a language, their script and their styles."""
    addresses, previews = {}, {}
    for code in LANGUAGES:
        _ = language(code).gettext
        path, name = "/" if code == LANGUAGES[0] else f"/{code}", _("Article Sphere Classifier")
        busy = _("The server is busy: try again in a moment.")
        addresses[path] = {"lang": code, "data-languages": " ".join(LANGUAGES), "data-name": name, "data-busy": busy}
        sentence = _("Which of arXiv’s eight spheres an article belongs to") + _(
            ", from its title, its abstract, or both"
        )
        previews[path] = Preview(name, f"{sentence}.")
    translations = {code: _gradio_texts(language(code)) for code in LANGUAGES[1:]}
    script = "".join((STATIC / name).read_text("utf-8") for name in ("requests.js", "page.js"))
    css, picture = STATIC / "page.css", STATIC / "preview.png"
    return Site(addresses, script, css, (PROJECT,), translations, previews, picture)


def build_page(service: Service) -> gr.Blocks:
    """The pages over a classifier, with a bounded queue, ready to be launched."""
    home, *others = (language(code) for code in LANGUAGES)
    title = home.gettext("Article Sphere Classifier")
    with gr.Blocks(title=title, analytics_enabled=False, delete_cache=DELETE_CACHE) as page:
        _build_language(page, service, home)
        Endpoints(service)
    for other in others:
        with page.route(other.own_name, other.code, show_in_navbar=False):
            _build_language(page, service, other)
    # Closed to direct posts, which would pass the queue by; programs join it through /gradio_api/call/classify.
    return page.queue(max_size=MAX_QUEUED, api_open=False)


def _build_language(page: gr.Blocks, service: Service, own: Language) -> None:
    """Everything of one language's page."""
    _ = own.gettext
    languages = [language(code) for code in LANGUAGES]
    gr.HTML(render("masthead.html", own, languages=languages), apply_default_css=False, elem_id="top")
    with gr.Tabs(elem_id="ways"):
        with gr.Tab(_("One article"), id="one"):
            ResultTabs(service, ArticleTab(page, service, own), own)
        with gr.Tab(_("Many articles"), id="many"):
            FileTab(service, own)
    with gr.Accordion(_("How this works, and its limits"), open=False, elem_id="how"):
        classifier = service.classifier
        gr.Markdown(render("how.md", own, name=classifier.name, n_articles=classifier.n_articles))
    edited = _("This answer is to the text before it was edited")
    told = ", ".join(map(json.dumps, (_gradio_labels(own), edited)))
    page.load(None, js=f"() => {{ spheres.ready({told}); }}")


def _gradio_texts(own: Language) -> dict[str, str]:
    """What Gradio announces to screen readers, and has in few languages, by its own keys."""
    return {
        "common.complete": own.pgettext("Gradio", "Complete"),
        "common.progress": own.pgettext("Gradio", "Progress"),
        "status.queue_position": own.pgettext("Gradio", "In queue: {position} of {size}"),
    }


def _gradio_labels(own: Language) -> dict[str, str]:
    """How labels begin that Gradio has in English only -> what the page's script puts in their place."""
    labels = {
        "range slider for": own.pgettext("Gradio", "range slider for"),
        "number input for": own.pgettext("Gradio", "number input for"),
        "More tabs": own.pgettext("Gradio", "More tabs"),
        "Click to upload or drop files": own.pgettext("Gradio", "Click to upload or drop files"),
        "Clear": own.pgettext("Gradio", "Clear"),
        "Gradio footer navigation": own.pgettext("Gradio", "Gradio footer navigation"),
    }
    return {label: translated for label, translated in labels.items() if translated != label}
