"""What the page shows of a classification: which spheres, which numbers, and nothing that could run."""

import re

import pytest

from spheres.answer import NAMES, answer_as_json, answer_html, percent, reading_note, summary
from spheres.classifier import Classification
from spheres.groups import GROUPS

#                 physics math  cs   q-bio q-fin stat  eess  econ
PROBABILITIES = (0.03, 0.05, 0.60, 0.00, 0.00, 0.30, 0.02, 0.00)
DIVIDED = Classification(PROBABILITIES, n_tokens=120, n_tokens_read=120)


def rows(html: str, part: str) -> list[tuple[str, str, str]]:
    """Group, probability and running total of every row in the table's part, `chosen` or `left-out`."""
    (body,) = re.findall(rf'<tbody class="{part}">(.*?)</tbody>', html)
    return re.findall(r'<tr data-group="(.*?)">.*?<td>(.*?)</td><td>(.*?)</td>', body)


def test_every_group_has_a_name():
    assert tuple(NAMES) == GROUPS


def test_chosen_spheres_come_with_probability_and_running_total():
    assert rows(answer_html(DIVIDED, 0.95), "chosen") == [
        ("cs", "60.0%", "60.0%"),
        ("stat", "30.0%", "90.0%"),
        ("math", "5.0%", "95.0%"),
    ]


def test_the_spheres_left_out_stand_apart_without_a_running_total():
    html = answer_html(DIVIDED, 0.95)
    assert [row[::2] for row in rows(html, "left-out")] == [
        (g, "") for g in ("physics", "eess", "q-bio", "q-fin", "econ")
    ]
    assert "Left out: 5.0% in 5 spheres" in html


@pytest.mark.parametrize(
    ("threshold", "n_chosen"),
    [(0.5, 1), (0.6, 1), (0.61, 2), (0.9, 2), (0.95, 3), (0.951, 4), (1.0, 5)],
    ids=lambda value: str(value),
)
def test_the_set_grows_exactly_where_a_sum_is_reached(threshold, n_chosen):
    html = answer_html(DIVIDED, threshold)
    assert len(rows(html, "chosen")) == n_chosen
    assert len(rows(html, "chosen")) + len(rows(html, "left-out")) == 8


def test_at_a_threshold_of_one_the_total_is_everything():
    assert rows(answer_html(DIVIDED, 1.0), "chosen")[-1] == ("eess", "2.0%", "100%")


def test_where_no_sphere_is_left_out_the_page_says_so():
    even = Classification((0.125,) * 8, 10, 10)
    html = answer_html(even, 1.0)
    assert "None left out" in html
    assert rows(html, "left-out") == []


def test_one_sphere_left_out_is_not_called_spheres():
    even = Classification((0.125,) * 8, 10, 10)
    assert "in 1 sphere<" in answer_html(even, 0.85)


def test_the_most_probable_sphere_is_the_headline():
    assert re.search(
        r'class="winner" data-group="cs"><span>Computer Science</span> <span class="figure">60.0%',
        answer_html(DIVIDED, 0.5),
    )


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0, "0%"),
        (1e-9, "<0.1%"),
        (0.00099, "<0.1%"),
        (0.001, "0.1%"),
        (0.999, "99.9%"),
        (0.9991, ">99.9%"),
        (1.0, "100%"),
    ],
)
def test_a_percentage_never_claims_all_or_nothing_falsely(share, shown):
    assert percent(share) == shown


def test_float32_sums_just_below_one_are_shown_as_all():
    assert percent(0.99999994) == "100%"


@pytest.mark.parametrize("outcome", ["<b>no</b>", '"><script>alert(1)</script>', "a & b"])
def test_a_message_is_escaped(outcome):
    html = answer_html(outcome, 0.95)
    assert outcome not in html
    assert "<script" not in html and "<b>" not in html


def test_before_anything_was_asked_the_eight_spheres_stand_without_numbers():
    html = answer_html(None, 0.95)
    assert [row[0] for row in rows(html, "left-out")] == list(GROUPS)
    assert "%" not in re.sub(r'style="[^"]*"', "", html)


def test_a_text_read_whole_has_no_note():
    assert reading_note(DIVIDED) == ""
    assert 'class="note"' not in answer_html(DIVIDED, 0.95)


def test_a_text_cut_short_says_how_much_was_read():
    cut = Classification(PROBABILITIES, n_tokens=1610, n_tokens_read=254)
    note = "Read the first 254 of 1,610 word pieces (15%); the rest did not fit the encoder’s window."
    assert reading_note(cut) == note
    assert note in answer_html(cut, 0.95)
    assert note in summary(cut, 0.95)


def test_of_a_huge_text_at_least_one_percent_is_said_to_be_read():
    assert "(1%)" in reading_note(Classification(PROBABILITIES, n_tokens=300_000, n_tokens_read=254))


def test_nearly_all_is_not_called_all():
    assert "(99%)" in reading_note(Classification(PROBABILITIES, n_tokens=1000, n_tokens_read=999))


def test_the_summary_names_what_is_chosen():
    assert summary(DIVIDED, 0.9) == "Computer Science 60.0%, Statistics 30.0%; together 90.0%."
    assert summary(DIVIDED, 0.5) == "Computer Science 60.0%."
    assert summary("Nothing there.", 0.5) == "Nothing there."
    assert summary(None, 0.5) == ""


def test_programs_get_codes_and_every_probability():
    answer = answer_as_json(DIVIDED, 0.9)
    assert answer["spheres"] == ["cs", "stat"]
    assert list(answer["probabilities"])[:3] == ["cs", "stat", "math"]
    assert answer["probabilities"] == pytest.approx(dict(zip(GROUPS, PROBABILITIES, strict=True)))
    assert answer["note"] == ""
