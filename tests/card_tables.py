"""What each table of the cards must hold, computed from the report's figures and the shipped arrays.

    EXPECTED["MODEL_CARD.md", "Group by group"]()      # {"": [columns], "physics": [cells], ...}

A table is known by its page and the heading above it. test_cards.py compares them cell by cell.
"""

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from places import SHIPPED

from spheres.data.splits import SHARES, split_rows
from spheres.data.taxonomy import GROUPS
from spheres.encoder.hub import BUNDLED
from spheres.model.calibration import N_QUANTILES
from spheres.model.recipe import RECIPES

FOLDER = SHIPPED / BUNDLED.name
FIGURES = json.loads((FOLDER / "report" / "figures.json").read_text())
VERDICT, STUDY = FIGURES["test"], FIGURES["study"]
SHIPPED_HEAD = VERDICT["shipped"]

Table = dict[str, list[str]]  # the first column -> the others; "" -> what stands above these


def shown(figure: Any, digits: int = 3) -> str:
    """A figure as the cards write it, with its interval where it has one."""
    if not isinstance(figure, dict):
        return f"{figure:.{digits}f}"
    value = f"{figure['value']:.{digits}f}"
    return f"{value} [{figure['low']:.{digits}f}, {figure['high']:.{digits}f}]" if "low" in figure else value


MEASURED = {
    "most probable sphere is the article's first-listed group": ("top1_primary", 3),
    "... is one of the article's groups": ("top1_any", 3),
    "macro-F1 over the eight groups": ("macro_f1", 3),
    "KL divergence from the article's distribution, nats": ("kl", 3),
    "calibration error of the top answer": ("ece", 3),
    "articles whose group is in the set at 0.95, calibrated": ("coverage 0.95: covered", 3),
    "spheres in that set, on average": ("coverage 0.95: spheres", 2),
}
VIEWS = {"title and abstract": "both", "title only": "title", "abstract only": "abstract"}


def measured(*views: str) -> Table:
    rows = {
        label: [shown(SHIPPED_HEAD[VIEWS[view]]["figures"][figure], digits) for view in views]
        for label, (figure, digits) in MEASURED.items()
    }
    return {"": list(views), **rows}


def beside_others() -> Table:
    best_first = sorted(VERDICT["baselines"], key=lambda name: -VERDICT["baselines"][name]["top1_primary"]["value"])
    rows = {
        "this model": SHIPPED_HEAD["both"]["figures"],
        "classic": VERDICT["classic"]["both"]["figures"],
        **{name: VERDICT["baselines"][name] for name in best_first},
    }
    header = ["first-listed group is top", "a group is top", "KL, nats"]
    keys = ("top1_primary", "top1_any", "kl")
    return {"": header, **{name: [shown(row[key]) for key in keys] for name, row in rows.items()}}


def thresholds() -> Table:
    columns = [
        (f"{rule}: {what}", f"{key} {{}}: {what}", digits)
        for rule, key in (("calibrated", "coverage"), ("plain sum", "sum"))
        for what, digits in (("covered", 3), ("spheres", 2))
    ]
    figures = SHIPPED_HEAD["both"]["figures"]
    rows = {t: [shown(figures[key.format(t)], d) for _, key, d in columns] for t in ("0.80", "0.90", "0.95", "0.99")}
    return {"": [name for name, _, _ in columns], **rows}


def by_group() -> Table:
    both, title = (SHIPPED_HEAD[view]["groups"] for view in ("both", "title"))
    keys = ("precision", "recall", "f1", "coverage at 0.95")
    rows = {
        name: [str(both[name]["articles"]), *(shown(both[name][key]) for key in keys), shown(title[name]["recall"])]
        for name in GROUPS
    }
    return {"": ["articles", "precision", "recall", "F1", "covered at 0.95", "recall, title only"], **rows}


def pairs() -> Table:
    counts = np.array(VERDICT["confusions"])
    ranked = sorted(
        ((a, b) for b in range(len(GROUPS)) for a in range(b)), key=lambda pair: -counts[pair] - counts[pair[::-1]]
    )
    upper, lower = int(np.triu(counts, 1).sum()), int(np.tril(counts, -1).sum())
    rows = {
        f"{GROUPS[a]}, {GROUPS[b]}": [str(n) for n in (counts[a, b], counts[b, a], counts[a, b] + counts[b, a])]
        for a, b in ranked[:8]
    }
    header = ["the first taken for the second", "the second taken for the first", "together"]
    return {"": header, **rows, "all pairs": [str(upper), str(lower), str(upper + lower)]}


