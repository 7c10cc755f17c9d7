"""Which groups to show: the most probable, until their probabilities add up to the threshold.

>>> prediction_set([0.5, 0.1, 0.4], 0.9)
[0, 2]
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spheres.errors import SphereError

RULES = ("sum", "coverage")  # what a threshold means, see `spheres.inference.classifier.Classification.predict_set`
MIN_THRESHOLD, MAX_THRESHOLD, DEFAULT_THRESHOLD = 0.5, 1.0, 0.95


def ranking(probabilities: Sequence[float] | NDArray[np.floating]) -> NDArray[np.intp]:
    """Groups from most to least probable; ties keep arXiv's order. Of many articles, (n, n_groups), each row's.

    >>> ranking([0.2, 0.4, 0.4]).tolist()
    [1, 2, 0]
    """
    return np.argsort(-np.asarray(probabilities), kind="stable")


def check_threshold(threshold: float) -> None:
    """Refuse what is no threshold, NaN included.

    raises : SphereError
    """
    if not 0 < threshold <= 1:
        raise SphereError(f"The threshold is {threshold}: give a number above 0 and at most 1, such as 0.95.")


def mass_before(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """For each group the probability of all groups ranked before it, (n, n_groups).

    >>> mass_before(np.array([[0.5, 0.2, 0.3]])).tolist()
    [[0.0, 0.8, 0.5]]
    """
    p = np.asarray(probabilities, np.float64)
    ranked = ranking(p)
    descending = np.take_along_axis(p, ranked, axis=1)
    before = np.zeros_like(p)
    before[:, 1:] = np.cumsum(descending, axis=1)[:, :-1]
    result = np.empty_like(p)
    np.put_along_axis(result, ranked, before, axis=1)
    return result


def prediction_set(probabilities: Sequence[float] | NDArray[np.floating], threshold: float) -> list[int]:
    """The fewest most-probable groups whose probabilities add up to at least `threshold`.

    probabilities : (n_groups,), non-negative, summing to 1
    threshold     : in (0, 1]; 1.0 keeps every group whose probability is not zero
    returns       : indices of groups, the most probable first, at least one
    raises        : SphereError where the threshold is outside (0, 1]

    >>> prediction_set([0.6, 0.3, 0.1], 0.9)      # exactly at a sum: 0.6 + 0.3 is enough
    [0, 1]
    """
    p = np.asarray(probabilities)
    kept = prediction_sets(p[None], threshold)[0]
    return [int(i) for i in ranking(p) if kept[i]]


def prediction_sets(probabilities: NDArray[np.floating], threshold: float) -> NDArray[np.bool_]:
    """The same for many articles: (n, n_groups) -> which groups each set holds, (n, n_groups)."""
    check_threshold(threshold)
    if threshold == 1:
        return np.asarray(probabilities > 0)
    # 0.1 + 0.2 != 0.3 in binary; and the first group, with nothing before it, is kept however low the threshold
    return mass_before(probabilities) <= max(threshold - 1e-9, 0)
