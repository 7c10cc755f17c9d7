"""Fair timing on a machine that is not quite alone: the contestants take turns, and the median round counts."""

import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path


def interleaved(contestants: Mapping[str, Callable[[], object]], rounds: int, warm_up: bool = True) -> dict[str, float]:
    """Seconds of each contestant's median round; in every round each one runs once, in changing order."""
    if warm_up:
        for run in contestants.values():
            run()
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            started = time.perf_counter()
            contestants[name]()
            seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in seconds.items()}


def percentile(values: list[float], share: float) -> float:
    """
    >>> percentile([3.0, 1.0, 2.0], 0.5)
    2.0
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def resident_mb(pid: int | str = "self") -> float:
    """Memory that a process holds now, in MB (Linux)."""
    with Path(f"/proc/{pid}/status").open() as f:
        line = next(line for line in f if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1000
