"""What a visitor does: types, presses, clicks, slides; and what the page answers."""

import re

import pytest
from playwright.sync_api import Page, expect
from visiting import advanced

from spheres.data.taxonomy import GROUPS
from spheres.web.examples import EXAMPLES

TITLE = "Neural machine translation with recurrent attention networks"
ABSTRACT = (
    "We prove that every compact Riemannian manifold with positive sectional curvature has finite homotopy groups."
)


def box(page, name: str):
    return page.get_by_label(name, exact=True)


def classify(page) -> None:
    page.get_by_role("button", name="Classify").click()


def clear(page) -> None:
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("the answer appears here")).to_be_visible()


def winner(page):
    return page.locator(".winner")


def chosen(page) -> list[str]:
    return page.locator(".chosen tr").evaluate_all("rows => rows.map(row => row.dataset.group)")


def left_out(page) -> list[str]:
    return page.locator(".left-out tr[data-group]").evaluate_all("rows => rows.map(row => row.dataset.group)")


def no_complaint(page: Page) -> None:
    expect(page.get_by_test_id("toast-body")).to_have_count(0)


def test_a_title_an_abstract_or_both_are_classified(visit):
    page = visit()
    box(page, "Title").fill(TITLE)
    box(page, "Title").press("Enter")
    expect(winner(page)).to_contain_text("Computer Science")
    assert sorted(chosen(page) + left_out(page)) == sorted(GROUPS)
    title_alone = page.locator(".figure").inner_text()
    box(page, "Abstract").fill(ABSTRACT)
    classify(page)
    expect(page.locator(".figure")).not_to_have_text(title_alone)
    box(page, "Title").fill("")
    classify(page)
    expect(winner(page)).to_contain_text("Mathematics")
    expect(page.locator(".note")).to_be_empty()


def test_enter_breaks_the_abstracts_line_and_ctrl_enter_submits_it(visit):
    page = visit()
    box(page, "Abstract").fill(ABSTRACT)
    box(page, "Abstract").press("Enter")
    expect(box(page, "Abstract")).to_have_value(ABSTRACT + "\n")
    expect(winner(page)).to_have_count(0)
    box(page, "Abstract").press("Control+Enter")
    expect(winner(page)).to_contain_text("Mathematics")


def test_sliding_with_the_keyboard_changes_the_set_and_never_runs_the_encoder(visit, counting):
    page = visit()
    box(page, "Abstract").fill(EXAMPLES[3].abstract)
    classify(page)
    expect(winner(page)).to_be_visible()
    slider, runs = page.locator("#threshold input[type=range]"), counting.runs
    advanced(page).get_by_label("what the probabilities add up to").check()
    slider.press("End")  # 100: every sphere that is possible at all
    expect(page.locator(".chosen tr")).to_have_count(8)
    expect(page.locator(".chosen tr").last.locator("td").last).to_have_text("100%")
    expect(page.get_by_text("None left out")).to_be_visible()
    expect(slider).to_have_attribute("min", "50")
    slider.press("Home")
    expect(page.locator(".chosen tr")).not_to_have_count(8)
    fewest = len(chosen(page))
    for _ in range(49):
        slider.press("ArrowRight")
    expect(page.locator("#threshold input[type=number]")).to_have_value("99")
    expect(page.locator(".chosen tr")).not_to_have_count(fewest)
    assert counting.runs == runs


def test_the_slider_stands_still_whatever_is_asked(visit):
    page = visit()
    slider = page.locator("#threshold input[type=range]")
    place = slider.bounding_box()
    box(page, "Abstract").fill(EXAMPLES[5].abstract)
    classify(page)
    expect(winner(page)).to_be_visible()
    expect(slider).to_have_attribute("min", "50")
    assert slider.bounding_box() == place
    advanced(page).get_by_label("equally frequent").check()
    expect(page.locator("#answer [data-of$=equal]")).to_be_visible()
    expect(slider).to_have_attribute("min", "50")


