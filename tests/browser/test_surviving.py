"""Question and answer outlast a reload, Back and another language; an edit marks the answer."""

import re

from playwright.sync_api import expect
from visiting import advanced

from browser.test_classifying import TITLE, box, classify, clear, winner
from browser.test_languages_and_links import RUSSIAN
from browser.test_panels import ask
from spheres.web.examples import EXAMPLES


def test_a_reload_keeps_question_and_answer(visit):
    page = visit()
    ask(page, TITLE, EXAMPLES[1].abstract)
    advanced(page).get_by_label("equally frequent").check()
    page.wait_for_function("history.state?.asked?.[4] === 'equal'")
    shown = page.locator("#summary").inner_text()
    page.reload()
    expect(box(page, "Title")).to_have_value(TITLE)
    expect(box(page, "Abstract")).to_have_value(EXAMPLES[1].abstract)
    expect(page.locator("#summary")).to_have_text(shown)
    clear(page)
    page.reload()
    expect(page.get_by_text("the answer appears here")).to_be_visible()
    expect(box(page, "Title")).to_have_value("")


def test_back_after_another_language_leads_to_the_page_before_with_its_text(visit, browser):
    context = browser.new_context(locale="en-US")
    page = visit("", within=context)
    ask(page, TITLE, "")
    for _ in range(2):
        page.get_by_role("link", name="Русский").click()
        expect(page.locator("h1")).to_have_text(RUSSIAN("Article Sphere Classifier"))
        expect(winner(page)).to_be_visible()
        page.go_back()
        expect(page.locator("h1")).to_have_text("Article Sphere Classifier")
        expect(box(page, "Title")).to_have_value(TITLE)
        expect(winner(page)).to_contain_text("Computer Science")
    page.go_forward()
    expect(page.locator("h1")).to_have_text(RUSSIAN("Article Sphere Classifier"))
    expect(box(page, "Название")).to_have_value(TITLE)
    expect(winner(page)).to_be_visible()
    context.close()


def test_back_from_another_page_brings_question_answer_and_explanation(visit):
    page = visit()
    ask(page, "", EXAMPLES[1].abstract)
    page.goto("about:blank")
    page.go_back()
    expect(box(page, "Abstract")).to_have_value(EXAMPLES[1].abstract)
    expect(winner(page)).to_contain_text("Mathematics")
    page.get_by_role("tab", name="Why", exact=True).click()
    expect(page.locator("#why .weighed")).to_contain_text("Let G be a finite group")


def test_a_later_link_in_the_same_tab_wins_over_what_was_asked_before(visit, site):
    page = visit()
    ask(page, TITLE, "")
    page.goto(f"{site}?__theme=light#title=Prime+gaps")
    expect(box(page, "Title")).to_have_value("Prime gaps")
    expect(winner(page)).to_contain_text("Mathematics")
    page.evaluate("location.hash = 'title=Black+holes'; spheres.answered()")  # an answer that comes in between
    expect(box(page, "Title")).to_have_value("Black holes")
    expect(winner(page)).to_contain_text("Physics")


def test_an_edit_marks_the_answer_as_one_to_the_text_before_and_moves_nothing(visit):
    page = visit()
    mark = page.locator("#answer.edited")
    box(page, "Title").press_sequentially("x")
    expect(mark).to_have_count(0)  # there is no answer yet
    ask(page, TITLE, "")
    expect(mark).to_have_count(0)
    before = page.locator("#answer").bounding_box()
    box(page, "Title").press("End")
    box(page, "Title").press_sequentially("s")
    expect(mark).to_have_attribute("data-edited", re.compile("before it was edited"))
    assert page.locator("#answer").bounding_box() == before
    box(page, "Title").press("Backspace")
    expect(mark).to_have_count(0)
    box(page, "Title").press_sequentially("s")
    classify(page)
    expect(mark).to_have_count(0)
    page.locator("#examples button.gallery-item").first.click()
    expect(winner(page)).to_have_attribute("data-group", EXAMPLES[0].group)
    expect(mark).to_have_count(0)
