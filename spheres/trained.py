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
import safetensors.torch
import torch
from numpy.typing import NDArray

from spheres.artifacts import read_manifest, read_safetensors, write_manifest, write_safetensors
from spheres.atlas import Atlas
from spheres.cache import Cache, Identity, load_lexicon
from spheres.calibration import Calibration
from spheres.errors import SphereError
from spheres.familiarity import Familiarity
from spheres.features import Recipe
from spheres.head import Head, Heads, Training
from spheres.lexical import Lexicon

HEAD = "head.json"


@dataclass(frozen=True)
class Trained:
    """A head with all it needs to answer, short of the encoder.

    identity     : the encoder, its weights, pooling and maximum length whose vectors the head was trained on
    calibrations : view -> what makes its probabilities and sets honest
    measured     : what the sets held and how large they were on test articles, see `spheres.evaluation.measure_sets`
    metrics      : figures on validation articles
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

    def log_probabilities(self, features: NDArray[np.float32], view: str) -> NDArray[np.float64]:
        """Calibrated log-probabilities of articles of one view: (n, n_features) -> (n, n_groups)."""
        return self.calibrations[view].apply(self.heads.log_probabilities(features))


def save_trained(trained: Trained, folder: Path) -> None:
    """Write the head in place of whatever was there; whole, or not at all."""
    (folder / HEAD).unlink(missing_ok=True)
    write_safetensors(folder / "head.safetensors", {k: v.numpy() for k, v in trained.heads.state_dict().items()})
    space = {"middle": trained.familiarity.middle, "whiten": trained.familiarity.whiten}
    write_safetensors(folder / "familiarity.safetensors", space)
    write_safetensors(folder / "atlas.safetensors", dict(vars(trained.atlas)))
    lexicon = ["lexicon.json", "lexicon.safetensors"] if trained.recipe.lexical else []
    fields = {
        "identity": asdict(trained.identity),
        "recipe": asdict(trained.recipe),
        "n_articles": trained.n_articles,
        "calibrations": {view: asdict(calibration) for view, calibration in trained.calibrations.items()},
        "unfamiliar_beyond": dict(trained.familiarity.cuts),
        "measured": trained.measured,
        "metrics": trained.metrics,
    }
    write_manifest(
        folder / HEAD, fields, ["head.safetensors", "familiarity.safetensors", "atlas.safetensors", *lexicon]
    )


def load_trained(folder: Path) -> Trained:
    """Open what `head.py train` saved, after checking every file against its manifest.

    raises : SphereError naming the file that is wrong and the command that makes it anew
    """
    remedy = f"run `python head.py train --encoder {folder.name}`"
    manifest = read_manifest(folder / HEAD, remedy)
    try:
        about = dict(manifest["recipe"])
        recipe = Recipe(**{**about, "views": tuple(about["views"]), "training": Training(**about["training"])})
        weights = safetensors.torch.load_file(folder / "head.safetensors")
        heads = _heads(weights, recipe.training)
        space = read_safetensors(folder / "familiarity.safetensors", remedy)
        trained = Trained(
            heads=heads,
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
        )
    except (KeyError, TypeError, RuntimeError, safetensors.SafetensorError) as e:
        raise SphereError(f"{folder / HEAD} does not fit head.safetensors ({e}): {remedy}.") from e
    return trained


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
