"""The text of an article, coloured by what each of its pieces does to the answer: markup of the tab "Why"."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spheres.data.taxonomy import GROUPS
from spheres.web.i18n import Language
from spheres.web.render import group_names, render, sentence_html

if TYPE_CHECKING:
    from spheres.inference.explain import Explanation, Piece

FULL_COLOUR = 2.0  # log-odds from which an effect has the full colour: 50 % becomes 88 %, 95 % becomes 99 %
NOTHING = 0.0005  # a change of a probability that is written as 0.0 points
FAINTEST = 0.04  # share of the full colour below which none is shown: such an effect is too small to speak of


@dataclass(frozen=True)
class Mark:
    """A piece of the text, coloured by what leaving it out does to a group.

    Attributes:
        kind: "sentence", "strongest" (the sentence whose words are marked as well) or "word".
        side: "for" or "against" the group; "" where the effect is too small to be shown.
        strength: of the colour, from 0 to 1.
        without: the group's probability without the piece.
        gain: by how much the piece raises that probability, from -1 to 1.
        inside: the piece's text, with the marks within it.
    """

    kind: str
    side: str
    strength: float
    without: float
    gain: float
    inside: list[str | Mark]


def why_html(explanation: Explanation, closer: Explanation | None, group: str, language: Language) -> str:
    """The text with each piece coloured by how much it moved `group`.

    Args:
        explanation: the effect of its sentences.
        closer: the effect of the words of the sentence that moved the group most; None while it is not computed yet.
        group: a group's code.
        language: the page's.
    """
    if not explanation.pieces and closer and not closer.pieces:
        _ = language.gettext
        return sentence_html(_("This text is a single word: without it, nothing is left to compare with."))
    words = [(piece, _mark(closer, piece, group, "word")) for piece in closer.pieces] if closer else []
    strongest = explanation.strongest(group)
    sentences = []
    unmoved = changes_nothing(explanation, group) or (not strongest and closer and changes_nothing(closer, group))
    for piece in () if unmoved else explanation.pieces:
        if words and piece == strongest:
            inside = _segments(explanation.text[piece.part], piece.start, piece.end, words)
            sentences.append((piece, _mark(explanation, piece, group, "strongest", inside)))
        else:
            sentences.append((piece, _mark(explanation, piece, group, "sentence")))
    marks = [] if unmoved else sentences or words  # a text of one sentence has none to leave out: its words alone
    parts = []
    for part, css_class in enumerate(("weighed-title", "weighed")):
        text = explanation.text[part]
        if text.strip():
            here = [(piece, mark) for piece, mark in marks if piece.part == part]
            parts.append((css_class, _segments(text, 0, len(text), here)))
    return render(
        "why.html",
        language,
        parts=parts,
        group=group_names(language)[group],
        whole=explanation.whole[GROUPS.index(group)],
        with_sentences=bool(sentences),
        with_words=bool(sentences and words),
        unmoved=("sentence" if strongest else "word") if unmoved else "",
    )


def changes_nothing(explanation: Explanation, group: str) -> bool:
    """Whether no piece moves the group's probability by as much as is written; so it is where an answer is certain."""
    gains = [abs(explanation.gain(piece, group)) for piece in explanation.pieces]
    return bool(gains) and max(gains) < NOTHING


def _mark(
    explanation: Explanation, piece: Piece, group: str, kind: str, inside: list[str | Mark] | None = None
) -> Mark:
    effect = explanation.effect(piece, group)
    strength = min(1.0, abs(effect) / FULL_COLOUR)
    return Mark(
        kind=kind,
        side="" if strength < FAINTEST else "for" if effect > 0 else "against",
        strength=strength,
        without=piece.without[GROUPS.index(group)],
        gain=explanation.gain(piece, group),
        inside=inside or [explanation.text[piece.part][piece.start : piece.end]],
    )


def _segments(text: str, start: int, end: int, marks: Iterable[tuple[Piece, Mark]]) -> list[str | Mark]:
    """The text from `start` to `end` as marks, and what stands between them as it is."""
    segments: list[str | Mark] = []
    for piece, mark in marks:
        segments += [text[start : piece.start], mark]
        start = piece.end
    return [*segments, text[start:end]]
