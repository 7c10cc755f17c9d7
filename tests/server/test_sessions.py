"""What the server remembers of its visitors: browsers come back for their answer, a program's call does not."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from fake_classifier import FakeClassifier
from visiting import served

from benchmarks.client import HttpClient
from benchmarks.live import BrowserSession
from spheres.inference.service import Service
from spheres.web.page import build_page

TEXT = ("Prime gaps and the zeros of L-functions", "We bound gaps between primes.")


@pytest.fixture(scope="module")
def opened() -> Iterator[tuple[Any, str]]:
    """A page and its address."""
    page = build_page(Service(FakeClassifier()))
    with served(page) as site:
        yield page, site


def test_a_programs_calls_leave_no_session_behind(opened):
    page, site = opened
    before = len(page.app.state_holder.session_data)
    for _ in range(3):
        place = f"{site}gradio_api/call/classify"
        event = httpx.post(place, json={"data": [*TEXT, 0.95]}).json()["event_id"]
        assert "event: complete" in httpx.get(f"{place}/{event}").text
    assert len(page.app.state_holder.session_data) == before


def test_a_browsers_session_holds_its_answer_and_no_settings_of_the_page(opened):
    page, site = opened
    sessions = [BrowserSession(HttpClient(urlsplit(site).port), TEXT) for _ in range(2)]
    for session in sessions:
        assert 'class="winner' in str(session.move(0.6)["data"][0])  # the answer is still there
        kept = page.app.state_holder.session_data[session.hash]
        assert kept.state_data
        assert len(kept.config_values) < 5 < len(page.blocks)
