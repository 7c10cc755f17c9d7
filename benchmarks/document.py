"""Tables of the latest results, written into docs/performance.md where its marks are; the words between are a person's.

<!-- embedding -->
(the table)
<!-- end -->
"""

import re
from pathlib import Path
from typing import Any

from benchmarks.table import Table, results

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
MARKED = re.compile(r"<!-- ([a-z]+) -->\n.*?<!-- end -->", re.DOTALL)


def fill() -> None:
    """Replace each table of which there is a newer result, and say so."""
    tables = results()
    DOCUMENT.write_text(MARKED.sub(lambda found: marked(found, tables), DOCUMENT.read_text()))
    print(f"Wrote {DOCUMENT}.")


def marked(found: re.Match[str], tables: dict[str, dict[str, Any]]) -> str:
    """The mark with its table; as it was where there is no result."""
    about = tables.get(found[1])
    return found[0] if about is None else f"<!-- {found[1]} -->\n{table_of(about)}\n<!-- end -->"


def table_of(about: dict[str, Any]) -> str:
    """
    >>> print(table_of({"name": "x", "columns": ["articles/s"], "rows": [["ours", [46.6]]], "notes": ["A note."]}))
    | | articles/s |
    |---|---:|
    | ours | 46.6 |
    <BLANKLINE>
    A note.
    """
    return Table(about["name"], tuple(about["columns"]), about["rows"], notes=about["notes"]).markdown()
