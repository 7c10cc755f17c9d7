"""Texts that wait for the encoder are classified together, each with its own answer."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from made_up import articles
from visiting import until

from spheres.data.article import to_article
from spheres.errors import SphereError
from spheres.inference.batcher import MAX_BATCH, Batcher
from spheres.inference.classifier import Classifier


class Slow:
    """Answers a text by its title, once it may; remembers how many came together."""

    def __init__(self) -> None:
        self.runs: list[int] = []
        self.busy, self.may_go = threading.Event(), threading.Event()

    def classify_many(self, texts: Any) -> list[Any]:
        self.runs.append(len(texts))
        self.busy.set()
        assert self.may_go.wait(10)
        if any(title == "bad" for title, _ in texts):
            raise SphereError("A bad text.")
        return [title for title, _ in texts]


def ask_while_busy(slow: Slow, texts: list[tuple[str, str]]) -> list[Any]:
    """One question that keeps the encoder busy, and these, which come meanwhile; their answers or errors."""
    batcher = Batcher(slow.classify_many)

    def ask(text: tuple[str, str]) -> Any:
        try:
            return batcher.classify(text)
        except SphereError as error:
            return str(error)

    with ThreadPoolExecutor(len(texts) + 1) as visitors:
        first = visitors.submit(ask, ("first", ""))
        assert slow.busy.wait(10)
        later = [visitors.submit(ask, text) for text in texts]
        until(lambda: len(batcher._waiting) == len(texts))
        slow.may_go.set()
        return [future.result(10) for future in [first, *later]]


def test_a_lone_question_is_answered_by_itself() -> None:
    slow = Slow()
    slow.may_go.set()
    assert Batcher(slow.classify_many).classify(("alone", "")) == "alone"
    assert slow.runs == [1]


def test_those_who_come_meanwhile_are_answered_in_one_run() -> None:
    slow = Slow()
    names = [f"title {i}" for i in range(5)]
    assert ask_while_busy(slow, [(name, "") for name in names]) == ["first", *names]
    assert slow.runs == [1, 5]


def test_a_run_takes_no_more_than_it_should() -> None:
    slow = Slow()
    names = [f"title {i}" for i in range(MAX_BATCH + 3)]
    assert ask_while_busy(slow, [(name, "") for name in names]) == ["first", *names]
    assert slow.runs == [1, MAX_BATCH, 3]


def test_a_bad_text_is_nobody_elses_trouble() -> None:
    assert ask_while_busy(Slow(), [("a", ""), ("bad", ""), ("c", "")]) == ["first", "a", "A bad text.", "c"]


def test_every_visitor_gets_the_answer_to_their_own_text(classifier: Classifier) -> None:
    texts = [article.text for article in map(to_article, articles(24))]
    expected = classifier.classify_many(texts)
    with ThreadPoolExecutor(12) as visitors:
        found = list(visitors.map(Batcher(classifier.classify_many).classify, texts))
    for one, own in zip(found, expected, strict=True):
        assert one.probabilities == pytest.approx(own.probabilities, abs=1e-3)
