"""The encoder and the head together: a title and an abstract in, a distribution over the groups out."""

from dataclasses import dataclass

from spheres.groups import GROUPS
from spheres.prediction import prediction_set, ranking


@dataclass(frozen=True)
class Classification:
    """What the classifier says of one article.

    probabilities : one number a group, in the order of GROUPS, summing to 1
    n_tokens      : how many tokens (word pieces) the title and abstract hold
    n_tokens_read : how many of them fitted the encoder's window; the rest was not read
    """

    probabilities: tuple[float, ...]
    n_tokens: int
    n_tokens_read: int

    def spheres(self, threshold: float) -> list[str]:
        """The most probable groups until their probabilities reach `threshold`, the most probable first."""
        return [GROUPS[i] for i in prediction_set(self.probabilities, threshold)]

    def ranked(self) -> list[tuple[str, float]]:
        """Every group with its probability, the most probable first."""
        return [(GROUPS[i], self.probabilities[i]) for i in ranking(self.probabilities)]
