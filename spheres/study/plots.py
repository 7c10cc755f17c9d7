"""The plots of the study's report, drawn from its figures with matplotlib."""

from pathlib import Path
from typing import Any

from spheres.errors import SphereError
from spheres.files.atomic import atomic_file

Figures = dict[str, Any]


def draw(figures: Figures, folder: Path) -> None:
    """Draw sets.png, reliability.png and curves.png.

    Raises:
        SphereError: matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError as e:
        raise SphereError("The plots need matplotlib: run `pip install matplotlib`.") from e
    matplotlib.use("Agg")
    _plot_sets(figures, folder / "sets.png")
    _plot_reliability(figures, folder / "reliability.png")
    _plot_curves(figures, folder / "curves.png")


def _plot_sets(figures: Figures, path: Path) -> None:
    from matplotlib import pyplot

    plot, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    left.plot([0.5, 1], [0.5, 1], color="0.7", linewidth=1)
    for rule, label in (("coverage", "calibrated"), ("sum", "plain sum")):
        rows = figures["test"]["slider"]["both"][rule]
        left.plot([r[0] for r in rows], [r[1] for r in rows], label=label)
        right.plot([r[0] for r in rows], [r[2] for r in rows], label=label)
    left.set(xlabel="threshold", ylabel="test articles covered")
    right.set(xlabel="threshold", ylabel="spheres in the set")
    left.legend(frameon=False)
    _save(plot, path)


def _plot_reliability(figures: Figures, path: Path) -> None:
    from matplotlib import pyplot

    plot, axes = pyplot.subplots(figsize=(4.5, 3.6), layout="constrained")
    rows = figures["test"]["reliability"]
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    axes.scatter([r[0] for r in rows], [r[1] for r in rows], [4 + r[2] / 12 for r in rows])
    axes.set(xlabel="probability of the top answer", ylabel="share that is the primary group")
    _save(plot, path)


def _plot_curves(figures: Figures, path: Path) -> None:
    from matplotlib import pyplot

    plot, axes = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained", sharey=True)
    for axis, name, label in zip(axes, ("learning_curve", "length"), ("training articles", "tokens read"), strict=True):
        rows = figures["study"][name]
        if rows:
            x = [int(row["what"].split()[0].replace(",", "")) for row in rows]
            for key, label_of in (("top1_primary", "primary is top"), ("top1_any", "a group is top")):
                found = [row["views"]["both"][key] for row in rows]
                axis.plot(x, [f["value"] for f in found], marker="o", label=label_of)
                axis.fill_between(x, [f["low"] for f in found], [f["high"] for f in found], alpha=0.15)
            axis.set_xscale("log", base=2)
            axis.set_xticks(x, [f"{n:,}" for n in x], rotation=30)
            axis.legend(frameon=False)
        axis.set(xlabel=label)
    axes[0].set(ylabel="share of validation articles")
    _save(plot, path)


def _save(plot: Any, path: Path) -> None:
    from matplotlib import pyplot

    with atomic_file(path) as f:
        plot.savefig(f, format="png", dpi=90)
    pyplot.close(plot)
