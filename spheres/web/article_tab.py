"""The tab "One article": two boxes, a threshold, and the spheres the article belongs to.

An answer takes two steps. `ArticleTab.predict` runs the encoder and leaves its probabilities in the visitor's state;
`ArticleTab.show` reads them with the threshold of that very moment. The slider calls `show` alone, so it never runs the
encoder.

A visitor may ask again before an answer is there. Each question has its time (`Visit`): what belongs to an older one is
dropped on the server, and `page.js` hides what is of another article than the answer on the page.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import gradio as gr

from spheres.data.arxiv_id import arxiv_identifier, check_no_identifier
from spheres.data.text import Text, placeholder_in, prepare_text
from spheres.errors import SphereError
from spheres.inference.service import Service
from spheres.model.prediction_sets import DEFAULT_RULE, DEFAULT_THRESHOLD, nearest_threshold
from spheres.web.events import CLASSIFY_EVENT, SHOW_EVENT, Visit
from spheres.web.examples import EXAMPLES
from spheres.web.i18n import Language
from spheres.web.render import answer_html, copies, group_names, prior_names, summary
from spheres.web.threshold import build_advanced, build_slider, known_prior, known_rule, meaning

if TYPE_CHECKING:
    from spheres.web.render import Outcome


class ArticleTab:
    """Question and answer side by side, one below the other where the window is narrow.

    Attributes, for the tabs below the answer, which listen to it:
        question: the boxes for title and abstract, threshold, rule and prior.
        outcome: the visitor's answer under arXiv's prior, a message in its place, or None.
        text: the plain text that the answer is of; None where there is none.
        visit: knows which question of the visitor is the last.
        answered: the event after which `outcome` may be another one.
    """

    def __init__(self, page: gr.Blocks, service: Service, language: Language) -> None:
        self.service, self.language = service, language
        self.outcome, self.text, self.visit = gr.State(None), gr.State(None), gr.State(Visit())
        with gr.Row(elem_id="article-tab"):
            with gr.Column(elem_id="question", min_width=280):
                self._build_boxes()
            with gr.Column(elem_id="reply", min_width=280):
                self._build_answer()
            self._build_examples()
        self.summary = gr.HTML("", elem_id="summary", apply_default_css=False)
        self.question = (self.title, self.abstract, self.threshold, self.rule, self.prior)
        self.answered = self._wire(page)

    def _build_boxes(self) -> None:
        _ = self.language.gettext
        hint = _("A title, or an arXiv id or link")
        self.title = gr.Textbox(label=_("Title"), placeholder=hint, lines=1, max_lines=2, elem_id="title")
        self.abstract = gr.Textbox(
            label=_("Abstract"),
            placeholder=_("Ctrl+Enter classifies. Either box may stay empty."),
            lines=9,
            max_lines=9,  # a fixed height: the page below never moves while one types
            elem_id="abstract",
        )
        with gr.Row(elem_id="actions"):
            self.start = gr.Button(_("Classify"), variant="primary", elem_id="classify", min_width=80, scale=3)
            self.clear = gr.Button(_("Clear"), elem_id="clear", min_width=80, scale=1)

    def _build_answer(self) -> None:
        _ = self.language.gettext
        nothing = answer_html(None, DEFAULT_THRESHOLD, DEFAULT_RULE, self.language)
        self.answer = gr.HTML(nothing, elem_id="answer", apply_default_css=False)
        # Two buttons, and out of sight what they copy
        self.copied_text, self.copied_json = gr.Textbox(visible=False), gr.Textbox(visible=False)
        with gr.Row(elem_id="copying"):
            build_copy_button(_("Copy as text"), self.copied_text, "copy-text", self.language)
            build_copy_button(_("Copy as JSON"), self.copied_json, "copy-json", self.language)
        self.threshold = build_slider(self.language)
        self.meaning = gr.HTML(meaning(self.service, self.language), elem_id="meaning", apply_default_css=False)
        self.rule, self.prior = build_advanced(prior_names(self.language), self.language)

    def _build_examples(self) -> None:
        _, names = self.language.gettext, group_names(self.language)
        labels = []
        for example in EXAMPLES:
            sphere = names[example.group]
            if not example.abstract:
                sphere = _("{sphere}, title only", sphere=sphere)
            elif not example.title:
                sphere = _("{sphere}, abstract only", sphere=sphere)
            labels.append(sphere)
        self.examples = gr.Dataset(
            components=[self.title, self.abstract],
            samples=[[example.title, example.abstract] for example in EXAMPLES],
            sample_labels=labels,
            label=_("Examples, written for this page"),
            elem_id="examples",
        )

    def _wire(self, page: gr.Blocks) -> Any:
        """Say which events call which method; returns the event that ends with an answer shown."""
        boxes, question = [self.title, self.abstract], list(self.question)
        asked_at = gr.Number(visible=False)  # filled by `spheres.asking`
        asked = [*boxes, asked_at, self.visit]
        answer = [self.outcome, self.text, self.title, self.abstract]
        view = [self.answer, self.summary, self.meaning, self.copied_text, self.copied_json]
        sent = "(...values) => spheres.asking(...values)"
        classify_event = {**CLASSIFY_EVENT, "show_progress_on": self.answer, "js": sent}
        submits = [self.start.click, self.title.submit, self.abstract.submit]
        samples = json.dumps([[example.title, example.abstract] for example in EXAMPLES])
        # 1. What asks: the button, Enter, an example, a link that holds a text; and what empties the boxes
        asks = [
            gr.on(submits, self.predict, asked, answer, **classify_event),
            self.examples.click(None, self.examples, boxes, js=f"(n) => spheres.fromExample({samples}[n])").then(
                self.predict, asked, answer, **classify_event
            ),
            page.load(None, question, question, js="(...boxes) => spheres.fromLink(...boxes)").then(
                self.predict_link, asked, answer, **classify_event
            ),
            self.clear.click(self.empty, [asked_at, self.visit], answer, js=sent, **SHOW_EVENT),
        ]
        # 2. What shows: each of these, through one button (pressed by `spheres.answered`) and so through one event,
        # whose last run counts; and the slider by itself
        shown = (self.show, [self.outcome, self.threshold, self.rule, self.prior, self.text], view)
        button = gr.Button(visible="hidden", elem_id="answered")
        for event in asks:
            event.then(None, js="() => spheres.answered()")
        answered = button.click(*shown, **SHOW_EVENT)
        moves = [self.threshold.change, self.rule.change, self.prior.change]
        gr.on(moves, *shown, **SHOW_EVENT)
        # 3. The links to other languages take the question along
        changes = [part.change for part in self.question]
        gr.on(changes, None, question, js="(...boxes) => { spheres.remember(...boxes); }")
        return answered

    def predict(self, title: str | None, abstract: str | None, asked_at: float | None, visit: Visit) -> tuple[Any, ...]:
        """Run the encoder: the boxes' content -> answer or message, its text, and the boxes' new content.

        What comes after the visitor's next question changes nothing.
        """
        title, abstract, question = title or "", abstract or "", visit.ask(asked_at)
        try:
            identifier = arxiv_identifier(title)
            if identifier:
                article = self.service.arxiv.fetch(identifier)
                title, abstract = article.title, article.abstract
            else:
                check_no_identifier(title or abstract)
            text = prepare_text(title, abstract)
            outcome = replace(self.service.classify(text), placeholder=placeholder_in(title, abstract, text))
        except SphereError as error:
            answer: tuple[Any, ...] = self.language.translate(error), None, gr.skip(), gr.skip()
        else:
            answer = outcome, text, *(text if identifier else (gr.skip(), gr.skip()))
        return answer if visit.answer(question, answer[1]) else (gr.skip(),) * len(answer)

    def predict_link(
        self, title: str | None, abstract: str | None, asked_at: float | None, visit: Visit
    ) -> tuple[Any, ...]:
        """The same where the page's address holds a text; a page just opened is not asked anything."""
        return self.predict(title, abstract, asked_at, visit) if title or abstract else (gr.skip(),) * 4

    def empty(self, asked_at: float | None, visit: Visit) -> tuple[Any, ...]:
        """No answer, no text, and empty boxes."""
        visit.answer(visit.ask(asked_at), None)
        return None, None, "", ""

    def show(
        self,
        outcome: Outcome,
        threshold: float | None,
        rule: str | None,
        prior: str | None = None,
        text: Text | None = None,
    ) -> tuple[str, ...]:
        """An answer by the threshold: its markup, summary, the threshold's meaning, and as text and JSON to copy."""
        asked, rule = nearest_threshold(threshold), known_rule(rule)
        outcome = under(outcome, prior)
        return (
            of_article(answer_html(outcome, asked, rule, self.language), text, known_prior(prior).name),
            summary(outcome, asked, rule, self.language),
            meaning(self.service, self.language, asked, rule, prior, view_of(outcome)),
            *copies(outcome, asked, rule, self.language),
        )


