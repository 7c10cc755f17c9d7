"""Warnings beside an answer (unlike the training articles, read in part), and the answer in words and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spheres.data.categories import NAMES
from spheres.errors import Message

if TYPE_CHECKING:  # the classifier brings torch along
    from spheres.inference.classifier import Classification

UNFAMILIAR = Message(
    "This text does not look like the articles the model learned from, so the answer means little: "
    "perhaps it is not a scientific article, or not in English."
)

PLACEHOLDERS = {
    "abstract": Message("The abstract says only that there is none, so the title alone was read."),
    "title": Message("The title says only that there is none, so the abstract alone was read."),
}


def reading_note(classification: Classification) -> Message | None:
    """What was not read: a placeholder, or what is beyond the encoder's window; None where all of the text was."""
    read, whole = classification.n_tokens_read, classification.n_tokens
    if read >= whole:
        return PLACEHOLDERS.get(classification.placeholder)
    return Message(
        "Only the first {read:,} of {whole:,} word pieces ({share:.0%}) were read; the rest did not fit.",
        read=read,
        whole=whole,
        share=max(1, 100 * read // whole) / 100,  # rounded down: nearly all is not all
    )


def notes(classification: Classification) -> list[Message]:
    """What a reader must know beside the answer: each a sentence, the weightiest first."""
    unfamiliar = UNFAMILIAR if classification.out_of_distribution else None
    return [note for note in (unfamiliar, reading_note(classification)) if note]


def answer_in_words(classification: Classification, threshold: float, rule: str) -> str:
    """The answer in English, a line for the groups, one for the likeliest categories and one for each note.

    >>> from spheres.inference.classifier import Classification
    >>> answer_in_words(Classification((0, 0.02, 0.71, 0.21, 0.06, 0, 0, 0), 5, 5), 0.9, "sum")
    'Computer Science, 71 %. Also possible: Quantitative Biology, 21 %.'
    """
    probabilities = dict(classification.ranked())
    first, *others = (
        f"{NAMES[group]}, {_percent(probabilities[group])}" for group in classification.predict_set(threshold, rule)
    )
    lines = [f"{first}. Also possible: {'; '.join(others)}." if others else f"{first}."]
    if categories := ", ".join(f"{code} {_percent(p)}" for code, p in classification.categories()):
        lines.append(f"Categories: {categories}.")
    return "\n".join([*lines, *map(str, notes(classification))])


def _percent(probability: float) -> str:
    """A probability in whole percent; what is not quite all or nothing is never shown as such.

    >>> _percent(0.714), _percent(0.999), _percent(0.001), _percent(0.0)
    ('71 %', '> 99 %', '< 1 %', '0 %')
    """
    if 0 < probability < 0.005:
        return "< 1 %"
    return "> 99 %" if 0.995 <= probability < 1 - 1e-6 else f"{100 * probability:.0f} %"


def answer_as_json(classification: Classification, threshold: float, rule: str = "sum") -> dict[str, Any]:
    """The answer for programs, as `/classify` returns it.

    Args:
        threshold: In (0, 1], with `rule` as in `Classification.predict_set`.

    Returns:
        "spheres" (codes), "probabilities" (of every group), "categories" (probabilities of the likeliest), the most
        probable first in each, "prior" (its name) and "note", in English.
    """
    return {
        "spheres": classification.predict_set(threshold, rule),
        "probabilities": {group: round(float(p), 6) for group, p in classification.ranked()},
        "categories": {code: round(p, 6) for code, p in classification.categories()},
        "prior": classification.prior.name,
        "note": " ".join(map(str, notes(classification))),
    }
