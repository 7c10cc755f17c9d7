"""Dynamic batching: texts that arrive while the encoder runs are classified together in its next run.

    batcher = Batcher(classifier.classify_many)
    batcher.classify(Text("A title", "An abstract"))      # from any thread; waits for its answer

A lone text is classified at once and by itself. Under load each run takes up all that have come meanwhile, which the
encoder computes side by side, one to a core: cores that share one text spend much of their time waiting for each other.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spheres.data.text import Text
    from spheres.inference.classifier import Classification

MAX_BATCH = 16  # texts in one run: beyond that a run only gets longer, not faster


class Batcher:
    """Classifies waiting texts in the order they came, one batch at a time."""

    def __init__(self, classify_many: Callable[[Sequence[Text]], list[Classification]]) -> None:
        self.classify_many = classify_many
        self._waiting: deque[tuple[Text, Future[Classification]]] = deque()
        self._running = threading.Lock()

    def classify(self, text: Text) -> Classification:
        """The answer to one text, or the exception that `classify_many` raises for this text alone."""
        answer: Future[Classification] = Future()
        self._waiting.append((text, answer))
        while not answer.done():
            # whoever gets the lock classifies the whole queue, perhaps also for those who then wait for the lock
            with self._running:
                if not answer.done():
                    self._run([self._waiting.popleft() for _ in range(min(MAX_BATCH, len(self._waiting)))])
        return answer.result()

    def _run(self, batch: list[tuple[Text, Future[Classification]]]) -> None:
        """Classify them together; where that fails, each by itself, so that one bad text harms no other."""
        try:
            classifications = self.classify_many([text for text, _ in batch])
        except Exception as error:
            if len(batch) == 1:
                batch[0][1].set_exception(error)
            else:
                for waiting in batch:
                    self._run([waiting])
            return
        for (_, answer), classification in zip(batch, classifications, strict=True):
            answer.set_result(classification)
