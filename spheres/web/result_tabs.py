"""Below the answer: what is near, why, the map, and how to share it. Each is worked out when it is looked at.

What is near and the map cost a few milliseconds and follow every answer. Why runs the encoder once for each sentence,
so it waits until its tab is open; the sentences appear first, the words of the strongest one after them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from spheres.data.taxonomy import GROUPS
from spheres.encoder.hub import as_option
from spheres.inference.explain import MAX_EXPLAINED, Explanation, explain, explain_words
from spheres.inference.service import Service
from spheres.web.article_tab import READING, SHOWING, Desk, copy_button
from spheres.web.i18n import Wording
from spheres.web.render_details import map_html, near_html, picture_html, why_html

if TYPE_CHECKING:
    from spheres.data.text import Text
    from spheres.inference.classifier import Classification


def build_panels(page: gr.Blocks, served: Service, desk: Desk, words: Wording) -> None:
    """Four tabs under the desk, listening to it."""
    with gr.Tabs(elem_id="panels"):
        with gr.Tab(words.near, id="near") as near_tab:
            near = gr.HTML(_aside(words.near_wait), elem_id="near", apply_default_css=False)
        with gr.Tab(words.why, id="why") as why_tab:
            group, why = _why_parts(words)
        with gr.Tab(words.map, id="map") as map_tab:
            picture, marks = _map_parts(served, words)
        with gr.Tab(words.share, id="share") as share_tab:
            compact, link, frame = _share_parts(words)

    open_tab, explanation = gr.State("near"), gr.State(None)
    around = (surveyor(served, words), [desk.outcome], [near, marks])
    weigh = (weigher(served, words), [open_tab, desk.outcome, desk.text, group, explanation], [why, group, explanation])
    sharing: dict[str, Any] = {"js": "(...boxes) => spheres.toShare(...boxes)"}
    shared = (None, [*desk.asked, compact], [link, frame])
    for answered in desk.answers:
        answered.then(*around, **SHOWING)
        answered.then(lambda: (None, None), None, [explanation, group], **SHOWING).then(
            *weigh, show_progress_on=why, **READING
        )
        answered.then(*shared, **sharing)
    for tab, name in ((near_tab, "near"), (map_tab, "map"), (share_tab, "share")):
        tab.select(lambda name=name: name, None, open_tab, **SHOWING)
    why_tab.select(lambda: "why", None, open_tab, **SHOWING).then(*weigh, show_progress_on=why, **READING)
    group.input(*weigh, show_progress_on=why, **READING)
    map_tab.select(lambda: _picture(served, words), None, picture, **SHOWING)
    gr.on([share_tab.select, compact.change, desk.asked[2].change, desk.asked[3].change], *shared, **sharing)


def surveyor(served: Service, words: Wording) -> Callable[[Classification | str | None], tuple[str, str]]:
    """What is near, and the marks on the map, of an answer."""

    def survey(outcome: Classification | str | None) -> tuple[str, str]:
        index = served.neighbors
        if index is None:
            return _aside(no_cache(served, words)), ""
        if outcome is None or isinstance(outcome, str):
            return _aside(words.near_wait), map_html(index.group_centers, None, [], words)
        nearest = index.nearest(outcome.vector)
        groups = [neighbour.group for neighbour in nearest]
        return (
            near_html(nearest, groups, index.n_articles, words),
            map_html(index.group_centers, index.map_position(outcome.vector), [n.position for n in nearest], words),
        )

    return survey


def no_cache(served: Service, words: Wording) -> str:
    """What stands in place of articles and map where the embedded corpus is not there."""
    return words.no_cache.format(name=as_option(served.classifier.name))


def weigher(served: Service, words: Wording) -> Callable[..., Iterator[tuple[Any, Any, Any]]]:
    """What colours the text: first its sentences, then the words of the strongest one."""

    def weigh(
        open_tab: str,
        outcome: Classification | str | None,
        text: Text | None,
        group: str | None,
        known: Explanation | None,
    ) -> Iterator[tuple[Any, Any, Any]]:
        if open_tab != "why":
            yield gr.skip(), gr.skip(), gr.skip()
            return
        if outcome is None or isinstance(outcome, str) or text is None:
            yield _aside(words.why_ask), gr.update(value=None), None
            return
        if sum(map(len, text)) > MAX_EXPLAINED:
            yield _aside(words.why_long.format(most=words.number(MAX_EXPLAINED))), gr.update(value=None), None
            return
        group = group if group in GROUPS else outcome.ranked()[0][0]
        if known is None:
            known = explain(served.classifier, text, outcome)
        yield why_html(known, None, group, words), group, known
        closer = explain_words(served.classifier, known, group)
        yield why_html(known, closer, group, words), group, known

    return weigh


def _picture(served: Service, words: Wording) -> str:
    return picture_html(served.neighbors.map_image, words) if served.neighbors else ""


def _why_parts(words: Wording) -> tuple[gr.Radio, gr.HTML]:
    choices = [(words.groups[group], group) for group in GROUPS]
    group = gr.Radio(choices, value=None, label=words.why_group, elem_id="why-group")
    return group, gr.HTML(_aside(words.why_ask), elem_id="why", apply_default_css=False)


def _map_parts(served: Service, words: Wording) -> tuple[gr.HTML, gr.HTML]:
    index = served.neighbors
    intro = words.map_intro.format(n=words.number(index.n_articles)) if index else no_cache(served, words)
    gr.HTML(_aside(intro), apply_default_css=False)
    with gr.Column(elem_id="map", visible=index is not None):
        picture = gr.HTML("", elem_id="picture", apply_default_css=False)
        names = map_html(index.group_centers, None, [], words) if index else ""
        marks = gr.HTML(names, elem_id="marks", apply_default_css=False)
    return picture, marks


def _share_parts(words: Wording) -> tuple[gr.Checkbox, gr.Textbox, gr.Textbox]:
    gr.HTML(_aside(words.share_intro), apply_default_css=False)
    link = gr.Textbox(label=words.share_link, lines=3, max_lines=3, elem_id="link")
    copy_button(words.copy_link, link, "copy-link", words)
    frame = gr.Textbox(label=words.share_frame, lines=4, max_lines=4, elem_id="frame")
    compact = gr.Checkbox(value=True, label=words.share_compact, elem_id="compact")
    copy_button(words.copy_frame, frame, "copy-frame", words)
    return compact, link, frame


def _aside(sentence: str) -> str:
    return f'<p class="aside">{escape(sentence)}</p>'
