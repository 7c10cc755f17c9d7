"""The endpoints as tools, through the Model Context Protocol's own client, against a real server."""

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from endpoints import ENDPOINTS
from fake_classifier import FakeClassifier
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, Tool
from places import ROOT
from visiting import served, upload

from spheres.inference.file_rows import Limits
from spheres.inference.service import Service
from spheres.model.prior import EQUAL
from spheres.web.page import build_page

TITLE = "Prime gaps and the zeros of L-functions"
ROWS = "title,year\nPrime gaps and L-functions,2020\n,2021\nNeural machine translation,2022\n"
AUTH = ("reader", "geheim:ü")
PLACE = "gradio_api/mcp/"


@pytest.fixture(scope="module")
def open_page() -> Iterator[Callable[..., str]]:
    """Start a page and give its address; all are closed in the end."""
    with ExitStack() as pages:
        yield lambda **options: pages.enter_context(
            served(build_page(Service(FakeClassifier(), limits=Limits(max_rows=3))), **options)
        )


@pytest.fixture(scope="module")
def site(open_page) -> str:
    return str(open_page(mcp=True))


@pytest.fixture(scope="module")
def closed_site(open_page) -> str:
    return str(open_page(mcp=True, auth=AUTH))


def session(url: str, act: Callable[[ClientSession], Awaitable[Any]], auth: tuple[str, str] | None = None) -> Any:
    """What `act` returns of a session with the server."""

    async def run() -> Any:
        async with (
            httpx.AsyncClient(auth=httpx.BasicAuth(*auth) if auth else None, timeout=60) as http,
            streamable_http_client(url, http_client=http) as (read, write, _),
            ClientSession(read, write) as client,
        ):
            await client.initialize()
            return await act(client)

    return asyncio.run(run())


def tools_at(url: str) -> list[Tool]:
    return list(session(url, lambda client: client.list_tools()).tools)


def call(site: str, tool: str, auth: tuple[str, str] | None = None, **arguments: Any) -> CallToolResult:
    return session(site + PLACE, lambda client: client.call_tool(tool, arguments), auth)


def texts(result: CallToolResult) -> list[str]:
    return [content.text for content in result.content]


def test_the_tools_are_named_typed_and_described(site):
    tools = {tool.name: tool for tool in tools_at(site + PLACE)}
    assert list(tools) == ENDPOINTS
    assert tools["classify"].description.startswith("Which of arXiv's eight groups")
    assert tools["classify_file"].description.startswith("Classify every article of a file")
    one, many = (tools[name].inputSchema for name in ("classify", "classify_file"))
    types = {name: schema["type"] for name, schema in one["properties"].items() if "enum" not in schema}
    assert types == {"title": "string", "abstract": "string", "threshold": "number"}
    assert one["properties"]["prior"]["enum"] == ["arxiv", "equal"]
    assert tools["classify_many"].inputSchema["properties"]["records"]["type"] == "array"
    assert one["properties"]["threshold"]["default"] == 0.95
    assert "required" not in one
    assert list(many["properties"]) == ["file", "threshold", "rule", "title_column", "abstract_column", "prior"]
    assert many["properties"]["rule"]["enum"] == ["coverage", "sum"]
    assert many["properties"]["prior"]["enum"] == ["arxiv", "equal", "file"]
    assert many["required"] == ["file"]
    assert all(schema["description"] for tool in (one, many) for schema in tool["properties"].values())


def test_a_tool_answers_as_the_endpoint_does_in_json(site):
    (answer,) = map(json.loads, texts(call(site, "classify", title=TITLE, threshold=0.999)))
    probabilities = dict(FakeClassifier().classify(TITLE, "").ranked())
    assert answer["probabilities"] == pytest.approx(probabilities, abs=1e-5)
    assert len(answer["spheres"]) > 1
    assert (answer["prior"], answer["note"]) == ("arxiv", "")
    (answer,) = map(json.loads, texts(call(site, "classify", title=TITLE, prior="equal")))
    probabilities = dict(FakeClassifier().classify(TITLE, "").under(EQUAL).ranked())
    assert answer["probabilities"] == pytest.approx(probabilities, abs=1e-5)


def test_a_list_of_articles_comes_back_with_its_ids_and_a_bad_one_costs_itself(site):
    records = [{"id": "a", "title": TITLE, "abstract": None}, "no record", {"id": 3, "title": 7}, {"title": TITLE}]
    (text,) = texts(call(site, "classify_many", records=records))
    answers = json.loads(text)
    assert [answer["id"] for answer in answers] == ["a", None, 3, None]
    assert [bool(answer["error"]) for answer in answers] == [False, True, True, False]
    (one,) = map(json.loads, texts(call(site, "classify", title=TITLE)))
    assert answers[0] == {"id": "a", **one, "error": ""}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"title": " "}, "There is nothing to classify yet: paste a title, an abstract, or both."),
        (
            {"title": TITLE, "threshold": 1.5},
            "The threshold is 1.5: give a number above 0 and at most 1, such as 0.95.",
        ),
    ],
)
def test_a_refusal_is_one_sentence(site, arguments, sentence):
    result = call(site, "classify", **arguments)
    assert result.isError
    assert texts(result) == [sentence]


