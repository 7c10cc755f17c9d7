"""The first seconds: nothing jumps while the page loads, the console has no errors, the login page can be read."""

import re

import pytest
from fake_classifier import FakeClassifier
from playwright.sync_api import expect
from visiting import served

from browser.test_classifying import TITLE, winner
from browser.test_panels import ask, open_tab
from spheres.inference.service import Service
from spheres.web.i18n import language
from spheres.web.page import build_page

NOTE_SHIFTS = """
    window.shift = 0;
    new PerformanceObserver(list => list.getEntries().forEach(entry => { window.shift += entry.value; }))
        .observe({ type: 'layout-shift', buffered: true });
"""


@pytest.mark.parametrize(("path", "width", "height"), [("", 1280, 860), ("ru", 390, 844), ("?view=compact", 320, 480)])
def test_nothing_jumps_while_the_page_loads(visit, site, path, width, height):
    page = visit("robots.txt", width=width, height=height)
    page.add_init_script(NOTE_SHIFTS)
    page.goto(f"{site}{path}")
    expect(page.locator("#classify")).to_be_visible()
    page.wait_for_timeout(1500)
    assert page.evaluate("window.shift") < 0.1


def test_the_console_has_no_errors_whatever_is_opened(visit, site):
    page = visit("robots.txt")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(site)
    ask(page, TITLE, "")
    for tab in ("Why", "Categories", "Map", "Share", "Nearest"):
        open_tab(page, tab)
    page.get_by_role("button", name="Use via API").click()
    expect(page.get_by_text("/classify_many").first).to_be_visible()
    page.wait_for_timeout(1000)
    assert said == []


@pytest.mark.parametrize(("path", "code", "dark"), [("", "en", False), ("ru", "ru", True)])
def test_the_login_page_has_a_name_a_title_and_boxes_that_are_seen(visit, path, code, dark):
    name = language(code).gettext("Article Sphere Classifier")
    with served(build_page(Service(FakeClassifier())), ("reader", "secret")) as url:
        page = visit(f"{path}?__theme={'dark' if dark else 'light'}", address=url)
        expect(page).to_have_title(name)
        expect(page.locator(".auth")).to_have_text(name)
        boxes = page.locator("input")
        expect(boxes).to_have_count(2)
        for box in boxes.all():
            expect(box).to_have_css("border-top-width", "1px")
            edge, ground = box.evaluate(
                "box => [getComputedStyle(box).borderTopColor, getComputedStyle(box).backgroundColor]"
            )
            assert edge != ground and not re.search(r"rgba\(.*, 0\)", edge)
        boxes.nth(0).fill("reader")
        boxes.nth(1).fill("secret")
        boxes.nth(1).press("Enter")
        expect(page.locator("h1")).to_have_text(name)
        expect(winner(page)).to_have_count(0)
