"""Baselines that the head must beat: fitted on the same cached arrays, measured on the same split."""

import warnings

import numpy as np
from numpy.typing import NDArray

from spheres.data.taxonomy import GROUPS
from spheres.embeddings.cache import Cache

N_NEIGHBORS = 30


def baselines(cache: Cache, train: NDArray[np.intp], rows: NDArray[np.intp]) -> dict[str, NDArray[np.float64]]:
    """Log-probabilities of every baseline, by its name, in the order of the report.

    Args:
        train: The articles to fit on, as row numbers of the cache.
        rows: The articles to answer.

    Returns:
        Name -> (len(rows), n_groups), natural logarithms, none below log(1e-6).
    """
    from scipy.special import softmax
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    known, vectors, _ = cache.views["both"].of(train)
    targets, primary = cache.targets[known], cache.primary[known]
    _, asked, tfidf_scores = cache.views["both"].of(rows)
    mlp = MLPClassifier((256,), batch_size=256, max_iter=12, early_stopping=True, random_state=0)
    probabilities = {
        "class prior": np.tile(targets.mean(axis=0), (len(asked), 1)),
        "TF-IDF (1-2 grams) + logistic regression": softmax(tfidf_scores.astype(np.float64), axis=1),
        "k nearest neighbours on the vectors": _neighbors(vectors, targets, asked),
        "logistic regression on the vectors": _fit(LogisticRegression(C=0.1, max_iter=200), vectors, primary, asked),
        "scikit-learn's MLP on the vectors": _fit(mlp, vectors, primary, asked),
    }
    return {name: np.log(np.maximum(p, 1e-6)).astype(np.float64) for name, p in probabilities.items()}


def _neighbors(
    vectors: NDArray[np.float32], targets: NDArray[np.float32], asked: NDArray[np.float32]
) -> NDArray[np.floating]:
    """The mean soft target of the nearest training articles, with a little of the average against zeros."""
    from sklearn.neighbors import NearestNeighbors

    nearest = NearestNeighbors(n_neighbors=N_NEIGHBORS, metric="cosine", algorithm="brute").fit(vectors)
    mean = targets[nearest.kneighbors(asked, return_distance=False)].mean(axis=1)
    return np.asarray(0.97 * mean + 0.03 * targets.mean(axis=0))


def _fit(
    model: object, vectors: NDArray[np.float32], primary: NDArray[np.uint8], asked: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Fit a scikit-learn classifier on standardized vectors; a column for every group, also for those it never saw."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pipeline = make_pipeline(StandardScaler(), model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the MLP's twelve epochs may not be enough: the head has as many
        pipeline.fit(vectors, primary)
    probabilities = np.zeros((len(asked), len(GROUPS)))
    probabilities[:, pipeline.classes_] = pipeline.predict_proba(asked)
    return probabilities
