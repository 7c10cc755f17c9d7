"""Dynamic batching: questions that arrive while it runs are answered together in its next run.

    batcher = Batcher(classifier.classify_many)
    batcher.classify(Text("A title", "An abstract"))      # from any thread; waits for its answer

A lone question is answered at once and by itself. Under load each run takes up all that have come meanwhile, which the
encoder computes side by side, one to a core: cores that share one text spend much of their time waiting for each other.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spheres.data.text import Text
    from spheres.inference.classifier import Classification

MOST = 16  # questions in one run: beyond that a run only gets longer, not faster


class Waiting:
    """A text, and once it is done, its answer or what went wrong."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.answer: Classification | None = None
        self.error: Exception | None = None

    @property
    def done(self) -> bool:
        return self.answer is not None or self.error is not None


class Batcher:
    """Hands waiting questions to `answer_many`, in the order they came, one run at a time."""

    def __init__(self, answer_many: Callable[[Sequence[Text]], list[Classification]]) -> None:
        self.answer_many = answer_many
        self._waiting: deque[Waiting] = deque()
        self._turn = threading.Lock()

    def classify(self, text: Text) -> Classification:
        """The answer to one text.

        raises : what `answer_many` raises for this text alone
        """
        mine = Waiting(text)
        self._waiting.append(mine)
        while not mine.done:
            # whoever gets the lock answers the whole queue, perhaps including those who then wait for the lock
            with self._turn:
                if not mine.done:
                    self._answer(self._take())
        if mine.error:
            raise mine.error
        assert mine.answer
        return mine.answer

    def _take(self) -> list[Waiting]:
        """The longest waiting questions; at least one."""
        return [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]

    def _answer(self, questions: list[Waiting]) -> None:
        """Answer them together; where that fails, each by itself, so that one bad text is nobody else's trouble."""
        try:
            answers = self.answer_many([question.text for question in questions])
        except Exception as error:
            if len(questions) == 1:
                questions[0].error = error
            else:
                for question in questions:
                    self._answer([question])
            return
        for question, answer in zip(questions, answers, strict=True):
            question.answer = answer
