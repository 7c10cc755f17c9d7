"""A file of answers that an interrupted run leaves half done: the next one goes on where the answers end."""

import json
from pathlib import Path
from typing import Any

import pytest
from fake_classifier import FakeClassifier
from made_up import articles, write_corpus

from spheres.inference.classify_file import Progress, classify_file

CLASSIFIER = FakeClassifier()


def classified(source: Path, out: Path, steps: int = 99, **options: Any) -> list[Progress]:
    """The reports of a run that is stopped after so many of them."""
    asked = {"threshold": 0.95, "rule": "sum", "batch_size": 8, "identity": CLASSIFIER.identity()} | options
    reports = classify_file(CLASSIFIER, source, out, **asked)  # type: ignore[arg-type]
    try:
        return [report for _, report in zip(range(steps), reports, strict=False)]
    finally:
        reports.close()


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_the_file_and_the_report_are_those_of_one_run(name: str, tmp_path: Path) -> None:
    rows = [*articles(20), {"title": ""}, *articles(30)[20:]]
    source = tmp_path / "c.json"
    source.write_text(json.dumps(rows))
    whole = classified(source, tmp_path / f"whole-{name}")[-1]
    classified(source, tmp_path / name, steps=4)  # counted, and three batches
    first, *_, last = classified(source, tmp_path / name)
    assert (first.n_done, first.seconds_left, last.path) == (24, None, tmp_path / name)
    assert (tmp_path / name).read_bytes() == (tmp_path / f"whole-{name}").read_bytes()
    for figure in ("n_rows", "n_done", "n_answered", "n_problems", "counts"):
        assert getattr(last, figure) == getattr(whole, figure)
    assert [place for place, _ in last.problems] == [place for place, _ in whole.problems]


@pytest.mark.parametrize(
    "other",
    [
        {"threshold": 0.9},
        {"rule": "coverage"},
        {"keep_columns": False},
        {"batch_size": 9},
        {"identity": {"head": "other"}},
    ],
)
def test_asked_otherwise_it_begins_anew(other: dict[str, Any], tmp_path: Path) -> None:
    source, out = write_corpus(tmp_path / "c.jsonl", 24), tmp_path / "a.jsonl"
    classified(source, out, steps=3)
    assert classified(source, out, steps=1, **other)[0].n_done == 0


def test_another_source_is_begun_anew(tmp_path: Path) -> None:
    source, out = write_corpus(tmp_path / "c.jsonl", 24), tmp_path / "a.jsonl"
    classified(source, out, steps=3)
    write_corpus(source, 23)
    assert classified(source, out, steps=1)[0].n_done == 0


def test_for_a_visitor_nothing_is_kept(tmp_path: Path) -> None:
    source, out = write_corpus(tmp_path / "c.jsonl", 24), tmp_path / "a.jsonl"
    classified(source, out, steps=3, identity=None)
    assert list(tmp_path.iterdir()) == [source]
