"""arXiv identifiers: recognised in any notation, without their version, and as a link to the article's page."""

import re

from spheres.data.taxonomy import ARCHIVES

_LINK = r"(?:https?://)?(?:(?:www|export)\.)?arxiv\.org/(?:abs|pdf|html)/"
_DOI = r"(?:(?:https?://)?(?:(?:www|dx)\.)?doi\.org/|doi:\s{0,3})?10\.48550/arxiv\."
_MONTH = r"[0-9]{2}(?:0[1-9]|1[0-2])"
_ARCHIVE = "|".join(re.escape(archive) for archives in ARCHIVES.values() for archive in archives)
# ASCII, because ſ and K would pass for s and k otherwise; no repeat stands next to one that matches the same
_FORM = re.compile(
    rf"(?:(?P<link>{_LINK}|{_DOI})|arxiv:\s{{0,3}})?"
    rf"(?:(?P<new>{_MONTH}\.[0-9]{{4,5}})|(?P<archive>{_ARCHIVE})(?:\.[a-z-]{{2,9}})?/(?P<old>{_MONTH}[0-9]{{3}}))"
    r"(?P<version>v[1-9][0-9]{0,2})?"
    r"(?(link)(?:\.pdf)?/?(?:[?#]\S*)?|(?:\s{0,3}\[[a-z-]{2,8}(?:\.[a-z-]{2,9})?\])?)",
    re.IGNORECASE | re.ASCII,
)
_WRAPPINGS = {"<>", '""', "''", "``", "“”", "‘’", "«»", "()", "[]"}


def arxiv_identifier(text: str) -> str | None:
    """The arXiv id that the whole text is, however it is written, in arXiv's own way; None for any other text.

    The subject class of an old id is dropped: math.GT/0309136 is listed as math/0309136.

    >>> arxiv_identifier("https://arxiv.org/pdf/1706.03762v5.pdf?download=1"), arxiv_identifier("<math.GT/0309136>")
    ('1706.03762v5', 'math/0309136')
    >>> arxiv_identifier("A comment on 1706.03762") is None
    True
    """
    text = text.strip()
    if text[:1] + text[-1:] in _WRAPPINGS:
        text = text[1:-1].strip()
    if not (form := _FORM.fullmatch(text)):
        return None
    number = form["new"] or f"{form['archive']}/{form['old']}"
    return (number + (form["version"] or "")).lower()


def base_id(id: str) -> str:
    """An arXiv id without its version: all versions are one article.

    >>> base_id("1706.03762v5"), base_id("hep-th/9711200"), base_id("my-own-id")
    ('1706.03762', 'hep-th/9711200', 'my-own-id')
    """
    return re.sub(r"(?<=\d)v\d+$", "", id.strip())


def arxiv_link(id: str) -> str:
    """The article's page at arXiv; empty for an id of another kind.

    >>> arxiv_link("hep-th/9711200"), arxiv_link("my-own-id")
    ('https://arxiv.org/abs/hep-th/9711200', '')
    """
    identifier = arxiv_identifier(id)
    return f"https://arxiv.org/abs/{identifier}" if identifier else ""
