"""The web page: two boxes, a threshold, and the spheres an article belongs to. It knows nothing of tensors.

    page = build_page(classifier)      # gradio.Blocks; `spheres.serving.serve` puts it on the network

Two steps make an answer. `read` runs the encoder and leaves its probabilities in the visitor's state; `show` reads
them with the threshold of that very moment. The slider calls `show` alone, so it never runs the encoder.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from spheres.answer import NAMES, RULE_NAMES, answer_as_json, answer_html, summary, threshold_meaning
from spheres.errors import SphereError
from spheres.examples import EXAMPLES
from spheres.prediction import DEFAULT_THRESHOLD, MAX_THRESHOLD, MIN_THRESHOLD

if TYPE_CHECKING:
    from spheres.classifier import Classification, Classifier

TITLE = "Article Sphere Classifier"
AT_ONCE = 2  # classifications that may run side by side; torch shares the machine's cores among them
WAITING = 64  # those that may wait; one more is told that the queue is full
DEFAULT_RULE = "coverage"  # the endpoint sums, as the design says; the page shows what was calibrated
DAY = 24 * 3600  # seconds

# How Gradio runs the two steps. Reading waits for its turn at the encoder, and the last question asked is the one that
# counts. Showing passes the queue by, and takes the slider's number as it is: Gradio would complain of one half typed.
ENCODER: dict[str, Any] = {"concurrency_id": "encoder", "concurrency_limit": AT_ONCE}
READING = {**ENCODER, "trigger_mode": "always_last", "show_progress": "minimal", "api_visibility": "private"}
SHOWING: dict[str, Any] = {"queue": False, "preprocess": False, "show_progress": "hidden", "api_visibility": "private"}

# What Gradio's parts do not bring: Ctrl+Enter (Cmd+Enter) in a box of several lines, which classifies, and a live
# region for the summary, which a screen reader speaks when it changes.
ON_LOAD = """() => {
    document.getElementById('summary')?.setAttribute('role', 'status');
    document.getElementById('abstract')?.addEventListener('keydown', (event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            document.getElementById('classify').click();
        }
    });
}"""

HEADER = f"""<header class="masthead"><h1>{TITLE}</h1>
<p>Which of arXiv’s eight spheres an article belongs to<span>, from its title, its abstract, or both</span>.</p>
</header>"""

HOW = """
The text goes through **{name}**, a language model whose weights stay as they were published. A classifier trained on
**{n_articles:,}** arXiv articles turns what comes out into a probability for each of arXiv’s eight groups. An article
filed under several groups counts for each of them, so a divided answer can be the right one.

- It learned from arXiv alone. A text of another kind, or no scientific text at all, still gets an answer, with a note
  that it means little.
- English works best. A title alone says less than an abstract, and probabilities are estimates, not guarantees.
- Of a long text only the beginning is read; the answer says so.
- Your text stays with the server of this page, is not written to its disk, and the page asks no one else for anything.

Programs ask the endpoint `/classify`, where the threshold is what the probabilities add up to; “Use via API” below
shows how.
"""


def build_page(classifier: Classifier) -> gr.Blocks:
    """The page over a classifier, with a bounded queue, ready to be launched."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(DAY, DAY)) as page:
        gr.HTML(HEADER, apply_default_css=False)
        outcome = gr.State(None)  # Classification | str | None, as `answer_html` takes it
        with gr.Row(elem_id="desk"):
            with gr.Column(elem_id="question", min_width=280):
                title, abstract, classify, clear = _question()
            with gr.Column(elem_id="reply", min_width=280):
                answer = gr.HTML(answer_html(None, DEFAULT_THRESHOLD), elem_id="answer", apply_default_css=False)
                threshold, rule = _slider()
                meaning = gr.HTML(elem_id="meaning", apply_default_css=False)
            examples = _examples(title, abstract)
        summary_line = gr.HTML("", elem_id="summary", apply_default_css=False)
        with gr.Accordion("How this works, and its limits", open=False, elem_id="how"):
            gr.Markdown(HOW.format(name=classifier.name, n_articles=classifier.n_articles))

        read = (_reader(classifier), [title, abstract], outcome)
        shown = (shower(classifier), [outcome, threshold, rule], [answer, summary_line, meaning])
        asked = gr.on([classify.click, title.submit, abstract.submit], *read, show_progress_on=answer, **READING)
        asked.then(*shown, **SHOWING)
        picked = examples.load_input_event.then(*read, show_progress_on=answer, **READING)
        picked.then(*shown, **SHOWING)
        gr.on([threshold.change, rule.change, page.load], *shown, trigger_mode="always_last", **SHOWING)
        cleared = clear.click(lambda: ("", "", None), None, [title, abstract, outcome], **SHOWING)
        cleared.then(*shown, **SHOWING)
        page.load(None, js=ON_LOAD)
        gr.api(_endpoint(classifier), api_name="classify", **ENCODER)
    # Closed to direct posts, which would pass the queue by; programs join it through /gradio_api/call/classify.
    return page.queue(max_size=WAITING, api_open=False)