def test_a_file_is_classified_by_the_address_of_its_upload(site):
    path = upload(site, "articles.csv", ROWS)
    address, about = texts(call(site, "classify_file", file=f"{site}gradio_api/file={path}"))
    assert address.endswith("/articles-spheres.csv")
    lines = httpx.get(address).content.decode("utf-8-sig").splitlines()
    best = FakeClassifier().classify("Prime gaps and L-functions", "").ranked()[0][0]
    assert lines[1].startswith(f"Prime gaps and L-functions,2020,{best}")
    about = json.loads(about)
    assert (about["rows"], about["answered"]) == (3, 2)


def test_a_caller_who_asks_for_progress_gets_the_same_answer(site):
    path = upload(site, "articles.csv", ROWS)
    heard = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append(message)

    arguments = {"file": f"{site}gradio_api/file={path}"}
    asked = session(site + PLACE, lambda c: c.call_tool("classify_file", arguments, progress_callback=hear))
    assert "Processing" in heard
    assert texts(asked) == texts(call(site, "classify_file", **arguments))


@pytest.mark.parametrize(
    "file",
    [
        "/etc/passwd",
        "http://127.0.0.1:9/articles.csv",
        "http://10.0.0.1/articles.csv",
        "http://localhost/gradio_api/file=/etc/passwd",
        {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
    ],
    ids=str,
)
def test_no_file_but_an_uploaded_one_is_taken(site, file):
    result = call(site, "classify_file", file=file)
    assert result.isError
    assert "root:" not in str(result)


def test_no_text_is_taken_for_a_file_of_this_machine(site):
    hidden = {"path": str(ROOT / "README.md"), "meta": {"_type": "gradio.FileData"}}
    for arguments in ({"title": hidden}, {"title": TITLE, "other": hidden}):
        assert call(site, "classify", **arguments).isError


def test_a_file_out_of_the_message_is_deleted_in_time_and_a_file_of_this_machine_never(tmp_path):
    precious = tmp_path / "precious.csv"
    precious.write_text(ROWS)
    page = build_page(Service(FakeClassifier()))
    hidden = {"path": str(precious), "meta": {"_type": "gradio.FileData"}}
    with served(page, mcp=True) as site:
        for file in (hidden, str(precious), precious.as_uri()):
            assert call(site, "classify_file", file=file).isError
        assert call(site, "classify", title=hidden).isError
        assert call(site, "classify", title=TITLE, other=str(precious)).isError
        table = base64.b64encode(precious.read_bytes()).decode()
        _, about = texts(call(site, "classify_file", file=f"data:text/csv;base64,{table}"))
        assert json.loads(about)["answered"] == 2
        recorded = [Path(path) for path in page.upload_file_set]  # what Gradio deletes: once a day, and when it ends
        assert precious not in recorded
        assert [path.read_text() for path in recorded] == [ROWS, ROWS]  # Gradio's, and the one it uploaded to itself
    assert precious.exists()


def test_without_the_option_there_are_no_tools():
    import gradio as gr

    with gr.Blocks(analytics_enabled=False) as page:
        gr.Textbox()
    with served(page) as site:
        for place in ("mcp", "mcp/", "mcp/schema", "mcp/sse"):
            assert httpx.get(f"{site}gradio_api/{place}", follow_redirects=True).status_code == 404
        assert httpx.post(site + PLACE, json={}).status_code in (404, 405)


@pytest.mark.parametrize(
    "place", ["mcp", "mcp/", "mcp/http/", "mcp/schema", "mcp/sse", "mcp/messages/", "%6dcp/schema"]
)
@pytest.mark.parametrize("header", ["", "Basic", "Basic cmVhZGVyOg==", "Basic \u00e9", "Bearer reader:geheim:ü"])
def test_behind_a_password_nothing_of_the_tools_is_open(closed_site, place, header):
    headers = {"Authorization": header.encode("utf-8")} if header else {}
    for method in ("GET", "POST"):
        answer = httpx.request(method, f"{closed_site}gradio_api/{place}", headers=headers)
        assert answer.status_code == 401
        assert "www-authenticate" not in answer.headers
        assert "classify" not in answer.text


def test_behind_a_password_the_tools_work_for_those_who_know_it_even_after_a_logout(closed_site):
    spheres = FakeClassifier().classify(TITLE, "").predict_set(0.95)
    assert json.loads(texts(call(closed_site, "classify", AUTH, title=TITLE))[0])["spheres"] == spheres
    with httpx.Client(base_url=closed_site) as reader:
        assert reader.post("login", data={"username": AUTH[0], "password": AUTH[1]}).status_code == 200
        assert reader.get("logout").status_code == 302  # ends every session of that name
        assert reader.get("config").status_code == 401
    assert json.loads(texts(call(closed_site, "classify", AUTH, title=TITLE))[0])["spheres"] == spheres
    assert httpx.get(f"{closed_site}config").status_code == 401


def test_where_the_extra_is_missing_app_says_so_before_it_loads_anything():
    """The package is hidden as Python hides one that cannot be imported."""
    code = (
        "import sys; sys.modules['mcp'] = None; import app; code = app.main(['--mcp']); "
        "heavy = {'torch', 'gradio', 'transformers'} & set(sys.modules); sys.exit(99 if heavy else code)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert 'pip install "gradio[mcp]==6.31.0"' in ended.stderr
