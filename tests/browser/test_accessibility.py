"""What axe-core finds, and what a keyboard reaches, in both languages, in the light and in the dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from browser.test_languages_and_links import ask_in_russian
from browser.test_look import sideways
from browser.test_panels import MIXED, ask, open_tab
from spheres.web.i18n import LANGUAGES, language

# Gradio's own: the table of an empty upload and the like are tested as they come, nothing is left out.
SERIOUS = ("serious", "critical")


def violations(page: Page) -> list[str]:
    """Rules that axe-core finds broken, with what breaks them."""
    expect(page.locator("#answer .pending")).to_have_count(0)  # faded while it waits, on purpose
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {[node['html'][:120] for node in rule['nodes'][:3]]}"
        for rule in found
        if rule["impact"] in SERIOUS
    ]


@pytest.mark.parametrize(("code", "dark"), [("en", False), ("ru", True)])
def test_axe_finds_no_serious_violation_in_any_tab(visit, code, dark):
    _ = language(code).gettext
    page = visit(f"{code if code != 'en' else ''}?__theme={'dark' if dark else 'light'}")
    expect(page.locator("#title")).to_be_visible()
    assert violations(page) == []
    (ask if code == "en" else ask_in_russian)(page, "", MIXED)
    page.get_by_role("button", name=_("How this works, and its limits")).click()
    for tab in (_("Nearest"), _("Why"), _("Categories"), _("Map"), _("Share"), _("Many articles")):
        open_tab(page, tab)
        if tab == _("Why"):
            expect(page.locator("#why .strongest")).to_have_count(1)
        if tab == _("Map"):
            expect(page.locator("#map img")).to_be_visible()
        assert violations(page) == [], tab
    # the menus of a chosen file
    table = {"name": "a.csv", "mimeType": "text/csv", "buffer": b"Title,Notes\nOn trees,none\n"}
    page.locator("#file input[type=file]").set_input_files(table)
    expect(page.locator("#file-status .read")).to_be_visible()
    assert violations(page) == []
    page.get_by_label(_("Column with the titles")).click()
    expect(page.get_by_role("option")).to_have_count(3)
    page.wait_for_timeout(500)  # it fades in
    assert violations(page) == []


def test_axe_finds_a_violation_where_there_is_one(visit):
    page = visit()
    expect(page.locator("#title")).to_be_visible()
    page.evaluate("document.querySelector('#title label').replaceWith(document.createElement('textarea'))")
    assert violations(page) != []


def test_the_compact_page_has_no_serious_violation(visit):
    page = visit("?view=compact", width=320, height=480)
    ask(page, "", MIXED)
    assert violations(page) == []


@pytest.mark.parametrize(("code", "width"), [("en", 390), ("ru", 320)])
def test_no_tab_scrolls_sideways_on_a_phone(visit, code, width):
    _ = language(code).gettext
    page = visit("" if code == "en" else code, width=width, height=844)
    (ask if code == "en" else ask_in_russian)(page, "", MIXED)
    for tab in (_("Nearest"), _("Why"), _("Categories"), _("Map"), _("Share"), _("Many articles")):
        page.get_by_role("tab", name=tab, exact=True).scroll_into_view_if_needed()
        open_tab(page, tab)
        page.wait_for_timeout(300)
        assert sideways(page) == 0, tab


@pytest.mark.parametrize("code", LANGUAGES)
def test_on_a_phone_the_answer_is_on_the_first_screen_in_either_language(visit, code):
    page = visit("" if code == "en" else code, width=390, height=844)
    (ask if code == "en" else ask_in_russian)(page, "A title of some length that needs a second line", MIXED)
    place = page.locator(".answer").first.bounding_box()
    assert page.evaluate("window.scrollY") == 0
    assert place["y"] + place["height"] <= 844


def test_words_and_sentences_are_reached_by_tab_and_tell_their_number(visit):
    page = visit()
    open_tab(page, "Why")
    ask(page, "", MIXED)
    expect(page.locator("#why .strongest")).to_have_count(1)
    page.get_by_label("Physics", exact=True).focus()
    focused = page.locator("#why [data-say]:focus")
    for _ in range(9):  # past the other spheres' buttons at most
        page.keyboard.press("Tab")
        if focused.count():
            break
    expect(focused).to_have_count(1)
    assert focused.evaluate("e => getComputedStyle(e, '::after').content") != "none"


def test_the_page_below_the_answer_keeps_its_place_while_the_answer_changes(visit):
    page = visit()
    ask(page, "", MIXED)
    expect(page.locator("#near tbody tr")).to_have_count(10)
    before = page.locator("#panels").bounding_box()["y"]
    for key in ("Home", "End"):
        page.locator("#threshold input[type=range]").press(key)
        expect(page.locator(".chosen tr")).to_have_count({"Home": 1, "End": 8}[key])
        assert page.locator("#panels").bounding_box()["y"] == before
