"""Keep the latest results, as ratios in baseline.json and as tables in docs/performance.md, and find ratios that fell.

In the document a table stands between `<!-- NAME -->` and `<!-- end -->`, NAME being a benchmark's.
"""

import json
import re
from pathlib import Path
from typing import Any

from benchmarks.table import RESULTS, Table, results
from spheres.errors import SphereError

BASELINE = Path(__file__).with_name("baseline.json")
DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"
TOLERANCE = 0.15  # of a ratio: by how much two runs on the same machine differ when nothing has changed

Ratios = dict[str, dict[str, float]]  # benchmark -> name -> ratio, the higher the better


def latest() -> Ratios:
    """The ratios of the latest results."""
    return {name: result["ratios"] for name, result in results().items()}


def keep() -> None:
    """Make the latest results the baseline; benchmarks that were not run keep their ratios."""
    known = json.loads(BASELINE.read_text()) if BASELINE.is_file() else {}
    BASELINE.write_text(json.dumps(known | latest(), indent=1, sort_keys=True) + "\n")
    print(f"Wrote {BASELINE}.")


def check() -> int:
    """Print the ratios that fell; returns an exit code, 1 where one did."""
    if not BASELINE.is_file():
        raise SphereError(f"{BASELINE} is not there: run the benchmarks, then `python -m benchmarks keep`.")
    now, before = latest(), json.loads(BASELINE.read_text())
    if not now:
        raise SphereError(f"{RESULTS} holds no results: run `python -m benchmarks all --corpus FILE` first.")
    sentences = regressions(now, before)
    print("\n".join(sentences) or f"No ratio of {', '.join(now)} fell by more than {TOLERANCE:.0%}.")
    return 1 if sentences else 0


def regressions(now: Ratios, before: Ratios) -> list[str]:
    """Which ratios fell by more than TOLERANCE, a sentence each.

    >>> regressions({"embedding": {"over x": 2.0}}, {"embedding": {"over x": 3.0}})
    ['embedding, over x: 2.00, was 3.00 (33 % less)']
    >>> regressions({"embedding": {"over x": 2.9}}, {"embedding": {"over x": 3.0}, "live": {"y": 1.0}})
    []
    """
    return [
        f"{name}, {ratio}: {now[name][ratio]:.2f}, was {was:.2f} ({100 * (1 - now[name][ratio] / was):.0f} % less)"
        for name, ratios in before.items()
        for ratio, was in ratios.items()
        if ratio in now.get(name, {}) and now[name][ratio] < (1 - TOLERANCE) * was
    ]


def fill_document() -> None:
    """Replace each table of docs/performance.md of which there is a result."""
    tables = results()

    def filled(block: re.Match[str]) -> str:
        result = tables.get(block[1])
        return block[0] if result is None else f"<!-- {block[1]} -->\n{markdown(result)}\n<!-- end -->"

    text = re.sub(r"<!-- ([a-z]+) -->\n.*?<!-- end -->", filled, DOCUMENT.read_text(), flags=re.DOTALL)
    DOCUMENT.write_text(text)
    print(f"Wrote {DOCUMENT}.")


def markdown(result: dict[str, Any]) -> str:
    """
    >>> print(markdown({"name": "x", "columns": ["articles/s"], "rows": [["ours", [46.6]]], "notes": ["A note."]}))
    | | articles/s |
    |---|---:|
    | ours | 46.6 |
    <BLANKLINE>
    A note.
    """
    return Table(result["name"], tuple(result["columns"]), result["rows"], notes=result["notes"]).markdown()
