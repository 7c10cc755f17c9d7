"""How a title and an abstract are laid out for the encoder, and where they are cut."""

import pytest

from spheres.data.text import MAX_CHARACTERS, Text, prepare_text
from spheres.encoder.encoder import Encoder
from spheres.encoder.tokenizer import join_pair

CLS, SEP = 101, 102


def layout(title: int, abstract: int, max_length: int) -> tuple[list[int], int, int]:
    tokens = join_pair([1] * title, [2] * abstract, CLS, SEP, max_length)
    return list(tokens.ids), tokens.n_text, tokens.n_read


@pytest.mark.parametrize(
    ("title", "abstract", "expected", "n_read"),
    [
        (2, 3, [CLS, 1, 1, SEP, 2, 2, 2, SEP], 5),  # exactly fits
        (2, 9, [CLS, 1, 1, SEP, 2, 2, 2, SEP], 5),  # the abstract is cut first
        (5, 9, [CLS, 1, 1, 1, 1, 1, SEP], 5),  # no room for a token of the abstract: its [SEP] leaves too
        (6, 9, [CLS, 1, 1, 1, 1, 1, 1, SEP], 6),
        (20, 9, [CLS, 1, 1, 1, 1, 1, 1, SEP], 6),  # a title that fills the window alone is cut
        (2, 0, [CLS, 1, 1, SEP], 2),  # a missing part leaves with its [SEP]
        (0, 2, [CLS, 2, 2, SEP], 2),
        (0, 20, [CLS, 2, 2, 2, 2, 2, 2, SEP], 6),
        (0, 0, [CLS], 0),
    ],
)
def test_the_layout_is_the_designs(title: int, abstract: int, expected: list[int], n_read: int) -> None:
    assert layout(title, abstract, max_length=8) == (expected, title + abstract, n_read)


def test_the_layout_is_what_the_tokenizer_itself_would_make(encoder: Encoder) -> None:
    title, abstract = "Sparse graphs", "We colour them with few colours."
    (tokens,) = encoder.tokenize([(title, abstract)])
    assert list(tokens.ids) == encoder.tokenizer(title, abstract)["input_ids"]


NASTY = ["\ud800\udfff", "x\x00\x01", "\u202eabc", "e" + "\u0301" * 500, "🌳" * 50, "ﷺ" * 300]


@pytest.mark.parametrize("nasty", NASTY)
def test_any_plain_text_is_tokenized(nasty: str, encoder: Encoder) -> None:
    (tokens,) = encoder.tokenize([prepare_text(nasty, nasty)])
    assert 1 <= len(tokens.ids) <= encoder.spec.max_length


def test_the_tokens_of_the_longest_text_are_all_counted(encoder: Encoder) -> None:
    (tokens,) = encoder.tokenize([Text("", "素数" * (MAX_CHARACTERS // 2))])
    assert (tokens.n_text, tokens.n_read) == (MAX_CHARACTERS, encoder.spec.max_length - 2)


def test_no_texts_have_no_tokens(encoder: Encoder) -> None:
    assert encoder.tokenize([]) == []
