"""The study's report: figures in JSON, plots in PNG, a page in Markdown.

It computes nothing: every number in the page is read from the figures.

    artifacts/<encoder>/report/figures.json, report.md, *.png
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from spheres.data.taxonomy import GROUPS
from spheres.data.views import VIEW_NAMES
from spheres.files.atomic import write_json, write_whole
from spheres.study.plots import draw

Figures = dict[str, Any]

COLUMNS = {
    "top1_primary": "primary is top",
    "top1_heaviest": "heaviest is top",
    "top1_any": "a group is top",
    "macro_f1": "macro-F1",
    "kl": "KL",
    "nll": "NLL",
    "ece": "ECE",
    "mean_set_size": "spheres at a true 95 %",
}
TITLES = {
    "baselines": "Baselines",
    "loss": "Loss (the classic recipe otherwise)",
    "targets": "Targets (the shipped recipe otherwise, one head)",
    "features": "What the head sees (one head)",
    "pooling": "Pooling (a quarter of the articles)",
    "length": "Input length (a quarter of the articles, mean pooling)",
    "copies": "Title-only and abstract-only copies in training (a quarter of the articles)",
    "head": "Width, depth and number of heads",
    "regularisation": "Regularisation (one head)",
    "learning_curve": "Size of the training set (one head)",
    "corpus": "Corpus (the classic recipe)",
    "collapse": "Collapse: five epochs of the plain network",
}


def write_report(figures: Figures, folder: Path) -> None:
    """Write figures, plots and page.

    raises : SphereError where matplotlib, which draws the plots, is not installed
    """
    draw(figures, folder)
    write_json(folder / "figures.json", figures, indent=1)
    write_whole(folder / "report.md", lambda f: f.write(page(figures).encode()))


def page(figures: Figures) -> str:
    """The report in Markdown."""
    study, verdict = figures["study"], figures["test"]
    parts = [
        "# What was measured\n",
        _answers(study, verdict),
        "All choices were made on validation articles, and the tables of the study are theirs; test articles appear in "
        "the sections before it. Square brackets hold 95 % bootstrap intervals. Written by `python head.py compare`; "
        "every number is in [figures.json](figures.json).\n",
        _on_test(verdict),
        _sets(verdict),
        _by_group(verdict),
        _periods(verdict),
        _ceiling(verdict),
        "## The study, choice by choice\n",
        *(_section(name, rows) for name, rows in study.items() if rows),
        _why_collapse(figures["gradients"]),
        "![Learning curve and input length](curves.png)\n",
    ]
    return "\n".join(parts)


def _answers(study: Figures, verdict: Figures) -> str:
    """The three questions: was it the encoder, the short input, or the loss?"""

    def value(section: str, what: str, figure: str = "top1_primary", view: str = "both") -> float:
        for line in study[section]:
            if line["what"].startswith(what):
                return float(line["views"][view][figure]["value"])
        return float("nan")

    shipped = verdict["shipped"]["both"]["figures"]
    loss = f"{value('loss', 'KL'):.3f} with KL, {value('loss', 'cross'):.3f} with cross-entropy on the primary group"
    lengths = [line["what"].split()[0] for line in study["length"]]
    input_ = ", ".join(f"{value('length', n + ' '):.3f} at {n} tokens" for n in lengths) or "not measured here"
    return (
        "**Was it the encoder, the short input, or the loss?** The share of articles whose primary group is the top "
        f"answer, on validation articles. *Loss:* {loss}, {value('loss', 'MSE'):.3f} with MSE; what the target is "
        f"matters more than the loss: {value('targets', '0%'):.3f} with soft targets as they are, "
        f"{value('targets', '70%'):.3f} with 70 % of their weight moved to the primary group, at a KL from the "
        f"soft target "
        f"of {value('targets', '0%', 'kl'):.3f} and {value('targets', '70%', 'kl'):.3f}. *Input:* {input_}. *Encoder:* "
        f"the frozen vectors give {value('baselines', 'logistic'):.3f} to a logistic regression, words alone "
        f"{value('baselines', 'TF-IDF'):.3f}, both together through the head "
        f"{value('features', 'vector at length one, s'):.3f}. "
        f"The shipped head reaches {shipped['top1_primary']['value']:.3f} on test articles. *So* "
        f"{_costs(value, lengths)}\n"
    )


def _costs(value: Callable[..., float], lengths: list[str]) -> str:
    """What each suspect costs, in points of the same share."""
    costs = {
        "the even weight of all listings in the target": value("targets", "70%") - value("targets", "0%"),
        "MSE instead of KL": value("loss", "KL") - value("loss", "MSE"),
    }
    if lengths:
        longest, shortest = f"{lengths[-1]} ", f"{lengths[0]} "
        costs[f"an input cut to {shortest}tokens"] = value("length", longest) - value("length", shortest)
        costs["[CLS] instead of the mean"] = value("pooling", "mean") - value("pooling", "[CLS]")
    ranked = sorted(costs.items(), key=lambda item: -item[1])
    return "in points: " + ", ".join(f"{name} costs {100 * cost:.1f}" for name, cost in ranked) + "."


def _cell(figure: Figures | None, digits: int = 3) -> str:
    if figure is None:
        return ""
    text = f"{figure['value']:.{digits}f}"
    return f"{text} [{figure['low']:.{digits}f}, {figure['high']:.{digits}f}]" if "low" in figure else text


def _table(header: list[str], lines: list[list[str]]) -> str:
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, rule, *lines]) + "\n"


def _section(name: str, rows: list[Figures]) -> str:
    several = len(rows[0]["views"]) > 1
    columns = {**COLUMNS, "information": "information (nats)"} if name == "collapse" else COLUMNS
    shown = {key: text for key, text in columns.items() if key in rows[0]["views"]["both"]}
    lines = []
    for line in rows:
        for view, part in line["views"].items():
            label = f"{line['what']}; {VIEW_NAMES[view]}" if several else line["what"]
            lines.append([label, *(_cell(part.get(key)) for key in shown)])
    return f"### {TITLES[name]}\n\n{_table(['', *shown.values()], lines)}"


def _why_collapse(gradients: dict[str, float]) -> str:
    times = " and ".join(f"{ratio:.0f} times on the {name} corpus" for name, ratio in gradients.items())
    return (
        "Information is how far the answers differ from their average; the average answer alone has 0. Where "
        "every answer "
        f"is still the average one, the gradient of KL is larger than that of MSE by {times}: MSE's reaches "
        f"the network "
        "multiplied by the probabilities themselves and divided by the number of groups. Plain gradient "
        "descent with MSE "
        "therefore stays near the average on either corpus, and on the lopsided one nobody notices, since "
        "the commonest "
        "group is right most of the time. AdamW divides by the gradient's own size and gets away. `head.py "
        "train` refuses "
        "to save a head of less than 0.01 nats.\n"
    )


def _on_test(verdict: Figures) -> str:
    lines = []
    for name in ("shipped", "classic"):
        for view, part in verdict[name].items():
            cells = [_cell(part["figures"].get(key)) for key in COLUMNS if key != "mean_set_size"]
            size = _cell(part["figures"]["coverage 0.95: spheres"], 2)
            lines.append([f"{name} recipe; {VIEW_NAMES[view]}, {part['articles']:,} articles", *cells, size])
    for name, part in verdict["baselines"].items():
        lines.append([name, *(_cell(part.get(key)) for key in COLUMNS if key != "mean_set_size"), ""])
    return f"## On test articles\n\n{_table(['', *COLUMNS.values()], lines)}"


def _sets(verdict: Figures) -> str:
    lines = []
    for view, part in verdict["shipped"].items():
        for threshold in ("0.80", "0.90", "0.95", "0.99"):
            cells = [
                _cell(part["figures"][f"{rule} {threshold}: {what}"], digits)
                for rule in ("coverage", "sum")
                for what, digits in (("covered", 3), ("spheres", 2))
            ]
            lines.append([f"{VIEW_NAMES[view]}, {threshold}", *cells])
    header = ["", "calibrated: covered", "calibrated: spheres", "plain sum: covered", "plain sum: spheres"]
    return (
        "## What a threshold means\n\nCovered: the share of test articles whose primary group is in the set; "
        "spheres: its "
        "mean size. No set is empty, so coverage cannot fall below the share of articles whose top answer is right.\n\n"
        f"{_table(header, lines)}\n![Coverage and size of the sets](sets.png)\n\n"
        "![Confidence and accuracy](reliability.png)\n"
    )


def _by_group(verdict: Figures) -> str:
    header = ["primary group", "articles", "precision", "recall", "F1", "covered at 0.95"]
    parts = ["## Group by group\n"]
    for view, part in verdict["shipped"].items():
        rows = part["groups"]
        keys = ("precision", "recall", "f1", "coverage at 0.95")
        lines = [[name, f"{rows[name]['articles']:,}", *(f"{rows[name][key]:.3f}" for key in keys)] for name in GROUPS]
        short = [name for name in GROUPS if rows[name]["coverage at 0.95"] < 0.90]
        said = (
            f"More than 5 points short of 95 %: {', '.join(short)}; the sets promise 95 % of all articles, not of each "
        )
        said = f"{said}group." if short else "No group falls more than 5 points short of 95 %."
        parts.append(f"{VIEW_NAMES[view].capitalize()}:\n\n{_table(header, lines)}\n{said}\n")
    return "\n".join([*parts, _confusions(verdict["confusions"])])


def _confusions(table: list[list[int]]) -> str:
    lines = [[name, *map(str, table[place])] for place, name in enumerate(GROUPS)]
    return f"Top answers (columns) for each primary group (rows):\n\n{_table(['', *GROUPS], lines)}"


def _periods(verdict: Figures) -> str:
    keys = [
        "top1_primary",
        "macro_f1",
        "kl",
        "ece",
        *(f"coverage {t}: covered" for t in ("0.80", "0.90", "0.95", "0.99")),
    ]
    lines = [
        [label, f"{part['articles']:,}", *(f"{part[key]:.3f}" for key in keys), f"{part['coverage 0.95: spheres']:.2f}"]
        for label, part in (
            *((f"shipped head, articles of {name}", part) for name, part in verdict["periods"].items()),
            *((f"trained on 2000-2019, {name}", part) for name, part in verdict["drift"].items()),
        )
    ]
    header = [
        "",
        "articles",
        "primary is top",
        "macro-F1",
        "KL",
        "ECE",
        *("0.80", "0.90", "0.95", "0.99"),
        "spheres at 0.95",
    ]
    return (
        "## Old and new articles\n\nThe columns 0.80 to 0.99 are coverage. The last lines show what five years' "
        "distance does to a head that knows older articles only, and what calibrating it on new ones changes, which "
        "takes a second. The words' scores are of a lexicon that knows both periods, so a head truly of 2000-2019 "
        "would lose more. The shipped head is trained and calibrated on articles of both.\n\n"
        f"{_table(header, lines)}"
    )


def _ceiling(verdict: Figures) -> str:
    lines = [[name, f"{value:.3f}"] for name, value in verdict["ceiling"].items()]
    alarms = ", ".join(f"{VIEW_NAMES[view]} {share:.2%}" for view, share in verdict["ood_false_alarms"].items())
    return (
        "## The ceiling\n\nAn article's primary group is the one its author listed first; where it is filed "
        "under several "
        "groups, the text often cannot tell which came first. Shares of test articles:\n\n"
        f"{_table(['', 'share'], lines)}\nThe head passes that oracle, since it also learns which group "
        f"authors tend to list "
        "first; but the more it does so, the further it moves from the soft target: no choice of targets is "
        "best at both "
        f"(see the table of targets).\n\n## Unfamiliar text\n\nTest articles called unfamiliar by mistake: {alarms}.\n"
    )
