"""Training the head on all cached articles, beside scikit-learn's MLPClassifier, and the other steps of training.

Both get the same features in float32, batches of 256, and the same number of epochs with early stopping off. The head
learns soft targets, MLPClassifier the primary group alone, since it takes no distributions. The KL divergence is
measured on the validation articles, from the same soft targets. Reads artifacts/, writes nothing. Two minutes.
"""

import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.table import Table
from benchmarks.timing import interleaved
from spheres.embeddings.cache import Cache, load_tfidf, open_cache
from spheres.encoder.hub import BUNDLED
from spheres.model.bundle import Bundle
from spheres.model.categories import train_categories
from spheres.model.evaluate import evaluate, measure_sets
from spheres.model.fit import calibrate_view, fit_ood_on_cache
from spheres.model.head_files import ARTIFACTS
from spheres.model.metrics import kl_divergence
from spheres.model.network import Heads, TrainingConfig
from spheres.model.prior import ARXIV
from spheres.model.projection import fit_projection
from spheres.model.recipe import BEST, CLASSIC, Recipe, examples, view_features
from spheres.model.train import Examples, train_heads

TARGET_SECONDS = 10.0  # for the shipped head
TARGET_SPEEDUP = 3.0  # over MLPClassifier
QUICK = 10  # every so many-th article

T = TypeVar("T")


def run(corpus: Path | None, quick: bool) -> Table:
    """The corpus is not read: what is trained on lies in artifacts/."""
    cache = open_cache(ARTIFACTS / BUNDLED.name)
    table = Table("training", ("seconds", "epochs", "KL, nats", "primary is top"))
    for recipe in (CLASSIC, BEST):
        _compare(table, cache, recipe, quick)
    table.notes.append(
        f"Targets: at most {TARGET_SECONDS:.0f} s for the shipped head, three heads; {TARGET_SPEEDUP:.0f} times "
        "MLPClassifier's speed, head against MLP, at no worse KL."
    )
    if not quick:
        _phases(table, cache)
    return table


def _compare(table: Table, cache: Cache, recipe: Recipe, quick: bool) -> None:
    train, validation = _examples(cache, recipe, quick)
    training = replace(recipe.training, patience=recipe.training.max_epochs)
    one = replace(training, n_heads=1)
    peer = MlpPeer(train, training)
    heads: dict[str, Heads] = {}

    def head(name: str, how: TrainingConfig) -> Callable[[], object]:
        return lambda: heads.update({name: train_heads(train, validation, how, check=False)})

    candidates: dict[str, Callable[[], object]] = {f"one head, {recipe.name}": head("one", one)}
    if training.n_heads > 1:
        candidates[f"{training.n_heads} heads, {recipe.name}"] = head("all", training)
    candidates[f"MLPClassifier, {recipe.name}'s features"] = peer.fit
    seconds = interleaved(candidates, 1, warm_up=False)  # a round takes minutes

    rows = cache.split["validation"]
    answers = [found.log_probabilities(validation.features) for found in heads.values()]
    answers.append(peer.log_probabilities(validation.features))
    scores = [_scores(answer, cache, rows) for answer in answers]
    for (name, took), figures in zip(seconds.items(), scores, strict=True):
        table.add(name, took, training.max_epochs, *figures)
    *ours, theirs = seconds.values()
    table.ratios[f"MLPClassifier over one head, {recipe.name}"] = theirs / ours[0]
    table.ratios[f"MLPClassifier's KL over one head's, {recipe.name}"] = scores[-1][0] / scores[0][0]
    if training.n_heads > 1:
        table.ratios["10 s over three heads"] = TARGET_SECONDS / ours[-1]
        table.ratios["three MLPClassifiers over three heads"] = training.n_heads * theirs / ours[-1]
    took, epochs, figures = _as_good(train, validation, one, scores[-1][0], lambda lp: _scores(lp, cache, rows))
    table.add(f"one head until it is as good as MLPClassifier, {recipe.name}", took, epochs, *figures)
    table.ratios[f"MLPClassifier over one head as good, {recipe.name}"] = theirs / took


