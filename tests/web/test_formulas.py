"""Formulas in titles are read as arXiv's readers see them, and no title is too odd for it."""

import random
import re
import time

import pytest

from spheres.web.formulas import MAX_FORMULA, MAX_SHOWN, plain_formulas


@pytest.mark.parametrize(
    ("latex", "shown"),
    [
        ("$H_0$", "H₀"),
        ("$x_{ij}^{n+1}$", "xᵢⱼⁿ⁺¹"),
        ("$K^{0}_{S}$", "K⁰_S"),
        ("$10^{17.8}$", "10^17.8"),
        ("$e^{-t/2}$", "e^(-t/2)"),
        ("$e^{x_{k}}$", "e^xₖ"),
        ("$90^{\\circ}$ of $f'$, $C^*$ and $A^\\dagger$", "90° of f', C* and A†"),
        (r"$\alpha\to\infty$", "α→∞"),
        (r"$\mathrm{GL}_2$", "GL₂"),
        (r"${\rm PSL}(3,2^p)$", "PSL(3,2ᵖ)"),
        (r"$\operatorname{SU}(2)$", "SU(2)"),
        (r"$\left(\frac{1}{2}\right)$", "(1/2)"),
        (r"$\frac{a+b}{c}$ and $\frac12$", "(a+b)/c and 1/2"),
        (r"$\sqrt{s_{NN}}$ and $\sqrt{x+1}$", "√s_NN and √(x+1)"),
        (r"$\mathbb{CP}^3$, $\mathbb R$, ${\cal N}=4$, $\mathfrak{sl}_2$", "ℂℙ³, ℝ, 𝒩=4, 𝔰𝔩₂"),
        (r"$\bar{p}$, $\hat a$, $\bar\partial$, $\overline{MS}$", "p̅, â, ∂̅, M̅S̅"),
        (r"$\log n$ and $\SL_2$", "log n and SL₂"),
        (r"$\langle\psi|\phi\rangle$ in $\{0,1\}$", "⟨ψ|ϕ⟩ in {0,1}"),
        (r"$$E = mc^2$$", "E = mc²"),
        ("$g$$-$2", "g-2"),
        ("${}^{18}$F and $^3$He", "¹⁸F and ³He"),
        ("$W^V$", "Wⱽ"),
        # outside of formulas
        (r"{\phi}-divergence, R^{N}, \beta and V_{L_{2}}", "ϕ-divergence, Rᴺ, β and V_L₂"),
        (r"\(x^2\)", "x^2"),
    ],
)
def test_a_formula_is_shown_in_unicode_as_far_as_unicode_goes(latex: str, shown: str) -> None:
    assert plain_formulas(latex) == shown


@pytest.mark.parametrize(
    "title",
    [
        *("", "On trees", "S^3 and F_n", "cnf_size(f)", "for__Graph", "Sets {1, 2} and {3}", "100% & <b>bold</b>"),
        *("From $20 to $30 a day", "Around $200,000 per year", "$5-$10", "$", "$$", "$$$", "Ünïcödé — “quoted” $"),
        f"${'x' * (MAX_FORMULA + 1)}$",
    ],
)
def test_a_title_without_formulas_stays_as_it_is(title: str) -> None:
    assert plain_formulas(title) == title


PIECES = [
    "\\",
    "{",
    "}",
    "$",
    "^",
    "_",
    "$^{",
    "}$",
    r"\frac",
    r"\sqrt",
    r"\bar",
    r"\mathbb{",
    r"\left(",
    "a",
    " ",
    "é",
    "~",
]


def test_whatever_stands_in_a_formula_is_read_to_its_end() -> None:
    choose = random.Random(0)
    for _ in range(3000):
        formula = "".join(choose.choices(PIECES, k=choose.randrange(1, 60))).replace("$", "")
        shown = plain_formulas(f"a${formula[:MAX_FORMULA]}$b")
        assert shown.startswith("a") and shown.endswith("b")


@pytest.mark.parametrize("piece", [*PIECES, r"$\bar{x}$", r"x^{", r"\alpha", r"\frac{", "$^{$", "{{", "^{a{"])
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_long_title_takes_no_time(piece: str, wrapped: bool) -> None:
    title = piece * (MAX_FORMULA // len(piece) if wrapped else 50_000 // len(piece))
    started = time.process_time()
    plain_formulas(f"${title}$" if wrapped else title)
    assert time.process_time() - started < 1


def test_a_title_without_end_is_cut() -> None:
    shown = plain_formulas("On trees $x^2$ " * 5000)
    assert len(shown) <= MAX_SHOWN and shown.startswith("On trees x² On") and shown.endswith("…")


def test_nothing_of_latex_is_left_of_a_formula() -> None:
    shown = plain_formulas(
        r"$\widetilde{\mathcal{M}}_{g,n}\,\rightarrow\!\overline{\rm{M}} \text{ at } \scriptscriptstyle{7}$"
    )
    assert not re.search(r"[\\{}$]", shown)
