"""Artifacts that are not what they were: each is refused with a sentence that names it and the command that mends it.

`pytest --long tests/test_corrupted.py` flips two hundred bits of each file instead of five.
"""

import json
import os
import pickle
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from killing import Run
from made_up import write_corpus
from tiny_encoder import make_encoder

from spheres.data.corpus import Corpus
from spheres.embeddings.build import Settings, embed_corpus
from spheres.embeddings.cache import load_tfidf, open_cache, rebuild_hint
from spheres.encoder.encoder import Encoder
from spheres.encoder.hub import EncoderSpec, find_encoder
from spheres.errors import SphereError
from spheres.files.atomic import as_json_xz, as_safetensors, file_sha256, read_json
from spheres.files.manifest import with_checksum
from spheres.inference.classifier import Classifier
from spheres.model.bundle import Bundle
from spheres.model.fit import train
from spheres.model.recipe import BEST

NAME = "tiny"
MANIFESTS = {"cache": "manifest.json", "head": "head.json"}
HINTS = {
    "cache": f"run `python embed.py CORPUS --encoder {NAME} --overwrite`",
    "head": f"run `python head.py train --encoder {NAME}`",
}
FILES = [
    *(("cache", f"{view}{kind}.npy") for view in ("both", "title", "abstract") for kind in ("", "_scales", "_tfidf")),
    *(("cache", name) for name in ("articles.json.xz", "tfidf.json", "tfidf.safetensors", "manifest.json")),
    *(("head", name) for name in ("head.safetensors", "calibration.safetensors", "categories.safetensors")),
    *(("head", name) for name in ("ood.safetensors", "projection.safetensors")),
    *(("head", name) for name in ("tfidf.json", "tfidf.safetensors", "head.json")),
]
ARRAYS = [(whose, name) for whose, name in FILES if not name.endswith("json")]

OPEN: dict[str, Callable[[Path], object]] = {
    "cache": lambda folder: (open_cache(folder), load_tfidf(folder, rebuild_hint(folder))),  # as training does
    "head": Bundle.load,
}

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut in half": lambda content: content[: len(content) // 2],
    "a byte short": lambda content: content[:-1],
    "a byte too long": lambda content: content + b"\0",
    "zeros": lambda content: bytes(len(content)),
    "another file": lambda content: b'{"title": "On trees"}\n',
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(write_corpus(tmp_path_factory.mktemp("corpus") / "made-up.jsonl"))


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> EncoderSpec:
    return make_encoder(tmp_path_factory.mktemp("encoder") / NAME)


