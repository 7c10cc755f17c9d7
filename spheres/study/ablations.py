"""Ablations: each choice behind the shipped head varied alone, on the same articles.

    python head.py compare --corpus arxiv-spheres.jsonl.xz --imbalanced arxivData.json.xz

Everything is chosen on validation articles. Where a factor needs other vectors than the shipped ones (pooling, input
length, the imbalanced corpus), a fixed sample of the articles is embedded into artifacts/study/ first and found there
the next time. The ablations take about four minutes on two cores, embedding for them twenty.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spheres.data.corpus import Corpus
from spheres.data.views import VIEWS
from spheres.embeddings.build import Settings, embed_corpus
from spheres.embeddings.cache import MANIFEST, Cache, open_cache
from spheres.encoder.hub import BUNDLED
from spheres.model.calibration import Calibration
from spheres.model.evaluate import SetScores
from spheres.model.fit import calibrate_view
from spheres.model.metrics import summary, with_intervals
from spheres.model.prior import ARXIV, EQUAL
from spheres.model.recipe import BEST, CLASSIC, Recipe, examples, view_features
from spheres.model.train import information, train_heads
from spheres.study.baselines import measure_baselines

Figures = dict[str, Any]

LENGTHS = (32, 64, 128, 256)
SAMPLE, IMBALANCED_SAMPLE = 0.25, 0.5  # shares of the articles
ONE_HEAD = replace(BEST, training=replace(BEST.training, n_heads=1))  # averaging is a factor of its own
VECTORS_ONLY = replace(CLASSIC, unit_length=True, training=ONE_HEAD.training)


@dataclass(frozen=True)
class Caches:
    """The arrays that the study reads."""

    corpora: dict[str, Cache]  # by the mix of groups: "balanced", the shipped one, and "imbalanced" where it was given
    by_length: dict[int, Cache]  # samples embedded with each input length, pooling "cls+mean", as far as they were made


@dataclass(frozen=True)
class Trial:
    """One row of a section: a recipe, trained on a share of a cache's training articles."""

    label: str  # what is varied, as the report names it
    cache: Cache
    recipe: Recipe
    views: tuple[str, ...] = ("both",)  # measured on each of these
    share: float = 1.0
    tested_on: Cache | None = None  # another cache whose calibration and validation articles are used instead
    resamples: int = 200

    def measure(self) -> Figures:
        """Train, calibrate as the shipped head is, and measure on validation articles.

        Returns:
            {"what": label, "views": view -> figure -> {"value", "low", "high"}}, of groups in equal shares; under
            "arxiv" the same figures of groups in arXiv's shares.
        """
        cache, recipe, tested = self.cache, self.recipe, self.tested_on or self.cache
        train = cache.split["train"]
        heads = train_heads(
            examples(cache, recipe, train[: max(1, round(self.share * len(train)))], recipe.views),
            examples(cache, recipe, cache.split["validation"], ("both",)),
            recipe.training,
            check=False,
        )
        report = {}
        for view in self.views:
            rows, features = view_features(tested, recipe, view, tested.split["validation"])
            answers, calibrator = heads.log_probabilities(features), calibrate_view(tested, recipe, heads, view)
            figures = {p.name: self._figures(calibrator.under(p), answers, rows) for p in (ARXIV, EQUAL)}
            report[view] = {**figures["equal"], "arxiv": figures["arxiv"]}
        return {"what": self.label, "views": report}

    def _figures(
        self, calibration: Calibration, answers: NDArray[np.floating], rows: NDArray[np.intp]
    ) -> dict[str, dict[str, float]]:
        """The figures of (n, n_groups) answers, as the head gives them, to validation articles of the prior."""
        tested = self.tested_on or self.cache
        primary, log_probabilities = tested.primary[rows], calibration.apply(answers)
        weights = calibration.prior.weights(primary)
        sets = SetScores.of(calibration, np.exp(log_probabilities), primary, (0.95,))
        arrays = log_probabilities, tested.targets[rows], primary, weights
        return {
            **with_intervals(summary, *arrays, resamples=self.resamples),
            "mean_set_size": {"value": sets.figures(weights=weights)["coverage 0.95: spheres"]},
            "information": {"value": information(log_probabilities)},
        }


def prepare(
    main: Path,
    samples: Path,
    corpus: Path | None,
    imbalanced: Path | None,
    log: Callable[[str], None],
    progress_bar: Callable[..., Any],
) -> Caches:
    """Open the shipped cache `main` and those in `samples`; embed what is missing there where its corpus is given.

    Args:
        corpus: The file that `main` was made from.
        imbalanced: A corpus that one group dominates.
    """
    embed = partial(embed_corpus, log=log, progress_bar=progress_bar)
    corpora, by_length = {"balanced": open_cache(main)}, {}
    for length in LENGTHS:
        folder = samples / f"length-{length}"
        if corpus:
            views = VIEWS if length == BUNDLED.max_length else ("both",)
            settings = Settings(views=views, copies={"title": 1, "abstract": 1})
            spec = replace(BUNDLED, pooling="cls+mean", max_length=length)
            embed(Corpus(corpus, sample=SAMPLE), spec, folder, settings=settings)
        if (folder / MANIFEST).is_file():
            by_length[length] = open_cache(folder)
    folder = samples / "imbalanced"
    if imbalanced:
        embed(Corpus(imbalanced, sample=IMBALANCED_SAMPLE), BUNDLED, folder, settings=Settings(views=("both",)))
    if (folder / MANIFEST).is_file():
        corpora["imbalanced"] = open_cache(folder)
    return Caches(corpora, by_length)


