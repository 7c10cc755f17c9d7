"""What an answer rests on: each sentence left out by hand gives the same numbers, and no text is lost or refused."""

import pytest
from fake_classifier import FakeClassifier

from spheres.data.taxonomy import GROUPS
from spheres.data.text import Text, prepare_text
from spheres.inference.classifier import Classification, Classifier
from spheres.inference.explain import (
    MAX_SENTENCES,
    MAX_WORDS,
    STOP_WORDS,
    Explanation,
    Piece,
    explain,
    explain_words,
    sentences_of,
    words_of,
)

TITLE = "Prime gaps and the zeros of zeta functions"
SENTENCES = [
    "We bound the gaps between consecutive primes in arithmetic progressions.",
    "The proof rests on a zero density theorem for Dirichlet series.",
    "A convolutional neural network is trained on ImageNet to label photographs of dogs.",
]
TEXT = Text(TITLE, " ".join(SENTENCES))

# Texts that no article has, each as title, as abstract, and as both
ODD = {
    "emoji": "🌳🧬. 👩‍🔬🏳️‍🌈! Trees sway.",
    "control characters": "\x00\x07 We climb. \x1b[31m They\x7f sway.",
    "lone surrogates": "A \ud800 tree. \udfff It sways.",
    "an initial before a wide blank": "Vitamin A\u00a0. B\u2028. C\u2029. D\u2009. E\u3000. They sway.",
    "one word of 20,000 characters": "x" * 20_000,
    "20,000 initials": "A. " * 6_666,
    "only punctuation": "... !!! ??? — “ ” ( ) [1]",
    "no blank after a full stop": "We climb.They sway.",
    "accents without end": "e" + "\u0301" * 3_000 + ". They sway.",
    "right to left": "\u202eאנחנו מטפסים. هم يتمايلون؟",
    "no blanks at all": "我们爬树。树在摇晃。",
    "every kind of line end": "a\r\nb.\r\n\r\nC\x0bd.\x0cE\x85f.\u2028G.\u2029H.",
    "blanks around": " \n\t We climb. \u2003 They sway.  \n",
}


@pytest.fixture(scope="module")
def explanation(classifier: Classifier) -> Explanation:
    return explain(classifier, TEXT, classifier.classify(*TEXT))


class Echo:
    """Notes what it is asked, and finds every group as likely."""

    def __init__(self) -> None:
        self.asked: list[list[Text]] = []  # a list a call

    def classify_many(self, texts: list[Text]) -> list[Classification]:
        self.asked.append(texts)
        return [Classification((0.125,) * 8, 1, 1) for _ in texts]


def text_of(text: Text, piece: Piece) -> str:
    return text[piece.part][piece.start : piece.end]


def between(text: Text, pieces: list[Piece]) -> str:
    """What stands between the pieces, without blanks, once they are seen to be in order and to overlap nowhere."""
    left = ""
    for part in (0, 1):
        end = 0
        for piece in (p for p in pieces if p.part == part):
            assert end <= piece.start < piece.end <= len(text[part])
            assert text_of(text, piece) == text_of(text, piece).strip()
            left, end = left + text[part][end : piece.start], piece.end
        left += text[part][end:]
    return "".join(left.split())


def test_each_number_is_the_answer_to_the_text_without_that_sentence(
    explanation: Explanation, classifier: Classifier
) -> None:
    assert [text_of(TEXT, piece) for piece in explanation.pieces] == [TITLE, *SENTENCES]
    by_hand = [Text("", TEXT[1])] + [
        Text(TITLE, " ".join(s for s in SENTENCES if s is not left_out)) for left_out in SENTENCES
    ]
    for piece, text in zip(explanation.pieces, by_hand, strict=True):
        assert piece.without == pytest.approx(classifier.classify(*text).probabilities, abs=1e-3)
    assert explanation.whole == pytest.approx(classifier.classify(*TEXT).probabilities, abs=1e-3)


def test_a_sentence_speaks_for_its_own_field_and_against_the_others(explanation: Explanation) -> None:
    dogs = explanation.pieces[-1]
    assert explanation.effect(dogs, "math") < -1 and explanation.gain(dogs, "math") < -0.01
    assert explanation.effect(dogs, "cs") > 1 and explanation.gain(dogs, "cs") > 0.01
    assert explanation.effect(explanation.pieces[0], "math") > 0
    assert explanation.strongest("cs") == dogs


def test_effects_are_differences_of_log_odds_and_gains_of_probabilities() -> None:
    even, odd = (0.5, 0.5, *(0.0,) * 6), (0.9, 0.1, *(0.0,) * 6)
    piece = Piece(1, 0, 3, without=odd)
    told = Explanation(Text("", "abc"), even, (piece, Piece(1, 4, 5, without=even)))
    assert told.effect(piece, "physics") == pytest.approx(-2.1972, abs=1e-4)  # ln 9
    assert told.effect(piece, "math") == pytest.approx(2.1972, abs=1e-4)
    assert told.gain(piece, "physics") == pytest.approx(-0.4)
    assert told.effect(piece, "econ") == 0.0
    assert told.strongest("physics") == piece


def test_certainty_keeps_effects_finite() -> None:
    sure = Explanation(Text("", "a"), (1.0, *(0.0,) * 7), ())
    piece = Piece(1, 0, 1, without=(0.0, 1.0, *(0.0,) * 6))
    assert sure.effect(piece, "physics") == pytest.approx(27.63, abs=0.01)
    assert sure.effect(piece, "math") == pytest.approx(-27.63, abs=0.01)
    assert sure.strongest("math") is None


