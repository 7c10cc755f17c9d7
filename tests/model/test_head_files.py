"""Which head is meant, and the sentence where there is none."""

from pathlib import Path

import pytest

from spheres.errors import SphereError
from spheres.model.head_files import default_encoder, find_head


def add_head(artifacts: Path, encoder: str) -> Path:
    folder = artifacts / encoder
    folder.mkdir(parents=True)
    (folder / "head.json").touch()
    return folder


def test_without_a_name_the_bundled_encoder_is_taken_until_distilbert_has_a_head(tmp_path: Path) -> None:
    assert default_encoder(tmp_path) == "all-MiniLM-L6-v2"
    add_head(tmp_path, "distilbert-base-cased")
    assert default_encoder(tmp_path) == "distilbert-base-cased"


def test_a_hub_id_finds_the_head_in_its_folder(tmp_path: Path) -> None:
    folder = add_head(tmp_path, "allenai--scibert_scivocab_cased")
    assert find_head("allenai/scibert_scivocab_cased", tmp_path)[1] == folder


def test_an_encoder_that_may_exist_is_told_which_commands_make_its_head(tmp_path: Path) -> None:
    for encoder in ("distilbert-base-cased", "nobody/nothing", str(tmp_path)):
        with pytest.raises(SphereError, match=f"holds no head yet: run `python embed.py CORPUS --encoder {encoder}`"):
            find_head(encoder, tmp_path)


def test_a_name_that_is_no_encoder_is_told_which_there_are(tmp_path: Path) -> None:
    with pytest.raises(SphereError, match=r"There is no encoder 'nosuch': .* holds none yet"):
        find_head("nosuch", tmp_path)
    add_head(tmp_path, "tiny")
    add_head(tmp_path, "all-MiniLM-L6-v2")
    with pytest.raises(SphereError, match=r"There is no encoder 'nosuch': .* \(all-MiniLM-L6-v2, tiny\)"):
        find_head("nosuch", tmp_path)
