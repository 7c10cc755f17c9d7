"""A table that a spreadsheet wrote in a Windows code page is read as it was written."""

import pytest

from spheres.data.readers.charset import SAMPLE, charset

RUSSIAN = "title;автор;полка\nOn trees;Семёнова;Ёлка — «дерево» № 5\n"
FRENCH = "title,auteur,étagère\nOn trees,Lefèvre,«À côté»\n"
ENGLISH = "title,author\nOn trees,Smith\n"


@pytest.mark.parametrize("text", [RUSSIAN, FRENCH, ENGLISH, ""])
def test_utf8_is_utf8(text: str) -> None:
    assert charset(text.encode()) == charset(text.encode("utf-8-sig")) == "utf-8-sig"


@pytest.mark.parametrize(
    ("text", "page"), [(RUSSIAN, "cp1251"), (FRENCH, "cp1252"), ("title\nNaïve Bayes\n", "cp1252")]
)
def test_a_code_page_is_told_by_what_it_makes_of_the_letters(text: str, page: str) -> None:
    assert charset(text.encode(page)) == page


@pytest.mark.parametrize("text", [RUSSIAN, FRENCH])
def test_a_mark_says_utf16(text: str) -> None:
    assert charset(text.encode("utf-16")) == charset(b"\xfe\xff" + text.encode("utf-16-be")) == "utf-16"


@pytest.mark.parametrize("text", [RUSSIAN, FRENCH, ENGLISH])
def test_utf16_is_known_without_a_mark(text: str) -> None:
    assert charset(text.encode("utf-16-le")) == "utf-16-le"
    assert charset(text.encode("utf-16-be")) == "utf-16-be"


def test_one_broken_byte_in_utf8_is_one_broken_letter() -> None:
    assert charset(RUSSIAN.encode() + b"\xcf" + RUSSIAN.encode()) == "utf-8-sig"


def test_a_replacement_character_in_utf8_is_a_letter_like_others() -> None:
    assert charset("title\n\ufffd\ufffd\ufffd\n".encode()) == "utf-8-sig"


def test_a_letter_that_is_cut_at_the_end_is_not_a_broken_one() -> None:
    assert charset("On trees: Лес".encode()[:-1]) == charset("On trees: Л".encode()[:-1]) == "utf-8-sig"


@pytest.mark.parametrize("n", [SAMPLE, 100 * SAMPLE])
def test_the_first_letter_that_is_not_ascii_may_come_late(n: int) -> None:
    assert charset((ENGLISH * (n // len(ENGLISH)) + RUSSIAN).encode("cp1251")) == "cp1251"


@pytest.mark.parametrize("content", [b"\xff" * 100_000, b"\x89PNG\r\n\x1a\n\0\0", bytes(range(256)) * 100, b"\x80"])
def test_what_is_no_text_has_an_answer_too(content: bytes) -> None:
    assert charset(content) in ("utf-8-sig", "cp1251", "cp1252")
