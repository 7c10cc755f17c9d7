"""What a server answers with: classifier, nearest articles, arXiv lookups and limits, shared by all visitors.

service = Service(Classifier.load())
service.classify(prepare_text("A title", "An abstract"))
for progress in service.classify_file(Path("articles.csv"), 0.95, "coverage"): ...
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from spheres.inference.arxiv_api import ArxivClient
from spheres.inference.batcher import Batcher
from spheres.inference.classify_file import Progress, classify_file
from spheres.inference.export import download_name
from spheres.inference.file_rows import Limits, summarize_file
from spheres.model.prior import ARXIV

if TYPE_CHECKING:
    from spheres.data.text import Text
    from spheres.inference.classifier import Classification, Classifier
    from spheres.inference.loading import PendingClassifier, PendingNeighbors
    from spheres.inference.neighbors import NeighborIndex


@dataclass(frozen=True)
class Service:
    """One way to an answer for the page, the API and MCP tools."""

    classifier: Classifier | PendingClassifier
    neighbors: NeighborIndex | PendingNeighbors | None = None  # None where the embedded corpus is not there
    arxiv: ArxivClient = field(default_factory=ArxivClient)
    limits: Limits = field(default_factory=Limits)  # of a file of articles

    @cached_property
    def _batcher(self) -> Batcher:
        return Batcher(self.classifier.classify_many)

    def classify(self, text: Text) -> Classification:
        """The answer to one text, computed together with those that come meanwhile."""
        return self._batcher.classify(text)

    def classify_many(self, texts: Sequence[Text]) -> list[Classification]:
        """The answers to some hundreds of texts; between two batches of the encoder those of others get their turn."""
        return self.classifier.classify_many(texts)

    def classify_file(
        self,
        source: Path,
        threshold: float,
        rule: str,
        title_column: str | None = None,
        abstract_column: str | None = None,
        prior: str = ARXIV.name,
    ) -> Iterator[Progress]:
        """Classify an uploaded file, batch by batch, into a file of its own kind.

        Args:
            source: As it was uploaded; its name decides the answers' name, its content the format.
            threshold: In (0, 1], with `rule` as in `Classification.predict_set`.
            title_column: Where the titles are, "" for nowhere; None looks, as `spheres.data.columns.find_columns`.
            abstract_column: The same for the abstracts.
            prior: One of `spheres.inference.classify_file.PRIOR_NAMES`.

        Yields:
            Progress after each batch; the last one has the `path` of the answers, in a folder that goes when the
            generator ends or is closed.

        Raises:
            SphereError: As `spheres.inference.classify_file.classify_file`.
        """
        with tempfile.TemporaryDirectory() as folder:
            summary = summarize_file(source, self.limits, title_column, abstract_column)
            out = Path(folder) / download_name(source.name, summary.format)
            yield from classify_file(
                self.classifier, source, out, threshold, rule, limits=self.limits, summary=summary, prior=prior
            )
