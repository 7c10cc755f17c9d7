"""The tabs below the answer: nearest articles, why, categories, map, share. Each is worked out when it is looked at.

Categories, the nearest articles and the map cost a few milliseconds and follow every answer. Why runs the encoder once
for each sentence, so it waits until its tab is open; the sentences appear first, the words of the strongest one later.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import gradio as gr

from spheres.data.categories import NAMES
from spheres.data.taxonomy import GROUPS
from spheres.encoder.hub import as_option
from spheres.errors import SphereError
from spheres.inference.category_fit import category_fit
from spheres.inference.explain import MAX_EXPLAINED, explain, explain_words
from spheres.inference.service import Service
from spheres.model.prediction_sets import nearest_threshold
from spheres.web.article_tab import ArticleTab, build_copy_button, of_article, under
from spheres.web.events import CLASSIFY_EVENT, SHOW_EVENT, Visit
from spheres.web.i18n import Language
from spheres.web.render import group_names, render, sentence_html
from spheres.web.render_why import changes_nothing, why_html
from spheres.web.threshold import known_rule

if TYPE_CHECKING:
    from spheres.data.text import Text
    from spheres.inference.classifier import Classification
    from spheres.web.render import Outcome

SHOWN_SPHERES = 4  # whose categories can be looked at
EXPLAIN = "() => spheres.explain()"  # where Why is what one looks at


class ResultTabs:
    """Five tabs that listen to an `ArticleTab`."""

    def __init__(self, service: Service, article: ArticleTab, language: Language) -> None:
        self.service, self.article, self.language = service, article, language
        _ = language.gettext
        with gr.Tabs(elem_id="panels", selected="near" if service.neighbors else "why"):
            with gr.Tab(_("Nearest"), id="near"):
                self.nearest = gr.HTML(self._nothing_near(), elem_id="near", apply_default_css=False)
            with gr.Tab(_("Why"), id="why") as self.why_tab:
                choices, label = self._choices(GROUPS), _("Effect of the sentences on")
                self.group = gr.Radio(choices, value=None, label=label, elem_id="why-group")
                self.why = gr.HTML(self._nothing_explained(), elem_id="why", apply_default_css=False)
            with gr.Tab(_("Categories"), id="categories"):
                self._build_categories()
            with gr.Tab(_("Map"), id="map") as self.map_tab:
                self._build_map()
            with gr.Tab(_("Share"), id="share") as self.share_tab:
                self._build_share()
        self._wire()

    def _build_categories(self) -> None:
        _ = self.language.gettext
        with gr.Row(elem_id="categories"):
            with gr.Column(min_width=280):
                self.categories = gr.HTML(self.categories_html(None), apply_default_css=False)
            with gr.Column(min_width=280):
                choices = [(f"{code} {NAMES[code]}", code) for code in self.service.classifier.codes]
                self.category = gr.Dropdown(
                    choices, value=None, label=_("Does yours fit? The category you have in mind"), elem_id="category"
                )
                self.fit = gr.HTML("", elem_id="category-fit", apply_default_css=False)

    def _build_map(self) -> None:
        index, intro = self.service.neighbors, self._no_index()
        if index:
            intro = self.language.gettext(
                "Each dot is one of {n:,} arXiv articles, coloured by its sphere; spheres that have much in common lie "
                "close together. The cross is your article, the rings are its ten nearest. A plane distorts distances: "
                "some of the ten may stand far off.",
                n=index.n_articles,
            )
        gr.HTML(sentence_html(intro), apply_default_css=False)
        with gr.Column(elem_id="map", visible=index is not None):
            self.picture = gr.HTML("", elem_id="picture", apply_default_css=False)
            self.marks = gr.HTML("", elem_id="marks", apply_default_css=False)

    def _build_share(self) -> None:
        _ = self.language.gettext
        intro = _(
            "The link holds the text itself, after its # sign. Browsers do not send that part to the server, and "
            "nothing is stored."
        )
        gr.HTML(sentence_html(intro), apply_default_css=False)
        self.too_long = gr.HTML("", elem_id="too-long", apply_default_css=False)
        self.link = gr.Textbox(label=_("Link to this classification"), lines=3, max_lines=3, elem_id="link")
        build_copy_button(_("Copy the link"), self.link, "copy-link", self.language)
        label = _("Markup to show this page in another one")
        self.frame = gr.Textbox(label=label, lines=4, max_lines=4, elem_id="frame")
        label = _("Compact: only boxes, slider and answer, from 320 × 480 pixels")
        self.compact = gr.Checkbox(value=True, label=label, elem_id="compact")
        build_copy_button(_("Copy the markup"), self.frame, "copy-frame", self.language)

    def _wire(self) -> None:
        """Say which events call which method."""
        article = self.article
        moves = [article.threshold.change, article.rule.change, article.prior.change]
        categories = (
            self.show_categories,
            [article.outcome, article.prior, self.category, article.text],
            [self.categories, self.fit],
        )
        near = (self.find_nearest, [article.outcome, article.text], [self.nearest, self.marks])
        share = (None, [*article.question, self.compact], [self.link, self.frame, self.too_long])
        too_long = self.language.gettext("This text is too long for a link: shorten it, or send the text itself.")
        told = json.dumps(sentence_html(too_long, "aside", "status"))
        share_event: dict[str, Any] = {"js": f"(...boxes) => spheres.toShare({told}, ...boxes)"}
        # 1. What explains: whatever asks for it presses this button, so that the last run is of the last article
        explain = gr.Button(visible="hidden", elem_id="explain")
        explain.click(
            self.explain,
            [article.outcome, article.text, article.prior, article.visit],
            [self.why, self.group],
            **{**CLASSIFY_EVENT, "show_progress_on": self.why},
        )
        # 2. After each answer
        article.answered.then(*categories, **SHOW_EVENT)
        article.answered.then(*near, **SHOW_EVENT)
        asked = [article.outcome, article.threshold, article.rule, article.prior]
        order = (self.order_groups, asked, self.group)
        article.answered.then(*order, **SHOW_EVENT)
        article.answered.then(None, js=EXPLAIN)
        article.answered.then(*share, **share_event)
        # 3. When a tab is opened
        self.why_tab.select(None, js=EXPLAIN)
        self.map_tab.select(self.show_map, article.visit, [self.picture, self.marks], **SHOW_EVENT)
        # 4. What is chosen within one, or beside the answer
        chosen = self.group.input(self.choose_group, [self.group, article.visit], None, **SHOW_EVENT)
        for event in (chosen.then, article.prior.change):
            event(None, js=EXPLAIN)
        gr.on([self.category.input, article.prior.change], *categories, **SHOW_EVENT)
        gr.on([self.share_tab.select, self.compact.change, *moves], *share, **share_event)
        gr.on(moves, *order, **SHOW_EVENT)

    def show_categories(
        self, outcome: Outcome, prior: str | None, category: str | None, text: Text | None
    ) -> tuple[str, str]:
        """The likeliest categories as a table, and how well the chosen one fits."""
        outcome = under(outcome, prior)
        if outcome is None or isinstance(outcome, str):
            return self.categories_html(None), ""
        table = of_article(self.categories_html(outcome), text, outcome.prior.name)
        if not category:
            return table, ""
        try:
            fit = category_fit(outcome, category, self.service.classifier.cross_listed)
        except SphereError as error:
            return table, sentence_html(self.language.translate(error))
        told = render("category_fit.html", self.language, fit=fit, names=NAMES)
        return table, of_article(told, text, outcome.prior.name)

    def categories_html(self, answer: Classification | None) -> str:
        """The likeliest categories of an answer, and every sphere's own, the likeliest first."""
        if answer is None:
            wait = self.language.gettext("Classify an article to see its most probable arXiv categories here.")
            return sentence_html(wait)
        spheres = [
            (group, probability, answer.categories_of(group)) for group, probability in answer.ranked()[:SHOWN_SPHERES]
        ]
        return render("categories.html", self.language, top=answer.categories(), spheres=spheres, names=NAMES)

    def find_nearest(self, outcome: Outcome, text: Text | None) -> tuple[str, str]:
        """The nearest articles of an answer as a table, and their marks on the map."""
        index = self.service.neighbors
        if index is None or outcome is None or isinstance(outcome, str):
            return self._nothing_near(), self._map_html(None)
        neighbors = index.nearest(outcome.vector)
        table = render("nearest.html", self.language, neighbors=neighbors, n_articles=index.n_articles)
        rings = [neighbor.position for neighbor in neighbors]
        marks = self._map_html(index.map_position(outcome.vector), rings)
        return of_article(table, text), of_article(marks, text)

    def order_groups(self, outcome: Outcome, threshold: float | None, rule: str | None, prior: str | None) -> Any:
        """The groups to explain in the answer's order: the chosen ones first."""
        outcome = under(outcome, prior)
        if outcome is None or isinstance(outcome, str):
            return gr.update(choices=self._choices(GROUPS))
        chosen = outcome.predict_set(nearest_threshold(threshold), known_rule(rule))
        ranked = [group for group, _ in outcome.ranked()]
        return gr.update(choices=self._choices(sorted(ranked, key=lambda group: group not in chosen)))

    def choose_group(self, group: str | None, visit: Visit) -> None:
        """Another group is to be explained, for this article."""
        visit.group = group if group in GROUPS else None

    def explain(
        self, outcome: Outcome, text: Text | None, prior: str | None, visit: Visit
    ) -> Iterator[tuple[Any, Any]]:
        """Colour the text: first its sentences, then the words of the strongest one.

        Args:
            outcome: the answer to explain.
            text: what it is the answer to.
            prior: that the answer is shown under.
            visit: has the group to explain, and ends the run once its visitor has asked anew.

        Yields:
            The markup and the group.
        """
        question = visit.question
        outcome = under(outcome, prior)
        if outcome is None or isinstance(outcome, str) or text is None:
            yield self._nothing_explained(), gr.update(value=None)
            return
        if sum(map(len, text)) > MAX_EXPLAINED:
            too_long = self.language.gettext(
                "Only texts of up to {most:,} characters are explained, and this one is longer: paste the abstract "
                "only.",
                most=MAX_EXPLAINED,
            )
            yield sentence_html(too_long), gr.update(value=None)
            return
        group = visit.group or outcome.ranked()[0][0]
        # For another group the sentences' answers are in the classifier's cache
        explanation = explain(self.service.classifier, text, outcome)
        for with_words in (False,) if changes_nothing(explanation, group) else (False, True):
            closer = explain_words(self.service.classifier, explanation, group) if with_words else None
            if visit.question != question or visit.text != text:
                return
            html = why_html(explanation, closer, group, self.language)
            yield of_article(html, text, outcome.prior.name), group

    def show_map(self, visit: Visit) -> tuple[str, Any]:
        """The picture of all articles, in the page itself, and the names on it; an answer brings its own marks.

        Drawing the picture takes seconds, once; so whether there is an answer is looked up after that.
        """
        if self.service.neighbors is None:
            return "", ""
        png = base64.b64encode(self.service.neighbors.map_image).decode("ascii")
        marks = self._map_html(None) if visit.text is None else gr.skip()
        return render("map_image.html", self.language, png=png), marks

    def _map_html(self, cross: tuple[float, float] | None, rings: list[tuple[float, float]] | None = None) -> str:
        index = self.service.neighbors
        if index is None:
            return ""
        return render("map.html", self.language, centers=index.group_centers, cross=cross, rings=rings or [])

    def _choices(self, groups: Iterable[str]) -> list[tuple[str, str]]:
        names = group_names(self.language)
        return [(names[group], group) for group in groups]

    def _nothing_near(self) -> str:
        wait = self.language.gettext("Classify an article, and the ten most similar ones appear here.")
        return sentence_html(wait if self.service.neighbors else self._no_index())

    def _nothing_explained(self) -> str:
        _ = self.language.gettext
        return sentence_html(_("Classify an article to see here how much each of its sentences changed the answer."))

    def _no_index(self) -> str:
        return self.language.gettext(
            "The embedded corpus is not on this server: run `python embed.py CORPUS --encoder {name}` there.",
            name=as_option(self.service.classifier.name),
        )
