"""What the words themselves log: a linear model over weighted words and pairs of words.

A frozen encoder knows what a text is about, but not that arXiv files "Bayesian shrinkage" under statistics and
"sparse recovery" under signal processing. This small model learns such habits from the training articles; its eight
scores stand beside the encoder's vector as further inputs of the head.

    lexicon = fit_tfidf(count_terms(texts), targets)
    lexicon.scores([Text("A title", "An abstract")])     # (1, 8)

The scores of a training article must come from a model that has not seen it, or the head would learn to trust them too
much: see `spheres.embeddings.out_of_fold`.
"""

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spheres.data.text import Text

N_TERMS = 40_000  # the most frequent words and pairs; 60,000 were no better
MIN_ARTICLES = 4  # a term that fewer articles hold is no habit
COUNTED_TERMS = 6_000_000  # at once; where there are more, those that one article alone has used are let go
TITLE_WEIGHT = 2  # a word of the title counts as two of the abstract
PENALTY = 10.0  # inverse strength of the ridge penalty, times the number of texts
ITERATIONS = 100
VIEW_WEIGHTS = {"both": 0.5, "title": 0.3, "abstract": 0.2}  # of an article's three views in the fit

_WORD = re.compile(r"\b\w\w+\b")


def terms_of(text: Text) -> Counter[str]:
    """Words of two letters or more, and pairs of neighbouring ones, with how often they occur; the title counts twice.

    >>> terms_of(Text("Sparse recovery", "We recover."))["sparse recovery"]
    2
    """
    counts: Counter[str] = Counter()
    for part, weight in zip(text, (TITLE_WEIGHT, 1), strict=True):
        words = _WORD.findall(part.lower())
        for term in (*words, *(f"{a} {b}" for a, b in pairwise(words))):
            counts[term] += weight
    return counts


@dataclass(frozen=True)
class TfidfModel:
    """A fitted model. Arrays have one row a term, in the order of `terms`."""

    terms: tuple[str, ...]
    term_weights: NDArray[np.float32]  # (n_terms,) how much a term counts before weighting
    weights: NDArray[np.float16]  # (n_terms, n_groups)
    bias: NDArray[np.float32]  # (n_groups,)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_place", {term: i for i, term in enumerate(self.terms)})

    def scores(self, texts: Sequence[Text]) -> NDArray[np.float32]:
        """One score a group for each (title, abstract): log-probabilities up to a constant, (n, n_groups)."""
        place: dict[str, int] = self._place  # type: ignore[attr-defined]
        result = np.tile(self.bias, (len(texts), 1))
        for row, text in enumerate(texts):
            known = [(place[term], count) for term, count in terms_of(text).items() if term in place]
            if known:
                places, counts = (np.array(column) for column in zip(*known, strict=True))
                values = (1 + np.log(counts)) * self.term_weights[places]  # (n_known,)
                result[row] += (values / np.linalg.norm(values)) @ self.weights[places].astype(np.float32)
        return result


@dataclass(frozen=True)
class TermCounts:
    """How often each article of a corpus uses each term: one sparse matrix a view, (n_articles, n_terms)."""

    terms: tuple[str, ...]
    views: dict[str, Any]  # view -> scipy.sparse.csr_matrix

    def of(self, rows: NDArray[np.intp]) -> "TermCounts":
        """The same for some articles only."""
        return TermCounts(self.terms, {view: counts[rows] for view, counts in self.views.items()})


def count_terms(texts: Sequence[Text], n_terms: int = N_TERMS) -> TermCounts:
    """Choose the vocabulary, the terms that the most articles use, and count it in every view of every article."""
    terms = _frequent(texts, n_terms)
    place = {term: i for i, term in enumerate(terms)}
    counts = {
        "both": _matrix((terms_of(text) for text in texts), place),
        "title": _matrix((terms_of(Text(title, "")) for title, _ in texts), place),
    }
    counts["abstract"] = counts["both"] - counts["title"]
    counts["abstract"].eliminate_zeros()
    return TermCounts(terms, counts)


def _frequent(texts: Sequence[Text], n_terms: int) -> tuple[str, ...]:
    """The terms that the most articles use, in alphabetical order; of equally frequent ones the first."""
    articles: Counter[str] = Counter()
    for text in texts:
        articles.update(terms_of(text).keys())
        if len(articles) > COUNTED_TERMS:  # what one article alone has used so far is let go
            articles = Counter({term: n for term, n in articles.items() if n > 1})
    enough = min(MIN_ARTICLES, len(texts))
    ranked = sorted((-n, term) for term, n in articles.items() if n >= enough)
    return tuple(sorted(term for _, term in ranked[:n_terms]))


