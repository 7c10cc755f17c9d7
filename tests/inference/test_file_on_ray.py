"""`head.py predict --engine ray`: a worker is killed half-way, and the answers are the local engine's."""

import csv
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made_up import articles
from places import SHIPPED

import head
import spheres.embeddings.ray_engine
from spheres.embeddings.ray_engine import RayEngine, Workers
from spheres.encoder.encoder import Encoder
from spheres.inference.classifier import Classifier
from spheres.inference.file_job import FileJob
from spheres.inference.file_rows import summarize_file

N, BATCH = 40, 4
PROBABILITIES = slice(3, 11)  # columns of the answers: n, title, spheres, then a probability a group


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Titles, among them one that stands twice, rows without a text, and a batch of nothing but such."""
    titles = [record["title"] for record in articles(N)]
    titles[5:7], titles[9], titles[12:16] = ["", titles[4]], titles[8], [""] * 4
    path = tmp_path_factory.mktemp("source") / "titles.csv"
    path.write_text("n,title\n" + "".join(f'{n},"{title}"\n' for n, title in enumerate(titles)))
    return path


def predict(source: Path, out: Path, *options: str) -> int:
    where = ["--encoder", "all-MiniLM-L6-v2", "--artifacts", str(SHIPPED)]
    return head.main(["predict", str(source), "--out", str(out), *where, *options])


def table_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as f:
        return list(csv.reader(f))[1:]


def numbers_of(table: list[list[str]]) -> list[float]:
    return [float(cell) for row in table for cell in row[PROBABILITIES] if cell]


def test_a_killed_worker_costs_nothing_of_the_answers(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engines: list[Any] = []

    class Watched(RayEngine):
        """Kills the first worker of which there is a result."""

        def run(self, *arguments: Any, **named: Any) -> Iterator[Any]:
            engines.append(self)
            for n, result in enumerate(super().run(*arguments, **named)):
                if n == 0:
                    os.kill(int(sorted(self.processes)[0].rpartition(":")[2]), signal.SIGKILL)
                yield result

    monkeypatch.setattr(head, "BATCH_SIZE", BATCH)
    monkeypatch.setattr(spheres.embeddings.ray_engine, "RayEngine", Watched)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})  # two workers, however many cores there are
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert predict(source, tmp_path / "local.csv") == 0
    local = capsys.readouterr().out.splitlines()
    assert predict(source, tmp_path / "ray.csv", "--engine", "ray") == 0
    told = capsys.readouterr().out.splitlines()
    on_ray, here = (table_of(tmp_path / name) for name in ("ray.csv", "local.csv"))
    assert [row[: PROBABILITIES.start] for row in on_ray] == [row[: PROBABILITIES.start] for row in here]
    assert numbers_of(on_ray) == pytest.approx(numbers_of(here), abs=2e-6)  # the last digit depends on the threads
    assert [row[PROBABILITIES.stop :] for row in on_ray] == [row[PROBABILITIES.stop :] for row in here]
    (engine,) = engines
    assert engine.workers == Workers(n=2, cores=1, gpus=0)
    # the other worker may have done the rest before a new one was there
    lost = ["Workers lost and replaced: 1; their work was computed again."] * len(engine.replacing)
    assert [line for line in told if "Workers" in line] == lost
    assert [line.replace("ray.csv", "local.csv") for line in told if line not in lost] == local


def test_an_interrupted_run_goes_on_at_the_next_batch(source: Path, classifier: Classifier, encoder: Encoder) -> None:
    columns = summarize_file(source).chosen
    whole = FileJob(source, columns, BATCH, N, 0, classifier.bundle)
    rest = FileJob(source, columns, BATCH, N, 32, classifier.bundle)
    assert list(rest.read()) == list(whole.read())[8:]
    assert [number for number, _ in rest.read()] == list(rest.wanted) == [8, 9]
    assert list(FileJob(source, columns, BATCH, N, N, classifier.bundle).wanted) == []
    number, texts = next(rest.read())
    assert rest.n_texts(number) == len(texts) == BATCH
    expected = Classifier(encoder, classifier.bundle).classify_many(texts)
    assert rest.compute(number, texts, encoder) == expected


def test_without_ray_there_is_one_sentence_and_exit_code_2(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert predict(source, tmp_path / "out.csv", "--engine", "ray") == 2
    said = capsys.readouterr()
    assert said.err == (
        "head.py: --engine ray needs Ray, which is not installed: run `pip install -r requirements/ray.txt`.\n"
    )
    assert said.out == "" and not list(tmp_path.iterdir())
