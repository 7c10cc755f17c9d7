"""One article: two boxes, a threshold, and the spheres it belongs to.

Two steps make an answer. `read` runs the encoder and leaves its probabilities in the visitor's state; `show` reads
them with the threshold of that very moment. The slider calls `show` alone, so it never runs the encoder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from spheres.data.arxiv_id import arxiv_identifier
from spheres.data.text import prepare_text
from spheres.errors import SphereError
from spheres.inference.service import Service
from spheres.model.prediction_sets import DEFAULT_THRESHOLD, MAX_THRESHOLD, MIN_THRESHOLD, nearest_threshold
from spheres.web.examples import EXAMPLES
from spheres.web.i18n import Wording
from spheres.web.render import answer_html, copies, summary, threshold_meaning

if TYPE_CHECKING:
    from spheres.inference.classifier import Classification

IN_HAND = 16  # questions taken up at once: they wait for the encoder together, or for arXiv
DEFAULT_RULE = "coverage"  # the page's; /classify sums probabilities

# How Gradio runs the two steps. Reading is queued, and the last question asked is the one that counts. Showing passes
# the queue by, and takes the slider's number as it is: Gradio would complain of one half typed.
ENCODER: dict[str, Any] = {"concurrency_id": "encoder", "concurrency_limit": IN_HAND}
READING = {**ENCODER, "trigger_mode": "always_last", "show_progress": "minimal", "api_visibility": "private"}
SHOWING: dict[str, Any] = {"queue": False, "preprocess": False, "show_progress": "hidden", "api_visibility": "private"}


@dataclass(frozen=True)
class Desk:
    """The parts of the page that others listen to.

    asked   : the boxes, threshold and rule
    outcome : the visitor's answer, a message in its place, or None
    text    : the plain text that the answer is of; None where there is none
    answers : events after which `outcome` may be another one
    """

    asked: tuple[gr.Textbox, gr.Textbox, gr.Slider, gr.Radio]
    outcome: gr.State
    text: gr.State
    answers: tuple[Any, ...]


def build_desk(page: gr.Blocks, served: Service, words: Wording) -> Desk:
    """InputRow and reply side by side, one below the other where the window is narrow."""
    outcome, text = gr.State(None), gr.State(None)
    with gr.Row(elem_id="desk"):
        with gr.Column(elem_id="question", min_width=280):
            title, abstract, classify, clear = _question(words)
        with gr.Column(elem_id="reply", min_width=280):
            first = answer_html(None, DEFAULT_THRESHOLD, words=words)
            answer = gr.HTML(first, elem_id="answer", apply_default_css=False)
            threshold, rule = build_slider(words)
            meaning = gr.HTML(elem_id="meaning", apply_default_css=False)
            copying = _copying(words)
        examples = _examples(title, abstract, words)
    spoken = gr.HTML("", elem_id="summary", apply_default_css=False)

    asked = (title, abstract, threshold, rule)
    read = (reader(served, words), [title, abstract], [outcome, text, title, abstract])
    shown = (shower(served, words), [outcome, threshold, rule], [answer, spoken, meaning, *copying])
    answers = [
        gr.on([classify.click, title.submit, abstract.submit], *read, show_progress_on=answer, **READING),
        examples.load_input_event.then(*read, show_progress_on=answer, **READING),
        page.load(None, [*asked], [*asked], js="(...boxes) => spheres.fromLink(...boxes)").then(
            lambda *boxes: read[0](*boxes) if any(boxes) else (None, None, gr.skip(), gr.skip()),
            *read[1:],
            show_progress_on=answer,
            **READING,
        ),
        clear.click(lambda: ("", "", None, None), None, [title, abstract, outcome, text], **SHOWING),
    ]
    answered = tuple(event.then(*shown, **SHOWING) for event in answers)
    gr.on([threshold.change, rule.change], *shown, trigger_mode="always_last", **SHOWING)
    gr.on([part.change for part in asked], None, [*asked], js="(...boxes) => { spheres.remember(...boxes); }")
    return Desk(asked, outcome, text, answered)


def reader(served: Service, words: Wording) -> Callable[[str | None, str | None], tuple[Any, ...]]:
    """What runs the encoder: boxes -> the answer or a message, the text it is of, and the boxes' new content."""

    def read(title: str | None, abstract: str | None) -> tuple[Any, ...]:
        title, abstract = title or "", abstract or ""
        try:
            identifier = arxiv_identifier(title)
            if identifier:
                article = served.arxiv.fetch(identifier)
                title, abstract = article.title, article.abstract
            text = prepare_text(title, abstract)
            outcome = served.classify(text)
        except SphereError as error:
            return words.translate(error), None, gr.skip(), gr.skip()
        return outcome, text, *(text if identifier else (gr.skip(), gr.skip()))

    return read


