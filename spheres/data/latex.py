r"""LaTeX of running text as plain text; mathematics stays as it is, since arXiv's abstracts hold it so.

Not pylatexenc: it runs out of stack at 500 open braces, takes minutes for eighty open \frac{, takes "%" for a comment
and rewrites mathematics.

>>> remove_latex(r"\emph{On} {W}ard--{\it Erd\H{o}s} graphs~\cite{a}: ``the $\mathbb{Z}_{p}$ case'', 5\% of {0,1}")
'On Ward--Erdős graphs: "the $\\mathbb{Z}_{p}$ case", 5% of {0,1}'
"""

import re
from dataclasses import dataclass

from spheres.data.characters import accented

# Each pattern stops at the next beginning of its own kind, so that no text makes it look at a character many times.
# None has a possessive group: before 3.11.5 Python forgets where an alternative of one began, if it does not match
# (gh-106052).
MATH = re.compile(
    r"(?<!\\)\$\$[^$]++\$\$|(?<!\\)\$[^$]++\$|\\\([^\\]*(?:\\(?![()])[^\\]*)*\\\)"
    r"|\\\[[^\\]*(?:\\(?![\[\]])[^\\]*)*\\\]"
    r"|\\begin\{((?:equation|align|eqnarray|gather|multline|array|cases|[a-zA-Z]*matrix|split|aligned)\*?)\}"
    r"[^\\]*(?:\\(?!begin|end)[^\\]*)*\\end\{\1\}"
)
KEPT = 0xF0000  # a formula's place is held by a private character
MOST_FORMULAS, MOST_BRACES = 0xFFF0, 5000  # more of them are no article

MARKS = "\u0301\u0300\u0302\u0308\u0303\u0304\u0307\u0306\u030c\u030b\u0327\u0323\u0331\u0328\u030a"
ACCENTS = dict(zip("'`^\"~=.uvHcdbkr", MARKS, strict=True))
ACCENT = re.compile(
    r"\\(?:(['`^\"~=.]) ?|([uvHcdbkr])(?: |(?=[{\\])))"
    r"(?:\{\\?([A-Za-z]) ?\}|\\([ij])(?![A-Za-z]) ?(?:\{\})?|([A-Za-z]))"
)
SYMBOLS = {
    **{"ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å"},
    **{"AA": "Å", "i": "i", "j": "j", "S": "§", "P": "¶", "dots": "...", "ldots": "...", "textendash": "–"},
    **{"textemdash": "—", "textquoteright": "'", "textquoteleft": "'", "textquotedblleft": '"', "LaTeX": "LaTeX"},
    **{"textquotedblright": '"', "TeX": "TeX", "copyright": "©", "textregistered": "®", "texttrademark": "™"},
    **{"textdegree": "°", "textmu": "µ", "textasciitilde": "~", "slash": "/", "quad": " "},
    **{"par": " ", "newline": " ", "noindent": " ", "maketitle": " ", "item": " ", "centering": " ", "qquad": " "},
}
SYMBOL = re.compile(rf"\\({'|'.join(sorted(SYMBOLS, key=len, reverse=True))})(?![A-Za-z])(?:\{{\}}|[ ]+(?=[a-z]))?")
SWITCHES = "it|bf|em|rm|sc|tt|sf|sl|itshape|bfseries|scshape|ttfamily|rmfamily|sffamily|small|large|normalsize"
SWITCH = re.compile(rf"\\(?:{SWITCHES})(?![A-Za-z])\s*+")
TEXT_ENVIRONMENT = re.compile(
    r"\\documentclass[^\\]*(?:\\(?!documentclass|begin\{document)[^\\]*)*\\begin\{document\}"
    r"|\\(?:begin|end)\{(?:abstract|document|itemize|enumerate|description|quote|quotation|center|keywords?)\}"
)
_TRANSPARENT = """
emph textbf textit textsc texttt textrm textsf textsl textup textnormal textmd text textsuperscript textsubscript
underline uline mbox hbox title section subsection paragraph url href enquote uppercase lowercase acs ac gls
textquote MakeUppercase
"""
TRANSPARENT = frozenset(_TRANSPARENT.split())
DROPPED = re.compile(
    r"[ ~]?\\(?:[cC]ite[a-zA-Z]*|nocite|[eE]?qref|[cC]?ref|autoref|pageref|label|index|footnote|footnotemark|thanks"
    r"|vspace|hspace|author|affiliation|affil|date|email|bibliography[a-z]*|href(?=\{[^{}]*+\}\{))\*?"
    r"(?:\[[^\[\]{}]*+\]){0,2}\{[^{}]*+\}"
)
LONG_WORD = re.compile("[A-Za-z]{3}$")
GROUP = re.compile(r"\\([A-Za-z]+)\*?(?:\[[^\[\]{}]*+\])?\{|[{}]")
LETTER = re.compile("[A-Za-z\u00c0-\u024f]")
NO_WORD = re.compile(r"[\\,;=|<>^_:+]")  # in braces: a set or an index rather than a word kept in capitals
# "Fig.~1" and "50~nm", not "z~3" or "10~20"
TIE = re.compile(r"(?<=[A-Za-z.,)}\]:])~(?=[^\s\d~])|(?:(?<=[A-Za-z]{3})|(?<=[.)]))~(?=\d)|(?<=\S)~(?=[A-Za-z$(])")
ESCAPED = re.compile(r"\\([%&#_$])|\\([ ,;/-])|\\\\(?:\[\d+[a-z]+\])?")
QUOTE = re.compile("``|''")


