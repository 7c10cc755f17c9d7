"""arXiv identifiers: recognised in any notation, without their version, and as a link to the article's page."""

import re

from spheres.data.taxonomy import ARCHIVES
from spheres.errors import SphereError

# arXiv, its mirrors, and sites that show its articles under the same numbers
_HOSTS = (
    *(r"arxiv\.org", r"ar5iv\.org", r"alphaxiv\.org", r"huggingface\.co", r"hf\.co", r"semanticscholar\.org"),
    *(r"arxiv-vanity\.com", r"scirate\.com", r"emergentmind\.com", r"adsabs\.harvard\.edu", r"xxx\.lanl\.gov"),
)
_LINK = rf"(?:https?://)?(?:[a-z0-9-]{{1,20}}\.){{0,3}}(?:{'|'.join(_HOSTS)})/(?:[a-z0-9-]{{1,12}}/){{0,2}}(?:arxiv:)?"
_DOI = r"(?:(?:https?://)?(?:(?:www|dx)\.)?doi\.org/|doi:?\s{0,3})?10\.48550/arxiv\."
_PREFIX = r"(?:cite as:?\s{0,3})?(?:arxiv (?:e-?prints?|preprint),?\s{1,3})?(?:oai:arxiv\.org:|arxiv[:.\s]\s{0,3})"
_MONTH = r"[0-9]{2}(?:0[1-9]|1[0-2])"
_ARCHIVE = "|".join(re.escape(archive) for archives in ARCHIVES.values() for archive in archives)
_CATEGORY = r"[\[(][a-z-]{2,8}(?:\.[a-z-]{2,9})?[\])]"
_NUMBER = (
    rf"(?:(?P<new>{_MONTH}\.[0-9]{{4,5}})|(?P<archive>{_ARCHIVE})(?:\.[a-z-]{{2,9}})?/(?P<old>{_MONTH}[0-9]{{3}}))"
    r"(?P<version>v[1-9][0-9]{0,2})?"
)
# What follows a number by itself: its category, and the date on a PDF's margin; or a year; or a file's ending
_SUFFIX = (
    rf"(?:\s{{0,3}}{_CATEGORY})?(?:\s{{1,3}}[0-9]{{1,2}} [a-z]{{3}} [0-9]{{4}})?|,? \(?[0-9]{{4}}\)?"
    r"|(?:\s?\([0-9]{1,2}\))?\.pdf"
)
# ASCII, because ſ and K would pass for s and k otherwise; no repeat stands next to one that matches the same
_FORMS = [
    re.compile(form, re.IGNORECASE | re.ASCII)
    for form in (
        rf"(?:(?P<link>{_LINK}|{_DOI})|{_PREFIX})?{_NUMBER}"
        rf"(?(link)(?:\.pdf|\.html)?(?:/[a-z]{{2,12}})?/?(?:[?#]\S*)?|(?:{_SUFFIX}))[)\]]?",
        rf"\[{_NUMBER}\] (?-s:.{{1,400}})",  # a browser's tab
        rf"(?-s:.{{1,400}}) \(arxiv:{_NUMBER}(?: {_CATEGORY})?(?: [a-z -]{{1,20}})?\)",  # arXiv's RSS feeds
    )
]
MAX_LENGTH = 1000  # characters of a link with all that its sender has put behind it
_WRAPPINGS = {"<>", '""', "''", "``", "“”", "‘’", "«»", "()", "[]"}
# Full-width characters and hyphens that are typed for the plain ones, and marks that nobody sees
_PLAIN: dict[int, int | str | None] = {
    **{0xFF01 + i: 0x21 + i for i in range(94)},
    **dict.fromkeys(range(0x2010, 0x2014), "-"),
    **dict.fromkeys([0xAD, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF]),
}
_LIKE_ONE = re.compile(
    r"(?:https?://|www\.)\S+|(?:[a-z0-9-]{1,60}\.){1,4}[a-z]{2,12}/\S+"  # a link
    r"|(?:doi:?\s{0,3})?10\.[0-9]{4,9}/\S+"
    r"|(?:arxiv|pmid|pmc|isbn|issn|doi|eid|wos|oai|ssrn)[:\s]{0,3}(?=\S{0,40}[0-9]{3})\S{1,60}|97[89][-0-9]{10,14}"
    r"|[0-9]{4}[.,][0-9]{1,6}(?:v[0-9]{0,3})?(?:\.pdf)?"
    r"|[a-z-]{2,10}(?:\.[a-z-]{2,9})?/[0-9]{5,9}(?:v[0-9]{0,3})?",
    re.IGNORECASE | re.ASCII,
)
_EXCELS = re.compile(r"(?P<month>[0-9]{3,4})\.(?P<number>[0-9]{1,5})")  # of an id that was taken for a number