def view_of(outcome: Outcome) -> str:
    """Which parts of an article the visitor's answer is of; before there is one, both."""
    return "both" if outcome is None or isinstance(outcome, str) else outcome.view


def of_article(html: str, text: Text | None, prior: str = "") -> str:
    """Markup that says which article, and which prior, it is about; `page.js` shows it beside that answer only."""
    article = f"{zlib.crc32(repr(text).encode('utf-8', 'replace')):08x}" if text else ""
    return f'<div data-of="{article} {prior}">{html}</div>' if article else html


def under(outcome: Outcome, prior: str | None) -> Outcome:
    """The visitor's outcome, an answer among them under a prior; an unknown one stands for arXiv's."""
    if outcome is None or isinstance(outcome, str):
        return outcome
    return outcome.under(known_prior(prior))


def build_copy_button(label: str, box: gr.Textbox, elem_id: str, language: Language) -> None:
    """A button that copies what a box holds, also where Gradio's own cannot: in a frame, over plain HTTP."""
    button = gr.Button(label, elem_id=elem_id, elem_classes="copy", size="sm", min_width=80)
    copied = json.dumps(language.gettext("Copied"))
    button.click(None, [box], None, js=f"(text) => {{ spheres.copy(text, '{elem_id}', {copied}); }}")
