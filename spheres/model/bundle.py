"""The trained head with all that belongs to it, saved beside the cache that it was trained on.

bundle = Bundle.load(Path("artifacts/all-MiniLM-L6-v2"))

artifacts/<encoder>/
    head.json                  manifest: recipe, encoder, metrics, versions, sha256 of the files below
    head.safetensors           weights of the networks
    calibration.safetensors    answers to the calibration articles, and their primary groups
    categories.safetensors     weights of the networks for categories
    ood.safetensors            out-of-distribution detector
    projection.safetensors     the map's plane
    tfidf.*                    see `spheres.embeddings.cache`
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from spheres.data.taxonomy import GROUPS
from spheres.embeddings.cache import ABOUT_GROUPS, TFIDF_FILES, Cache, Identity, load_tfidf
from spheres.embeddings.tfidf import TfidfModel
from spheres.errors import SphereError
from spheres.files.atomic import as_safetensors, read_safetensors
from spheres.files.manifest import CHECKSUM, read_manifest, require_listed, with_checksum, write_manifest
from spheres.model.calibration import Calibrator
from spheres.model.categories import Categories
from spheres.model.head_files import HEAD, retrain_hint
from spheres.model.network import Head, Heads
from spheres.model.ood import OodDetector
from spheres.model.prior import ARXIV, Prior
from spheres.model.projection import Projection
from spheres.model.recipe import Recipe

ARRAYS = (
    *("head.safetensors", "calibration.safetensors", "categories.safetensors"),
    *("ood.safetensors", "projection.safetensors"),
)


@dataclass(frozen=True)
class Bundle:
    """A head with all that it needs to answer, short of the encoder.

    `metrics` are of the machine that trained the head; another processor adds float32 numbers up in another order, so
    that `evaluate` gives the same figures there up to some 1e-9.
    """

    heads: Heads
    recipe: Recipe
    tfidf: TfidfModel | None  # None where the recipe has no use for it
    identity: Identity  # of the vectors that the head was trained on
    n_articles: int  # that it was trained on
    calibrators: Mapping[str, Calibrator]  # by view
    categories: Categories
    ood: OodDetector
    projection: Projection
    measured: dict[str, Any] = field(default_factory=dict)  # prior -> view -> `evaluate.measure_sets` of test articles
    metrics: dict[str, Any] = field(default_factory=dict)  # "validation" -> `evaluate.evaluate` of these articles
    sha256: str = ""  # of the manifest; empty until the head is saved

    @property
    def dim(self) -> int:
        """The length of an article's vector."""
        return len(self.ood.mean)

    def log_probabilities(self, features: NDArray[np.float32], view: str, prior: Prior = ARXIV) -> NDArray[np.float64]:
        """Calibrated log-probabilities of articles of one view and a prior: (n, n_features) -> (n, n_groups)."""
        return self.calibrators[view].under(prior).apply(self.heads.log_probabilities(features))

    def check_cache(self, cache: Cache) -> None:
        """Raise SphereError where the cache's vectors are not those that the head was trained on."""
        if self.identity != cache.identity:
            raise SphereError(
                f"{cache.folder / HEAD} was trained on other embeddings than those in {cache.folder}: "
                f"{retrain_hint(cache.folder)}."
            )

    def save(self, folder: Path) -> None:
        """Write the head in place of the one that was there, which stays whole where the disk is full (SphereError)."""
        arrays = {
            "head.safetensors": {name: value.numpy() for name, value in self.heads.state_dict().items()},
            "calibration.safetensors": {
                f"{view}.{name}": getattr(articles, name)
                for view, articles in self.calibrators.items()
                for name in ("log_probabilities", "primary")
            },
            "categories.safetensors": {name: x.numpy() for name, x in self.categories.heads.state_dict().items()},
            "ood.safetensors": {"mean": self.ood.mean, "whitening": self.ood.whitening},
            "projection.safetensors": dict(vars(self.projection)),
        }
        fields = {
            **ABOUT_GROUPS,
            "identity": asdict(self.identity),
            "recipe": asdict(self.recipe),
            "n_articles": self.n_articles,
            "trained": self.calibrators["both"].trained,
            "categories": {
                "codes": self.categories.codes,
                "temperatures": dict(self.categories.temperatures),
                "cross_listed": dict(self.categories.cross_listed),
            },
            "ood_thresholds": dict(self.ood.thresholds),
            "measured": self.measured,
            "metrics": self.metrics,
        }
        files = {name: as_safetensors(parts) for name, parts in arrays.items()}
        write_manifest(folder / HEAD, fields, TFIDF_FILES if self.recipe.tfidf else (), files)

    @classmethod
    def load(cls, folder: Path) -> "Bundle":
        """Open what `save` wrote, after checking every file against the manifest.

        Raises:
            SphereError: Naming the file that is wrong and the command that makes it anew.
        """
        hint = retrain_hint(folder)
        manifest = read_manifest(folder / HEAD, hint, ABOUT_GROUPS)
        try:
            recipe = Recipe.from_dict(manifest["recipe"])
            require_listed(folder / HEAD, manifest, [*ARRAYS, *(TFIDF_FILES if recipe.tfidf else ())], hint)
            weights, calibration, for_categories, ood, plane = (
                read_safetensors(folder / name, hint) for name in ARRAYS
            )
            n_features = len(weights["heads.0.shift"])
            about = manifest["categories"]
            bundle = cls(
                heads=_heads(weights, recipe, len(GROUPS)),
                recipe=recipe,
                tfidf=load_tfidf(folder, hint) if recipe.tfidf else None,
                identity=Identity(**manifest["identity"]),
                n_articles=manifest["n_articles"],
                calibrators={
                    view: Calibrator(
                        calibration[f"{view}.log_probabilities"],
                        calibration[f"{view}.primary"],
                        tuple(manifest["trained"]),
                    )
                    for view in manifest["ood_thresholds"]
                },
                categories=Categories(
                    tuple(about["codes"]),
                    _heads(for_categories, recipe, len(about["codes"])),
                    about["temperatures"],
                    {
                        code: [(str(other), float(share)) for other, share in found]
                        for code, found in about["cross_listed"].items()
                    },
                ),
                ood=OodDetector(**ood, thresholds=manifest["ood_thresholds"]),
                projection=Projection(**plane),
                measured=manifest["measured"],
                metrics=manifest["metrics"],
                sha256=with_checksum(manifest)[CHECKSUM],
            )
            dim = bundle.dim
            for name, found, expected in (
                ("head.safetensors", (n_features,), (dim + (len(GROUPS) if recipe.tfidf else 0),)),
                *(
                    ("calibration.safetensors", c.log_probabilities.shape, (len(c.primary), len(c.trained)))
                    for c in bundle.calibrators.values()
                ),
                ("categories.safetensors", for_categories["heads.0.shift"].shape, (n_features,)),
                ("ood.safetensors", bundle.ood.whitening.shape, (dim, dim)),
                ("projection.safetensors", bundle.projection.matrix.shape, (dim, 2)),
            ):
                if found != expected:
                    raise SphereError(f"{folder / name} has the shape {found}, expected {expected}: {hint}.")
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as e:
            reason = (str(e).splitlines() or [type(e).__name__])[0]  # torch lists every missing weight on a line
            raise SphereError(f"{folder / HEAD} does not fit head.safetensors ({reason}): {hint}.") from e
        return bundle


def _heads(weights: Mapping[str, NDArray[np.float32]], recipe: Recipe, n_outputs: int) -> Heads:
    """The networks with these weights; RuntimeError where they do not fit."""
    n_features = len(weights["heads.0.shift"])
    heads = Heads([Head(n_features, recipe.training, n_outputs) for _ in range(recipe.training.n_heads)])
    heads.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return heads.eval()
