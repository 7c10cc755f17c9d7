"""What stands below the answer: nearest articles, why, the map."""

import base64
import re
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from visiting import advanced

from browser.test_classifying import box, classify, winner
from spheres.web.examples import EXAMPLES
from spheres.web.formulas import plain_formulas

PHYSICS = EXAMPLES[0]
MIXED = (
    "Spin waves decay as the film approaches its Curie point. "
    "We train a convolutional neural network on labelled images. "
    "The magnon linewidth follows a power law with a universal critical exponent."
)


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()


def ask(page: Page, title: str, abstract: str) -> None:
    box(page, "Title").fill(title)
    box(page, "Abstract").fill(abstract)
    classify(page)
    expect(winner(page)).to_be_visible()


def test_the_ten_nearest_articles_come_with_every_answer_and_link_to_arxiv(visit, classifier, neighbors):
    page = visit()  # where they stand first
    expect(page.locator("#near")).to_contain_text("the ten most similar ones appear here")
    ask(page, PHYSICS.title, PHYSICS.abstract)
    rows = page.locator("#near tbody tr")
    expect(rows).to_have_count(10)
    similarities = [float(text) for text in rows.locator("td:first-child").all_inner_texts()]
    assert similarities == sorted(similarities, reverse=True)
    assert 0.3 < similarities[-1] <= similarities[0] <= 1
    links = rows.locator("a").evaluate_all("links => links.map(link => [link.href, link.textContent])")
    nearest = neighbors.nearest(classifier.classify(PHYSICS.title, PHYSICS.abstract).vector)
    assert links == [[f"https://arxiv.org/abs/{n.id}", plain_formulas(n.title)] for n in nearest]
    for row, neighbor in zip(rows.locator(".article div").all_inner_texts(), nearest, strict=True):
        assert row.split() == [*neighbor.categories.split(), neighbor.date, neighbor.id]


def test_on_a_narrow_screen_no_date_of_the_nearest_articles_is_broken(visit):
    page = visit(width=320, height=700)
    open_tab(page, "Nearest")
    ask(page, PHYSICS.title, PHYSICS.abstract)
    dates = page.locator("#near .date")
    expect(dates).to_have_count(10)
    assert dates.evaluate_all("dates => dates.map(date => date.getClientRects().length)") == [1] * 10
    table = page.locator("#near .near")
    assert table.evaluate("table => table.scrollWidth <= table.clientWidth")


def test_the_likeliest_categories_stand_below_the_answer_and_each_sphere_opens_to_its_own(visit):
    page = visit()
    open_tab(page, "Categories")
    expect(page.locator("#categories")).to_contain_text("most probable arXiv categories here")
    ask(page, PHYSICS.title, PHYSICS.abstract)
    rows = page.locator(".categories > table tbody tr")
    expect(rows).to_have_count(5)
    expect(rows.first).to_contain_text(re.compile(r"^(cond-mat|physics)\S+ [A-Z]"))
    sphere = page.locator('.categories details[data-group="physics"]')
    expect(sphere.locator("table")).to_be_hidden()
    sphere.locator("summary").click()
    shares = sphere.locator("tbody td").all_inner_texts()
    assert 0.3 < sum(float(share.strip("<%")) for share in shares) / 100 <= 1.001


def test_an_author_is_told_how_the_category_they_have_in_mind_fits(visit):
    page = visit()
    open_tab(page, "Categories")
    ask(page, PHYSICS.title, PHYSICS.abstract)
    page.get_by_label("Does yours fit?").fill("math.NT")
    page.get_by_role("option", name="math.NT Number Theory").click()
    expect(page.locator(".fit")).to_contain_text(re.compile(r"math\.NT is number \d+ of \d+ categories"))
    expect(page.locator(".fit li").first).to_contain_text("math.")
    ask(page, "", EXAMPLES[1].abstract)  # the choice stays, for the next article
    expect(page.locator(".fit")).to_contain_text(re.compile(r"math\.NT is number \d+ of"))


def test_the_mix_of_spheres_changes_the_answer_without_the_encoder_and_is_shared(visit, counting):
    page = visit()
    ask(page, "Estimating wages", "")
    summary, before = page.locator("#summary"), page.locator(".winner .figure").inner_text()
    told = summary.inner_text()
    runs = counting.runs
    advanced(page).get_by_label("equally frequent").check()
    expect(page.locator(".winner .figure")).not_to_have_text(before)
    expect(summary).not_to_have_text(told)
    assert counting.runs == runs
    shown = summary.inner_text()
    open_tab(page, "Share")
    link = page.get_by_label("Link to this classification", exact=True)
    expect(link).to_have_value(re.compile(r"&prior=equal$"))
    other = visit(link.input_value())
    expect(other.locator("#summary")).to_have_text(shown)
    expect(advanced(other).get_by_label("equally frequent")).to_be_checked()


