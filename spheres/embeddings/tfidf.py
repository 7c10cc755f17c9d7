"""TF-IDF model: soft-target logistic regression over weighted words and pairs of words.

A frozen encoder knows what a text is about, but not that arXiv files "Bayesian shrinkage" under statistics and "sparse
recovery" under signal processing. This small model learns such habits from the training articles; its eight scores
stand beside the encoder's vector as further inputs of the head.

    model = fit_tfidf(count_terms(texts), targets)
    model.scores([Text("A title", "An abstract")])     # (1, 8)

Why not scikit-learn's parts throughout, each tried on the same articles with equal results: `CountVectorizer` that
chooses the terms itself holds all of them at once, 520 MB over 30,000 articles where `_frequent_terms` takes 150 MB
and is bounded; `LogisticRegression` takes hard labels only. How scores of training articles are made is in
`out_of_fold`.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spheres.data.text import Text
from spheres.errors import SphereError

N_TERMS = 40_000  # the most frequent words and pairs; 60,000 were no better
MIN_ARTICLES = 4  # a term that fewer articles hold is no habit
COUNTED_TERMS = 6_000_000  # at once; where there are more, those that one article alone has used are let go
TITLE_WEIGHT = 2  # a word of the title counts as two of the abstract
PENALTY = 10.0  # inverse strength of the ridge penalty, times the number of texts
ITERATIONS = 100
VIEW_WEIGHTS = {"both": 0.5, "title": 0.3, "abstract": 0.2}  # of an article's three views in the fit

_WORD = re.compile(r"\b\w\w+\b")


def term_list(text: Text) -> list[str]:
    """Words of two letters or more, and pairs of neighbouring ones, each as often as it counts: in the title twice.

    >>> term_list(Text("Prime gaps", ""))
    ['prime', 'gaps', 'prime gaps', 'prime', 'gaps', 'prime gaps']
    """
    terms: list[str] = []
    for part, weight in zip(text, (TITLE_WEIGHT, 1), strict=True):
        words = _WORD.findall(part.lower())
        terms += weight * (words + [f"{a} {b}" for a, b in pairwise(words)])
    return terms


@dataclass(frozen=True)
class TfidfModel:
    """A fitted model; the arrays have a row for each term."""

    terms: tuple[str, ...]  # words and pairs of words
    term_weights: NDArray[np.float32]  # (n_terms,) how much each counts, as inverse document frequency does elsewhere
    weights: NDArray[np.float16]  # (n_terms, n_groups)
    bias: NDArray[np.float32]  # (n_groups,)

    @cached_property
    def _place(self) -> dict[str, int]:
        return {term: i for i, term in enumerate(self.terms)}

    def scores(self, texts: Sequence[Text]) -> NDArray[np.float32]:
        """Log-probabilities up to a constant, (n_texts, n_groups) float32; the bias where no term is known."""
        result = np.tile(self.bias, (len(texts), 1))
        for row, text in enumerate(texts):
            known = [(self._place[term], n) for term, n in Counter(term_list(text)).items() if term in self._place]
            if known:
                places, counts = (np.array(column) for column in zip(*known, strict=True))
                values = (1 + np.log(counts)) * self.term_weights[places]  # (n_known,)
                result[row] += (values / np.linalg.norm(values)) @ self.weights[places].astype(np.float32)
        return result


@dataclass(frozen=True)
class TermCounts:
    """How often each article of a corpus uses each term."""

    terms: tuple[str, ...]  # in alphabetical order
    views: dict[str, Any]  # view -> scipy.sparse.csr_matrix, (n_articles, n_terms) float32

    def of(self, rows: NDArray[np.intp]) -> "TermCounts":
        """The same for some articles only."""
        return TermCounts(self.terms, {view: counts[rows] for view, counts in self.views.items()})


def count_terms(texts: Sequence[Text], n_terms: int = N_TERMS) -> TermCounts:
    """Choose the `n_terms` terms that the most articles use, and count them in every view of every article."""
    from sklearn.feature_extraction.text import CountVectorizer

    terms = _frequent_terms(texts, n_terms)
    if not terms:  # which CountVectorizer refuses
        raise SphereError(
            f"No {MIN_ARTICLES} articles of the training split share a word: give a few hundred articles."
        )
    vectorizer = CountVectorizer(analyzer=term_list, vocabulary=terms, dtype=np.float32)
    both = vectorizer.transform(texts)
    title = vectorizer.transform(Text(text.title, "") for text in texts)
    abstract = both - title
    abstract.eliminate_zeros()
    return TermCounts(terms, {"both": both, "title": title, "abstract": abstract})


def _frequent_terms(texts: Sequence[Text], n_terms: int) -> tuple[str, ...]:
    """The terms that the most articles use, in alphabetical order; of equally frequent ones the first."""
    n_articles: Counter[str] = Counter()
    for text in texts:
        n_articles.update(set(term_list(text)))
        if len(n_articles) > COUNTED_TERMS:  # what one article alone has used so far is let go
            n_articles = Counter({term: n for term, n in n_articles.items() if n > 1})
    enough = min(MIN_ARTICLES, len(texts))
    ranked = sorted((-n, term) for term, n in n_articles.items() if n >= enough)
    return tuple(sorted(term for _, term in ranked[:n_terms]))


def fit_tfidf(counts: TermCounts, targets: NDArray[np.floating]) -> TfidfModel:
    """Fit the model to the articles' target distributions by L-BFGS; the same input gives the same model.

    Args:
        counts: Of the articles' terms.
        targets: (n_articles, n_groups), each row summing to 1.
    """
    import scipy.sparse

    # 1. Weigh the terms: rare and informative ones count more.
    term_weights = _term_weights(counts.views["both"], targets)
    # 2. Each article enters three times, whole and as either part; sparse (3 * n_articles, n_terms).
    texts = scipy.sparse.vstack([_weighted(counts.views[view], term_weights) for view in VIEW_WEIGHTS]).tocsr()
    # 3. Multinomial logistic regression.
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
    """Sublinear counts times term weights, each row of length one, as in `TfidfModel.scores`.

    `TfidfTransformer(sublinear_tf=True)` does the same with inverse document frequencies for weights, and no others.
    """
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
