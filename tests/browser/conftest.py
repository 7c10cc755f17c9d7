"""A real server over the real classifier, and a real Chromium that notes every address it asks."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from atom_server import AtomServer
from install_chromium import NAMES
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Request, expect, sync_playwright
from visiting import served

from spheres.inference.arxiv_api import ArxivClient
from spheres.inference.classify_file import FIRST_BATCH
from spheres.inference.file_rows import Limits
from spheres.inference.service import Service
from spheres.web.page import build_page

expect.set_options(timeout=15_000)  # a machine may be busy; what is right is seen at once
QUIET = ("no-sandbox", "disable-gpu", "disable-background-networking", "disable-component-update", "disable-sync")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Counting lines would slow these by a third, and finds hardly any that the other tests do not reach."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.no_cover)


class Counting:
    """The classifier, counting how often it was asked; `pause` is in seconds, before each batch of a file."""

    def __init__(self, classifier):
        self.classifier, self.runs, self.pause = classifier, 0, 0.0
        self.name, self.n_articles = classifier.name, classifier.n_articles
        self.codes, self.cross_listed = classifier.codes, classifier.cross_listed
        self.measured = classifier.measured

    def classify(self, title, abstract):
        return self.classify_many([(title, abstract)])[0]

    def classify_many(self, texts):
        self.runs += 1
        if len(texts) >= FIRST_BATCH // 2:
            time.sleep(self.pause)
        return self.classifier.classify_many(texts)


def chromium_program(playwright: Playwright) -> str:
    own = playwright.chromium.executable_path
    found = own if Path(own).exists() else next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        pytest.fail("No Chromium: run `python tests/install_chromium.py`, or `playwright install chromium`.")
    return found


@pytest.fixture(scope="session")
def counting(classifier) -> Counting:
    return Counting(classifier)


@pytest.fixture
def slow_files(counting) -> Iterator[None]:
    """A file of a thousand rows takes half a minute, on any machine, and leaves it time for the browser."""
    counting.pause = 1.0
    yield
    counting.pause = 0.0


@pytest.fixture(scope="session")
def arxiv() -> Iterator[AtomServer]:
    """What the page takes for arXiv."""
    with AtomServer() as server:
        yield server


@pytest.fixture(scope="session")
def site(counting, neighbors, arxiv) -> Iterator[str]:
    """The page's address, with its closing slash."""
    with served(build_page(Service(counting, neighbors, ArxivClient(arxiv.url), Limits(max_rows=1000)))) as url:
        yield url


# Playwright keeps an event loop in this very thread, in which the other tests could not run theirs: so it ends with
# the tests of this folder.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        program = chromium_program(playwright)
        browser = playwright.chromium.launch(executable_path=program, args=[f"--{flag}" for flag in QUIET])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def context(browser) -> BrowserContext:
    """One for all tests, so that the page's scripts come from the browser's cache after the first."""
    return browser.new_context()


@pytest.fixture
def visit(context, site) -> Iterator[Callable[..., Page]]:
    """Open the page: `visit(width=390, height=844, dark=True)`. Whatever is asked of another origin fails the test."""
    asked: list[str] = []
    hosts = {urlsplit(site).netloc}
    pages: list[Page] = []
    watched: list[BrowserContext] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    def open_page(
        path: str = "", width: int = 1280, height: int = 860, dark: bool = False, address: str = site, within=context
    ) -> Page:
        hosts.add(urlsplit(address).netloc)
        if within not in watched:
            within.on("request", note)
            watched.append(within)
        page = within.new_page()
        pages.append(page)
        page.set_viewport_size({"width": width, "height": height})
        page.goto(urljoin(address, path or ("?__theme=dark" if dark else "?__theme=light")))
        return page

    yield open_page
    for page in pages:
        page.close()
    for within in watched:
        within.remove_listener("request", note)
    assert asked, "the watcher saw no request at all"
    strangers = [
        url for url in asked if urlsplit(url).scheme in ("http", "https") and urlsplit(url).netloc not in hosts
    ]
    assert not strangers, f"the page asked third parties: {strangers}"
