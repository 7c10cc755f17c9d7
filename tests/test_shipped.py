"""What is shipped: small, whole, and as good as the README says, on articles that training never saw."""

import json
import subprocess
from collections.abc import Callable

from places import SHIPPED

from spheres.cache import open_cache
from spheres.classifier import Classifier
from spheres.split import split_rows

FOLDER = SHIPPED / "all-MiniLM-L6-v2"


def test_the_cache_holds_the_whole_corpus() -> None:
    cache = open_cache(FOLDER)
    assert len(cache.ids) == len(set(cache.ids)) == 39_782
    assert cache.manifest["corpus"]["name"] == "arxiv-spheres.jsonl.xz"


def test_no_split_shares_an_article_with_another() -> None:
    rows = split_rows(open_cache(FOLDER).ids)
    assert sorted(row for part in rows.values() for row in part.tolist()) == list(range(39_782))
    assert len(rows["train"]) > 25_000 and len(rows["test"]) > 4_500


def test_it_is_as_good_on_unseen_articles_as_promised(
    run_script: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    result = run_script("head.py", "evaluate", "--encoder", "all-MiniLM-L6-v2", "--json")
    figures = json.loads(result.stdout)["both"]["figures"]
    assert figures["heaviest_is_top"]["value"] >= 0.82
    assert figures["kl"]["value"] <= 0.50


def test_the_head_belongs_to_the_cache(classifier: Classifier) -> None:
    assert classifier.trained.identity == open_cache(FOLDER).identity


def test_the_artifacts_stay_small_and_hold_safe_formats_only() -> None:
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 40e6
    assert {path.suffix for path in files} <= {".npy", ".json", ".safetensors", ".png", ".md"}
