"""arXiv's categories, read in every form that sources keep them in."""

from pathlib import Path
from typing import Any

import pytest

from spheres.data.categories import NAMES, parse_categories
from spheres.data.taxonomy import SUCCESSORS, group_of


def test_what_looks_like_a_python_literal_is_parsed_and_never_run(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    for code in ("[__import__('pathlib').Path({})]", "[{{'term': __import__('pathlib').Path({}).touch()}}]"):
        assert parse_categories(code.format(repr(str(trap)))) == []
    assert not trap.exists()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # codes
        ("cs.LG stat.ML", "cs.LG stat.ML"),
        ("cs.LG, stat.ML;math.ST|cs.AI", "cs.LG stat.ML math.ST cs.AI"),
        ("cs.AI, I.2.6, 68T05 hep-th", "cs.AI hep-th"),
        ("math.CO/math.PR", "math.CO math.PR"),
        ("arXiv:cs.LG cs.LG", "cs.LG"),
        # lists and literals
        ("['cs.LG', 'stat.ML']", "cs.LG stat.ML"),
        ("['cs.LG'\n 'stat.ML']", "cs.LG stat.ML"),  # numpy's
        ("('cs.LG', 'stat.ML')", "cs.LG stat.ML"),
        ("[cs.LG, math.CO]", "cs.LG math.CO"),
        ('["cs.LG", null]', "cs.LG"),
        (["cs.LG stat.ML"], "cs.LG stat.ML"),
        ([{"term": "cs.AI"}, {"@term": "math.CO"}], "cs.AI math.CO"),
        ("[{'term': 'cs.AI', 'scheme': 'http://arxiv.org/schemas/atom'}, {'term': 'I.2.6'}]", "cs.AI"),
        # names with codes, as in listings
        ("Combinatorics (math.CO); Probability (math.PR)", "math.CO math.PR"),
        ("Superconductivity (cond-mat.supr-con)", "cond-mat.supr-con"),
        ("Computational Engineering, Finance, and Science (cs.CE), Optics (physics.optics)", "cs.CE physics.optics"),
        ("Computer Science [cs]/Machine Learning [cs.LG]", "cs cs.LG"),
        # OAI sets
        ("math:math:CO", "math.CO"),
        ("physics:cond-mat", "cond-mat"),
        ("physics:physics:optics;physics:cond-mat:supr-con", "physics.optics cond-mat.supr-con"),
        (["cs", "cs:cs:LG"], "cs cs.LG"),
        # names
        ("Mathematics", "math"),
        ("computer science, statistics", "cs stat"),
        ("High Energy Physics - Theory", "hep-th"),
        ("Computer Science - Machine Learning; Statistics - Machine Learning; to read", "cs.LG stat.ML"),
        ("Computer Science - Distributed, Parallel, and Cluster Computing", "cs.DC"),
        ("Mathematics > Combinatorics", "math.CO"),
        ("Economics", "econ"),
        ("Systems and Control", ""),  # cs.SY and eess.SY
        ("Machine Learning", ""),
        # keywords
        ("graphs; to read", ""),
        ("Physics; graphs", ""),
        ("physics of graphs", ""),
        ("Robotics, hearing aids", ""),
        # nothing
        ("[" * 50_000, ""),
        ("[{'term': " * 50_000, ""),
        (None, ""),
        (float("nan"), ""),
        (7, ""),
        ({"label": "cs.LG"}, ""),
    ],
)
def test_categories_are_read_in_every_form_that_sources_use(value: Any, expected: str) -> None:
    assert parse_categories(value) == expected.split()


@pytest.mark.parametrize(("retired", "successor"), SUCCESSORS.items())
def test_a_retired_category_counts_as_its_successor_which_is_of_the_same_group(retired: str, successor: str) -> None:
    assert parse_categories(f"{retired} {successor} q-fin.ST") == [successor, "q-fin.ST"]
    assert group_of(retired) == group_of(successor) and successor in NAMES


@pytest.mark.parametrize("code", NAMES)
def test_every_category_of_the_list_has_a_group_and_is_read_by_its_name_behind_its_archives(code: str) -> None:
    assert group_of(code) and group_of(code) == group_of(code.partition(".")[0])
    archive = NAMES[code.partition(".")[0]]
    tag = f"{archive} - {NAMES[code]}" if archive != NAMES[code] else archive
    assert parse_categories(f"{tag} ({code}); to read") == [code]
    assert parse_categories(tag) in ([code], ["math-ph"])
