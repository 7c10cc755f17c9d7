"""Categories: a second head on the same features, which divides each group among arXiv's categories.

    categories = train_categories(cache, recipe)
    categories.shares(features, "both")       # (n, n_categories); those of a group sum to 1

An article's probability of a category is the probability of the category's group times its share of the group. So the
categories of a group add up to the group, under any prior, and the head for the groups stays as it is: one head for
both was measured and cost it 0.8 to 1.6 points.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spheres.data.categories import NAMES
from spheres.data.taxonomy import GROUPS, group_of, listings
from spheres.embeddings.cache import Cache
from spheres.model.network import Heads
from spheres.model.recipe import Recipe, view_features
from spheres.model.train import Examples, train_heads

MIN_ARTICLES = 50  # training articles that list a category; of each group the most frequent one is kept anyway
MAX_CROSS_LISTED, MIN_CROSS_LISTED = (
    4,
    0.03,
)  # categories named beside one, and the share of its articles that list them


@dataclass(frozen=True, eq=False)
class Categories:
    """A trained head that divides groups among their categories.

    Attributes:
        codes: (n_categories,) such as "cs.CL".
        heads: From features to log-probabilities of the categories, all groups together.
        temperatures: View -> what the log-probabilities are divided by.
        cross_listed: Code -> the categories that articles which list it first also list, with the share that does,
            the most frequent first.
    """

    codes: tuple[str, ...]
    heads: Heads
    temperatures: Mapping[str, float]
    cross_listed: Mapping[str, Sequence[tuple[str, float]]]

    @cached_property
    def groups(self) -> NDArray[np.intp]:
        """(n_categories,) the place of each category's group in GROUPS."""
        return groups_of(self.codes)

    def shares(self, features: NDArray[np.float32], view: str) -> NDArray[np.float64]:
        """(n, n_features) -> each category's share of its group, (n, n_categories)."""
        scaled = self.heads.log_probabilities(features) / self.temperatures[view]
        return np.exp(within_groups(scaled, self.groups))

    def probabilities(
        self, group_probabilities: NDArray[np.floating], features: NDArray[np.float32], view: str
    ) -> NDArray[np.float64]:
        """(n, n_groups) calibrated probabilities and (n, n_features) -> probabilities, (n, n_categories)."""
        return np.asarray(group_probabilities[:, self.groups] * self.shares(features, view))


def groups_of(codes: Sequence[str]) -> NDArray[np.intp]:
    """The places in GROUPS of these categories' groups.

    >>> groups_of(["hep-th", "cs.CL"]).tolist()
    [0, 2]
    """
    return np.array([GROUPS.index(str(group_of(code))) for code in codes], np.intp)


def within_groups(log_probabilities: NDArray[np.floating], groups: NDArray[np.intp]) -> NDArray[np.float64]:
    """(n, n_categories) logarithms, normalised within each group.

    >>> np.exp(within_groups(np.log([[0.3, 0.1, 0.6]]), np.array([0, 0, 2]))).round(2).tolist()
    [[0.75, 0.25, 1.0]]
    """
    result = np.empty(log_probabilities.shape)
    for group in np.unique(groups):
        part = log_probabilities[:, groups == group].astype(np.float64)
        result[:, groups == group] = part - np.logaddexp.reduce(part, axis=1, keepdims=True)
    return result


def train_categories(cache: Cache, recipe: Recipe) -> Categories:
    """Train the head on the training articles, by the recipe of the head for the groups, and calibrate it."""
    rows = cache.split
    listed = [categories.split() for categories in cache.categories]
    codes = choose_codes([listed[row] for row in rows["train"].tolist()])
    # 1. the heads
    views = tuple(view for view in recipe.views if view in cache.views)
    heads = train_heads(
        _examples(cache, recipe, listed, codes, rows["train"], views),
        _examples(cache, recipe, listed, codes, rows["validation"], ("both",)),
        recipe.training,
    )
    # 2. a temperature for each view, from the calibration articles
    groups, temperatures = groups_of(codes), {}
    for view in cache.views:
        held_out, features = view_features(cache, recipe, view, rows["calibration"])
        first = first_listed(listed, codes, held_out)
        answers = heads.log_probabilities(features[first >= 0])
        temperatures[view] = _fit_temperature(answers, groups, first[first >= 0])
    return Categories(codes, heads, temperatures, count_cross_lists(listed, codes, rows["train"]))


