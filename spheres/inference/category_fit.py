"""Whether a category that an author has in mind fits: its rank and probability, and what is listed beside it.

fit = category_fit(answer, "cs.IR", classifier.cross_listed)
fit.rank, fit.probability, fit.cross_listed      # 3, 0.09, (("cs.LG", 0.31), ...)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spheres.data.categories import NAMES, parse_categories
from spheres.errors import Message, SphereError

if TYPE_CHECKING:  # the classifier brings torch along
    from spheres.inference.classifier import Classification

CrossLists = Mapping[str, Sequence[tuple[str, float]]]  # as `spheres.model.categories.Categories.cross_listed`


@dataclass(frozen=True)
class CategoryFit:
    """Where a category stands among all for one article."""

    code: str
    rank: int  # 1 is the most probable
    n_categories: int  # that were ranked
    probability: float
    cross_listed: Sequence[tuple[str, float]]  # codes, and the share of the category's articles that list them too

    @property
    def name(self) -> str:
        """arXiv's name of the category."""
        return NAMES[self.code]

    def describe(self) -> Message:
        """Rank and probability, for its author."""
        return Message(
            "{code} is number {rank} of {n} categories, with a probability of {probability:.1%}.",
            code=self.code,
            rank=self.rank,
            n=self.n_categories,
            probability=self.probability,
        )


def category_fit(answer: "Classification", category: object, cross_listed: CrossLists) -> CategoryFit:
    """How well a category fits an article.

    Args:
        category: Its code, of today or retired, or its name, such as "cs.IR".

    Raises:
        SphereError: It is no category that is ranked here.
    """
    found = parse_categories(category) if isinstance(category, str) else []
    if not found or found[0] not in answer.codes:
        raise SphereError("{found!r} is no category that is ranked here: give a code such as cs.CL.", found=category)
    ranked = dict(answer.categories(None))
    return CategoryFit(
        code=found[0],
        rank=1 + list(ranked).index(found[0]),
        n_categories=len(ranked),
        probability=ranked[found[0]],
        cross_listed=tuple(cross_listed.get(found[0], ())),
    )
