"""The cards say what was measured: headers the Hub can read, tables that are the report's, links that lead somewhere.

What each table must hold is computed in card_tables.py, and compared cell by cell.
"""

import json
import re
import shlex

import pytest
from card_tables import EXPECTED, FOLDER, MEASURED, SHIPPED_HEAD, VERDICT, VIEWS, Table, articles
from huggingface_hub import DatasetCard, ModelCard
from places import ROOT
from test_readme import COMMAND, READERS

from spheres.data.taxonomy import GROUPS
from spheres.embeddings.out_of_fold import N_FOLDS
from spheres.encoder.hub import BUNDLED
from spheres.model.metrics import RESAMPLES
from spheres.model.recipe import RECIPES

CARDS = ("MODEL_CARD.md", "DATA_CARD.md")
PAGES = (*CARDS, "README.md")
TEXT = {name: (ROOT / name).read_text(encoding="utf-8") for name in PAGES}
BODY = {name: re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL) for name, text in TEXT.items()}

# What stands between backticks like a path and is none of this repository's.
ELSEWHERE = {
    "arxiv-spheres.jsonl.xz",
    "arxivData.json.xz",
    "arxiv-metadata-oai-snapshot.json",
    "Cornell-University/arxiv",
    "neelshah18/arxivdataset",
    "hep-th/9711200",
}
COSTS = "What it costs"  # a table compared with the performance document
IN_WORDS = {("MODEL_CARD.md", "Licences"), ("DATA_CARD.md", "Fields")}  # tables without numbers


def tables(page: str) -> dict[str, Table]:
    """Every table of a page, by the heading above it."""
    found: dict[str, Table] = {}
    heading, fenced = "", False
    for line in BODY[page].splitlines():
        fenced ^= line.startswith("```")
        if fenced:
            continue
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.startswith("|") and not re.fullmatch(r"[|:\- ]+", line):
            first, *others = (cell.strip() for cell in line.strip("|").split("|"))
            table = found.setdefault(heading, {})
            label = first if table else ""
            assert label not in table, f"{page}, {heading}: two rows are called {label}"
            table[label] = others
        elif not line.strip() and heading in found:
            heading += "; after its table"  # a second table under one heading would be a name without a check
    return found


@pytest.mark.parametrize(("page", "heading"), EXPECTED)
def test_a_table_holds_what_was_measured(page: str, heading: str) -> None:
    assert list(tables(page)[heading].items()) == list(EXPECTED[page, heading]().items())


@pytest.mark.parametrize("page", CARDS)
def test_no_table_of_a_card_goes_unchecked(page: str) -> None:
    checked = {heading for card, heading in (*EXPECTED, *IN_WORDS, ("MODEL_CARD.md", COSTS)) if card == page}
    assert set(tables(page)) == checked


def numbers(text: str) -> set[str]:
    """Those with a decimal point or a comma in their thousands."""
    return set(re.findall(r"(?<![\w.:,-])(?:\d{1,3}(?:,\d{3})+|\d+\.\d+)(?!\w)", text))


def prose(page: str) -> str:
    """A page without code, tables and the addresses of links."""
    text = re.sub(r"^```.*?^```$|^\|.*?$|`[^`]*`", " ", BODY[page], flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"\]\([^)]*\)|\[doi:[^]]*", " ", text)


@pytest.mark.parametrize("page", CARDS)
def test_the_numbers_between_the_tables_are_those_in_them(page: str) -> None:
    rows = [row for card in CARDS for table in tables(card).values() for row in table.items()]
    in_tables = numbers(" ".join(" ".join([first, *others]) for first, others in rows))
    if page == "MODEL_CARD.md":
        assert "0.311" in numbers(prose(page)), "the card says it of econ; else nothing is found"
    assert numbers(prose(page)) <= in_tables


