"""Fill the tables of README.md, MODEL_CARD.md and DATA_CARD.md from the shipped figures and arrays.

    python docs/make_cards.py          # after `python head.py compare` or `python embed.py`; a second

A table stands between `<!-- table: NAME -->` and `<!-- end -->`, in a card's header between `# table: NAME` and
`# end`; NAME is one of TABLES. A test fails where a page is not what this program makes of it.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from spheres.data.taxonomy import GROUPS  # noqa: E402
from spheres.data.views import VIEW_NAMES  # noqa: E402
from spheres.embeddings.cache import Cache, open_cache  # noqa: E402
from spheres.encoder.hub import BUNDLED  # noqa: E402
from spheres.study.report import format_figure, table_head  # noqa: E402

PAGES = ("README.md", "MODEL_CARD.md", "DATA_CARD.md")
FOLDER = ROOT / "artifacts" / BUNDLED.name
FIRST = "most probable sphere is the article's first-listed group"
SHARES = {"arxiv": "arXiv's own shares", "equal": "equal shares"}  # of the groups, that figures are of
MEASURED = (  # what the row is called, its type on the Hub, its name in figures.json, digits
    (FIRST, "accuracy", "top1_primary", 3),
    ("... is one of the article's groups", "accuracy_any_group", "top1_any", 3),
    ("macro-F1 over the eight groups", "f1", "macro_f1", 3),
    ("KL divergence from the article's distribution, nats", "kl_divergence", "kl", 3),
    ("calibration error of the top answer", "expected_calibration_error", "ece", 3),
    ("articles whose group is in the set at 0.95, calibrated", "coverage", "coverage 0.95: covered", 3),
    ("spheres in that set, on average", "set_size", "coverage 0.95: spheres", 2),
    ("first-listed category is the most probable", "category_accuracy", "category_top1", 3),
    ("... is among the five most probable", "category_accuracy_top5", "category_top5", 3),
)


def fill(page: str) -> str:
    """A page with every table made anew.

    Raises:
        KeyError: The page names a table that is not in TABLES.
    """
    block = re.compile(r"((?:<!--|#) table: (\w+)(?: -->)?\n).*?((?:<!--|#) end(?: -->)?$)", re.DOTALL | re.MULTILINE)
    return block.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}\n{found[3]}", page)


def read_json(name: str) -> Any:
    return json.loads((FOLDER / name).read_text("utf-8"))


@cache
def figures() -> dict[str, Any]:
    """The report's figures."""
    return dict(read_json("report/figures.json"))


def table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table whose first column is text."""
    return "\n".join([table_head(header), *("| " + " | ".join(map(str, row)) + " |" for row in rows)])


def quality(*views: str) -> str:
    shipped, columns = figures()["test"]["shipped"], [(view, prior) for view in views for prior in SHARES]
    rows = (
        [label, *(format_figure(shipped[prior][view]["figures"][key], digits) for view, prior in columns)]
        for label, _, key, digits in MEASURED
    )
    return table(["", *(f"{VIEW_NAMES[view]}, {SHARES[prior]}" for view, prior in columns)], rows)


def quality_in_short() -> str:
    shipped, columns = figures()["test"]["shipped"], list(product(("both", "title"), SHARES))
    rows = (
        [label, *(f"{shipped[prior][view]['figures'][key]['value']:.{digits}f}" for view, prior in columns)]
        for label, _, key, digits in MEASURED
        if key != "kl"
    )
    return table(["", *(f"{VIEW_NAMES[view]}, {SHARES[prior].split()[0]}" for view, prior in columns)], rows)


def quality_in_all_views() -> str:
    return quality(*VIEW_NAMES)


def model_index() -> str:
    """The same figures as the Hub reads them out of a model card's header, in YAML."""
    lines = ["model-index:", "- name: Article Sphere Classifier", "  results:"]
    for view, prior in product(("both", "title"), SHARES):
        lines += ["  - task:", "      type: text-classification", "      name: arXiv's group of an article"]
        lines += ["    dataset:", "      type: arxiv-spheres", "      name: arXiv spheres"]
        lines += [f"      config: {VIEW_NAMES[view]}, {SHARES[prior]}", "      split: test", "    metrics:"]
        for label, kind, key, digits in MEASURED:
            value = figures()["test"]["shipped"][prior][view]["figures"][key]["value"]
            lines += [f"    - type: {kind}", f"      name: {label}", f"      value: {value:.{digits}f}"]
    return "\n".join(lines)


def baselines() -> str:
    test = figures()["test"]
    rows = {}
    for prior in SHARES:
        rows[prior] = {
            "this model": test["shipped"][prior]["both"]["figures"],
            "`--recipe classic`: the vector alone, soft targets as they are": test["classic"][prior]["both"]["figures"],
            **test["baselines"][prior],
        }
    ranked = sorted(rows["arxiv"], key=lambda name: -rows["arxiv"][name]["top1_primary"]["value"])
    columns = [(prior, key) for prior in SHARES for key in ("top1_primary", "top1_any", "kl")]
    lines = ([name, *(format_figure(rows[prior][name][key]) for prior, key in columns)] for name in ranked)
    headings = [f"{what}, {shares}" for shares in SHARES.values() for what in ("first-listed", "any group", "KL, nats")]
    return table(["", *headings], lines)