def of_several_groups() -> Table:
    ceiling = VERDICT["ceiling"]
    oracle = "the same for an oracle that knows every article's distribution and breaks ties at random, all articles"
    return {
        "": ["share"],
        "articles of several groups": [shown(ceiling["articles of several groups"])],
        "first-listed group is top, articles of one group": [
            shown(ceiling["primary is the top answer, articles of one group"])
        ],
        "first-listed group is top, articles of several groups": [
            shown(ceiling["primary is the top answer, articles of several groups"])
        ],
        oracle: [shown(ceiling["oracle that knows the soft target and breaks ties at random"])],
    }


def input_lengths() -> Table:
    rows = {line["what"].removesuffix(" tokens"): line["views"]["both"] for line in STUDY["length"]}
    header = ["first-listed group is top", "macro-F1"]
    return {"": header, **{n: [shown(row[key]) for key in ("top1_primary", "macro_f1")] for n, row in rows.items()}}


def ageing() -> Table:
    old, new = "2000-2019", "2024-2026"
    drift = {
        name: VERDICT["drift"][f"calibrated on {name[0]}, tested on {name[1]}"] for name in ((old, old), (old, new))
    }
    rows = {
        f"shipped heads, {old}": VERDICT["periods"][old],
        f"shipped heads, {new}": VERDICT["periods"][new],
        f"older head, on {old}": drift[old, old],
        f"older head, on {new}": drift[old, new],
        f"older head, on {new}, calibrated on these years": VERDICT["drift"][f"calibrated on {new}, tested on {new}"],
    }
    keys = (("top1_primary", 3), ("macro_f1", 3), ("coverage 0.95: covered", 3), ("coverage 0.95: spheres", 2))
    header = ["articles", "first-listed group is top", "macro-F1", "covered", "spheres"]
    return {
        "": header,
        **{name: [f"{row['articles']:,}", *(shown(row[key], d) for key, d in keys)] for name, row in rows.items()},
    }


def other_mixture() -> Table:
    named = {
        "learned from this corpus, asked about it": "trained on the balanced corpus, tested on the balanced one",
        "learned from this corpus, asked about the lopsided one": "trained on the balanced corpus, tested on the "
        "imbalanced one",
        "learned from the lopsided corpus, asked about this one": "trained on the imbalanced corpus, tested on the "
        "balanced one",
    }
    rows = {line["what"]: line["views"]["both"] for line in STUDY["corpus"]}
    keys = ("top1_primary", "macro_f1", "kl", "ece")
    header = ["first-listed group is top", "macro-F1", "KL, nats", "calibration error"]
    return {"": header, **{label: [shown(rows[what][key]) for key in keys] for label, what in named.items()}}


def false_alarms() -> Table:
    alarms = VERDICT["ood_false_alarms"]
    return {"": ["share"], **{label: [f"{alarms[view]:.2%}"] for label, view in VIEWS.items()}}


def parts() -> Table:
    head, manifest = (json.loads((FOLDER / name).read_text()) for name in ("head.json", "manifest.json"))
    training, dim = head["recipe"]["training"], manifest["dim"]
    n_terms, n_views = len(json.loads((FOLDER / "tfidf.json").read_text())), len(head["calibrations"])
    return {
        "": ["what it is", "trained here"],
        "encoder": [f"all-MiniLM-L6-v2: 6 layers, {dim} numbers, the mean over tokens; bf16 or fp32", "no"],
        "word model": [f"{n_terms:,} words and pairs of words, {len(GROUPS)} scores, linear", "yes"],
        "heads": [
            f"{training['n_heads']} networks of {dim + len(GROUPS)} → {training['hidden']} → {len(GROUPS)}, ReLU, "
            "log-softmax; their mean",
            "yes",
        ],
        "calibration": [f"one temperature and {N_QUANTILES} cuts for each of {n_views} views", "yes"],
        "familiarity": [f"one distance from the training articles, one cut for each of {n_views} views", "yes"],
    }


def settings() -> Table:
    recipe = json.loads((FOLDER / "head.json").read_text())["recipe"]
    t = recipe["training"]
    assert (t["loss"], t["optimizer"], t["standardize"], recipe["name"]) == ("kl", "adamw", True, RECIPES["best"].name)
    return {
        "": ["value"],
        "loss": ["KL divergence from the target"],
        "optimiser": [f"AdamW, learning rate {t['learning_rate']}, weight decay {t['weight_decay']}"],
        "batch, epochs": [
            f"{t['batch_size']} articles, at most {t['max_epochs']}; {t['patience']} without a better validation loss "
            "end it"
        ],
        "regularisation": [
            f"dropout {t['dropout']}, input dropout {t['input_dropout']}, Gaussian noise {t['noise']} on standardized "
            "features"
        ],
        "heads": [f"{t['n_heads']}, seed {t['seed']}"],
    }


