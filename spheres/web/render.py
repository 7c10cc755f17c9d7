"""What the page shows of a classification: the chosen spheres, their running total, and the ones left out.

Markup is made of group names and numbers alone, and of messages that are escaped; nothing a visitor typed enters it.
Every function takes the page's language, English unless told otherwise.
"""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING

from spheres.data.taxonomy import GROUPS
from spheres.inference.notes import UNFAMILIAR, answer_as_json, notes, reading_note
from spheres.web.i18n import Wording, wording

if TYPE_CHECKING:  # the classifier brings torch along; words and markup do without
    from spheres.inference.classifier import Classification

ENGLISH = wording("en")


def threshold_meaning(
    threshold: float, rule: str, measured: tuple[float, float] | None, words: Wording = ENGLISH
) -> str:
    """What the slider's position means, in measured terms. Plain text.

    measured : share of unseen articles whose sphere was shown at this position, and mean number of spheres shown

    >>> threshold_meaning(0.5, "sum", None)
    'Shows the most probable spheres until their probabilities add up to 50%.'
    """
    goal = words.goal[rule].format(n=round(100 * threshold))
    if not measured:
        return f"{goal}."
    covered, size = (words.number(value, 1) for value in (100 * measured[0], measured[1]))
    return goal + words.measured[rule].format(covered=covered, size=size)


def summary(outcome: Classification | str | None, threshold: float, rule: str, words: Wording = ENGLISH) -> str:
    """The answer in a sentence, for screen readers: they hear it when it changes. Plain text, not markup.

    outcome : a classification, a message in its place, or None where nothing was asked yet
    """
    if outcome is None or isinstance(outcome, str):
        return outcome or ""
    probabilities = dict(outcome.ranked())
    spheres = outcome.predict_set(threshold, rule)
    named = ", ".join(f"{words.groups[group]} {words.percent(probabilities[group])}" for group in spheres)
    total = words.percent(sum(probabilities[group] for group in spheres))
    together = f"; {words.together.format(total=total)}" if len(spheres) > 1 else ""
    before = [words.translate(UNFAMILIAR)] if outcome.out_of_distribution else []
    after = [words.translate(note) for note in [reading_note(outcome)] if note]
    return " ".join([*before, f"{named}{together}.", *after])


def copies(outcome: Classification | str | None, threshold: float, rule: str, words: Wording) -> tuple[str, str]:
    """What the two buttons copy: the answer as text, a line a sphere, and as JSON; empty where there is none."""
    if outcome is None or isinstance(outcome, str):
        return "", ""
    probabilities = dict(outcome.ranked())
    chosen = outcome.predict_set(threshold, rule)
    lines = [f"{words.groups[group]} ({group}): {words.percent(probabilities[group])}" for group in chosen]
    text = "\n".join([*lines, *map(words.translate, notes(outcome))])
    about = {**answer_as_json(outcome, threshold, rule), "threshold": threshold, "rule": rule}
    return text, json.dumps(about, indent=2)


def answer_html(
    outcome: Classification | str | None, threshold: float, rule: str = "sum", words: Wording = ENGLISH
) -> str:
    """The answer's panel, of the same height whatever it holds, so that the page does not jump.

    outcome : a classification, a message in its place, or None where nothing was asked yet
    """
    if outcome is None or isinstance(outcome, str):
        head = _message(outcome or words.nothing_yet, problem=outcome is not None)
        return _panel(words, head, _table(words, [(group, None) for group in GROUPS], 0))
    ranked: list[tuple[str, float | None]] = list(outcome.ranked())
    n_chosen = len(outcome.predict_set(threshold, rule))
    note = reading_note(outcome)
    return _panel(
        words,
        _unfamiliar_headline(words) if outcome.out_of_distribution else _headline(words, outcome, n_chosen),
        _table(words, ranked, n_chosen) + (f'<p class="note">{escape(words.translate(note))}</p>' if note else ""),
    )


def _panel(words: Wording, head: str, body: str) -> str:
    return f'<section class="answer" aria-label="{escape(words.answer)}">{head}{body}</section>'


def _message(text: str, problem: bool) -> str:
    kind = "message problem" if problem else "message"
    return f'<div class="head"><p class="{kind}">{escape(text)}</p></div>'


def _headline(words: Wording, classification: Classification, n_chosen: int) -> str:
    ranked = classification.ranked()
    (winner, most), total = ranked[0], words.percent(sum(p for _, p in ranked[:n_chosen]))
    above = words.above_line_many if n_chosen > 1 else words.above_line_one
    return (
        f'<div class="head"><p class="kicker">{escape(words.most_probable)}</p>'
        f'<h2 class="winner" data-group="{escape(winner)}"><span>{escape(words.groups[winner])}</span> '
        f'<span class="figure">{escape(words.percent(most))}</span></h2>'
        f'<p class="sentence">{escape(above.format(n=n_chosen, total=total))}</p></div>'
    )


def _unfamiliar_headline(words: Wording) -> str:
    return (
        f'<div class="head"><h2 class="winner unfamiliar"><span>{escape(words.unfamiliar_head)}</span></h2>'
        f'<p class="sentence">{escape(words.translate(UNFAMILIAR))}</p></div>'
    )


def _table(words: Wording, ranked: list[tuple[str, float | None]], n_chosen: int) -> str:
    """Chosen spheres above the line, the others below it; a probability of None leaves its cells empty."""
    chosen, left, total = "", "", 0.0
    for group, p in ranked[:n_chosen]:
        total += p or 0.0
        chosen += _row(words, group, p, words.percent(total))
    for group, p in ranked[n_chosen:]:
        left += _row(words, group, p, "")
    rest, line = len(ranked) - n_chosen, ""
    if n_chosen:
        left_out = words.left_out_many if rest > 1 else words.left_out_one if rest else words.none_left_out
        line = left_out.format(total=words.percent(max(0.0, 1 - total)), n=rest)
    headings = "".join(f'<th scope="col">{escape(h)}</th>' for h in (words.sphere, words.probability))
    return (
        f'<table><thead><tr>{headings}<th scope="col">{escape(words.running_total)}</th></tr></thead>'
        f'<tbody class="chosen">{chosen}</tbody>'
        f'<tbody class="left-out"><tr class="rule"><td colspan="3">{escape(line)}</td></tr>{left}</tbody></table>'
    )


def _row(words: Wording, group: str, p: float | None, total: str) -> str:
    fill = f'<span style="width:{100 * p:.2f}%"></span>' if p else ""
    return (
        f'<tr data-group="{escape(group)}"><th scope="row">{escape(words.groups[group])}'
        f'<span class="bar" aria-hidden="true">{fill}</span></th>'
        f"<td>{'' if p is None else escape(words.percent(p))}</td><td>{escape(total)}</td></tr>"
    )
