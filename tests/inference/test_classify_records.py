"""Records in, answers with the same ids out; a bad record costs itself."""

from typing import Any

import pytest
from fake_classifier import FakeClassifier

from spheres.errors import SphereError
from spheres.inference.classify_records import MAX_RECORDS, classify_records
from spheres.inference.notes import answer_as_json
from spheres.model.prior import ARXIV, EQUAL

CLASSIFIER = FakeClassifier()


def test_each_record_is_answered_in_order_under_its_own_id() -> None:
    records = [{"id": n, "title": f"Prime gaps {n}", "abstract": None} for n in range(70)]
    answers = classify_records(CLASSIFIER, records, 0.9, "sum", ARXIV)
    assert [answer["id"] for answer in answers] == list(range(70))
    alone = [answer_as_json(CLASSIFIER.classify(f"Prime gaps {n}", ""), 0.9) for n in range(70)]
    assert [{name: answer[name] for name in alone[0]} for answer in answers] == alone


def test_the_prior_is_that_of_the_call() -> None:
    [answer] = classify_records(CLASSIFIER, [{"title": "Prime gaps"}], 0.9, "sum", EQUAL)
    assert answer["prior"] == "equal"
    assert (
        answer["probabilities"]
        == answer_as_json(CLASSIFIER.classify("Prime gaps", "").under(EQUAL), 0.9)["probabilities"]
    )


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ("Prime gaps", "no object"),
        (None, "no object"),
        (["Prime gaps"], "no object"),
        ({}, "neither a title nor an abstract"),
        ({"id": "x", "title": "", "abstract": None}, "neither a title nor an abstract"),
        ({"id": "x", "year": 1999}, "neither a title nor an abstract"),
    ],
)
def test_a_bad_record_costs_only_itself(record: Any, words: str) -> None:
    answers = classify_records(
        CLASSIFIER, [{"id": 1, "title": "A"}, record, {"id": 3, "title": "B"}], 0.9, "sum", ARXIV
    )
    assert [bool(answer.get("spheres")) for answer in answers] == [True, False, True]
    assert words in answers[1]["error"]
    assert answers[1]["id"] == (record.get("id") if isinstance(record, dict) else None)


@pytest.mark.parametrize("records", [None, "Prime gaps", {"title": "Prime gaps"}, 7])
def test_what_is_no_list_is_refused(records: object) -> None:
    with pytest.raises(SphereError, match="must be a list of objects"):
        classify_records(CLASSIFIER, records, 0.9, "sum", ARXIV)


def test_too_many_are_refused_and_none_is_answered_with_none() -> None:
    with pytest.raises(SphereError, match="257 records are more than the 256 that one call takes: split the list"):
        classify_records(CLASSIFIER, [{"title": "A"}] * (MAX_RECORDS + 1), 0.9, "sum", ARXIV)
    assert classify_records(CLASSIFIER, [], 0.9, "sum", ARXIV) == []
