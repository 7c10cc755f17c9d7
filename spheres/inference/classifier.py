"""The encoder and the trained head together: a title and an abstract in, a distribution over the groups out.

    classifier = Classifier.load()
    answer = classifier.classify("A title", "An abstract")
    answer.predict_set(0.95)

Loading takes some seconds, most of them for torch; an article of 200 tokens takes about 20 ms on two cores.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spheres.data.language import foreign_language
from spheres.data.taxonomy import GROUPS, group_of
from spheres.data.text import Text, prepare_text
from spheres.data.views import view_of
from spheres.embeddings.vectors import l2_normalize
from spheres.encoder.encoder import Encoder
from spheres.errors import SphereError
from spheres.files.manifest import library_versions
from spheres.inference.answer_cache import AnswerCache, digest_of
from spheres.model.bundle import Bundle
from spheres.model.calibration import Calibrator
from spheres.model.categories import groups_of
from spheres.model.head_files import ARTIFACTS, HEAD, find_head
from spheres.model.measured_sets import MeasuredSets
from spheres.model.prediction_sets import DEFAULT_RULE, RULES, predict_set, ranking
from spheres.model.prior import ARXIV, Prior, shift_prior
from spheres.model.recipe import build_features

N_CATEGORIES = 5  # named beside an answer
N_CACHED = 4096  # answers that are kept for texts asked again, 3 kB each: those of forty articles and why


@dataclass(frozen=True)
class Classification:
    """The classifier's answer for one article.

    Attributes:
        probabilities: One number a group, in the order of `spheres.data.taxonomy.GROUPS`, summing to 1.
        n_tokens: Word pieces that title and abstract hold.
        n_tokens_read: Those that fitted the encoder's window; the rest was not read.
        view: "both", "title" or "abstract", whichever was given.
        out_of_distribution: Whether the text does not look like the articles the head was trained on.
        written_in: The ISO 639-1 code of an unfamiliar text's language, where that is not English.
        placeholder: "title" or "abstract" where that was given and says only that there is none; for the note.
        prior: The shares of the groups that the probabilities take for granted.
        log_probabilities: As the head gives them, of which those of any prior are made; empty in made-up answers.
        calibrator: Makes them, and the sets of the rule "coverage"; None in made-up answers.
        codes: (n_categories,) arXiv's categories that the head knows; empty in made-up answers.
        shares: (n_categories,) each one's share of its group.
        vector: (dim,) float32, the encoder's vector at length one; empty in made-up answers.
    """

    probabilities: tuple[float, ...]
    n_tokens: int
    n_tokens_read: int
    view: str = "both"
    out_of_distribution: bool = False
    written_in: str = ""
    placeholder: str = ""
    prior: Prior = ARXIV
    log_probabilities: tuple[float, ...] = field(default=(), repr=False, compare=False)
    calibrator: Calibrator | None = field(default=None, repr=False, compare=False)
    codes: tuple[str, ...] = field(default=(), repr=False, compare=False)
    shares: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32), repr=False, compare=False)
    vector: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32), repr=False, compare=False)

    def predict_set(self, threshold: float, rule: str = DEFAULT_RULE) -> list[str]:
        """The groups to name, the most probable first; at least one.

        Args:
            threshold: In (0, 1].
            rule: "coverage" takes a conformal set, which holds the primary group of `threshold` of all articles, and
                of each group's nearly as often; "sum" takes the fewest most probable groups whose probabilities add
                up to `threshold`, mostly more of them.

        Returns:
            Codes of groups, such as "cs".

        Raises:
            SphereError: The threshold is outside (0, 1] or the rule is unknown.

        >>> answer = Classification((0.1, 0.0, 0.6, 0.0, 0.0, 0.3, 0.0, 0.0), n_tokens=5, n_tokens_read=5)
        >>> answer.predict_set(0.8), answer.ranked()[0]
        (['cs', 'stat'], ('cs', 0.6))
        """
        if rule not in RULES:
            raise SphereError("The rule is {found!r}: give one of {rules}.", found=rule, rules=", ".join(RULES))
        if rule == "coverage" and self.calibrator:
            chosen = self.calibrator.under(self.prior).predict_set(self.probabilities, threshold)
        else:
            chosen = predict_set(self.probabilities, threshold)
        return [GROUPS[i] for i in chosen]

    def under(self, prior: Prior) -> "Classification":
        """The answer to the same text among articles of another prior; the encoder does not run.

        >>> from spheres import EQUAL
        >>> answer = Classification((0.1, 0.0, 0.6, 0.0, 0.0, 0.3, 0.0, 0.0), n_tokens=5, n_tokens_read=5)
        >>> [(group, round(p, 2)) for group, p in answer.under(EQUAL).ranked()[:2]]
        [('stat', 0.89), ('cs', 0.09)]
        """
        if prior == self.prior:
            return self
        if self.calibrator:
            calibrated = self.calibrator.under(prior).apply(np.array([self.log_probabilities]))
        else:
            answer = np.log(np.maximum([self.probabilities], 1e-12))
            calibrated = shift_prior(answer, self.prior.shares, prior.shares)
        return replace(self, prior=prior, probabilities=_probabilities(calibrated[0]))

    def ranked(self) -> list[tuple[str, float]]:
        """Every group with its probability, the most probable first."""
        return [(GROUPS[i], self.probabilities[i]) for i in ranking(self.probabilities)]

    def categories(self, n: int | None = N_CATEGORIES) -> list[tuple[str, float]]:
        """The `n` most probable categories (None: all) with their probabilities, the most probable first.

        A category's probability is its group's times its share of the group.

        >>> answer = Classification((0.25, 0, 0.75, 0, 0, 0, 0, 0), 5, 5, codes=("cs.CL", "hep-th"), shares=np.ones(2))
        >>> answer.categories()
        [('cs.CL', 0.75), ('hep-th', 0.25)]
        """
        if not self.codes:
            return []
        probabilities = np.array(self.probabilities)[_groups_of(self.codes)] * self.shares  # (n_categories,)
        return [(self.codes[i], float(probabilities[i])) for i in ranking(probabilities)[:n]]

    def categories_of(self, group: str, n: int | None = N_CATEGORIES) -> list[tuple[str, float]]:
        """The `n` most probable categories of a group (None: all) with their shares of it, the largest first."""
        found = [(c, share) for c, share in zip(self.codes, self.shares.tolist(), strict=True) if group_of(c) == group]
        return sorted(found, key=lambda row: -row[1])[:n]


_groups_of = lru_cache(maxsize=4)(groups_of)  # of the codes that all answers of a classifier share


def _probabilities(log_probabilities: NDArray[np.float64]) -> tuple[float, ...]:
    """(n_groups,) -> the probabilities, summing to 1."""
    probabilities = np.exp(log_probabilities)
    return tuple((probabilities / probabilities.sum()).tolist())


class ClassifiesMany(Protocol):
    """What answers for many articles at once: a classifier, or what a test puts in its place."""

    def classify_many(self, texts: Sequence[Text]) -> list[Classification]: ...


class Classifier:
    """An encoder and a trained head that belong together; may be used from several threads.

    Attributes:
        name: The encoder's name.
        n_articles: How many articles the head was trained from.
        codes: (n_categories,) the categories that it ranks.
        cross_listed: What is usually listed beside each, as `spheres.model.categories.Categories.cross_listed`.
        measured: What sets did on test articles at each threshold.
    """

    def __init__(self, encoder: Encoder, bundle: Bundle, n_cached: int = N_CACHED) -> None:
        self.encoder = encoder
        self.bundle = bundle
        self.name = encoder.spec.name
        self.n_articles = bundle.n_articles
        self.codes, self.cross_listed = bundle.categories.codes, bundle.categories.cross_listed
        self.measured = MeasuredSets(bundle.measured)
        self._cache = AnswerCache(n_cached)

    @classmethod
    def load(cls, encoder: str | None = None, artifacts: Path = ARTIFACTS, n_cached: int = N_CACHED) -> "Classifier":
        """Load a trained head and the encoder that it was trained on.

        Args:
            encoder: Name of a known encoder, Hub id or folder; None takes distilbert-base-cased where its head is
                there, else the bundled all-MiniLM-L6-v2.
            artifacts: The folder with a folder for each encoder; by default the project's own.
            n_cached: How many answers are kept for texts that are asked again; 0 computes every one.

        Raises:
            SphereError: The head is not there yet, damaged, or made for another encoder.
        """
        spec, folder = find_head(encoder, artifacts)
        bundle = Bundle.load(folder)
        identity = bundle.identity
        loaded = Encoder.load(replace(spec, pooling=identity.pooling, max_length=identity.max_length))
        problem = ""
        if loaded.fingerprint.weights != identity.weights_sha256:
            problem = f"was trained with other weights than {spec.name} has here"
        elif loaded.fingerprint.tokenizer != identity.tokenizer_sha256:
            problem = f"was trained with another tokenizer than {spec.name} has here"
        elif loaded.dim != bundle.dim:
            problem = f"expects {bundle.dim} numbers an article, {spec.name} gives {loaded.dim}"
        if problem:
            wanted = encoder or spec.name
            raise SphereError(
                f"{folder / HEAD} {problem}: run `python embed.py CORPUS --encoder {wanted} --overwrite`, then "
                f"`python head.py train --encoder {wanted}`."
            )
        return cls(loaded, bundle, n_cached)

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

    def classify(self, title: str, abstract: str = "") -> Classification:
        """Classify one article by its title, its abstract, or both, as one of arXiv's; see `Classification.under`.

        Args:
            title: As it was typed or pasted; may be empty where there is an abstract.
            abstract: Likewise; what does not fit the encoder's window is not read.

        Raises:
            SphereError: Both are empty, or longer than any abstract.
        """
        return self.classify_many([prepare_text(title, abstract)])[0]

    def classify_batch(self, articles: Iterable[tuple[str, str]]) -> list[Classification]:
        """Classify articles together, which takes less computing than one by one; an answer for each, in their order.

        Args:
            articles: (title, abstract) pairs as `classify` takes them; some hundreds, since all are held in memory.

        Raises:
            SphereError: As `classify`, for the first of them that is no article.

        Example:
            >>> answers = Classifier.load().classify_batch([("Prime gaps", ""), ("Wage contracts", "")])
            >>> [answer.ranked()[0][0] for answer in answers]
            ['math', 'econ']
        """
        return self.classify_many([prepare_text(title, abstract) for title, abstract in articles])

    def classify_many(self, texts: Sequence[Text]) -> list[Classification]:
        """Classify texts that are plain already: `prepare_text` and `Article.text` make them.

        A text that was asked before gets the very answer that it got then, as long as the cache holds it.
        """
        keys = [digest_of(text) for text in texts]
        answers = self._cache.find(keys)
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in answers}  # each text once
        if new:
            answers |= self._cache.add(dict(zip(new, self._compute(list(new.values())), strict=True)))
        return [answers[key] for key in keys]

    def _compute(self, texts: Sequence[Text]) -> list[Classification]:
        """The answers to different texts, computed together."""
        # 1. Encode
        tokens = self.encoder.tokenize(texts)
        vectors = self.encoder.encode(tokens)  # (n, dim) float32
        unit_vectors = l2_normalize(vectors)
        # 2. Build the head's features: the vector and, where the recipe has them, the scores of TF-IDF
        recipe, tfidf = self.bundle.recipe, self.bundle.tfidf
        scores = tfidf.scores(texts) if tfidf else None  # (n, n_groups)
        features = build_features(unit_vectors if recipe.unit_length else vectors, scores)  # (n, n_features)
        answers_of_head = self.bundle.heads.log_probabilities(features)  # (n, n_groups)
        # 3. Calibrate the texts of each view together: of both parts or of one
        answers: dict[int, Classification] = {}
        views = [view if view in self.bundle.calibrators else "both" for view in map(view_of, texts)]
        for view in set(views):
            rows = [i for i, of in enumerate(views) if of == view]
            calibrator = self.bundle.calibrators[view]
            probabilities = calibrator.under(ARXIV).apply(answers_of_head[rows])  # (n_rows, n_groups) logarithms
            shares = self.bundle.categories.shares(features[rows], view).astype(np.float32)  # (n_rows, n_categories)
            unfamiliar = self.bundle.ood.is_ood(unit_vectors[rows], view)  # (n_rows,)
            for n, i in enumerate(rows):
                answers[i] = Classification(
                    probabilities=_probabilities(probabilities[n]),
                    n_tokens=tokens[i].n_text,
                    n_tokens_read=tokens[i].n_read,
                    view=view,
                    out_of_distribution=bool(unfamiliar[n]),
                    written_in=foreign_language(" ".join(texts[i])) if unfamiliar[n] else "",
                    log_probabilities=tuple(answers_of_head[i].tolist()),
                    calibrator=calibrator,
                    codes=self.bundle.categories.codes,
                    shares=_kept(shares[n]),
                    vector=_kept(unit_vectors[i]),
                )
        return [answers[i] for i in range(len(texts))]


def _kept(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """A copy that keeps no other row in memory, and that nobody changes."""
    copy = vector.copy()
    copy.setflags(write=False)
    return copy
