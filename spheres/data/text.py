"""An article's text: title and abstract, checked and made plain in one place, once.

    text = prepare_text("  Prime\\ngaps ", "")      # what somebody typed or pasted: Text("Prime gaps", "")
    text = fit_text(Text(plain(a), plain(b)))      # what stands in a file, however long it is

Everything behind (tokenizer, TF-IDF, classifier, explanation) takes a `Text` as it is, and neither checks nor cleans.
"""

from typing import NamedTuple

from spheres.errors import SphereError

# Of title and abstract together. An encoder's window of 256 tokens is full after some 1,500 characters, and arXiv takes
# abstracts of up to 1,920; so this leaves room for a pasted page or two, and bounds what a text can cost.
MAX_CHARACTERS = 50_000


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
    text = Text(plain(title), plain(abstract))
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


def plain(part: str) -> str:
    """A title or an abstract with single spaces, and "?" for lone surrogates, which no tokenizer takes.

    >>> plain("  Black\\n holes \\ud800 ")
    'Black holes ?'
    """
    return " ".join(part.encode("utf-8", "replace").decode("utf-8").split())
