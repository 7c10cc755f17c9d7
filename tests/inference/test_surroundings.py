"""What lies around an article in the cache that the project ships."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from places import SHIPPED

from spheres.data.taxonomy import GROUPS, primary_group
from spheres.errors import SphereError
from spheres.inference.classifier import Classification, Classifier
from spheres.inference.neighbors import N_NEAREST
from spheres.inference.surroundings import Surroundings

TEXTS = {  # of our own
    "physics": (
        "Evaporation of charged black holes near extremality",
        "We compute the Hawking radiation of a nearly extremal black hole and follow its mass to late times.",
    ),
    "math": ("Torsion points of elliptic curves", "We bound the torsion of an elliptic curve over a cubic field."),
    "q-bio": ("Flocks of mutations", "A model of virus lineages that compete for hosts under seasonal immunity."),
    "q-fin": (
        "Smiles with jumps",
        "We price options under stochastic volatility with jumps and fit implied volatility.",
    ),
}


@pytest.fixture(scope="module")
def answers(classifier: Classifier) -> dict[str, Classification]:
    return dict(zip(TEXTS, classifier.classify_many(list(TEXTS.values())), strict=True))


@pytest.mark.parametrize("group", TEXTS)
def test_around_an_article_are_mostly_those_of_its_field(
    group: str, answers: dict[str, Classification], surroundings: Surroundings
) -> None:
    nearest = surroundings.nearest(answers[group])
    assert len(nearest) == N_NEAREST
    assert [surroundings.group_of(neighbour) for neighbour in nearest].count(group) >= 7
    similarities = [neighbour.similarity for neighbour in nearest]
    assert similarities == sorted(similarities, reverse=True) and similarities[0] > 0.5
    assert all(neighbour.link and neighbour.date and not neighbour.title for neighbour in nearest)


@pytest.mark.parametrize("group", TEXTS)
def test_an_article_stands_nearest_to_its_fields_name(
    group: str, answers: dict[str, Classification], surroundings: Surroundings
) -> None:
    x, y = surroundings.place(answers[group])
    assert 0 <= x <= 1 and 0 <= y <= 1
    apart = {name: np.hypot(x - at[0], y - at[1]) for name, at in surroundings.middles.items()}
    assert min(apart, key=apart.__getitem__) == group


def test_the_group_of_a_neighbour_is_the_one_of_its_first_category(
    answers: dict[str, Classification], surroundings: Surroundings
) -> None:
    for answer in answers.values():
        for neighbour in surroundings.nearest(answer):
            assert surroundings.group_of(neighbour) == primary_group(neighbour.categories.split())


def test_neighbours_stand_on_the_map_where_their_own_vectors_land(
    answers: dict[str, Classification], surroundings: Surroundings
) -> None:
    nearest = surroundings.nearest(answers["physics"])
    own = [replace(answers["physics"], vector=surroundings.neighbours.vectors[n.row]) for n in nearest]
    by_hand = [surroundings.place(classification) for classification in own]
    assert np.array(surroundings.places_of(nearest)) == pytest.approx(np.array(by_hand), abs=1e-5)
    assert surroundings.places_of([]) == []


def test_all_articles_and_all_groups_are_there(surroundings: Surroundings, classifier: Classifier) -> None:
    assert (
        surroundings.n_articles == json.loads((SHIPPED / classifier.name / "manifest.json").read_text())["n_articles"]
    )
    assert tuple(surroundings.middles) == GROUPS
    assert surroundings.picture is surroundings.picture  # drawn once


def test_a_classification_without_its_vector_has_no_surroundings(surroundings: Surroundings) -> None:
    bare = Classification((0.125,) * 8, 1, 1)
    for ask in (surroundings.nearest, surroundings.place):
        with pytest.raises(ValueError, match="does not know its vector"):
            ask(bare)


def test_without_a_cache_there_are_none(tmp_path: Path, classifier: Classifier) -> None:
    assert Surroundings.open(tmp_path / "gone", classifier.bundle) is None
    folder = tmp_path / classifier.name  # a head alone, as one may copy it
    folder.mkdir()
    for name in ("head.json", "head.safetensors", "projection.safetensors", "ood.safetensors"):
        shutil.copy(SHIPPED / classifier.name / name, folder)
    assert Surroundings.open(folder, classifier.bundle) is None


@pytest.mark.parametrize(
    "other",
    [
        {"weights_sha256": "0" * 64},
        {"tokenizer_sha256": "0" * 64},
        {"encoder": "another"},
        {"pooling": "cls"},
        {"corpus_sha256": "0" * 64},
    ],
)
def test_a_cache_that_is_not_the_heads_own_is_refused(other: dict[str, str], classifier: Classifier) -> None:
    other_bundle = replace(classifier.bundle, identity=replace(classifier.bundle.identity, **other))
    with pytest.raises(SphereError, match=r"trained on other embeddings than those in .*: run `python head.py train"):
        Surroundings.open(SHIPPED / classifier.name, other_bundle)


def test_a_damaged_cache_is_named(tmp_path: Path, classifier: Classifier) -> None:
    folder = Path(shutil.copytree(SHIPPED / classifier.name, tmp_path / classifier.name))
    (folder / "primary.npy").write_bytes(b"")
    with pytest.raises(SphereError, match=r"primary.npy is not what manifest.json says"):
        Surroundings.open(folder, classifier.bundle)


def test_titles_come_from_the_corpus_that_was_embedded(
    tmp_path: Path, classifier: Classifier, answers: dict[str, Classification], surroundings: Surroundings
) -> None:
    first, second, *_ = surroundings.nearest(answers["math"])
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text(json.dumps({"id": first.id, "title": "Known by title"}) + "\n")
    titled = Surroundings.open(SHIPPED / classifier.name, classifier.bundle, corpus)
    assert titled is not None
    found = titled.nearest(answers["math"])
    assert [(n.id, n.title) for n in found[:2]] == [(first.id, "Known by title"), (second.id, "")]
    corpus.write_text(json.dumps({"id": "1", "title": "Another"}) + "\n")
    with pytest.raises(SphereError, match=r"corpus.jsonl holds none of the"):
        Surroundings.open(SHIPPED / classifier.name, classifier.bundle, corpus)
