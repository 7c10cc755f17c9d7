"""Where an encoder comes from, and the error where it cannot be had."""

import json
import time
from pathlib import Path

import pytest

from spheres.encoder.encoder import Encoder
from spheres.encoder.hub import BUNDLED, DISTILBERT, fetch, find_encoder, tokenizer_sha256, weights_sha256
from spheres.errors import SphereError


def test_the_known_encoders_are_the_designs() -> None:
    assert (DISTILBERT.pooling, DISTILBERT.max_length) == ("cls", 256)
    assert (BUNDLED.pooling, BUNDLED.max_length) == ("mean", 256)
    assert find_encoder("sentence-transformers/all-MiniLM-L6-v2") == BUNDLED


def test_a_folder_is_an_encoder_named_after_it(tmp_path: Path) -> None:
    folder = tmp_path / "my-bert"
    folder.mkdir()
    spec = find_encoder(str(folder), pooling="mean", max_length=64)
    assert (spec.name, spec.source, spec.pooling, spec.max_length) == ("my-bert", str(folder), "mean", 64)
    assert fetch(spec) == folder


def test_the_bundled_weights_are_the_ones_they_claim_to_be() -> None:
    assert weights_sha256(fetch(BUNDLED)) == BUNDLED.sha256


def test_without_a_network_an_unknown_hub_id_fails_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    # a loopback port that nothing listens on stands for the Hub, so that the test is the same on every network
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    start = time.monotonic()
    with pytest.raises(SphereError) as caught:
        Encoder.load(find_encoder("nobody/no-such-encoder"))
    assert time.monotonic() - start < 5
    assert "--encoder all-MiniLM-L6-v2" in str(caught.value)
    assert "--encoder path/to/folder" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_hub_that_never_answers_is_given_up_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, says nothing
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        start = time.monotonic()
        with pytest.raises(SphereError, match="cannot be reached"):
            fetch(find_encoder("nobody/no-such-encoder"))
        assert time.monotonic() - start < 5


def test_a_download_that_was_cut_short_is_not_taken_for_the_encoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = tmp_path / "models--nobody--half-an-encoder"
    (repository / "snapshots" / "abc").mkdir(parents=True)
    (repository / "snapshots" / "abc" / "config.json").write_text("{}")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(SphereError, match="cannot be reached"):
        fetch(find_encoder("nobody/half-an-encoder"))


def test_what_is_neither_folder_nor_hub_id_is_refused() -> None:
    with pytest.raises(SphereError, match="neither a folder nor a Hugging Face Hub id"):
        fetch(find_encoder("../no/such/folder"))


def test_weights_that_could_run_code_are_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"a pickle")
    with pytest.raises(SphereError, match=r"no \*\.safetensors"):
        weights_sha256(tmp_path)


TOKENIZER = {"model": {"vocab": {"[UNK]": 0, "prime": 1}}, "normalizer": {"lowercase": True}, "truncation": None}


def with_tokenizer(folder: Path, **changes: object) -> str:
    """The hash of a folder's tokenizer after these changes of its settings."""
    (folder / "tokenizer.json").write_text(json.dumps(TOKENIZER | changes))
    return tokenizer_sha256(folder)


@pytest.mark.parametrize(
    "change", [{"model": {"vocab": {"[UNK]": 1, "prime": 0}}}, {"normalizer": {"lowercase": False}}, {"decoder": "any"}]
)
def test_a_tokenizer_that_gives_other_tokens_has_another_hash(change: dict[str, object], tmp_path: Path) -> None:
    assert with_tokenizer(tmp_path, **change) != with_tokenizer(tmp_path)


def test_how_a_tokenizer_would_cut_and_pad_does_not_count_nor_does_its_layout(tmp_path: Path) -> None:
    plain = with_tokenizer(tmp_path)
    assert with_tokenizer(tmp_path, truncation={"max_length": 128}, padding={"pad_id": 0}) == plain
    (tmp_path / "tokenizer.json").write_text(json.dumps(dict(reversed(TOKENIZER.items())), indent=2))
    assert tokenizer_sha256(tmp_path) == plain


@pytest.mark.parametrize("name", ["vocab.txt", "merges.txt", "spiece.model", "tokenizer_config.json"])
def test_without_a_tokenizer_json_the_vocabulary_and_its_settings_are_hashed(name: str, tmp_path: Path) -> None:
    nothing = tokenizer_sha256(tmp_path)
    (tmp_path / name).write_bytes(b"one")
    one = tokenizer_sha256(tmp_path)
    (tmp_path / name).write_bytes(b"other")
    assert len({nothing, one, tokenizer_sha256(tmp_path)}) == 3


@pytest.mark.parametrize("content", [b"", b"[" * 100_000, b"\xff", b"[1]"])
def test_what_is_no_tokenizer_has_a_hash_all_the_same(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_bytes(content)
    assert len(tokenizer_sha256(tmp_path)) == 64


@pytest.mark.parametrize(("pooling", "max_length"), [("max", None), (None, 2)])
def test_impossible_settings_are_refused(pooling: str | None, max_length: int | None) -> None:
    with pytest.raises(SphereError):
        find_encoder("all-MiniLM-L6-v2", pooling, max_length)
