"""Shards become a whole cache or none, and what an interrupted run kept is used where it is of use. No encoder here."""

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_cache import (
    DIM,
    IDS,
    SHARD,
    TFIDF,
    add_shard,
    finish,
    make_cache,
    scores_of,
    vectors_of,
    writer_of,
)

from spheres.data.corpus import Corpus
from spheres.data.taxonomy import GROUPS
from spheres.embeddings import cache_writer
from spheres.embeddings.cache import files_of, load_tfidf, open_cache
from spheres.embeddings.cache_writer import (
    CacheWriter,
    load_out_of_fold,
    missing_shards,
    partial_of,
    save_out_of_fold,
)
from spheres.embeddings.out_of_fold import OutOfFoldTfidf
from spheres.embeddings.shards import EmbeddedShard, Shards
from spheres.embeddings.tfidf import TfidfModel
from spheres.embeddings.vectors import quantize
from spheres.errors import SphereError
from spheres.files.atomic import read_array, read_json
from spheres.files.checkpoint import Checkpoint
from spheres.files.manifest import FORMAT_VERSION


def same(a: TfidfModel, b: TfidfModel) -> bool:
    arrays = ((getattr(a, name), getattr(b, name)) for name in ("term_weights", "weights", "bias"))
    return a.terms == b.terms and all(x.dtype == y.dtype and np.array_equal(x, y) for x, y in arrays)


def test_shards_wait_beside_the_folder() -> None:
    assert partial_of(Path("artifacts/x.y")) == Path("artifacts/x.y.partial")


def test_eight_bits_a_number_are_rounded_to_the_nearest_of_255_steps() -> None:
    kept, scales = quantize(np.array([[1.0, -0.5, 0.0], [-254.0, 3.0, 2.9]], np.float32))
    assert kept.tolist() == [[127, -64, 0], [-127, 2, 1]]
    assert scales == pytest.approx([1 / 127, 2.0])
    assert (kept.dtype, scales.dtype) == (np.int8, np.float32)


