"""The encoder under Ray: a worker is killed half-way, and the arrays are the local engine's all the same."""

import json
import os
import signal
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up import write_corpus
from tiny_cache import TFIDF
from tiny_encoder import make_encoder

import embed
import spheres.embeddings.ray_engine
from spheres.data.corpus import Corpus
from spheres.embeddings.build import Settings, embed_corpus
from spheres.embeddings.out_of_fold import OutOfFoldTfidf
from spheres.embeddings.ray_engine import RayEngine, Worker, Workers, as_tables, start_ray, workers_for
from spheres.embeddings.shards import Shards
from spheres.encoder.hub import BUNDLED, EncoderSpec, fetch, fingerprint_of
from spheres.errors import SphereError

N_ARTICLES, SHARD = 48, 6
FILES = ("both.npy", "both_tfidf.npy", "articles.json.xz", "tfidf.json")


class SlowWorker(Worker):
    """A worker that takes a moment for each shard, in which it can be killed."""

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        time.sleep(0.3)
        return super().__call__(row)


class Killer:
    """A progress bar that kills the first worker that has computed a shard, and looks around."""

    def __init__(self) -> None:
        self.engines: list[RayEngine] = []
        self.n_done, self.killed = 0, 0
        self.addresses: set[str] = set()
        self.logged: list[str] = []

    def update(self, n: int) -> None:
        self.n_done += n
        if not self.killed:
            self.addresses = listening()
            (engine,) = self.engines
            (self.killed,) = pids(engine)
            os.kill(self.killed, signal.SIGKILL)


def pids(engine: RayEngine) -> set[int]:
    return {int(process.rpartition(":")[2]) for process in engine.processes}


def at_work(pid: int) -> bool:
    """Whether this process is still there; one that has ended and that nobody has asked about is not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def listening() -> set[str]:
    """Addresses, in hexadecimal, on which this process and those with its secret accept connections."""
    secret = f"RAY_AUTH_TOKEN={os.environ['RAY_AUTH_TOKEN']}".encode()
    inodes = set()
    for process in [p for p in Path("/proc").iterdir() if p.name.isdigit()]:
        try:
            if int(process.name) == os.getpid() or secret in (process / "environ").read_bytes():
                inodes |= {str(fd.readlink()) for fd in (process / "fd").iterdir()}
        except OSError:  # it has ended, or belongs to someone else
            continue
    sockets = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()]
    return {s[1].partition(":")[0] for s in sockets if s[3] == "0A" and f"socket:[{s[9]}]" in inodes}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(write_corpus(tmp_path_factory.mktemp("corpus") / "made-up.jsonl", N_ARTICLES))


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> EncoderSpec:
    return make_encoder(tmp_path_factory.mktemp("encoder") / "tiny")


@pytest.fixture(scope="module")
def survived(corpus: Corpus, spec: EncoderSpec, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Killer]:
    """What the local engine made, what Ray made of the same with a worker killed half-way, and the killer."""
    folder, killer = tmp_path_factory.mktemp("artifacts"), Killer()

    class Watched(RayEngine):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            import ray.cloudpickle  # not before Ray is started: its import reads the environment

            ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # the workers do not import the tests
            killer.engines.append(self)

    settings = Settings(precision="fp32", views=("both",), shard_size=SHARD)
    embed_corpus(corpus, spec, folder / "local", settings=settings, log=lambda sentence: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spheres.embeddings.ray_engine, "RayEngine", Watched)
        patch.setattr(spheres.embeddings.ray_engine, "Worker", SlowWorker)
        patch.setattr(os, "sched_getaffinity", lambda _: {0, 1})  # two workers, however many cores there are
        patch.delenv("RAY_ADDRESS", raising=False)
        embed_corpus(
            *(corpus, spec, folder / "ray"),
            settings=replace(settings, engine="ray"),
            log=killer.logged.append,
            progress_bar=lambda total, initial: nullcontext(killer),
        )
    return folder / "local", folder / "ray", killer


@pytest.mark.parametrize("name", FILES)
def test_a_killed_worker_costs_nothing_of_the_arrays(name: str, survived: tuple[Path, Path, Killer]) -> None:
    local, ray, killer = survived
    assert killer.killed
    assert (ray / name).read_bytes() == (local / name).read_bytes()


def test_the_killed_worker_was_replaced_and_its_shard_done_by_another(survived: tuple[Path, Path, Killer]) -> None:
    killer = survived[2]
    (engine,) = killer.engines
    assert engine.workers == Workers(n=2, cores=1, gpus=0)
    assert len(engine.processes) == 3 and len(engine.replacing) == 1
    assert "Workers lost and replaced: 1; their work was computed again." in killer.logged
    assert killer.n_done == N_ARTICLES


def test_nobody_else_reaches_ray_and_nothing_of_it_is_left(survived: tuple[Path, Path, Killer]) -> None:
    killer = survived[2]
    loopback = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
    assert killer.addresses and killer.addresses <= loopback
    assert os.environ["RAY_AUTH_MODE"] == "token" and len(os.environ["RAY_AUTH_TOKEN"]) == 64
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    patience = time.monotonic() + 20
    while any(at_work(pid) for pid in pids(killer.engines[0])):  # a worker notices a little later that all is over
        assert time.monotonic() < patience
        time.sleep(0.1)


def test_what_the_two_engines_made_has_the_same_manifest(survived: tuple[Path, Path, Killer]) -> None:
    local, ray = (json.loads((folder / "manifest.json").read_text()) for folder in survived[:2])
    assert ray == local


def test_titles_that_arrow_does_not_take_reach_a_worker_as_the_encoder_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text('{"id": "1", "title": "Lone \\ud800 surrogate", "abstract": "a\\u0000b", "categories": "cs.DS"}\n')
    shards = Shards(
        Corpus(path), {"both": np.arange(1)}, np.array([-1], np.int8), 1, frozenset({0}), OutOfFoldTfidf(TFIDF, {})
    )
    (row,) = [table.to_pylist()[0] for table in as_tables(shards)]
    assert row == {"number": 0, "titles": ["Lone ? surrogate"], "abstracts": ["ab"]}


def test_without_ray_there_is_one_sentence_and_exit_code_2(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    out = tmp_path / "x"
    assert embed.main([str(corpus.path), "--encoder", "all-MiniLM-L6-v2", "--out", str(out), "--engine", "ray"]) == 2
    said = capsys.readouterr()
    assert said.out == "" and not out.exists()
    assert said.err == (
        "embed.py: --engine ray needs Ray, which is not installed: run `pip install -r requirements/ray.txt`.\n"
    )


@pytest.mark.parametrize("other", [{"weights": "0" * 64}, {"tokenizer": "0" * 64}])
def test_a_worker_with_other_weights_or_another_tokenizer_is_refused(
    other: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.set_num_threads", lambda n: None)
    with pytest.raises(SphereError, match=r"has other weights or another tokenizer on .*: give every machine the same"):
        Worker(BUNDLED, "fp32", replace(fingerprint_of(fetch(BUNDLED)), **other), 1, [])


def test_a_cluster_that_does_not_answer_is_a_sentence_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")  # nobody listens there
    with pytest.raises(SphereError, match=r"Ray at 127\.0\.0\.1:9 .* cannot be used \(.*refused\): fix"), start_ray():
        pass


def test_a_cluster_without_cores_is_refused() -> None:
    with pytest.raises(SphereError, match="no machine with a free core"):
        workers_for([{"memory": 1e9}])