def remove_latex(text: str) -> str:
    """The text with accents, commands, braces, ties and quotes of LaTeX as a reader sees them."""
    if not ("\\" in text or "{" in text or "~" in text or "``" in text):
        return text
    formulas: list[str] = []

    def keep(found: re.Match[str]) -> str:
        if len(formulas) >= MOST_FORMULAS:
            return found[0]
        formulas.append(found[0])
        return chr(KEPT + len(formulas) - 1)

    if "\\" in text or "$" in text:
        text = MATH.sub(keep, text)
    if "\\" in text:
        text = TEXT_ENVIRONMENT.sub(" ", text)
        text = SYMBOL.sub(lambda found: SYMBOLS[found[1]], ACCENT.sub(_accented, text))
        text = DROPPED.sub("", text)
    if 0 < text.count("{") <= MOST_BRACES:
        text = _remove_braces(text)
    if "\\" in text:
        text = SWITCH.sub("", text)
        text = ESCAPED.sub(lambda found: found[1] or ("" if found[2] in tuple("/-") else " "), text)
    text = TIE.sub(" ", text)
    if "``" in text:
        text = QUOTE.sub('"', text)
    return re.sub("[\U000f0000-\U000fffff]", lambda found: formulas[ord(found[0]) - KEPT], text) if formulas else text


def _accented(found: re.Match[str]) -> str:
    accent, letter = found[1] or found[2], found[3] or found[4] or found[5]
    after = found.string[found.end() : found.end() + 1]
    if (
        accent == "'"
        and found[5] == "s"
        and not after.isalpha()
        and LONG_WORD.search(found.string, max(0, found.start() - 3), found.start())
    ):
        return "'s"  # an apostrophe that a program escaped; "Lo\\'s" is a name
    return accented(letter, ACCENTS[accent]) or (f"'{letter}" if accent == "'" else letter)


@dataclass
class _Group:
    """An open brace: where it stands in the output, what becomes of it, and what it holds so far."""

    begin: int
    action: str  # "keep", "remove", or "word": remove it where it holds words alone
    letters: bool = False
    signs: bool = False

    def add(self, letters: bool, signs: bool) -> None:
        self.letters, self.signs = self.letters or letters, self.signs or signs


def _remove_braces(text: str) -> str:
    """Without braces around words and around arguments of commands that only format; in one pass, however deep."""
    out: list[str] = []
    groups: list[_Group] = []
    end = 0
    for found in GROUP.finditer(text):
        before = text[end : found.start()]
        out.append(before)
        end = found.end()
        if groups and before:
            groups[-1].add(bool(LETTER.search(before)), bool(NO_WORD.search(before)))
        previous = text[found.start() - 1 : found.start()]
        if found[0] != "}":
            action = "word" if previous not in tuple("_^}]\\") else "keep"
            if found[1]:
                action = "remove" if found[1] in TRANSPARENT else "keep"
            elif SWITCH.match(text, end):
                action = "remove"
            groups.append(_Group(len(out), action))
            out.append(found[0])
        elif not groups or previous == "\\":
            out.append("}")
        else:
            group = groups.pop()
            whole = end == len(text) and not any(map(str.strip, out[: group.begin]))
            words = group.action == "word" and (whole or (group.letters and not group.signs))
            if words or group.action == "remove":
                out[group.begin] = ""
            else:
                out.append("}")
            if groups:
                groups[-1].add(group.letters, group.signs)
    return "".join(out) + text[end:]