@pytest.fixture(scope="module")
def folder(corpus: Corpus, spec: EncoderSpec, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache and a head of made-up articles; a test that damages a file puts it back, or works on a copy."""
    folder = tmp_path_factory.mktemp("artifacts") / NAME
    embed_corpus(corpus, spec, folder, settings=Settings(precision="fp32", store="int8"), log=lambda sentence: None)
    train(open_cache(folder), BEST).save(folder)
    return folder


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "artifacts" / NAME))


def refusal(whose: str, folder: Path) -> str:
    """The sentence with which these artifacts are refused."""
    with pytest.raises(SphereError) as caught:
        OPEN[whose](folder)
    sentence = str(caught.value)
    assert HINTS[whose] in sentence and "\n" not in sentence, sentence
    return sentence


def relist(whose: str, folder: Path, **fields: Any) -> None:
    """Make the manifest say that all is well with the files as they are now, and that these fields are so."""
    path = folder / MANIFESTS[whose]
    manifest = json.loads(path.read_bytes()) | fields
    manifest["files"] = {name: file_sha256(folder / name) for name in manifest["files"]}
    path.write_text(json.dumps(with_checksum(manifest)))


def flipped(content: bytes, bit: int) -> bytes:
    spoilt = bytearray(content)
    spoilt[bit // 8] ^= 1 << bit % 8
    return bytes(spoilt)


@pytest.mark.parametrize("damage", [*DAMAGES, "gone", "a folder"])
@pytest.mark.parametrize(("whose", "name"), FILES)
def test_a_damaged_file_is_named_with_the_command_that_makes_it_anew(
    whose: str, name: str, damage: str, folder: Path
) -> None:
    file = folder / name
    content = file.read_bytes()
    file.unlink()
    try:
        if damage == "a folder":
            file.mkdir()
        elif damage != "gone":
            file.write_bytes(DAMAGES[damage](content))
        assert name in refusal(whose, folder)
    finally:
        file.rmdir() if damage == "a folder" else file.unlink(missing_ok=True)
        file.write_bytes(content)


@pytest.mark.parametrize(("whose", "name"), FILES)
def test_no_bit_can_be_flipped_unnoticed(whose: str, name: str, folder: Path, long: bool) -> None:
    file, chance = folder / name, random.Random(name)
    content = file.read_bytes()
    try:
        for _ in range(200 if long else 5):
            file.write_bytes(flipped(content, chance.randrange(8 * len(content))))
            if name in MANIFESTS.values() and means_the_same(content, file):
                OPEN[whose](folder)
            else:
                assert name in refusal(whose, folder)
    finally:
        file.write_bytes(content)
    OPEN[whose](folder)


def means_the_same(content: bytes, file: Path) -> bool:
    """Whether a manifest has the same fields all the same: the bit was in white space."""
    try:
        then, now = json.loads(content), json.loads(file.read_bytes())
    except ValueError:
        return False
    return bool(now == then)


class Trap:
    """Makes a folder where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def pickles(trap: Trap, folder: Path) -> dict[str, bytes]:
    """Files that run the trap in a reader that unpickles: plain, as an array of objects, as an archive of such."""
    objects = np.array([trap], dtype=object)
    np.save(folder / "one.npy", objects, allow_pickle=True)
    np.savez(folder / "many.npz", objects=objects)
    contents = {name: (folder / name).read_bytes() for name in ("one.npy", "many.npz")}
    return {"plain": pickle.dumps(trap), **contents}


def test_the_trap_would_spring(tmp_path: Path) -> None:
    pickle.loads(pickles(Trap(tmp_path / "sprung"), tmp_path)["plain"])  # noqa: S301 - it is ours
    assert (tmp_path / "sprung").is_dir()
    with pytest.raises(FileExistsError):
        np.load(tmp_path / "one.npy", allow_pickle=True)


@pytest.mark.parametrize("kind", ["plain", "one.npy", "many.npz"])
@pytest.mark.parametrize(("whose", "name"), FILES)
def test_a_pickle_in_its_place_is_refused_unexecuted(
    whose: str, name: str, kind: str, folder: Path, tmp_path: Path
) -> None:
    trap = Trap(tmp_path / "sprung")
    manifest, file = folder / MANIFESTS[whose], folder / name
    before = {path: path.read_bytes() for path in (manifest, file)}
    try:
        file.write_bytes(pickles(trap, tmp_path)[kind])
        if name not in MANIFESTS.values():
            relist(whose, folder)  # or its hash alone would be the reason
        assert name in refusal(whose, folder)
        assert not trap.path.exists()
    finally:
        for path, content in before.items():
            path.write_bytes(content)


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin", "tokenizer.json"])
@pytest.mark.parametrize("kind", ["plain", "one.npy", "many.npz"])
def test_a_pickle_in_an_encoders_folder_is_refused_unexecuted(
    name: str, kind: str, spec: EncoderSpec, tmp_path: Path
) -> None:
    trap = Trap(tmp_path / "sprung")
    encoder = tmp_path / "encoder"
    encoder.mkdir()
    for file in Path(spec.source).iterdir():
        if name != "pytorch_model.bin" or file.suffix != ".safetensors":
            (encoder / file.name).symlink_to(file)
    (encoder / name).unlink(missing_ok=True)
    (encoder / name).write_bytes(pickles(trap, tmp_path)[kind])
    with pytest.raises(SphereError, match=r"encoder.* (could not be loaded|holds no \*.safetensors)"):
        Encoder.load(find_encoder(str(encoder)))
    assert not trap.path.exists()


@pytest.mark.parametrize("whose", ["cache", "head"])
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"format_version": 3}, "has format version 3, expected 2"),
        ({"groups": ["math", "physics"]}, "has the groups ['math', 'physics'], expected ['physics', 'math', 'cs'"),
        ({"files": {}}, "does not list"),
        ({"identity": {"encoder": "x"}}, ""),
    ],
)
def test_a_manifest_of_another_make_is_refused(whose: str, fields: dict[str, Any], words: str, copy: Path) -> None:
    relist(whose, copy, **fields)
    assert f"{MANIFESTS[whose]} {words}" in refusal(whose, copy)


@pytest.mark.parametrize("field", ["views", "store", "dim", "copies", "recipe", "trained", "categories", "n_articles"])
def test_a_manifest_that_lacks_something_is_refused(field: str, copy: Path) -> None:
    whose = "cache" if field in ("views", "store", "dim", "copies") else "head"
    path = copy / MANIFESTS[whose]
    manifest = json.loads(path.read_bytes())
    del manifest[field]
    path.write_text(json.dumps(with_checksum(manifest)))
    assert f"{path.name} does not fit" in refusal(whose, copy)


