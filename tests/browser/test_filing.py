"""A file of articles in the page: uploaded, watched, looked at, downloaded, cancelled."""

import csv
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.test_panels import open_tab
from spheres.web.examples import EXAMPLES

WHOLE = [example for example in EXAMPLES if example.title and example.abstract]


@pytest.fixture
def table(tmp_path) -> Path:
    """Five rows; the third is short of a cell, the fourth has no text."""
    path = tmp_path / "my articles.csv"
    with path.open("w", newline="", encoding="utf-8") as f:
        rows = csv.writer(f)
        rows.writerow(["id", "Title", "abstract", "shelf"])
        rows.writerow(["a1", WHOLE[0].title, WHOLE[0].abstract, "Ш-7"])
        rows.writerow(["a2", WHOLE[1].title, WHOLE[1].abstract, "=1+1"])
        f.write("a3 alone\n")
        rows.writerow(["a4", "", " ", "B"])
        rows.writerow(["a5", "Как приготовить борщ дома", "", "C"])
    return path


def many(tmp_path: Path, n: int) -> Path:
    path = tmp_path / "many.jsonl"
    articles = [WHOLE[i % len(WHOLE)] for i in range(n)]
    lines = [json.dumps({"id": i, "title": f"{a.title} {i}", "abstract": a.abstract}) for i, a in enumerate(articles)]
    path.write_text("\n".join(lines))
    return path


def upload(page: Page, path: Path, many_articles: str = "Many articles") -> None:
    open_tab(page, many_articles)
    page.locator("#file input[type=file]").set_input_files(path)
    expect(page.locator("#file-status :is(.read, .problem)").first).to_be_visible()


def take_away(page: Page) -> None:
    """Empty the box for the file; only then another one can be put there."""
    page.get_by_label("Clear").last.click()
    expect(page.locator("#file input[type=file]")).to_be_attached()


def choose(page: Page, menu: str, column: str) -> None:
    page.get_by_label(menu).click()
    page.get_by_role("option", name=column, exact=True).click()


def start(page: Page) -> None:
    page.get_by_role("button", name="Classify all").click()


def downloaded(page: Page) -> Path:
    button = page.locator("#file-download")
    expect(button).to_be_enabled()
    with page.expect_download() as event:
        button.click()
    path = Path(event.value.path())
    return path.rename(path.with_name(event.value.suggested_filename))


