"""An article's text: title and abstract, checked and made plain in one place, once.

    text = prepare_text("  Prime\\ngaps ", "NA")                        # typed or pasted: Text("Prime gaps", "")
    text = fit_text(without_placeholders(Text(plain(a), plain(b))))    # what stands in a file, however long it is

Training texts, words and live texts are made plain by the same `plain`.

Everything behind (tokenizer, TF-IDF, classifier, explanation) takes a `Text` as it is, and neither checks nor cleans.
"""

import re
from typing import NamedTuple

from spheres.data.characters import fix_characters
from spheres.data.latex import remove_latex
from spheres.data.markup import remove_markup
from spheres.data.pasted import strip_pasted
from spheres.data.placeholders import is_placeholder
from spheres.errors import SphereError

# Of title and abstract together. An encoder's window of 256 tokens is full after some 1,500 characters, and arXiv takes
# abstracts of up to 1,920; so this leaves room for a pasted page or two, and bounds what a text can cost.
MAX_CHARACTERS = 50_000
MAX_RAW = 4 * MAX_CHARACTERS  # before it is plain: what a text's markup can cost is bounded as well
MAX_LAYERS = 4  # of markup within markup, such as an entity that was escaped twice
LONG, MAX_LAYERS_OF_LONG = 10_000, 3  # characters
LINE_END = re.compile(r"[\r\n]+")


class Text(NamedTuple):
    """A title and an abstract in plain text; either may be empty, not both."""

    title: str
    abstract: str


def prepare_text(title: str, abstract: str) -> Text:
    """The plain text of what somebody typed or pasted.

    Raises:
        SphereError: There is nothing to classify, or more than MAX_CHARACTERS.

    >>> prepare_text("On trees", "We\\n climb. ")
    Text(title='On trees', abstract='We climb.')
    """
    text = Text(title, abstract)
    length = sum(len(" ".join(part.split())) for part in text)
    if length <= MAX_RAW:
        text = without_placeholders(Text(plain(title), plain(abstract)))
        length = len(text.title) + len(text.abstract)
    if not length:
        raise SphereError("There is nothing to classify yet: paste a title, an abstract, or both.")
    if length > MAX_CHARACTERS:
        raise SphereError(
            "The text has {length:,} characters, more than the {most:,} allowed: paste the abstract only.",
            length=length,
            most=MAX_CHARACTERS,
        )
    return text


def fit_text(text: Text, max_characters: int = MAX_CHARACTERS) -> Text:
    """The text cut to `max_characters`, the abstract first, as in the encoder's window; still plain.

    >>> fit_text(Text("On trees", "We climb."), 11)
    Text(title='On trees', abstract='We')
    """
    title = text.title[:max_characters].rstrip()
    return Text(title, text.abstract[: max_characters - len(title)].rstrip())


def without_placeholders(text: Text) -> Text:
    """Plain title and abstract, each empty where it says only that there is none, as "[No abstract available]" does.

    >>> without_placeholders(Text("On trees", "N/A"))
    Text(title='On trees', abstract='')
    """
    return Text(*("" if is_placeholder(part) else part for part in text))


def placeholder_in(title: str, abstract: str, text: Text) -> str:
    """Which of "title" and "abstract" was given and holds nothing to read, as `text` shows; "" where neither.

    >>> placeholder_in("On trees", "N/A", prepare_text("On trees", "N/A"))
    'abstract'
    """
    lost = [
        name
        for name, part, kept in zip(Text._fields, (title, abstract), text, strict=True)
        if part.strip() and not kept
    ]
    return lost[0] if lost else ""


def is_utf8(text: str) -> bool:
    """Whether a text can be sent as UTF-8: it holds no half of a surrogate pair, which JSON may bring.

    >>> is_utf8("trees"), is_utf8(chr(0xD83C))
    (True, False)
    """
    return not any("\ud800" <= c <= "\udfff" for c in text)


def plain(part: str) -> str:
    r"""A title or an abstract as a reader sees it: without markup, LaTeX commands, odd characters, a page's trappings.

    What is plain already stays as it is, formulas such as `$x^2$` too, and `plain(plain(x)) == plain(x)`. Of more than
    MAX_RAW characters the rest is cut off. Lone surrogates, which no tokenizer takes, become "?".

    >>> plain("  Abstract \u2014 {B}lack\n <i>holes</i> &amp;amp; Poincar\\'e's $x_{1}$ \ud800 ")
    "Black holes & Poincaré's $x_{1}$ ?"
    """
    raw = part.strip()[:MAX_RAW].encode("utf-8", "replace").decode("utf-8")
    joined = " ".join(raw.split())
    for start in dict.fromkeys((raw, joined)):  # what unfolds further and further stays as it is
        text = start
        for _ in range(MAX_LAYERS if len(start) < LONG else MAX_LAYERS_OF_LONG):
            before, text = text, _undo_layer(text)
            if text == before:
                return text
    return joined


def _undo_layer(text: str) -> str:
    """One layer of each kind of dirt less; in time proportional to the text's length."""
    lines = filter(None, (" ".join(line.split()) for line in LINE_END.split(fix_characters(text))))
    return strip_pasted(remove_latex(remove_markup("\n".join(lines))))
