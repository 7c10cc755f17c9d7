"""Which groups to show: the most probable, until their probabilities add up to the threshold.

>>> prediction_set([0.5, 0.1, 0.4], 0.9)
[0, 2]
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spheres.errors import SphereError

MIN_THRESHOLD, MAX_THRESHOLD, DEFAULT_THRESHOLD = 0.5, 1.0, 0.95


def ranking(probabilities: Sequence[float] | NDArray[np.floating]) -> NDArray[np.intp]:
    """Groups from most to least probable; ties keep arXiv's order.

    >>> ranking([0.2, 0.4, 0.4]).tolist()
    [1, 2, 0]
    """
    return np.argsort(-np.asarray(probabilities, dtype=np.float64), kind="stable")


def check_threshold(threshold: float) -> None:
    """Refuse what is no threshold, NaN included.

    raises : SphereError
    """
    if not 0 < threshold <= 1:
        raise SphereError(f"The threshold is {threshold}: give a number above 0 and at most 1, such as 0.95.")


def prediction_set(probabilities: Sequence[float] | NDArray[np.floating], threshold: float) -> list[int]:
    """The fewest most-probable groups whose probabilities add up to at least `threshold`.

    probabilities : (n_groups,), non-negative, summing to 1
    threshold     : in (0, 1]; 1.0 keeps every group whose probability is not zero
    returns       : indices of groups, the most probable first, at least one
    raises        : SphereError where the threshold is outside (0, 1]

    >>> prediction_set([0.6, 0.3, 0.1], 0.9)      # exactly at a sum: 0.6 + 0.3 is enough
    [0, 1]
    """
    check_threshold(threshold)
    p = np.asarray(probabilities, dtype=np.float64)
    ranked = ranking(p)
    if threshold == 1:
        return [int(i) for i in ranked if p[i] > 0]
    enough = np.cumsum(p[ranked]) >= threshold - 1e-9  # 0.1 + 0.2 != 0.3 in binary
    return [int(i) for i in ranked[: int(enough.argmax()) + 1 if enough.any() else len(ranked)]]