def _matrix(counted: Iterable[Counter[str]], place: Mapping[str, int]) -> Any:
    """One row a text: how often it uses each of the terms, sparse, (n, n_terms) float32."""
    from scipy.sparse import csr_matrix

    values, places, ends = array("f"), array("i"), array("q", [0])
    for counts in counted:
        for term, count in counts.items():
            if (at := place.get(term)) is not None:
                places.append(at)
                values.append(count)
        ends.append(len(places))
    shape = (len(ends) - 1, len(place))
    matrix = csr_matrix((np.array(values, np.float32), np.array(places, np.int32), np.array(ends)), shape=shape)
    matrix.sort_indices()
    return matrix


def fit_tfidf(counts: TermCounts, targets: NDArray[np.floating]) -> TfidfModel:
    """Fit the model to the articles' target distributions by L-BFGS; the same input gives the same model.

    targets : (n_articles, n_groups)
    """
    import scipy.sparse

    term_weights = _term_weights(counts.views["both"], targets)
    texts = scipy.sparse.vstack([_weighted(counts.views[view], term_weights) for view in VIEW_WEIGHTS]).tocsr()
    weights, bias = _fit_linear(
        texts,
        np.concatenate([targets] * len(VIEW_WEIGHTS)),
        np.repeat(list(VIEW_WEIGHTS.values()), len(targets)),
    )
    return TfidfModel(counts.terms, term_weights, weights.astype(np.float16), bias.astype(np.float32))


def _term_weights(counts: Any, targets: NDArray[np.floating]) -> NDArray[np.float32]:
    """Rarity times informativeness of each term, (n_terms,).

    Rarity is the smoothed inverse document frequency; informativeness, the divergence of the groups that use the term
    from all groups (in nats), to the power 1/4. Against rarity alone it gained half a point on the validation split.
    """
    present = counts.copy()
    present.data[:] = 1
    used = np.asarray(present.T @ targets) + 1.0  # (n_terms, n_groups) articles, smoothed by one each
    share = used / used.sum(axis=1, keepdims=True)
    overall = used.sum(axis=0) / used.sum()
    informativeness = (share * np.log(share / overall)).sum(axis=1)
    n_articles = np.asarray(present.sum(axis=0)).ravel()
    rarity = np.log((1 + counts.shape[0]) / (1 + n_articles)) + 1
    return np.asarray(rarity * np.maximum(informativeness, 1e-6) ** 0.25, dtype=np.float32)


def _weighted(counts: Any, term_weights: NDArray[np.float32]) -> Any:
    """Sublinear counts times term weights, each row of length one, as in `TfidfModel.scores`."""
    from sklearn.preprocessing import normalize

    weighted = counts.copy()
    weighted.data = (1 + np.log(weighted.data)) * term_weights[weighted.indices]
    return normalize(weighted, copy=False)


def _fit_linear(
    texts: Any, targets: NDArray[np.floating], sample_weights: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Multinomial logistic regression on soft targets: the mean divergence plus a ridge penalty, minimised.

    scikit-learn's takes hard labels only; an article of three groups would have to enter three times.
    """
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    (n, n_terms), n_groups = texts.shape, targets.shape[1]
    transposed = texts.T.tocsr()
    share = (sample_weights / n)[:, None]

    def loss_and_gradient(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, bias = flat[:-n_groups].reshape(n_terms, n_groups), flat[-n_groups:]
        log_probabilities = log_softmax(texts @ weights.astype(np.float32) + bias, axis=1)
        loss = -(share * targets * log_probabilities).sum() + (weights**2).sum() / (2 * PENALTY * n)
        residual = share * (np.exp(log_probabilities) - targets)  # (n, n_groups)
        gradient = transposed @ residual.astype(np.float32) + weights / (PENALTY * n)
        return float(loss), np.concatenate([gradient.ravel(), residual.sum(axis=0)]).astype(np.float64)

    start = np.zeros((n_terms + 1) * n_groups)
    found = minimize(
        loss_and_gradient, start, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS, "maxcor": 8}
    )
    return found.x[:-n_groups].reshape(n_terms, n_groups), found.x[-n_groups:]
