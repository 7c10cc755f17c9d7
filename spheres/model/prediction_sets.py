"""Which groups an answer names at a threshold, and the one check of a threshold that page, API and command line share.

>>> predict_set([0.5, 0.1, 0.4], 0.9)
[0, 2]
"""

import math
import reprlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spheres.errors import SphereError

RULES = ("coverage", "sum")  # what a threshold means, see `spheres.inference.classifier.Classification.predict_set`
DEFAULT_RULE = "coverage"  # of page, programs and command line alike
MIN_THRESHOLD, MAX_THRESHOLD, DEFAULT_THRESHOLD = 0.5, 1.0, 0.95  # of the page's slider; programs may go below


def check_threshold(value: object) -> float:
    """The threshold as a float in (0, 1], out of whatever a visitor, a program or a command line sent.

    Raises:
        SphereError: It is no number in that range; NaN and booleans are none.

    >>> check_threshold(1)
    1.0
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1:  # a bool is an int to Python
        return float(value)
    raise SphereError(
        "The threshold is {found}: give a number above 0 and at most 1, such as 0.95.",
        found=str(value) if isinstance(value, int | float) else reprlib.repr(value),
    )


def nearest_threshold(value: object) -> float:
    """The threshold that is nearest to a number on the page's slider, in percent, or half typed beside it.

    A number up to 1 is a share; what is no number stands for the default.

    >>> nearest_threshold(70), nearest_threshold(0.7), nearest_threshold(7), nearest_threshold(700)
    (0.7, 0.7, 0.5, 1.0)
    >>> nearest_threshold(None)
    0.95
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return DEFAULT_THRESHOLD
    share = value / 100 if value > 1 else value
    return float(min(max(share, MIN_THRESHOLD), MAX_THRESHOLD))


def ranking(probabilities: Sequence[float] | NDArray[np.floating]) -> NDArray[np.intp]:
    """Places of the groups from most to least probable, of one article or of each row; ties keep arXiv's order.

    >>> ranking([0.2, 0.4, 0.4]).tolist()
    [1, 2, 0]
    """
    return np.argsort(-np.asarray(probabilities), kind="stable")


def mass_before(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """(n, n_groups) -> for each group the total probability of those ranked before it; 0 for the most probable.

    >>> mass_before(np.array([[0.5, 0.2, 0.3]])).tolist()
    [[0.0, 0.8, 0.5]]
    """
    p = np.asarray(probabilities, np.float64)  # summed in double precision
    ranked = ranking(p)
    descending = np.take_along_axis(p, ranked, axis=1)
    before = np.zeros_like(p)
    before[:, 1:] = np.cumsum(descending, axis=1)[:, :-1]
    result = np.empty_like(p)
    np.put_along_axis(result, ranked, before, axis=1)
    return result


def predict_set(probabilities: Sequence[float] | NDArray[np.floating], threshold: float) -> list[int]:
    """The fewest most-probable groups whose probabilities add up to at least `threshold`.

    Args:
        probabilities: (n_groups,), non-negative, summing to 1.
        threshold: In (0, 1]; 1.0 keeps every group whose probability is not zero.

    Returns:
        Places in `probabilities`, the most probable first, at least one.

    Raises:
        SphereError: The threshold is outside (0, 1].

    >>> predict_set([0.6, 0.3, 0.1], 0.9)      # exactly at a sum: 0.6 + 0.3 is enough
    [0, 1]
    """
    p = np.asarray(probabilities)
    kept = predict_sets(p[None], threshold)[0]
    return [int(i) for i in ranking(p) if kept[i]]


def predict_sets(probabilities: NDArray[np.floating], threshold: float) -> NDArray[np.bool_]:
    """`predict_set` for many articles: (n, n_groups) -> which groups each article's set holds, (n, n_groups)."""
    threshold = check_threshold(threshold)
    if threshold == 1:
        return np.asarray(probabilities > 0)
    # 0.1 + 0.2 != 0.3 in binary; and the first group, with nothing before it, is kept however low the threshold
    return mass_before(probabilities) <= max(threshold - 1e-9, 0)
