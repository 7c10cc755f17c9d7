"""A file of answers that an interrupted run leaves half done: the next one goes on where the answers stand."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_classifier import FakeClassifier
from made_up import articles, write_corpus

from spheres.errors import SphereError
from spheres.files.resuming import resumable
from spheres.inference.classify_file import Progress, classify_file

CLASSIFIER = FakeClassifier()
QUESTION: dict[str, Any] = {"threshold": 0.95}


def interrupted(out: Path, question: dict[str, Any] = QUESTION, n: int = 2) -> None:
    with pytest.raises(KeyboardInterrupt), resumable(out, question) as answers:
        for i in range(n):
            answers.add(b"line %d\n" % i, 1, {"cs": i + 1})
        raise KeyboardInterrupt


def beside(out: Path) -> Path:
    return out.parent / f".{out.name}.partial"


def test_it_goes_on_where_the_answers_stand(tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    interrupted(out)
    assert not out.exists()
    with resumable(out, QUESTION) as answers:
        assert (answers.n_rows, answers.counts) == (2, {"cs": 2})
        answers.add(b"line 2\n", 1, {"cs": 3})
    assert out.read_bytes() == b"line 0\nline 1\nline 2\n"
    assert list(tmp_path.iterdir()) == [out]


def test_what_was_added_in_part_is_added_again(tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    interrupted(out)
    with (beside(out) / "answers").open("ab") as f:
        f.write(b"line 2, ha")  # killed before its progress was written
    with resumable(out, QUESTION) as answers:
        assert answers.n_rows == 2
    assert out.read_bytes() == b"line 0\nline 1\n"


def test_another_question_begins_anew(tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    interrupted(out)
    with resumable(out, {"threshold": 0.9}) as answers:
        assert answers.n_rows == 0
        answers.add(b"other\n", 1, {})
    assert out.read_bytes() == b"other\n"


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "one bit flipped": lambda content: content[:5] + bytes([content[5] ^ 1]) + content[6:],
    "a pickle": lambda content: b"cos\nsystem\n(S'true'\ntR.",
}


@pytest.mark.parametrize("name", ["answers", "progress.json"])
@pytest.mark.parametrize("damage", [*DAMAGES, "gone"])
def test_damaged_progress_is_none(name: str, damage: str, tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    interrupted(out)
    file = beside(out) / name
    content = file.read_bytes()
    file.unlink()
    if damage != "gone":
        file.write_bytes(DAMAGES[damage](content))
    with resumable(out, QUESTION) as answers:
        assert answers.n_rows == 0
        answers.add(b"anew\n", 1, {})
    assert out.read_bytes() == b"anew\n"


def test_progress_with_other_numbers_is_none(tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    interrupted(out)
    file = beside(out) / "progress.json"
    file.write_text(file.read_text().replace('"n_rows": 2', '"n_rows": 3'))
    with resumable(out, QUESTION) as answers:
        assert answers.n_rows == 0


def test_a_run_that_did_nothing_leaves_nothing(tmp_path: Path) -> None:
    interrupted(tmp_path / "a.jsonl", n=0)
    assert list(tmp_path.iterdir()) == []


def test_of_two_at_once_the_second_is_refused_and_disturbs_nothing(tmp_path: Path) -> None:
    out, found = tmp_path / "a.jsonl", []

    def second() -> None:
        try:
            with resumable(out, QUESTION):
                pass
        except SphereError as error:
            found.append(str(error))

    with resumable(out, QUESTION) as answers:
        answers.add(b"line 0\n", 1, {})
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
        answers.add(b"line 1\n", 1, {})
    assert found == [f"another run is writing {out}: wait for it, or name another file."]
    assert out.read_bytes() == b"line 0\nline 1\n"


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