@cache
def articles() -> tuple[list[str], list[list[str]], list[str], Any, Any]:
    """Ids, categories, dates, places of the first-listed group, (n,), and targets, (n, n_groups), as shipped."""
    kept = json.loads((FOLDER / "articles.json").read_text())
    categories = [line.split() if isinstance(line, str) else line for line in kept["categories"]]
    primary, targets = (np.load(FOLDER / name) for name in ("primary.npy", "targets.npy"))
    return kept["ids"], categories, kept["dates"], primary, targets


def in_numbers() -> Table:
    ids, categories, dates, _, targets = articles()
    n_groups = (targets > 0).sum(axis=1)
    months = [re.sub(r".*/|v\d+$", "", id)[:4] for id in ids]
    same = np.mean([month == date[2:4] + date[5:7] for month, date in zip(months, dates, strict=True)])
    return {
        "": ["value"],
        "articles": [f"{len(ids):,}"],
        "categories that occur": [str(len({category for line in categories for category in line}))],
        "earliest and latest month": [f"{min(dates)[:7]}, {max(dates)[:7]}"],
        "share of articles in several groups": [shown((n_groups > 1).mean())],
        "most groups that one article has": [str(n_groups.max())],
        "share of articles dated in the month of their id": [shown(same)],
    }


def groups_and_years() -> Table:
    ids, _, dates, primary, targets = articles()
    year = np.array([int(date[:4]) for date in dates])
    old, new = year < 2020, year >= 2024
    assert (old | new).all(), "the card says that nothing is of 2020-2023"
    rows = {
        name: [f"{n:,}" for n in (of.sum(), (of & old).sum(), (of & new).sum(), (targets[:, place] > 0).sum())]
        for place, name in enumerate(GROUPS)
        for of in [primary == place]
    }
    header = ["articles", "2000-2019", "2024-2026", "anywhere among the categories"]
    return {"": header, **rows, "all": [*(f"{n:,}" for n in (len(ids), old.sum(), new.sum())), ""]}


def split_sizes() -> Table:
    ids, _, _, primary, _ = articles()
    parts = split_rows(ids)
    rows = {name: [f"{(primary[rows] == i).sum():,}" for rows in parts.values()] for i, name in enumerate(GROUPS)}
    return {"": list(SHARES), **rows, "all": [f"{len(rows):,}" for rows in parts.values()]}


def shipped_arrays() -> Table:
    what = {
        "targets.npy": "distribution over the groups",
        "primary.npy": "place of the first-listed group",
        "both.npy": "vectors of title and abstract, int8",
        "title.npy": "vectors of titles alone: half of the training articles, all others",
        "abstract.npy": "vectors of abstracts alone: all but the training articles",
    }
    rows = {}
    for name, text in what.items():
        n, *columns = np.load(FOLDER / name, mmap_mode="r").shape
        rows[f"`{name}`"] = [f"{n:,}", *(map(str, columns) if columns else [""]), text]
    terms = json.loads((FOLDER / "tfidf.json").read_text())
    assert terms == sorted(terms)
    return {
        "": ["rows", "columns", "what"],
        "`articles.json`": [f"{len(articles()[0]):,}", "", "ids, categories, dates"],
        **rows,
        "`tfidf.json`": [f"{len(terms):,}", "", "words and pairs of words, in alphabetical order"],
    }


EXPECTED: dict[tuple[str, str], Callable[[], Table]] = {
    ("MODEL_CARD.md", "Parts"): parts,
    ("MODEL_CARD.md", "Settings"): settings,
    ("MODEL_CARD.md", "On test articles"): lambda: measured(*VIEWS),
    ("MODEL_CARD.md", "Beside others"): beside_others,
    ("MODEL_CARD.md", "What a threshold means"): thresholds,
    ("MODEL_CARD.md", "Group by group"): by_group,
    ("MODEL_CARD.md", "Pairs mistaken for each other"): pairs,
    ("MODEL_CARD.md", "Articles of several groups"): of_several_groups,
    ("MODEL_CARD.md", "Short input"): input_lengths,
    ("MODEL_CARD.md", "Old and new articles"): ageing,
    ("MODEL_CARD.md", "A corpus of another mixture"): other_mixture,
    ("MODEL_CARD.md", "Text of other kinds"): false_alarms,
    ("DATA_CARD.md", "In numbers"): in_numbers,
    ("DATA_CARD.md", "Groups and years"): groups_and_years,
    ("DATA_CARD.md", "Split"): split_sizes,
    ("DATA_CARD.md", "Shipped arrays"): shipped_arrays,
    ("README.md", "How good it is"): lambda: measured("title and abstract", "title only"),
}
