"""The page over HTTP, without a browser: its endpoint, and what it keeps to itself."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from spheres.examples import EXAMPLES
from spheres.groups import GROUPS
from spheres.page import build_page, shower
from spheres.serving import free_address, serve

ROOT = Path(__file__).resolve().parent.parent
TITLE = "Neural machine translation with recurrent attention networks"


@pytest.fixture(scope="module")
def site(classifier):
    page = build_page(classifier)
    yield serve(page, free_address("127.0.0.1", 0))
    page.close(verbose=False)


@pytest.fixture(scope="module")
def client(site):
    return Client(site, verbose=False)


def call(site: str, body: str) -> tuple[str, object]:
    """The endpoint as `curl` calls it: the kind of the event that ends the call, and its data."""
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(f"{site}gradio_api/call/classify", content=body, headers=headers)
    event = httpx.get(f"{site}gradio_api/call/classify/{answer.raise_for_status().json()['event_id']}", timeout=30).text
    kind, data = event.strip().splitlines()[-2:]
    return kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def test_the_endpoint_names_spheres_probabilities_and_note(client):
    answer = client.predict(title=TITLE, abstract="", threshold=0.9, api_name="/classify")
    assert set(answer) == {"spheres", "probabilities", "note"}
    assert answer["spheres"][0] == "cs"
    assert sorted(answer["probabilities"]) == sorted(GROUPS)
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert sum(answer["probabilities"][sphere] for sphere in answer["spheres"]) >= 0.9
    assert answer["note"] == ""


def test_title_abstract_and_threshold_have_defaults(client):
    title, abstract = TITLE, EXAMPLES[1].abstract
    assert client.predict(title, api_name="/classify") == client.predict(title, "", 0.95, api_name="/classify")
    assert client.predict(abstract=abstract, api_name="/classify")["spheres"][0] == "math"


def test_a_higher_threshold_names_at_least_as_many_spheres(client):
    answers = [client.predict(TITLE, "", threshold, api_name="/classify") for threshold in (0.01, 0.5, 0.95, 1.0, 1)]
    sizes = [len(answer["spheres"]) for answer in answers]
    assert sizes == sorted(sizes)
    assert sizes[0] == 1


def test_a_long_text_comes_with_a_note(client):
    assert "Read the first" in client.predict(abstract=EXAMPLES[0].abstract * 9, api_name="/classify")["note"]


@pytest.mark.parametrize("threshold", ["1.5", "0", "-1", "NaN", "Infinity", "true", "null", '"0.9"', '"<b>"', "[]"])
def test_a_threshold_that_is_none_is_refused_in_one_sentence(site, threshold):
    kind, data = call(site, f'{{"data": ["{TITLE}", "", {threshold}]}}')
    assert kind == "error"
    assert data["error"] == "The threshold must be a number above 0 and at most 1."


@pytest.mark.parametrize("text", ["null", "7", '["x"]', '{"path": "/etc/passwd"}'])
def test_a_title_that_is_no_text_is_refused_in_one_sentence(site, text):
    assert call(site, f'{{"data": [{text}, "", 0.9]}}')[1]["error"] == "Title and abstract must be texts."


def test_nothing_to_classify_is_refused_in_one_sentence(client):
    with pytest.raises(AppError) as refused:
        client.predict(" ", "\n", 0.9, api_name="/classify")
    assert len(str(refused.value)) > 20
    assert "Traceback" not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["\\ud800 x", "\\u0000", "\\u202e", "<script>alert(1)</script>", "🤖", "x" * 1_000_000]
)
def test_any_text_is_answered_or_refused_with_a_sentence(site, text):
    kind, data = call(site, f'{{"data": ["{text}", "", 0.9]}}')
    assert kind == "complete" or data["error"]


def test_the_same_question_asked_by_many_at_once_gets_the_same_answer(site):
    body = json.dumps({"data": [TITLE, "", 0.9]})
    with ThreadPoolExecutor(12) as many:
        answers = list(many.map(lambda _: call(site, body), range(24)))
    assert {kind for kind, _ in answers} == {"complete"}
    spheres = {tuple(data[0]["spheres"]) for _, data in answers}
    assert len(spheres) == 1


def test_programs_see_one_endpoint_and_none_of_the_pages_own_events(client):
    assert list(client.view_api(return_format="dict", print_info=False)["named_endpoints"]) == ["/classify"]


def test_the_queue_cannot_be_passed_by(site):
    assert httpx.post(f"{site}gradio_api/api/classify", json={"data": [TITLE, "", 0.9]}).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "app.py",
        "spheres/page.py",
        ROOT / "app.py",
        ROOT / "spheres/page.css",
        ROOT / "artifacts/all-MiniLM-L6-v2/head.safetensors",
        ROOT / "artifacts/../app.py",
        ROOT / ".git/config",
        "/etc/passwd",
        "file:///etc/passwd",
        "http://127.0.0.1:1/",
    ],
    ids=lambda path: str(path).replace(str(ROOT), "root"),
)
def test_no_file_of_the_machine_is_served(site, path):
    assert httpx.get(f"{site}gradio_api/file={path}").status_code in (403, 404)


def test_a_large_upload_is_refused(site):
    assert httpx.post(f"{site}gradio_api/upload", files={"files": ("a", b"x" * 2_000_000)}).status_code == 413


@pytest.mark.parametrize("path", ["monitoring", "monitoring/summary", "gradio_api/runs"])
def test_nothing_watches_the_visitors(site, path):
    assert httpx.get(site + path).status_code in (403, 404)


def test_the_page_may_be_framed_and_loads_no_foreign_script(site):
    answer = httpx.get(site)
    assert "x-frame-options" not in answer.headers
    assert '<script type="module" crossorigin src="./' in answer.text
    assert not [part for part in answer.text.split("<script")[1:] if 'src="http' in part.split(">")[0]]


@pytest.mark.parametrize(("sent", "asked"), [(None, 0.95), (0, 0.5), (7, 1.0), (0.7, 0.7)])
def test_a_half_typed_threshold_counts_as_the_nearest_possible(sent, asked, classifier):
    show, classification = shower(classifier), classifier.classify(TITLE, "")
    assert show(classification, sent, "sum") == show(classification, asked, "sum")


def test_an_unfamiliar_text_is_answered_with_a_note(client):
    answer = client.predict("Как приготовить борщ дома", api_name="/classify")
    assert "does not look like the articles it learned from" in answer["note"]
    assert answer["spheres"]


def test_the_sliders_meaning_is_what_was_measured(classifier):
    show = shower(classifier)
    covered, size = classifier.measured("both", "coverage", 0.95)
    assert 0.94 < covered < 0.96 and size < 1.7
    meaning = show(None, 0.95, "coverage")[2]
    assert (
        f"hold the true one for 95 of 100 articles; measured on unseen articles: {100 * covered:.1f} of 100" in meaning
    )
    assert f"{size:.1f} spheres on average" in meaning
    assert "add up to 95%" in show(None, 0.95, "sum")[2]