def choose_codes(listed: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The categories that enough of these articles list, in alphabetical order; of each group the most frequent anyway.

    >>> choose_codes([["cs.LG", "cs.CL"]] * 60 + [["cs.LG", "cs.DS"], ["math.CO"]])
    ('cs.CL', 'cs.LG', 'math.CO')
    """
    counts = Counter(code for codes in listed for code in set(codes) if code in NAMES)
    most_frequent = {group_of(code): code for code, _ in reversed(counts.most_common())}
    return tuple(sorted({code for code, n in counts.items() if n >= MIN_ARTICLES} | {*most_frequent.values()}))


def category_targets(
    listed: Sequence[Sequence[str]], codes: Sequence[str], primary_weight: float
) -> NDArray[np.float32]:
    """Articles' distributions over categories: as over groups, see `spheres.data.taxonomy`, the first one weighed up.

    Args:
        listed: Of each article its categories, the first of them among `codes`.
        codes: (n_categories,)
        primary_weight: As in `Recipe`.

    Returns:
        (n, n_categories), each row summing to 1.

    >>> category_targets([["cs.CL", "cs.LG", "q-bio.OT"]], ["cs.CL", "cs.LG"], 0.5).tolist()
    [[0.75, 0.25]]
    """
    place = {code: i for i, code in enumerate(codes)}
    targets = np.zeros((len(listed), len(codes)), np.float32)
    for target, categories in zip(targets, listed, strict=True):
        for names in listings(categories):
            for name in names:
                if name in place:
                    target[place[name]] += 1 / len(names)
        target *= (1 - primary_weight) / target.sum()
        target[place[categories[0]]] += primary_weight
    return targets


def first_listed(listed: Sequence[Sequence[str]], codes: Sequence[str], rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """The places in `codes` of what these articles (row numbers) list first, (n,); -1 for what is not among them."""
    place = {code: i for i, code in enumerate(codes)}
    return np.array([place.get(listed[row][0], -1) for row in rows.tolist()], np.intp)


def count_cross_lists(
    listed: Sequence[Sequence[str]], codes: Sequence[str], rows: NDArray[np.intp]
) -> dict[str, list[tuple[str, float]]]:
    """What articles (row numbers) that list a category first list besides, as `Categories.cross_listed`."""
    counts: dict[str, Counter[str]] = {code: Counter() for code in codes}
    n_articles = Counter(listed[row][0] for row in rows.tolist())
    for row in rows.tolist():
        first, *others = listed[row]
        if first in counts:
            counts[first].update(set(others) - {first})
    return {
        code: [
            (other, round(n / n_articles[code], 3))
            for other, n in found.most_common(MAX_CROSS_LISTED)
            if n >= MIN_CROSS_LISTED * n_articles[code]
        ]
        for code, found in counts.items()
    }


def _examples(
    cache: Cache,
    recipe: Recipe,
    listed: Sequence[Sequence[str]],
    codes: Sequence[str],
    articles: NDArray[np.intp],
    views: tuple[str, ...],
) -> Examples:
    """Features and targets of those of these articles (row numbers) whose first category is known, views in a row."""
    articles = articles[first_listed(listed, codes, articles) >= 0]
    rows, features = zip(*(view_features(cache, recipe, view, articles) for view in views), strict=True)
    of_rows = [listed[row] for row in np.concatenate(rows).tolist()]
    return Examples(np.concatenate(features), category_targets(of_rows, codes, recipe.primary_weight))


def _fit_temperature(
    log_probabilities: NDArray[np.floating], groups: NDArray[np.intp], first: NDArray[np.intp]
) -> float:
    """The temperature, between e^-2 and e^2, under which the first categories are the likeliest within their groups."""
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(first))

    def loss(log_temperature: float) -> float:
        return float(-within_groups(log_probabilities / np.exp(log_temperature), groups)[rows, first].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2, 2)).x))