def arxiv_identifier(text: str) -> str | None:
    """The arXiv id that the whole text is, however it is written, in arXiv's own way; None for any other text.

    The subject class of an old id is dropped: math.GT/0309136 is listed as math/0309136.

    >>> arxiv_identifier("https://arxiv.org/pdf/1706.03762v5.pdf?download=1"), arxiv_identifier("<math.GT/0309136>")
    ('1706.03762v5', 'math/0309136')
    >>> arxiv_identifier("arXiv:1706.03762v5  [cs.CL]  6 Dec 2017"), arxiv_identifier("[1706.03762] Attention")
    ('1706.03762v5', '1706.03762')
    >>> arxiv_identifier("A comment on 1706.03762") is None
    True
    """
    if len(text) > MAX_LENGTH:
        return None
    text = text.translate(_PLAIN).strip().rstrip(".,;: ")
    if text[:1] + text[-1:] in _WRAPPINGS:
        text = text[1:-1].strip().rstrip(".,;: ")
    form = next(filter(None, (form.fullmatch(text) for form in _FORMS)), None)
    if not form:
        return None
    number = form["new"] or f"{form['archive']}/{form['old']}"
    return (number + (form["version"] or "")).lower()


def check_no_identifier(text: str) -> None:
    """Refuse to take for a title what looks like an identifier or a link, but is none that `arxiv_identifier` knows.

    Raises:
        SphereError: It does, and says what to paste instead.

    >>> check_no_identifier("https://doi.org/10.1103/PhysRevLett.1.1")
    Traceback (most recent call last):
    spheres.errors.SphereError: https://doi.org/10.1103/PhysRevLett.1.1 looks like a link or an identifier, but not \
like that of an arXiv article: paste the article's title and abstract, or an arXiv id such as 1706.03762.
    """
    text = text.translate(_PLAIN).strip() if len(text) <= MAX_LENGTH else ""
    if _LIKE_ONE.fullmatch(text):
        raise SphereError(
            "{text} looks like a link or an identifier, but not like that of an arXiv article: paste the article's "
            "title and abstract, or an arXiv id such as 1706.03762.",
            text=text if len(text) <= 60 else f"{text[:59]}…",
        )


def base_id(id: str) -> str:
    """The id under which all versions and notations of an arXiv article are one; any other id as it is.

    An id that a spreadsheet took for a number has its noughts back.

    >>> base_id("https://arxiv.org/abs/1706.03762v5"), base_id("704.001"), base_id("my-own-id")
    ('1706.03762', '0704.0010', 'my-own-id')
    """
    id = re.sub(r"(?<=\d)v\d+$", "", arxiv_identifier(id) or id.strip())
    if (cut := _EXCELS.fullmatch(id)) and re.fullmatch(_MONTH, month := cut["month"].zfill(4)):
        return f"{month}.{cut['number'].ljust(4 if month < '1501' else 5, '0')}"  # five digits since January 2015
    return id


def arxiv_link(id: str) -> str:
    """The article's page at arXiv; empty for an id of another kind.

    >>> arxiv_link("hep-th/9711200"), arxiv_link("my-own-id")
    ('https://arxiv.org/abs/hep-th/9711200', '')
    """
    identifier = arxiv_identifier(id)
    return f"https://arxiv.org/abs/{identifier}" if identifier else ""
