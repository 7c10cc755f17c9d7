"""What the page shows of a classification: which spheres, which numbers, and nothing that could run."""

import json
import re
from dataclasses import replace
from html import escape

import numpy as np
import pytest

from spheres.data.taxonomy import GROUPS
from spheres.inference.classifier import Classification
from spheres.inference.notes import UNFAMILIAR, answer_as_json, notes, reading_note
from spheres.model.prediction_sets import RULES
from spheres.web.i18n import Language, language
from spheres.web.render import answer_html, copies, meaning_html, summary

#                 physics math  cs   q-bio q-fin stat  eess  econ
PROBABILITIES = (0.03, 0.05, 0.60, 0.00, 0.00, 0.30, 0.02, 0.00)
DIVIDED = Classification(PROBABILITIES, n_tokens=120, n_tokens_read=120)
STRANGE = replace(DIVIDED, out_of_distribution=True, n_tokens_read=60)

EN, RU = language("en"), language("ru")


def rows(html: str, part: str) -> list[tuple[str, str, str]]:
    """Group, probability and running total of every row in the table's part, `chosen` or `left-out`."""
    (body,) = re.findall(rf'<tbody class="{part}">(.*?)</tbody>', html, re.DOTALL)
    return re.findall(r'<tr data-group="(.*?)">.*?<td>(.*?)</td><td>(.*?)</td>', body)


def panel(outcome, threshold=0.95, rule="sum", words=EN):
    return answer_html(outcome, threshold, rule, words)


def test_chosen_spheres_come_with_probability_and_running_total():
    assert rows(panel(DIVIDED, 0.95), "chosen") == [
        ("cs", "60.0%", "60.0%"),
        ("stat", "30.0%", "90.0%"),
        ("math", "5.0%", "95.0%"),
    ]


def test_the_spheres_left_out_stand_apart_without_a_running_total():
    html = panel(DIVIDED, 0.95)
    assert [row[::2] for row in rows(html, "left-out")] == [
        (g, "") for g in ("physics", "eess", "q-bio", "q-fin", "econ")
    ]
    assert "The other 5 spheres together: 5.0%" in html


@pytest.mark.parametrize(
    ("threshold", "n_chosen"),
    [(0.5, 1), (0.6, 1), (0.61, 2), (0.9, 2), (0.95, 3), (0.951, 4), (1.0, 5)],
    ids=lambda value: str(value),
)
def test_the_set_grows_exactly_where_a_sum_is_reached(threshold, n_chosen):
    html = panel(DIVIDED, threshold)
    assert len(rows(html, "chosen")) == n_chosen
    assert len(rows(html, "chosen")) + len(rows(html, "left-out")) == 8


def test_at_a_threshold_of_one_the_total_is_everything():
    assert rows(panel(DIVIDED, 1.0), "chosen")[-1] == ("eess", "2.0%", "100%")


def test_where_no_sphere_is_left_out_the_page_says_so():
    even = Classification((0.125,) * 8, 10, 10)
    html = panel(even, 1.0)
    assert "None left out" in html
    assert rows(html, "left-out") == []


def test_one_sphere_left_out_is_not_called_spheres():
    even = Classification((0.125,) * 8, 10, 10)
    assert "The other sphere: " in panel(even, 0.85)


def test_the_most_probable_sphere_is_the_headline():
    assert re.search(
        r'class="winner" data-group="cs"><span>Computer Science</span> <span class="figure">60%<',
        panel(DIVIDED, 0.5),
    )


def test_the_likeliest_categories_stand_beside_the_answer():
    shares = np.array([0.997, 0.003, 0.8, 0.2], np.float32)
    html = panel(replace(DIVIDED, codes=("cs.CL", "cs.SD", "stat.ML", "stat.ME"), shares=shares))
    (line,) = re.findall(r'<p class="codes">(.*?)</p>', html)
    assert re.sub("<.*?>", "", line) == "Categories: cs.CL 60%, stat.ML 24%, stat.ME 6%"  # cs.SD's 0.2 % would read 0%
    assert 'title="Computation and Language"' in line


