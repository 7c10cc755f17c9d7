"""What stands around and within a text pasted from a PDF or a web page: stamps, headings, authors, line ends.

>>> strip_pasted("arXiv:1706.03762v5 [cs.CL] 6 Dec 2017\\nA. Vaswani, N. Shazeer and N. Parmar\\nRecur-\\nrent nets")
'Recurrent nets'
"""

import re

# 1. Before the text
ID = r"(?:\d{4}\.\d{4,5}|[a-z-]{2,9}(?:\.[A-Z]{2})?/\d{7})(?:v\d{1,2})?"
DATE = r"\d{1,2}\s+[A-Z][a-z]{2}\s+\d{4}"
STAMP = re.compile(
    rf"^\s*arXiv:\s?{ID}\s+(?:\[[A-Za-z.-]{{2,18}}\](?:\s+{DATE})?|{DATE}|Announce Type:\s*[a-z-]+)\s+"
    rf"|^\s*\[(?:arXiv:)?{ID}\]\s+"
    rf"|\s+\(arXiv:{ID}[^()]{{0,40}}\)\s*$"
    rf"|\s+arXiv:\s?{ID}\s+\[[A-Za-z.-]{{2,18}}\]\s+{DATE}(?=\s|$)"
)
WORD = r"(?:abstract|summary|аннотация|резюме|zusammenfassung|résumé|resumen|resumo)"
HEADING = re.compile(
    rf"(?:^|\n)\s*(?i:{WORD})\s{{0,3}}"
    r"(?:[—–:.]\s*|-+\s*(?=[A-Z][a-z]* )|\n\s*|(?=\s(?:We|In this|This|The|Here|It|Our)\s))"
)
FRONT = 3000  # characters of title, authors and addresses within which a page's heading "Abstract" is looked for
REST = 200  # characters that must follow it
INITIALS = r"[A-Z]\.(?:[ -]?[A-Z]\.){0,3}+"
SURNAME = r"(?:(?:van|von|de|der|den|di|da|del|la|le|al|el|bin|ibn) ){0,2}[A-Z][\w'’-]{1,30}"
NAME = rf"(?>{INITIALS} ?{SURNAME}|{SURNAME},? {INITIALS})(?:[\d*†‡§](?:,?[\d*†‡§]){{0,4}})?"
# Two names with initials at least, then a new sentence or line
AUTHORS = re.compile(
    rf"^\s*{NAME}(?:\s*(?:,? and |,? & |[,;])\s*{NAME})++(?:,? et al\.?)?\s*[.:;,]?\s+(?=[A-Z\d$\"“‘'(])"
)
FULL_NAME = re.compile(rf"(?:[A-Z][\w'’.-]{{0,30}} ){{1,3}}{SURNAME}[\d*†‡§∗, ]{{0,9}}$")  # a line's part
# 2. Behind it
COPYRIGHT = re.compile(
    r"(?<=[.!?)\]$])\s+(?:(?:©|\([cC]\)|[Cc]opyright)[\s©]*(?:\([cC]\)\s*)?(?:by\s+)?(?:The Authors?|(?:19|20)\d\d)"
    r"|(?:19|20)\d\d\s+(?:©|Elsevier|Springer|IEEE|Wiley)|Published by Elsevier|Crown Copyright"
    r"|This (?:article|work) is protected by copyright|All rights reserved)[^\n]*$"
)
COPYRIGHT_LENGTH = 250  # characters
# 3. Within it
ESCAPED_BREAK = re.compile(r"(?:\\r)?\\n(?=[A-Z\s\\]|$)")
HYPHEN = re.compile(r"(?<=[a-z])[-\u2010][ \t]*+\r?\n\s*+(?=[a-z])|(?<=[a-z]{2})- (?=[a-z]{2})")
SUSPENDED = re.compile(r"(?:and|or|to|versus|vs|as|but|nor|und|oder|et|ou|bzw|than|rather|through|via|in|of|for)\b")
# first parts of compounds that keep their hyphen where a line ends in it
_FIRST = """
non self high low two three four one well semi quasi multi long short real time state large small first second third
single double half open cross near far finite infinite data model physics machine deep free zero higher lower mean
many few full fine pre post anti inter intra super sub mixed closed weak strong spin light
"""
FIRST = frozenset(_FIRST.split())
SECOND = re.compile(
    r"(?:based|dependent|effective|free|like|revisited|wise|driven|time|scale|dimensional|order|body|invariant|independent|the|art|level|"
    r"type|valued|of|to|end|aware|term|shot|energy|field|resolution|known|form|parameter|layer|state)\b"
)
LAST_WORD = re.compile(r"[\w-]*+$")
LINE_WORDS = 25  # the most words of a numbered line
NUMBERED_LINES = 4  # the fewest