@pytest.mark.parametrize("group", ["math", "cs", "econ"])
def test_the_words_weighed_are_those_of_the_sentence_that_moved_the_group_most(
    group: str, explanation: Explanation, classifier: Classifier
) -> None:
    closer = explain_words(classifier, explanation, group)
    strongest = explanation.strongest(group)
    assert strongest is not None
    assert " ".join(text_of(TEXT, word) for word in closer.pieces) == text_of(TEXT, strongest)
    assert {word.part for word in closer.pieces} == {strongest.part}
    assert closer.whole == explanation.whole
    word = closer.pieces[1]
    title, abstract = (
        part[: word.start] + part[word.end :] if number == word.part else part for number, part in enumerate(TEXT)
    )
    assert word.without == pytest.approx(classifier.classify(title, abstract).probabilities, abs=1e-3)


@pytest.mark.parametrize("text", [Text(TITLE, ""), Text("", SENTENCES[0])])
def test_a_single_sentence_has_no_pieces_but_words(text: Text, classifier: Classifier) -> None:
    alone = explain(classifier, text, classifier.classify(*text))
    assert alone.pieces == ()
    words = explain_words(classifier, alone, "math").pieces
    assert " ".join(text_of(text, word) for word in words) == "".join(text)
    assert all(sum(word.without) == pytest.approx(1) for word in words)


@pytest.mark.parametrize(
    "text", [Text("Graphs", ""), Text("", "Graphs."), Text("", "= Graphs !"), Text("", "…"), Text("🌳", "")]
)
def test_one_word_has_nothing_to_be_left_out(text: Text, classifier: Classifier) -> None:
    alone = explain(classifier, text, classifier.classify(*text))
    assert alone.pieces == ()
    assert explain_words(classifier, alone, "cs").pieces == ()


def test_a_long_text_is_weighed_from_the_beginning_as_far_as_the_limit() -> None:
    echo, text = Echo(), prepare_text("On trees", "They sway in the wind. " * 100)
    told = explain(echo, text, Classification((0.125,) * 8, 1, 1))
    assert len(told.pieces) == MAX_SENTENCES
    assert [len(texts) for texts in echo.asked] == [MAX_SENTENCES]  # all in one batch
    assert [text_of(text, piece) for piece in told.pieces] == ["On trees"] + ["They sway in the wind."] * 39


def test_of_a_long_sentence_the_first_words_are_weighed() -> None:
    echo, text = Echo(), Text("", " ".join(f"w{n}" for n in range(500)))
    told = explain(echo, text, Classification((0.125,) * 8, 1, 1))
    words = explain_words(echo, told, "cs").pieces
    assert [text_of(text, word) for word in words] == [f"w{n}" for n in range(MAX_WORDS)]
    assert [len(texts) for texts in echo.asked] == [MAX_WORDS]


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_no_text_is_refused_and_none_of_its_characters_lost(odd: str) -> None:
    for text in (prepare_text("", odd), prepare_text(odd, ""), prepare_text(odd, odd)):
        pieces = sentences_of(text)
        assert between(text, pieces) == ""
        assert [piece.part for piece in pieces] == sorted(piece.part for piece in pieces)
        for piece in pieces:
            for word in words_of(text, piece):
                assert piece.part == word.part and piece.start <= word.start < word.end <= piece.end
                *small, _last = text_of(text, word).split()
                assert {one.lower() for one in small} <= STOP_WORDS


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_whatever_was_classified_is_explained(odd: str) -> None:
    text, classifier = prepare_text("On trees", odd), FakeClassifier()
    told = explain(classifier, text, classifier.classify(*text))
    assert [text_of(text, p) for p in told.pieces] == [text_of(text, p) for p in sentences_of(text)][:MAX_SENTENCES]
    words = explain_words(classifier, told, "cs").pieces
    assert all(len(piece.without) == len(GROUPS) for piece in (*told.pieces, *words))


@pytest.mark.parametrize(
    ("abstract", "expected"),
    [
        ("We climb. They sway.", ["We climb.", "They sway."]),
        ("Trees, e.g. oaks, sway. See Fig. 3 of Knuth et al. (1974).", 2),
        ("The bound is 0.5 in the limit. It is sharp!", ["The bound is 0.5 in the limit.", "It is sharp!"]),
        ("A tree \ud800. It sways.", ["A tree ?.", "It sways."]),
        ("Type A\u00a0. It sways.", ["Type A .", "It sways."]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(abstract: str, expected: list[str] | int) -> None:
    text = prepare_text("", abstract)
    found = [text_of(text, piece) for piece in sentences_of(text)]
    assert (len(found) if isinstance(expected, int) else found) == expected


def test_words_are_what_stands_between_blanks_and_has_a_letter_or_digit() -> None:
    text = Text("", "We — the oaks' — grew by 5%, $x^2$ = ∞ (см. рис.)")
    (sentence,) = sentences_of(text)
    found = [text_of(text, word) for word in words_of(text, sentence)]
    assert found == ["We", "the oaks'", "grew", "by 5%,", "$x^2$", "(см.", "рис.)"]
    assert between(text, words_of(text, sentence)) == "——=∞"


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Oaks of the sea sway", ["Oaks", "of the sea", "sway"]),
        ("Of — the sea", ["Of", "the sea"]),
        ("what they are made of", ["what they are made", "of"]),
        ("It is.", ["It is."]),
        ("The (of) sea", ["The (of)", "sea"]),
    ],
)
def test_small_words_go_with_the_word_they_lead_to(sentence: str, expected: list[str]) -> None:
    text = Text("", sentence)
    assert [text_of(text, word) for word in words_of(text, Piece(1, 0, len(sentence)))] == expected
