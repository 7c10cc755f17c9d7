"""A text is refused, cut and made plain in one place, so that all behind may take it as it is."""

import time

import nasty
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spheres.data.article import to_article
from spheres.data.placeholders import is_placeholder
from spheres.data.text import MAX_CHARACTERS, MAX_RAW, Text, fit_text, placeholder_in, plain, prepare_text
from spheres.errors import SphereError


@pytest.mark.parametrize("name", nasty.TEXTS)
def test_plain_text_has_single_blanks_can_be_encoded_and_stays_as_it_is(name: str) -> None:
    text = plain(nasty.TEXTS[name](1000))
    assert " ".join(text.split()) == text == text.encode().decode() == plain(text)


@pytest.mark.parametrize(("title", "abstract"), [("", ""), (" \n", "\t"), ("\u2003", "")])
def test_nothing_is_refused(title: str, abstract: str) -> None:
    with pytest.raises(SphereError, match="nothing to classify yet: paste a title"):
        prepare_text(title, abstract)


def test_the_longest_text_is_taken_whole_and_one_character_more_is_refused() -> None:
    title, abstract = "x" * 100, "y" * (MAX_CHARACTERS - 100)
    assert prepare_text(f"{title} ", f"\n{abstract}") == (title, abstract)
    with pytest.raises(SphereError, match=r"has 50,001 characters, more than the 50,000 allowed"):
        prepare_text(title, abstract + "z")


@pytest.mark.parametrize(
    ("title", "abstract", "expected"),
    [
        ("abc", "defg", ("abc", "defg")),
        ("abc", "defghijkl", ("abc", "defgh")),
        ("abc", "defg ijkl", ("abc", "defg")),
        ("abcdefghijk", "lmn", ("abcdefgh", "")),
        ("abcdefg ijk", "lmn", ("abcdefg", "l")),
    ],
)
def test_of_a_text_that_is_too_long_the_abstract_is_cut_first(title: str, abstract: str, expected: Text) -> None:
    assert fit_text(Text(title, abstract), 8) == expected


def test_an_article_of_a_file_is_plain_and_fits() -> None:
    article = to_article({"title": "On\n trees \ud800", "abstract": "We climb. " * MAX_CHARACTERS})
    assert article.title == "On trees ?"
    assert len(article.title) + len(article.abstract) <= MAX_CHARACTERS
    assert article.text == prepare_text(*article.text)


