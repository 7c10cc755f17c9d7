"""Which language a text is written in, by py3langid's model of byte sequences; for notes beside an answer.

Asked for unfamiliar texts only: the model takes a third of a second to load, and is rarely sure of a few words.
"""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

MIN_PROBABILITY = 0.85
NO_LANGUAGE = ("en", "la", "zxx")  # English, filler text in Latin, and py3langid's code for none at all


def foreign_language(text: str) -> str:
    """The ISO 639-1 code of the language that a text is written in; empty where that is English, none, or unsure.

    >>> foreign_language("Мы исследуем простые числа и нули L-функций."), foreign_language("We study prime numbers.")
    ('ru', '')
    """
    code, probability = _identifier().classify(text)
    return str(code) if probability >= MIN_PROBABILITY and code not in NO_LANGUAGE else ""


@cache
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
