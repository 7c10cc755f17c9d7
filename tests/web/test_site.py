"""What the server is told of the pages: the address, the script and the styles of every language's page."""

import re

from spheres.web.i18n import LANGUAGES
from spheres.web.page import site


def test_every_language_has_a_page_that_names_it_and_the_first_is_at_home() -> None:
    addresses = site().addresses
    assert [attributes["lang"] for attributes in addresses.values()] == list(LANGUAGES)
    assert list(addresses)[:2] == ["/", "/ru"]
    assert all(attributes["data-languages"].split() == list(LANGUAGES) for attributes in addresses.values())
    assert len({attributes["data-busy"] for attributes in addresses.values()}) == len(LANGUAGES)


def test_script_and_styles_are_there_and_nothing_in_the_script_ends_its_tag_early() -> None:
    assert not re.search(r"</script|<!--", site().script, re.IGNORECASE)
    assert site().css.read_text("utf-8")


def test_sources_and_artifacts_are_locked() -> None:
    (locked,) = site().locked_paths
    assert (locked / "app.py").exists() and (locked / "artifacts").exists()
