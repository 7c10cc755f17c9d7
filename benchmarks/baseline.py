"""A regression made visible: ratios of earlier runs, kept, and compared with those of the latest."""

import json
from pathlib import Path

from benchmarks.table import RESULTS
from spheres.errors import SphereError

BASELINE = Path(__file__).with_name("baseline.json")
TOLERANCE = 0.15  # of a ratio: what two runs on the same machine differ by when nothing has changed


def latest(folder: Path = RESULTS) -> dict[str, dict[str, float]]:
    """Benchmark -> its ratios, from what has been measured last."""
    return {path.stem: json.loads(path.read_text())["ratios"] for path in sorted(folder.glob("*.json"))}


def keep(folder: Path = RESULTS, baseline: Path = BASELINE) -> None:
    """Make the present results the baseline; benchmarks that were not run keep theirs."""
    known = json.loads(baseline.read_text()) if baseline.is_file() else {}
    baseline.write_text(json.dumps(known | latest(folder), indent=1, sort_keys=True) + "\n")
    print(f"Wrote {baseline}.")


def fallen(
    now: dict[str, dict[str, float]], before: dict[str, dict[str, float]], tolerance: float = TOLERANCE
) -> list[str]:
    """Which ratios fell, a sentence each.

    >>> fallen({"embedding": {"over x": 2.0}}, {"embedding": {"over x": 3.0}})
    ['embedding, over x: 2.00, was 3.00 (33 % less)']
    >>> fallen({"embedding": {"over x": 2.9}}, {"embedding": {"over x": 3.0}, "live": {"y": 1.0}})
    []
    """
    return [
        f"{name}, {ratio}: {now[name][ratio]:.2f}, was {was:.2f} ({1 - now[name][ratio] / was:.0%} less)".replace(
            "%", " %"
        )
        for name, ratios in before.items()
        for ratio, was in ratios.items()
        if ratio in now.get(name, {}) and now[name][ratio] < (1 - tolerance) * was
    ]


def check(folder: Path = RESULTS, baseline: Path = BASELINE) -> int:
    """Print what fell; returns an exit code, 1 where something did."""
    if not baseline.is_file():
        raise SphereError(f"{baseline} is not there: run the benchmarks, then `python -m benchmarks keep`.")
    now, before = latest(folder), json.loads(baseline.read_text())
    if not now:
        raise SphereError(f"{folder} holds no results: run `python -m benchmarks all --corpus FILE` first.")
    sentences = fallen(now, before)
    print("\n".join(sentences) or f"No ratio of {', '.join(now)} fell by more than {TOLERANCE:.0%}.")
    return 1 if sentences else 0
