"""An author's category is ranked among all, by code or name; what is none is refused in a sentence."""

import numpy as np
import pytest

from spheres.errors import SphereError
from spheres.inference.category_fit import category_fit
from spheres.inference.classifier import Classification, Classifier

ANSWER = Classification(
    (0.0, 0.25, 0.75, 0.0, 0.0, 0.0, 0.0, 0.0),
    *(9, 9),
    codes=("cs.CL", "cs.LG", "math.AG"),
    shares=np.array([0.2, 0.8, 1.0], np.float32),
)
CROSS_LISTED = {"cs.CL": [("cs.LG", 0.3)], "cs.LG": []}


@pytest.mark.parametrize(
    ("category", "code", "rank", "probability"),
    [
        ("cs.LG", "cs.LG", 1, 0.6),
        ("math.AG", "math.AG", 2, 0.25),
        ("alg-geom", "math.AG", 2, 0.25),  # retired
        ("Computation and Language", "cs.CL", 3, 0.15),
        ("cs.CL cs.LG", "cs.CL", 3, 0.15),  # the first counts
    ],
)
def test_a_category_is_ranked_by_its_probability(category: str, code: str, rank: int, probability: float) -> None:
    fit = category_fit(ANSWER, category, CROSS_LISTED)
    assert (fit.code, fit.rank, fit.n_categories) == (code, rank, 3)
    assert fit.probability == pytest.approx(probability)
    assert list(fit.cross_listed) == CROSS_LISTED.get(code, [])


def test_the_sentence_tells_rank_and_probability() -> None:
    sentence = str(category_fit(ANSWER, "cs.CL", CROSS_LISTED).describe())
    assert sentence == "cs.CL is number 3 of 3 categories, with a probability of 15.0%."


@pytest.mark.parametrize("category", ["", "cs.XX", "hep-th", "<b>", None, 7, ["cs.CL"]])
def test_what_is_no_ranked_category_is_refused(category: object) -> None:
    with pytest.raises(SphereError, match=r"is no category that is ranked here: give a code such as cs.CL"):
        category_fit(ANSWER, category, CROSS_LISTED)


def test_the_shipped_head_ranks_the_category_of_a_plain_case_high(classifier: Classifier) -> None:
    answer = classifier.classify(
        "Rational points on elliptic curves", "We bound the rank of elliptic curves over the rationals by descent."
    )
    fit = category_fit(answer, "math.NT", classifier.cross_listed)
    assert fit.rank <= 3 and fit.probability > 0.15 and dict(fit.cross_listed).get("math.AG")