def test_the_answer_is_said_in_words_and_what_else_is_possible(visit):
    page = visit()
    box(page, "Abstract").fill(ABSTRACT)
    classify(page)
    expect(page.locator(".sentence")).to_have_text("No other sphere is likely enough to be listed.")
    page.locator("#threshold input[type=range]").press("End")
    expect(page.locator(".sentence")).to_have_text(
        re.compile(r"^Also possible: [A-Z][A-Za-z ]+, <?\d+%; [A-Z][A-Za-z ]+, <?\d+%, and 5 more\.$")
    )


def test_what_the_threshold_sets_can_be_changed_and_is_said_in_measured_terms(visit, counting):
    page = visit()
    meaning = page.locator("#meaning")
    expect(meaning).to_have_text(re.compile(r"Lists the right sphere for 9\d of 100 new articles, \d\.\d spheres on"))
    box(page, "Title").fill("Gradient noise and generalisation in stochastic optimisation")
    classify(page)
    expect(winner(page)).to_be_visible()
    calibrated, runs = len(chosen(page)), counting.runs
    expect(page.locator(".answer thead th")).to_have_count(2)
    advanced(page).get_by_label("what the probabilities add up to").check()
    expect(meaning).to_have_text(re.compile(r"Adds up to 95%: the right sphere for 9\d of 100 new articles"))
    expect(page.get_by_role("columnheader", name="Running total")).to_be_visible()
    assert len(chosen(page)) > calibrated
    assert counting.runs == runs


def test_the_mix_of_articles_can_be_chosen_and_everything_shown_follows_without_the_encoder(visit, counting):
    page = visit()
    page.get_by_role("tab", name="Categories").click()
    box(page, "Title").fill("Adam: a method for stochastic optimization")
    classify(page)
    expect(winner(page)).to_contain_text("Computer Science")
    summary, runs = page.locator("#summary"), counting.runs
    expect(summary).to_contain_text("Computer Science")
    advanced(page).get_by_label("equally frequent").check()
    expect(winner(page)).to_contain_text("Statistics")
    expect(summary).to_contain_text(re.compile("^\\s*Statistics"))
    expect(page.locator("#categories [data-category]").first).to_have_attribute("data-category", re.compile("^stat"))
    assert counting.runs == runs
    advanced(page).get_by_label("as on arXiv").check()
    expect(winner(page)).to_contain_text("Computer Science")
    assert counting.runs == runs


def test_an_unfamiliar_text_gets_no_confident_sphere(visit):
    page = visit()
    box(page, "Title").fill("Take two eggs, flour and sugar, and bake for forty minutes")
    classify(page)
    expect(winner(page)).to_have_text("Unfamiliar text")
    expect(page.locator(".sentence")).to_contain_text("does not look like the articles the model learned from")
    bars = page.locator(".answer .bar span")
    assert len({bar.evaluate("bar => getComputedStyle(bar).backgroundColor") for bar in bars.all()}) == 1  # all grey
    box(page, "Title").fill("Как приготовить наваристый борщ дома за один час")
    classify(page)
    expect(page.locator(".sentence")).to_contain_text("This is Russian; the model reads English")
    assert sorted(chosen(page) + left_out(page)) == sorted(GROUPS)


def test_dragging_the_slider_to_its_ends_ends_with_the_last_position(visit, counting):
    page = visit()
    box(page, "Title").fill(TITLE)
    classify(page)
    expect(winner(page)).to_be_visible()
    runs, place = counting.runs, page.locator("#threshold input[type=range]").bounding_box()
    middle = place["y"] + place["height"] / 2
    page.mouse.move(place["x"] + place["width"] * 0.9, middle)
    page.mouse.down()
    for share in (0.7, 0.5, 0.2, 0.0, 0.4, 0.8, 1.01):
        page.mouse.move(place["x"] + place["width"] * share, middle, steps=6)
    page.mouse.up()
    expect(page.locator(".chosen tr")).to_have_count(8)
    assert counting.runs == runs


