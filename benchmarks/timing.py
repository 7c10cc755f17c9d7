"""Timing on a machine that other programs use too: the candidates take turns, and the median round counts."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from spheres.errors import SphereError


def interleaved(candidates: Mapping[str, Callable[[], object]], rounds: int, warm_up: bool = True) -> dict[str, float]:
    """Seconds of each candidate's median round; in every round each one runs once, in changing order."""
    if warm_up:
        for run in candidates.values():
            run()
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    names = list(candidates)
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            started = time.perf_counter()
            candidates[name]()
            seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in seconds.items()}


def percentile(values: list[float], share: float) -> float:
    """
    >>> percentile([3.0, 1.0, 2.0], 0.5)
    2.0
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def resident_mb(pid: int | str = "self", peak: bool = False) -> float:
    """Memory that a process holds now, or held at most since its program began, in MB (Linux).

    The peak that `resource.getrusage` gives is the starting process's where that one's was higher.
    """
    with Path(f"/proc/{pid}/status").open() as f:
        line = next(line for line in f if line.startswith("VmHWM" if peak else "VmRSS"))
    return int(line.split()[1]) / 1000


def run_in_process(benchmark: str, *arguments: object, **environment: str) -> str:
    """What `python -m benchmarks.<benchmark>` prints with these arguments, in a process of its own.

    Raises:
        SphereError: It fails.
    """
    command = [sys.executable, "-m", f"benchmarks.{benchmark}", *map(str, arguments)]
    folder, variables = Path(__file__).parents[1], os.environ | environment
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SphereError(f"{' '.join(command)} failed: {done.stderr[-2000:]}")
    return done.stdout


def parse_figures(output: str) -> dict[str, Any]:
    """The line of JSON in the output of a process.

    >>> parse_figures('A warning.\\n{"rate": 58.5}\\n')
    {'rate': 58.5}
    """
    figures: dict[str, Any] = json.loads(next(line for line in output.splitlines() if line.startswith("{")))
    return figures