def test_the_nearest_articles_follow_the_next_answer(visit):
    page = visit()
    open_tab(page, "Nearest")
    ask(page, PHYSICS.title, PHYSICS.abstract)
    first = page.locator("#near tbody a").first
    expect(first).to_be_visible()
    before = first.inner_text()
    ask(page, "", EXAMPLES[1].abstract)
    expect(first).not_to_have_text(before)


def test_why_colours_the_sentences_by_what_they_did_and_says_so_on_hover(visit):
    page = visit()
    open_tab(page, "Why")
    expect(page.locator("#why")).to_contain_text("how much each of its sentences")
    ask(page, "", MIXED)
    pieces = page.locator("#why .sentence, #why .strongest")
    expect(pieces).to_have_count(3)
    expect(page.locator("#why .strongest")).to_have_count(1)  # the words come after the sentences
    expect(page.get_by_label("Physics", exact=True)).to_be_checked()
    points = [float(text.replace("−", "-")) for text in page.locator("#why .points").all_inner_texts()]
    assert points[1] < 0 < points[2]  # the network speaks against physics
    page.locator("#why .strongest .word").first.hover()
    say = page.locator("#why .strongest .word").first.get_attribute("data-say")
    assert re.fullmatch(r"without it [<>]?\d+(\.\d)?% \([+−]?\d+\.\d points\)", say)
    shown = page.locator("#why .strongest .word").first.evaluate("word => getComputedStyle(word, '::after').content")
    assert say in shown


def test_another_sphere_can_be_explained_and_the_signs_turn(visit, classifier, monkeypatch):
    encode, encoded = classifier.encoder.encode, []
    monkeypatch.setattr(classifier.encoder, "encode", lambda tokens: encoded.append(tokens) or encode(tokens))
    page = visit()
    open_tab(page, "Why")
    ask(page, "", MIXED)
    expect(page.locator("#why .strongest")).to_have_count(1)
    expect(page.locator("#why-group label").nth(1)).to_have_text("Computer Science")  # in the answer's order by now
    encoded.clear()
    page.get_by_label("Computer Science", exact=True).check()
    expect(page.locator("#why .legend")).to_contain_text("speaks for Computer Science")
    expect(page.locator("#why .strongest")).to_have_count(1)
    network = page.locator("#why .points").nth(1)
    expect(network).to_contain_text("+")
    assert len(encoded) <= 1  # the words of another sentence; the sentences' answers serve every sphere


def test_why_follows_the_next_answer_while_its_tab_is_open(visit):
    page = visit()
    open_tab(page, "Why")
    ask(page, "", MIXED)
    expect(page.locator("#why .legend")).to_contain_text("speaks for Physics")
    ask(page, "", EXAMPLES[1].abstract)
    expect(page.locator("#why .aside")).to_contain_text("the probability of Mathematics")
    expect(page.locator("#why")).to_contain_text("Let G be a finite group")


def test_why_explains_the_answer_for_the_mix_that_is_chosen(visit):
    page = visit()
    ask(page, "", MIXED)
    open_tab(page, "Why")
    page.locator("#why-group").get_by_label("Physics").check()
    told = page.locator("#why .aside")
    expect(told).to_contain_text("the probability of Physics, now")
    for mix in ("equally frequent", "as on arXiv"):
        shown = page.locator(".answer:not(.chart) tr[data-group=physics] td").first
        before = shown.inner_text()
        advanced(page).get_by_label(mix).check()
        expect(shown).not_to_have_text(before)
        whole = int(shown.inner_text().rstrip("%"))  # Why has a digit more
        expect(told).to_contain_text(re.compile(rf"now ({whole - 1}\.[5-9]|{whole}\.[0-5])%, is"))


def test_nothing_is_explained_that_nobody_looks_at(visit, counting):
    page = visit()
    runs = counting.runs
    ask(page, PHYSICS.title, PHYSICS.abstract)
    expect(page.locator("#near tbody tr")).to_have_count(10)
    page.wait_for_timeout(500)
    assert counting.runs == runs + 1


def test_the_strongest_sentence_is_filled_in_the_colour_of_its_side(visit):
    page = visit()
    open_tab(page, "Why")
    ask(page, "", MIXED)
    strongest = page.locator("#why .strongest")
    expect(strongest).to_have_count(1)
    ground = "piece => getComputedStyle(piece).backgroundColor"
    legend = page.locator("#why .legend .for > .swatch").evaluate(ground)
    colour = strongest.evaluate(ground)
    assert colour.split(" ")[:3] == legend.split(" ")[:3] and "/ 0)" not in colour