def strip_pasted(text: str) -> str:
    """The text by itself; lines and blanks become single blanks. What would leave nothing is left as it is."""
    if "\\n" in text:
        text = ESCAPED_BREAK.sub("\n", text)
    text = _strip_line_numbers(text.strip())
    for strip in (_strip_front, _strip_copyright):
        text = strip(text).strip() or text
    if "-" in text or "\u2010" in text:
        text = HYPHEN.sub(_joined, text)
    return " ".join(text.split())


def _strip_front(text: str) -> str:
    text = STAMP.sub("", text) or text
    heading = HEADING.search(text, 0, FRONT)
    if heading and heading.start() == 0:
        return text[heading.end() :]
    if heading and len(text) - heading.end() >= REST:  # a page's beginning: its first line is the title
        first = text.split("\n", 1)[0]
        return f"{first}\n{text[heading.end() :]}" if not _is_authors(first) else text[heading.end() :]
    first, end, rest = text.partition("\n")
    if end and rest.strip() and _is_authors(first):
        return rest
    return AUTHORS.sub("", text, count=1)


def _is_authors(line: str) -> bool:
    """Whether a line is a list of two names or more, each of two capitalised words or more."""
    if len(line) > 1000:
        return False
    names = [name.strip() for name in re.split(r",? and |[,;&]|\s·\s", line) if name.strip(" \t\r*†0123456789")]
    return len(names) > 1 and all(FULL_NAME.match(name) or re.fullmatch(NAME, name) for name in names)


def _strip_copyright(text: str) -> str:
    found = COPYRIGHT.search(text, max(0, len(text) - COPYRIGHT_LENGTH))
    return text[: found.start()] if found else text


def _strip_line_numbers(text: str) -> str:
    """Without the numbers of lines, where the text begins with one and each next one follows within a line's words."""
    if not text[:1].isdecimal():
        return text
    words = re.split(r"(\s+)", text)  # words and blanks in turn
    if not words[0].isdecimal() or len(words[0]) > 4:
        return text
    number, at, numbers = int(words[0]), 0, [0]
    while True:
        number += 1
        following = range(at + 4, min(at + 2 * LINE_WORDS + 4, len(words)), 2)
        at = next((i for i in following if words[i].isdecimal() and len(words[i]) < 6 and int(words[i]) == number), 0)
        if not at:
            break
        numbers.append(at)
    if len(numbers) < NUMBERED_LINES or len(words) - numbers[-1] > 2 * LINE_WORDS + 4:
        return text
    for i in numbers:
        words[i] = ""
    return "".join(words)


def _joined(hyphen: re.Match[str]) -> str:
    text, start, end = hyphen.string, hyphen.start(), hyphen.end()
    first = LAST_WORD.search(text, max(0, start - 30), start)[0]  # type: ignore[index]  # may be ""
    broken = "\n" in hyphen[0]
    if not broken and (SUSPENDED.match(text, end) or first in FIRST or "-" in first):
        return hyphen[0]  # "two- and three-dimensional"
    return "-" if first in FIRST or "-" in first or SECOND.match(text, end) else ""
