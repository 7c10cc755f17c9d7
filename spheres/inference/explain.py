"""Leave-one-out explanation (occlusion): the answer without each sentence, and without each word of the strongest one.

    explanation = explain(classifier, text, answer)        # every sentence left out in turn, in one pass
    words = explain_words(classifier, explanation, "cs")   # every word of the sentence that moved "cs" the most
    explanation.effect(explanation.pieces[0], "cs")        # in log-odds

Leaving a part out and asking again is the plainest test of what an answer rests on, and needs nothing of the model but
its answers (Li et al. 2016, arXiv:1612.08220, "erasure"). By hand, because a visitor waits: SHAP asks 500 times a text
and LIME 5,000 times by default, this once a sentence. Parts that only matter together are not found that way.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from spheres.data.taxonomy import GROUPS
from spheres.data.text import Text
from spheres.model.prior import ARXIV, Prior

if TYPE_CHECKING:  # the classifier brings torch along
    from spheres.inference.classifier import Classification, ClassifiesMany

MAX_EXPLAINED = 20_000  # characters of a text that is explained: each of forty runs reads nearly all of it
MAX_SENTENCES = 40  # left out at most, from the beginning on: each costs a run of the encoder
MAX_WORDS = 60

# Stop words say little alone, and are left out with the word that they lead to: "of the sea". It halves the runs.
_STOP_WORDS = """
    a an the this that these those its their our his her we it they i you he she who which what there
    of in on at by to for from with within without into onto over under between among through via than as per about
    and or but nor so if then when where while whether because both either
    is are was were be been being am has have had do does did can could may might will would shall should must
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())


@dataclass(frozen=True)
class Piece:
    """A span of the text and the answer without it."""

    part: int  # 0 for the title, 1 for the abstract
    start: int  # in that part, in characters
    end: int  # exclusive
    without: tuple[float, ...] = ()  # (n_groups,) probabilities of the text that lacks it


@dataclass(frozen=True)
class Explanation:
    """A text, its answer, and the answer without each of its pieces."""

    text: Text
    whole: tuple[float, ...]  # (n_groups,) probabilities of the whole text
    pieces: tuple[Piece, ...]  # the title and the abstract's sentences, in the text's order; or words
    prior: Prior = ARXIV  # of all these answers

    def effect(self, piece: Piece, group: str) -> float:
        """By how much the piece moved a group, in log-odds (nats): above zero where it spoke for the group.

        A step of 1 takes a probability from 50 % to 73 %, and from 95 % to 98 %.
        """
        place = GROUPS.index(group)
        return log_odds(self.whole[place]) - log_odds(piece.without[place])

    def gain(self, piece: Piece, group: str) -> float:
        """By how much the piece raised a group's probability, from -1 to 1."""
        place = GROUPS.index(group)
        return self.whole[place] - piece.without[place]

    def strongest(self, group: str) -> Piece | None:
        """The piece that moved a group the most, either way; None where there are none."""
        return max(self.pieces, key=lambda piece: abs(self.effect(piece, group)), default=None)


def explain(classifier: ClassifiesMany, text: Text, answer: Classification) -> Explanation:
    """Leave out the title and each of the abstract's sentences, in turn.

    Args:
        text: What was classified.
        answer: The answer to it.

    Returns:
        An explanation of at most MAX_SENTENCES pieces; of none where the text is a single sentence. Its words may still
        be explained.
    """
    pieces = leave_one_out(classifier, text, sentences_of(text)[:MAX_SENTENCES], answer.prior)
    return Explanation(text, answer.probabilities, pieces, answer.prior)


def explain_words(classifier: ClassifiesMany, explanation: Explanation, group: str) -> Explanation:
    """Leave out each word of the sentence that moved `group` the most; a text of one sentence counts as that."""
    text = explanation.text
    sentence = explanation.strongest(group) or next(iter(sentences_of(text)), None)
    words = words_of(text, sentence)[:MAX_WORDS] if sentence else []
    return replace(explanation, pieces=leave_one_out(classifier, text, words, explanation.prior))


def leave_one_out(classifier: ClassifiesMany, text: Text, pieces: Sequence[Piece], prior: Prior) -> tuple[Piece, ...]:
    """The pieces, each with the answer to the text that lacks it; none where one is all: nothing is left without it."""
    if len(pieces) < 2:
        return ()
    # 1. Make a text for each piece, of all the others
    remaining = [occlude(text, piece) for piece in pieces]
    # 2. Classify them together: side by side, one to a core, they take a fraction of the time
    answers = classifier.classify_many(remaining)
    # 3. Note with each piece what the answer is without it; `Explanation` compares that with the whole text's
    return tuple(replace(p, without=a.under(prior).probabilities) for p, a in zip(pieces, answers, strict=True))


def sentences_of(text: Text) -> list[Piece]:
    """The title, if there is one, and the abstract's sentences; pieces of nothing but blanks are passed over.

    >>> [(p.part, p.start, p.end) for p in sentences_of(Text("On trees", "We climb. They sway."))]
    [(0, 0, 8), (1, 0, 9), (1, 10, 20)]
    """
    from sentencex import segment

    pieces, end = [Piece(0, 0, len(text.title))], 0
    for sentence in segment("en", text.abstract):  # plain text has no blanks that it stumbles over
        start, end = end, end + len(sentence)
        pieces.append(Piece(1, end - len(sentence.lstrip()), start + len(sentence.rstrip())))
    return [piece for piece in pieces if piece.start < piece.end]


def words_of(text: Text, sentence: Piece) -> list[Piece]:
    """The words of a piece, split at blanks, each with the stop words before it; signs alone are no words.

    >>> [(p.start, p.end) for p in words_of(Text("", "Trees = the oaks of Kent"), Piece(1, 0, 24))]
    [(0, 5), (8, 16), (17, 24)]
    """
    places: list[tuple[int, int]] = []
    joins = False  # whether the next word belongs to the place begun
    for word in re.compile(r"\S+").finditer(text[sentence.part], sentence.start, sentence.end):
        is_word = any(sign.isalnum() for sign in word.group())
        if is_word and joins:
            places[-1] = (places[-1][0], word.end())
        elif is_word:
            places.append(word.span())
        joins = word.group().lower() in STOP_WORDS
    return [Piece(sentence.part, start, end) for start, end in places]


def occlude(text: Text, piece: Piece) -> Text:
    """The text that lacks a piece, and is plain as well.

    >>> occlude(Text("On trees", "We climb. They sway."), Piece(1, 0, 9))
    Text(title='On trees', abstract='They sway.')
    """
    parts = list(text)
    before, after = parts[piece.part][: piece.start].rstrip(), parts[piece.part][piece.end :].lstrip()
    parts[piece.part] = f"{before} {after}".strip()
    return Text(*parts)


def log_odds(probability: float) -> float:
    """The logarithm of a probability's odds, in nats; kept finite at 0 and 1.

    >>> round(log_odds(0.5), 3), round(log_odds(0.73), 3)
    (0.0, 0.995)
    """
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))
