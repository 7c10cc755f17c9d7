"""What the head must beat: answers that need no head of ours, each from the same cached arrays and the same split."""

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from spheres.data.taxonomy import GROUPS
from spheres.embeddings.cache import Cache

Arrays = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8]]  # vectors, targets, primary
NEIGHBOURS = 30


def baselines(cache: Cache, train: NDArray[np.intp], asked: NDArray[np.intp]) -> dict[str, NDArray[np.float64]]:
    """Log-probabilities for the articles `asked`, (n, n_groups), of every baseline fitted on `train`."""
    rows, vectors, _ = cache.views["both"].of(train)
    learned: Arrays = (vectors, cache.targets[rows], cache.primary[rows])
    _, vectors, scores = cache.views["both"].of(asked)
    methods: dict[str, Callable[[], NDArray[np.floating]]] = {
        "class prior": lambda: np.tile(learned[1].mean(axis=0), (len(vectors), 1)),
        "TF-IDF (1-2 grams) + logistic regression": lambda: _softmax(scores.astype(np.float64)),
        "k nearest neighbours on the vectors": lambda: _neighbours(learned, vectors),
        "logistic regression on the vectors": lambda: _logistic(learned, vectors),
        "scikit-learn's MLP on the vectors": lambda: _mlp(learned, vectors),
    }
    return {name: np.log(np.maximum(method(), 1e-6)) for name, method in methods.items()}


def _softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _neighbours(learned: Arrays, vectors: NDArray[np.float32]) -> NDArray[np.floating]:
    """The mean soft target of the nearest training articles, with a little of the average against zeros."""
    from sklearn.neighbors import NearestNeighbors

    known, targets, _ = learned
    nearest = NearestNeighbors(n_neighbors=NEIGHBOURS, metric="cosine", algorithm="brute").fit(known)
    mean = targets[nearest.kneighbors(vectors, return_distance=False)].mean(axis=1)
    return np.asarray(0.97 * mean + 0.03 * targets.mean(axis=0))


def _logistic(learned: Arrays, vectors: NDArray[np.float32]) -> NDArray[np.floating]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=200))
    return _all_groups(model.fit(learned[0], learned[2]), vectors)


def _mlp(learned: Arrays, vectors: NDArray[np.float32]) -> NDArray[np.floating]:
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    network = MLPClassifier((256,), batch_size=256, max_iter=12, early_stopping=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that twelve epochs may not be enough: they are as many as the head has
        return _all_groups(make_pipeline(StandardScaler(), network).fit(learned[0], learned[2]), vectors)


def _all_groups(model: object, vectors: NDArray[np.float32]) -> NDArray[np.floating]:
    """A scikit-learn classifier's probabilities with a column for every group, also for those it never saw."""
    probabilities = np.zeros((len(vectors), len(GROUPS)))
    probabilities[:, model.classes_] = model.predict_proba(vectors)  # type: ignore[attr-defined]
    return probabilities