ABSTRACT = "We prove that random graphs have a spectral gap. " * 6
MSUP = (
    "<mml:msup><mml:mi>x</mml:mi><mml:mrow><mml:mi>n</mml:mi><mml:mo>+</mml:mo><mml:mn>1</mml:mn></mml:mrow></mml:msup>"
)


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        # characters
        ("caf\u00c3\u00a9 \u00e2\u20ac\u0153x\u00e2\u20ac\u009d", "café “x”"),
        ("caf\u00c3\u0192\u00c2\u00a9", "café"),
        ("\ufb01ne e\ufb03cient \ufb02ow", "fine efficient flow"),
        ("\uff27\uff52\uff41\uff50\uff48\uff53", "Graphs"),
        ("\U0001d406raph \u210eeat", "Graph heat"),
        ("hy\u00adper\u200bgraph\ufeff \u202eon\u202c", "hypergraph on"),
        ("Poincare\u0301, Poincar\u00b4e, Schr\u00a8odinger", "Poincaré, Poincaré, Schrödinger"),
        ("grаphs of ordеr", "graphs of order"),
        # markup
        ("R&amp;D &lt; 5 &amp;amp; &#8211; &#x3b1;", "R&D < 5 & – α"),
        ("&amp;lt;p&amp;gt;On &lt;i&gt;trees&lt;/i&gt;&lt;br/&gt;here", "On trees here"),
        ("CO<sub>2</sub> at 10<sup>2</sup> K, the 1<sup>st</sup>", "CO2 at 10^2 K, the 1st"),
        ("<jats:sec><jats:title>Materials and Methods</jats:title><jats:p>We climb.</jats:p></jats:sec>", "We climb."),
        ("<jats:title>Trees</jats:title><jats:p>We climb.</jats:p>", "Trees: We climb."),
        (f"of <mml:math>{MSUP}</mml:math> trees", "of $x^{n+1}$ trees"),
        ("a<!-- <p> -->b <![CDATA[c]]> <script>d()</script>e", "ab c e"),
        # LaTeX
        (r"{D}eep {GAN}s and {{BERT}}", "Deep GANs and BERT"),
        (r"{{On trees, and $x_{1}$}}", "On trees, and $x_{1}$"),
        (r"\emph{On \textbf{tall} trees} {\it climb, fast}", "On tall trees climb, fast"),
        (
            r"Erd\H{o}s, R\'enyi, Schr{\"o}dinger, na\"{\i}ve, \v Cech, \O re, \L{}o\'s",
            "Erdős, Rényi, Schrödinger, naïve, Čech, Øre, Łoś",
        ),
        (r"trees~\cite[p.~3]{a,b}, see Fig.~\ref{x} and Theorem~2", "trees, see Fig. and Theorem 2"),
        (r"\begin{abstract} We climb.\\ 5\% of R\&D \end{abstract}", "We climb. 5% of R&D"),
        ("``Tall'' trees", '"Tall" trees'),
        (r"We climb.\nWe fall.", "We climb. We fall."),
        ("don\\'t take the author\\'s", "don't take the author's"),
        # pasted
        ("spec-\ntral gap, graph-\nbased, state-of-\nthe-art", "spectral gap, graph-based, state-of-the-art"),
        ("spec- tral gap of two- and three-dimensional", "spectral gap of two- and three-dimensional"),
        (
            "12 We prove that\n13 random graphs\n14 have a gap\n15 of two.",
            "We prove that random graphs have a gap of two.",
        ),
        ("Abstract\u2014We climb.", "We climb."),
        ("ABSTRACT\nWe climb.", "We climb."),
        ("Abstract We climb.", "We climb."),
        ("arXiv:1706.03762v5 [cs.CL] 6 Dec 2017 On trees", "On trees"),
        ("arXiv:2401.00001v1 Announce Type: new Abstract: We climb.", "We climb."),
        ("[1706.03762] On trees", "On trees"),
        ("On trees (arXiv:1706.03762v5 [cs.CL] UPDATED)", "On trees"),
        ("We climb. \u00a9 2019 Elsevier B.V. All rights reserved.", "We climb."),
        ("We climb. Copyright (c) 2004 The Society", "We climb."),
        ("Smith, J. A., van der Berg, P. and Rossi, M. On trees", "On trees"),
        ("Ann Smith\u00b9, Bob de Vries and Cy Young*\nOn trees".replace("\u00b9", "1"), "On trees"),
        (f"On trees\nAnn Smith\nUniversity of X\nAbstract\n{ABSTRACT}", f"On trees {ABSTRACT.strip()}"),
    ],
)
def test_dirt_is_undone(dirty: str, clean: str) -> None:
    assert plain(dirty) == clean


@pytest.mark.parametrize(
    "text",
    [
        r"The bound $\mathbb{E}[X_{i}] \leq 10^{-2}$ and \(a~b\) hold for $$\frac{a}{b}$$",
        r"We solve \begin{align} x &= {y} \end{align} at z~3, ~5 K, with {0,1}-valued x_{i} in \mathbb{R}",
        "It costs $5 for 10² words; p < 0.05, a<b>c, the <answer> format, <w>, AT&T, R&notation",
        "Abstract interpretation: a survey",
        "Abstract State Machines",
        "1 in 2 of 3 cases",
        "Cats, Dogs, and Birds in arXiv:1706.03762",
        "As (c) 2019 shows, two- and three-dimensional non-linear e- scattering",
        "Деревья и графы “here”—and café naïve Łódź, 研究, H₂O, Ⅳ, ℵ",
        "The paper by J. Smith and A. Doe is right",
    ],
)
def test_what_is_plain_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


