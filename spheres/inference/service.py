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
    from spheres.inference.neighbors import NeighborIndex


@dataclass(frozen=True)
class Service:
    """What the page answers with.

    neighbors : nearest articles and the map; None where the embedded corpus is not there
    arxiv     : where arXiv ids are looked up
    limits    : of a file of articles
    """

    classifier: Classifier
    neighbors: NeighborIndex | None = None
    arxiv: ArxivClient = field(default_factory=ArxivClient)
    limits: Limits = field(default_factory=Limits)

    @cached_property
    def _batcher(self) -> Batcher:
        return Batcher(self.classifier.classify_many)

    def classify(self, text: Text) -> Classification:
        """As the classifier's, together with those who ask meanwhile."""
        return self._batcher.classify(text)