ARRAY_NAMES = [name for _, name in FILES if name.endswith(".npy")]


@pytest.mark.parametrize("name", ARRAY_NAMES)
def test_an_array_of_another_shape_or_type_is_refused(name: str, copy: Path) -> None:
    array = np.load(copy / name)
    for other in (array[1:], array[..., None], array.astype(np.float64), array[..., :3] if array.ndim == 2 else None):
        if other is not None:
            np.save(copy / name, other)
            relist("cache", copy)
            assert f"{name} has the shape" in refusal("cache", copy)


@pytest.mark.parametrize(
    ("whose", "name", "arrays"),
    [
        ("head", "ood.safetensors", {"mean": (100,), "whitening": (100, 100)}),
        ("head", "ood.safetensors", {"mean": (16,), "whitening": (16, 100)}),
        ("head", "ood.safetensors", {"mean": (16,)}),
        ("head", "projection.safetensors", {"matrix": (100, 2), "low": (2,), "high": (2,)}),
        ("head", "projection.safetensors", {"nothing": (1,)}),
        ("head", "head.safetensors", {"heads.0.shift": (100,)}),
        ("head", "tfidf.safetensors", {"term_weights": (3,), "weights": (3, 8), "bias": (8,)}),
    ],
)
def test_parts_of_another_dimension_are_refused(
    whose: str, name: str, arrays: dict[str, tuple[int, ...]], copy: Path
) -> None:
    ones = {key: np.ones(shape, np.float32) for key, shape in arrays.items()}
    (copy / name).write_bytes(as_safetensors(ones))
    relist(whose, copy)
    refusal(whose, copy)


def test_lists_of_other_lengths_are_refused(copy: Path) -> None:
    articles = read_json(copy / "articles.json.xz", "")
    (copy / "articles.json.xz").write_bytes(as_json_xz(articles | {"dates": articles["dates"][1:]}))
    relist("cache", copy)
    assert "articles.json.xz does not have 288 dates" in refusal("cache", copy)


@pytest.mark.parametrize(
    ("identity", "words"),
    [
        ({"weights_sha256": "0" * 64}, "was trained with other weights than tiny has here"),
        ({"tokenizer_sha256": "0" * 64}, "was trained with another tokenizer than tiny has here"),
        ({"pooling": "cls+mean"}, "expects 16 numbers an article, tiny gives 32"),
    ],
)
def test_a_head_of_another_encoder_is_refused(
    identity: dict[str, str], words: str, spec: EncoderSpec, copy: Path
) -> None:
    relist("head", copy, identity=json.loads((copy / "head.json").read_bytes())["identity"] | identity)
    with pytest.raises(SphereError, match=words) as caught:
        Classifier.load(spec.source, copy.parent)
    hint = f"embed.py CORPUS --encoder {spec.source} --overwrite`, then `python head.py train --encoder {spec.source}`"
    assert hint in str(caught.value)


def test_what_a_later_version_made_is_not_overwritten_unasked(copy: Path, spec: EncoderSpec, corpus: Corpus) -> None:
    relist("cache", copy, format_version=3)
    before = (copy / "both.npy").read_bytes()
    with pytest.raises(SphereError, match="has format version 3, expected 2: add --overwrite"):
        embed_corpus(corpus, replace(spec, max_length=64), copy, log=lambda sentence: None)
    assert (copy / "both.npy").read_bytes() == before


@pytest.mark.parametrize(
    ("command", "name", "words"),
    [
        ("evaluate", "title.npy", HINTS["cache"]),
        ("train", "articles.json.xz", HINTS["cache"]),
        ("predict", "ood.safetensors", HINTS["head"]),
    ],
)
def test_the_command_line_has_one_sentence(command: str, name: str, words: str, spec: EncoderSpec, copy: Path) -> None:
    (copy / name).write_bytes(flipped((copy / name).read_bytes(), 2000))
    corpus = write_corpus(copy.parent / "corpus.jsonl", 8)
    more = [corpus, "--out", copy.parent / "answers.csv"] if command == "predict" else []
    run = Run(
        "head", [command, *more, "--encoder", spec.source, "--artifacts", copy.parent], copy.parent / "log"
    ).start()
    assert run.end() == 2
    assert run.sentence == run.said.strip()
    assert run.sentence.startswith("head.py: ") and name in run.sentence and words in run.sentence