def test_the_chosen_spheres_come_first_among_those_to_explain(visit):
    page = visit()
    open_tab(page, "Why")
    ask(page, "", MIXED)
    names = page.locator("#why-group label")
    answered = page.locator(".answer:not(.chart) tr[data-group] th")
    expect(names).to_have_text(answered.all_inner_texts())
    page.locator("#threshold input[type=range]").press("Home")
    expect(names).to_have_text(answered.all_inner_texts())


def test_markup_in_a_text_is_explained_as_text(visit):
    page = visit()
    open_tab(page, "Why")
    odd = "<x-y onmouseover='window.__xss=1'>"  # no tag that plain text leaves out
    ask(
        page,
        "<img src=x onerror='window.__xss=1'>",
        f"A <script>window.__xss=1</script> proof {odd}. A second sentence.",
    )
    expect(page.locator("#why .weighed")).to_contain_text(odd.removeprefix("<x-y "))
    assert page.evaluate("window.__xss") is None
    assert page.locator("#why :is(img, script, x-y)").count() == 0


def test_a_long_text_is_not_explained_and_the_page_says_why(visit):
    page = visit()
    open_tab(page, "Why")
    ask(page, "", "We study groups. " * 2000)
    expect(page.locator("#why")).to_contain_text("up to 20,000 characters")


def test_the_map_shows_all_articles_light_to_load_with_this_one_on_it(visit):
    page = visit()
    ask(page, PHYSICS.title, PHYSICS.abstract)
    open_tab(page, "Map")
    image = page.locator("#map img")
    expect(image).to_be_visible()
    source = image.get_attribute("src")
    assert len(source) < 300_000
    assert Image.open(BytesIO(base64.b64decode(source.partition(",")[2]))).info["transparency"] == 0
    expect(page.locator("#map .name")).to_have_count(8)
    expect(page.locator("#map .ring")).to_have_count(10)
    whole, cross = page.locator("#map").bounding_box(), page.get_by_role("img", name="This article").bounding_box()
    physics = page.locator("#map .name", has_text="Physics").bounding_box()
    math = page.locator("#map .name", has_text="Mathematics").bounding_box()
    assert whole["x"] <= cross["x"] and cross["x"] + cross["width"] <= whole["x"] + whole["width"]
    assert apart(cross, physics) < apart(cross, math)


@pytest.mark.parametrize("width", [1280, 390])
def test_names_on_the_map_cover_neither_marks_nor_one_another(visit, width):
    page = visit(width=width)
    open_tab(page, "Map")
    expect(page.locator("#map img")).to_be_visible()
    for example in EXAMPLES[:4]:
        ask(page, example.title, example.abstract)
        expect(winner(page)).to_have_attribute("data-group", example.group)
        expect(page.locator("#map .ring")).to_have_count(10)
        page.wait_for_timeout(300)
        assert page.locator("#map .marks").evaluate(COVERED) == []


# Names on the map and what they cover
COVERED = """marks => {
    const place = part => part.getBoundingClientRect();
    const names = [...marks.querySelectorAll('.name')], others = [...marks.querySelectorAll('.ring, .cross')];
    const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    return names.flatMap((name, n) => [...others, ...names.slice(n + 1)]
        .filter(other => meet(place(name), place(other)))
        .map(other => `${name.textContent} covers ${other.className}`));
}"""


def apart(one: dict, other: dict) -> float:
    (ax, ay), (bx, by) = ((b["x"] + b["width"] / 2, b["y"] + b["height"] / 2) for b in (one, other))
    return ((ax - bx) ** 2 + (ay - by) ** 2) ** 0.5


def test_on_a_map_drawn_before_asking_the_article_appears(visit):
    page = visit()
    open_tab(page, "Map")
    expect(page.locator("#map img")).to_be_visible()
    expect(page.locator("#map .cross")).to_have_count(0)
    ask(page, "", EXAMPLES[1].abstract)
    expect(page.locator("#map .cross")).to_be_visible()


def test_clear_empties_what_stands_below_as_well(visit):
    page = visit()
    open_tab(page, "Nearest")
    ask(page, "", MIXED)
    expect(page.locator("#near tbody tr")).to_have_count(10)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#near tbody tr")).to_have_count(0)
    open_tab(page, "Why")
    expect(page.locator("#why")).to_contain_text("how much each of its sentences")
