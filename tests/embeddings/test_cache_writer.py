"""Shards become a whole cache or none; what an interrupted run kept is used where it is of use. No encoder here."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_cache import (
    ARTICLES,
    DIM,
    IDENTITY,
    IDS,
    SHARD,
    TFIDF_FILES,
    add_shards,
    make_cache,
    rows_of,
    scores_of,
    vectors_of,
    writer_of,
)

from spheres.data.taxonomy import GROUPS
from spheres.data.views import COPIES
from spheres.embeddings import cache_writer
from spheres.embeddings.cache import TFIDF_FILES as LEXICON_FILES
from spheres.embeddings.cache import files_of, load_tfidf, open_cache
from spheres.embeddings.cache_writer import partial_of, save_tfidf
from spheres.embeddings.tfidf import TfidfModel
from spheres.embeddings.vectors import quantize
from spheres.errors import SphereError
from spheres.files.atomic import read_array
from spheres.files.manifest import FORMAT_VERSION

VECTORS = np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]], np.float32)


def same(a: TfidfModel, b: TfidfModel) -> bool:
    arrays = ((x, y) for x, y in zip(list(vars(a).values())[1:4], list(vars(b).values())[1:4], strict=True))
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
def test_shards_are_joined_in_their_order(view: str, tmp_path: Path) -> None:
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


def test_words_scores_are_kept_in_half_precision(tmp_path: Path) -> None:
    scores = read_array(make_cache(tmp_path / "tiny") / "title_tfidf.npy", "")
    assert scores.dtype == np.float16
    assert scores.tolist() == scores_of("title").astype(np.float16).tolist()


def test_an_articles_target_and_primary_group_stand_in_its_row(tmp_path: Path) -> None:
    folder = make_cache(tmp_path / "tiny")
    targets, primary = read_array(folder / "targets.npy", ""), read_array(folder / "primary.npy", "")
    assert (targets.dtype, targets.shape, primary.dtype, primary.shape) == (np.float32, (24, 8), np.uint8, (24,))
    # the first is hep-th and math.ST, which is also stat.TH; the second math.NT and math.ST
    assert targets[0].tolist() == [0.5, 0.25, 0, 0, 0, 0.25, 0, 0]
    assert targets[1].tolist() == [0, 0.75, 0, 0, 0, 0.25, 0, 0]
    assert [GROUPS[place] for place in primary[:8]] == list(GROUPS)


def test_articles_are_listed_with_their_categories_and_dates(tmp_path: Path) -> None:
    listed = json.loads((make_cache(tmp_path / "tiny") / "articles.json").read_bytes())
    assert sorted(listed) == ["categories", "dates", "ids"]
    assert listed["ids"] == IDS
    assert listed["categories"][:2] == ["hep-th math.ST", "math.NT math.ST"]
    assert listed["dates"] == ["2001-01-01"] * 24


@pytest.mark.parametrize("store", ["float32", "int8"])
def test_the_manifest_vouches_for_every_file_and_says_what_made_it(store: str, tmp_path: Path) -> None:
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
        "copies": {"title": 2, "abstract": 0},
        "n_articles": 24,
        "dim": DIM,
        "views": ["both", "title", "abstract"],
        "corpus": {"name": "made-up"},
    }


def test_only_the_views_that_were_embedded_are_there(tmp_path: Path) -> None:
    folder = make_cache(tmp_path / "tiny", views=("title", "both"))
    assert json.loads((folder / "manifest.json").read_bytes())["views"] == ["both", "title"]
    assert list(open_cache(folder).views) == ["both", "title"]
    assert not (folder / "abstract.npy").exists() and not (folder / "abstract_tfidf.npy").exists()


def test_more_copies_of_the_parts_mean_more_rows(tmp_path: Path) -> None:
    copies = {"title": 0, "abstract": 1}
    cache = open_cache(make_cache(tmp_path / "tiny", copies=copies))
    assert cache.views["title"].rows.tolist() == [0, 6, 7, 12, 13, 19, 23]  # those held out of training alone
    assert cache.views["abstract"].rows.tolist() == list(range(24))


@pytest.mark.parametrize("store", ["float32", "float16", "int8"])
def test_a_view_that_no_article_has_is_kept_empty(store: str, tmp_path: Path) -> None:
    taught = [article for article in ARTICLES if ARTICLES.index(article) not in rows_of("abstract")]
    writer = writer_of(tmp_path / "tiny", store)
    writer.add("both", 0, VECTORS)
    nothing = np.zeros((0, len(GROUPS)), np.float32)
    writer.finish(
        taught[:2], {"both": 1, "abstract": 0}, {"both": scores_of("both")[:2], "abstract": nothing}, TFIDF_FILES, {}
    )
    cache = open_cache(tmp_path / "tiny")
    assert cache.views["abstract"].vectors().shape == (0, DIM)
    assert cache.views["both"].vectors().shape == (2, DIM)


def test_what_a_killed_run_left_is_cleared_away(tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    folder.mkdir()
    for name in ("both.npy.writing", "other.npy.writing", "mine.txt"):
        (folder / name).touch()
    make_cache(folder)
    assert not list(folder.glob("*.writing"))
    assert (folder / "mine.txt").exists()
    assert not partial_of(folder).exists()


def test_a_cache_that_is_not_finished_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_cache(tmp_path / "tiny")

    def full_disk(*_: object) -> None:
        raise SphereError("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(cache_writer, "write_json", full_disk)
        with pytest.raises(SphereError, match="No space left"):
            make_cache(folder)
    assert not (folder / "manifest.json").exists()  # nobody takes the new vectors with the old articles for a cache
    writer = writer_of(folder)
    assert all(writer.has("both", number) for number in range(5))  # and the next run need not compute them again
    assert not writer.has("both", 5)


def test_a_folder_that_cannot_be_tidied_is_finished_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("spheres.files.leftovers.shutil.rmtree", refused)
    assert open_cache(make_cache(tmp_path / "tiny")).ids == IDS


def test_beside_the_shards_stands_what_they_are_of(tmp_path: Path) -> None:
    writer = writer_of(tmp_path / "tiny", "int8", {"title": 3, "abstract": 0})
    assert json.loads((partial_of(writer.folder) / "plan.json").read_bytes()) == {
        "format_version": FORMAT_VERSION,
        "identity": vars(IDENTITY),
        "precision": "fp32",
        "shard_size": SHARD,
        "copies": {"title": 3, "abstract": 0},
    }


def test_the_next_run_finds_the_shards_that_were_kept(tmp_path: Path) -> None:
    writer_of(tmp_path / "tiny").add("title", 3, VECTORS)
    found = writer_of(tmp_path / "tiny")
    assert found.has("title", 3)
    assert not found.has("title", 2) and not found.has("abstract", 3)


@pytest.mark.parametrize(
    "other",
    [
        {"identity": replace(IDENTITY, max_length=32)},
        {"identity": replace(IDENTITY, corpus_sha256="3" * 64)},
        {"precision": "bf16"},
        {"shard_size": SHARD + 1},
        {"copies": {**COPIES, "title": 1}},
    ],
    ids=["length", "corpus", "precision", "shards", "copies"],
)
def test_shards_made_otherwise_are_of_no_use(other: dict[str, object], tmp_path: Path) -> None:
    writer_of(tmp_path / "tiny").add("both", 0, VECTORS)
    assert not writer_of(tmp_path / "tiny", **other).has("both", 0)  # type: ignore[arg-type]
    assert not writer_of(tmp_path / "tiny").has("both", 0)  # they are gone


def test_shards_of_another_version_of_the_program_are_of_no_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer_of(tmp_path / "tiny").add("both", 0, VECTORS)
    monkeypatch.setattr(cache_writer, "FORMAT_VERSION", FORMAT_VERSION + 1)
    assert not writer_of(tmp_path / "tiny").has("both", 0)


def test_shards_serve_whichever_way_vectors_are_to_be_stored(tmp_path: Path) -> None:
    add_shards(writer_of(tmp_path / "tiny", "float32"), "both")
    writer = writer_of(tmp_path / "tiny", "int8")
    assert writer.has("both", 4)
    writer.finish(ARTICLES, {"both": 5}, {"both": scores_of("both")}, TFIDF_FILES, {})
    assert read_array(tmp_path / "tiny" / "both.npy", "").tolist() == quantize(vectors_of("both"))[0].tolist()


def test_what_words_said_is_found_again(tmp_path: Path) -> None:
    assert writer_of(tmp_path / "tiny").words(["both"]) is None
    writer_of(tmp_path / "tiny").keep_words(TFIDF_FILES, {view: scores_of(view) for view in ("both", "title")})
    found = writer_of(tmp_path / "tiny").words(["both", "title"])
    assert found is not None
    lexicon, scores = found
    assert same(lexicon, TFIDF_FILES)
    assert {view: array.tolist() for view, array in scores.items()} == {
        view: scores_of(view).tolist() for view in ("both", "title")
    }


def test_what_words_said_is_asked_again_where_a_view_lacks(tmp_path: Path) -> None:
    writer = writer_of(tmp_path / "tiny")
    writer.keep_words(TFIDF_FILES, {"both": scores_of("both")})
    assert writer.words(["both", "title"]) is None
    found = writer.words(["both"])
    assert found is not None and list(found[1]) == ["both"]


def test_a_lexicon_comes_back_as_it_went(tmp_path: Path) -> None:
    save_tfidf(tmp_path, TFIDF_FILES)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(LEXICON_FILES)
    assert same(load_tfidf(tmp_path, ""), TFIDF_FILES)
    assert json.loads((tmp_path / "tfidf.json").read_bytes()) == ["hash tables", "prime", "ценных бумаг"]
