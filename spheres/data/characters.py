"""Characters made ordinary: mojibake, invisible ones, styled letters, loose accents, Cyrillic letters in Latin words.

>>> fix_characters("caf\u00c3\u00a9 \ufb01eld, \U0001d40a\u00e4hler, hy\u00adper, Poincar\u00b4e, 10²")
'café field, Kähler, hyper, Poincaré, 10²'
"""

import re
import unicodedata

# Deleted, as a BERT tokenizer does: controls that are no blanks, soft hyphens, zero-width and directional marks, and
# private letters, which fonts of a PDF leave behind.
INVISIBLE = [c for c in (*range(0x20), *range(0x7F, 0xA0)) if not chr(c).isspace()]
INVISIBLE += [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0xE000, 0xF900)]
INVISIBLE += [0xAD, *range(0xFE00, 0xFE10), 0xFEFF, *range(0xFFF9, 0xFFFC)]
PRIVATE = re.compile("[\U000e0000-\U0010ffff]+")  # tags and private planes

# Only what is a letter in another style becomes that letter. All of NFKC would turn 10² into 102.
STYLED = (*range(0x2100, 0x2150), *range(0x1D400, 0x1D800), *range(0xFB00, 0xFB07), *range(0xFF01, 0xFF5F))
STYLED += tuple(range(0x24B6, 0x24EA))  # circled letters
ORDINARY: dict[int, str | None] = {
    c: unicodedata.normalize("NFKC", chr(c))
    for c in STYLED
    if c > 0x2150 or unicodedata.decomposition(chr(c)).startswith("<font>")
} | dict.fromkeys(INVISIBLE)

LATIN_LOOKALIKES = str.maketrans("АВЕЅІЈКМНОРСТХасеһіјорѕух", "ABESIJKMHOPCTXacehijopsyx")  # of Cyrillic letters
CYRILLIC = re.compile("[\u0400-\u04ff]")
MIXED_WORD = re.compile("[A-Za-z\u0400-\u04ff]+")

# As a PDF's fonts put accents: before their letter, as a character that takes room
SPACING = "\u00a8\u00b4\u00b8\u02c6\u02c7\u02d8\u02d9\u02da\u02dc\u02dd"
THEIR_MARKS = "\u0308\u0301\u0327\u0302\u030c\u0306\u0307\u030a\u0303\u030b"
SPACING_ACCENTS = dict(zip(SPACING, THEIR_MARKS, strict=True))
SPACING_ACCENT = re.compile(f"([{SPACING}]) ?([A-Za-zı])")
MARK = re.compile("[\u0300-\u036f]")
COMBINING = re.compile("[A-Za-z\u00c0-\u024f][\u0300-\u036f]{1,3}")  # bounded: a flood of marks costs its square
# What UTF-8 becomes in another table: a first byte's character, and a second one's
MOJIBAKE = re.compile("[\u00c2-\u00f4\u0102-\u0179\u0393-\u03c4\u0412-\u0444][\u0080-\u02dd\u0384-\u045f\u2013-\u2122]")


def fix_characters(text: str) -> str:
    """The text in ordinary, visible characters; superscripts, typographic quotes and other scripts stay."""
    if text.isascii() and text.isprintable():
        return text
    if MOJIBAKE.search(text):
        from ftfy import fix_encoding

        text = fix_encoding(text)
    text = PRIVATE.sub("", text.translate(ORDINARY))
    if MARK.search(text):
        text = COMBINING.sub(lambda found: unicodedata.normalize("NFC", found[0]), text)
    text = SPACING_ACCENT.sub(lambda found: accented(found[2], SPACING_ACCENTS[found[1]]) or found[0], text)
    return MIXED_WORD.sub(_latin, text) if CYRILLIC.search(text) else text


def accented(letter: str, mark: str) -> str:
    """One letter and its combining mark as one character; "" where there is no such letter.

    >>> accented("e", "\u0301"), accented("x", "\u0301")
    ('é', '')
    """
    composed = unicodedata.normalize("NFC", ("i" if letter == "ı" else letter) + mark)
    return composed if len(composed) == 1 else ""


def _latin(word: re.Match[str]) -> str:
    latin = word[0].translate(LATIN_LOOKALIKES)
    return latin if latin.isascii() and not word[0].isascii() and re.search("[A-Za-z]", word[0]) else word[0]
