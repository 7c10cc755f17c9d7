"""The study's report: figures.json, report.md and three plots, in artifacts/<encoder>/report/.

The page is the template templates/report.md.j2, filled from the figures; every number in it is one of them. The cards
and the README fill their tables with the same filters (docs/make_cards.py).
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from spheres.data.taxonomy import GROUPS
from spheres.data.views import VIEW_NAMES
from spheres.files.atomic import atomic_file, write_json
from spheres.study.plots import draw

Figures = dict[str, Any]


def write_report(figures: Figures, folder: Path) -> None:
    """Write figures.json, report.md and the plots.

    Args:
        figures: "study" (section -> rows), "samples" (tokens read -> articles), "gradients" (corpus -> ratio) and
            "test" (`evaluate_on_test`); "earlier_corpus", where sections were kept from one: its number of articles.
        folder: Created where it is missing.

    Raises:
        SphereError: matplotlib, which draws the plots, is not installed.
    """
    draw(figures, folder)
    write_json(folder / "figures.json", figures, indent=1)
    with atomic_file(folder / "report.md") as f:
        f.write(render(figures).encode())


def render(figures: Figures) -> str:
    """The report in Markdown.

    Raises:
        jinja2.UndefinedError: A figure that the template names is missing.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("spheres.study"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown, of our own figures
    )
    environment.filters |= {"figure": format_figure, "least_coverage": least_coverage}
    environment.globals |= {"value": partial(lookup, figures["study"]), "table_head": table_head}
    return environment.get_template("report.md.j2").render(figures, groups=GROUPS, view_names=VIEW_NAMES)


def lookup(study: Figures, section: str, label: str, figure: str = "top1_primary") -> float:
    """One figure, by section and the beginning of the row's label; NaN where it was not measured.

    >>> rows = [{"what": "32 tokens", "views": {"both": {"kl": {"value": 0.5}}}}]
    >>> lookup({"length": rows}, "length", "32 ", "kl")
    0.5
    """
    values = (row["views"]["both"][figure]["value"] for row in study[section] if row["what"].startswith(label))
    return float(next(values, "nan"))


def least_coverage(groups: Figures) -> float:
    """The coverage at 0.95 of the group that sets hold the least often.

    >>> least_coverage({"cs": {"coverage at 0.95": 0.97}, "econ": {"coverage at 0.95": 0.93}})
    0.93
    """
    return float(min(group["coverage at 0.95"] for group in groups.values()))


def format_figure(figure: Figures | float | None, digits: int = 3) -> str:
    """A figure with its interval, where it has one.

    >>> format_figure({"value": 0.8354, "low": 0.8241, "high": 0.8449})
    '0.835 [0.824, 0.845]'
    >>> format_figure(0.5), format_figure(None)
    ('0.500', '')
    """
    if figure is None:
        return ""
    if not isinstance(figure, dict):
        return f"{figure:.{digits}f}"
    text = f"{figure['value']:.{digits}f}"
    return f"{text} [{figure['low']:.{digits}f}, {figure['high']:.{digits}f}]" if "low" in figure else text


def table_head(columns: Sequence[str]) -> str:
    """The first two lines of a Markdown table: a column of text, then columns of numbers, aligned to the right.

    >>> print(table_head(["", "articles"]))
    |  | articles |
    | --- | ---: |
    """
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (columns, ["---", *["---:"] * (len(columns) - 1)]))
