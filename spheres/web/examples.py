"""Articles to try the page with, one for each sphere: invented for it, and found in no journal.

>>> sorted(example.group for example in EXAMPLES) == sorted(GROUPS)
True
"""

import json
from pathlib import Path
from typing import NamedTuple

from spheres.data.taxonomy import GROUPS as GROUPS  # for the doctest


class Example(NamedTuple):
    """An article, whole or in part, and the sphere it was written for."""

    group: str
    title: str
    abstract: str


EXAMPLES = tuple(
    Example(**fields) for fields in json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
)
