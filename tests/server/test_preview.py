"""A link to a page shows its name, its sentence and its picture, at the address by which the page was asked for."""

import re
from html import unescape
from io import BytesIO

import httpx
import pytest
from fake_classifier import FakeClassifier
from PIL import Image
from visiting import served

from spheres.inference.service import Service
from spheres.web.i18n import language
from spheres.web.page import build_page


@pytest.fixture(scope="module", params=[None, ("reader", "secret")], ids=["open", "behind a password"])
def site(request):
    with served(build_page(Service(FakeClassifier())), request.param) as url:
        yield url


@pytest.mark.parametrize(("path", "code"), [("", "en"), ("ru", "ru")])
def test_a_page_says_who_it_is_once_in_its_own_language(site, path, code):
    _, page = language(code).gettext, unescape(httpx.get(site + path).text)
    name = _("Article Sphere Classifier")
    does = _("Which of arXiv’s eight spheres an article belongs to") + _(", from its title, its abstract, or both")
    assert re.findall(r'<meta property="(og:\w+)" content="([^"]*)"', page) == [
        ("og:type", "website"),
        ("og:title", name),
        ("og:description", f"{does}."),
        ("og:url", site + path),
        ("og:image", f"{site}preview.png"),
    ]
    assert re.findall("<title>(.*?)</title>", page) == [name]
    assert "Gradio" not in "".join(re.findall(r"<meta[^>]*>", page)) and page.count("og:") == 5


def test_behind_a_proxy_the_addresses_are_the_visitors(site):
    headers = {"X-Forwarded-Host": "spheres.example", "X-Forwarded-Proto": "https"}
    page = httpx.get(f"{site}ru", headers=headers).text
    assert 'property="og:url" content="https://spheres.example/ru"' in page
    assert 'property="og:image" content="https://spheres.example/preview.png"' in page


def test_the_picture_is_given_out_to_whoever_shows_a_link(site):
    answer = httpx.get(f"{site}preview.png", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"})
    assert answer.headers["content-type"] == "image/png"
    assert Image.open(BytesIO(answer.content)).size == (1200, 630)
    assert httpx.post(f"{site}preview.png").status_code >= 400
