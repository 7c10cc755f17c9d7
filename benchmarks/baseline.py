"""Keep the latest results, as ratios in baseline.json and as tables in docs/performance.md, and find ratios that fell.

Ratios compare among processors of one kind only: an advantage that bf16 gives is none where it is emulated. In the
document a table stands between `<!-- NAME KIND -->` and `<!-- end -->`: a benchmark's name, and a processor's kind.
"""

import json
import re
from pathlib import Path
from typing import Any

from benchmarks.machine import describe, kind_of
from benchmarks.table import RESULTS, Table, results
from spheres.errors import SphereError

BASELINE = Path(__file__).with_name("baseline.json")
DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"
TOLERANCE = 0.15  # of a ratio: by how much two runs on the same machine differ when nothing has changed

Ratios = dict[str, dict[str, float]]  # benchmark -> name -> ratio, the higher the better


def latest() -> dict[str, Ratios]:
    """The ratios of the latest results, by the kind of processor."""
    found: dict[str, Ratios] = {}
    for name, result in results().items():
        found.setdefault(kind_of(result["machine"]), {})[name] = result["ratios"]
    return found


def keep() -> None:
    """Make the latest results the baseline; benchmarks that were not run keep their ratios."""
    known: dict[str, Ratios] = json.loads(BASELINE.read_text()) if BASELINE.is_file() else {}
    for kind, ratios in latest().items():
        known[kind] = known.get(kind, {}) | ratios
    BASELINE.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    print(f"Wrote {BASELINE}.")


def check() -> int:
    """Print the ratios that fell; returns an exit code, 1 where one did."""
    if not BASELINE.is_file():
        raise SphereError(f"{BASELINE} is not there: run the benchmarks, then `python -m benchmarks keep`.")
    now, before = latest(), json.loads(BASELINE.read_text())
    if not now:
        raise SphereError(f"{RESULTS} holds no results: run `python -m benchmarks all --corpus FILE` first.")
    for kind in now.keys() - before.keys():
        print(f"No baseline of a processor with {kind}: only ratios of one kind of processor compare.")
    sentences = [s for kind in now.keys() & before.keys() for s in regressions(now[kind], before[kind])]
    names = ", ".join(name for kind in now.keys() & before.keys() for name in now[kind])
    print("\n".join(sentences) or f"No ratio of {names or 'any benchmark'} fell by more than {TOLERANCE:.0%}.")
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
    """Replace or add each table of docs/performance.md of which there is a result."""
    text = DOCUMENT.read_text()
    for name, result in results().items():
        text = with_table(text, name, kind_of(result["machine"]), markdown(result))
    DOCUMENT.write_text(text)
    print(f"Wrote {DOCUMENT}.")


def with_table(text: str, name: str, kind: str, table: str) -> str:
    """The document with this table in place of the one of the same kind, else behind the last one of its name.

    >>> print(with_table("<!-- x avx2 -->\\nold\\n<!-- end -->", "x", "avx512f", "new"))
    <!-- x avx2 -->
    old
    <!-- end -->
    <BLANKLINE>
    <!-- x avx512f -->
    new
    <!-- end -->
    """
    block = f"<!-- {name} {kind} -->\n{table}\n<!-- end -->"
    found = list(re.finditer(rf"<!-- {name} (\S+) -->\n.*?<!-- end -->", text, flags=re.DOTALL))
    for match in found:
        if match[1] == kind:
            return text[: match.start()] + block + text[match.end() :]
    end = found[-1].end() if found else len(text)
    return f"{text[:end]}\n\n{block}{text[end:]}"


def markdown(result: dict[str, Any]) -> str:
    """A result as a table, with the machine it was measured on.

    >>> machine = {"processor": "AMD EPYC", "instructions": ["avx2"], "cores": 2, "memory_gb": 24}
    >>> result = {"name": "x", "columns": ["articles/s"], "rows": [["ours", [46.6]]], "notes": [], "machine": machine}
    >>> print(markdown(result))
    Measured on 2 cores of an AMD EPYC (avx2) with 24 GB.
    <BLANKLINE>
    | | articles/s |
    |---|---:|
    | ours | 46.6 |
    """
    table = Table(result["name"], tuple(result["columns"]), result["rows"], notes=result["notes"])
    return f"{describe(result['machine'])}\n\n{table.markdown()}"