def shower(classifier: Classifier) -> Callable[..., tuple[str, str, str]]:
    def show(outcome: Classification | str | None, threshold: float | None, rule: str | None) -> tuple[str, str, str]:
        """The answer's markup, its summary and the slider's meaning; a number half typed counts as the nearest one."""
        asked = DEFAULT_THRESHOLD if threshold is None else min(max(threshold, MIN_THRESHOLD), MAX_THRESHOLD)
        rule = rule if rule in RULE_NAMES else DEFAULT_RULE
        view = outcome.view if outcome is not None and not isinstance(outcome, str) else "both"
        meaning = threshold_meaning(asked, rule, classifier.measured(view, rule, asked))
        return answer_html(outcome, asked, rule), summary(outcome, asked, rule), f"<p>{escape(meaning)}</p>"

    return show


def _question() -> tuple[gr.Textbox, gr.Textbox, gr.Button, gr.Button]:
    title = gr.Textbox(
        label="Title",
        placeholder="Enter classifies",
        lines=1,
        max_lines=2,
        elem_id="title",
    )
    abstract = gr.Textbox(
        label="Abstract",
        placeholder="Ctrl+Enter classifies. Either box may stay empty.",
        lines=9,
        max_lines=9,  # a fixed height: the page below never moves while one types
        elem_id="abstract",
    )
    with gr.Row(elem_id="actions"):
        classify = gr.Button("Classify", variant="primary", elem_id="classify", min_width=80, scale=3)
        clear = gr.Button("Clear", elem_id="clear", min_width=80, scale=1)
    return title, abstract, classify, clear


def _slider() -> tuple[gr.Slider, gr.Radio]:
    threshold = gr.Slider(
        MIN_THRESHOLD,
        MAX_THRESHOLD,
        DEFAULT_THRESHOLD,
        step=0.01,
        label="Threshold",
        elem_id="threshold",
        buttons=[],
    )
    rule = gr.Radio(
        [(name, rule) for rule, name in RULE_NAMES.items()],
        value=DEFAULT_RULE,
        label="What it sets",
        elem_id="rule",
    )
    return threshold, rule


def _examples(title: gr.Textbox, abstract: gr.Textbox) -> gr.Examples:
    def label(group: str, title: str, abstract: str) -> str:
        return NAMES[group] + (" · abstract" if not title else "" if abstract else " · title")

    return gr.Examples(
        [[example.title, example.abstract] for example in EXAMPLES],
        [title, abstract],
        example_labels=[label(*example) for example in EXAMPLES],
        label="Examples, written for this page",
        cache_examples=False,
        api_visibility="private",
        elem_id="examples",
    )


def _reader(classifier: Classifier) -> Callable[[str | None, str | None], Classification | str]:
    def read(title: str | None, abstract: str | None) -> Classification | str:
        try:
            return classifier.classify(title or "", abstract or "")
        except SphereError as error:
            return str(error)

    return read


def _endpoint(classifier: Classifier) -> Callable[[str, str, float], dict[str, Any]]:
    def classify(title: str = "", abstract: str = "", threshold: float = DEFAULT_THRESHOLD) -> dict[str, Any]:
        """Which of arXiv's eight groups an article belongs to.

        Parameters:
            title: the article's title; may be empty where an abstract is given
            abstract: the article's abstract; may be empty where a title is given
            threshold: above 0 and at most 1; groups are named until their probabilities add up to it

        Returns:
            spheres (codes of the chosen groups, the most probable first), probabilities (of all eight), note (that the
            text is unfamiliar, how much of a long one was read; else empty)
        """
        if not isinstance(title, str) or not isinstance(abstract, str):
            raise _refusal("Title and abstract must be texts.")
        # A bool is an int, and NaN compares false with everything: both are refused here.
        if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 < threshold <= 1:
            raise _refusal("The threshold must be a number above 0 and at most 1.")
        try:
            return answer_as_json(classifier.classify(title, abstract), threshold)
        except SphereError as error:
            raise _refusal(str(error)) from error

    return classify


def _refusal(sentence: str) -> gr.Error:
    """A refusal that the caller reads; the server's log has no use for its traceback."""
    return gr.Error(sentence, print_exception=False)
