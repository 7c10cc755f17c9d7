"""Text out of a value of a record, in whatever shape its source keeps it: lists, objects, literals, word positions."""

import ast
import json
import math
from collections.abc import Iterator
from typing import Any

MAX_LITERAL = 2**20  # characters of a list or an object within a cell, in Python or JSON
MAX_DEPTH = 4  # of lists and objects, deeper than sources nest them
TEXT_KEYS = ("text", "value", "#text", "title", "abstract", "description", "content", "AbstractText", "en", "p")


def to_text(value: Any) -> str:
    """A title, an abstract or an id as one text; "" for what is no text.

    >>> to_text(["Part one.", {"label": "RESULTS", "text": "Part two."}]), to_text("['On trees']"), to_text(7)
    ('Part one. Part two.', 'On trees', '7')
    >>> to_text({"We": [0], "climb": [1, 3], "and": [2]})    # OpenAlex's abstract_inverted_index
    'We climb and climb'
    """
    if isinstance(value, str) and value.lstrip()[:2] in ("['", '["', "[{", '{"', "{'") and value.rstrip()[-1:] in "]}":
        literal = parse_literal(value.strip())
        value = value if literal is None else literal
    return " ".join(_parts(value)).strip()


def _parts(value: Any, depth: int = 0) -> Iterator[str]:
    """The texts in a value, in their order."""
    if isinstance(value, bytes):
        yield value.decode("utf-8", "replace")
    elif isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value) if math.isfinite(value) else ""
    elif depth == MAX_DEPTH:
        return
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _parts(item, depth + 1)
    elif isinstance(value, dict):
        lists = [places if isinstance(places, list) else [places] for places in value.values()]
        if value and all(isinstance(place, int) for places in lists for place in places):  # an inverted index
            words = ((place, str(word)) for word, places in zip(value, lists, strict=True) for place in places)
            yield " ".join(word for _, word in sorted(words))
        else:
            yield from _parts(next((value[key] for key in TEXT_KEYS if value.get(key)), None), depth + 1)


def parse_literal(text: str, max_characters: int = MAX_LITERAL) -> Any:
    """A Python or JSON literal, never evaluated as code; None where it is neither, or too long."""
    if len(text) > max_characters:
        return None
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return None