def run_study(caches: Caches, log: Callable[[str], None]) -> dict[str, list[Figures]]:
    """All sections, in the report's order: name -> rows. A section whose caches are missing has no rows."""
    baselines = measure_baselines(caches.corpora["balanced"], "validation")
    study = {
        "baselines": [
            {"what": name, "views": {"both": {**figures, "arxiv": baselines["arxiv"][name]}}}
            for name, figures in baselines["equal"].items()
        ]
    }
    for name, trials in sections(caches).items():
        study[name] = [trial.measure() for trial in trials]
        log(f"{name}: {len(study[name])} rows")
    return study


def sections(caches: Caches) -> dict[str, Iterable[Trial]]:
    """The trials of each section. Those on parts of the vectors are made one at a time, to hold one copy in memory."""
    main, corpora = caches.corpora["balanced"], caches.corpora
    longest = caches.by_length.get(BUNDLED.max_length)
    half = longest.dim // 2 if longest else 0  # "cls+mean": the first half is [CLS], the second the mean
    n_train = len(main.split["train"])
    return {
        "loss": [
            Trial("KL divergence, soft targets", main, CLASSIC),
            Trial("cross-entropy, primary group", main, replace(CLASSIC, primary_weight=1.0)),
            Trial("MSE, soft targets", main, with_training(CLASSIC, loss="mse")),
        ],
        "targets": [
            Trial(f"{w:.0%} of the weight moved to the primary group", main, replace(ONE_HEAD, primary_weight=w))
            for w in (0.0, 0.25, 0.5, 0.7, 1.0)
        ],
        "features": [
            Trial("vector as it is", main, replace(ONE_HEAD, tfidf=False, unit_length=False)),
            Trial("vector at length one", main, replace(ONE_HEAD, tfidf=False)),
            Trial("vector at length one, scores of words", main, ONE_HEAD),
        ],
        "pooling": (
            Trial(name, select_dimensions(longest, part), VECTORS_ONLY)
            for name, part in (("[CLS]", slice(half)), ("mean", slice(half, None)), ("both in a row", slice(None)))
            if longest
        ),
        "length": (
            Trial(f"{length} tokens", select_dimensions(cache, slice(cache.dim // 2, None)), VECTORS_ONLY)
            for length, cache in caches.by_length.items()
        ),
        "copies": (
            Trial(label, select_dimensions(longest, slice(half, None)), replace(ONE_HEAD, views=views), views=VIEWS)
            for label, views in (
                ("whole articles", ("both",)),
                ("with title-only copies", ("both", "title")),
                ("with abstract-only copies", ("both", "abstract")),
                ("with both kinds of copies", VIEWS),
            )
            if longest
        ),
        "head": [
            Trial(f"{name} {value}", main, with_training(ONE_HEAD, **{name: value}))
            for name, value in (("hidden", 64), ("hidden", 256), ("hidden", 1024), ("depth", 2), ("n_heads", 3))
        ],
        "regularisation": [
            Trial("as shipped, one head", main, ONE_HEAD),
            Trial("noise 0.0", main, with_training(ONE_HEAD, noise=0.0)),
            Trial("dropout 0.0, input_dropout 0.0", main, with_training(ONE_HEAD, dropout=0.0, input_dropout=0.0)),
            Trial("weight_decay 0.2", main, with_training(ONE_HEAD, weight_decay=0.2)),
        ],
        "learning_curve": [
            Trial(f"{round(share * n_train):,} articles", main, ONE_HEAD, share=share)
            for share in (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)
        ],
        "corpus": [
            Trial(f"trained on the {a} corpus, tested on the {b} one", corpora[a], CLASSIC, tested_on=corpora[b])
            for a, b in product(corpora, repeat=2)
            if len(corpora) > 1
        ],
        # MSE against KL under the settings of a plain demo: does the answer depend on the article at all?
        "collapse": [
            Trial(
                f"{corpus} corpus, {optimizer} at {rate:g}, {loss}",
                cache,
                with_training(CLASSIC, loss=loss, optimizer=optimizer, learning_rate=rate, max_epochs=5),
                resamples=50,
            )
            for corpus, cache in corpora.items()
            for optimizer, rate in (("adamw", 1e-3), ("sgd", 1e-2))
            for loss in ("kl", "mse")
        ],
    }


def gradient_ratio(targets: NDArray[np.floating]) -> float:
    """How many times larger the gradient of KL is than that of MSE where every answer is the average one.

    Both by the logits z of p = softmax(z): KL gives p - t; MSE over k groups, 2/k (diag(p) - p p') (p - t).

    Args:
        targets: (n_articles, n_groups), each row summing to 1.
    """
    p = targets.mean(axis=0)
    kl = p - targets  # (n_articles, n_groups)
    mse = 2 / len(p) * (kl * p - np.outer(kl @ p, p))
    return float(np.linalg.norm(kl, axis=1).mean() / np.linalg.norm(mse, axis=1).mean())


def select_dimensions(cache: Cache, dimensions: slice) -> Cache:
    """The same cache with some of the vectors' numbers only: one pooling out of several."""
    views = {
        name: replace(view, stored=np.ascontiguousarray(view.stored[:, dimensions]))
        for name, view in cache.views.items()
    }
    return replace(cache, views=views, dim=views["both"].stored.shape[1])


def with_training(recipe: Recipe, **changes: Any) -> Recipe:
    """The recipe with some settings of its training changed."""
    return replace(recipe, training=replace(recipe.training, **changes))
