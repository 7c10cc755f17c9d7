"""A title, an abstract, or both, through the shipped encoder and head."""

import json
import shutil
from pathlib import Path

import pytest
from places import SHIPPED

from spheres.data.taxonomy import GROUPS
from spheres.errors import SphereError
from spheres.files.manifest import with_checksum
from spheres.inference.classifier import Classification, Classifier

TITLE = "Deciding reachability in pushdown systems with counters"
ABSTRACT = "We show that reachability is decidable in exponential space and give an algorithm for model checkers."


@pytest.mark.parametrize(("title", "abstract"), [(TITLE, ""), ("", ABSTRACT), (TITLE, ABSTRACT)])
def test_either_part_is_enough(title: str, abstract: str, classifier: Classifier) -> None:
    answer = classifier.classify(title, abstract)
    assert answer.ranked()[0][0] == "cs"
    assert sum(answer.probabilities) == pytest.approx(1)
    assert len(answer.probabilities) == len(GROUPS)
    assert answer.n_tokens == answer.n_tokens_read > 0


@pytest.mark.parametrize(("title", "abstract"), [("", ""), (" \n", "\t"), ("\u2003", "")])
def test_nothing_to_classify_is_one_sentence(title: str, abstract: str, classifier: Classifier) -> None:
    with pytest.raises(SphereError, match="paste a title, an abstract, or both"):
        classifier.classify(title, abstract)


def test_a_long_text_is_classified_and_says_how_much_was_read(classifier: Classifier) -> None:
    answer = classifier.classify(TITLE, ABSTRACT * 40)
    assert answer.n_tokens_read == classifier.encoder.spec.max_length - 3 < answer.n_tokens
    assert answer.ranked()[0][0] == "cs"


def test_the_longest_text_is_classified_and_a_longer_one_refused(classifier: Classifier) -> None:
    assert classifier.classify("", "word " * 10_000).n_tokens == 10_000
    with pytest.raises(SphereError, match=r"50,001 characters, more than the 50,000 allowed"):
        classifier.classify("", "x" * 50_001)


@pytest.mark.parametrize("nasty", ["\ud800", "\x00\x07", "\u202e", "e" + "\u0301" * 3000, "🌳🧬", "<b>x</b>", "Борщ"])
def test_no_text_breaks_it(nasty: str, classifier: Classifier) -> None:
    assert sum(classifier.classify(f"On {nasty}", nasty).probabilities) == pytest.approx(1)


def test_together_or_alone_the_answers_are_the_same(classifier: Classifier) -> None:
    texts = [(TITLE, ""), ("", ABSTRACT), (TITLE, ABSTRACT), ("Prime gaps", "")]
    together = classifier.classify_batch(iter(texts))
    for text, answer in zip(texts, together, strict=True):
        assert classifier.classify(*text).probabilities == pytest.approx(answer.probabilities, abs=1e-3)


def test_no_articles_have_no_answers(classifier: Classifier) -> None:
    assert classifier.classify_batch([]) == []


def test_the_project_has_its_artifacts_wherever_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Classifier.load("all-MiniLM-L6-v2").n_articles > 0


def test_a_head_that_is_not_there_yet_is_named_with_the_commands_that_make_it(tmp_path: Path) -> None:
    with pytest.raises(SphereError, match=r"/distilbert-base-cased holds no head yet: run `python embed.py"):
        Classifier.load("distilbert-base-cased", tmp_path)


def test_a_rule_that_is_none_is_one_sentence() -> None:
    with pytest.raises(SphereError, match=r"The rule is 'luck': give one of coverage, sum\."):
        Classification((1.0,) + (0.0,) * 7, 1, 1).predict_set(0.9, "luck")


def test_the_chosen_spheres_are_ordered_from_most_probable() -> None:
    answer = Classification((0.1, 0.0, 0.6, 0.0, 0.0, 0.3, 0.0, 0.0), 5, 5)
    assert answer.predict_set(0.5) == ["cs"]
    assert answer.predict_set(0.95) == ["cs", "stat", "physics"]
    assert answer.ranked()[:2] == [("cs", 0.6), ("stat", 0.3)]


def test_a_head_of_other_weights_is_refused(tmp_path: Path, classifier: Classifier) -> None:
    folder = Path(shutil.copytree(SHIPPED / "all-MiniLM-L6-v2", tmp_path / "all-MiniLM-L6-v2"))
    manifest = json.loads((folder / "head.json").read_text())
    manifest["identity"]["weights_sha256"] = "0" * 64
    (folder / "head.json").write_text(json.dumps(with_checksum(manifest)))
    with pytest.raises(SphereError, match="trained with other weights"):
        Classifier.load("all-MiniLM-L6-v2", tmp_path)
