"""A text that is asked again is answered without the encoder, within a bound, from any thread."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from made_up import articles

from spheres.data.article import to_article
from spheres.data.text import Text
from spheres.inference.answer_cache import AnswerCache, digest_of
from spheres.inference.classifier import Classification, Classifier
from spheres.inference.explain import explain, explain_words

TEXTS = [article.text for article in map(to_article, articles(12))]


class CountingEncoder:
    """The encoder, which notes of how many texts each of its runs is."""

    def __init__(self, encoder: Any) -> None:
        self.encoder, self.runs = encoder, []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.encoder, name)

    def encode(self, tokens: Any) -> Any:
        self.runs.append(len(tokens))
        return self.encoder.encode(tokens)


def counted(classifier: Classifier, **options: int) -> tuple[Classifier, list[int]]:
    """The classifier with an empty cache, and its encoder's runs."""
    encoder = CountingEncoder(classifier.encoder)
    return Classifier(encoder, classifier.bundle, **options), encoder.runs  # type: ignore[arg-type]


def test_a_text_asked_again_runs_no_encoder_and_gets_the_very_same_answer(classifier: Classifier) -> None:
    classifier, runs = counted(classifier)
    first = classifier.classify_many(TEXTS)
    assert runs == [len(TEXTS)]
    for text, answer in zip(TEXTS, first, strict=True):
        again = classifier.classify(*text)
        assert again == answer and np.array_equal(again.vector, answer.vector)
    assert runs == [len(TEXTS)]


def test_only_texts_that_are_new_are_encoded_each_once_and_answers_keep_their_order(classifier: Classifier) -> None:
    expected = classifier.classify_many(TEXTS[:4])
    classifier, runs = counted(classifier)
    classifier.classify_many(TEXTS[:1])
    a, b, c, d = TEXTS[:4]
    answers = classifier.classify_many([b, a, b, c, a, d, d])
    assert runs == [1, 3]
    for answer, i in zip(answers, [1, 0, 1, 2, 0, 3, 3], strict=True):
        assert answer.probabilities == pytest.approx(expected[i].probabilities, abs=1e-5)
        np.testing.assert_allclose(answer.vector, expected[i].vector, atol=1e-5)


def test_a_title_is_not_taken_for_an_abstract_nor_a_part_for_another(classifier: Classifier) -> None:
    texts = [Text("prime gaps", ""), Text("", "prime gaps"), Text("prime", " gaps"), Text("prime gap", "s")]
    assert len(set(map(digest_of, texts))) == 4
    classifier, runs = counted(classifier)
    classifier.classify_many(texts)
    assert runs == [4]


def test_the_sentences_of_an_explanation_serve_every_sphere(classifier: Classifier) -> None:
    classifier, runs = counted(classifier)
    text = Text("Spin waves", "We train a network on images. The magnons decay. Films are grown.")
    answer = classifier.classify(*text)
    first = explain(classifier, text, answer)
    words = explain_words(classifier, first, "cs")
    n_runs = len(runs)
    assert explain(classifier, text, answer) == first
    assert explain_words(classifier, first, "cs") == words
    assert len(runs) == n_runs


def test_of_more_texts_than_it_may_keep_those_used_last_stay(classifier: Classifier) -> None:
    classifier, runs = counted(classifier, n_cached=3)
    assert len(classifier.classify_many(TEXTS[:5])) == 5  # more than are kept are all answered
    runs.clear()
    classifier.classify_many(TEXTS[2:3])  # the oldest of the three: now it was used last
    classifier.classify_many(TEXTS[:1])
    assert runs == [1]
    classifier.classify_many([TEXTS[2], TEXTS[4], TEXTS[0]])
    assert runs == [1]
    classifier.classify_many(TEXTS[3:4])
    assert runs == [1, 1]
    assert len(classifier._cache._answers) == 3


def test_without_a_cache_every_text_is_encoded(classifier: Classifier) -> None:
    classifier, runs = counted(classifier, n_cached=0)
    for _ in range(2):
        classifier.classify_many(TEXTS[:2])
    assert runs == [2, 2]


def test_threads_that_ask_the_same_at_once_get_one_answer(classifier: Classifier) -> None:
    """They are let go together, so that several may compute; then one answer holds for all, and from then on."""
    classifier, _ = counted(classifier)
    at_once = threading.Barrier(8)

    def ask(i: int) -> list[Classification]:
        at_once.wait(10)
        return classifier.classify_many(TEXTS[i % 4 : i % 4 + 4])

    with ThreadPoolExecutor(8) as visitors:
        found = list(visitors.map(ask, range(8)))
    last = classifier.classify_many(TEXTS[:7])
    for i, answers in enumerate(found):
        assert all(one is other for one, other in zip(answers, last[i % 4 : i % 4 + 4], strict=True))


def test_an_answer_that_came_first_stays() -> None:
    cache = AnswerCache(2)
    one, other = (Classification((p, 1 - p), 1, 1) for p in (0.5, 0.6))
    assert cache.add({b"a": one}) == {b"a": one}
    assert cache.add({b"a": other, b"b": other}) == {b"a": one, b"b": other}
    assert cache.find([b"a", b"c"]) == {b"a": one}


def test_a_cached_answer_holds_neither_the_text_nor_the_other_vectors(classifier: Classifier) -> None:
    classifier, _ = counted(classifier)
    answer = classifier.classify_many(TEXTS)[0]
    assert answer.vector.base is None and not answer.vector.flags.writeable
    assert all(isinstance(key, bytes) and len(key) == 16 for key in classifier._cache._answers)
