"""Two languages, links that hold a classification, and copying."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect
from visiting import advanced

from browser.test_classifying import TITLE, box, classify, winner
from browser.test_panels import ask, open_tab
from spheres.web.examples import EXAMPLES
from spheres.web.i18n import LANGUAGES, language

RUSSIAN = language("ru").gettext
RUSSIAN_COMPLETE = language("ru").pgettext("Gradio", "Complete")
NAME = "Article Sphere Classifier"
ASKED = "Prime gaps and zeros. We bound the gaps between primes. Numerics agree."
LATIN = r"[A-Za-z]{2,}"
# What a Russian page may say in Latin letters: names, and what a visitor typed or arXiv calls things.
NAMES = (
    r"arXiv|Gradio|CSV|TSV|Excel|Parquet|JSON|RIS|BibTeX|PubMed|EndNote|Web of Science|gzip|bzip2|xz|Kaggle|"
    r"Ctrl|Enter|Tab|API|all-MiniLM-L6-v2|title|abstract|logo|"
    r"/classify_file|/classify_many|/classify|[a-z]+-[a-z]+|[a-z-]+\.[A-Z-]{2,}|\d+|"
    + "|".join(language(code).own_name for code in LANGUAGES)
)

# What Gradio's status trackers tell screen readers while a question is answered, a moment each
NOTE_ANNOUNCEMENTS = """() => {
    window.announced = [];
    new MutationObserver(() => {
        for (const region of document.querySelectorAll('[aria-live]:not(#summary *)')) {
            if (region.textContent.trim()) window.announced.push(region.textContent.trim());
        }
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""


@pytest.fixture
def speaking(browser):
    """A browser of some language: `speaking("ru-RU")`."""
    contexts = []

    def open_context(locale: str):
        contexts.append(browser.new_context(locale=locale, permissions=["clipboard-read", "clipboard-write"]))
        return contexts[-1]

    yield open_context
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("locale", "code"), [("ru-RU", "ru"), ("de-DE", "en")])
def test_the_page_speaks_the_browsers_language_or_english(visit, speaking, locale, code):
    page = visit("", within=speaking(locale))
    expect(page.locator("h1")).to_have_text(language(code).gettext(NAME))
    expect(page.locator("html")).to_have_attribute("lang", code)
    expect(page).to_have_title(language(code).gettext(NAME))


def test_a_switch_changes_the_language_keeps_the_text_and_is_remembered(visit, speaking, site):
    page = visit("", within=speaking("en-US"))
    ask(page, TITLE, EXAMPLES[1].abstract)
    page.locator("#threshold input[type=range]").press("End")
    switch = page.get_by_role("link", name="Русский")
    expect(switch).to_have_attribute("href", re.compile("threshold=1&"))
    switch.click()
    expect(page.locator("h1")).to_have_text(RUSSIAN(NAME))
    expect(box(page, "Название")).to_have_value(TITLE)
    expect(box(page, "Аннотация")).to_have_value(EXAMPLES[1].abstract)
    expect(winner(page)).to_be_visible()
    expect(page.locator("#threshold input[type=number]")).to_have_value("100")
    page.goto(site)
    expect(page.locator("h1")).to_have_text(RUSSIAN(NAME))
    page.get_by_role("link", name="English").click()
    expect(page.locator("h1")).to_have_text(NAME)
    page.goto(site)
    expect(page.locator("h1")).to_have_text(NAME)


def test_a_russian_page_has_no_english_left_whatever_is_opened(visit, speaking):
    page = visit("ru", within=speaking("en-US"))  # Gradio's own parts would speak the browser's English
    page.evaluate(NOTE_ANNOUNCEMENTS)
    ask_in_russian(page, "", ASKED)
    tabs = [RUSSIAN("Nearest"), RUSSIAN("Why"), RUSSIAN("Map"), RUSSIAN("Share"), RUSSIAN("Many articles")]
    page.get_by_role("button", name=RUSSIAN("How this works, and its limits")).click()
    for tab in tabs:
        open_tab(page, tab)
        if tab == RUSSIAN("Why"):
            expect(page.locator("#why .strongest")).to_have_count(1)
        text = page.locator("body").inner_text()
        for english in page.locator("[lang=en]").all_inner_texts():  # titles of articles
            text = text.replace(english, "")
        left = [word for word in re.findall(LATIN, re.sub(NAMES, " ", text)) if word not in ASKED]
        assert not left, f"{tab}: {left}"
        hints = page.locator("[placeholder], [aria-label], [title], [alt]").evaluate_all(
            "all => all.filter(e => e.checkVisibility()).flatMap(e => "
            "['placeholder', 'aria-label', 'title', 'alt'].map(name => e.getAttribute(name)).filter(Boolean))"
        )
        assert hints
        left = [hint for hint in hints if re.search(LATIN, re.sub(NAMES, " ", hint))]
        assert not left, f"{tab}: {left}"
    page.wait_for_function("text => window.announced.includes(text)", arg=RUSSIAN_COMPLETE)  # seconds after the answer
    announced = page.evaluate("window.announced")
    assert not [text for text in announced if re.search(LATIN, text)], announced
    numbers = page.locator("#near td:first-child").all_text_contents()
    assert any("," in number for number in numbers) and not any("." in number for number in numbers)


def ask_in_russian(page, title, abstract):
    box(page, "Название").fill(title)
    box(page, "Аннотация").fill(abstract)
    page.get_by_role("button", name="Определить").click()
    expect(winner(page)).to_be_visible()


def test_refusals_and_notes_are_russian_as_well(visit):
    page = visit("ru")
    expect(page.get_by_text("ответ появится здесь")).to_be_visible()
    page.get_by_role("button", name="Определить").click()
    expect(page.locator(".problem")).to_have_text(
        "Пока нечего определять: вставьте название, аннотацию или и то и другое."
    )
    ask_in_russian(page, "", "We prove that every compact manifold has finite homotopy groups. " * 100)
    expect(page.locator(".note")).to_contain_text("Прочитаны первые")
    expect(page.locator("#meaning")).to_contain_text("из 100 новых статей")


def test_a_link_brings_the_very_classification_and_the_server_is_not_told(visit, speaking):
    page = visit("", within=speaking("en-US"))
    ask(page, TITLE + ' & "more" <b>', EXAMPLES[1].abstract)
    advanced(page).get_by_label("what the probabilities add up to").check()
    advanced(page).get_by_label("equally frequent").check()
    expect(page.locator("#threshold input[type=range]")).to_have_attribute("min", "50")
    page.locator("#threshold input[type=range]").press("Home")
    open_tab(page, "Share")
    link = page.get_by_label("Link to this classification", exact=True)
    expect(link).to_have_value(re.compile(r"#title=.*&abstract=.*&threshold=0\.5&rule=sum&prior=equal$"))
    address = link.input_value()
    assert not urlsplit(address).query  # the text stands in the fragment, which no server is sent
    expect(page.locator("#answer [data-of]")).to_have_attribute("data-of", re.compile("equal$"))  # the last event's
    before = page.locator(".chosen").inner_text()
    other = visit(address, within=speaking("en-US"))
    expect(box(other, "Title")).to_have_value(TITLE + ' & "more" <b>')
    expect(winner(other)).to_be_visible()
    expect(other.locator("#threshold input[type=number]")).to_have_value("50")
    expect(advanced(other).get_by_label("equally frequent")).to_be_checked()
    expect(other.locator(".chosen")).to_have_text(before.replace("\n", "").replace("\t", ""), use_inner_text=False)


def test_an_odd_link_opens_the_page_as_it_is(visit, site):
    page = visit()
    for fragment in ("#threshold=9&rule=none&prior=file", "#title=", "#%%%", "#threshold=NaN&title=", "#a=b&title=%00"):
        page.goto("about:blank")
        page.goto(site + fragment)
        expect(box(page, "Title")).to_be_visible()
        expect(page.locator("#threshold input[type=number]")).to_have_value("95")
        expect(page.locator("#meaning")).to_contain_text("of 100 new articles")
        expect(advanced(page).get_by_label("as on arXiv")).to_be_checked()
        expect(page.get_by_test_id("toast-body")).to_have_count(0)


def test_the_frame_snippet_holds_the_address_that_the_visitor_sees(visit, site):
    page = visit()
    ask(page, TITLE, "")
    open_tab(page, "Share")
    frame = page.get_by_label("Markup to show this page in another one", exact=True)
    expect(frame).to_have_value(re.compile(r"^<iframe "))
    kept = page.evaluate(
        "html => { const d = new DOMParser().parseFromString(html, 'text/html');"
        "const f = d.querySelector('iframe'); return [f.src, f.width, f.height, f.title, f.allow]; }",
        frame.input_value(),
    )
    assert kept[0].startswith(f"{site}?view=compact#title=Neural")
    assert kept[1:] == ["320", "480", NAME, "clipboard-write"]
    page.get_by_label("Compact: only boxes").uncheck()
    expect(frame).not_to_have_value(re.compile("view=compact"))


def test_a_page_without_a_text_is_shared_as_it_is(visit, site):
    page = visit()
    open_tab(page, "Share")
    expect(page.get_by_label("Link to this classification", exact=True)).to_have_value(site)


def test_a_text_too_long_for_a_link_says_so_instead_of_a_link(visit):
    page = visit()
    ask(page, "", "Prime gaps. " * 2000)
    open_tab(page, "Share")
    expect(page.get_by_text("too long for a link")).to_be_visible()
    for name in ("Link to this classification", "Markup to show this page in another one"):
        expect(page.get_by_label(name, exact=True)).to_have_value("")
    ask(page, TITLE, "")
    expect(page.get_by_label("Link to this classification", exact=True)).to_have_value(re.compile("#title="))
    expect(page.get_by_text("too long for a link")).to_have_count(0)


def test_the_answer_is_copied_as_text_and_as_json(visit, speaking):
    page = visit("", within=speaking("en-US"))
    ask(page, TITLE, "")
    page.get_by_role("button", name="Copy as text").click()
    expect(page.locator("#copy-text[data-said=Copied]")).to_be_visible()
    text = page.evaluate("navigator.clipboard.readText()")
    assert re.match(r"Computer Science \(cs\): \d+\.\d%", text)
    page.get_by_role("button", name="Copy as JSON").click()
    expect(page.locator("#copy-json[data-said=Copied]")).to_be_visible()
    answer = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert answer["spheres"][0] == "cs" and answer["threshold"] == 0.95 and answer["rule"] == "coverage"
    assert answer["prior"] == "arxiv"
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-4)


def test_what_was_asked_stays_out_of_the_address_and_of_the_browsers_storage(visit):
    page = visit()
    ask(page, TITLE, "")
    assert "Neural" not in page.url
    assert "Neural" not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert parse_qs(urlsplit(page.url).fragment) == {}
    classify(page)


@pytest.mark.parametrize("code", ["en", "ru"])
def test_a_full_queue_is_said_in_the_pages_language(visit, code):
    _ = language(code).gettext
    page = visit("" if code == "en" else code)
    expect(page.locator("#title")).to_be_visible()
    full = json.dumps({"detail": "Queue is full. Max size is 64 and size is 64."})
    page.route("**/queue/join*", lambda route: route.fulfill(status=503, body=full, content_type="application/json"))
    page.get_by_label(_("Title"), exact=True).fill(TITLE)
    page.get_by_role("button", name=_("Classify"), exact=True).click()
    expect(page.get_by_test_id("toast-body")).to_contain_text(_("The server is busy: try again in a moment."))
    expect(page.get_by_text("Queue is full")).to_have_count(0)


def test_under_another_name_of_the_server_links_have_that_name(visit, site):
    """As behind a proxy or a share link: what counts is the address in the visitor's browser."""
    seen = site.replace("127.0.0.1", "localhost")
    page = visit(address=seen)
    ask(page, TITLE, "")
    open_tab(page, "Share")
    expect(page.get_by_label("Link to this classification", exact=True)).to_have_value(re.compile(f"^{seen}#title="))
    expect(page.get_by_label("Markup to show this page in another one", exact=True)).to_have_value(
        re.compile(f'src="{re.escape(seen)}\\?view=compact#title=')
    )
    expect(page.get_by_role("link", name="Русский")).to_have_attribute("href", re.compile("^/ru"))