def test_an_unfamiliar_text_is_given_no_categories():
    assert '<p class="codes">' not in panel(STRANGE)


@pytest.mark.parametrize("outcome", ["<b>no</b>", '"><script>alert(1)</script>', "a & b"])
def test_a_message_is_escaped(outcome):
    html = panel(outcome, 0.95)
    assert outcome not in html
    assert "<script" not in html and "<b>" not in html


def test_before_anything_was_asked_the_eight_spheres_stand_without_numbers():
    html = panel(None, 0.95)
    assert re.findall(r'<tr data-group="(.*?)">', html) == list(GROUPS)
    assert "%" not in re.sub(r'style="[^"]*"', "", html)


def test_a_text_read_whole_has_no_note():
    assert reading_note(DIVIDED) is None
    assert '<p class="note"></p>' in panel(DIVIDED, 0.95)


def test_a_text_cut_short_says_how_much_was_read():
    cut = Classification(PROBABILITIES, n_tokens=1610, n_tokens_read=254)
    note = "Read: the first 15%."
    assert str(reading_note(cut)) == note
    assert note in panel(cut, 0.95)
    assert note in summary(cut, 0.95, "sum", EN)


def test_of_a_huge_text_at_least_one_percent_is_said_to_be_read():
    assert "first 1%" in str(reading_note(Classification(PROBABILITIES, n_tokens=300_000, n_tokens_read=254)))


def test_nearly_all_is_not_called_all():
    assert "first 99%" in str(reading_note(Classification(PROBABILITIES, n_tokens=1000, n_tokens_read=999)))


def test_the_summary_names_what_is_chosen():
    assert summary(DIVIDED, 0.9, "sum", EN) == "Computer Science, 60%. Also possible: Statistics, 30%."
    alone = "Computer Science, 60%. No other sphere is likely enough to be listed."
    assert summary(DIVIDED, 0.5, "sum", EN) == alone
    assert len(re.findall("%", summary(DIVIDED, 1.0, "sum", EN))) == summary(DIVIDED, 1.0, "sum", EN).count(", ")
    assert summary("Nothing there.", 0.5, "sum", EN) == "Nothing there."
    assert summary(None, 0.5, "sum", EN) == ""


def test_programs_get_codes_and_every_probability():
    answer = answer_as_json(DIVIDED, 0.9)
    assert answer["spheres"] == ["cs", "stat"]
    assert list(answer["probabilities"])[:3] == ["cs", "stat", "math"]
    assert answer["probabilities"] == pytest.approx(dict(zip(GROUPS, PROBABILITIES, strict=True)))
    assert answer["note"] == ""


def cells(html: str) -> set[str]:
    """Every text that the markup shows."""
    return {text for text in re.split(r"<[^>]*>", html) if text.strip()}


@pytest.mark.parametrize("outcome", [None, "Nein.", DIVIDED, STRANGE], ids=["none", "message", "answer", "unfamiliar"])
@pytest.mark.parametrize("threshold", [0.5, 0.95, 1.0])
def test_in_russian_the_same_numbers_and_rows_stand_in_russian(outcome, threshold):
    english, russian = (answer_html(outcome, threshold, "sum", words) for words in (EN, RU))
    for part in ("chosen", "left-out"):
        in_russian = [(g, *(n.replace(",", ".").replace("\u00a0", "") for n in ns)) for g, *ns in rows(russian, part)]
        assert in_russian == rows(english, part)
    shared = cells(english) & cells(russian)
    assert not [text for text in shared if re.search("[A-Za-z]", text) and text != outcome]
    assert re.findall(r"</?\w+", english) == re.findall(r"</?\w+", russian)  # the panel keeps its form


