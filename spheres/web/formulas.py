r"""Formulas of a title in Unicode, for reading; what is searched and classified stays as it is.

    plain_formulas(r"Evidence for $B_s^0 \to \mu^+\mu^-$ at $\sqrt{s} = 13$ TeV")

The symbols are unicodeit's tables. Its own `replace` does not see where a command ends ("\operatorname" becomes
"øperatorname"), so commands are read here. Every token is looked at once; what is long for a formula stays as it is.
"""

import re
import unicodedata
from collections import deque

from unicodeit.data import COMBININGMARKS, REPLACEMENTS, SUBSUPERSCRIPTS

MAX_FORMULA = 200  # characters; the longest in 124,696 titles has 69. Open braces in braces cost stack
MAX_SHOWN = 400  # characters of a title

_SYMBOLS = {
    **dict(REPLACEMENTS),
    **{r"\langle": "⟨", r"\rangle": "⟩", r"\lvert": "|", r"\rvert": "|", r"\lVert": "‖", r"\rVert": "‖", r"\over": "/"},
    **{r"\!": "", r"\,": " ", r"\:": " ", r"\;": " ", "\\ ": " ", "\\\\": " ", "~": " ", r"\quad": " ", r"\qquad": " "},
    **{r"\(": "", r"\)": "", r"\[": "", r"\]": ""},
}
_MARKS = dict([*COMBININGMARKS, (r"\widehat", "\u0302"), (r"\widetilde", "\u0303")])
_SCRIPTS = {
    kind: shown for kind, shown in SUBSUPERSCRIPTS if kind.isascii() and (kind[1].isalnum() or kind[1] in "+-=()")
}
_SCRIPTS["^V"] = "ⱽ"  # unicodeit has a Korean letter there
_ALONE = {"^∘": "°", **{f"^{mark}": mark for mark in "*∗⋆′†‡"}}  # raised as they are
_ALPHABETS = {
    **{r"\mathbb": "mathbb", r"\Bbb": "mathbb", r"\mathfrak": "mathfrak", r"\frak": "mathfrak"},
    **dict.fromkeys([r"\mathcal", r"\cal", r"\mathscr", r"\EuScript"], "mathcal"),
}
_FRACTIONS = {r"\frac", r"\dfrac", r"\tfrac", r"\sfrac"}
_WITHOUT_MEANING = r"""
\mathrm \mathbf \mathsf \mathit \mathtt \mathnormal \boldsymbol \bm \pmb \operatorname \mbox \hbox \text \textrm \textbf
\textit \textsf \texttt \textsc \textnormal \emph \rm \bf \it \sf \tt \ce \ensuremath \left \right \big \Big \bigl
\bigr \displaystyle \textstyle \scriptstyle \scriptscriptstyle \limits
"""
_DROPPED = frozenset(_WITHOUT_MEANING.split())  # fonts and sizes
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|.", re.DOTALL)
_FORMULA = re.compile(r"\$\$([^$]{1,200})\$\$|\$([^$]{1,200})\$".replace("200", str(MAX_FORMULA)))
_COMMAND = re.compile(
    r"\{\\[A-Za-z]{1,30}\}|(?:\\[A-Za-z]{1,30}|[_^])\{(?:[^{}$]|\{[^{}$]{0,50}\}){1,100}\}|\\[A-Za-z]{1,30}|\\[()]"
)


def plain_formulas(title: str) -> str:
    r"""A plain title with its formulas in Unicode, as far as Unicode goes, and without commands and braces of LaTeX.

    >>> plain_formulas(r"Search for $K^{0}_{S} \to \mu^+\mu^-$ at $\sqrt{s} = 7$ TeV"), plain_formulas("A $5 a_b {c}")
    ('Search for K⁰_S → μ⁺μ⁻ at √s = 7 TeV', 'A $5 a_b {c}')
    >>> plain_formulas(r"Modular forms for $\mathrm{GL}_2(\mathbb{Z}/4)$, weight $\frac{1}{2}$, in $R^{N}$ or R^{N}")
    'Modular forms for GL₂(ℤ/4), weight 1/2, in Rᴺ or Rᴺ'
    """
    shown = _COMMAND.sub(lambda found: _read(found[0]), _FORMULA.sub(_in_dollars, title))
    return shown if len(shown) <= MAX_SHOWN else f"{shown[: MAX_SHOWN - 1].rstrip()}…"


def _in_dollars(found: re.Match[str]) -> str:
    formula, after = found[1] or found[2], found.string[found.end() : found.end() + 1]
    # "from $20 to $30" has sums of money
    is_text = (
        formula[0].isdecimal() and (formula[-1].isspace() or after.isdecimal()) and not set(formula) & set(r"\^_{")
    )
    return found[0] if is_text else _read(formula)


def _read(formula: str) -> str:
    shown = _group(deque(_TOKEN.findall(formula)))
    return unicodedata.normalize("NFC", " ".join(shown.split()))


def _group(tokens: deque[str]) -> str:
    """What stands before the brace that closes a group, which goes, or before the end."""
    shown = []
    while tokens and (token := tokens.popleft()) != "}":
        shown.append(_token(token, tokens))
    return "".join(shown)


def _argument(tokens: deque[str]) -> str:
    """The group or the token behind a command; nothing where another command's argument ends there."""
    while tokens and tokens[0].isspace():
        tokens.popleft()
    return _token(tokens.popleft(), tokens) if tokens and tokens[0] not in ("}", "^", "_") else ""


def _token(token: str, tokens: deque[str]) -> str:
    if token == "{":
        return _group(tokens)
    if token in ("^", "_"):
        return _script(token, _argument(tokens).strip())
    if token in _MARKS:
        return _marked(_argument(tokens), _MARKS[token])
    if token in _ALPHABETS:
        letters = _argument(tokens)
        return "".join(_SYMBOLS.get(rf"\{_ALPHABETS[token]}{{{letter}}}", letter) for letter in letters)
    if token in _FRACTIONS:
        return f"{_bracketed(_argument(tokens))}/{_bracketed(_argument(tokens))}"
    if token == r"\sqrt":
        return f"√{_bracketed(_argument(tokens))}"
    if token in _DROPPED:
        if tokens and tokens[0] == " ":
            tokens.popleft()
        return ""
    return _SYMBOLS.get(token, token.lstrip("\\")) if token[0] in "\\~" else token


def _script(kind: str, text: str) -> str:
    """Raised or lowered text: all of it, or behind the sign that LaTeX has for it."""
    if text and all(kind + letter in _SCRIPTS for letter in text):
        return "".join(_SCRIPTS[kind + letter] for letter in text)
    return _ALONE.get(kind + text) or (kind + _bracketed(text) if text else "")


def _marked(text: str, mark: str) -> str:
    """A mark on each letter."""
    marked = "".join(c + mark if unicodedata.category(c) in ("Lu", "Ll") else c for c in text)
    return marked if marked != text else text + mark


def _bracketed(text: str) -> str:
    """In brackets where it would be taken for several things otherwise."""
    text = text.strip()
    return f"({text})" if re.search(r"[-+−/,;=\s]", text) else text
