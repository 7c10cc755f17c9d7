"""Records out of BibTeX, by bibtexparser, which keeps each entry's own text and goes on after a broken one.

The whole file is in memory: 20,000 entries (5 MB) took 1.3 s and 70 MB. pybtex gives up the file at its first broken
entry.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TextIO

from spheres.data.row import Row
from spheres.errors import SphereError

BEGINNING = re.compile(r"^[ \t\ufeff]*@[A-Za-z]{3,20}\s{0,3}[{(]", re.MULTILINE)
GOING_ON = re.compile(r"[\s,}]*[A-Za-z-]+\s*=\s*[{\"\d]")  # text behind an entry that was a part of it
NAMES = {"author": "authors"}


def read_bibtex(text: TextIO) -> Iterator[Row]:
    """The entries in their order; comments, preambles and abbreviations are no rows."""
    from bibtexparser import model
    from bibtexparser.entrypoint import parse_string

    logging.getLogger("bibtexparser").addHandler(logging.NullHandler())  # what it says there stands in the rows
    rows: list[Row] = []
    between = ""  # comments, preambles and abbreviations, which stay before the entry that follows
    for block in parse_string(text.read().lstrip("\ufeff")).blocks:
        source = between + (block.raw or "")
        place = f"line {(block.start_line or 0) + 1}"
        entry: model.Block | None = block
        if isinstance(block, model.DuplicateBlockKeyBlock | model.DuplicateFieldKeyBlock):
            entry = block.ignore_error_block  # two entries of one key are two articles
        if isinstance(entry, model.Entry):
            record = {"type": entry.entry_type, "key": entry.key}
            for field in entry.fields:
                record.setdefault(NAMES.get(field.key.lower(), field.key.lower()), _value(str(field.value)))
            rows.append(Row(place, record, source=source))
            between = ""
        elif isinstance(block, model.ParsingFailedBlock):
            reason = " ".join(str(getattr(block.error, "abort_reason", block.error)).split())[:200]
            problem = SphereError("not readable BibTeX: {reason}", reason=reason)
            rows.append(Row(place, problem=problem, source=source.rstrip("\n")))
            between = ""
        else:
            between = f"{source}\n"
            if (
                isinstance(block, model.ImplicitComment)
                and rows
                and rows[-1].record
                and GOING_ON.match(block.raw or "")
            ):
                problem = SphereError("not readable BibTeX: {reason}", reason="it closes one brace too many")
                rows[-1] = replace(rows[-1], record=None, problem=problem)
    return iter(rows)


def _value(value: str) -> str:
    """A field without what encloses it.

    >>> _value("{On {T}rees}"), _value('"On " # "trees"'), _value("2019")
    ('On {T}rees', 'On trees', '2019')
    """
    value = value.strip()
    if value[:1] + value[-1:] == '""':
        return re.sub(r'"\s*#\s*"', "", value[1:-1])
    return value[1:-1] if value[:1] + value[-1:] == "{}" else value