def test_a_vector_of_zeros_stays_one_and_disturbs_no_other() -> None:
    kept, scales = quantize(np.array([[0.0, 0.0], [2.0, 1.0]], np.float32))
    assert kept.tolist() == [[0, 0], [127, 64]]
    assert (scales > 0).all()
    assert (kept[0] * scales[0]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("view", ["both", "title", "abstract"])
def test_shards_stand_in_their_order(view: str, tmp_path: Path) -> None:
    stored = read_array(make_cache(tmp_path / "tiny") / f"{view}.npy", "")
    assert stored.dtype == np.float32
    assert stored.tolist() == vectors_of(view).tolist()
    assert len(stored) % SHARD  # the last shard is not full


def test_half_precision_halves_the_vectors_and_nothing_else(tmp_path: Path) -> None:
    folder = make_cache(tmp_path / "tiny", "float16")
    stored = read_array(folder / "both.npy", "")
    assert stored.dtype == np.float16
    assert stored.tolist() == vectors_of("both").astype(np.float16).tolist()
    assert not (folder / "both_scales.npy").exists()


@pytest.mark.parametrize("view", ["both", "title"])
def test_eight_bits_come_with_a_scale_for_each_row(view: str, tmp_path: Path) -> None:
    folder = make_cache(tmp_path / "tiny", "int8")
    numbers, scales = quantize(vectors_of(view))
    assert read_array(folder / f"{view}.npy", "").tolist() == numbers.tolist()
    assert read_array(folder / f"{view}_scales.npy", "").tolist() == scales.tolist()


def test_tfidf_scores_are_kept_in_half_precision(tmp_path: Path) -> None:
    scores = read_array(make_cache(tmp_path / "tiny") / "title_tfidf.npy", "")
    assert scores.dtype == np.float16
    assert scores.tolist() == scores_of("title").astype(np.float16).tolist()


def test_articles_are_listed_with_their_categories_dates_and_titles(tmp_path: Path) -> None:
    listed = read_json(make_cache(tmp_path / "tiny") / "articles.json.xz", "")
    assert sorted(listed) == ["categories", "dates", "ids", "titles"]
    assert listed["ids"] == IDS
    assert listed["titles"][0] == "A new bound for black hole horizons in curved spacetime"
    assert listed["categories"][:2] == ["hep-th math.ST", "math.NT math.ST"]
    assert listed["dates"] == ["2001-01-01"] * 24


@pytest.mark.parametrize("store", ["float32", "int8"])
def test_the_manifest_lists_every_file_and_what_made_it(store: str, tmp_path: Path) -> None:
    folder = make_cache(tmp_path / "tiny", store)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert sorted(manifest["files"]) == sorted(files_of(("both", "title", "abstract"), store))
    assert sorted([*manifest["files"], "manifest.json"]) == sorted(file.name for file in folder.iterdir())
    for name in ("files", "libraries", "own_sha256"):
        del manifest[name]
    assert manifest == {
        "format_version": FORMAT_VERSION,
        "groups": list(GROUPS),
        "identity": {
            "encoder": "tiny",
            "weights_sha256": "1" * 64,
            "tokenizer_sha256": "4" * 64,
            "pooling": "mean",
            "max_length": 16,
            "corpus_sha256": "2" * 64,
        },
        "precision": "fp32",
        "store": store,
        "copies": {"title": 6, "abstract": 0},
        "n_articles": 24,
        "dim": DIM,
        "views": ["both", "title", "abstract"],
        "corpus": {"name": "made-up"},
    }


def test_only_the_views_that_were_embedded_are_there(tmp_path: Path) -> None:
    folder = make_cache(tmp_path / "tiny", views=("both", "title"))
    assert list(open_cache(folder).views) == ["both", "title"]
    assert not (folder / "abstract.npy").exists() and not (folder / "abstract_tfidf.npy").exists()


def test_more_copies_of_the_parts_mean_more_rows(tmp_path: Path) -> None:
    copies = {"title": 0, "abstract": 1}
    cache = open_cache(make_cache(tmp_path / "tiny", copies=copies))
    assert cache.views["title"].rows.tolist() == [6, 7, 12, 13, 19, 23]  # those held out of training alone
    assert cache.views["abstract"].rows.tolist() == list(range(24))


@pytest.mark.parametrize("store", ["float32", "float16", "int8"])
def test_a_view_that_no_article_has_is_kept_empty(store: str, tmp_path: Path) -> None:
    checkpoint = Checkpoint(partial_of(tmp_path / "tiny"), tmp_path / "tiny", {})
    rows = {"both": np.arange(2), "abstract": np.arange(0)}
    shards = Shards(
        Corpus(Path("nowhere")), rows, np.full(2, -1, np.int8), SHARD, frozenset(), OutOfFoldTfidf(TFIDF, {})
    )
    writer = CacheWriter(checkpoint, shards, DIM, store)
    writer.add(EmbeddedShard(0, vectors_of("both")[:2], scores_of("both")[:2]))
    checkpoint.finish(["both.npy", "abstract.npy", "abstract_tfidf.npy"])
    assert read_array(tmp_path / "tiny" / "both.npy", "").shape == (2, DIM)
    for name in ("abstract.npy", "abstract_tfidf.npy"):
        assert len(read_array(tmp_path / "tiny" / name, "")) == 0


def test_other_files_of_the_folder_stay(tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "mine.txt").touch()
    make_cache(folder)
    assert (folder / "mine.txt").exists()
    assert not partial_of(folder).exists()


def test_a_cache_that_is_not_finished_leaves_the_old_one_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_cache(tmp_path / "tiny")
    before = {file.name: file.read_bytes() for file in folder.iterdir()}

    def full_disk(*_: object) -> None:
        raise SphereError("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(cache_writer, "write_manifest", full_disk)
        with pytest.raises(SphereError, match="No space left"):
            make_cache(folder)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert missing_shards(writer_of(folder).checkpoint, len(IDS), SHARD) == set()  # the next run computes none again


def test_a_checkpoint_that_cannot_be_removed_is_finished_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spheres.files.checkpoint.shutil.rmtree", lambda *_, **__: None)
    assert open_cache(make_cache(tmp_path / "tiny")).ids == IDS


@pytest.mark.parametrize("store", ["float32", "int8"])
def test_the_next_run_finds_the_shards_that_were_kept(store: str, tmp_path: Path) -> None:
    add_shard(writer_of(tmp_path / "tiny", store), 3)
    writer = writer_of(tmp_path / "tiny", store)
    assert missing_shards(writer.checkpoint, len(IDS), SHARD) == {0, 1, 2, 4}
    for number in (4, 2, 0, 1):
        add_shard(writer, number)
    finish(writer)
    make_cache(tmp_path / "at once", store)
    for name in files_of(("both", "title", "abstract"), store):
        assert (tmp_path / "tiny" / name).read_bytes() == (tmp_path / "at once" / name).read_bytes()


def test_a_shard_that_was_damaged_is_computed_again(tmp_path: Path) -> None:
    for number in range(5):
        add_shard(writer_of(tmp_path / "tiny"), number)
    file = partial_of(tmp_path / "tiny") / "title_tfidf.npy"
    file.write_bytes(file.read_bytes()[:-1])
    assert missing_shards(writer_of(tmp_path / "tiny").checkpoint, len(IDS), SHARD) == {4}


def test_tfidf_models_are_found_again(tmp_path: Path) -> None:
    checkpoint = writer_of(tmp_path / "tiny").checkpoint
    assert load_out_of_fold(checkpoint) is None
    other = TfidfModel(TFIDF.terms, TFIDF.term_weights + 1, TFIDF.weights, TFIDF.bias)
    save_out_of_fold(checkpoint, OutOfFoldTfidf(TFIDF, {0: other, 3: TFIDF}))
    found = load_out_of_fold(writer_of(tmp_path / "tiny").checkpoint)
    assert found is not None and list(found.held_out) == [0, 3]
    assert same(found.model, TFIDF) and same(found.held_out[0], other) and same(found.held_out[3], TFIDF)


def test_a_tfidf_model_comes_back_as_it_went(tmp_path: Path) -> None:
    folder = make_cache(tmp_path / "tiny")
    assert same(load_tfidf(folder, ""), TFIDF)
    assert json.loads((folder / "tfidf.json").read_bytes()) == ["hash tables", "prime", "ценных бумаг"]
