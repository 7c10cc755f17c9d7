"""What the page shows, as markup: templates in `templates/`, filled here in the visitor's language.

    answer_html(classification, 0.95, "coverage", language("ru"))

Jinja escapes every value that enters a template, so whatever a visitor typed stays text.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from spheres.data.categories import NAMES
from spheres.data.taxonomy import GROUPS
from spheres.inference.map_image import COLOURS
from spheres.inference.notes import answer_as_json, notes, reading_note, unfamiliar_note
from spheres.web.formulas import plain_formulas
from spheres.web.i18n import Language, language

if TYPE_CHECKING:  # the classifier brings torch along; sentences and markup do without
    from spheres.inference.classifier import Classification

    Outcome = Classification | str | None  # an answer, a message in its place, or nothing asked yet

MOST_NAMED = 2  # spheres beside the most probable one, in the answer's words: two lines of them
LEAST_SHOWN = 0.005  # of a category's probability beside the answer: what rounds to 0 % is left to the tab


@cache
def _templates() -> Environment:
    folder = Path(__file__).parent / "templates"
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["colours"] = COLOURS
    environment.filters["plain_formulas"] = plain_formulas
    return environment


def render(template: str, language: Language, **values: object) -> str:
    """A template of the folder `templates/`, filled in one language; every value is escaped."""
    return (
        _templates()
        .get_template(template)
        .render(values, language=language, groups=group_names(language), _=language.gettext, ngettext=language.ngettext)
    )


def sentence_html(sentence: str, css_class: str = "aside", role: str = "") -> str:
    """A sentence by itself; `role` is ARIA's: "status" or "alert" has a screen reader read it out."""
    return render("sentence.html", language("en"), sentence=sentence, css_class=css_class, role=role)


def group_names(language: Language) -> dict[str, str]:
    """The eight groups in arXiv's order: code -> name."""
    _ = language.gettext
    return {
        "physics": _("Physics"),
        "math": _("Mathematics"),
        "cs": _("Computer Science"),
        "q-bio": _("Quantitative Biology"),
        "q-fin": _("Quantitative Finance"),
        "stat": _("Statistics"),
        "eess": _("Electrical Engineering and Systems Science"),
        "econ": _("Economics"),
    }


def rule_names(language: Language) -> dict[str, str]:
    """What a threshold can set: rule -> what the page calls it."""
    _ = language.gettext
    return {"coverage": _("how often the right sphere is listed"), "sum": _("what the probabilities add up to")}


def prior_names(language: Language) -> dict[str, str]:
    """Which shares the spheres may have among the articles asked about: prior -> what the page calls it."""
    _ = language.gettext
    return {"arxiv": _("as on arXiv"), "equal": _("equally frequent")}


def meaning_html(threshold: float, rule: str, measured: tuple[float, float] | None, language: Language) -> str:
    """What the slider's position means, in measured terms, on one line.

    Args:
        threshold: in (0, 1].
        rule: "sum" or "coverage".
        measured: the share of unseen articles whose sphere was shown at this position, and how many spheres were shown
            on average; None where that was not measured.
        language: the page's.
    """
    return render("meaning.html", language, n=round(100 * threshold), rule=rule, measured=measured)


def summary(outcome: Outcome, threshold: float, rule: str, language: Language) -> str:
    """The answer in words, for screen readers: they read it out when it changes. Plain text."""
    if outcome is None or isinstance(outcome, str):
        return outcome or ""
    warning, note = unfamiliar_note(outcome), reading_note(outcome)
    if warning:
        told = language.translate(warning)
    else:
        chosen = outcome.predict_set(threshold, rule)
        first = _with_percent(outcome, chosen[:1], language)
        told = f"{first}. {also_possible(outcome, chosen, language, len(chosen))}"
    return f"{told} {language.translate(note)}" if note else told


def also_possible(outcome: Classification, chosen: list[str], language: Language, most: int = MOST_NAMED) -> str:
    """The spheres listed beside the most probable one, in words; the first `most` of them by name."""
    _, others = language.gettext, chosen[1:]
    named = _with_percent(outcome, others[:most], language)
    if not others:
        return _("No other sphere is likely enough to be listed.")
    if len(others) <= most:
        return _("Also possible: {spheres}.", spheres=named)
    return language.ngettext(
        "Also possible: {spheres}, and {n} more.",
        "Also possible: {spheres}, and {n} more.",
        len(others) - most,
        spheres=named,
    )


def _with_percent(outcome: Classification, chosen: list[str], language: Language) -> str:
    """Names of spheres, each with its probability in whole percent."""
    names, probabilities = group_names(language), dict(outcome.ranked())
    return "; ".join(f"{names[group]}, {language.percent(probabilities[group])}" for group in chosen)


def copies(outcome: Outcome, threshold: float, rule: str, language: Language) -> tuple[str, str]:
    """What the two buttons copy: the answer as text, a line a sphere, and as JSON; empty where there is none."""
    if outcome is None or isinstance(outcome, str):
        return "", ""
    names, probabilities = group_names(language), dict(outcome.ranked())
    chosen = outcome.predict_set(threshold, rule)
    lines = [f"{names[group]} ({group}): {language.percent(probabilities[group], 1)}" for group in chosen]
    text = "\n".join([*lines, *map(language.translate, notes(outcome))])
    answer = {**answer_as_json(outcome, threshold, rule), "threshold": threshold, "rule": rule}
    return text, json.dumps(answer, indent=2)


class Row(NamedTuple):
    """A group in the answer's table; None leaves a cell empty. Running totals stand there where the rule sums them."""

    group: str
    probability: float | None
    total: float | None


def answer_html(outcome: Outcome, threshold: float, rule: str, language: Language) -> str:
    """The answer's panel: the groups of the prediction set with their running total, and the ones left out."""
    if outcome is None or isinstance(outcome, str):
        message = outcome or language.gettext("Paste a title, an abstract, or both: the answer appears here.")
        rows = [Row(group, None, None) for group in GROUPS]
        values = {"message": message, "problem": outcome is not None, "rows": rows, "n_chosen": 0}
        return render("answer.html", language, **values, warning="", totals=False, note="")
    warning, note = unfamiliar_note(outcome), reading_note(outcome)
    chosen = [] if warning else outcome.predict_set(threshold, rule)  # of such a text nothing is promised
    rows, total = [], 0.0
    for group, probability in sorted(
        outcome.ranked(), key=lambda row: row[0] not in chosen
    ):  # a rare one may be chosen
        total += probability  # before a more probable one
        rows.append(Row(group, probability, total))
    return render(
        "answer.html",
        language,
        message=None,
        warning=language.translate(warning) if warning else "",
        also=also_possible(outcome, chosen, language),
        categories=[(code, p) for code, p in outcome.categories() if p >= LEAST_SHOWN],
        category_names=NAMES,
        totals=rule == "sum",
        rows=rows,
        n_chosen=len(chosen),
        total=rows[len(chosen) - 1].total,
        note=language.translate(note) if note else "",
    )
