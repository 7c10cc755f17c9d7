"""What a server answers with: classifier, nearest articles, arXiv lookups and limits, shared by all visitors."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from spheres.inference.arxiv_api import ArxivClient
from spheres.inference.batcher import Batcher
from spheres.inference.file_rows import Limits

if TYPE_CHECKING:
    from spheres.data.text import Text
    from spheres.inference.classifier import Classification, Classifier
    from spheres.inference.surroundings import Surroundings


@dataclass(frozen=True)
class Service:
    """What the page answers with.

    surroundings : what it says of nearest articles and the map; None where the embedded corpus is not there
    listing      : where arXiv ids are looked up
    limits       : of a file of articles
    """

    classifier: Classifier
    surroundings: Surroundings | None = None
    listing: ArxivClient = field(default_factory=ArxivClient)
    limits: Limits = field(default_factory=Limits)

    @cached_property
    def _turns(self) -> Batcher:
        return Batcher(self.classifier.classify_many)

    def classify(self, text: Text) -> Classification:
        """As the classifier's, together with those who ask meanwhile."""
        return self._turns.ask(text)
