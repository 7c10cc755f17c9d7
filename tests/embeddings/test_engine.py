"""Shards are read once each, and the local engine gives the encoder's vectors and the TF-IDF model's scores of them."""

from pathlib import Path

import numpy as np
import pytest
from made_up import articles, write_corpus
from tiny_cache import TFIDF
from tiny_encoder import make_encoder

from spheres.data.corpus import Corpus
from spheres.data.text import Text
from spheres.embeddings.engine import LocalEngine, check_engine
from spheres.embeddings.out_of_fold import OutOfFoldTfidf
from spheres.embeddings.shards import Shards
from spheres.encoder.encoder import Encoder
from spheres.errors import SphereError

N, SHARD = 24, 10
TEXTS = [Text(record["title"], record["abstract"]) for record in articles(N)]
FOLDS = np.array([row % 3 - 1 for row in range(N)], np.int8)
OUT_OF_FOLD = OutOfFoldTfidf(TFIDF, {1: type(TFIDF)(TFIDF.terms, TFIDF.term_weights, -TFIDF.weights, TFIDF.bias + 1)})


@pytest.fixture
def shards(tmp_path: Path) -> Shards:
    """Whole articles, and the title of every second one; two of three shards are wanted."""
    rows = {"both": np.arange(N), "title": np.arange(1, N, 2)}
    return Shards(Corpus(write_corpus(tmp_path / "c.jsonl", N)), rows, FOLDS, SHARD, frozenset({0, 2}), OUT_OF_FOLD)


def test_only_the_wanted_shards_are_read(shards: Shards) -> None:
    assert list(shards.read()) == [(0, TEXTS[:10]), (2, TEXTS[20:])]
    assert list(Shards(Corpus(Path("nowhere")), {}, FOLDS, SHARD, frozenset(), OUT_OF_FOLD).read()) == []


def test_a_shard_holds_the_texts_of_all_its_views(shards: Shards) -> None:
    texts, folds = shards.texts(2, TEXTS[20:])
    assert texts == [*TEXTS[20:], Text(TEXTS[21].title, ""), Text(TEXTS[23].title, "")]
    assert folds.tolist() == FOLDS[[20, 21, 22, 23, 21, 23]].tolist()
    assert [shards.n_texts(number) for number in range(3)] == [15, 15, 6]
    assert (shards.span("title", 1), shards.span("title", 2)) == (slice(5, 10), slice(10, 12))


def test_the_local_engine_gives_vectors_and_out_of_fold_scores(shards: Shards, tmp_path: Path) -> None:
    encoder, done = Encoder.load(make_encoder(tmp_path / "tiny"), "fp32"), []
    for embedded in LocalEngine(encoder).run(shards, done.append):
        texts, folds = shards.texts(embedded.number, TEXTS[embedded.number * SHARD :][:SHARD])
        assert (embedded.vectors == encoder.encode(encoder.tokenize(texts))).all()
        models = [OUT_OF_FOLD.held_out.get(int(fold), TFIDF) for fold in folds]
        expected = [model.scores([text])[0] for model, text in zip(models, texts, strict=True)]
        assert (embedded.scores == np.array(expected)).all()
    assert sum(done) == 15 + 6


def test_an_engine_that_nobody_knows_is_refused() -> None:
    with pytest.raises(SphereError, match="engine 'spark' is unknown: give one of local, ray"):
        check_engine("spark")
