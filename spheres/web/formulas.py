"""Formulas of a title as plain Unicode, for display: `$\\alpha$-decay of $^{238}$U` -> α-decay of ²³⁸U."""

import re

MAX_SHOWN = 400  # characters of a title

_FORMULA = re.compile(r"\$+([^$]+)\$+")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_COMMAND = re.compile(r"\\(?:[A-Za-z]+\s*|[,;:! ])")


def plain_formulas(title: str) -> str:
    r"""A title with its formulas in Unicode, as far as it goes; of what is left, commands and braces go.

    By unicodeit, since it reads a text once per symbol whatever stands there; pylatexenc takes minutes for nested
    fractions, and a title may be anybody's.

    >>> plain_formulas(r"$\mathcal{N}=4$ on $AdS_5 \times S^5$, $\mathrm{GL}(n)$, $\frac{1}{2}$ and $5 off")
    '𝒩=4 on AdS₅ × S⁵, GL(n), 1/2 and $5 off'
    """
    shown = title if len(title) <= MAX_SHOWN else title[: MAX_SHOWN - 1].rstrip() + "…"
    return _FORMULA.sub(lambda found: _to_unicode(found[1]), shown)


def _to_unicode(formula: str) -> str:
    import unicodeit

    symbols = unicodeit.replace(_FRACTION.sub(r"\1/\2", formula))
    return re.sub(r"[{}]", "", _COMMAND.sub("", symbols)).strip()
