"""A least-recently-used cache of answers: a text that was classified before is answered without the encoder.

    cache = AnswerCache(4096)
    key = digest_of(text)
    cache.add({key: answer})
    cache.find([key])                     # {key: answer}

An article is asked again when its link is opened, when "Why" is looked at for another sphere, and where a file holds it
twice. A text is known by its digest, so nothing that visitors have typed stays here; an answer takes some 2 kB.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spheres.data.text import Text
    from spheres.inference.classifier import Classification


class AnswerCache:
    """The answers used last, at most `size` of them; may be used from several threads."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._answers: OrderedDict[bytes, Classification] = OrderedDict()  # the one used last stands last
        self._lock = threading.Lock()

    def find(self, keys: Iterable[bytes]) -> dict[bytes, Classification]:
        """The answers that are there, by their keys."""
        found = {}
        with self._lock:
            for key in keys:
                if answer := self._answers.get(key):
                    self._answers.move_to_end(key)
                    found[key] = answer
        return found

    def add(self, answers: Mapping[bytes, Classification]) -> dict[bytes, Classification]:
        """Keep answers, and return what holds for their keys from now on.

        Where another thread has answered the same text meanwhile, its answer is the one that stays: computed among
        other texts, the two may differ in their last digits.
        """
        with self._lock:
            kept = {key: self._answers.setdefault(key, answer) for key, answer in answers.items()}
            while len(self._answers) > self.size:
                self._answers.popitem(last=False)
        return kept


def digest_of(text: Text) -> bytes:
    """What a text is known by; (title, abstract) pairs of one digest are the same.

    >>> from spheres.data.text import Text
    >>> len(digest_of(Text("On trees", ""))), digest_of(Text("On trees", "")) == digest_of(Text("", "On trees"))
    (16, False)
    """
    title, abstract = text
    parts = f"{len(title)} {title}{abstract}"
    return hashlib.blake2b(parts.encode("utf-8", "surrogatepass"), digest_size=16).digest()
