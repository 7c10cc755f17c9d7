"""The report: filled from the figures alone, and the shipped one is that of the shipped figures."""

import copy
import json

import jinja2
import pytest
from places import SHIPPED

from spheres.study.report import render, write_report

REPORT = SHIPPED / "all-MiniLM-L6-v2" / "report"
FIGURES = json.loads((REPORT / "figures.json").read_text("utf-8"))


def test_the_shipped_report_is_what_its_figures_give():
    assert (REPORT / "report.md").read_text("utf-8") == render(FIGURES)


def test_a_figure_that_is_missing_is_an_error_and_no_blank():
    figures = copy.deepcopy(FIGURES)
    del figures["test"]["shipped"]["equal"]["both"]["figures"]["top1_primary"]
    with pytest.raises(jinja2.UndefinedError, match="top1_primary"):
        render(figures)


def test_sections_whose_corpora_were_not_given_are_left_out():
    study = {
        name: [] if name in ("pooling", "length", "copies", "corpus") else FIGURES["study"][name]
        for name in FIGURES["study"]
    }
    page = render({**FIGURES, "study": study})
    assert "*Input:* not measured here." in page and "### Pooling" not in page
    assert "nan" not in page.split("\n\n")[1]


def test_figures_page_and_plots_are_written_together(tmp_path):
    write_report(FIGURES, tmp_path / "report")
    assert json.loads((tmp_path / "report" / "figures.json").read_text("utf-8")) == FIGURES
    assert (tmp_path / "report" / "report.md").read_text("utf-8") == render(FIGURES)
    for name in ("sets.png", "reliability.png", "curves.png"):
        assert (tmp_path / "report" / name).read_bytes().startswith(b"\x89PNG")