def test_what_the_card_concludes_follows_from_its_figures() -> None:
    text = " ".join(BODY["MODEL_CARD.md"].split())
    groups = SHIPPED_HEAD["both"]["groups"]
    econ = dict(zip(GROUPS, VERDICT["confusions"][GROUPS.index("econ")], strict=True))
    n, missed = sum(econ.values()), sum(econ.values()) * (1 - groups["econ"]["coverage at 0.95"])
    said = (
        f"Of {n} articles {econ['econ']} are called econ, {econ['q-fin']} q-fin, {econ['stat']} stat and {econ['cs']}"
    )
    assert f"{said} cs. At 0.95, the set misses econ for {missed:.0f} of the {n}, three times as often" in text
    assert missed / n == pytest.approx(3 * 0.05, rel=0.1)

    assert "cs is the vague one" in text and "second-lowest precision, recall and coverage" in text
    for key in ("precision", "recall", "coverage at 0.95"):
        assert sorted(groups, key=lambda name: groups[name][key])[1] == "cs"

    ranked = list(EXPECTED["MODEL_CARD.md", "Pairs mistaken for each other"]())[1:5]
    assert "three of the four commonest mix-ups" in text and sum("cs" in pair.split(", ") for pair in ranked) == 3

    assert "q-fin, eess and q-bio are over-served" in text
    assert {name for name in groups if groups[name]["coverage at 0.95"] > 0.95} == {"q-fin", "eess", "q-bio"}

    assert "eight commonest of 28 pairs hold more than half of them, cs and eess alone more than a sixth" in text
    *most, everything = [
        int(row[-1]) for row in list(EXPECTED["MODEL_CARD.md", "Pairs mistaken for each other"]().values())[1:]
    ]
    assert sum(most) > everything / 2 and most[0] > everything / 6

    fall = {name: groups[name]["recall"] - SHIPPED_HEAD["title"]["groups"][name]["recall"] for name in groups}
    assert "The recall of eess, cs, econ and q-bio falls the most, by about nine points each" in text
    assert sorted(fall, key=fall.__getitem__)[:-5:-1] == ["eess", "cs", "econ", "q-bio"]
    assert all(fall[name] == pytest.approx(0.09, abs=0.01) for name in ("eess", "cs", "econ", "q-bio"))

    shipped, older = (
        [
            float(cells[1])
            for name, cells in EXPECTED["MODEL_CARD.md", "Old and new articles"]().items()
            if start in name
        ]
        for start in ("shipped", "older")
    )
    assert "it loses 4 points where the shipped heads lose 2" in text
    assert [round(100 * (old - new)) for old, new in (older[:2], shipped)] == [4, 2]

    assert "served better by `--recipe classic`, and even by k nearest neighbours" in text
    others = (VERDICT["classic"]["both"]["figures"], VERDICT["baselines"]["k nearest neighbours on the vectors"])
    assert all(other["kl"]["high"] < SHIPPED_HEAD["both"]["figures"]["kl"]["low"] for other in others)


def test_what_the_card_says_of_the_method_is_what_the_code_does() -> None:
    text = " ".join(BODY["MODEL_CARD.md"].split())
    assert f"at most {BUNDLED.max_length} tokens" in text
    assert f"({RESAMPLES} resamples)" in text
    assert f"with {100 * RECIPES['best'].primary_weight:.0f} % of its weight moved to the group listed first" in text
    assert f"({N_FOLDS} folds)" in text


def test_the_costs_are_about_those_of_the_performance_document() -> None:
    """About: the same run differs by a tenth from one quarter of an hour to the next."""
    performance = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")

    def there(line: str) -> float:
        """The first number of this line, in the first table that has one."""
        found = re.search(rf"^\| {line} \| *([\d.,]+)", performance, re.MULTILINE)
        assert found, line
        return float(found[1].replace(",", ""))

    said = {label: float(cells[0].replace(",", "")) for label, cells in tables("MODEL_CARD.md")[COSTS].items() if label}
    assert said == {
        "articles embedded a second, title and abstract": pytest.approx(there("this project"), rel=0.2),
        "three heads trained, seconds": pytest.approx(there("3 heads, best"), rel=0.2),
        "one answer over HTTP, median, milliseconds": pytest.approx(there("one article over HTTP"), rel=0.2),
        "memory of the page after 100 articles, MB": pytest.approx(there("resident after 100, MB"), rel=0.2),
    }


