"""Baselines that the head must beat: fitted on the same cached arrays, measured on the same split."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spheres.data.taxonomy import GROUPS
from spheres.embeddings.cache import Cache
from spheres.model.metrics import summary, with_intervals
from spheres.model.prior import ARXIV, EQUAL, shift_prior

N_NEIGHBORS = 30


def measure_baselines(cache: Cache, split: str) -> dict[str, Any]:
    """The metrics of every baseline on the articles of a split, both parts: prior -> name -> metric -> figure."""
    rows, primary = cache.split[split], cache.primary[cache.split[split]]
    trained = np.bincount(cache.primary[cache.split["train"]], minlength=len(GROUPS)) + 1
    found = baselines(cache, rows)
    return {
        prior.name: {
            name: with_intervals(
                summary,
                shift_prior(log_probabilities, trained / trained.sum(), prior.shares),
                cache.targets[rows],
                primary,
                prior.weights(primary),
            )
            for name, log_probabilities in found.items()
        }
        for prior in (ARXIV, EQUAL)
    }


def baselines(cache: Cache, rows: NDArray[np.intp]) -> dict[str, NDArray[np.float64]]:
    """Fit every baseline on the training articles and predict the articles `rows`.

    Returns:
        Name -> (len(rows), n_groups) log-probabilities, none below log(1e-6), in the order of the report.
    """
    from scipy.special import softmax
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import NearestNeighbors
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train, vectors, _ = cache.views["both"].of(cache.split["train"])
    _, new_vectors, tfidf_scores = cache.views["both"].of(rows)
    prior = cache.targets[train].mean(axis=0)
    nearest = NearestNeighbors(n_neighbors=N_NEIGHBORS, metric="cosine", algorithm="brute").fit(vectors)
    neighbors = cache.targets[train][nearest.kneighbors(new_vectors, return_distance=False)]
    probabilities = {
        "class prior": np.tile(prior, (len(rows), 1)),
        "TF-IDF (1-2 grams) + logistic regression": softmax(tfidf_scores.astype(np.float64), axis=1),
        # a little of the prior, so that no group has probability 0
        "k nearest neighbours on the vectors": 0.97 * neighbors.mean(axis=1) + 0.03 * prior,
    }
    for name, model in (
        ("logistic regression", LogisticRegression(C=0.1, max_iter=200)),
        ("scikit-learn's MLP", MLPClassifier((256,), batch_size=256, max_iter=12, early_stopping=True, random_state=0)),
    ):
        pipeline = make_pipeline(StandardScaler(), model)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the MLP's twelve epochs may not be enough: the head has as many
            pipeline.fit(vectors, cache.primary[train])
        table = np.zeros((len(rows), len(GROUPS)))
        table[:, pipeline.classes_] = pipeline.predict_proba(new_vectors)  # a group without training articles stays 0
        probabilities[f"{name} on the vectors"] = table
    return {name: np.log(np.maximum(p, 1e-6)).astype(np.float64) for name, p in probabilities.items()}
