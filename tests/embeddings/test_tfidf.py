"""The scores of words: live the same as in the fit, and never from a model that saw the article."""

from pathlib import Path

import numpy as np
import pytest
from made_up import articles, write_corpus
from sklearn.feature_extraction import DictVectorizer

from spheres.data.corpus import Corpus
from spheres.data.taxonomy import soft_target
from spheres.data.views import view_rows
from spheres.embeddings.out_of_fold import tfidf_scores
from spheres.embeddings.tfidf import TfidfModel, _weighted, count_terms, fit_tfidf, terms_of

RECORDS = articles()
TEXTS = [(a["title"], a["abstract"]) for a in RECORDS]
TARGETS = np.stack([soft_target(a["categories"].split()) for a in RECORDS])


@pytest.fixture(scope="module")
def lexicon() -> TfidfModel:
    return fit_tfidf(count_terms(TEXTS), TARGETS)


def test_terms_are_words_and_pairs_and_the_title_counts_twice() -> None:
    assert terms_of(("Hash tables", "Hash, a b tables!")) == {
        "hash": 3,
        "tables": 3,
        "hash tables": 3,  # once in the title, doubled; once in the abstract, where single letters are no words
    }


def test_it_learns_which_words_belong_to_which_group(lexicon: TfidfModel) -> None:
    scores = lexicon.scores([("Antenna arrays at millimetre waves", ""), ("", "Wage contracts with moral hazard.")])
    assert scores.argmax(axis=1).tolist() == [6, 7]


def test_live_scores_are_those_of_the_matrix_it_was_fitted_on(lexicon: TfidfModel) -> None:
    vectorizer = DictVectorizer().fit([dict.fromkeys(lexicon.terms, 1)])
    order = [vectorizer.vocabulary_[term] for term in lexicon.terms]
    counts = vectorizer.transform(terms_of(text) for text in TEXTS[:40])[:, order].astype(np.float32)
    by_matrix = _weighted(counts, lexicon.term_weights) @ lexicon.weights.astype(np.float32) + lexicon.bias
    assert np.abs(lexicon.scores(TEXTS[:40]) - by_matrix).max() < 1e-4


def test_a_text_without_known_words_gets_the_bias(lexicon: TfidfModel) -> None:
    assert (lexicon.scores([("Борщ", "")]) == lexicon.bias).all()


def test_fitting_is_repeatable(lexicon: TfidfModel) -> None:
    again = fit_tfidf(count_terms(TEXTS), TARGETS)
    assert again.terms == lexicon.terms
    assert (again.weights == lexicon.weights).all()


def test_a_training_article_is_scored_by_a_model_that_has_not_seen_it(tmp_path: Path) -> None:
    path = write_corpus(tmp_path / "c.jsonl")
    corpus = Corpus(path)
    records = list(corpus)
    rows = {"both": view_rows([a.id for a in records], "both")}
    lexicon, scores = tfidf_scores(corpus, records, rows)
    own = lexicon.scores(TEXTS)
    train = ~np.isin(np.arange(len(records)), view_rows([a.id for a in records], "abstract"))
    assert np.abs(scores["both"][~train] - own[~train]).max() < 1e-6
    assert (np.abs(scores["both"][train] - own[train]).max(axis=1) > 1e-3).mean() > 0.9