def test_a_table_comes_back_with_every_column_and_its_spheres_its_bad_rows_named(visit, table):
    page = visit()
    upload(page, table)
    start(page)
    expect(page.locator("#file-status")).to_contain_text("3 of 5 rows answered")
    # the rows without an answer
    problems = page.locator("#file-status .problems li")
    expect(problems).to_have_count(2)
    expect(problems.nth(0)).to_contain_text("line 4")
    expect(problems.nth(0)).to_contain_text("1 columns, expected 4")
    expect(problems.nth(1)).to_contain_text("line 5")
    expect(problems.nth(1)).to_contain_text("neither a title nor an abstract")
    # the first rows and the chart
    rows = page.locator("#file-first tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text(WHOLE[0].title)
    expect(rows.first).to_contain_text(re.compile(r"Physics >?\d+%"))  # whose probability it is
    expect(rows.last).to_contain_text("does not look like")
    expect(rows.last.locator("td").nth(2)).to_have_text("Unfamiliar text")  # as in the answer of one article
    counted = page.locator("#file-chart tbody td").all_inner_texts()
    assert sum(map(int, counted)) == 3
    # the file
    path = downloaded(page)
    assert path.name == "my articles-spheres.csv"
    with path.open(newline="", encoding="utf-8-sig") as f:
        rows = list(csv.DictReader(f))
    assert [row["id"] for row in rows] == ["a1", "a2", "", "a4", "a5"]
    assert rows[0]["shelf"] == "Ш-7"
    assert rows[1]["shelf"] == "'=1+1"  # a spreadsheet must not compute it
    assert rows[0]["spheres"].split()[0] == WHOLE[0].group
    assert sum(float(rows[0][f"p_{group}"]) for group in ("physics", "math", "cs")) <= 1
    assert "does not look like" in rows[4]["note"]


def test_progress_is_shown_with_the_time_left_and_a_run_can_be_cancelled(visit, tmp_path, slow_files):
    page = visit()
    upload(page, many(tmp_path, 1000))
    start(page)
    expect(page.locator("#file-status progress")).to_be_visible()
    expect(page.locator("#file-status")).to_contain_text(re.compile(r"\d+ of 1,000 rows, \d+ (s|min) left"))
    expect(page.locator("#file-first tbody tr").first).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#file-status")).to_contain_text("Cancelled. Nothing was kept.")
    expect(page.locator("#file-first tbody tr, #file-chart .chart")).to_have_count(0)
    expect(page.locator("#file-download")).to_be_disabled()
    page.wait_for_timeout(2500)  # what still ran must not come back
    expect(page.locator("#file-status")).to_contain_text("Cancelled. Nothing was kept.")
    start(page)
    expect(page.locator("#file-status")).to_contain_text(re.compile(r"\d+ of 1,000 rows, \d+ (s|min) left"))
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Classify all")).to_be_enabled()


def test_a_files_own_mix_is_estimated_and_shown(visit, tmp_path):
    page = visit()
    path = tmp_path / "mine.csv"
    path.write_text("title\n" + "".join(f"Wage contracts and unemployment in region {i}\n" for i in range(220)))
    upload(page, path)
    page.locator("#file-advanced").get_by_role("button").first.click()
    page.get_by_label("as in this file, estimated").check()
    start(page)
    expect(page.locator("#file-status")).to_contain_text("220 of 220 rows answered", timeout=60_000)
    expect(page.locator("#file-status")).to_contain_text("Answers for articles in these shares: Economics 9")


def test_too_many_rows_are_refused_as_soon_as_the_file_is_chosen(visit, tmp_path, counting):
    page, runs = visit(), counting.runs
    upload(page, many(tmp_path, 1001))
    expect(page.locator(".status.problem")).to_contain_text("more than 1,000 rows")
    expect(page.get_by_role("button", name="Classify all")).to_be_disabled()
    assert counting.runs == runs


def test_a_file_that_is_too_large_is_refused_before_it_is_sent_in_the_pages_language(visit, tmp_path):
    large = tmp_path / "large.csv"
    with large.open("wb") as f:
        f.truncate(50_000_001)  # a hole, which takes no room
    page = visit("ru?__theme=light")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    open_tab(page, "Много статей")
    page.locator("#file input[type=file]").set_input_files(large)
    expect(page.locator("#file-status .problem")).to_contain_text("В large.csv больше 50 МБ")
    page.locator("#file input[type=file]").evaluate(
        """(input) => {
            const held = new DataTransfer();
            held.items.add(new File([new Uint8Array(50_000_001)], 'dropped.csv'));
            const drop = { bubbles: true, cancelable: true, dataTransfer: held };
            input.closest('button').dispatchEvent(new DragEvent('drop', drop));
        }"""
    )
    expect(page.locator("#file-status .problem")).to_contain_text("В dropped.csv больше 50 МБ")
    expect(page.locator(".toast-body")).to_have_count(0)
    assert not [url for url in sent if "upload" in url]


def test_a_chosen_file_is_described_and_the_guess_at_its_columns_can_be_corrected(visit, tmp_path):
    path = tmp_path / "odd.csv"
    with path.open("w", newline="", encoding="utf-8") as f:
        rows = [["Title", "Paper", "Abstract", "Contents"], ["Dr.", WHOLE[0].title, "see there", WHOLE[0].abstract]]
        csv.writer(f).writerows(rows)
    page = visit()
    upload(page, path)
    status, titles, abstracts = map(page.locator, ("#file-status", "#file-title-column", "#file-abstract-column"))
    expect(status).to_contain_text("CSV, 1 row.")
    expect(status).to_contain_text("Title: Title; abstract: Abstract; id: none; columns not used: 2.")
    expect(status).to_contain_text("The column Contents looks more like the abstract")
    expect(titles.locator("input")).to_have_value("Title")
    expect(abstracts.locator("input")).to_have_value("Abstract")
    choose(page, "Column with the titles", "Paper")
    expect(status).to_contain_text("Title: Paper; abstract: Abstract;")
    choose(page, "Column with the abstracts", "Contents")
    expect(status).to_contain_text("Title: Paper; abstract: Contents;")
    start(page)
    expect(status).to_contain_text("1 from title and abstract")
    expect(page.locator("#file-first tbody tr")).to_contain_text(WHOLE[0].title)
    # another choice puts the answers to the one before away
    choose(page, "Column with the abstracts", "none")
    expect(status).to_contain_text("Title: Paper; abstract: none;")
    expect(page.locator("#file-first tbody tr")).to_have_count(0)
    expect(page.locator("#file-download")).to_be_disabled()
    start(page)
    expect(status).to_contain_text("1 from the title alone")
    with downloaded(page).open(newline="", encoding="utf-8-sig") as f:
        assert [row["Contents"] for row in csv.DictReader(f)] == [WHOLE[0].abstract]


def test_without_any_column_found_one_can_be_chosen(visit, tmp_path):
    (tmp_path / "own.csv").write_text(f"mine,number\n{WHOLE[0].title},7\n")
    page = visit()
    upload(page, tmp_path / "own.csv")
    problem = page.locator(".status.problem")
    expect(problem).to_contain_text("own.csv (CSV) has no column for title or abstract; its columns are mine, number")
    start(page)
    expect(page.locator("#file-status")).not_to_contain_text("columns not used")  # the answer to that click
    expect(problem).to_contain_text("has no column for title or abstract")
    choose(page, "Column with the titles", "mine")
    expect(problem).to_have_count(0)
    start(page)
    expect(page.locator("#file-first tbody tr")).to_contain_text(WHOLE[0].title)


def test_another_file_puts_the_answers_to_the_last_one_away(visit, tmp_path, table):
    (tmp_path / "list.ris").write_text(f"TY  - JOUR\nTI  - {WHOLE[1].title}\nER  - \n")
    page = visit()
    upload(page, table)
    start(page)
    expect(page.locator("#file-download")).to_be_enabled()
    take_away(page)
    expect(page.locator("#file-status")).to_have_text("")
    expect(page.locator("#file-first tbody tr, #file-chart tbody tr")).to_have_count(0)
    expect(page.locator("#file-download")).to_be_disabled()
    expect(page.get_by_label("Column with the titles")).to_have_count(0)
    upload(page, tmp_path / "list.ris")
    expect(page.locator("#file-status")).to_contain_text("RIS, 1 row.")
    expect(page.get_by_label("Column with the titles")).to_have_count(0)  # its fields are what they are
    start(page)
    expect(page.locator("#file-first tbody tr")).to_contain_text(WHOLE[1].title)
    assert downloaded(page).name == "list-spheres.ris"


@pytest.mark.parametrize(("path", "tab"), [("", "Many articles"), ("ru", "Много статей")])
def test_the_menus_appear_without_moving_what_is_below_and_fit_a_phone(visit, table, path, tab):
    page = visit(path, width=390, height=844, dark=True)
    open_tab(page, tab)
    before = page.locator("#file-classify").bounding_box()
    upload(page, table, tab)
    expect(page.locator("#file-title-column")).to_be_visible()
    after = page.locator("#file-classify").bounding_box()
    assert abs(after["y"] - before["y"]) <= 24  # a label of two lines
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    boxes = [page.locator(f"#file-{name}-column").bounding_box() for name in ("title", "abstract")]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"] and boxes[1]["x"] + boxes[1]["width"] <= 390


NO_ARTICLES = {
    "notes.txt": (b"just a line of text, and more.\nAnd another, like it.\n", "title or abstract"),
    "empty.csv": (b"id,title\n", "holds no records"),
    "colours.csv": (b"colour,shape\nred,round\n", "title or abstract"),
    "photo.png": (b"\x89PNG\r\n\x1a\n\x00\x00", "in no known format"),
}


def test_what_is_no_file_of_articles_is_refused_in_a_sentence_without_paths(visit, tmp_path):
    page = visit()
    open_tab(page, "Many articles")
    expect(page.locator("#file-intro")).to_contain_text("At most 1,000 rows and 50 MB")
    start(page)
    problem = page.locator(".status.problem")
    expect(problem).to_have_text("Choose a file or paste titles first.")
    for name, (content, sentence) in NO_ARTICLES.items():
        (tmp_path / name).write_bytes(content)
        upload(page, tmp_path / name)
        expect(problem).to_contain_text(name)
        expect(problem).to_contain_text(sentence)
        assert "/tmp" not in problem.inner_text()
        expect(page.locator("#file-download")).to_be_disabled()
        take_away(page)


def test_single_articles_are_answered_while_a_file_is_at_work(visit, tmp_path, slow_files):
    busy, page = visit(), visit()
    upload(busy, many(tmp_path, 1000))
    start(busy)
    expect(busy.locator("#file-status progress")).to_be_visible()
    page.get_by_label("Title", exact=True).fill(WHOLE[0].title)
    page.get_by_role("button", name="Classify", exact=True).click()
    expect(page.locator(".winner")).to_contain_text("Physics", timeout=5_000)
    expect(busy.locator("#file-status progress")).to_be_visible()
    busy.get_by_role("button", name="Cancel").click()


def test_a_click_on_start_is_answered_within_a_second_while_another_file_is_at_work(visit, tmp_path, slow_files):
    busy, page = visit(), visit()
    upload(busy, many(tmp_path, 1000))
    upload(page, many(tmp_path, 1000))
    start(busy)
    expect(busy.locator("#file-status progress")).to_be_visible()
    start(page)
    expect(page.locator("#file-status")).to_contain_text("One file is classified at a time", timeout=1_000)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#file-status")).to_contain_text("Cancelled. Nothing was kept.")
    expect(page.get_by_role("button", name="Classify all")).to_be_enabled()
    busy.get_by_role("button", name="Cancel").click()


def test_a_file_without_any_article_leaves_no_empty_chart(visit, tmp_path):
    (tmp_path / "blank.csv").write_text('id,title\n1," "\n2," "\n')
    page = visit()
    upload(page, tmp_path / "blank.csv")
    start(page)
    expect(page.locator("#file-status")).to_contain_text("0 of 2 rows answered")
    expect(page.locator("#file-chart .chart")).to_have_count(0)


def test_the_russian_tab_speaks_russian_to_the_end(visit, table):
    page = visit("ru")
    upload(page, table, "Много статей")
    page.get_by_role("button", name="Определить все").click()
    expect(page.locator("#file-status")).to_contain_text("Отвечено строк: 3 из 5")
    problems = page.locator("#file-status .problems li")
    expect(problems.nth(0)).to_contain_text("строка 4")
    for problem in problems.all_inner_texts():
        assert not re.search(r"[A-Za-z]{2,}", problem), problem
    assert not re.search(r"[a-z]{4,}", page.locator("#file-first tbody tr").last.inner_text())


def test_markup_in_a_files_name_and_cells_is_only_text(visit, tmp_path):
    markup = '<img src=x onerror="window.ran = true">'
    path = tmp_path / "x'\"&lt;img src=x&gt;<img src=x onerror=window.ran=true>.csv"
    with path.open("w", newline="") as f:
        odd = "<x-y onmouseover='window.ran = true'> trees"  # no tag that plain text leaves out
        rows = [["title", markup, "abstract"], [odd, "x", WHOLE[0].abstract], [markup] * 4]
        csv.writer(f).writerows([*rows, [odd, "x", "<script>window.ran = true</script>"]])
    page = visit()
    upload(page, path)
    start(page)
    expect(page.locator("#file-first tbody tr")).to_have_count(2)
    expect(page.locator("#file-first")).to_contain_text(odd)
    assert downloaded(page).name.endswith("-spheres.csv")
    assert page.evaluate("window.ran") is None
    assert page.locator("#many img[src=x], #file-first :is(img, script, x-y), #file-status img").count() == 0


def test_titles_pasted_one_a_line_come_back_as_a_table(visit, table):
    page = visit()
    open_tab(page, "Many articles")
    box = page.get_by_label("Or paste titles, one a line")
    box.fill("Prime gaps and the zeros of L-functions\n\nOptimal monetary policy\tWe study inflation and wages.\n")
    start(page)
    rows = page.locator("#file-first tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("Mathematics")
    expect(rows.nth(1)).to_contain_text("Economics")
    path = downloaded(page)
    assert path.name == "titles-spheres.csv"
    with path.open(encoding="utf-8-sig", newline="") as f:
        assert [row["abstract"] for row in csv.DictReader(f)] == ["", "We study inflation and wages."]
    upload(page, table)
    expect(page.locator("#file-status")).to_contain_text("CSV, 5 rows.")
    start(page)
    expect(page.locator("#file-status [role=alert]")).to_contain_text("not both: remove one of them")
