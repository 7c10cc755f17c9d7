"""Work for the encoder in pieces that are computed at a stretch, and that an interruption may cost at most.

A piece is the same texts in the same order whoever reads it, here or on another machine, so its result is the same.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Protocol, TypeVar

from spheres.data.text import Text
from spheres.encoder.encoder import Encoder

Advance = Callable[[int], object]  # takes a number of texts that are done
Result = TypeVar("Result", covariant=True)


class Job(Protocol[Result]):
    """What an engine computes."""

    @property
    def wanted(self) -> Collection[int]:
        """The numbers of the pieces that are still to be computed."""
        ...

    def n_texts(self, number: int) -> int:
        """How many texts a piece has, for a progress bar."""
        ...

    def read(self) -> Iterator[tuple[int, list[Text]]]:
        """Number and texts of each wanted piece, in the order of the numbers."""
        ...

    def compute(self, number: int, texts: Sequence[Text], encoder: Encoder, advance: Advance = bool) -> Result:
        """The result of one piece."""
        ...