def _as_good(
    train: Examples,
    validation: Examples,
    training: TrainingConfig,
    wanted: float,
    score: Callable[[NDArray[np.float32]], tuple[float, float]],
) -> tuple[float, int, tuple[float, float]]:
    """Seconds, epochs and figures of the shortest training whose KL divergence is at most `wanted`."""
    for epochs in range(1, training.max_epochs + 1):
        short = replace(training, max_epochs=epochs)
        took, heads = _timed(lambda short=short: train_heads(train, validation, short, check=False))  # type: ignore[misc]
        figures = score(heads.log_probabilities(validation.features))
        if figures[0] <= wanted:
            break
    return took, epochs, figures


class MlpPeer:
    """scikit-learn's MLPClassifier with the head's shape, batch size, rate of learning and number of epochs."""

    def __init__(self, train: Examples, training: TrainingConfig) -> None:
        from sklearn.neural_network import MLPClassifier

        # the head standardizes inside; a constant feature stays 0
        self.shift = train.features.mean(axis=0) if training.standardize else np.float32(0)
        self.scale = np.maximum(train.features.std(axis=0), 1e-6) if training.standardize else np.float32(1)
        self.features = self._standardized(train.features)
        self.primary = train.targets.argmax(axis=1)
        self.make: Callable[[], Any] = lambda: MLPClassifier(
            (training.hidden,) * training.depth,
            batch_size=training.batch_size,
            learning_rate_init=1e-3,
            max_iter=training.max_epochs,
            n_iter_no_change=training.max_epochs + 1,
            random_state=training.seed,
        )

    def _standardized(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray((features - self.shift) / self.scale, np.float32)

    def fit(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it has not converged: it gets as many epochs as the head
            self.fitted = self.make().fit(self.features, self.primary)

    def log_probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(np.log(np.maximum(self.fitted.predict_proba(self._standardized(features)), 1e-12)))


def _examples(cache: Cache, recipe: Recipe, quick: bool) -> tuple[Examples, Examples]:
    train = examples(cache, recipe, cache.split["train"], recipe.views)
    step = QUICK if quick else 1
    thinned = Examples(np.ascontiguousarray(train.features[::step]), np.ascontiguousarray(train.targets[::step]))
    return thinned, examples(cache, recipe, cache.split["validation"], ("both",))


def _scores(log_probabilities: NDArray[np.float32], cache: Cache, rows: NDArray[np.intp]) -> tuple[float, float]:
    """(KL divergence from the soft targets in nats, share whose top answer is the primary group)."""
    kl = kl_divergence(log_probabilities, cache.targets[rows]).mean()
    return float(kl), float((log_probabilities.argmax(axis=1) == cache.primary[rows]).mean())


def _phases(table: Table, cache: Cache) -> None:
    """Time the other steps of `head.py train`, a row each."""
    opening, _ = _timed(lambda: open_cache(cache.folder).split)
    rows = cache.split
    assembling, (train, validation) = _timed(lambda: _examples(cache, BEST, False))
    heads = train_heads(train, validation, replace(BEST.training, max_epochs=1), check=False)
    calibrating, calibrations = _timed(lambda: {view: calibrate_view(cache, BEST, heads, view) for view in cache.views})
    dividing, categories = _timed(lambda: train_categories(cache, BEST))
    distance, ood = _timed(lambda: fit_ood_on_cache(cache))
    mapping, projection = _timed(
        lambda: fit_projection(cache.views["both"].of(rows["train"])[1], cache.primary[rows["train"]])
    )
    tfidf = load_tfidf(cache.folder, "run embed.py again")
    bundle = Bundle(
        heads, BEST, tfidf, cache.identity, len(rows["train"]), calibrations, categories, ood, projection
    )  # as `spheres.model.fit.train` puts it together
    measuring, _ = _timed(lambda: evaluate(cache, bundle, "validation"))
    sets, _ = _timed(lambda: [measure_sets(cache, bundle, "test", view, ARXIV) for view in cache.views])
    answering, _ = _timed(lambda: heads.log_probabilities(view_features(cache, BEST, "both", rows["test"])[1]))
    for name, took in (
        ("opening the arrays", opening),
        ("putting features together", assembling),
        ("calibrating", calibrating),
        ("the head for categories", dividing),
        ("out-of-distribution distance", distance),
        ("projection", mapping),
        ("validation figures with intervals", measuring),
        ("sets at every position of the slider", sets),
        ("(answering the test articles once)", answering),
    ):
        table.add(f"besides: {name}", took, None, None, None)


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result
