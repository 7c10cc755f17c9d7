"""A page on a server of its own, and what its visitors do in more than one test."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from spheres.server.address import free_address
from spheres.server.launch import Site, serve
from spheres.web.page import site


@contextmanager
def served(page: Any, auth: tuple[str, str] | None = None, pages: Site | None = None, **options: Any) -> Iterator[str]:
    """The address of a page, until the block ends; `options` as `spheres.server.launch.serve`.

    pages : what the server is told of them; the application's own where it is None
    """
    try:
        yield serve(page, free_address("127.0.0.1", 0), pages or site(), auth, **options)
    finally:
        page.close(verbose=False)


def until(true: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def advanced(page: Any) -> Any:
    """The settings of the article tab that are out of sight, opened where they are not yet."""
    part = page.locator("#advanced")
    if not part.locator("#prior").is_visible():
        part.get_by_role("button").first.click()
    return part


def upload(site: str, name: str, content: str | bytes) -> str:
    """Where the server put a file that it was sent."""
    return str(httpx.post(f"{site}gradio_api/upload", files={"files": (name, content)}).json()[0])
