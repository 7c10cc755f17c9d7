"""A trained head as files beside the cache it came from.

artifacts/<encoder>/
    head.json            recipe, the encoder it belongs to, metrics, versions; vouches for the files below
    head.safetensors     weights
    ood.safetensors, projection.safetensors
    tfidf.*            see `spheres.embeddings.cache`
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from spheres.data.taxonomy import GROUPS
from spheres.embeddings.cache import TFIDF_FILES, Cache, Identity, load_tfidf
from spheres.embeddings.tfidf import TfidfModel
from spheres.errors import SphereError
from spheres.files.atomic import as_safetensors, read_safetensors
from spheres.files.manifest import CHECKSUM, read_manifest, require_listed, with_checksum, write_manifest
from spheres.model.calibration import Calibration
from spheres.model.network import Head, Heads, Training
from spheres.model.ood import OodDetector
from spheres.model.projection import Projection
from spheres.model.recipe import Recipe

HEAD = "head.json"
ARRAYS = ("head.safetensors", "ood.safetensors", "projection.safetensors")


@dataclass(frozen=True)
class Bundle:
    """A head with all it needs to answer, short of the encoder.

    identity     : the encoder, its weights, pooling and maximum length whose vectors the head was trained on
    calibrations : view -> what makes its probabilities and sets honest
    measured     : what the sets held and how large they were on test articles, see `model.evaluate.measure_sets`
    metrics      : figures on validation articles
    sha256       : of the manifest, which vouches for all files, by which the head is known again; empty until it is
                   saved
    """

    heads: Heads
    recipe: Recipe
    tfidf: TfidfModel | None
    identity: Identity
    n_articles: int
    calibrations: Mapping[str, Calibration]
    ood: OodDetector
    projection: Projection
    measured: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    sha256: str = ""

    @property
    def dim(self) -> int:
        """The length of the vectors that it takes."""
        return len(self.ood.middle)

    def log_probabilities(self, features: NDArray[np.float32], view: str) -> NDArray[np.float64]:
        """Calibrated log-probabilities of articles of one view: (n, n_features) -> (n, n_groups)."""
        return self.calibrations[view].apply(self.heads.log_probabilities(features))


def save_bundle(trained: Bundle, folder: Path) -> None:
    """Write the head in place of whatever was there.

    raises : SphereError where the disk is full; then the head that was there is whole still
    """
    space = {"middle": trained.ood.middle, "whiten": trained.ood.whiten}
    arrays = {
        "head.safetensors": {name: value.numpy() for name, value in trained.heads.state_dict().items()},
        "ood.safetensors": space,
        "projection.safetensors": dict(vars(trained.projection)),
    }
    fields = {
        "identity": asdict(trained.identity),
        "recipe": asdict(trained.recipe),
        "n_articles": trained.n_articles,
        "calibrations": {view: asdict(calibration) for view, calibration in trained.calibrations.items()},
        "ood_thresholds": dict(trained.ood.thresholds),
        "measured": trained.measured,
        "metrics": trained.metrics,
    }
    lexicon = TFIDF_FILES if trained.recipe.tfidf else ()
    write_manifest(folder / HEAD, fields, lexicon, {name: as_safetensors(parts) for name, parts in arrays.items()})


def load_bundle(folder: Path) -> Bundle:
    """Open what `head.py train` saved, after checking every file against its manifest.

    raises : SphereError naming the file that is wrong and the command that makes it anew
    """
    hint = f"run `python head.py train --encoder {folder.name}`"
    manifest = read_manifest(folder / HEAD, hint)
    try:
        about = dict(manifest["recipe"])
        recipe = Recipe(**{**about, "views": tuple(about["views"]), "training": Training(**about["training"])})
        require_listed(folder / HEAD, manifest, [*ARRAYS, *(TFIDF_FILES if recipe.tfidf else ())], hint)
        weights = read_safetensors(folder / "head.safetensors", hint)
        space = read_safetensors(folder / "ood.safetensors", hint)
        trained = Bundle(
            heads=_heads({name: torch.from_numpy(array) for name, array in weights.items()}, recipe.training),
            recipe=recipe,
            tfidf=load_tfidf(folder, hint) if recipe.tfidf else None,
            identity=Identity(**manifest["identity"]),
            n_articles=manifest["n_articles"],
            calibrations={
                view: Calibration(about["temperature"], tuple(about["quantiles"]))
                for view, about in manifest["calibrations"].items()
            },
            ood=OodDetector(space["middle"], space["whiten"], manifest["ood_thresholds"]),
            projection=Projection(**read_safetensors(folder / "projection.safetensors", hint)),
            measured=manifest["measured"],
            metrics=manifest["metrics"],
            sha256=with_checksum(manifest)[CHECKSUM],
        )
        _check_shapes(trained, folder, hint)
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as e:
        raise SphereError(f"{folder / HEAD} does not fit head.safetensors ({e}): {hint}.") from e
    return trained


def _check_shapes(trained: Bundle, folder: Path, hint: str) -> None:
    """Refuse parts that are for vectors of different lengths.

    raises : SphereError
    """
    dim, shift = trained.dim, trained.heads.state_dict()["heads.0.shift"]
    expected = {
        "head.safetensors": (shift, (dim + (len(GROUPS) if trained.recipe.tfidf else 0),)),
        "ood.safetensors": (trained.ood.whiten, (dim, dim)),
        "projection.safetensors": (trained.projection.matrix, (dim, 2)),
    }
    for name, (array, shape) in expected.items():
        if array.shape != shape:
            raise SphereError(f"{folder / name} has the shape {tuple(array.shape)}, expected {shape}: {hint}.")


def _heads(weights: dict[str, torch.Tensor], training: Training) -> Heads:
    heads = Heads([Head(len(weights[f"heads.{i}.shift"]), training) for i in range(training.n_heads)])
    heads.load_state_dict(weights)
    return heads.eval()


def check_same_encoder(trained: Bundle, cache: Cache, folder: Path) -> None:
    """Refuse to use a head on vectors that another encoder made.

    raises : SphereError
    """
    if trained.identity != cache.identity:
        raise SphereError(
            f"{folder / HEAD} was trained on other embeddings than those in {folder}: "
            f"run `python head.py train --encoder {folder.name}`."
        )
