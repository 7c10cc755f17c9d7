"""What bf16 and int8 storage change: the test articles' vectors against fp32, and the shipped head's figures on them.

    python -m benchmarks precision --corpus FILE      # three minutes on two cores

The head was trained on the shipped vectors, computed in bf16 and kept in int8; it reads the others as they are.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.articles import corpus_file
from benchmarks.comparison import least_cosine
from benchmarks.table import Table
from spheres.data.corpus import Corpus
from spheres.data.text import Text
from spheres.embeddings.cache import open_cache
from spheres.embeddings.vectors import l2_normalize
from spheres.encoder.encoder import Encoder
from spheres.encoder.hub import BUNDLED
from spheres.model.bundle import Bundle
from spheres.model.head_files import ARTIFACTS
from spheres.model.metrics import kl_divergence
from spheres.model.prior import EQUAL
from spheres.model.recipe import build_features

MOVES = 0.2  # points that a figure may move by
EVERY, QUICK = 3, 40  # so many-th test article


def run(corpus: Path | None, quick: bool) -> Table:
    cache = open_cache(ARTIFACTS / BUNDLED.name)
    bundle = Bundle.load(cache.folder)
    rows = cache.split["test"][:: QUICK if quick else EVERY]
    texts = texts_of(corpus_file(corpus), [cache.ids[row] for row in rows])
    _, stored, scores = cache.views["both"].of(rows)
    precise = embed("fp32", texts)
    vectors = {"fp32": precise, "bf16": embed("bf16", texts), "the shipped ones: bf16, kept in int8": stored}

    table = Table("precision", ("least cosine with fp32", "primary is top, %", "KL, nats", "answers that differ, %"))
    tops: dict[str, NDArray[np.intp]] = {}
    shares: dict[str, float] = {}
    for name, found in vectors.items():
        answers = bundle.log_probabilities(build_features(found, scores), "both", EQUAL)
        tops[name] = answers.argmax(axis=1)
        shares[name] = 100 * float((tops[name] == cache.primary[rows]).mean())
        kl = float(kl_divergence(answers, cache.targets[rows]).mean())
        differ = 100 * float((tops[name] != tops["fp32"]).mean())
        table.add(name, f"{least_cosine(found, precise):.6f}", f"{shares[name]:.2f}", f"{kl:.4f}", f"{differ:.2f}")
    moved = max(abs(share - shares["fp32"]) for share in shares.values())
    table.ratios["0.2 points over what a figure moves by"] = MOVES / max(moved, 0.01)
    table.notes.append(
        f"{len(rows):,} test articles of equally frequent groups, title and abstract. "
        f"Asked: at most {MOVES} points, cosine 0.999."
    )
    return table


def embed(precision: str, texts: list[Text]) -> NDArray[np.float32]:
    """(n_texts, dim) unit vectors."""
    encoder = Encoder.load(BUNDLED, precision)
    return l2_normalize(encoder.encode(encoder.tokenize(texts)))


def texts_of(corpus: Path, ids: list[str]) -> list[Text]:
    """(title, abstract) of these articles, in this order."""
    wanted = set(ids)
    texts = {a.id: a.text for a in Corpus(corpus) if a.id in wanted}
    return [texts[id] for id in ids]
