"""What the page shows of a classification: the chosen spheres, their running total, and the ones left out.

Markup is made of group names and numbers alone, and of messages that are escaped; nothing a visitor typed enters it.

    >>> percent(0.7834), percent(0.0003), percent(0.9998), percent(1.0)
    ('78.3%', '<0.1%', '>99.9%', '100%')
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from spheres.groups import GROUPS

if TYPE_CHECKING:  # the classifier brings torch along; words and markup do without
    from spheres.classifier import Classification

NAMES = {
    "physics": "Physics",
    "math": "Mathematics",
    "cs": "Computer Science",
    "q-bio": "Quantitative Biology",
    "q-fin": "Quantitative Finance",
    "stat": "Statistics",
    "eess": "Electrical Engineering and Systems Science",
    "econ": "Economics",
}

UNFAMILIAR = (
    "This does not look like the articles it learned from, so the answer means little: "
    "perhaps it is no scientific article, or not in English."
)
RULE_NAMES = {"coverage": "How often the true sphere is shown", "sum": "What the probabilities add up to"}
NOTHING_YET = "Paste a title, an abstract, or both: the answer appears here."


def percent(share: float) -> str:
    """A probability as a reader takes it in; what is not quite all or nothing is never shown as such.

    >>> percent(0.5), percent(0.0), percent(0.99999)
    ('50.0%', '0%', '>99.9%')
    """
    if share <= 0:
        return "0%"
    if share >= 1 - 1e-6:  # eight float32 numbers rarely add up to 1 exactly
        return "100%"
    if share < 0.001:
        return "<0.1%"
    return ">99.9%" if share > 0.999 else f"{share:.1%}"


def reading_note(classification: Classification) -> str:
    """How much of the text was read, where it was longer than the encoder's window; empty where all of it was."""
    read, whole = classification.n_tokens_read, classification.n_tokens
    if read >= whole:
        return ""
    share = max(1, 100 * read // whole)
    return f"Read the first {read:,} of {whole:,} word pieces ({share}%); the rest did not fit the encoder’s window."


def notes(classification: Classification) -> list[str]:
    """What a reader must know beside the answer: each a sentence, the weightiest first."""
    return [note for note in (UNFAMILIAR if classification.unfamiliar else "", reading_note(classification)) if note]


def threshold_meaning(threshold: float, rule: str, measured: tuple[float, float] | None) -> str:
    """What the slider's position means, in measured terms. Plain text.

    measured : share of unseen articles whose sphere was shown at this position, and mean number of spheres shown

    >>> threshold_meaning(0.5, "sum", None)
    'Shows the most probable spheres until their probabilities add up to 50%.'
    """
    if rule == "coverage":
        goal = f"Shows the spheres that hold the true one for {round(100 * threshold)} of 100 articles"
    else:
        goal = f"Shows the most probable spheres until their probabilities add up to {threshold:.0%}"
    if not measured:
        return f"{goal}."
    covered, size = measured
    held = "" if rule == "coverage" else "the true one was among them for "
    return f"{goal}; measured on unseen articles: {held}{100 * covered:.1f} of 100, {size:.1f} spheres on average."


def answer_as_json(classification: Classification, threshold: float) -> dict[str, Any]:
    """The answer for programs: chosen codes and every group's probability, the most probable first, and the note."""
    return {
        "spheres": classification.spheres(threshold),
        "probabilities": {group: round(float(p), 6) for group, p in classification.ranked()},
        "note": " ".join(notes(classification)),
    }


def summary(outcome: Classification | str | None, threshold: float, rule: str = "sum") -> str:
    """The answer in a sentence, for screen readers: they hear it when it changes. Plain text, not markup.

    outcome : a classification, a message in its place, or None where nothing was asked yet
    """
    if outcome is None or isinstance(outcome, str):
        return outcome or ""
    probabilities = dict(outcome.ranked())
    spheres = outcome.spheres(threshold, rule)
    named = ", ".join(f"{NAMES[group]} {percent(probabilities[group])}" for group in spheres)
    together = f"; together {percent(sum(probabilities[group] for group in spheres))}" if len(spheres) > 1 else ""
    return " ".join([*([UNFAMILIAR] * outcome.unfamiliar), f"{named}{together}.", reading_note(outcome)]).strip()


def answer_html(outcome: Classification | str | None, threshold: float, rule: str = "sum") -> str:
    """The answer's panel, of the same height whatever it holds, so that the page does not jump.

    outcome : a classification, a message in its place, or None where nothing was asked yet
    """
    if outcome is None or isinstance(outcome, str):
        return _panel(_message(outcome or NOTHING_YET, problem=outcome is not None), _blank_table())
    ranked = outcome.ranked()
    n_chosen = len(outcome.spheres(threshold, rule))
    note = reading_note(outcome)
    return _panel(
        _unfamiliar_headline() if outcome.unfamiliar else _headline(ranked, n_chosen),
        _table(ranked, n_chosen) + (f'<p class="note">{escape(note)}</p>' if note else ""),
    )


def _panel(head: str, body: str) -> str:
    return f'<section class="answer" aria-label="Answer">{head}{body}</section>'


def _message(text: str, problem: bool) -> str:
    kind = "message problem" if problem else "message"
    return f'<div class="head"><p class="{kind}">{escape(text)}</p></div>'


def _headline(ranked: list[tuple[str, float]], n_chosen: int) -> str:
    (winner, most), total = ranked[0], sum(p for _, p in ranked[:n_chosen])
    above = f"{n_chosen} spheres above the line add up to" if n_chosen > 1 else "sphere above the line has"
    return (
        '<div class="head"><p class="kicker">Most probable sphere</p>'
        f'<h2 class="winner" data-group="{escape(winner)}"><span>{escape(NAMES[winner])}</span> '
        f'<span class="figure">{escape(percent(most))}</span></h2>'
        f'<p class="sentence">The {above} {escape(percent(total))}.</p></div>'
    )


def _unfamiliar_headline() -> str:
    return (
        '<div class="head"><h2 class="winner unfamiliar"><span>Unfamiliar text</span></h2>'
        f'<p class="sentence">{escape(UNFAMILIAR)}</p></div>'
    )


def _table(ranked: list[tuple[str, float]], n_chosen: int) -> str:
    chosen, left, total = "", "", 0.0
    for group, p in ranked[:n_chosen]:
        total += p
        chosen += _row(group, p, percent(p), percent(total))
    for group, p in ranked[n_chosen:]:
        left += _row(group, p, percent(p), "")
    rest = len(ranked) - n_chosen
    rule = f"Left out: {percent(max(0.0, 1 - total))} in {rest} sphere{'s' * (rest > 1)}" if rest else "None left out"
    return _whole_table(chosen, rule, left)


def _blank_table() -> str:
    return _whole_table("", "", "".join(_row(group, 0.0, "", "") for group in GROUPS))


def _whole_table(chosen: str, rule: str, left: str) -> str:
    return (
        '<table><thead><tr><th scope="col">Sphere</th><th scope="col">Probability</th>'
        f'<th scope="col">Running total</th></tr></thead><tbody class="chosen">{chosen}</tbody>'
        f'<tbody class="left-out"><tr class="rule"><td colspan="3">{escape(rule)}</td></tr>{left}</tbody></table>'
    )


def _row(group: str, p: float, probability: str, total: str) -> str:
    fill = f'<span style="width:{100 * p:.2f}%"></span>' if p > 0 else ""
    return (
        f'<tr data-group="{escape(group)}"><th scope="row">{escape(NAMES[group])}'
        f'<span class="bar" aria-hidden="true">{fill}</span></th>'
        f"<td>{escape(probability)}</td><td>{escape(total)}</td></tr>"
    )
