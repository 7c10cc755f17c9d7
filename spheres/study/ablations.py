"""The study: what helps and what does not, each choice alone, on the same articles.

    python head.py compare --corpus arxiv-spheres.jsonl.xz --lopsided arxivData.json.xz

Everything is chosen on validation articles; test articles are touched once, by the last section. Where a factor needs
other vectors than the shipped ones (pooling, input length, the lopsided corpus), they are embedded into
artifacts/study/ first, a fixed sample of the articles, and found there the next time.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spheres.data.corpus import Corpus
from spheres.embeddings.build import Settings, embed_corpus
from spheres.embeddings.cache import MANIFEST, Cache, View, open_cache
from spheres.encoder.hub import BUNDLED
from spheres.errors import SphereError
from spheres.model.evaluate import set_figures, set_table
from spheres.model.fit import calibrate_view
from spheres.model.metrics import summary, with_intervals
from spheres.model.recipe import BEST, CLASSIC, Recipe, examples, view_features
from spheres.model.train import information, train_heads
from spheres.study.baselines import baselines

LENGTHS = (32, 64, 128, 256)
SAMPLE, LOPSIDED_SAMPLE = 0.25, 0.5
ONE_HEAD = replace(BEST, training=replace(BEST.training, n_heads=1))  # averaging is a factor of its own

Say = Callable[[str], None]
Figures = dict[str, Any]


@dataclass(frozen=True)
class Caches:
    """The arrays a study reads: the shipped cache, and samples under other settings where they could be made."""

    main: Cache
    by_length: dict[int, Cache]  # pooling cls+mean
    lopsided: Cache | None


def prepare(main: Path, folder: Path, corpus: Path | None, lopsided: Path | None, log: Say, progress: Any) -> Caches:
    """Open the caches; embed those that are missing where their corpus is given (about twenty minutes on two cores)."""
    by_length = {}
    for length in LENGTHS:
        cache = folder / f"length-{length}"
        if corpus:
            all_views = length == BUNDLED.max_length
            settings = Settings(
                views=("both", "title", "abstract") if all_views else ("both",), copies={"title": 1, "abstract": 1}
            )
            spec = replace(BUNDLED, pooling="cls+mean", max_length=length)
            part = Corpus(corpus, sample=SAMPLE)
            embed_corpus(part, spec, cache, settings=settings, log=log, start_progress=progress)
        if (cache / MANIFEST).is_file():
            by_length[length] = open_cache(cache)
    if lopsided:
        part = Corpus(lopsided, sample=LOPSIDED_SAMPLE)
        settings = Settings(views=("both",))
        embed_corpus(part, BUNDLED, folder / "lopsided", settings=settings, log=log, start_progress=progress)
    there = (folder / "lopsided" / MANIFEST).is_file()
    return Caches(open_cache(main), by_length, open_cache(folder / "lopsided") if there else None)


def run_study(caches: Caches, log: Say) -> Figures:
    """All sections: name -> rows, each with what was varied and its figures on validation articles."""
    sections: dict[str, Callable[[], list[Figures]]] = {
        "baselines": lambda: _baselines(caches.main),
        "loss": lambda: _loss(caches.main),
        "targets": lambda: _targets(caches.main),
        "features": lambda: _features(caches.main),
        "pooling": lambda: _pooling(caches),
        "length": lambda: _length(caches),
        "copies": lambda: _copies(caches),
        "head": lambda: _shape(caches.main),
        "regularisation": lambda: _regularisation(caches.main),
        "learning_curve": lambda: _learning_curve(caches.main),
        "corpus": lambda: _corpus(caches),
        "collapse": lambda: _collapse(caches),
    }
    study: Figures = {}
    for name, section in sections.items():
        study[name] = section()
        log(f"{name}: {len(study[name])} rows")
    return study


def gradients(caches: Caches) -> dict[str, float]:
    """`gradient_ratio` on each corpus."""
    named = {"balanced": caches.main, "lopsided": caches.lopsided}
    return {name: gradient_ratio(cache.targets) for name, cache in named.items() if cache}


def measure(
    cache: Cache,
    recipe: Recipe,
    views: tuple[str, ...] = ("both",),
    share: float = 1.0,
    tested_on: Cache | None = None,
    resamples: int = 200,
) -> Figures:
    """Train by a recipe on a share of the training articles; figures of validation articles, calibrated as shipped.

    tested_on : another cache whose validation and calibration articles are used instead
    returns   : view -> figure -> {"value", "low", "high"}
    """
    rows = cache.split
    train = rows["train"][: max(1, round(share * len(rows["train"])))]
    heads = train_heads(
        examples(cache, recipe, train, recipe.views),
        examples(cache, recipe, rows["validation"], ("both",)),
        recipe.training,
        check=False,
    )
    tested = tested_on or cache
    asked = tested.split
    report = {}
    for view in views:
        calibration = calibrate_view(tested, recipe, heads, view)
        known, features = view_features(tested, recipe, view, asked["validation"])
        log_probabilities = calibration.apply(heads.log_probabilities(features))
        sets = set_table(calibration, np.exp(log_probabilities), (0.95,))
        primary = tested.primary[known]
        figures = with_intervals(summary, log_probabilities, tested.targets[known], primary, resamples=resamples)
        size = set_figures(primary, *sets.values(), names=tuple(sets))["coverage 0.95: spheres"]
        report[view] = {
            **figures,
            "mean_set_size": {"value": size},
            "information": {"value": information(log_probabilities)},
        }
    return report


def row(label: str, cache: Cache, recipe: Recipe, **options: Any) -> Figures:
    """One line of a table."""
    return {"what": label, "views": measure(cache, recipe, **options)}


def trained_like(recipe: Recipe, **changes: Any) -> Recipe:
    """The recipe with some settings of its training changed."""
    return replace(recipe, training=replace(recipe.training, **changes))


def _baselines(cache: Cache) -> list[Figures]:
    rows = cache.split
    asked = rows["validation"]
    return [
        {"what": name, "views": {"both": with_intervals(summary, log_p, cache.targets[asked], cache.primary[asked])}}
        for name, log_p in baselines(cache, rows["train"], asked).items()
    ]


def _loss(cache: Cache) -> list[Figures]:
    return [
        row("KL divergence, soft targets", cache, CLASSIC),
        row("cross-entropy, primary group", cache, replace(CLASSIC, primary_weight=1.0)),
        row("MSE, soft targets", cache, trained_like(CLASSIC, loss="mse")),
    ]


def _targets(cache: Cache) -> list[Figures]:
    return [
        row(f"{w:.0%} of the weight moved to the primary group", cache, replace(ONE_HEAD, primary_weight=w))
        for w in (0.0, 0.25, 0.5, 0.7, 1.0)
    ]


def _features(cache: Cache) -> list[Figures]:
    plain = replace(ONE_HEAD, tfidf=False, unit_length=False)
    return [
        row("vector as it is", cache, plain),
        row("vector at length one", cache, replace(plain, unit_length=True)),
        row("vector at length one, scores of words", cache, ONE_HEAD),
    ]


def _pooling(caches: Caches) -> list[Figures]:
    if not (cache := caches.by_length.get(BUNDLED.max_length)):
        return []
    half = cache.dim // 2
    parts = {"[CLS]": slice(0, half), "mean": slice(half, None), "both in a row": slice(None)}
    recipe = replace(CLASSIC, unit_length=True, training=ONE_HEAD.training)
    return [row(name, sliced(cache, part), recipe) for name, part in parts.items()]


def _length(caches: Caches) -> list[Figures]:
    recipe = replace(CLASSIC, unit_length=True, training=ONE_HEAD.training)
    return [
        row(f"{length} tokens", sliced(cache, slice(cache.dim // 2, None)), recipe)
        for length, cache in caches.by_length.items()
    ]


def _copies(caches: Caches) -> list[Figures]:
    if not (cache := caches.by_length.get(BUNDLED.max_length)):
        return []
    mean = sliced(cache, slice(cache.dim // 2, None))
    choices = {
        "whole articles": ("both",),
        "with title-only copies": ("both", "title"),
        "with abstract-only copies": ("both", "abstract"),
        "with both kinds of copies": ("both", "title", "abstract"),
    }
    views = ("both", "title", "abstract")
    return [row(label, mean, replace(ONE_HEAD, views=chosen), views=views) for label, chosen in choices.items()]


def _shape(cache: Cache) -> list[Figures]:
    shapes = [{"hidden": n} for n in (64, 256, 1024)] + [{"depth": 2}, {"n_heads": 3}]
    return [
        row(" ".join(f"{key} {value}" for key, value in shape.items()), cache, trained_like(ONE_HEAD, **shape))
        for shape in shapes
    ]


def _regularisation(cache: Cache) -> list[Figures]:
    rows = [row("as shipped, one head", cache, ONE_HEAD)]
    for changes in ({"noise": 0.0}, {"dropout": 0.0, "input_dropout": 0.0}, {"weight_decay": 0.2}):
        label = ", ".join(f"{key} {value}" for key, value in changes.items())
        rows.append(row(label, cache, trained_like(ONE_HEAD, **changes)))
    return rows


def _learning_curve(cache: Cache) -> list[Figures]:
    n = len(cache.split["train"])
    shares = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)
    return [row(f"{round(share * n):,} articles", cache, ONE_HEAD, share=share) for share in shares]


def _corpus(caches: Caches) -> list[Figures]:
    if not caches.lopsided:
        return []
    named = {"balanced": caches.main, "lopsided": caches.lopsided}
    return [
        row(f"trained on the {a} corpus, tested on the {b} one", named[a], CLASSIC, tested_on=named[b])
        for a in named
        for b in named
    ]


def _collapse(caches: Caches) -> list[Figures]:
    """MSE against KL under the settings of a plain demo (SGD, AdamW), on both corpora: does the answer vary at all?"""
    rows = []
    for corpus, cache in {"balanced": caches.main, "lopsided": caches.lopsided}.items():
        for optimizer, rate in (("adamw", 1e-3), ("sgd", 1e-2)):
            for loss in ("kl", "mse"):
                recipe = trained_like(CLASSIC, loss=loss, optimizer=optimizer, learning_rate=rate, max_epochs=5)
                if cache:
                    rows.append(row(f"{corpus} corpus, {optimizer} at {rate:g}, {loss}", cache, recipe, resamples=50))
    return rows


def gradient_ratio(targets: NDArray[np.floating]) -> float:
    """How many times larger the gradient of KL is than that of MSE where every answer is the average one.

    Both by the logits z of p = softmax(z): KL gives p - t; MSE over k groups, 2/k (diag(p) - p p') (p - t).
    """
    p = targets.mean(axis=0)
    kl = p - targets  # (n, n_groups)
    mse = 2 / len(p) * (kl * p - np.outer(kl @ p, p))
    return float(np.linalg.norm(kl, axis=1).mean() / np.linalg.norm(mse, axis=1).mean())


def sliced(cache: Cache, part: slice) -> Cache:
    """The same cache with some of its numbers only: one pooling out of several."""
    if any(view.scales is not None for view in cache.views.values()):
        raise SphereError(
            f"{cache.folder} is stored as int8, which cannot be cut: run embed.py with --store float16 --overwrite."
        )

    def cut(view: View) -> View:
        return replace(view, stored=np.ascontiguousarray(view.stored[:, part]))

    views = {name: cut(view) for name, view in cache.views.items()}
    dim = int(views["both"].stored.shape[1])
    return replace(cache, views=views, manifest={**cache.manifest, "dim": dim})