def shower(served: Service, words: Wording) -> Callable[..., tuple[str, ...]]:
    """What turns an answer, threshold and rule into markup."""

    def show(outcome: Classification | str | None, threshold: float | None, rule: str | None) -> tuple[str, ...]:
        """The answer's markup, its summary, the slider's meaning, and the answer to copy as text and as JSON.

        A number half typed counts as the nearest one.
        """
        asked = nearest_threshold(threshold)
        rule = rule if isinstance(rule, str) and rule in words.rule_names else DEFAULT_RULE
        view = outcome.view if outcome is not None and not isinstance(outcome, str) else "both"
        meaning = threshold_meaning(asked, rule, served.classifier.measured(view, rule, asked), words)
        return (
            answer_html(outcome, asked, rule, words),
            summary(outcome, asked, rule, words),
            f"<p>{escape(meaning)}</p>",
            *copies(outcome, asked, rule, words),
        )

    return show


def _question(words: Wording) -> tuple[gr.Textbox, gr.Textbox, gr.Button, gr.Button]:
    title = gr.Textbox(label=words.title, placeholder=words.title_hint, lines=1, max_lines=2, elem_id="title")
    abstract = gr.Textbox(
        label=words.abstract,
        placeholder=words.abstract_hint,
        lines=9,
        max_lines=9,  # a fixed height: the page below never moves while one types
        elem_id="abstract",
    )
    with gr.Row(elem_id="actions"):
        classify = gr.Button(words.classify, variant="primary", elem_id="classify", min_width=80, scale=3)
        clear = gr.Button(words.clear, elem_id="clear", min_width=80, scale=1)
    return title, abstract, classify, clear


def build_slider(words: Wording, prefix: str = "") -> tuple[gr.Slider, gr.Radio]:
    """The threshold and what it sets; `prefix` tells two on one page apart."""
    threshold = gr.Slider(
        MIN_THRESHOLD,
        MAX_THRESHOLD,
        DEFAULT_THRESHOLD,
        step=0.01,
        label=words.threshold,
        elem_id=f"{prefix}threshold",
        elem_classes="threshold",
        buttons=[],
    )
    choices = [(name, rule) for rule, name in words.rule_names.items()]
    return threshold, gr.Radio(
        choices, value=DEFAULT_RULE, label=words.rule, elem_id=f"{prefix}rule", elem_classes="rule"
    )


def _copying(words: Wording) -> tuple[gr.Textbox, gr.Textbox]:
    """Two buttons, and out of sight what they copy."""
    text, json = gr.Textbox(visible=False), gr.Textbox(visible=False)
    with gr.Row(elem_id="copying"):
        copy_button(words.copy_text, text, "copy-text", words)
        copy_button(words.copy_json, json, "copy-json", words)
    return text, json


def copy_button(label: str, box: gr.Textbox, id: str, words: Wording) -> None:
    """A button that copies what a box holds, also where Gradio's own cannot: in a frame, over plain HTTP."""
    button = gr.Button(label, elem_id=id, elem_classes="copy", size="sm", min_width=80)
    button.click(None, [box], None, js=f"(text) => {{ spheres.copy(text, '{id}', '{words.copied}'); }}")


def _examples(title: gr.Textbox, abstract: gr.Textbox, words: Wording) -> gr.Examples:
    def label(group: str, title: str, abstract: str) -> str:
        part = f" · {words.example_abstract}" if not title else "" if abstract else f" · {words.example_title}"
        return words.groups[group] + part

    return gr.Examples(
        [[example.title, example.abstract] for example in EXAMPLES],
        [title, abstract],
        example_labels=[label(*example) for example in EXAMPLES],
        label=words.examples,
        cache_examples=False,
        api_visibility="private",
        elem_id="examples",
    )
