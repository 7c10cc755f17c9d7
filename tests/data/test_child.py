"""A file that somebody else has sent is read in a child process, which has so much memory and time and no more."""

import gzip
import json
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from formats import FORMATS, PACKERS
from nasty import repeated
from places import ROOT

from spheres.data.readers.child import open_in_child
from spheres.data.readers.detect import open_records
from spheres.data.row import Row
from spheres.errors import SphereError


def read(path: Path, max_bytes: int = 50_000_000, **limits: int) -> tuple[str, str, list[Row]]:
    with ExitStack() as stack:
        opened = open_in_child(path, stack, max_bytes, **limits)
        return opened.format, opened.separator, list(opened.rows)


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(("name", "packing"), [("JSON list", "gzip"), ("CSV", ""), ("Parquet", "xz"), ("TSV", "")])
def test_a_child_reads_what_this_process_would(name: str, packing: str, tmp_path: Path) -> None:
    path = written(tmp_path / "c", PACKERS[packing](FORMATS[name]()))
    with ExitStack() as stack:
        here = open_records(path, stack)
        assert read(path) == (here.format, here.separator, list(here.rows))


def test_values_of_every_kind_and_broken_rows_arrive_as_they_are(tmp_path: Path) -> None:
    record = {"title": "a\ud800\n\u2028b", "n": [1, 2.5, None, True, {"é": "素"}], "big": 10**50, "far": float("inf")}
    path = written(tmp_path / "c", json.dumps(record) + '\n{"title": \n[1]\n')
    rows = read(path)[2]
    assert [row.place for row in rows] == ["line 1", "line 2", "line 3"]
    assert rows[0].record == record
    assert [str(row.problem) for row in rows[1:]] == [
        "not JSON: Expecting value",
        "expected an object {...}, found list",
    ]


@pytest.mark.parametrize("depth", [450, 485, 490, 495, 500, 900])
def test_nesting_costs_a_record_at_most(depth: int, tmp_path: Path) -> None:
    path = written(tmp_path / "c", f'{{"x": {"[" * depth}{"]" * depth}}}\n{{"title": "b"}}\n')
    assert read(path)[2][-1].record == {"title": "b"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "c is empty: give a file"),
        ("just some words\n", "c is in no known format"),
        (b"PAR1 and nonsense", "c is a damaged Parquet file"),
        (gzip.compress(b"title\n" + b"On trees\n" * 99, mtime=0)[:-9], "c is damaged"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_sentence(content: str | bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(SphereError, match=words) as error:
        read(written(tmp_path / "c", content))
    assert str(error.value).startswith(f"{tmp_path / 'c'} is ")


def test_what_is_no_file_is_refused_before_a_child_is_started(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere", tmp_path / "a\0b"):
        with pytest.raises(SphereError, match=r"does not exist|is not a file"):
            read(path)


def test_more_than_max_bytes_are_refused_while_they_are_read(tmp_path: Path) -> None:
    path = written(tmp_path / "c", gzip.compress(b"title\n" + b"On trees\n" * 200_000))
    with pytest.raises(SphereError, match=r"holds more than 1 MB of data \(unpacked\)"):
        read(path, max_bytes=1_000_000)
    for column in (repeated("x" * 1000, 5000), [["y" * 1000] * 5] * 1000):
        pyarrow.parquet.write_table(pyarrow.table({"title": column}), path)
        assert path.stat().st_size < 100_000
        with pytest.raises(SphereError, match="holds more than 1 MB of data"):
            read(path, max_bytes=1_000_000)


def test_a_file_that_needs_too_much_memory_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "c"
    pyarrow.parquet.write_table(pyarrow.table({"title": repeated("x" * 10_000_000, 64)}), path, compression="zstd")
    sentence = "c needs more than 200 MB of memory to be read, which no table of articles does: split the file, or run"
    with pytest.raises(SphereError, match=sentence):
        read(path, max_memory=200 * 2**20)


def test_a_line_of_six_million_cells_costs_itself(tmp_path: Path) -> None:
    path = written(tmp_path / "c", b"title,abstract\nx,y\n" + b"aa," * 6_000_000 + b"\nz,y\n")
    assert [row.record is None for row in read(path)[2]] == [False, True, False]


def test_a_file_that_takes_too_much_time_is_one_sentence(tmp_path: Path) -> None:
    path = written(tmp_path / "c", b"title\n" + b"\n" * 10_000_000)
    with pytest.raises(
        SphereError, match="c takes more than 1 seconds to read, which no table of articles does: split"
    ):
        read(path, max_seconds=1)


def test_a_child_ends_when_the_rows_are_wanted_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Noted(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            started.append(self)

    started: list[Noted] = []
    monkeypatch.setattr(subprocess, "Popen", Noted)
    path = written(tmp_path / "c", b"title\n" + b"On trees\n" * 1_000_000)
    with ExitStack() as stack:
        rows = open_in_child(path, stack, 50_000_000).rows
        assert next(rows) == Row("line 2", {"title": "On trees"})
        assert started[0].poll() is None
    assert started[0].returncode == -signal.SIGKILL


def test_a_child_imports_nothing_heavy() -> None:
    code = "import sys, spheres.data.readers.child; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"torch", "numpy", "pyarrow", "gradio", "transformers"} & set(run.stdout.split())
