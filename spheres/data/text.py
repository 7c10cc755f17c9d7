"""A title and an abstract as they are pasted: what is taken of them, and how they are made plain."""

from spheres.errors import SphereError

Text = tuple[str, str]  # title, abstract; either may be empty
MAX_CHARACTERS = 2_000_000  # of title and abstract together; a book is no abstract


def check_text(title: str, abstract: str) -> None:
    """Refuse what holds nothing to classify, and what no abstract is as long as.

    raises : SphereError
    """
    if not title.strip() and not abstract.strip():
        raise SphereError("There is nothing to classify yet: paste a title, an abstract, or both.")
    length = len(title) + len(abstract)
    if length > MAX_CHARACTERS:
        raise SphereError(
            "The text has {length:,} characters, more than the {most:,} allowed: paste the abstract only.",
            length=length,
            most=MAX_CHARACTERS,
        )


def clean(text: str) -> str:
    """Single spaces, and no lone surrogates, which no tokenizer takes.

    >>> clean("  Black\\n holes \\ud800 ")
    'Black holes ?'
    """
    return " ".join(whole(text).split())


def whole(text: str) -> str:
    """The text, half surrogate pairs replaced one by one: neither tokenizers nor UTF-8 take any.

    >>> whole("x\\udc00\\ud800")
    'x??'
    """
    return text.encode("utf-8", "replace").decode("utf-8")
