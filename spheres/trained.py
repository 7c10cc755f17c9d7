"""A trained head as files beside the cache it came from.

artifacts/<encoder>/
    head.json            recipe, the encoder it belongs to, metrics, versions; vouches for the files below
    head.safetensors     weights
    familiarity.safetensors, atlas.safetensors
    lexicon.*            see `spheres.cache`
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from spheres.artifacts import (
    SEAL,
    as_safetensors,
    check_vouched,
    read_manifest,
    read_safetensors,
    sealed,
    write_manifest,
)
from spheres.atlas import Atlas
from spheres.cache import LEXICON, Cache, Identity, load_lexicon
from spheres.calibration import Calibration
from spheres.errors import SphereError
from spheres.familiarity import Familiarity
from spheres.features import Recipe
from spheres.groups import GROUPS
from spheres.head import Head, Heads, Training
from spheres.lexical import Lexicon

HEAD = "head.json"
ARRAYS = ("head.safetensors", "familiarity.safetensors", "atlas.safetensors")


@dataclass(frozen=True)
class Trained:
    """A head with all it needs to answer, short of the encoder.

    identity     : the encoder, its weights, pooling and maximum length whose vectors the head was trained on
    calibrations : view -> what makes its probabilities and sets honest
    measured     : what the sets held and how large they were on test articles, see `spheres.evaluation.measure_sets`
    metrics      : figures on validation articles
    sha256       : of the manifest, which vouches for all files, by which the head is known again; empty until it is
                   saved
    """

    heads: Heads
    recipe: Recipe
    lexicon: Lexicon | None
    identity: Identity
    n_articles: int
    calibrations: Mapping[str, Calibration]
    familiarity: Familiarity
    atlas: Atlas
    measured: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    sha256: str = ""

    @property
    def dim(self) -> int:
        """The length of the vectors that it takes."""
        return len(self.familiarity.middle)

    def log_probabilities(self, features: NDArray[np.float32], view: str) -> NDArray[np.float64]:
        """Calibrated log-probabilities of articles of one view: (n, n_features) -> (n, n_groups)."""
        return self.calibrations[view].apply(self.heads.log_probabilities(features))


def save_trained(trained: Trained, folder: Path) -> None:
    """Write the head in place of whatever was there.

    raises : SphereError where the disk is full; then the head that was there is whole still
    """
    space = {"middle": trained.familiarity.middle, "whiten": trained.familiarity.whiten}
    arrays = {
        "head.safetensors": {name: value.numpy() for name, value in trained.heads.state_dict().items()},
        "familiarity.safetensors": space,
        "atlas.safetensors": dict(vars(trained.atlas)),
    }
    fields = {
        "identity": asdict(trained.identity),
        "recipe": asdict(trained.recipe),
        "n_articles": trained.n_articles,
        "calibrations": {view: asdict(calibration) for view, calibration in trained.calibrations.items()},
        "unfamiliar_beyond": dict(trained.familiarity.cuts),
        "measured": trained.measured,
        "metrics": trained.metrics,
    }
    lexicon = LEXICON if trained.recipe.lexical else ()
    write_manifest(folder / HEAD, fields, lexicon, {name: as_safetensors(parts) for name, parts in arrays.items()})


def load_trained(folder: Path) -> Trained:
    """Open what `head.py train` saved, after checking every file against its manifest.

    raises : SphereError naming the file that is wrong and the command that makes it anew
    """
    remedy = f"run `python head.py train --encoder {folder.name}`"
    manifest = read_manifest(folder / HEAD, remedy)
    try:
        about = dict(manifest["recipe"])
        recipe = Recipe(**{**about, "views": tuple(about["views"]), "training": Training(**about["training"])})
        check_vouched(folder / HEAD, manifest, [*ARRAYS, *(LEXICON if recipe.lexical else ())], remedy)
        weights = read_safetensors(folder / "head.safetensors", remedy)
        space = read_safetensors(folder / "familiarity.safetensors", remedy)
        trained = Trained(
            heads=_heads({name: torch.from_numpy(array) for name, array in weights.items()}, recipe.training),
            recipe=recipe,
            lexicon=load_lexicon(folder, remedy) if recipe.lexical else None,
            identity=Identity(**manifest["identity"]),
            n_articles=manifest["n_articles"],
            calibrations={
                view: Calibration(about["temperature"], tuple(about["cuts"]))
                for view, about in manifest["calibrations"].items()
            },
            familiarity=Familiarity(space["middle"], space["whiten"], manifest["unfamiliar_beyond"]),
            atlas=Atlas(**read_safetensors(folder / "atlas.safetensors", remedy)),
            measured=manifest["measured"],
            metrics=manifest["metrics"],
            sha256=sealed(manifest)[SEAL],
        )
        _check_shapes(trained, folder, remedy)
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as e:
        raise SphereError(f"{folder / HEAD} does not fit head.safetensors ({e}): {remedy}.") from e
    return trained


def _check_shapes(trained: Trained, folder: Path, remedy: str) -> None:
    """Refuse parts that are for vectors of different lengths.

    raises : SphereError
    """
    dim, shift = trained.dim, trained.heads.state_dict()["heads.0.shift"]
    expected = {
        "head.safetensors": (shift, (dim + (len(GROUPS) if trained.recipe.lexical else 0),)),
        "familiarity.safetensors": (trained.familiarity.whiten, (dim, dim)),
        "atlas.safetensors": (trained.atlas.projection, (dim, 2)),
    }
    for name, (array, shape) in expected.items():
        if array.shape != shape:
            raise SphereError(f"{folder / name} has the shape {tuple(array.shape)}, expected {shape}: {remedy}.")


def _heads(weights: dict[str, torch.Tensor], training: Training) -> Heads:
    heads = Heads([Head(len(weights[f"heads.{i}.shift"]), training) for i in range(training.n_heads)])
    heads.load_state_dict(weights)
    return heads.eval()


def check_same_encoder(trained: Trained, cache: Cache, folder: Path) -> None:
    """Refuse to use a head on vectors that another encoder made.

    raises : SphereError
    """
    if trained.identity != cache.identity:
        raise SphereError(
            f"{folder / HEAD} was trained on other embeddings than those in {folder}: "
            f"run `python head.py train --encoder {folder.name}`."
        )
