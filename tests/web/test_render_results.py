"""What stands below an answer: a visitor's text comes back whole and as text, with the right signs and numbers."""

import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from spheres.data.taxonomy import GROUPS
from spheres.data.text import Text, plain
from spheres.inference.explain import Explanation, Piece, sentences_of, words_of
from spheres.inference.map_image import COLOURS
from spheres.inference.neighbors import Neighbor
from spheres.web.formulas import plain_formulas
from spheres.web.i18n import LANGUAGES, language
from spheres.web.render import render
from spheres.web.render_why import why_html

EN, RU = language("en"), language("ru")
MARKUP = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' style='x",
    "</span></div><h1>",
    "&lt;b&gt; &amp; &#60;i&#62;",
    "<!-- x",
    "]]>",
    "<",
    "$a<b>c$ & 5%",
]
SAFE_METHODS = {"div", "p", "ul", "li", "span", "table", "thead", "tbody", "tr", "th", "td", "a", "section", "img"}


class Markup(HTMLParser):
    """Reads markup as a browser does: elements with attributes and own text, and what stands in the weighed text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[dict[str, str]] = []
        self.elements: list[dict[str, str]] = []
        self.weighed = {"weighed-title": "", "weighed": ""}  # without the numbers put in
        self.text = ""
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attributes: Sequence[tuple[str, str | None]]) -> None:
        assert tag in SAFE_METHODS, tag
        assert not [name for name, _ in attributes if name.startswith("on")]
        element = {**{name: value or "" for name, value in attributes}, "tag": tag, "text": ""}
        self.elements.append(element)
        if tag != "img":
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()["tag"] == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_data(self, data: str) -> None:
        self.text += data
        for element in self.open:
            element["text"] += data
        kinds = [element.get("class", "") for element in self.open]
        if not {"points", "sr-only"} & set(kinds):
            for kind in {"weighed-title", "weighed"} & set(kinds):
                self.weighed[kind] += data

    def of(self, kind: str) -> list[dict[str, str]]:
        """The elements that have this class."""
        return [element for element in self.elements if kind in element.get("class", "").split()]


def answer(**shares: float) -> tuple[float, ...]:
    return tuple(shares.get(group.replace("-", "_"), 0.0) for group in GROUPS)


def weighed(text: Text, whole: tuple[float, ...], without: Sequence[tuple[float, ...]]) -> Explanation:
    """Its sentences with answers given by hand; the last one is repeated as often as needed."""
    pieces = sentences_of(text)
    answers = [*without, *[without[-1]] * len(pieces)]
    return Explanation(text, whole, tuple(replace(p, without=a) for p, a in zip(pieces, answers, strict=False)))


def closer_look(told: Explanation, sentence: Piece, without: tuple[float, ...]) -> Explanation:
    """Its words, each with the same answer without it."""
    words = words_of(told.text, sentence)
    return replace(told, pieces=tuple(replace(word, without=without) for word in words))


TEXT = Text("Old trees", "We climb up. They sway down.")
WHOLE = answer(cs=0.6, math=0.4)
TOLD = weighed(TEXT, WHOLE, [answer(cs=0.3, math=0.7), answer(cs=0.8, math=0.2), WHOLE])


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        ("", "  We climb.\n\n They sway.  "),
        (" Old trees ", ""),
        ("Old trees", " We climb — up & up."),
        ("Über Bäume 🌳", "\u202eWe climb.\x00 They\ud800 sway. " * 3),
        *[(f"On {m} trees", f"{m} We climb. {m}They sway{m}. {m}") for m in MARKUP],
        *[(f"On {m}", "") for m in MARKUP],
    ],
)
def test_the_text_comes_back_whole_and_nothing_typed_becomes_markup(text: Text, code: str) -> None:
    text = Text(*map(plain, text))
    told = weighed(text, WHOLE, [answer(cs=0.3), answer(cs=0.7)])
    told = told if len(told.pieces) > 1 else replace(told, pieces=())
    sentence = told.strongest("cs") or sentences_of(text)[0]
    closer = closer_look(told, sentence, answer(cs=0.5))
    for look in (None, closer if len(closer.pieces) > 1 else None):
        read = Markup(why_html(told, look, "cs", language(code)))
        expected = [part if part.strip() else "" for part in text]
        assert [read.weighed["weighed-title"], read.weighed["weighed"]] == expected


def test_each_sentence_has_its_side_number_and_what_is_said_of_it() -> None:
    read = Markup(why_html(TOLD, None, "cs", EN))
    shown = [(e["class"], e["text"], e["data-say"], e["style"]) for e in read.of("sentence")]
    assert shown == [
        ("sentence for", "Old trees+30.0", "without it 30.0% (+30.0 points)", "--strength:0.63"),
        ("sentence against", "We climb up.−20.0", "without it 80.0% (−20.0 points)", "--strength:0.49"),
        ("sentence", "They sway down.0.0", "without it 60.0% (0.0 points)", "--strength:0.00"),
    ]
    assert all(element["tabindex"] == "0" for element in read.of("sentence"))
    assert "the probability of Computer Science, now 60.0%, is higher" in read.text


def test_for_another_group_the_sides_change() -> None:
    read = Markup(why_html(TOLD, None, "math", RU))
    assert [e["class"] for e in read.of("sentence")] == ["sentence against", "sentence for", "sentence"]
    assert [e["text"] for e in read.of("points")] == ["−30,0", "+20,0", "0,0"]
    assert [e["text"] for e in read.elements if e["tag"] == "li"] == [
        "в пользу области «Математика»",
        "против области «Математика»",
    ]


@pytest.mark.parametrize(
    ("without", "side", "strength"),
    [
        (0.59, "", "0.02"),
        (0.61, "", "0.02"),
        (0.5, "for", "0.20"),
        (0.7, "against", "0.22"),
        (0.01, "for", "1.00"),
        (1.0, "against", "1.00"),
        (0.0, "for", "1.00"),
    ],
)
def test_colour_grows_with_the_effect_up_to_the_full_one(without: float, side: str, strength: str) -> None:
    told = weighed(TEXT, WHOLE, [answer(cs=without), WHOLE])
    (first, *_) = Markup(why_html(told, None, "cs", EN)).of("sentence")
    assert first["class"].split() == ["sentence", *side.split()]
    assert first["style"] == f"--strength:{strength}"


@pytest.mark.parametrize("whole", [0.9999, 0.0001, 0.6])
def test_where_no_sentence_changes_what_is_written_the_text_has_no_colours_and_a_sentence_says_so(whole: float) -> None:
    told = weighed(TEXT, answer(cs=whole), [answer(cs=whole - 0.00008), answer(cs=whole + 0.00004)])
    for look in (None, closer_look(told, told.pieces[0], answer(cs=whole))):
        read = Markup(why_html(told, look, "cs", EN))
        assert "Leaving out any one sentence changes nothing: the probability of Computer Science stays" in read.text
        assert read.of("points") == read.of("legend") == read.of("sentence") == []
        assert [read.weighed["weighed-title"], read.weighed["weighed"]] == [*TEXT]


def test_where_no_word_of_a_single_sentence_changes_the_answer_that_is_said_too() -> None:
    text = Text("Old trees sway", "")
    told = Explanation(text, WHOLE, ())
    closer = closer_look(told, sentences_of(text)[0], WHOLE)
    assert "Leaving out any one word changes nothing" in Markup(why_html(told, closer, "cs", EN)).text


def test_the_words_of_the_strongest_sentence_stand_inside_it() -> None:
    strongest = TOLD.strongest("cs")
    assert strongest == TOLD.pieces[0]
    closer = closer_look(TOLD, strongest, answer(cs=0.65))
    read = Markup(why_html(TOLD, closer, "cs", EN))
    (framed,) = read.of("strongest")
    assert framed["class"] == "strongest for"
    assert framed["text"] == "Old (−5.0) trees (−5.0)+30.0"
    words = read.of("word")
    assert [(w["class"], w["data-say"]) for w in words] == [("word against", "without it 65.0% (−5.0 points)")] * 2
    assert [e["text"] for e in read.of("sr-only")] == [" (−5.0)"] * 2  # colour is not for everyone
    assert "In the outlined sentence" in read.text
    assert [e["text"][:8] for e in read.of("sentence")] == ["We climb", "They swa"]


def test_of_a_single_sentence_the_words_alone_are_marked() -> None:
    text = Text("", "Oaks climb — up.")
    told = Explanation(text, WHOLE, ())
    read = Markup(why_html(told, closer_look(told, sentences_of(text)[0], answer(cs=0.5)), "cs", EN))
    assert [w["class"] for w in read.of("word")] == ["word for"] * 3
    assert read.of("sentence") == read.of("strongest") == []
    assert read.weighed["weighed"] == text[1]
    assert "In the outlined sentence" not in read.text


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_single_word_gets_a_sentence_instead(code: str) -> None:
    alone = Explanation(Text("Graphs", ""), WHOLE, ())
    html = why_html(alone, alone, "cs", language(code))
    assert Markup(html).text.strip() == language(code).gettext(
        "This text is a single word: without it, nothing is left to compare with."
    )


def neighbour(**fields: object) -> Neighbor:
    known = {
        "title": "",
        "id": "2001.00001",
        "similarity": 0.87654,
        "categories": "cs.DS math.CO",
        "date": "2001-01-01",
        "group": "cs",
        "position": (0.0, 0.0),
    }
    return Neighbor(**{**known, **fields})  # type: ignore[arg-type]


def near_html(neighbors, n_articles, words):
    return render("nearest.html", words, neighbors=neighbors, n_articles=n_articles)


def map_html(centers, cross, rings, words):
    return render("map.html", words, centers=centers, cross=cross, rings=rings)


def cells(html: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    return [[Markup(cell).text for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)] for row in rows]


def test_the_nearest_articles_are_a_table_whose_titles_are_links() -> None:
    html = near_html(
        [neighbour(title="Old trees"), neighbour(id="own", title="Own", similarity=0.5, group="math")], 39782, EN
    )
    assert cells(html) == [
        ["Similarity", "Article"],
        ["0.877", "Old trees cs.DS math.CO 2001-01-01 2001.00001"],
        ["0.500", "Own cs.DS math.CO 2001-01-01 own"],
    ]
    read = Markup(html)
    (link,) = [e for e in read.elements if e["tag"] == "a"]
    assert (link["href"], link["target"], link["rel"]) == ("https://arxiv.org/abs/2001.00001", "_blank", "noopener")
    assert link["text"] == "Old trees"
    assert [e["style"] for e in read.of("dot")] == [f"background:{COLOURS['cs']}", f"background:{COLOURS['math']}"]
    assert "of 39,782 arXiv articles" in read.text


def test_an_article_without_a_title_is_linked_by_its_id() -> None:
    html = near_html([neighbour(), neighbour(title=r"$\rm$")], 2, RU)
    assert cells(html) == [
        ["Сходство", "Статья"],
        ["0,877", "2001.00001 cs.DS math.CO 2001-01-01"],
        ["0,877", "2001.00001 cs.DS math.CO 2001-01-01 2001.00001"],
    ]
    assert [e["text"] for e in Markup(html).elements if e["tag"] == "a"] == ["2001.00001", "2001.00001"]


def test_a_titles_formulas_are_shown_in_unicode() -> None:
    html = near_html([neighbour(title=r"Bounds on $x_i^2 < \frac{1}{2}$ & more")], 1, EN)
    assert "Bounds on xᵢ² &lt; 1/2 &amp; more</a>" in html


@pytest.mark.parametrize("nasty", MARKUP)
def test_nothing_of_a_corpus_becomes_markup(nasty: str) -> None:
    html = near_html([neighbour(id=nasty, title=nasty, categories=nasty, date=nasty)], 1, EN)
    text = Markup(html).text
    assert text.count(nasty) >= 3 and plain_formulas(nasty) in text
    assert "<a " not in html


def test_names_cross_and_rings_stand_at_their_places() -> None:
    read = Markup(map_html({"cs": (0.25, 0.5), "q-bio": (1.0, 0.0)}, (0.12345, 1.0), [(0.0, 0.5), (0.5, 0.0)], EN))
    assert [e["style"] for e in read.of("name")] == ["left:25.00%;top:50.00%", "left:100.00%;top:0.00%"]
    assert [e["text"] for e in read.of("long")] == ["Computer Science", "Quantitative Biology"]
    assert [e["text"] for e in read.of("short")] == ["cs", "q-bio"]  # where the map is small
    assert [e["style"] for e in read.of("cross")] == ["left:12.35%;top:100.00%"]
    assert [e["aria-label"] for e in read.of("cross")] == ["This article"]
    assert [e["style"] for e in read.of("ring")] == ["left:0.00%;top:50.00%", "left:50.00%;top:0.00%"]
    assert [e["style"] for e in read.of("dot")] == [f"background:{COLOURS[g]}" for g in ("cs", "q-bio")]


def test_without_an_article_there_is_no_mark() -> None:
    read = Markup(map_html({"cs": (0.25, 0.5)}, None, [], RU))
    assert [e["text"] for e in read.of("long")] == ["Информатика"]
    assert read.of("cross") == read.of("ring") == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_picture_has_a_description(code: str) -> None:
    (image,) = Markup(render("map_image.html", language(code), png="iVBORw0=")).elements
    assert image["src"] == "data:image/png;base64,iVBORw0="
    assert image["alt"].startswith({"en": "Map", "ru": "Карта"}[code])


def test_the_chart_counts_the_spheres_of_a_file_the_most_frequent_first() -> None:
    counts = {"physics": 10, "cs": 1200, "math": 0, "econ": 300}
    ranked = [["Computer Science", "1,200"], ["Economics", "300"], ["Physics", "10"]]
    html = render("chart.html", EN, counts={**counts, "unfamiliar": 0})
    assert cells(html)[1:] == ranked
    assert re.findall(r"width:([\d.]+)%", html) == ["100.00", "25.00", "0.83"]
    html = render("chart.html", EN, counts={**counts, "unfamiliar": 600})
    assert cells(html)[1:] == [*ranked, ["Unfamiliar text", "600"]]


@pytest.mark.parametrize("counts", [{}, dict.fromkeys(GROUPS, 0)])
def test_a_chart_of_nothing_is_empty(counts: dict[str, int]) -> None:
    assert len(cells(render("chart.html", RU, counts=counts))) == 1
