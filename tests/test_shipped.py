"""What is shipped: small, whole, and as good as the README says, on articles that training never saw."""

import json

import numpy as np
import pytest
from made_up import articles
from places import ROOT, SHIPPED

from spheres.embeddings.cache import Cache
from spheres.encoder.encoder import Encoder
from spheres.inference.classifier import Classifier
from spheres.model.bundle import Bundle
from spheres.model.evaluate import predictions
from spheres.model.metrics import summary
from spheres.model.prior import ARXIV, EQUAL

FOLDER = SHIPPED / "all-MiniLM-L6-v2"


def test_the_cache_holds_the_whole_corpus(shipped_cache: Cache) -> None:
    assert len(shipped_cache.ids) == len(set(shipped_cache.ids)) == 124_696
    assert shipped_cache.manifest["corpus"]["name"] == "arxiv-spheres-large.jsonl.xz"


def test_no_split_shares_an_article_with_another(shipped_cache: Cache) -> None:
    rows = shipped_cache.split
    assert sorted(row for part in rows.values() for row in part.tolist()) == list(range(124_696))
    assert len(rows["train"]) > 99_000 and len(rows["test"]) > 9_000


def test_it_is_as_good_on_unseen_articles_as_promised_and_as_the_report_says(
    shipped_cache: Cache, classifier: Classifier
) -> None:
    reported = json.loads((FOLDER / "report" / "figures.json").read_text())["test"]["shipped"]
    for prior, primary_is_top in ((ARXIV, 0.86), (EQUAL, 0.84)):
        rows, log_p = predictions(shipped_cache, classifier.bundle, "test", "both", prior)
        primary = shipped_cache.primary[rows]
        found = summary(log_p, shipped_cache.targets[rows], primary, prior.weights(primary))
        assert found["top1_primary"] >= primary_is_top
        for name, value in found.items():
            assert reported[prior.name]["both"]["figures"][name]["value"] == pytest.approx(value, abs=0.005)


def test_the_head_belongs_to_the_cache(shipped_cache: Cache, classifier: Classifier) -> None:
    assert classifier.bundle.identity == shipped_cache.identity


def test_the_artifacts_stay_small_and_hold_safe_formats_only() -> None:
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 90e6
    assert {path.suffix for path in files} <= {".npy", ".json", ".xz", ".safetensors", ".png", ".md"}


def test_the_shipped_head_gives_a_hundred_made_up_articles_the_probabilities_it_always_gave(encoder: Encoder) -> None:
    """In fp32, which every processor computes alike; titles and abstracts in turn with one of the two alone."""
    texts = [
        (article["title"] if i % 3 != 2 else "", article["abstract"] if i % 3 != 1 else "")
        for i, article in enumerate(articles(100))
    ]
    answers = Classifier(encoder, Bundle.load(FOLDER)).classify_many(texts)
    recorded = json.loads((ROOT / "tests" / "shipped_probabilities.json").read_text())
    np.testing.assert_allclose([answer.probabilities for answer in answers], recorded, atol=1e-4)
