"""arXiv's eight groups, which archive belongs to which, and an article's soft target over them.

arXiv's taxonomy: https://arxiv.org/category_taxonomy
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a child process that reads a file needs the names alone
    import numpy as np
    from numpy.typing import NDArray

GROUPS = ("physics", "math", "cs", "q-bio", "q-fin", "stat", "eess", "econ")

# Every archive arXiv has had, living and retired. Retired ones still stand on the articles of their time.
ARCHIVES: dict[str, tuple[str, ...]] = {
    "physics": (
        *("astro-ph", "cond-mat", "gr-qc", "hep-ex", "hep-lat", "hep-ph", "hep-th", "math-ph"),
        *("nlin", "nucl-ex", "nucl-th", "physics", "quant-ph"),
        *("acc-phys", "adap-org", "ao-sci", "atom-ph", "bayes-an", "chao-dyn", "chem-ph"),  # retired
        *("comp-gas", "mtrl-th", "patt-sol", "plasm-ph", "solv-int", "supr-con"),  # retired
    ),
    "math": ("math", "alg-geom", "dg-ga", "funct-an", "q-alg"),
    "cs": ("cs", "cmp-lg"),
    "q-bio": ("q-bio",),
    "q-fin": ("q-fin",),
    "stat": ("stat",),
    "eess": ("eess",),
    "econ": ("econ",),
}

# Six listings that arXiv keeps under two names. Sources show one name or both; either way it is one listing.
TWINS = (
    ("math-ph", "math.MP"),
    ("cs.IT", "math.IT"),
    ("cs.NA", "math.NA"),
    ("cs.SY", "eess.SY"),
    ("econ.GN", "q-fin.EC"),
    ("math.ST", "stat.TH"),
)

# What retired archives are called today; sources show the old name, the new one, or both
SUCCESSORS = {
    **{"acc-phys": "physics.acc-ph", "adap-org": "nlin.AO", "alg-geom": "math.AG", "ao-sci": "physics.ao-ph"},
    **{
        "atom-ph": "physics.atom-ph",
        "bayes-an": "physics.data-an",
        "chao-dyn": "nlin.CD",
        "chem-ph": "physics.chem-ph",
    },
    **{"cmp-lg": "cs.CL", "comp-gas": "nlin.CG", "dg-ga": "math.DG", "funct-an": "math.FA"},
    **{"mtrl-th": "cond-mat.mtrl-sci", "patt-sol": "nlin.PS", "plasm-ph": "physics.plasm-ph", "q-alg": "math.QA"},
    **{"solv-int": "nlin.SI", "supr-con": "cond-mat.supr-con"},
}

_GROUP_OF_ARCHIVE = {archive: group for group, archives in ARCHIVES.items() for archive in archives}
_TWINS_OF = {name.lower(): pair for pair in TWINS for name in pair}


def group_of(category: str) -> str | None:
    """The group a category belongs to, or None for what is no arXiv category.

    >>> group_of("hep-th"), group_of("cs.LG"), group_of("chao-dyn"), group_of("68T05")
    ('physics', 'cs', 'physics', None)
    """
    archive, _, _ = category.strip().lower().partition(".")
    return _GROUP_OF_ARCHIVE.get(archive)


def known_categories(categories: Iterable[str]) -> list[str]:
    """Those of `categories` that arXiv has, in their order, each once.

    >>> known_categories(["cs.LG", "I.2.6", "stat.ML", "cs.LG"])
    ['cs.LG', 'stat.ML']
    """
    return list(dict.fromkeys(c.strip() for c in categories if group_of(c)))


def primary_group(categories: Sequence[str]) -> str:
    """The group of the first-listed known category, as it stands; ValueError where none is known.

    >>> primary_group(["math-ph", "math.MP"])
    'physics'
    """
    for category in categories:
        if group := group_of(category):
            return group
    raise ValueError(f"no arXiv category among {list(categories)}")


def listings(categories: Iterable[str]) -> set[tuple[str, ...]]:
    """An article's listings, each with the one or two names that arXiv keeps it under.

    >>> sorted(listings(["math.ST", "stat.TH", "cs.LG"]))
    [('cs.LG',), ('math.ST', 'stat.TH')]
    """
    return {_TWINS_OF.get(c.lower(), (c,)) for c in known_categories(categories)}


def soft_target(categories: Sequence[str]) -> NDArray[np.float32]:
    """An article's distribution over the groups: each of its n listings weighs 1/n; a twin listing is halved.

    Args:
        categories: arXiv's; unknown ones are passed over.

    Returns:
        (8,) float32 in the order of GROUPS, summing to 1.

    Raises:
        ValueError: No category is known.

    >>> soft_target(["math.ST", "stat.TH", "cs.LG"]).tolist()    # the first two are one listing
    [0.0, 0.25, 0.5, 0.0, 0.0, 0.25, 0.0, 0.0]
    """
    import numpy as np

    listed = listings(categories)
    if not listed:
        raise ValueError(f"no arXiv category among {list(categories)}")
    target = np.zeros(len(GROUPS))
    for names in listed:
        for name in names:
            target[GROUPS.index(primary_group([name]))] += 1 / (len(listed) * len(names))
    return target.astype(np.float32)


def reweight_primary(
    targets: NDArray[np.floating], primary: NDArray[np.integer], primary_weight: float
) -> NDArray[np.float32]:
    """Targets with a share of their weight moved to the primary group: 0 leaves them, 1 makes them one-hot.

    Args:
        targets: (n, n_groups), rows summing to 1, as those that are returned.
        primary: (n,) places in GROUPS.
        primary_weight: The share, in [0, 1].

    >>> import numpy as np
    >>> reweight_primary(np.array([[0.5, 0.5]]), np.array([1]), 0.5).tolist()
    [[0.25, 0.75]]
    """
    import numpy as np

    moved = (1 - primary_weight) * targets
    moved[np.arange(len(primary)), primary] += primary_weight
    return moved.astype(np.float32)