def test_the_summary_in_russian():
    assert summary(DIVIDED, 0.9, "sum", RU) == "Информатика, 60\u00a0%. Возможны также: Статистика, 30\u00a0%."
    assert "первые 50\u00a0%" in summary(STRANGE, 0.5, "sum", RU)


@pytest.mark.parametrize("words", [EN, RU], ids=lambda words: words.code)
def test_an_unfamiliar_text_has_no_winner_but_a_warning_everywhere(words: Language):
    html, warning = answer_html(STRANGE, 0.9, "sum", words), words.translate(UNFAMILIAR)
    assert words.gettext("Unfamiliar text") in html and escape(warning) in html
    assert 'data-group="cs"><span>' not in html  # no headline
    assert rows(html, "chosen") == []  # nothing is promised, but an answer is there
    assert [row[0] for row in rows(html, "left-out")] == [group for group, _ in STRANGE.ranked()]
    assert summary(STRANGE, 0.9, "sum", words) == f"{warning} {words.translate(reading_note(STRANGE))}"
    assert list(map(str, notes(STRANGE))) == [str(UNFAMILIAR), str(reading_note(STRANGE))]
    assert notes(DIVIDED) == []


def test_a_text_in_another_language_is_told_which_it_is():
    foreign = replace(STRANGE, written_in="ru")
    assert "This is Russian; the model reads English" in panel(foreign)
    assert "Язык текста: русский." in answer_html(foreign, 0.95, "sum", RU)


def test_the_rule_decides_what_is_shown(classifier):
    answer = classifier.classify("A survey of consumption and savings", "")
    for rule in RULES:
        expected = answer.predict_set(0.9, rule)
        html = panel(answer, 0.9, rule)
        chosen = re.findall(r'<tr data-group="(.*?)">', html.partition('class="left-out"')[0])
        assert chosen == expected == answer_as_json(answer, 0.9, rule)["spheres"]
    assert answer.predict_set(0.9, "coverage") != answer.predict_set(0.9, "sum")


@pytest.mark.parametrize(
    ("threshold", "rule", "measured", "english", "russian"),
    [
        (0.5, "sum", None, "until they add up to 50%.", "не достигнет 50\u00a0%."),
        (0.95, "coverage", None, "to have the right one for 95 of 100 articles.", "у 95 из 100 статей."),
        (0.95, "coverage", (0.9512, 1.64), "for 95 of 100 new articles, 1.6 spheres on", "в среднем 1,6."),
        (0.29, "sum", (0.5, 1.0), "Adds up to 29%: the right sphere for 50 of 100", "в среднем 1,0."),
    ],
)
def test_the_sliders_meaning_is_told_in_measured_terms(threshold, rule, measured, english, russian):
    assert english in meaning_html(threshold, rule, measured, EN)
    assert russian in meaning_html(threshold, rule, measured, RU)


def test_what_is_copied_as_text_is_a_line_a_sphere_and_the_notes():
    text, _ = copies(DIVIDED, 0.9, "sum", EN)
    assert text == "Computer Science (cs): 60.0%\nStatistics (stat): 30.0%"
    text, _ = copies(STRANGE, 0.5, "sum", RU)
    assert text.splitlines() == ["Информатика (cs): 60,0\u00a0%", *map(RU.translate, notes(STRANGE))]


@pytest.mark.parametrize("words", [EN, RU], ids=lambda words: words.code)
def test_what_is_copied_as_json_is_the_endpoints_answer_and_how_it_was_asked(words: Language):
    _, copied = copies(STRANGE, 0.9, "sum", words)
    assert json.loads(copied) == {**answer_as_json(STRANGE, 0.9), "threshold": 0.9, "rule": "sum"}
    assert "does not look like" in json.loads(copied)["note"]  # programs get English, whatever the page speaks


@pytest.mark.parametrize("outcome", [None, "A message."])
def test_without_an_answer_nothing_is_copied(outcome):
    assert copies(outcome, 0.9, "sum", EN) == ("", "")
