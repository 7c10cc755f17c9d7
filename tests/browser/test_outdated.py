"""What stands below the answer is of that answer, however quickly one asks, whatever the network, and after Back."""

import re
import time
from collections.abc import Callable
from contextlib import closing

import pytest
from playwright.sync_api import Page, Request, expect

from browser.test_classifying import box, winner
from browser.test_panels import MIXED, ask, open_tab
from spheres.web.examples import EXAMPLES

PACE = 350  # milliseconds between two clicks
LATENCY = 400  # of a slow network, each way
LONG = [n for n, example in enumerate(EXAMPLES) if example.abstract][:5]


LATE_IDS = """() => {
    const ask = window.fetch;
    window.fetch = async (...request) => {
        const answer = await ask(...request);
        if (String(request[0]).includes('/queue/join')) await new Promise(done => setTimeout(done, 700));
        return answer;
    };
}"""


@pytest.fixture(params=["quick", "slow"])
def page(request, visit) -> Page:
    """The page, on this machine's network, on a slow one, or where messages overtake the ids of what they answer."""
    page = visit()
    expect(box(page, "Title")).to_be_visible()
    if request.param == "late ids":
        page.evaluate(LATE_IDS)
    if request.param == "slow":
        slow = {"offline": False, "latency": LATENCY, "downloadThroughput": 200_000, "uploadThroughput": 100_000}
        page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", slow)
    return page


@pytest.fixture
def settle(page) -> Callable[[], None]:
    """Wait until the page has asked the server nothing and awaited nothing for a second: what may come has come."""
    asked: set[Request] = set()
    ended: set[Request] = set()
    page.on("request", lambda request: "heartbeat" in request.url or asked.add(request))  # that one lasts as the page
    for end in ("requestfinished", "requestfailed"):
        page.on(end, lambda request: ended.add(request))

    def wait() -> None:
        quiet, seen, end = 0, -1, time.monotonic() + 60
        while quiet < 10:
            assert time.monotonic() < end, f"never ended: {[request.url for request in asked - ended]}"
            quiet = quiet + 1 if len(asked) == seen and asked <= ended else 0
            seen = len(asked)
            page.wait_for_timeout(100)

    return wait


def click_example(page: Page, n: int) -> None:
    page.locator("#examples button.gallery-item").nth(n).click()


def shown_articles(page: Page) -> set[str]:
    """The articles that the answer and what is seen below it are of."""
    parts = page.locator("#answer [data-of], #panels [data-of]:not(.outdated)")
    return set(parts.evaluate_all("all => all.map(part => part.dataset.of.split(' ')[0])"))


def explained(page: Page, abstract: str) -> None:
    """Wait until Why shows this abstract, without the numbers put into it."""
    page.wait_for_function(
        """text => {
            const why = document.querySelector('#why [data-of]:not(.outdated) .weighed')?.cloneNode(true);
            why?.querySelectorAll('.points, .sr-only').forEach(number => number.remove());
            return why?.textContent === text;
        }""",
        arg=abstract,
    )


@pytest.mark.parametrize("page", ["quick", "slow", "late ids"], indirect=True)
def test_why_is_of_the_last_of_five_articles_asked_quickly(page, settle):
    open_tab(page, "Why")
    for n in LONG:
        click_example(page, n)
        page.wait_for_timeout(PACE)
    last = EXAMPLES[LONG[-1]]
    expect(winner(page)).to_have_attribute("data-group", last.group)
    explained(page, last.abstract)
    expect(page.locator("#why .strongest")).to_have_count(1)
    settle()  # what was asked before must not come back
    explained(page, last.abstract)
    assert len(shown_articles(page)) == 1


def test_clear_while_an_answer_is_awaited_leaves_nothing_of_it(page, settle):
    for tab in ("Why", "Nearest"):
        open_tab(page, tab)
        click_example(page, LONG[0])
        page.wait_for_timeout(300)
        page.get_by_role("button", name="Clear").click()
        settle()
        expect(winner(page)).to_have_count(0)
        expect(box(page, "Abstract")).to_have_value("")
        sentence = "how much each of its sentences" if tab == "Why" else "ten most similar ones appear here"
        expect(page.get_by_text(re.compile(sentence))).to_be_visible()
        expect(page.locator("#why .why, #near .near, .categories, #map .cross")).to_have_count(0)


def test_every_panel_follows_the_last_of_two_articles_asked_quickly(page, settle):
    panels = {"Map": "#map .cross", "Why": "#why .weighed", "Categories": ".categories", "Nearest": "#near tbody"}
    for tab, panel in panels.items():
        open_tab(page, tab)
        click_example(page, LONG[0])
        page.wait_for_timeout(PACE)
        click_example(page, LONG[1])
        expect(winner(page)).to_have_attribute("data-group", EXAMPLES[LONG[1]].group)
        settle()
        assert len(shown_articles(page)) == 1, tab
        expect(page.locator(panel)).to_be_visible()
        click_example(page, LONG[2])
        expect(winner(page)).to_have_attribute("data-group", EXAMPLES[LONG[2]].group)


def test_an_explanation_of_another_article_is_never_seen_beside_an_answer(page):
    open_tab(page, "Why")
    ask(page, "", MIXED)
    expect(page.locator("#why .strongest")).to_have_count(1)
    page.evaluate(
        """() => {
            window.wrong = 0;
            const look = () => {
                const shown = document.querySelector('#answer [data-of]')?.dataset.of;
                const why = document.querySelector('#why [data-of]');
                if (why && why.dataset.of !== shown && getComputedStyle(why).visibility === 'visible') window.wrong++;
                requestAnimationFrame(look);
            };
            look();
        }"""
    )
    for n in LONG[:3]:
        click_example(page, n)
        expect(winner(page)).to_have_attribute("data-group", EXAMPLES[n].group)
    explained(page, EXAMPLES[LONG[2]].abstract)
    assert page.evaluate("window.wrong") == 0


LATE = """() => {
    const ask = window.fetch;
    window.fetch = async (...request) => {
        const answer = await ask(...request);
        if (!String(request[0].url ?? request[0]).includes('/queue/data')) return answer;
        const late = new TransformStream({
            async transform(chunk, out) { await new Promise(done => setTimeout(done, 700)); out.enqueue(chunk); }
        });
        return new Response(answer.body.pipeThrough(late), answer);
    };
}"""


def test_what_is_asked_while_the_end_of_the_stream_is_on_its_way_is_answered(visit, browser):
    """Messages come late and the answers to requests do not, as where a large message holds up a slow line."""
    with closing(browser.new_context()) as context:
        context.add_init_script(f"({LATE})()")
        page = visit(within=context)
        open_tab(page, "Why")
        click_example(page, LONG[0])
        expect(winner(page)).to_have_attribute("data-group", EXAMPLES[LONG[0]].group)
        page.wait_for_timeout(500)  # its explanation is complete on the server, and on its way
        click_example(page, LONG[1])
        expect(winner(page)).to_have_attribute("data-group", EXAMPLES[LONG[1]].group)
        explained(page, EXAMPLES[LONG[1]].abstract)
