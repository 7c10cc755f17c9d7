"""A benchmark's result: a table to read, and ratios that a later run is compared with.

table = Table("embedding", ("articles/s", "times the defaults"))
table.add("this project", 46.6, 3.1)
table.ratios["over sentence-transformers' defaults"] = 3.1
table.save(folder)
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.machine import machine

RESULTS = Path(__file__).parent / "results"

Cell = str | float | int | None


@dataclass
class Table:
    """One benchmark's result. Ratios are better the higher they are, so that a fall is a regression.

    Attributes:
        name: As on the command line.
        columns: Headings after the first, which names the row.
        quick: Whether it is of too few articles to tell anything about speed.
    """

    name: str
    columns: tuple[str, ...]
    rows: list[tuple[str, list[Cell]]] = field(default_factory=list)
    ratios: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    quick: bool = False

    def add(self, row: str, *cells: Cell) -> None:
        self.rows.append((row, list(cells)))

    def markdown(self) -> str:
        """
        >>> table = Table("x", ("articles/s",)); table.add("ours", 46.612); print(table.markdown())
        | | articles/s |
        |---|---:|
        | ours | 46.6 |
        """
        lines = [f"| | {' | '.join(self.columns)} |", "|---|" + "---:|" * len(self.columns)]
        lines += [f"| {name} | {' | '.join(map(format_cell, cells))} |" for name, cells in self.rows]
        return "\n".join([*lines, *(line for note in self.notes for line in ("", note))])

    def save(self, folder: Path = RESULTS) -> Path:
        """Write the table as JSON, with the machine, and return where."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        about = {
            "name": self.name,
            "columns": self.columns,
            "rows": self.rows,
            "ratios": {name: round(value, 4) for name, value in self.ratios.items()},
            "notes": self.notes,
            "quick": self.quick,
            "machine": machine(),
        }
        path.write_text(json.dumps(about, indent=1) + "\n")
        return path


def results(folder: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """Benchmark -> its latest result as saved, without those of `--quick`."""
    found = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    return {name: about for name, about in found.items() if not about.get("quick")}


def format_cell(cell: Cell) -> str:
    """A figure with three significant digits.

    >>> format_cell(46.612), format_cell(0.01234), format_cell(1234.5), format_cell(None)
    ('46.6', '0.0123', '1,234', '')
    """
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if abs(cell) >= 100 or isinstance(cell, int):
        return f"{cell:,.0f}"
    return f"{cell:.3g}"
