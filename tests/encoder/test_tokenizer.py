"""How a title and an abstract are laid out for the encoder, and where they are cut."""

import pytest

from spheres.data.text import clean
from spheres.encoder.encoder import Encoder
from spheres.encoder.tokenizer import join_pair, sliced

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


def test_lone_surrogates_controls_and_line_breaks_reach_no_tokenizer(encoder: Encoder) -> None:
    assert clean("a\ud800\n\tb\x00") == "a? b\x00"
    for nasty in ["\ud800\udfff", "\x00\x01", "\u202eabc", "e" + "\u0301" * 500, "🌳" * 50, "<script>", "ﷺ" * 300]:
        (tokens,) = encoder.tokenize([(nasty, nasty)])
        assert 1 <= len(tokens.ids) <= encoder.spec.max_length


@pytest.mark.parametrize("slice", [7, 50, 1000])
def test_a_text_tokenized_in_pieces_is_the_same_text(slice: int, encoder: Encoder, monkeypatch) -> None:
    title, abstract = "Prime gaps, and the zeros of L-functions", "We bound gaps between primes; 素数 too. " * 40
    whole = encoder.tokenize([(title, abstract), ("", abstract), (title, "")])
    monkeypatch.setattr("spheres.encoder.tokenizer.sliced.__defaults__", (slice,))
    if slice > 7:  # a shorter one than a word cuts it
        assert encoder.tokenize([(title, abstract), ("", abstract), (title, "")]) == whole
    else:
        assert encoder.tokenize([(title, abstract)])[0].n_text >= whole[0].n_text


@pytest.mark.parametrize("text", ["", " ", "a", "word " * 30, "x" * 99, "素数" * 40, "a " + "b" * 60 + " c"])
@pytest.mark.parametrize("most", [1, 7, 50])
def test_pieces_are_the_text_but_for_the_blanks_between_them(text: str, most: int) -> None:
    pieces = sliced(clean(text), most)
    assert "".join(pieces).replace(" ", "") == clean(text).replace(" ", "")
    assert all(len(piece) <= most for piece in pieces)
