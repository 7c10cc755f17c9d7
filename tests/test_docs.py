"""The documents: tables that are the figures', links that lead somewhere, headers that the Hub can read."""

import hashlib
import re
import tomllib
from pathlib import Path

import pytest
from fenced import without_blocks
from huggingface_hub import DatasetCard, ModelCard
from places import ROOT

from docs.make_cards import PAGES, TABLES, fill
from spheres.encoder.hub import BUNDLED

DOCUMENTS = sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
APACHE_2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"  # sha256, as apache.org has it


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_every_table_is_what_the_figures_give(page):
    assert fill(read(page)) == read(page), "run `python docs/make_cards.py`"


def test_every_table_that_can_be_made_is_in_a_page():
    named = re.findall(r"table: (\w+)", "".join(map(read, PAGES)))
    assert sorted(named) == sorted(TABLES)


@pytest.mark.parametrize("page", PAGES)
def test_a_figure_in_a_sentence_is_one_of_the_report(page):
    body = re.sub(r"\A---\n.*?\n---\n", "", without_blocks(read(page)), flags=re.DOTALL)
    sentences = re.sub(r"^\|.*$|`[^`]*`|\]\([^)]*\)", " ", body, flags=re.MULTILINE)
    figures = set(re.findall(r"(?<![\w.])0\.\d{3}(?![\d.])", sentences))
    assert figures <= set(re.findall(r"0\.\d{3}", read(f"artifacts/{BUNDLED.name}/report/report.md")))


def anchors(path: Path) -> set[str]:
    """What the headings of a page are called in an address, as GitHub and the Hub make it."""
    headings = re.findall(r"^#+ (.+)$", without_blocks(path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_to_files_and_headings_that_are_there(name):
    page = ROOT / name
    for path, heading in re.findall(r"\]\((?!https?://)([^)#]*)#?([^)]*)\)", without_blocks(read(name))):
        target = page.parent / path if path else page
        assert target.exists(), path
        assert not heading or heading in anchors(target), f"{path}#{heading}"


def test_the_hub_can_read_the_model_cards_header():
    data = ModelCard(read("MODEL_CARD.md")).data
    assert (data.language, data.license, data.pipeline_tag) == ("en", "apache-2.0", "text-classification")
    assert data.base_model == BUNDLED.source
    assert {result.dataset_config for result in data.eval_results} == {
        f"{view}, {shares}"
        for view in ("title and abstract", "title only")
        for shares in ("arXiv's own shares", "equal shares")
    }
    assert all(isinstance(result.metric_value, float) for result in data.eval_results)


def test_the_hub_can_read_the_data_cards_header():
    data = DatasetCard(read("DATA_CARD.md")).data
    assert (data.pretty_name, data.license, data.language) == ("arXiv spheres", "cc0-1.0", ["en"])
    assert data.task_categories == ["text-classification"]


def test_the_licence_is_apaches_to_the_letter_and_the_project_names_it():
    project = tomllib.loads(read("pyproject.toml"))["project"]
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == APACHE_2
    assert (project["license"], project["license-files"]) == ("Apache-2.0", ["LICENSE"])


def test_the_changelog_has_this_version_below_what_comes_next():
    titles = re.findall("^## (.+)$", read("CHANGELOG.md"), re.MULTILINE)
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    assert titles[0] == "Unreleased" and titles[1].startswith(f"{version} - ")
