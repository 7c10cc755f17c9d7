"""A title's formulas are shown in Unicode, whatever stands in them."""

import time

import pytest

from spheres.web.formulas import MAX_SHOWN, plain_formulas


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        (r"$\alpha$-decay of $^{238}$U", "α-decay of ²³⁸U"),
        (r"A $(1+\epsilon)$-approximation in $O(n^2)$ time", "A (1+ε)-approximation in O(n²) time"),
        (r"On $\mathbb{Z}_2$-graded algebras", "On ℤ₂-graded algebras"),
        (r"Collisions at $\sqrt{s}=13\,\mathrm{TeV}$", "Collisions at √s=13\u2009TeV"),
        ("Prices of $5 and more", "Prices of $5 and more"),
        ("No formula at all", "No formula at all"),
    ],
)
def test_a_formula_is_shown_as_it_is_read(title: str, shown: str) -> None:
    assert plain_formulas(title) == shown


def test_a_title_without_end_is_cut_and_takes_no_time() -> None:
    started = time.monotonic()
    shown = plain_formulas("$" + r"\frac{" * 100_000 + "$")
    assert len(shown) <= MAX_SHOWN and time.monotonic() - started < 5
