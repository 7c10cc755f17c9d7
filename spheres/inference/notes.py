"""What a reader must know beside an answer, and the answer for programs: plain text and values, no markup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spheres.web.i18n import Wording, wording

if TYPE_CHECKING:  # the classifier brings torch along
    from spheres.inference.classifier import Classification

ENGLISH = wording("en")


def reading_note(classification: Classification, words: Wording = ENGLISH) -> str:
    """How much of the text was read, where it was longer than the encoder's window; empty where all of it was."""
    read, whole = classification.n_tokens_read, classification.n_tokens
    if read >= whole:
        return ""
    share = f"{max(1, 100 * read // whole)}{words.percent_sign}"
    return words.read_part.format(read=words.number(read), whole=words.number(whole), share=share)


def notes(classification: Classification, words: Wording = ENGLISH) -> list[str]:
    """What a reader must know beside the answer: each a sentence, the weightiest first."""
    unfamiliar = words.unfamiliar if classification.out_of_distribution else ""
    return [note for note in (unfamiliar, reading_note(classification, words)) if note]


def answer_as_json(classification: Classification, threshold: float, rule: str = "sum") -> dict[str, Any]:
    """The answer for programs: chosen codes and every group's probability, the most probable first, and the note."""
    return {
        "spheres": classification.predict_set(threshold, rule),
        "probabilities": {group: round(float(p), 6) for group, p in classification.ranked()},
        "note": " ".join(notes(classification)),
    }
