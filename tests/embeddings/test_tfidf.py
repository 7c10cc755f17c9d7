"""TF-IDF scores: live the same as in the fit, and never from a model that saw the article."""

from collections import Counter

import numpy as np
import pytest
from made_up import articles
from sklearn.feature_extraction import DictVectorizer

from spheres.data.taxonomy import soft_target
from spheres.data.text import Text
from spheres.embeddings.out_of_fold import fit_out_of_fold
from spheres.embeddings.tfidf import TfidfModel, _weighted, count_terms, fit_tfidf, term_list
from spheres.errors import SphereError

RECORDS = articles()
TEXTS = [Text(a["title"], a["abstract"]) for a in RECORDS]
TARGETS = np.stack([soft_target(a["categories"].split()) for a in RECORDS])


@pytest.fixture(scope="module")
def model() -> TfidfModel:
    return fit_tfidf(count_terms(TEXTS), TARGETS)


def test_terms_are_words_and_pairs_and_the_title_counts_twice() -> None:
    assert Counter(term_list(Text("Hash tables", "Hash, a b tables!"))) == {
        "hash": 3,
        "tables": 3,
        "hash tables": 3,  # once in the title, doubled; once in the abstract, where single letters are no words
    }


def test_it_learns_which_words_belong_to_which_group(model: TfidfModel) -> None:
    scores = model.scores(
        [Text("Antenna arrays at millimetre waves", ""), Text("", "Wage contracts with moral hazard.")]
    )
    assert scores.argmax(axis=1).tolist() == [6, 7]


def test_live_scores_are_those_of_the_matrix_it_was_fitted_on(model: TfidfModel) -> None:
    vectorizer = DictVectorizer().fit([dict.fromkeys(model.terms, 1)])
    order = [vectorizer.vocabulary_[term] for term in model.terms]
    counts = vectorizer.transform(Counter(term_list(text)) for text in TEXTS[:40])[:, order].astype(np.float32)
    by_matrix = _weighted(counts, model.term_weights) @ model.weights.astype(np.float32) + model.bias
    assert np.abs(model.scores(TEXTS[:40]) - by_matrix).max() < 1e-4


def test_a_text_without_known_words_gets_the_bias(model: TfidfModel) -> None:
    assert (model.scores([Text("Борщ", "")]) == model.bias).all()


def test_fitting_is_repeatable(model: TfidfModel) -> None:
    again = fit_tfidf(count_terms(TEXTS), TARGETS)
    assert again.terms == model.terms
    assert (again.weights == model.weights).all()


def test_a_training_article_is_scored_by_a_model_that_has_not_seen_it() -> None:
    folds = np.arange(len(TEXTS)) % 3
    tfidf = fit_out_of_fold(TEXTS, TARGETS, folds)
    own = tfidf.model.scores(TEXTS)
    assert (tfidf.scores(TEXTS, np.full(len(TEXTS), -1)) == own).all()
    assert (np.abs(tfidf.scores(TEXTS, folds) - own).max(axis=1) > 1e-3).mean() > 0.9
    others = np.flatnonzero(folds != 1)
    without = fit_tfidf(count_terms(TEXTS).of(others), TARGETS[others])
    assert (
        tfidf.scores(TEXTS, folds)[folds == 1] == without.scores([TEXTS[i] for i in np.flatnonzero(folds == 1)])
    ).all()


def test_where_there_is_one_fold_the_one_model_scores_all() -> None:
    tfidf = fit_out_of_fold(TEXTS[:24], TARGETS[:24], np.zeros(24, int))
    assert tfidf.held_out == {}
    assert (tfidf.scores(TEXTS[:9], np.zeros(9, int)) == tfidf.model.scores(TEXTS[:9])).all()


def test_articles_that_share_no_word_are_one_sentence() -> None:
    with pytest.raises(SphereError, match="share a word: give a few hundred articles"):
        count_terms([Text(f"word{i}", "") for i in range(9)])
