"""Files classified row by row: every format, bad rows, limits, and a generator that is closed early."""

import csv
import gzip
import io
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from fake_classifier import FakeClassifier
from made_up import articles, write_corpus

from spheres.data.columns import find_columns
from spheres.data.taxonomy import GROUPS
from spheres.data.text import MAX_CHARACTERS
from spheres.errors import SphereError
from spheres.inference.classifier import Classification
from spheres.inference.classify_file import SHOWN_PROBLEMS, SHOWN_ROWS, UNFAMILIAR, Progress, classify_file
from spheres.inference.file_rows import SHOWN_CHARACTERS, FileSummary, Limits, summarize_file
from spheres.inference.service import Service
from spheres.model.prior import ARXIV

CLASSIFIER = FakeClassifier()


class LeaningToEcon(FakeClassifier):
    """Sees in every article forty times as much of economics as its share on arXiv would have it."""

    def classify(self, title: str, abstract: str) -> Classification:
        weights = np.array(ARXIV.shares) * np.where(np.array(GROUPS) == "econ", 40.0, 1.0)
        return Classification(tuple((weights / weights.sum()).tolist()), 3, 3)


def classified(source: Path, out: Path, **options: Any) -> list[Progress]:
    """Every report of a run to its end."""
    return list(classify_file(CLASSIFIER, source, out, 0.95, "sum", **options))


def lines_of(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.read_text().splitlines()]


