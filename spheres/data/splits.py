"""Train, validation, calibration and test split of articles, fixed by their ids, the same for ever.

An article's split is a hash of its id without the version, so it depends on nothing else: not on the corpus it came
with, its order, or a seed. Two corpora that share an article agree on its split.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spheres.data.arxiv_id import base_id

# Shares of the articles, in the order in which the unit interval is divided: they train the head, choose its settings,
# calibrate its probabilities and sets, and measure it.
SHARES = {"train": 0.80, "validation": 0.05, "calibration": 0.075, "test": 0.075}


def _digest(id: str) -> bytes:
    return hashlib.sha256(base_id(id).encode("utf-8", "replace")).digest()


def fold_of(id: str, n_folds: int) -> int:
    """Which of `n_folds` equal parts of its split an article falls to; independent of the split.

    >>> sorted({fold_of(f"2001.{i:05}", 3) for i in range(100)})
    [0, 1, 2]
    """
    return int.from_bytes(_digest(id)[8:16], "big") % n_folds


def split_of(id: str) -> str:
    """The split of the article with this id.

    >>> split_of("1706.03762v1") == split_of("1706.03762v7")
    True
    """
    position = int.from_bytes(_digest(id)[:8], "big") / 2**64
    edge = 0.0
    for name, share in SHARES.items():
        edge += share
        if position < edge:
            return name
    return "test"


def split_rows(ids: Sequence[str]) -> dict[str, NDArray[np.intp]]:
    """Split -> (n,) intp row numbers of its articles, ascending."""
    names = np.array([split_of(id) for id in ids])
    return {name: np.flatnonzero(names == name) for name in SHARES}
