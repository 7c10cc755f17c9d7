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
        from matplotlib.figure import Figure
    except ImportError as e:
        raise SphereError("The plots need matplotlib: run `pip install matplotlib`.") from e
    for name, plot, size in (
        ("sets", _plot_sets, (9, 3.6)),
        ("reliability", _plot_reliability, (4.5, 3.6)),
        ("curves", _plot_curves, (9, 3.6)),
    ):
        canvas = Figure(figsize=size, layout="constrained")
        plot(figures, canvas)
        with atomic_file(folder / f"{name}.png") as f:
            canvas.savefig(f, format="png", dpi=90)


def _plot_sets(figures: Figures, canvas: Any) -> None:
    left, right = canvas.subplots(1, 2)
    left.plot([0.5, 1], [0.5, 1], color="0.7", linewidth=1)
    for rule, label in (("coverage", "calibrated"), ("sum", "plain sum")):
        thresholds, covered, sizes = zip(*figures["test"]["slider"]["arxiv"]["both"][rule], strict=True)
        left.plot(thresholds, covered, label=label)
        right.plot(thresholds, sizes, label=label)
    left.set(xlabel="threshold", ylabel="test articles covered")
    right.set(xlabel="threshold", ylabel="spheres in the set")
    left.legend(frameon=False)


def _plot_reliability(figures: Figures, canvas: Any) -> None:
    axes = canvas.subplots()
    confidence, right, n_articles = zip(*figures["test"]["reliability"], strict=True)
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    axes.scatter(confidence, right, [4 + n / 12 for n in n_articles])
    axes.set(xlabel="probability of the top answer", ylabel="share that is the primary group")


def _plot_curves(figures: Figures, canvas: Any) -> None:
    axes = canvas.subplots(1, 2, sharey=True)
    for axis, name, label in zip(axes, ("learning_curve", "length"), ("training articles", "tokens read"), strict=True):
        axis.set(xlabel=label)
        rows = figures["study"][name]
        if not rows:
            continue
        x = [int(row["what"].split()[0].replace(",", "")) for row in rows]
        for key, label_of_key in (("top1_primary", "primary is top"), ("top1_any", "a group is top")):
            found = [row["views"]["both"][key] for row in rows]
            axis.plot(x, [f["value"] for f in found], marker="o", label=label_of_key)
            axis.fill_between(x, [f["low"] for f in found], [f["high"] for f in found], alpha=0.15)
        axis.set_xscale("log", base=2)
        axis.set_xticks(x, [f"{n:,}" for n in x], rotation=30)
        axis.legend(frameon=False)
    axes[0].set(ylabel="share of validation articles")
