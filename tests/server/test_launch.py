"""Starting the server, also where the machine is busy."""

import httpx
import pytest
from fake_classifier import FakeClassifier
from visiting import served

from spheres.inference.service import Service
from spheres.web.page import build_page


def test_a_machine_that_is_too_busy_for_gradios_own_check_serves_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_late(*_: object, **__: object) -> None:
        raise httpx.ReadTimeout("no answer within three seconds")

    monkeypatch.setattr("httpx.head", too_late)
    with served(build_page(Service(FakeClassifier()))) as url:  # type: ignore[arg-type]
        assert httpx.get(url, trust_env=False).text.rstrip().endswith("</html>")
