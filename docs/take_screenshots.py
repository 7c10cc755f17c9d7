"""Take the pictures in docs/screenshots/ from the real page, and draw its preview: python docs/take_screenshots.py

Needs what the tests need (requirements/dev.txt and a Chromium); takes half a minute. Look at them afterwards, as a
stranger would.
"""

import csv
import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browser.conftest import QUIET, chromium_program  # noqa: E402

from spheres.inference.classifier import Classifier  # noqa: E402
from spheres.inference.neighbors import NeighborIndex  # noqa: E402
from spheres.inference.service import Service  # noqa: E402
from spheres.server.address import free_address  # noqa: E402
from spheres.server.launch import serve  # noqa: E402
from spheres.web.examples import EXAMPLES  # noqa: E402
from spheres.web.page import build_page, site  # noqa: E402

OUT = Path(__file__).with_name("screenshots")
STATISTICS = next(example for example in EXAMPLES if example.group == "stat")
MIXED = (
    "A network that learns how spin waves decay",
    "We train a graph neural network on labelled simulations of ferromagnetic films. It predicts how fast spin waves "
    "decay as a film approaches its Curie temperature. The magnon linewidth it learns follows a power law whose "
    "exponent agrees with mean-field theory. Training takes two hours on one graphics card.",
)


def open_page(browser: Browser, address: str, width: int = 1280, height: int = 860, locale: str = "en-US") -> Page:
    page = browser.new_context(viewport={"width": width, "height": height}, locale=locale).new_page()
    page.goto(address)
    page.locator("#title textarea").wait_for()
    return page


def ask(page: Page, title: str, abstract: str) -> None:
    page.locator("#title textarea").fill(title)
    page.locator("#abstract textarea").fill(abstract)
    page.locator("#classify").click()
    page.locator(".winner").wait_for()
    page.locator("#abstract textarea").evaluate("box => box.scrollTop = 0")
    page.locator("#title textarea").evaluate("box => box.scrollTop = 0")
    page.mouse.move(0, 0)


def shot(page: Page, name: str, whole: bool = False) -> None:
    page.wait_for_timeout(700)  # bars grow, colours fade in
    page.screenshot(path=OUT / f"{name}.png", full_page=whole)
    page.context.close()


def tab(page: Page, number: int, of: str = "#panels") -> None:
    page.locator(f"{of} > .tab-wrapper [role=tab]").nth(number).click()


def take(browser: Browser, site: str) -> None:
    for name, address, size in (
        ("desktop", "", (1280, 860)),
        ("phone", "", (390, 844)),
        ("dark", "?__theme=dark", (1280, 860)),
        ("compact", "?view=compact", (320, 480)),
    ):
        page = open_page(browser, site + address, *size)
        ask(page, STATISTICS.title, STATISTICS.abstract)
        shot(page, name)
    page = open_page(browser, site)
    ask(page, "Как приготовить борщ дома", "")
    shot(page, "unfamiliar")
    for name, number, ready, locale in (
        ("near", 0, "#near tbody tr", "en-US"),
        ("why", 1, "#why .strongest", "en-US"),
        ("map", 3, "#map img", "en-US"),
        ("russian", 1, "#why .strongest", "ru-RU"),
    ):
        page = open_page(browser, site, locale=locale)
        ask(page, *MIXED)
        tab(page, number)
        page.locator(ready).first.wait_for()
        shot(page, name, whole=True)
    take_file(browser, site)
    page = browser.new_page(viewport={"width": 900, "height": 900})
    page.goto(f"{(ROOT / 'examples/embed.html').as_uri()}?src={site}")
    frame = page.frame_locator("iframe").first
    frame.locator("#title textarea").fill(STATISTICS.title)
    frame.locator("#classify").click()
    frame.locator(".winner").wait_for()
    shot(page, "iframe")


def take_file(browser: Browser, site: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reading list.csv"
        with path.open("w", newline="", encoding="utf-8") as f:
            rows = csv.writer(f)
            rows.writerow(["id", "title", "abstract"])
            rows.writerows([f"a{i}", e.title, e.abstract] for i, e in enumerate(EXAMPLES))
            f.write("a99,a row that is short of a cell\n")
        page = open_page(browser, site)
        tab(page, 1, "#ways")
        page.locator("#file input[type=file]").set_input_files(path)
        page.locator("#file-columns").wait_for()  # it has been read
        page.locator("#file-actions button").first.click()
        page.locator("#file-first tbody tr").first.wait_for()
        shot(page, "file", whole=True)


def draw_preview(neighbors: NeighborIndex) -> None:
    """What a link to the page shows elsewhere: all articles as on the map."""
    dots = Image.open(BytesIO(neighbors.map_image)).convert("RGBA")
    sheet = Image.new("RGBA", (1200, 630), "#faf9f6")
    sheet.alpha_composite(dots.resize((788, 630)), (206, 0))
    sheet.convert("RGB").quantize(32).save(ROOT / "spheres/web/static/preview.png", optimize=True)


def main() -> None:
    classifier = Classifier.load("all-MiniLM-L6-v2", ROOT / "artifacts")
    neighbors = NeighborIndex.load(ROOT / "artifacts" / classifier.name, classifier.bundle)
    page = build_page(Service(classifier, neighbors))
    address = serve(page, free_address("127.0.0.1", 0), site())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_program(playwright), args=[f"--{flag}" for flag in QUIET]
        )
        take(browser, address)
        browser.close()
    page.close(verbose=False)
    draw_preview(neighbors)


if __name__ == "__main__":
    main()
