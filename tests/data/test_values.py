"""Values of any shape become text."""

from typing import Any

import pytest

from spheres.data.values import to_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (["On", "trees"], "On trees"),
        ("['On', 'trees']", "On trees"),
        ('[{"label": "AIM", "text": "On"}, {"#text": "trees"}]', "On trees"),
        ({"en": "On trees"}, "On trees"),
        ({"AbstractText": ["On", {"value": "trees"}]}, "On trees"),
        ({"On": [0, 2], "trees": [1]}, "On trees On"),
        (b"On tr\xc3\xa9es\xff", "On trées\ufffd"),
        ("[17] On trees", "[17] On trees"),
        ("['On trees", "['On trees"),
        (True, ""),
        (float("inf"), ""),
        ({"model": "m"}, ""),
        ([[[[[["too deep"]]]]]], ""),
        (2.5, "2.5"),
    ],
)
def test_values_of_any_shape_become_text(value: Any, text: str) -> None:
    assert to_text(value) == text


def test_a_hostile_cell_is_text_and_costs_little() -> None:
    for cell in ("['" * 200_000 + "]", '{"a": ' * 100_000 + "}", "['" + "x" * 2**21 + "']"):
        assert to_text(cell) == cell
    assert to_text({"far": [10**12], "near": [-1]}) == "near far"
