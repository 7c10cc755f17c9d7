"""An arXiv id or link in the title box."""

import re

from playwright.sync_api import expect

from browser.test_classifying import box, classify, clear, winner


def test_an_arxiv_id_or_link_brings_title_and_abstract_and_their_spheres(visit):
    page = visit()
    for typed in ("2101.00001", "https://arxiv.org/abs/2101.00001v3", "arXiv:2101.00001"):
        box(page, "Title").fill(typed)
        box(page, "Title").press("Enter")
        expect(box(page, "Title")).to_have_value(re.compile("^Counting Sparrows & Finches: A Survey"))
        expect(box(page, "Abstract")).to_have_value(re.compile("^We count birds at feeders, where a < b birds come"))
        expect(winner(page)).to_be_visible()
        expect(page.locator("#near tbody tr")).to_have_count(10)
        clear(page)


def test_an_id_that_arxiv_does_not_know_is_said_and_the_boxes_stay(visit):
    page = visit()
    box(page, "Title").fill("2101.99999")
    box(page, "Abstract").fill("My own text")
    classify(page)
    expect(page.locator(".problem")).to_contain_text("arXiv has no article 2101.99999")
    expect(box(page, "Title")).to_have_value("2101.99999")
    expect(box(page, "Abstract")).to_have_value("My own text")


def test_where_arxiv_is_not_reached_a_sentence_says_what_to_do_in_the_pages_language(visit, arxiv):
    arxiv.mode = "hang_up"
    try:
        page = visit("ru")
        box(page, "Название").fill("2101.00002")
        page.get_by_role("button", name="Определить").click()
        expect(page.locator(".problem")).to_contain_text("вставьте название и аннотацию")
    finally:
        arxiv.mode = "well"


def test_a_title_that_mentions_an_id_is_a_title(visit, arxiv):
    asked = len(arxiv.asked)
    page = visit()
    box(page, "Title").fill("A comment on arXiv:2101.00001 and its feeders")
    classify(page)
    expect(winner(page)).to_be_visible()
    assert len(arxiv.asked) == asked
