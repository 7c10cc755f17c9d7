"""arXiv's categories out of whatever a source keeps them in: codes, names, OAI sets, lists, literals.

    parse_categories("Combinatorics (math.CO); Probability (math.PR)")      # ["math.CO", "math.PR"]

`categories.json` has the names, from https://arxiv.org/category_taxonomy. Names are words like any other, so a cell in
which "Physics" stands among words that name no category is one of keywords, and gives none.
"""

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from spheres.data.taxonomy import SUCCESSORS, group_of
from spheres.data.values import parse_literal

NAMES: dict[str, str] = json.loads(Path(__file__).with_name("categories.json").read_text("utf-8"))  # of each code
MAX_LITERAL = 2**16  # characters of a Python or JSON literal in a cell
MAX_ITEMS = 100  # of a cell; arXiv lists no article a dozen times
LABELS = ("term", "@term", "code", "#text", "value", "name")  # of an object in a list of categories

_CODES_OF: dict[str, list[str]] = {}  # name in lower case -> codes; "Machine Learning" has two
for _code, _name in NAMES.items():
    _CODES_OF.setdefault(_name.lower(), []).append(_code)
_IN_BRACKETS = re.compile(r"[(\[]([a-z-]{2,8}(?:\.[A-Za-z-]{2,9})?)[)\]]")
_ARCHIVE_THEN_NAME = re.compile(r"([^;]{2,50}?)\s*(?: [-–—/]|>)\s+([^;]+)")


def parse_categories(value: Any) -> list[str]:
    """arXiv's categories, in their order, each once and under its name of today; what cannot be read gives none.

    >>> parse_categories("[{'term': 'cs.AI', 'scheme': None}, {'term': 'cs.CL'}]"), parse_categories("alg-geom")
    (['cs.AI', 'cs.CL'], ['math.AG'])
    >>> parse_categories("Computer Science - Machine Learning; Mathematics"), parse_categories("physics; to read")
    (['cs.LG', 'math'], [])
    """
    found: list[tuple[str, bool]] = []  # a code, and whether it stood there as one
    only_categories = True
    for item in islice(_items(value), MAX_ITEMS):
        read = _read(item)
        found += read
        # Classification codes such as I.2.6 and 68T05 may stand beside arXiv's
        only_categories &= bool(read) or any(c.isdecimal() for c in item)
    codes = [code for code, certain in found if certain or only_categories]
    return list(dict.fromkeys(SUCCESSORS.get(code.lower(), code) for code in codes))


def _items(value: Any, depth: int = 0) -> Iterator[str]:
    """The texts in a value that may each be a category, or several between blanks."""
    if isinstance(value, str):
        if "{" in value and depth == 0:
            yield from _items(parse_literal(value.strip(), MAX_LITERAL), depth=1)
            return
        if value.strip()[:1] in ("[", "("):  # numpy writes it without commas; Python would join its texts
            value = re.sub(r"""['"][\s,]+['"]""", ";", value)
        for item in filter(None, map(str.strip, re.split(r"[;|\n]", value))):
            yield from (
                [item] if _named(item) else filter(None, map(str.strip, item.split(",")))
            )  # a name may have commas
    elif isinstance(value, dict):
        yield from _items(next((value[label] for label in LABELS if value.get(label)), None), depth + 1)
    elif isinstance(value, list | tuple | set) and depth < 4:
        for item in value:
            yield from _items(item, depth + 1)


def _read(item: str) -> list[tuple[str, bool]]:
    """The codes of an item, each with whether it is certain: a bare name or "math" may be meant as a mere word."""
    item = re.sub("^arxiv:", "", item, flags=re.IGNORECASE)
    # 1. Combinatorics (math.CO)
    if codes := [code for code in _IN_BRACKETS.findall(item) if group_of(code)]:
        return [(code, True) for code in codes]
    # 2. Mathematics; Mathematics - Combinatorics
    if named := _named(item):
        return named
    if (parts := _ARCHIVE_THEN_NAME.fullmatch(item)) and (archives := _CODES_OF.get(parts[1].lower())):
        return [(archives[0], False)]
    # 3. math:math:CO; physics:cond-mat
    if len(sets := item.split(":")) in (2, 3) and group_of(sets[0]):
        return [(".".join(sets[1:] if group_of(sets[1]) else sets), True)]
    # 4. cs.LG stat.ML
    words = [word for word in re.split(r"""[\s/()[\]'"]+""", item) if word and not any(c.isdecimal() for c in word)]
    known = [word for word in words if group_of(word)]
    certain = [word for word in known if "." in word or "-" in word]
    return [(word, word in certain) for word in (known if len(known) == len(words) else certain)]


def _named(item: str) -> list[tuple[str, bool]]:
    """The code of a name, by itself (where all that bear it are of one group) or behind its archive's."""
    if codes := _CODES_OF.get(item.lower(), []):
        whole = [code for code in codes if "." not in code]  # "Economics" is econ rather than q-fin.EC
        return [((whole or codes)[0], False)] if whole or len({group_of(code) for code in codes}) == 1 else []
    if parts := _ARCHIVE_THEN_NAME.fullmatch(item):
        groups = {group_of(code) for code in _CODES_OF.get(parts[1].lower(), [])}
        return [(code, True) for code in _CODES_OF.get(parts[2].lower(), []) if group_of(code) in groups][:1]
    return []
