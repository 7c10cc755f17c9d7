"""Warnings beside an answer (unlike the training articles, read in part), and the answer as JSON for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spheres.errors import LanguageName, Message
from spheres.model.prediction_sets import DEFAULT_RULE

if TYPE_CHECKING:  # the classifier brings torch along
    from spheres.inference.classifier import Classification

UNFAMILIAR = Message(
    "This text does not look like the articles the model learned from, so the answer means little: "
    "perhaps it is not a scientific article, or not in English."
)

PLACEHOLDERS = {
    "abstract": Message("Read: the title. The abstract is a placeholder."),
    "title": Message("Read: the abstract. The title is a placeholder."),
}


def unfamiliar_note(classification: Classification) -> Message | None:
    """Why the answer means little: the text's language, or that it is unlike the training articles; None otherwise."""
    if not classification.out_of_distribution:
        return None
    if not classification.written_in:
        return UNFAMILIAR
    return Message(
        "This is {language}; the model reads English, so the answer means little.",
        language=LanguageName(classification.written_in),
    )


def reading_note(classification: Classification) -> Message | None:
    """What was not read: a placeholder, or what is beyond the encoder's window; None where all of the text was."""
    read, whole = classification.n_tokens_read, classification.n_tokens
    if read >= whole:
        return PLACEHOLDERS.get(classification.placeholder)
    return Message("Read: the first {share:.0%}.", share=max(1, 100 * read // whole) / 100)  # nearly all is not all


def notes(classification: Classification) -> list[Message]:
    """What a reader must know beside the answer: each a sentence, the weightiest first."""
    return [note for note in (unfamiliar_note(classification), reading_note(classification)) if note]


def answer_as_json(classification: Classification, threshold: float, rule: str = DEFAULT_RULE) -> dict[str, Any]:
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
