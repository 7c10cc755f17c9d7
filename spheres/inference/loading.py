"""What a server answers with while it is still being loaded: the page is up before torch is imported.

    classifier = PendingClassifier(None, ARTIFACTS)       # reads the head's manifest
    neighbors = PendingNeighbors.find(classifier.folder)
    page = build_page(Service(classifier, neighbors))     # is served; questions wait
    load(classifier, neighbors)                           # torch, encoder, head and vectors; questions are answered

What a page shows before anybody asks, such as the names of the categories, is in the manifests and there at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from spheres.embeddings.cache import ABOUT_GROUPS, MANIFEST, rebuild_hint
from spheres.errors import SphereError
from spheres.files.atomic import read_json
from spheres.files.manifest import read_manifest
from spheres.model.head_files import HEAD, find_head, retrain_hint
from spheres.model.measured_sets import MeasuredSets

if TYPE_CHECKING:  # they bring torch along
    import numpy as np
    from numpy.typing import NDArray

    from spheres.data.text import Text
    from spheres.inference.classifier import Classification, Classifier
    from spheres.inference.neighbors import Neighbor, NeighborIndex, Position


class PendingClassifier:
    """Stands for a `Classifier` that `load` will load; its attributes are those of the classifier.

    Args:
        encoder: As `Classifier.load`, like the next.
        artifacts: The folder with a folder for each encoder.

    Raises:
        SphereError: The head is not there yet, or damaged.
    """

    def __init__(self, encoder: str | None, artifacts: Path) -> None:
        self.encoder, self.artifacts = encoder, artifacts
        spec, self.folder = find_head(encoder, artifacts)
        hint = retrain_hint(self.folder)
        manifest = read_manifest(self.folder / HEAD, hint, ABOUT_GROUPS)
        self.name = spec.name
        try:
            self.n_articles: int = manifest["n_articles"]
            self.codes: tuple[str, ...] = tuple(manifest["categories"]["codes"])
            cross_listed = manifest["categories"]["cross_listed"]
            self.cross_listed = {
                code: [(other, share) for other, share in found] for code, found in cross_listed.items()
            }
            self.measured = MeasuredSets(manifest["measured"])
        except (KeyError, TypeError, ValueError, AttributeError) as e:
            raise SphereError(f"{self.folder / HEAD} does not say enough of the head ({e!r}): {hint}.") from e
        self.loaded: Future[Classifier] = Future()

    def classify_many(self, texts: Sequence[Text]) -> list[Classification]:
        """As `Classifier.classify_many`, once it is loaded; SphereError where that has failed."""
        return self.loaded.result().classify_many(texts)


class PendingNeighbors:
    """Stands for a `NeighborIndex` that `load` will load; all but the number of articles waits for it."""

    def __init__(self, folder: Path) -> None:
        self.n_articles: int = read_json(folder / MANIFEST, rebuild_hint(folder)).get("n_articles", 0)
        self.loaded: Future[NeighborIndex] = Future()

    @classmethod
    def find(cls, folder: Path) -> PendingNeighbors | None:
        """That of the cache in a head's folder; None where the cache is gone."""
        return cls(folder) if (folder / MANIFEST).is_file() else None

    def nearest(self, vector: NDArray[np.float32]) -> list[Neighbor]:
        """As `NeighborIndex.nearest`."""
        return self.loaded.result().nearest(vector)

    def map_position(self, vector: NDArray[np.float32]) -> Position:
        """As `NeighborIndex.map_position`."""
        return self.loaded.result().map_position(vector)

    @property
    def map_image(self) -> bytes:
        """As `NeighborIndex.map_image`."""
        return self.loaded.result().map_image

    @property
    def group_centers(self) -> dict[str, Position]:
        """As `NeighborIndex.group_centers`."""
        return self.loaded.result().group_centers


def load(pending: PendingClassifier, neighbors: PendingNeighbors | None) -> None:
    """Load both, the classifier first, since most questions need nothing else; whoever waits gets an answer or error.

    Raises:
        SphereError: As `Classifier.load` and `NeighborIndex.load`.
    """
    from spheres.inference.classifier import Classifier
    from spheres.inference.neighbors import NeighborIndex

    try:
        pending.loaded.set_result(Classifier.load(pending.encoder, pending.artifacts))
        if neighbors:
            index = NeighborIndex.load(pending.folder, pending.loaded.result().bundle)
            assert index is not None  # its manifest was there a moment ago
            neighbors.loaded.set_result(index)
    except BaseException as error:
        for waiting in (pending.loaded, neighbors and neighbors.loaded):
            if waiting and not waiting.done():
                waiting.set_exception(error)
        raise