def thresholds() -> str:
    shipped = figures()["test"]["shipped"]
    rows = (
        [
            f"{threshold}, {shares}",
            *(
                format_figure(shipped[prior]["both"]["figures"][f"{rule} {threshold}: {what}"], digits)
                for rule in ("coverage", "sum")
                for what, digits in (("covered", 3), ("spheres", 2))
            ),
        ]
        for prior, shares in SHARES.items()
        for threshold in ("0.80", "0.90", "0.95", "0.99")
    )
    header = ["threshold", "calibrated: covered", "calibrated: spheres", "plain sum: covered", "plain sum: spheres"]
    return table(header, rows)


def groups() -> str:
    shipped = figures()["test"]["shipped"]
    columns = [(prior, key) for prior in SHARES for key in ("precision", "recall", "coverage at 0.95")]
    rows = []
    for name in GROUPS:
        parts = [shipped[prior]["both"]["groups"][name][key] for prior, key in columns]
        rows.append([name, shipped["equal"]["both"]["groups"][name]["articles"], *map(format_figure, parts)])
    named = [f"{what}, {shares}" for shares in SHARES.values() for what in ("precision", "recall", "covered at 0.95")]
    return table(["first-listed group", "articles", *named], rows)


def periods() -> str:
    test = figures()["test"]
    named = [
        (f"{head}, {name}, {shares}", row)
        for prior, shares in SHARES.items()
        for head, part in (("shipped head", "periods"), ("head of 2000-2019", "drift"))
        for name, row in test[part].get(prior, {}).items()
    ]
    keys = (("top1_primary", 3), ("macro_f1", 3), ("coverage 0.95: covered", 3), ("coverage 0.95: spheres", 2))
    rows = (
        [name, f"{row['articles']:,}", *(format_figure(row[key], digits) for key, digits in keys)]
        for name, row in named
    )
    return table(["", "articles", "first-listed group is top", "macro-F1", "covered", "spheres"], rows)


def mixtures() -> str:
    keys = ("top1_primary", "macro_f1", "kl", "ece")
    rows = (
        [row["what"], *(format_figure(row["views"]["both"][key]) for key in keys)]
        for row in figures()["study"]["corpus"]
    )
    return table(["", "first-listed group is top", "macro-F1", "KL, nats", "calibration error"], rows)


@cache
def articles() -> Cache:
    """The shipped articles."""
    return open_cache(FOLDER)


def corpus() -> str:
    dates = articles().dates
    n_groups = (articles().targets > 0).sum(axis=1)
    categories = {category for line in articles().categories for category in line.split()}
    rows = (
        ("articles", f"{len(dates):,}"),
        ("categories that occur", len(categories)),
        ("earliest and latest month", f"{min(dates)[:7]}, {max(dates)[:7]}"),
        ("share of articles in several groups", format_figure((n_groups > 1).mean())),
        ("most groups that one article has", n_groups.max()),
    )
    return table(["", "value"], rows)


def sizes() -> str:
    primary, targets, parts = articles().primary, articles().targets, articles().split
    year = np.array([int(date[:4]) for date in articles().dates])
    rows = []
    for place, name in enumerate((*GROUPS, "all")):
        of = primary == place if name in GROUPS else np.full(len(primary), True)
        anywhere = (targets[:, place] > 0).sum() if name in GROUPS else len(primary)
        counts = [of.sum(), anywhere, (of & (year < 2020)).sum(), (of & (year >= 2024)).sum()]
        rows.append([name, *(f"{n:,}" for n in (*counts, *(of[part].sum() for part in parts.values())))])
    return table(["group", "articles", "anywhere", "2000-2019", "2024-2026", *parts], rows)


def arrays() -> str:
    what = {
        "both": "vectors of title and abstract, int8",
        "title": "vectors of titles alone: a sixth of the training articles, all others",
        "abstract": "vectors of abstracts alone: all but the training articles",
    }
    views = ((f"{name}.npy", *articles().views[name].stored.shape, text) for name, text in what.items())
    terms = "words and pairs of words, in alphabetical order"
    rows = (
        ("articles.json.xz", len(articles().ids), "", "ids, categories, dates, titles"),
        *views,
        ("tfidf.json", len(read_json("tfidf.json")), "", terms),
    )
    return table(["file", "rows", "columns", "what"], ([f"`{name}`", f"{n:,}", *rest] for name, n, *rest in rows))


TABLES: dict[str, Callable[[], str]] = {
    function.__name__: function
    for function in (
        quality_in_short,
        quality_in_all_views,
        model_index,
        baselines,
        thresholds,
        groups,
        periods,
        mixtures,
        corpus,
        sizes,
        arrays,
    )
}


def main() -> None:
    for name in PAGES:
        path = ROOT / name
        path.write_text(fill(path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
