"""The papers that come with the project: its licence is unaltered, its changelog knows this version."""

import hashlib
import re
import tomllib
from datetime import date

import pytest
from places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")
APACHE_2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"  # sha256, as apache.org has it
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_licence_is_apaches_to_the_letter_and_the_project_names_it() -> None:
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == APACHE_2
    assert (PROJECT["license"], PROJECT["license-files"]) == ("Apache-2.0", ["LICENSE"])
    assert (ROOT / PROJECT["readme"]).is_file()


def test_the_changelog_has_this_version_below_what_comes_next() -> None:
    titles = re.findall("^## (.+)$", CHANGELOG, re.MULTILINE)
    assert titles[0] == "Unreleased"
    versions = dict(title.split(" - ") for title in titles[1:])
    assert next(iter(versions)) == PROJECT["version"]
    dates = [date.fromisoformat(day) for day in versions.values()]
    assert dates == sorted(dates, reverse=True)


def test_the_changelog_keeps_to_its_kinds_of_change() -> None:
    assert set(re.findall("^### (.+)$", CHANGELOG, re.MULTILINE)) <= KINDS


@pytest.mark.parametrize("name", ["CHANGELOG.md", "CONTRIBUTING.md"])
def test_a_paper_promises_no_file_that_is_not_there(name: str) -> None:
    text = re.sub(r"^```.*?^```", "", (ROOT / name).read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    named = re.findall(r"\]\((?!http|#)([^)#]+)", text)
    named += re.findall(r"`((?:spheres|tests|docs|benchmarks|\.ci)/[\w./]*|[\w-]+\.(?:md|py|txt))`", text)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