def test_the_hub_can_read_the_model_cards_header() -> None:
    data = ModelCard(TEXT["MODEL_CARD.md"]).data
    assert (data.language, data.license, data.pipeline_tag) == ("en", "apache-2.0", "text-classification")
    assert data.base_model == BUNDLED.source
    assert data.library_name == re.search(r'^name = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1]
    assert data.metrics == ["accuracy", "f1"]
    assert data.tags and all(re.fullmatch(r"[a-z0-9-]+", tag) for tag in data.tags)
    assert data.eval_results


def test_the_hub_can_read_the_data_cards_header() -> None:
    data = DatasetCard(TEXT["DATA_CARD.md"]).data
    assert (data.pretty_name, data.license, data.language) == ("arXiv spheres", "cc0-1.0", ["en"])
    assert data.task_categories == ["text-classification"]
    assert data.task_ids == ["topic-classification", "multi-label-classification"]
    assert data.annotations_creators == data.language_creators == ["found"]
    assert data.multilinguality == "monolingual"
    size = len(str(len(articles()[0])))  # digits
    assert data.size_categories == [{5: "10K<n<100K", 6: "100K<n<1M"}[size]]


def test_the_model_cards_header_gives_the_figures_of_its_table() -> None:
    results = ModelCard(TEXT["MODEL_CARD.md"]).data.eval_results
    said = {(r.dataset_config, r.metric_name): r.metric_value for r in results}
    assert said == {
        (view, label): round(SHIPPED_HEAD[VIEWS[view]]["figures"][figure]["value"], digits)
        for view in ("title and abstract", "title only")
        for label, (figure, digits) in MEASURED.items()
    }
    assert {(r.task_type, r.dataset_name, r.dataset_split) for r in results} == {
        ("text-classification", DatasetCard(TEXT["DATA_CARD.md"]).data.pretty_name, "test")
    }


def test_no_card_gives_a_figure_for_distilbert() -> None:
    assert not any(re.search("distilbert", TEXT[card], re.IGNORECASE) for card in CARDS)


def anchor(heading: str) -> str:
    """What a heading is called in an address, as GitHub and the Hub make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", CARDS)
def test_links_lead_to_files_and_headings_that_are_there(page: str) -> None:
    links = re.findall(r"\]\((?!https://)([^)#]*)#?([^)]*)\)", BODY[page])
    assert links
    for path, heading in links:
        target = ROOT / (path or page)
        assert target.exists(), path
        if heading:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in map(anchor, headings), f"{path}#{heading}"


@pytest.mark.parametrize("page", CARDS)
def test_paths_that_are_named_are_there(page: str) -> None:
    text = re.sub(r"^```.*?^```$", "", BODY[page], flags=re.MULTILINE | re.DOTALL)
    names = {name for name in re.findall(r"`([\w./-]+)`", text) if "/" in name or re.search(r"\.[a-z]+$", name)}
    mine = {name for name in names if name not in ELSEWHERE and not re.fullmatch(r"(cs|stat)\.[A-Z]{2}", name)}
    assert mine
    for name in sorted(mine):
        assert (ROOT / name).exists() or (FOLDER / name).exists(), name


@pytest.mark.parametrize(
    ("script", "arguments"), sorted({command for card in CARDS for command in COMMAND.findall(BODY[card])})
)
def test_the_scripts_understand_the_cards_commands(script: str, arguments: str) -> None:
    READERS[script](shlex.split(arguments))


def test_the_model_card_names_the_projects_licence() -> None:
    (own,) = (cells for what, cells in tables("MODEL_CARD.md")["Licences"].items() if what.startswith("this project's"))
    assert own == ["Apache-2.0"]
    for path in ROOT.glob("LICEN[CS]E*"):
        assert "Apache License" in path.read_text(encoding="utf-8") and "Version 2.0" in path.read_text(
            encoding="utf-8"
        )


def test_the_encoder_is_the_one_that_was_measured() -> None:
    identity = json.loads((FOLDER / "head.json").read_text())["identity"]
    assert (identity["encoder"], identity["weights_sha256"]) == (BUNDLED.name, BUNDLED.sha256)
    assert identity["pooling"] == BUNDLED.pooling == "mean"
