"""The encoder and the head together: a title and an abstract in, a distribution over the groups out.

classifier = Classifier.load()
answer = classifier.classify("A title", "An abstract")
answer.predict_set(0.95)
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spheres.data.taxonomy import GROUPS
from spheres.data.text import Text, prepare_text
from spheres.data.views import view_of
from spheres.embeddings.vectors import l2_normalize
from spheres.encoder.encoder import Encoder
from spheres.encoder.hub import BUNDLED, DISTILBERT, Fingerprint, find_encoder
from spheres.encoder.tokenizer import Tokens
from spheres.errors import SphereError
from spheres.files.manifest import ARTIFACTS, library_versions
from spheres.model.bundle import HEAD, Bundle
from spheres.model.calibration import Calibration
from spheres.model.prediction_sets import RULES, predict_set, ranking
from spheres.model.recipe import build_features


@dataclass(frozen=True)
class Classification:
    """What the classifier says of one article.

    probabilities : one number a group, in the order of GROUPS, summing to 1
    n_tokens      : how many tokens (word pieces) the title and abstract hold
    n_tokens_read : how many of them fitted the encoder's window; the rest was not read
    view          : "both", "title" or "abstract", whichever was pasted
    out_of_distribution : whether the text does not look like the articles the head was trained on
    calibration   : what turns a threshold into a set that holds the true sphere so often
    vector        : (dim,) float32, the encoder's vector of the text at length one
    """

    probabilities: tuple[float, ...]
    n_tokens: int
    n_tokens_read: int
    view: str = "both"
    out_of_distribution: bool = False
    calibration: Calibration | None = field(default=None, repr=False, compare=False)
    vector: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32), repr=False, compare=False)

    def predict_set(self, threshold: float, rule: str = "sum") -> list[str]:
        """The groups to show, the most probable first.

        rule   : "sum", the fewest most probable groups whose probabilities add up to `threshold`; "coverage", those
                 that hold the true group for `threshold` of all articles, which are fewer
        raises : SphereError where the threshold is outside (0, 1] or the rule is unknown
        """
        if rule not in RULES:
            raise SphereError(f"The rule is {rule!r}: give one of {', '.join(RULES)}.")
        if rule == "coverage" and self.calibration:
            chosen = self.calibration.predict_set(self.probabilities, threshold)
        else:
            chosen = predict_set(self.probabilities, threshold)
        return [GROUPS[i] for i in chosen]

    def ranked(self) -> list[tuple[str, float]]:
        """Every group with its probability, the most probable first."""
        return [(GROUPS[i], self.probabilities[i]) for i in ranking(self.probabilities)]


class ClassifiesMany(Protocol):
    """What answers for many articles at once: a classifier, or what a test puts in its place."""

    def classify_many(self, texts: Sequence[Text]) -> list[Classification]: ...


class Classifier:
    """An encoder and a trained head that belong together.

    name       : the encoder's name
    n_articles : how many articles the head was trained from
    """

    def __init__(self, encoder: Encoder, bundle: Bundle) -> None:
        self.encoder = encoder
        self.bundle = bundle
        self.name = encoder.spec.name
        self.n_articles = bundle.n_articles

    @classmethod
    def load(cls, encoder: str | None = None, artifacts: Path = ARTIFACTS) -> "Classifier":
        """Load by the encoder's name: distilbert-base-cased where its head is there, else the bundled encoder.

        raises : SphereError where the head is not there yet, damaged, or made for another encoder
        """
        wanted = encoder or default_encoder(artifacts)
        spec = find_encoder(wanted)
        folder = artifacts / spec.name
        if not (folder / HEAD).is_file():
            raise SphereError(
                f"{folder} holds no head yet: run `python embed.py CORPUS --encoder {wanted}` and "
                f"`python head.py train --encoder {wanted}`, which make it."
            )
        bundle = Bundle.load(folder)
        identity = bundle.identity
        loaded = Encoder.load(replace(spec, pooling=identity.pooling, max_length=identity.max_length))
        if loaded.fingerprint != Fingerprint(identity.weights_sha256, identity.tokenizer_sha256):
            other = "other weights" if loaded.fingerprint.weights != identity.weights_sha256 else "another tokenizer"
            raise SphereError(f"{folder / HEAD} was trained with {other} than {spec.name} has here: {_anew(wanted)}.")
        if loaded.dim != bundle.dim:
            raise SphereError(
                f"{folder / HEAD} expects {bundle.dim} numbers an article, {spec.name} gives {loaded.dim}: "
                f"{_anew(wanted)}."
            )
        return cls(loaded, bundle)

    def identity(self) -> dict[str, Any]:
        """What decides the answers, to their last bit: classifiers that are equal in this answer alike."""
        return {
            "encoder": self.name,
            "weights_sha256": self.encoder.fingerprint.weights,
            "tokenizer_sha256": self.encoder.fingerprint.tokenizer,
            "precision": self.encoder.precision,
            "head_sha256": self.bundle.sha256,
            "libraries": library_versions(),
        }

    def classify(self, title: str, abstract: str) -> Classification:
        """Classify one article by its title, its abstract, or both.

        raises : SphereError where both are empty, or longer than any abstract
        """
        return self.classify_many([prepare_text(title, abstract)])[0]

    def classify_many(self, texts: Sequence[Text]) -> list[Classification]:
        """Classify plain texts together, faster than one by one; `prepare_text` and `Article.text` make them."""
        tokens = self.encoder.tokenize(texts)
        vectors = self.encoder.encode(tokens)  # (n, dim)
        unit_vectors = l2_normalize(vectors)
        scores = self.bundle.tfidf.scores(texts) if self.bundle.tfidf else None  # (n, n_groups)
        recipe = self.bundle.recipe
        features = build_features(recipe, unit_vectors if recipe.unit_length else vectors, scores)
        return [
            self._answer(view_of(text), read, unit_vectors[i], features[i])
            for i, (text, read) in enumerate(zip(texts, tokens, strict=True))
        ]

    def measured(self, view: str, rule: str, threshold: float) -> tuple[float, float] | None:
        """What sets at this threshold did on test articles of this view.

        returns : the share of articles whose primary group was in the set, and the mean number of groups in it; None
                  where that was not measured
        """
        for at, covered, size in self.bundle.measured.get(view, {}).get(rule, []):
            if abs(at - threshold) < 0.005:
                return covered, size
        return None

    def _answer(
        self, view: str, tokens: Tokens, vector: NDArray[np.float32], features: NDArray[np.float32]
    ) -> Classification:
        view = view if view in self.bundle.calibrations else "both"
        probabilities = np.exp(self.bundle.log_probabilities(features[None], view)[0])  # (n_groups,)
        return Classification(
            probabilities=tuple((probabilities / probabilities.sum()).tolist()),
            n_tokens=tokens.n_text,
            n_tokens_read=tokens.n_read,
            view=view,
            out_of_distribution=self.bundle.ood.is_ood(vector, view),
            calibration=self.bundle.calibrations[view],
            vector=vector,
        )


def _anew(encoder: str) -> str:
    embed, train = f"embed.py CORPUS --encoder {encoder} --overwrite", f"head.py train --encoder {encoder}"
    return f"run `python {embed}`, then `python {train}`"


def default_encoder(artifacts: Path = ARTIFACTS) -> str:
    """distilbert-base-cased where its head is there, else the bundled encoder."""
    return DISTILBERT.name if (artifacts / DISTILBERT.name / HEAD).is_file() else BUNDLED.name
