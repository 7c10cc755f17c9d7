"""Texts unlike the training articles are detected; articles are not."""

import json
from pathlib import Path

import numpy as np
import pytest

from spheres.embeddings.cache import Cache
from spheres.embeddings.vectors import l2_normalize
from spheres.inference.classifier import Classifier
from spheres.model.ood import fit_ood
from spheres.web.examples import EXAMPLES

HERE = Path(__file__).parents[1]


def caught(name: str, classifier: Classifier) -> tuple[int, int, list[str]]:
    texts = [json.loads(line) for line in (HERE / name).read_text().splitlines()]
    answers = classifier.classify_many([(t["title"], t["abstract"]) for t in texts])
    missed = [t["title"] or t["abstract"] for t, a in zip(texts, answers, strict=True) if not a.out_of_distribution]
    return len(texts) - len(missed), len(texts), missed


@pytest.mark.parametrize("name", ["unfamiliar.jsonl", "unfamiliar_fresh.jsonl"])
def test_at_least_nine_of_ten_texts_of_other_kinds_are_caught(name: str, classifier: Classifier) -> None:
    """The first file was looked at while the distance was chosen; the second was written after that."""
    n, of, missed = caught(name, classifier)
    assert of == (60 if name == "unfamiliar.jsonl" else 30)
    assert n >= 0.9 * of, missed


@pytest.mark.parametrize("view", ["both", "title", "abstract"])
def test_about_one_held_out_article_in_a_hundred_is_a_false_alarm(
    view: str, shipped_cache: Cache, classifier: Classifier
) -> None:
    _, vectors, _ = shipped_cache.views[view].of(shipped_cache.split["test"])
    ood = classifier.bundle.ood
    assert (ood.distances(vectors) > ood.thresholds[view]).mean() < 0.02


def test_the_pages_examples_are_in_distribution(classifier: Classifier) -> None:
    answers = classifier.classify_many([(e.title, e.abstract) for e in EXAMPLES])
    assert not any(answer.out_of_distribution for answer in answers)


def test_text_in_other_scripts_is_answered_with_the_note_and_never_refused(classifier: Classifier) -> None:
    answer = classifier.classify("Завтра обещают дождь и сильный ветер", "")
    assert answer.out_of_distribution
    assert sum(answer.probabilities) == pytest.approx(1)


def test_a_distance_counts_directions_by_how_much_articles_scatter_in_them() -> None:
    random = np.random.default_rng(0)
    scatter = np.array([5.0, 0.1, 0.1, 0.1])
    vectors = l2_normalize(np.array([10.0, 10.0, 0, 0]) + random.normal(size=(3000, 4)) * scatter[[1, 1, 0, 1]])
    fitted = fit_ood(vectors, {"both": vectors})
    assert (fitted.distances(vectors) > fitted.thresholds["both"]).mean() == pytest.approx(0.01, abs=0.002)
    along_and_across = l2_normalize(np.array([[10.0, 10.0, 5.0, 0.0], [10.0, 10.0, 0.0, 5.0]]))
    assert fitted.is_ood(along_and_across, "both").tolist() == [False, True]
