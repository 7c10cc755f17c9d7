"""How good a set of predictions is, each figure with the interval that resampling the articles gives it.

Everywhere: `log_probabilities` (n, n_groups) natural logarithms; `targets` (n, n_groups) soft, each row summing to 1;
`primary` (n,) the primary group's place in GROUPS.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from spheres.data.taxonomy import GROUPS

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]

BINS = 15  # of confidence, for the calibration error
RESAMPLES = 500


def summary(log_probabilities: Floats, targets: Floats, primary: Ints) -> dict[str, float]:
    """Every figure that needs no threshold.

    top1_primary    : share of articles whose primary group is the top answer
    top1_heaviest   : ... where the top answer is among the groups of the greatest weight
    top1_any      : ... where the top answer is among the article's groups
    macro_f1          : F1 on the primary group, averaged over the groups
    kl                : Kullback-Leibler divergence of the prediction from the soft target, nats
    nll               : negative log-likelihood of the primary group, nats
    ece               : expected calibration error of the top answer's probability, see `calibration_error`
    """
    top = log_probabilities.argmax(axis=1)
    rows = np.arange(len(top))
    weight_of_top = targets[rows, top]
    return {
        "top1_primary": float((top == primary).mean()),
        "top1_heaviest": float((weight_of_top >= targets.max(axis=1) - 1e-6).mean()),
        "top1_any": float((weight_of_top > 0).mean()),
        "macro_f1": macro_f1(top, primary),
        "kl": float(divergence(log_probabilities, targets).mean()),
        "nll": float(-log_probabilities[rows, primary].mean()),
        "ece": calibration_error(log_probabilities, primary),
    }


def divergence(log_probabilities: Floats, targets: Floats) -> Floats:
    """KL(target || prediction) of each article, (n,), nats. What `nn.KLDivLoss` averages."""
    log_targets = np.log(np.where(targets > 0, targets, 1.0))
    return np.asarray((targets * (log_targets - log_probabilities)).sum(axis=1))


def macro_f1(top: Ints, primary: Ints, n_groups: int = len(GROUPS)) -> float:
    """F1 of each group that occurs, averaged without regard to how often it does.

    >>> macro_f1(np.array([0, 0, 1]), np.array([0, 1, 1]), n_groups=2)
    0.6666666666666666
    """
    counts = np.zeros((n_groups, n_groups))  # true group by predicted group
    np.add.at(counts, (primary, top), 1)
    true, predicted, right = counts.sum(axis=1), counts.sum(axis=0), counts.diagonal()
    occurs = true + predicted > 0
    return float((2 * right[occurs] / (true + predicted)[occurs]).mean())


def calibration_error(log_probabilities: Floats, primary: Ints, n_bins: int = BINS) -> float:
    """Expected calibration error: how far the top answer's probability is from how often it is right.

    Equal-width bins, weighted by their number of articles. Guo et al. 2017, arXiv:1706.04599, section 2.
    """
    confidence = np.exp(log_probabilities.max(axis=1))
    right = log_probabilities.argmax(axis=1) == primary
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    gap = np.bincount(bins, confidence - right, n_bins)  # summed over a bin: its size times its gap
    return float(np.abs(gap).sum() / len(primary))


def by_group(log_probabilities: Floats, primary: Ints) -> dict[str, dict[str, float]]:
    """Precision, recall and F1 of each group as primary, with the number of articles that have it."""
    top = log_probabilities.argmax(axis=1)
    rows = {}
    for place, name in enumerate(GROUPS):
        said, true = top == place, primary == place
        right = float((said & true).sum())
        rows[name] = {
            "articles": int(true.sum()),
            "precision": right / max(1.0, float(said.sum())),
            "recall": right / max(1.0, float(true.sum())),
            "f1": 2 * right / max(1.0, float(said.sum() + true.sum())),
        }
    return rows


def with_intervals(
    measure: Callable[..., Mapping[str, float]], *arrays: NDArray[np.generic], seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, dict[str, float]]:
    """Each figure of `measure(*arrays)` with its 95 % bootstrap interval (percentiles over resampled articles).

    arrays  : all with one row an article; resampled together
    returns : figure -> {"value": ..., "low": ..., "high": ...}
    """
    random = np.random.default_rng(seed)
    value = measure(*arrays)
    n = len(arrays[0])
    draws = [measure(*(a[rows] for a in arrays)) for rows in random.integers(0, n, size=(resamples, n))]
    result = {}
    for name, figure in value.items():
        low, high = np.percentile([draw[name] for draw in draws], [2.5, 97.5])
        result[name] = {"value": figure, "low": float(low), "high": float(high)}
    return result
