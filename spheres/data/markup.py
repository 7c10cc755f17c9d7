"""HTML, JATS and MathML as plain text: entities resolved, known tags removed, formulas as `$x^2$`.

>>> remove_markup("<jats:title>Abstract</jats:title><jats:p>10<sup>6</sup> &amp;lt; <i>N</i> &#8211; R&amp;D</jats:p>")
'   10^6 < N – R&D '
>>> remove_markup("<mml:math><mml:msup><mml:mi>x</mml:mi><mml:mn>2</mml:mn></mml:msup></mml:math>, <w>, a<b")
'$x^2$, <w>, a<b'
"""

import html
import re
from html.entities import html5

# With its semicolon only: "AT&T" and "R&notation" are no entities. One "&" however often it was escaped.
ENTITY = re.compile("&(?:amp;)*(#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,30};)?")
# Possessive, and never past the next "<": a text full of "<" takes no more time than another
TAG = re.compile(r"<(/?)(?:[A-Za-z]{1,9}:)?([A-Za-z][A-Za-z0-9-]*+)((?:[\s/][^<>]*+)?)>")
DECLARATION = re.compile(r"<(?:\?|!DOCTYPE)[^<>]*+>|<!\[CDATA\[|\]\]>", re.IGNORECASE)

# HTML's, JATS's and publishers' own: "the <answer> format" and the mean <N> are no tags
_INLINE = """
a abbr acronym alternatives b big bold cite code em email ext-link font i inf inline-formula ins italic kbd mark
monospace named-content q roman s sans-serif sc small span strike strong styled-content sub sup tex-math tt u
underline uri var xref
"""
INLINE = frozenset(_INLINE.split())
_BLOCK = """
abstract article-title blockquote body br caption center dd def-list disp-formula disp-quote div dl dt fig graphic
h1 h2 h3 h4 h5 h6 head hr html img label li list list-item ol p para pre script sec section style table tbody td th
title tr trans-abstract trans-title ul
"""
BLOCK = frozenset(_BLOCK.split())
_MATHML = """
annotation annotation-xml math maction menclose merror mfenced mfrac mi mmultiscripts mn mo mover mpadded mphantom
mprescripts mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover none
semantics
"""
MATHML = frozenset(_MATHML.split())
DROPPED = frozenset(("annotation", "annotation-xml", "script", "style"))  # with what stands in them
BETWEEN = {"mfrac": "/", "msub": "_", "msup": "^", "msubsup": "_^", "munder": "_", "mover": "^", "munderover": "_^"}
# of a structured abstract's sections, which say nothing of its subject
_HEADINGS = """
abstract aim aims background conclusion conclusions context design discussion findings graphical introduction
limitations materials method methodology methods motivation objective objectives originality purpose result results
setting significance summary and of the study work
"""
HEADINGS = frozenset(_HEADINGS.split())


def remove_markup(text: str) -> str:
    """The text without entities, tags, comments; blocks become blanks, inline tags nothing, unknown ones stay."""
    if "&" in text:
        text = ENTITY.sub(_character, text)
    if "<" not in text:
        return text
    first, *others = text.split("<!--")
    comments = (other.partition("-->") for other in others)
    text = first + "".join(after if end else f"<!--{comment}" for comment, end, after in comments)
    return _remove_tags(DECLARATION.sub("", text))


def _character(found: re.Match[str]) -> str:
    name = found[1] or ""
    if name.startswith("#"):
        return html.unescape(f"&{name}")
    return html5.get(name, f"&{name}")


def _remove_tags(text: str) -> str:
    tags = list(TAG.finditer(text))
    closed = {tag[2].lower() for tag in tags if tag[1]}
    out: list[str] = []
    opened: dict[str, int] = {}  # element whose content may go -> where in `out` it begins
    formula: list[tuple[str, int]] = []  # open MathML elements, each with the number of its children so far
    end = 0
    for tag in tags:
        closing, name, rest = bool(tag[1]), tag[2].lower(), tag[3]
        known = name in INLINE or name in BLOCK or name in MATHML
        alone = len(name) == 1 and name not in closed and (name, tag.start()) != ("p", 0)
        if not known or alone:  # <p> may be a momentum's mean
            continue
        out.append(text[end : tag.start()])
        end = tag.end()
        empty = rest.rstrip().endswith("/")
        if name in MATHML:
            out.append(_formula_part(name, closing, empty, formula))
        elif name == "sup" and not closing and text[end : end + 1] in tuple("0123456789+-−"):
            out.append("^")
        elif name in BLOCK and not (closing and name == "title"):
            out.append(" ")
        if name in DROPPED or name == "title" or (name == "tex-math" and "math" in closed):
            if not closing:
                opened[name] = len(out)
            elif (begin := opened.pop(name, None)) is not None:
                content = "".join(out[begin:])
                if name != "title" or HEADINGS.issuperset(re.findall(r"\w+", content.lower())):
                    out[begin:] = [" "] if name == "title" else []
                else:
                    out.append(": ")
    return "".join(out) + text[end:]


def _formula_part(name: str, closing: bool, empty: bool, formula: list[tuple[str, int]]) -> str:
    """What stands in a MathML tag's place: `$`, a sign between base and script, braces around a script of several."""
    if closing:
        while formula and formula.pop()[0] != name:
            pass
        braced = name == "mrow" and formula and formula[-1][0] in BETWEEN
        return "$" if name == "math" else "}" if braced else ""
    before = ""
    if formula:
        parent, children = formula[-1]
        formula[-1] = (parent, children + 1)
        before = BETWEEN.get(parent, "")[max(children - 1, 0) : children]
        if name == "mrow" and parent in BETWEEN and not empty:
            before += "{"
    if not empty:
        formula.append((name, 0))
    return before + ("$" if name == "math" else "")