def csv_of(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def as_csv(records: list[dict[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(records[0]))
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode()


def as_parquet(records: list[dict[str, str]]) -> bytes:
    written = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(records), written)
    return written.getvalue()


@pytest.mark.parametrize(
    ("format", "write"),
    {
        "CSV": as_csv,
        "JSON list, xz": lambda records: lzma.compress(json.dumps(records).encode()),
        "JSON lines, gzip": lambda records: gzip.compress("\n".join(map(json.dumps, records)).encode()),
        "Parquet": as_parquet,
    }.items(),
)
def test_every_format_gives_the_same_answers(
    format: str, write: Callable[[list[dict[str, str]]], bytes], tmp_path: Path
) -> None:
    source, records = tmp_path / "no-ending", articles(5)
    source.write_bytes(write(records))
    last = classified(source, tmp_path / "out.jsonl")[-1]
    assert (last.n_rows, last.n_answered, last.path) == (5, 5, tmp_path / "out.jsonl")
    for line, record in zip(lines_of(tmp_path / "out.jsonl"), records, strict=True):
        answer = CLASSIFIER.classify(record["title"], record["abstract"])
        assert {key: line[key] for key in record} == record
        assert line["spheres"] == answer.predict_set(0.95)
        assert line["probabilities"] == pytest.approx(dict(zip(GROUPS, answer.probabilities, strict=True)), abs=1e-6)
    assert summarize_file(source).format == format


def test_a_service_answers_with_a_file_of_the_same_kind_that_goes_with_the_run(tmp_path: Path) -> None:
    source = write_corpus(tmp_path / "reading list.jsonl", 40)
    service = Service(CLASSIFIER, limits=Limits(max_rows=40))  # type: ignore[arg-type]
    run = service.classify_file(source, 0.9, "sum")
    steps = [next(run) for _ in range(4)]
    out = steps[-1].path
    assert out and out.name == "reading list-spheres.jsonl" and [step.path for step in steps[:3]] == [None] * 3
    answers = [CLASSIFIER.classify(article["title"], article["abstract"]) for article in articles(40)]
    assert [line["spheres"] for line in lines_of(out)] == [answer.predict_set(0.9) for answer in answers]
    assert list(run) == [] and not out.parent.exists()
    write_corpus(source, 41)
    with pytest.raises(SphereError, match="holds more than 40 rows"):
        next(service.classify_file(source, 0.9, "sum"))


def test_a_file_of_one_group_is_answered_under_its_own_estimated_shares(tmp_path: Path) -> None:
    source, n = tmp_path / "mine.csv", 250
    source.write_text("title\n" + "".join(f"On prime gaps {i}\n" for i in range(n)))
    reports = list(Service(LeaningToEcon()).classify_file(source, 0.95, "sum", prior="file"))
    while_estimating = [progress for progress in reports if progress.prior is None]
    assert len(while_estimating) > 2
    assert {progress.n_done for progress in while_estimating} == {0}
    assert "being estimated" in str(while_estimating[0].describe_prior())
    prior = reports[-1].prior
    assert prior and (prior.name, prior.ranked()[0][0]) == ("file", "econ") and prior.ranked()[0][1] > 0.9
    assert str(reports[-1].describe_prior()).startswith("Answers for articles in these shares: econ 9")
    usual, own = LeaningToEcon().classify("", ""), reports[-1].first[0].classification
    assert own and own.prior == prior
    assert dict(usual.ranked())["econ"] < 0.5 < dict(own.ranked())["econ"]


def test_the_shares_of_too_small_a_file_are_not_estimated(tmp_path: Path) -> None:
    source = csv_of(tmp_path / "few.csv", "title\n" + "On prime gaps\n" * 199)
    with pytest.raises(SphereError, match="from 200 articles and more, and it has 199"):
        classified(source, tmp_path / "out.csv", prior="file")
    with pytest.raises(SphereError, match=r"^The prior is 'mine': give one of arxiv, equal, file\.$"):
        classified(source, tmp_path / "out.csv", prior="mine")
    assert list(tmp_path.iterdir()) == [source]


def test_the_reports_tell_how_far_it_is_and_the_file_comes_last(tmp_path: Path) -> None:
    source, out = write_corpus(tmp_path / "c.jsonl", 70), tmp_path / "new" / "out.csv"
    reports = []
    for report in classify_file(CLASSIFIER, source, out, 0.95, "sum", batch_size=32):
        assert out.exists() == (report.path is not None)
        reports.append(report)
    assert [(r.n_rows, r.n_done) for r in reports] == [(70, 0), (70, 32), (70, 64), (70, 70), (70, 70)]
    assert [r.path for r in reports] == [None] * 4 + [out]
    assert reports[0].seconds_left is None
    assert 0 < (reports[1].seconds_left or 0) < 60
    assert reports[-1].seconds_left == 0
    assert all(list(r.counts) == [*GROUPS, UNFAMILIAR] and sum(r.counts.values()) == r.n_done for r in reports)
    tops = [row["spheres"].split()[0] for row in csv.DictReader(out.open(encoding="utf-8-sig", newline=""))]
    assert reports[-1].counts == {**{group: tops.count(group) for group in GROUPS}, UNFAMILIAR: 0}


def test_a_report_comes_every_second_however_fast_the_rows_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row takes an eighth of a second: after the first 32 rows there are eight in a batch."""
    now = [0.0]
    monkeypatch.setattr("spheres.inference.classify_file.time.monotonic", lambda: now[0])

    class Slow(FakeClassifier):
        def classify(self, title: str, abstract: str) -> Classification:
            now[0] += 0.125
            return super().classify(title, abstract)

    source = write_corpus(tmp_path / "c.jsonl", 70)
    reports = list(classify_file(Slow(), source, tmp_path / "out.csv", 0.95, "sum"))
    assert [r.n_done for r in reports] == [0, 32, 40, 48, 56, 64, 70, 70]


def test_the_first_rows_are_shown_in_short(tmp_path: Path) -> None:
    records: list[dict[str, str]] = [{"abstract": "word " * 600}, {"title": "A\n  \ud800 title"}, *articles(30)]
    source = tmp_path / "c.json"
    source.write_text(json.dumps(records))
    first = classified(source, tmp_path / "out.jsonl")[-1].first
    assert len(first) == SHOWN_ROWS
    assert [row.place for row in first[:3]] == ["record 1", "record 2", "record 3"]
    assert (len(first[0].short_text), first[0].short_text[-6:]) == (SHOWN_CHARACTERS, " word…")
    assert first[1].short_text == "A ? title"  # half a surrogate pair, which no page can show
    assert first[2].short_text == articles(1)[0]["title"]
    line = lines_of(tmp_path / "out.jsonl")[2]
    assert list(first[2].spheres) == line["spheres"]
    assert first[2].classification.predict_set(0.95) == line["spheres"]
    assert "Read: the first" in lines_of(tmp_path / "out.jsonl")[0]["note"]


def test_a_bad_row_is_named_keeps_its_place_and_stops_no_other(tmp_path: Path) -> None:
    bad = ["{", '{"id": 3, "title": " ", "abstract": null}']
    good = '{"id": %d, "title": "Prime gaps"}'
    source = csv_of(tmp_path / "c.jsonl", "\n".join([good % 1, *bad, "", "[]", good % 6]))
    last = classified(source, tmp_path / "out.jsonl")[-1]
    assert (last.n_rows, last.n_done, last.n_answered, last.n_problems) == (5, 5, 2, 3)
    assert [place for place, _ in last.problems] == ["line 2", "line 3", "line 5"]
    for words, (_, problem) in zip(
        ["cannot be read (not JSON", "neither a title nor", "found list"],
        last.problems,
        strict=True,
    ):
        assert words in str(problem)
    lines = lines_of(tmp_path / "out.jsonl")
    assert [line.get("id") for line in lines] == [1, None, 3, None, 6]
    assert [bool(line["spheres"]) for line in lines] == [True, False, False, False, True]
    assert [bool(line["probabilities"]) for line in lines] == [bool(line["spheres"]) for line in lines]
    assert [line["note"] for line in lines if not line["spheres"]] == [str(problem) for _, problem in last.problems]


def test_a_row_longer_than_any_abstract_is_answered_with_a_note(tmp_path: Path) -> None:
    source = csv_of(tmp_path / "c.jsonl", json.dumps({"id": 4, "abstract": "prime " * MAX_CHARACTERS}))
    assert classified(source, tmp_path / "out.jsonl")[-1].n_answered == 1
    (line,) = lines_of(tmp_path / "out.jsonl")
    assert "Read: the first" in line["note"]
    assert len(line["abstract"]) == 6 * MAX_CHARACTERS


def test_a_row_with_too_few_cells_keeps_its_line_in_the_table(tmp_path: Path) -> None:
    source = csv_of(tmp_path / "c.csv", "title,year\nPrime gaps,1999\nalone\nGene flow,2001\n")
    last = classified(source, tmp_path / "out.csv")[-1]
    sentence = "This row cannot be read (1 columns, expected 2): correct it in the file."
    assert [(place, str(problem)) for place, problem in last.problems] == [("line 3", sentence)]
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[2] == "," * 12 + f'"{sentence}"'
    assert len(lines) == 4


def test_only_the_first_problems_are_told(tmp_path: Path) -> None:
    source = csv_of(tmp_path / "c.csv", "title,year\nPrime gaps,1\n" + ",1\n" * 50)
    last = classified(source, tmp_path / "out.csv")[-1]
    assert (len(last.problems), last.n_problems) == (SHOWN_PROBLEMS, 50)


def test_as_many_rows_as_the_limit_are_taken_and_not_one_more(tmp_path: Path) -> None:
    source = write_corpus(tmp_path / "c.jsonl", 8)
    assert classified(source, tmp_path / "a.csv", limits=Limits(max_rows=8))[-1].n_answered == 8
    with pytest.raises(
        SphereError, match=r"holds more than 7 rows, .*: split the file, or run `python head.py predict`"
    ):
        classified(source, tmp_path / "b.csv", limits=Limits(max_rows=7))
    assert not (tmp_path / "b.csv").exists()


def test_the_count_stops_at_the_first_row_too_many(tmp_path: Path) -> None:
    lines = "".join(json.dumps({"title": f"{i} {i**5}"}) + "\n" for i in range(80_000))
    source = tmp_path / "c.gz"
    source.write_bytes(gzip.compress(lines.encode())[:-99])  # whoever reads to its end finds it damaged
    with pytest.raises(SphereError, match="more than 10 rows"):
        summarize_file(source, Limits(max_rows=10))
    with pytest.raises(SphereError, match="damaged"):
        summarize_file(source)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_more_bytes_than_the_limit_are_refused(pack: Any, tmp_path: Path) -> None:
    source = tmp_path / "c"
    source.write_bytes(pack(b'{"title": "Prime gaps", "more": "' + b"x" * 3_000_000 + b'"}'))
    with pytest.raises(SphereError, match=r"holds more than 3 MB of data \(unpacked\)"):
        summarize_file(source, Limits(max_bytes=3_000_000))
    with pytest.raises(SphereError, match="holds more than 3 MB"):
        classified(source, tmp_path / "out.csv", limits=Limits(max_bytes=3_000_000))
    assert classified(source, tmp_path / "out.csv", limits=Limits(max_bytes=3_100_000))[-1].path


def test_closing_it_early_leaves_everything_as_it_was(tmp_path: Path) -> None:
    source, out = write_corpus(tmp_path / "c.jsonl", 70), tmp_path / "out.csv"
    for n_steps in (1, 2, 3):
        reports = classify_file(CLASSIFIER, source, out, 0.95, "sum")
        for _ in range(n_steps):
            next(reports)
        reports.close()
        assert [path.name for path in tmp_path.iterdir()] == ["c.jsonl"]
    out.write_text("old")
    reports = classify_file(CLASSIFIER, source, out, 0.95, "sum", batch_size=32)
    assert [next(reports).n_done for _ in range(2)] == [0, 32]
    assert len(list(tmp_path.iterdir())) == 3  # it is being written
    with pytest.raises(KeyboardInterrupt):
        reports.throw(KeyboardInterrupt)
    assert out.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_file_that_turns_out_damaged_leaves_nothing(tmp_path: Path) -> None:
    lines = "".join(json.dumps({"title": f"{i} {i**400}"}) + "\n" for i in range(2_000, 3_000))
    source = tmp_path / "c.gz"
    source.write_bytes(gzip.compress(lines.encode())[:-99])
    columns = find_columns(["title"])
    counted = FileSummary("JSON lines", "", 1_000, ("title",), columns)  # when it was whole
    reports = classify_file(CLASSIFIER, source, tmp_path / "out.csv", 0.95, "sum", batch_size=100, summary=counted)
    assert [next(reports).n_done for _ in range(2)] == [0, 100]
    with pytest.raises(SphereError, match="is damaged"):
        list(reports)
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("title,abstract\n", "looks like CSV, but holds no records"),
        ("[]", "looks like JSON list, but holds no records"),
        ("{\n{\n", r"none of its 2 records can be read \(line 1: not JSON"),
        (
            "name,place\na,b\n",
            "has no column for title or abstract; its columns are name, place: rename the right one, or choose it",
        ),
        (
            json.dumps({"x" * 500: "\ud800", "\ud800": 1}),
            "no column for title or abstract; its columns are x{40}, .: rename",
        ),
    ],
)
def test_a_file_of_no_articles_gets_one_sentence(content: str, words: str, tmp_path: Path) -> None:
    source = csv_of(tmp_path / "c", content)
    with pytest.raises(SphereError, match=words):
        classified(source, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_the_title_may_stand_in_later_records_only(tmp_path: Path) -> None:
    source = csv_of(tmp_path / "c.jsonl", '{"id": 1}\n{"id": 2, "Title": "Prime gaps"}\n')
    last = classified(source, tmp_path / "out.csv")[-1]
    assert (last.n_answered, last.n_problems) == (1, 1)


def test_a_file_without_a_single_text_is_answered_by_notes(tmp_path: Path) -> None:
    source = csv_of(tmp_path / "c.csv", "title,abstract\n,\n,\n")
    last = classified(source, tmp_path / "out.csv")[-1]
    assert (last.n_rows, last.n_answered) == (2, 0)


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("", "is a folder: name a file"),
        ("c.jsonl", "is the input file: name another one"),
        ("../link.jsonl", "is the input file: name another one"),
        ("out.xls", r"ends in '.xls': name a file that ends in .jsonl, .csv, .tsv, .xlsx, .ris or .bib"),
        ("out", "has no ending: name a file"),
        ("c.jsonl/out.csv", "The folder .* could not be created"),
    ],
)
def test_an_unusable_file_for_the_answers_is_refused(out: str, words: str, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    source = write_corpus(folder / "c.jsonl", 8)
    before = source.read_bytes()
    (tmp_path / "link.jsonl").symlink_to(source)
    with pytest.raises(SphereError, match=words):
        classified(source, folder / out)
    assert source.read_bytes() == before


def test_what_is_no_threshold_or_no_rule_is_refused(tmp_path: Path) -> None:
    source = write_corpus(tmp_path / "c.jsonl", 8)
    with pytest.raises(SphereError, match="The threshold is nan"):
        next(classify_file(CLASSIFIER, source, tmp_path / "out.csv", float("nan"), "sum"))
    with pytest.raises(SphereError, match="The rule is 'luck'"):
        list(classify_file(CLASSIFIER, source, tmp_path / "out.csv", 0.9, "luck"))
    assert [path.name for path in tmp_path.iterdir()] == ["c.jsonl"]
