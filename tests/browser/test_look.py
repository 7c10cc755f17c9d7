"""How the page stands: inside a frame, on a phone, in the dark, for eyes and for screen readers."""

import http.server
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Frame, Page, expect

from browser.test_classifying import TITLE, box, classify, winner

# Visible texts whose contrast with what they stand on, by WCAG 2's formula, is below 4.5, or 3 where they are large.
FAINT_TEXTS = """() => {
    const rgba = colour => {
        const parts = colour.match(/[\\d.]+/g).map(Number);
        return [...parts.slice(0, 3), parts.length > 3 ? parts[3] : 1];
    };
    const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
    const ground = element => {
        if (!element) return [255, 255, 255, 1];
        const own = rgba(getComputedStyle(element).backgroundColor);
        return own[3] === 1 ? own : over(own, ground(element.parentElement));
    };
    const light = colour => {
        const linear = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
        const [r, g, b] = colour.slice(0, 3).map(v => linear(v / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const faint = [];
    for (const element of document.querySelectorAll('.gradio-container *')) {
        const texts = [...element.childNodes].filter(node => node.nodeType === 3 && node.textContent.trim());
        const isBox = element.matches('textarea, input:not([type=radio])');  // a radio button holds no text
        if (!texts.length && !isBox) continue;
        if (!element.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
        if (element.closest('#summary') || !element.getClientRects().length) continue;
        const style = getComputedStyle(element, isBox && !element.value ? '::placeholder' : null);
        const below = ground(element), text = over(rgba(style.color), below);
        const [a, b] = [light(text), light(below)].sort((x, y) => y - x);
        const size = parseFloat(style.fontSize), ratio = (a + 0.05) / (b + 0.05);
        const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
        if (ratio < (large ? 3 : 4.5)) faint.push(ratio.toFixed(2) + (texts[0]?.textContent || element.placeholder));
    }
    return faint;
}"""


def asked_and_answered(page: Page | Frame) -> None:
    box(page, "Title").fill(TITLE)
    classify(page)
    expect(winner(page)).to_contain_text("Computer Science")


def sideways(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.fixture
def blog(site) -> Iterator[str]:
    """A page of another origin that shows ours in a frame."""
    body = (
        f'<!doctype html><title>A blog</title><iframe src="{site}" style="width:100%;height:800px;border:0"></iframe>'
    )

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path.startswith("/?") else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            if self.path.startswith("/?"):
                self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


def test_the_page_works_inside_a_narrow_frame_on_another_origin(visit, blog, counting):
    page = visit(width=320, address=blog)
    frame = page.frame_locator("iframe")
    asked_and_answered(frame)
    runs = counting.runs
    frame.locator("#threshold input[type=range]").press("End")
    expect(frame.locator(".chosen tr")).to_have_count(8)
    assert counting.runs == runs


def test_a_narrow_screen_never_scrolls_sideways(visit):
    page = visit(width=320, height=568)
    expect(winner(page)).to_have_count(0)
    expect(box(page, "Title")).to_be_visible()
    assert sideways(page) == 0
    asked_and_answered(page)
    assert sideways(page) == 0
    page.get_by_role("button", name="How this works").click()
    expect(page.get_by_text("The model learned from arXiv alone")).to_be_visible()
    assert sideways(page) == 0


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_stands_out_from_its_ground(visit, dark):
    page = visit(dark=dark)
    expect(box(page, "Title")).to_be_visible()
    expect(page.locator(".answer")).to_have_css("background-color", "rgb(29, 32, 36)" if dark else "rgb(255, 255, 255)")
    assert page.evaluate(FAINT_TEXTS) == []
    asked_and_answered(page)
    page.get_by_role("button", name="How this works").click()
    expect(page.get_by_text("The model learned from arXiv alone")).to_be_visible()
    assert page.evaluate(FAINT_TEXTS) == []
    box(page, "Title").fill("")
    classify(page)
    expect(page.locator(".problem")).to_be_visible()
    assert page.evaluate(FAINT_TEXTS) == []


def test_the_page_never_jumps_while_it_answers(visit):
    page = visit()
    expect(page.locator("#threshold")).to_be_visible()
    before = page.locator("#threshold").bounding_box()
    asked_and_answered(page)
    assert page.locator("#threshold").bounding_box() == before
    for key in ("Home", "End"):
        page.locator("#threshold input[type=range]").press(key)
        expect(page.locator(".chosen tr")).to_have_count({"Home": 1, "End": 8}[key])
        assert page.locator("#threshold").bounding_box() == before


def test_a_screen_reader_hears_the_answer_and_the_change_of_it(visit):
    page = visit()
    asked_and_answered(page)
    status = page.locator("#summary[role=status]")
    expect(status).to_contain_text("Computer Science")
    page.locator("#threshold input[type=range]").press("End")
    expect(status).to_contain_text("Also possible: ")


def test_on_a_phone_an_example_brings_its_answer_into_view(visit):
    page = visit(width=390, height=844)
    example = page.locator("#examples button.gallery-item").last
    example.scroll_into_view_if_needed()
    page.evaluate("document.getElementById('panels').scrollIntoView()")
    assert page.evaluate("document.getElementById('answer').getBoundingClientRect().top") < 0
    example.dispatch_event("click")  # where it stands, whatever scrolls on the way
    expect(winner(page)).to_be_in_viewport()
    expect(box(page, "Title")).to_be_in_viewport()


def test_all_controls_are_reached_by_tab_and_show_their_focus(visit):
    page = visit()
    expect(box(page, "Title")).to_be_visible()
    box(page, "Title").focus()
    for name in ("abstract", "classify", "clear"):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.closest('[id]').id")
        assert focused == name
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_api_page_asks_nobody_else_either(visit):
    page = visit()
    page.get_by_role("button", name="Use via API").click()
    expect(page.get_by_text("/classify").first).to_be_visible()
