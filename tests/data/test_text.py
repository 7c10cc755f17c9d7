"""A text is refused, cut and made plain in one place, so that all behind may take it as it is."""

import nasty
import pytest

from spheres.data.article import to_article
from spheres.data.text import MAX_CHARACTERS, Text, fit_text, plain, prepare_text
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
