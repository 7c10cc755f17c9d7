"""A cache is opened as it was written, or refused with a sentence; every sort of damage is in test_corrupted.py."""

import json
import lzma
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_cache import ARTICLES, DIM, IDENTITY, IDS, TFIDF, make_cache, relist, rows_of, scores_of, vectors_of

from spheres.data.taxonomy import GROUPS, primary_group, soft_target
from spheres.embeddings.cache import (
    ARTICLES as LIST,
)
from spheres.embeddings.cache import (
    Identity,
    View,
    existing_manifest,
    files_of,
    label_arrays,
    load_tfidf,
    open_cache,
    rebuild_hint,
    tfidf_files,
)
from spheres.embeddings.vectors import quantize
from spheres.errors import SphereError
from spheres.files.atomic import as_json, as_json_xz, as_safetensors, read_json
from spheres.files.manifest import NewerFormatError

HINT = "run `python embed.py CORPUS --encoder tiny --overwrite`"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_cache(tmp_path_factory.mktemp("artifacts") / "tiny", "int8")


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A cache in int8 that a test may spoil."""
    return Path(shutil.copytree(made, tmp_path / "tiny"))


def refusal(folder: Path) -> str:
    with pytest.raises(SphereError) as caught:
        open_cache(folder)
    return str(caught.value)


@pytest.fixture(scope="module")
def view() -> View:
    """Three rows in int8."""
    stored = np.array([[1, 2], [3, 4], [5, 6]], np.int8)
    scales = np.array([1.0, 0.5, 0.25], np.float32)
    return View(np.array([2, 4, 7]), stored, scales, np.arange(24, dtype=np.float16).reshape(3, 8))


def test_a_vector_is_whole_numbers_times_its_scale(view: View) -> None:
    assert view.vectors().tolist() == [[1.0, 2.0], [1.5, 2.0], [1.25, 1.5]]
    assert view.vectors(slice(1, 2)).tolist() == [[1.5, 2.0]]
    assert view.vectors(np.array([2, 0])).tolist() == [[1.25, 1.5], [1.0, 2.0]]
    assert view.vectors().dtype == np.float32


def test_a_vector_without_a_scale_is_itself_in_single_precision() -> None:
    stored = np.array([[0.5, 2.0], [1.0, -1.0]], np.float16)
    vectors = View(np.array([0, 1]), stored, None, np.zeros((2, 8), np.float16)).vectors()
    assert vectors.tolist() == stored.tolist()
    assert vectors.dtype == np.float32


def test_of_some_articles_a_view_gives_those_it_has(view: View) -> None:
    rows, vectors, scores = view.of(np.array([7, 3, 2]), unit_length=False)
    assert rows.tolist() == [2, 7]
    assert vectors.tolist() == [[1.0, 2.0], [1.25, 1.5]]
    assert scores[:, 0].tolist() == [0.0, 16.0]


def test_vectors_are_given_at_length_one_unless_asked_otherwise(view: View) -> None:
    expected = np.array([[1, 2], [3, 4], [5, 6]]) / np.sqrt([[5], [25], [61]])
    assert view.unit_vectors() == pytest.approx(expected)
    assert view.unit_vectors(slice(1, 2)) == pytest.approx(expected[1:2])
    assert view.unit_vectors().dtype == np.float32
    assert view.of(np.array([7, 2]))[1] == pytest.approx(expected[[0, 2]])


@pytest.mark.parametrize("store", ["float32", "float16", "int8"])
def test_a_cache_is_opened_as_it_was_written(store: str, tmp_path: Path) -> None:
    cache = open_cache(make_cache(tmp_path / "tiny", store))
    assert cache.folder == tmp_path / "tiny"
    assert (cache.dim, cache.identity, cache.manifest["store"]) == (DIM, IDENTITY, store)
    assert cache.ids == IDS
    assert cache.categories == [" ".join(article.categories) for article in ARTICLES]
    assert cache.dates == [article.date for article in ARTICLES]
    assert cache.titles == [article.title for article in ARTICLES]
    assert (cache.targets.shape, cache.primary.shape) == ((24, 8), (24,))
    assert cache.split["test"].tolist() == [12, 13, 19, 23]
    assert list(cache.views) == ["both", "title", "abstract"]
    for name, view in cache.views.items():
        assert view.rows.tolist() == rows_of(name)
        assert view.stored.dtype == np.dtype(store)
        assert view.tfidf_scores.tolist() == scores_of(name).astype(np.float16).tolist()
        numbers, scales = quantize(vectors_of(name))
        expected = numbers * scales[:, None] if store == "int8" else vectors_of(name).astype(store)
        assert view.vectors().tolist() == expected.astype(np.float32).tolist()


def test_vectors_stay_on_the_disk_until_they_are_asked_for(folder: Path) -> None:
    cache = open_cache(folder)
    assert isinstance(cache.views["title"].stored, np.memmap)
    assert not isinstance(cache.views["title"].scales, np.memmap)


def test_targets_and_primary_groups_follow_from_the_categories(folder: Path) -> None:
    cache = open_cache(folder)
    # the first is hep-th and math.ST, which is also stat.TH; the second math.NT and math.ST
    assert cache.targets[:2].tolist() == [[0.5, 0.25, 0, 0, 0, 0.25, 0, 0], [0, 0.75, 0, 0, 0, 0.25, 0, 0]]
    assert [GROUPS[place] for place in cache.primary[:8]] == list(GROUPS)
    assert cache.targets is cache.targets  # computed once


def test_labels_are_those_of_each_article_however_often_its_categories_occur() -> None:
    lines = ["cs.LG stat.ML", "math-ph math.MP", "cs.LG stat.ML", "econ.GN", "stat.ML cs.LG", "math-ph math.MP"]
    targets, primary = label_arrays(lines)
    assert (targets.dtype, primary.dtype) == (np.float32, np.uint8)
    assert targets.tolist() == [soft_target(line.split()).tolist() for line in lines]
    assert [GROUPS[place] for place in primary] == [primary_group(line.split()) for line in lines]


def test_no_articles_have_empty_labels() -> None:
    assert [array.shape for array in label_arrays([])] == [(0, 8), (0,)]


def test_an_article_of_no_known_category_is_named_with_what_makes_the_cache_anew(folder: Path) -> None:
    listed = read_json(folder / LIST, "")
    (folder / LIST).write_bytes(as_json_xz(listed | {"categories": ["68T05", *listed["categories"][1:]]}))
    relist(folder)
    with pytest.raises(SphereError) as caught:
        _ = open_cache(folder).targets
    found = f"{folder / LIST} has an article with no arXiv category among ['68T05']"
    assert str(caught.value) == f"{found}: {HINT}."


def test_only_the_views_asked_for_are_opened_of_those_it_has(tmp_path: Path) -> None:
    folder = make_cache(tmp_path / "tiny", views=("both", "title"))
    assert list(open_cache(folder, ["title"]).views) == ["title"]
    assert list(open_cache(folder, ["both", "abstract"]).views) == ["both"]


def test_a_caches_files_are_known_by_its_views_and_its_store() -> None:
    others = ["articles.json.xz", "tfidf.safetensors", "tfidf.json"]
    assert files_of(["both"], "float16") == ["both.npy", "both_tfidf.npy", *others]
    assert files_of(["both", "title"], "int8") == [
        *("both.npy", "both_tfidf.npy", "both_scales.npy"),
        *("title.npy", "title_tfidf.npy", "title_scales.npy"),
        *others,
    ]


def test_the_hint_names_the_encoder() -> None:
    assert rebuild_hint(Path("somewhere/tiny")) == HINT


def test_a_folder_without_a_manifest_is_no_cache(tmp_path: Path) -> None:
    assert refusal(tmp_path / "tiny") == f"{tmp_path / 'tiny' / 'manifest.json'} is not there: {HINT}."


@pytest.mark.parametrize("name", files_of(["both", "title", "abstract"], "int8"))
def test_a_file_that_is_not_listed_is_not_used(name: str, folder: Path) -> None:
    relist(folder, without=name)
    assert refusal(folder) == f"{folder / 'manifest.json'} does not list {name}: {HINT}."


@pytest.mark.parametrize("name", files_of(["both"], "int8"))
def test_a_changed_file_is_named_with_what_makes_it_anew(name: str, folder: Path) -> None:
    (folder / name).write_bytes(b"\0" + (folder / name).read_bytes()[1:])
    sentence = f"{folder / name} is not what manifest.json lists (damaged or replaced): {HINT}."
    assert refusal(folder) == sentence


SHAPES = [
    ("both", (24, 4), "int8"),
    ("both_tfidf", (24, 8), "float16"),
    ("both_scales", (24,), "float32"),
    ("title", (9, 4), "int8"),
    ("abstract_tfidf", (6, 8), "float16"),
    ("abstract_scales", (6,), "float32"),
]


@pytest.mark.parametrize(("name", "shape", "dtype"), SHAPES)
def test_an_array_of_another_shape_is_refused_though_it_is_listed(
    name: str, shape: tuple[int, ...], dtype: str, folder: Path
) -> None:
    for found in ((shape[0] + 1, *shape[1:]), (*shape[:-1], shape[-1] + 1), (*shape, 1)):
        np.save(folder / f"{name}.npy", np.zeros(found, dtype))
        relist(folder)
        sentence = f"{folder / name}.npy has the shape {found} in {dtype}, expected {shape} in {dtype}: {HINT}."
        assert refusal(folder) == sentence


@pytest.mark.parametrize(("name", "shape", "dtype"), SHAPES)
def test_an_array_of_another_type_is_refused_though_it_is_listed(
    name: str, shape: tuple[int, ...], dtype: str, folder: Path
) -> None:
    np.save(folder / f"{name}.npy", np.zeros(shape, np.float64))
    relist(folder)
    sentence = f"{folder / name}.npy has the shape {shape} in float64, expected {shape} in {dtype}: {HINT}."
    assert refusal(folder) == sentence


@pytest.mark.parametrize("file", ["both", "title_tfidf", "title_scales"])
def test_what_is_no_array_is_refused_though_it_is_listed(file: str, folder: Path) -> None:
    (folder / f"{file}.npy").write_bytes(b"no array")
    relist(folder)
    found = re.escape(str(folder / f"{file}.npy"))
    assert re.fullmatch(rf"{found} is missing or damaged \(.+\): {re.escape(HINT)}\.", refusal(folder))


@pytest.mark.parametrize("column", ["categories", "dates", "titles"])
def test_a_column_of_another_length_is_refused(column: str, folder: Path) -> None:
    listed = read_json(folder / LIST, "")
    (folder / LIST).write_bytes(as_json_xz(listed | {column: listed[column][1:]}))
    relist(folder)
    assert refusal(folder) == f"{folder / LIST} does not have 24 {column}: {HINT}."


@pytest.mark.parametrize(
    "content",
    [b"{", b'{"ids": []}', lzma.compress(b"{"), lzma.compress(b'{"ids": []}')[:-1], lzma.compress(b"\xff")],
    ids=["neither", "not packed", "no JSON", "cut short", "no text"],
)
def test_a_list_of_articles_that_is_no_packed_json_is_refused(content: bytes, folder: Path) -> None:
    (folder / LIST).write_bytes(content)
    relist(folder)
    assert refusal(folder).startswith(f"{folder / LIST} is damaged (")
    assert refusal(folder).endswith(f"): {HINT}.")


def test_a_cache_without_titles_as_earlier_versions_made_it_is_refused_and_made_anew(folder: Path) -> None:
    columns = read_json(folder / LIST, "")
    del columns["titles"]
    (folder / "articles.json").write_bytes(as_json(columns))
    (folder / LIST).unlink()
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["files"]["articles.json"] = manifest["files"].pop(LIST)
    relist(folder, files=manifest["files"])
    assert refusal(folder) == f"{folder / 'manifest.json'} does not list {LIST}: {HINT}."
    assert existing_manifest(folder) is None


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"store": "float8"}, "ValueError"),
        ({"dim": None}, "TypeError"),
        ({"copies": {}}, "KeyError"),
        ({"copies": 3}, "TypeError"),
        ({"views": None}, "TypeError"),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(
    fields: dict[str, Any], why: str, made: Path, tmp_path: Path
) -> None:
    folder = make_cache(tmp_path / "tiny") if "store" in fields else Path(shutil.copytree(made, tmp_path / "tiny"))
    relist(folder, **fields)
    assert refusal(folder).startswith(f"{folder / 'manifest.json'} does not fit the files beside it ({why}(")
    assert refusal(folder).endswith(f"): {HINT}.")


def test_the_identity_of_a_cache_is_known_without_opening_it(folder: Path) -> None:
    manifest = existing_manifest(folder)
    assert manifest and Identity(**manifest["identity"]) == IDENTITY


def test_what_is_no_whole_cache_has_no_identity(folder: Path, tmp_path: Path) -> None:
    assert existing_manifest(tmp_path) is None
    relist(folder, identity={"encoder": "tiny"})
    assert existing_manifest(folder) is None
    relist(folder, without="identity")
    assert existing_manifest(folder) is None


def test_what_a_later_version_made_is_not_taken_for_nothing(folder: Path) -> None:
    relist(folder, format_version=3)
    with pytest.raises(NewerFormatError) as caught:
        existing_manifest(folder)
    found = f"{folder / 'manifest.json'} has format version 3, expected 2"
    assert str(caught.value) == f"{found}: add --overwrite, or give another --out."


def write_tfidf(folder: Path) -> None:
    for name, content in tfidf_files(TFIDF).items():
        (folder / name).write_bytes(content)


@pytest.mark.parametrize(
    "terms", [["prime"], ["a", "b", "c", "d"], {"hash tables": 0, "prime": 1, "bonds": 2}, "abc", None, 3]
)
def test_a_tfidf_model_of_other_terms_is_refused(terms: Any, tmp_path: Path) -> None:
    write_tfidf(tmp_path)
    (tmp_path / "tfidf.json").write_bytes(as_json(terms))
    with pytest.raises(SphereError) as caught:
        load_tfidf(tmp_path, "run this")
    assert str(caught.value) == f"{tmp_path / 'tfidf.safetensors'} does not fit tfidf.json: run this."


@pytest.mark.parametrize(
    "other",
    [
        {"term_weights": np.zeros(2, np.float32)},
        {"weights": np.zeros((3, 7), np.float16)},
        {"bias": np.zeros(7, np.float32)},
        {"more": np.zeros(3, np.float32)},
    ],
    ids=["term_weights", "weights", "bias", "more"],
)
def test_a_tfidf_model_of_other_shapes_is_refused(other: dict[str, np.ndarray], tmp_path: Path) -> None:
    write_tfidf(tmp_path)
    arrays = {"term_weights": TFIDF.term_weights, "weights": TFIDF.weights, "bias": TFIDF.bias}
    (tmp_path / "tfidf.safetensors").write_bytes(as_safetensors(arrays | other))
    with pytest.raises(SphereError, match=r"does not fit tfidf\.json: run this\."):
        load_tfidf(tmp_path, "run this")


@pytest.mark.parametrize("name", ["tfidf.safetensors", "tfidf.json"])
def test_a_tfidf_model_that_lacks_a_file_is_refused(name: str, tmp_path: Path) -> None:
    write_tfidf(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(SphereError, match=rf"{re.escape(name)} is .+: run this\."):
        load_tfidf(tmp_path, "run this")


def test_terms_are_words_whatever_the_file_has(tmp_path: Path) -> None:
    write_tfidf(tmp_path)
    (tmp_path / "tfidf.json").write_bytes(as_json(["prime", 2, None]))
    assert load_tfidf(tmp_path, "").terms == ("prime", "2", "None")
