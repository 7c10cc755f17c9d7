"""A regression made visible: ratios of earlier runs, kept, and compared with those of the latest."""

import json
from pathlib import Path

from benchmarks.table import RESULTS, results
from spheres.errors import SphereError

BASELINE = Path(__file__).with_name("baseline.json")
TOLERANCE = 0.15  # of a ratio: what two runs on the same machine differ by when nothing has changed


def latest() -> dict[str, dict[str, float]]:
    """Benchmark -> its ratios, from what has been measured last."""
    return {name: about["ratios"] for name, about in results().items()}


def keep() -> None:
    """Make the present results the baseline; benchmarks that were not run keep theirs."""
    known = json.loads(BASELINE.read_text()) if BASELINE.is_file() else {}
    BASELINE.write_text(json.dumps(known | latest(), indent=1, sort_keys=True) + "\n")
    print(f"Wrote {BASELINE}.")


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


def check() -> int:
    """Print what fell; returns an exit code, 1 where something did."""
    if not BASELINE.is_file():
        raise SphereError(f"{BASELINE} is not there: run the benchmarks, then `python -m benchmarks keep`.")
    now, before = latest(), json.loads(BASELINE.read_text())
    if not now:
        raise SphereError(f"{RESULTS} holds no results: run `python -m benchmarks all --corpus FILE` first.")
    sentences = fallen(now, before)
    print("\n".join(sentences) or f"No ratio of {', '.join(now)} fell by more than {TOLERANCE:.0%}.")
    return 1 if sentences else 0
