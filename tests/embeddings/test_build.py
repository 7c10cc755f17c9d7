"""From a corpus to a cache: whole, repeatable and resumed; damage is in test_corrupted.py."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from made_up import articles, write_corpus
from tiny_encoder import make_encoder

from spheres.data.corpus import Corpus
from spheres.data.taxonomy import GROUPS, soft_target
from spheres.data.text import Text
from spheres.data.views import shown_in
from spheres.embeddings.build import Settings, embed_corpus
from spheres.embeddings.cache import Cache, open_cache
from spheres.embeddings.vectors import quantize
from spheres.encoder.encoder import Encoder, _computes_in_bf16
from spheres.encoder.hub import EncoderSpec, tokenizer_sha256, weights_sha256
from spheres.errors import SphereError

FP32 = Settings(precision="fp32")
QUIET: dict[str, Any] = {"log": lambda sentence: None}
N = 96
RECORDS = articles(N)
FILES_OF_A_CACHE = ("both.npy", "both_tfidf.npy", "articles.json.xz", "tfidf.json")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(write_corpus(tmp_path_factory.mktemp("corpus") / "made-up.jsonl", N))


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> EncoderSpec:
    return make_encoder(tmp_path_factory.mktemp("encoder") / "tiny")


@pytest.fixture(scope="module")
def encoder(spec: EncoderSpec) -> Encoder:
    return Encoder.load(spec, "fp32")


@pytest.fixture(scope="module")
def folder(corpus: Corpus, spec: EncoderSpec, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole cache."""
    folder = tmp_path_factory.mktemp("artifacts") / "tiny"
    assert embed_corpus(corpus, spec, folder, settings=FP32, **QUIET)
    return folder


def live(encoder: Encoder, cache: Cache, view: str) -> np.ndarray:
    texts = [shown_in(Text(RECORDS[row]["title"], RECORDS[row]["abstract"]), view) for row in cache.views[view].rows]
    return np.concatenate([encoder.encode([t]) for t in encoder.tokenize(texts)])


def test_every_article_is_there_in_the_corpus_order(folder: Path) -> None:
    cache = open_cache(folder)
    assert cache.ids == [record["id"] for record in RECORDS]
    assert cache.categories == [record["categories"] for record in RECORDS]
    assert cache.titles == [record["title"] for record in RECORDS]
    assert cache.targets.tolist() == [soft_target([record["categories"]]).tolist() for record in RECORDS]
    assert [GROUPS[p] for p in cache.primary[:8]] == ["physics", "math", "cs", "q-bio", "q-fin", "stat", "eess", "econ"]


def test_the_manifest_says_what_made_it(folder: Path, spec: EncoderSpec, corpus: Corpus) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["identity"] == {
        "encoder": "tiny",
        "weights_sha256": weights_sha256(Path(spec.source)),
        "tokenizer_sha256": tokenizer_sha256(Path(spec.source)),
        "pooling": "cls",
        "max_length": 256,
        "corpus_sha256": corpus.fingerprint(),
    }
    assert manifest["n_articles"] == N and manifest["dim"] == 16
    assert {"torch", "transformers", "numpy"} <= manifest["libraries"].keys()
    assert sorted([*manifest["files"], "manifest.json"]) == sorted(p.name for p in folder.iterdir())


@pytest.mark.parametrize("view", ["both", "title", "abstract"])
def test_a_cached_vector_is_the_live_one_at_fp32(view: str, folder: Path, encoder: Encoder) -> None:
    cache = open_cache(folder)
    assert np.abs(cache.views[view].vectors() - live(encoder, cache, view)).max() < 1e-5


@pytest.mark.skipif(not _computes_in_bf16(), reason="bf16 is emulated here")
@pytest.mark.parametrize("store", ["float16", "int8"])
def test_a_cached_vector_is_the_live_one_at_bf16(store: str, corpus: Corpus, spec: EncoderSpec, tmp_path: Path) -> None:
    settings = Settings(precision="bf16", store=store, views=("both",))
    embed_corpus(corpus, spec, tmp_path / "x", settings=settings, **QUIET)
    cache = open_cache(tmp_path / "x")
    expected = live(Encoder.load(spec, "bf16"), cache, "both")
    difference = np.abs(cache.views["both"].vectors() - expected)
    half_a_step = np.abs(expected).max(axis=1, keepdims=True) / 254 if store == "int8" else 0
    length = np.linalg.norm(expected, axis=1, keepdims=True)  # which the head scales to one
    assert (difference <= half_a_step + 1e-3 * length).all()


def test_int8_is_off_by_at_most_half_a_step() -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 384)).astype(np.float32)
    vectors[7] = 0
    kept, scales = quantize(vectors)
    assert (np.abs(kept * scales[:, None] - vectors) <= np.abs(vectors).max(axis=1, keepdims=True) / 254 + 1e-7).all()