PIECES = [
    *(
        "<",
        "b>",
        "</b>",
        "{",
        "}",
        "\\emph{",
        "$",
        "\\(",
        "&amp;",
        "lt;",
        "-\n",
        "a",
        "J. Smith, ",
        "~",
        "``",
        "\\'",
        "é",
        "Ã",
    ),
    *(
        "©",
        "1 ",
        "2 ",
        "3 ",
        "4 ",
        "arXiv:1706.03762v1 [cs.CL] ",
        "Abstract—",
        " ",
        "\n",
        "<title>",
        "</title>",
        "<math>",
        "\\\\",
    ),
    *(
        "\\",
        "“",
        "\u200b",
        "ﬁ",
        "x",
        "^",
        "_",
        "We climb. ",
        "© 2019 ",
        "{\\it ",
        "\\cite{a}",
        "- a",
        "\u0301",
        "´",
        "а",
    ),
]


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=40).map("".join)))
def test_plain_text_is_plain(text: str) -> None:
    assert plain(plain(text)) == plain(text)


UNFOLDING = {
    **nasty.TEXTS,
    "open tags": lambda n: "<b " * (n // 3),
    "tags in tags": lambda n: "<<b>b>" * (n // 6),
    "comments": lambda n: "<!--" * (n // 4),
    "braces": lambda n: "{a" * (n // 3) + "}" * (n // 3),
    "fractions": lambda n: "\\frac{" * (n // 6),
    "dollars": lambda n: "$a $" * (n // 4),
    "environments": lambda n: r"\begin{align}" * (n // 13),
    "blanks between": lambda n: "arXiv:1706.03762" + " " * n + "x",
    "authors": lambda n: "J. Smith and " * (n // 13) + "x",
    "numbers of lines": lambda n: " ".join(map(str, range(n // 5))),
    "hyphens at line ends": lambda n: "a-\n" * (n // 3),
    "formulas in MathML": lambda n: "<msup><mi>" * (n // 10),
}


@pytest.mark.parametrize("name", UNFOLDING)
def test_no_text_costs_more_than_its_length(name: str) -> None:
    """Some milliseconds where nothing else runs; a pattern that backtracks takes minutes."""
    text = UNFOLDING[name](MAX_CHARACTERS)
    begin = time.process_time()
    assert plain(plain(text)) == plain(text)
    assert time.process_time() - begin < 3


@pytest.mark.parametrize(
    "text",
    [
        *("NA", "n/a", "nan", "None", "NULL", "-", "--", ".", "[No abstract available]", "No abstract available."),
        *(
            "Abstract not available",
            "There is no abstract for this article",
            "[Not Available]",
            "Untitled",
            "Нет аннотации",
        ),
        *("Withdrawn", "Retracted", "Paper withdrawn", "This paper has been withdrawn by the author due to an error."),
        *("This submission has been withdrawn by arXiv administrators", "The authors have withdrawn this paper."),
    ],
)
def test_a_placeholder_is_no_text(text: str) -> None:
    assert is_placeholder(text)
    assert prepare_text("On trees", text) == ("On trees", "")
    assert placeholder_in("On trees", text, prepare_text("On trees", text)) == "abstract"
    with pytest.raises(SphereError, match="nothing to classify yet"):
        prepare_text(text, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Nanowires",
        "None of the above",
        "No abstract nonsense",
        "This paper has been withdrawn. " + ABSTRACT,
        "NA61/SHINE",
    ],
)
def test_what_says_more_is_none(text: str) -> None:
    assert not is_placeholder(text)


def test_an_articles_placeholder_is_known() -> None:
    article = to_article({"title": "On trees", "abstract": "[No abstract available]"})
    assert (article.text, article.placeholder) == (("On trees", ""), "abstract")
    assert to_article({"title": "On trees", "abstract": ""}).placeholder == ""


def test_markup_does_not_count_and_what_is_far_too_long_is_refused_before_it_is_read() -> None:
    assert prepare_text("", "<i>a</i> " * 20_000) == ("", " ".join(["a"] * 20_000))
    with pytest.raises(SphereError, match="has 1,000,000 characters"):
        prepare_text("", "x" * 5 * MAX_RAW)
