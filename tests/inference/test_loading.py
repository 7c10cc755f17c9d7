"""A page that is served while what answers is still being loaded: what it knows at once, and who waits for how long."""

import json
import shutil
import threading
from pathlib import Path

import pytest
from places import SHIPPED

from spheres.data.text import Text
from spheres.errors import SphereError
from spheres.files.manifest import with_checksum
from spheres.inference.classifier import Classifier
from spheres.inference.loading import PendingClassifier, PendingNeighbors, load
from spheres.inference.neighbors import NeighborIndex
from spheres.inference.service import Service
from spheres.model.prior import EQUAL

NAME = "all-MiniLM-L6-v2"
TEXT = Text("Prime gaps and the zeros of L-functions", "We bound gaps between primes.")


def copy_head(artifacts: Path) -> Path:
    """The shipped head without its cache."""
    folder = Path(shutil.copytree(SHIPPED / NAME, artifacts / NAME, ignore=shutil.ignore_patterns("*.npy", "*.xz")))
    (folder / "manifest.json").unlink()
    return folder


def test_what_a_page_shows_before_it_is_asked_is_that_of_the_loaded_parts(
    classifier: Classifier, neighbors: NeighborIndex
) -> None:
    pending = PendingClassifier(NAME, SHIPPED)
    for fact in ("name", "n_articles", "codes", "cross_listed", "measured"):
        assert getattr(pending, fact) == getattr(classifier, fact)
    assert pending.measured.at("title", "sum", 0.95, EQUAL)
    found = PendingNeighbors.find(pending.folder)
    assert found and found.n_articles == neighbors.n_articles


def test_a_question_asked_before_all_is_loaded_waits_and_is_answered(
    classifier: Classifier, neighbors: NeighborIndex
) -> None:
    pending = PendingClassifier(NAME, SHIPPED)
    waiting = PendingNeighbors.find(pending.folder)
    service, answered = Service(pending, waiting), []
    visitor = threading.Thread(target=lambda: answered.append(service.classify(TEXT)))
    visitor.start()
    visitor.join(0.2)
    assert visitor.is_alive() and not answered
    load(pending, waiting)
    visitor.join(30)
    (expected,) = classifier.classify_many([TEXT])
    assert answered[0].probabilities == pytest.approx(expected.probabilities, abs=1e-5)
    assert waiting and waiting.nearest(expected.vector) == neighbors.nearest(expected.vector)
    assert waiting.map_position(expected.vector) == neighbors.map_position(expected.vector)
    assert waiting.group_centers == neighbors.group_centers


def test_where_loading_fails_whoever_waits_is_told_why(tmp_path: Path) -> None:
    folder = copy_head(tmp_path)
    manifest = json.loads((folder / "head.json").read_text())
    manifest["identity"]["weights_sha256"] = "0" * 64
    (folder / "head.json").write_text(json.dumps(with_checksum(manifest)))
    pending = PendingClassifier(NAME, tmp_path)
    assert PendingNeighbors.find(pending.folder) is None
    with pytest.raises(SphereError, match="trained with other weights"):
        load(pending, None)
    with pytest.raises(SphereError, match="trained with other weights"):
        Service(pending).classify(TEXT)


@pytest.mark.parametrize("file", ["head.json", "head.safetensors", "tfidf.json"])
def test_a_damaged_head_is_refused_before_the_page_is_served(file: str, tmp_path: Path) -> None:
    path = copy_head(tmp_path) / file
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(SphereError, match=f"{file}.*python head.py train"):
        PendingClassifier(NAME, tmp_path)


def test_a_page_is_served_whole_before_torch_is_imported(run_script) -> None:
    code = """
import sys, httpx
from spheres.inference.loading import PendingClassifier, PendingNeighbors
from spheres.inference.service import Service
from spheres.model.head_files import ARTIFACTS
from spheres.server.address import free_address
from spheres.server.launch import serve
from spheres.web.page import build_page, site
classifier = PendingClassifier(None, ARTIFACTS)
page = build_page(Service(classifier, PendingNeighbors.find(classifier.folder)))
url = serve(page, free_address("127.0.0.1", 0), site())
got = httpx.get(url, trust_env=False)
heavy = {"torch", "transformers", "sklearn", "scipy", "matplotlib", "ray", "openpyxl"}
print(got.status_code, got.text.rstrip()[-7:], sorted(heavy & set(sys.modules)))
"""
    said = run_script("-c", code)
    assert said.stdout.splitlines()[-1:] == ["200 </html> []"], said.stderr