def test_run_again_with_nothing_changed_computes_nothing(
    folder: Path, spec: EncoderSpec, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Encoder, "load", lambda *_: pytest.fail("the encoder was loaded"))
    said: list[str] = []
    assert embed_corpus(corpus, spec, folder, log=said.append) is False
    assert "nothing to do" in said[0]


def test_a_cache_of_other_settings_is_not_overwritten_unasked(
    folder: Path, spec: EncoderSpec, corpus: Corpus, tmp_path: Path
) -> None:
    before = (folder / "both.npy").read_bytes()
    with pytest.raises(SphereError, match=r"vectors made with max length 256: add --overwrite"):
        embed_corpus(corpus, replace(spec, max_length=64), folder, **QUIET)
    other = Corpus(write_corpus(tmp_path / "other.jsonl", 90))
    with pytest.raises(SphereError, match="another corpus"):
        embed_corpus(other, spec, folder, **QUIET)
    assert (folder / "both.npy").read_bytes() == before


def test_a_cache_of_another_tokenizer_is_not_taken_for_this_encoders(
    folder: Path, spec: EncoderSpec, corpus: Corpus, tmp_path: Path
) -> None:
    for file in Path(spec.source).iterdir():
        (tmp_path / file.name).symlink_to(file)
    tokenizer = json.loads((tmp_path / "tokenizer.json").read_text())
    tokenizer["normalizer"]["lowercase"] = not tokenizer["normalizer"]["lowercase"]
    (tmp_path / "tokenizer.json").unlink()
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(SphereError, match=r"vectors of another tokenizer's tokens: add --overwrite"):
        embed_corpus(corpus, replace(spec, source=str(tmp_path)), folder, **QUIET)


def test_a_cache_that_lacks_what_is_asked_for_is_not_called_done(
    spec: EncoderSpec, corpus: Corpus, tmp_path: Path
) -> None:
    folder = tmp_path / "x"
    embed_corpus(corpus, spec, folder, settings=Settings(precision="fp32", views=("title",)), **QUIET)
    assert list(open_cache(folder).views) == ["both", "title"]  # whole articles are always there
    for settings, words in [
        (Settings(views=("both", "abstract")), "no vectors of the view 'abstract only'"),
        (Settings(views=("both",), store="int8"), "vectors with store float32"),
        (Settings(views=("both",), precision="bf16"), "vectors with precision fp32"),
    ]:
        with pytest.raises(SphereError, match=words):
            embed_corpus(corpus, spec, folder, settings=settings, **QUIET)
    assert embed_corpus(corpus, spec, folder, settings=Settings(views=("both",)), **QUIET) is False


def test_an_interrupted_run_goes_on_and_ends_bit_identical(
    folder: Path, spec: EncoderSpec, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_shards = replace(FP32, shard_size=10)
    encode, calls = Encoder.encode, 0

    def interrupted(self: Encoder, *arguments: Any) -> np.ndarray:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt
        return encode(self, *arguments)

    target = tmp_path / "tiny"
    monkeypatch.setattr(Encoder, "encode", interrupted)
    with pytest.raises(KeyboardInterrupt):
        embed_corpus(corpus, spec, target, settings=in_shards, **QUIET)
    assert not (target / "manifest.json").exists()
    said: list[str] = []
    read: list[None] = []
    walk = Corpus.__iter__
    monkeypatch.setattr(Corpus, "__iter__", lambda corpus: (read.append(None), walk(corpus))[1])
    embed_corpus(corpus, spec, target, settings=in_shards, log=said.append)
    assert len(read) == 2  # and once more its bytes
    rows = np.concatenate([view.rows for view in open_cache(folder).views.values()])
    assert any(f"an earlier run has embedded {(rows < 30).sum()} of {len(rows)} texts" in line for line in said)
    assert not any("TF-IDF" in sentence for sentence in said)
    assert sorted(p.name for p in target.iterdir()) == sorted(p.name for p in folder.iterdir())
    for name in FILES_OF_A_CACHE:
        assert (target / name).read_bytes() == (folder / name).read_bytes()
    assert not target.with_name(target.name + ".partial").exists()


def test_of_two_runs_at_once_the_second_is_refused(spec: EncoderSpec, corpus: Corpus, tmp_path: Path) -> None:
    with FileLock(tmp_path / "x.lock"), pytest.raises(SphereError, match="another run is writing"):
        embed_corpus(corpus, spec, tmp_path / "x", **QUIET)


def test_a_corpus_without_usable_articles_is_refused(spec: EncoderSpec, tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text('{"title": "A", "categories": "68T05"}\n')
    with pytest.raises(SphereError, match="holds no usable article"):
        embed_corpus(Corpus(path), spec, tmp_path / "x", **QUIET)
