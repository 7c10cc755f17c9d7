"""examples/embed.html, opened from another origin: both frames work, and nothing scrolls in the small one."""

import functools
import http.server
import threading
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from fenced import under
from places import ROOT
from playwright.sync_api import Frame, Page, expect

from browser.test_classifying import winner
from spheres.web.examples import EXAMPLES

WIDTH, HEIGHT = 320, 480
PARTS = {
    "#title": "textarea",
    "#abstract": "textarea",
    "#classify": "",
    "#threshold": "input[type=range]",
    "#answer": "",
}


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """The folder of examples on another origin: localhost is none of 127.0.0.1's."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(ROOT / "examples"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def embedding(visit, elsewhere, site) -> Page:
    """The example, pointed at the page under test."""
    return visit(f"embed.html?src={quote(site, safe='')}", address=elsewhere)


def frame(page: Page, name: str) -> Frame:
    found = page.locator(f"iframe#{name}").element_handle().content_frame()
    expect(found.locator("#classify")).to_be_visible()
    return found


def ask(within: Frame, title: str, abstract: str) -> None:
    within.locator("#title textarea").fill(title)
    within.locator("#abstract textarea").fill(abstract)
    within.locator("#classify").click()
    expect(winner(within)).to_be_visible()


def check_nothing_scrolls(small: Frame) -> None:
    root = "document.documentElement"
    size = small.evaluate(f"[{root}.clientWidth, {root}.clientHeight, {root}.scrollWidth, {root}.scrollHeight]")
    assert size[:2] == [WIDTH, HEIGHT]
    assert size[2] <= WIDTH and size[3] <= HEIGHT, f"the frame's document is {size[2]} x {size[3]}"
    for part, inner in PARTS.items():
        place = small.locator(f"{part} {inner}".strip()).first
        expect(place).to_be_visible()
        box = place.evaluate("e => e.getBoundingClientRect().toJSON()")
        assert box["left"] >= 0 and box["right"] <= WIDTH and box["top"] >= 0 and box["bottom"] <= HEIGHT, (part, box)


def test_in_the_small_frame_everything_is_there_and_nothing_scrolls(embedding):
    small = frame(embedding, "compact")
    check_nothing_scrolls(small)
    for example in EXAMPLES:
        ask(small, example.title, example.abstract)
        expect(winner(small)).to_have_attribute("data-group", example.group)
        check_nothing_scrolls(small)
        bottom = "e => e.getBoundingClientRect().bottom"
        assert small.locator(".chosen").evaluate(bottom) <= small.locator("#answer").evaluate(bottom), example.group
        spills = "e => getComputedStyle(e).overflowY === 'visible' && e.scrollHeight > e.clientHeight"
        assert not small.locator("#answer").evaluate(spills), "the answer is painted over the slider"


def test_the_wide_frame_answers_and_follows_the_pages_width(embedding):
    wide = frame(embedding, "full")
    ask(wide, EXAMPLES[1].title, EXAMPLES[1].abstract)
    expect(winner(wide)).to_contain_text("Mathematics")
    for width in (1280, 360):
        embedding.set_viewport_size({"width": width, "height": 860})
        assert embedding.evaluate("document.documentElement.scrollWidth") <= width
        assert wide.evaluate("document.documentElement.scrollWidth") <= wide.evaluate("innerWidth") < width


@pytest.mark.parametrize(("path", "label"), [("", "Mathematics"), ("ru", "Математика")])
def test_the_line_of_the_documents_is_such_a_frame(embedding, site, path, label):
    (line,) = under(ROOT / "docs" / "usage.md", "In an iframe", "html")
    assert "https://your.server/" in line
    embedding.set_content(line.replace("https://your.server/", site + path))
    (small,) = [part for part in embedding.frames if part.parent_frame]
    expect(small.locator("#classify")).to_be_visible()
    ask(small, EXAMPLES[1].title, EXAMPLES[1].abstract)
    expect(winner(small)).to_contain_text(label)
    check_nothing_scrolls(small)


def test_a_frame_grows_with_its_content_where_the_page_around_it_may_run_a_script(embedding, site):
    embedding.locator("iframe#full").scroll_into_view_if_needed()  # out of sight, nothing is laid out
    wide = frame(embedding, "full")
    own = "document.scrollingElement.scrollHeight - document.scrollingElement.clientHeight"
    expect(wide.locator("#examples")).to_be_visible()
    before = embedding.locator("iframe#full").bounding_box()["height"]
    ask(wide, EXAMPLES[1].title, EXAMPLES[1].abstract)
    expect(wide.locator("#near tbody tr")).to_have_count(10)
    embedding.wait_for_function("before => document.getElementById('full').offsetHeight > before + 300", arg=before)
    embedding.wait_for_timeout(500)
    assert wide.evaluate(own) == 0, "the frame still scrolls"
    wide.get_by_role("button", name="Clear").click()
    embedding.wait_for_function("before => document.getElementById('full').offsetHeight < before + 50", arg=before)
    (markup,) = under(ROOT / "docs" / "usage.md", "A frame that grows", "html")
    embedding.set_content(markup.replace("https://your.server/", site))
    embedding.wait_for_function("document.getElementById('spheres').offsetHeight > 950")


def test_the_markup_to_copy_is_that_of_the_frames(embedding):
    for name in ("compact", "full"):
        address = embedding.locator(f"iframe#{name}").get_attribute("src")
        expect(embedding.locator(f"pre[data-of={name}]")).to_contain_text(f'<iframe src="{address}"')


def test_what_is_no_web_address_is_not_framed(context, elsewhere):
    own = "http://127.0.0.1:7860/"
    page = context.new_page()
    page.route(f"{own}**", lambda route: route.abort())
    for src in ("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//x", "x"):
        page.goto(f"{elsewhere}embed.html?src={quote(src, safe='')}")
        framed = {name: page.locator(f"iframe#{name}").get_attribute("src") for name in ("compact", "full")}
        assert framed == {"compact": f"{own}?view=compact", "full": own}, src
    page.close()
