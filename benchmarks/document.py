"""Tables of the latest results, written into docs/performance.md where its marks are; the words between are a person's.

<!-- embedding -->
(the table)
<!-- end -->
"""

import json
import re
from pathlib import Path

from benchmarks.table import RESULTS, Table

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
MARKED = re.compile(r"<!-- ([a-z]+) -->\n.*?<!-- end -->", re.DOTALL)


def fill(document: Path = DOCUMENT, folder: Path = RESULTS) -> None:
    """Replace each table of which there is a newer result, and say so."""
    tables = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    written = MARKED.sub(lambda found: marked(found, tables), document.read_text())
    document.write_text(written)
    print(f"Wrote {document}.")


def marked(found: re.Match[str], tables: dict[str, dict[str, object]]) -> str:
    """The mark with its table; as it was where there is no result."""
    about = tables.get(found[1])
    return found[0] if about is None else f"<!-- {found[1]} -->\n{table_of(about)}\n<!-- end -->"


def table_of(about: dict[str, object]) -> str:
    """
    >>> print(table_of({"name": "x", "columns": ["articles/s"], "rows": [["ours", [46.6]]], "notes": ["A note."]}))
    | | articles/s |
    |---|---:|
    | ours | 46.6 |
    <BLANKLINE>
    A note.
    """
    name, columns, rows, notes = (about[key] for key in ("name", "columns", "rows", "notes"))
    return Table(str(name), tuple(columns), rows, notes=notes).markdown()  # type: ignore[arg-type]
