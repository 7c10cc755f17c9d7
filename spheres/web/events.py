"""How Gradio runs the page's events, and how a run learns that its visitor has asked something else since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spheres.data.text import Text

MAX_CONCURRENT = 16  # questions taken up at once: they wait for the encoder together, or for arXiv

# How Gradio runs the two steps. Classifying is queued, and the last question asked is the one that counts. Showing
# passes the queue by, and takes the slider's number as it is: Gradio would complain of one half typed.
PRIVATE: dict[str, Any] = {"api_visibility": "private"}
ENCODER_EVENT: dict[str, Any] = {"concurrency_id": "encoder", "concurrency_limit": MAX_CONCURRENT}
CLASSIFY_EVENT = {**ENCODER_EVENT, **PRIVATE, "trigger_mode": "always_last", "show_progress": "minimal"}
SHOW_EVENT: dict[str, Any] = {
    **PRIVATE,
    "queue": False,
    "preprocess": False,
    "show_progress": "hidden",
    "trigger_mode": "always_last",
}


@dataclass(eq=False)
class Visit:
    """What a visitor asked last. One object a visitor, which all events share: so a run sees that it is outdated.

    Attributes:
        question: when the last question was asked, in milliseconds by the visitor's clock: a slow network may bring an
            earlier one later.
        text: the text of the last answer.
        group: the group whose explanation was asked for; None stands for the most probable one.
    """

    question: float = 0
    text: Text | None = None
    group: str | None = None

    def ask(self, at: float | None) -> float:
        """Take note of a question; returns when it was asked."""
        asked = at or self.question + 1  # whoever sends no time asks after what came before
        self.question = max(self.question, asked)
        return asked

    def answer(self, question: float, text: Text | None) -> bool:
        """Whether an answer is to the last question; then its text is the last one, and no group is chosen for it."""
        if question == self.question:
            self.text, self.group = text, None
        return question == self.question