def test_a_half_typed_threshold_counts_as_the_nearest_possible_and_brings_no_complaint(visit):
    page = visit()
    box(page, "Title").fill(TITLE)
    classify(page)
    expect(winner(page)).to_be_visible()
    number = page.locator("#threshold input[type=number]")
    least = "50"
    expect(page.locator("#threshold input[type=range]")).to_have_attribute("min", least)
    cases = (("300", "100", 8), ("9", least, 1), ("1", "100", 8), ("-1", "100", 8), ("", "100", 8), ("0.95", "95", 1))
    for typed, kept, n_chosen in cases:
        number.fill(typed)
        number.press("Enter")
        expect(page.locator(".chosen tr")).to_have_count(n_chosen)
        number.blur()
        expect(number).to_have_value(kept)
    no_complaint(page)


def test_every_example_is_answered_with_the_sphere_it_was_written_for(visit):
    page = visit()
    buttons = page.locator("#examples button.gallery-item")
    expect(buttons).to_have_count(len(EXAMPLES))
    for number, example in enumerate(EXAMPLES):
        buttons.nth(number).click()
        expect(box(page, "Title")).to_have_value(example.title)
        expect(box(page, "Abstract")).to_have_value(example.abstract)
        expect(winner(page)).to_have_attribute("data-group", example.group)


def test_nothing_to_classify_is_said_in_the_page(visit):
    page = visit()
    for text in ("", "   ", "\t \u00a0\u2003"):
        box(page, "Title").fill(text)
        classify(page)
        expect(page.locator(".problem")).to_be_visible()
        expect(winner(page)).to_have_count(0)
        no_complaint(page)
        clear(page)


def test_clear_empties_boxes_and_answer_but_keeps_the_threshold(visit):
    page = visit()
    box(page, "Title").fill(TITLE)
    box(page, "Abstract").fill(ABSTRACT)
    page.locator("#threshold input[type=range]").press("End")
    classify(page)
    expect(winner(page)).to_be_visible()
    clear(page)
    expect(winner(page)).to_have_count(0)
    expect(box(page, "Title")).to_have_value("")
    expect(box(page, "Abstract")).to_have_value("")
    expect(page.locator("#threshold input[type=number]")).to_have_value("100")


MARKUP = "<img src=x onerror=\"window.__xss=1\"><script>window.__xss=1</script><svg/onload='window.__xss=1'>${alert(1)}"


@pytest.mark.parametrize("name", ["Title", "Abstract"])
def test_markup_is_read_as_text_and_never_runs(visit, name):
    page = visit()
    box(page, name).fill(MARKUP)
    classify(page)
    expect(winner(page)).to_be_visible()
    assert page.evaluate("window.__xss") is None
    assert page.locator("#answer img, #answer script, #answer svg").count() == 0
    no_complaint(page)


ODD = {
    "emoji": "👩‍🔬🧬🔭 🤖",
    "control characters": "quantum\\u0000 field\\u0007 theory\\u001b[31m",
    "lone surrogates": "graph \\ud800 theory \\udfff",
    "right-to-left overrides": "\\u202egnitupmoc mutnauq\\u202c \\u2066abc",
    "another script": "Квантовая теория поля",
    "one sign": "?",
}


def test_odd_text_is_answered(visit):
    page = visit()
    for text in ODD.values():
        # Typing cannot make a lone surrogate, a script can.
        box(page, "Title").evaluate(
            f"box => {{ box.value = '{text}'; box.dispatchEvent(new Event('input', {{bubbles: true}})); }}"
        )
        classify(page)
        expect(page.locator(".winner, .problem")).to_be_visible()
        no_complaint(page)
        clear(page)


def test_a_long_text_is_answered_and_the_page_says_how_much_of_it_was_read(visit):
    page = visit()
    text = (ABSTRACT + " ") * (49_000 // len(ABSTRACT))
    box(page, "Abstract").fill(text)
    classify(page)
    expect(winner(page)).to_contain_text("Mathematics")
    expect(page.locator(".note")).to_have_text("Read: the first 2%.")
    no_complaint(page)


def test_a_book_is_refused_in_a_sentence(visit):
    page = visit()
    box(page, "Abstract").fill("prime " * 100_000)
    classify(page)
    expect(page.locator(".problem")).to_contain_text("more than the 50,000 allowed")
