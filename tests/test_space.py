"""README's header makes a Hugging Face Space: read as the Hub reads it, and what it names started and asked as there.

A clean checkout, the environment that a Space sets, and the headers with which its proxy hands on what a browser asks
that shows the page in a frame of huggingface.co. What is not tried is the Hub itself.
"""

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from huggingface_hub import SpaceCard
from places import ROOT
from test_app import running

from spheres.encoder.hub import BUNDLED

README = (ROOT / "README.md").read_text("utf-8")
HEADER = SpaceCard(README).data
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}

OWNER, NAME = "someone", "article-spheres"
HOST = f"{OWNER}-{NAME}.hf.space"
ENVIRONMENT = {
    "SYSTEM": "spaces",
    "SPACE_ID": f"{OWNER}/{NAME}",
    "SPACE_HOST": HOST,
    "SPACE_AUTHOR_NAME": OWNER,
    "SPACE_REPO_NAME": NAME,
    "GRADIO_SERVER_NAME": "0.0.0.0",
    "GRADIO_NUM_PORTS": "1",
    "GRADIO_ALLOW_FLAGGING": "never",
    "GRADIO_THEME": "huggingface",
}
PROXY = {
    "x-forwarded-for": "198.51.100.7, 10.20.30.40",
    "x-forwarded-port": "443",
    "x-forwarded-proto": "https",
    "x-direct-url": f"https://{HOST}",
    "x-proxied-host": "http://10.20.30.41",
    "x-ip-token": "eyJhbGciOiJFZERTQSJ9.e30.c2ln",
}
NAMED = [  # who the server is said to be: all that a proxy may make of it
    {"host": HOST, "x-forwarded-host": HOST},
    {"host": "10.20.30.41:7860", "x-forwarded-host": HOST},
    {"host": HOST},
]
FRAMED = {
    "referer": "https://huggingface.co/",
    "sec-fetch-site": "cross-site",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "iframe",
    "upgrade-insecure-requests": "1",
}
BY_THE_PAGE = {
    "origin": f"https://{HOST}",
    "referer": f"https://{HOST}/",
    "sec-fetch-site": "same-origin",
    "sec-fetch-mode": "cors",
    "sec-fetch-dest": "empty",
}
BY_AN_OLD_BROWSER = {"origin": f"https://{HOST}"}
CALL = "gradio_api/call/classify"
QUESTION = {"data": ["Prime gaps and the zeros of L-functions", "We bound gaps between primes.", 0.95]}


def test_the_hub_can_read_the_header():
    assert README.startswith("---\n")
    assert (HEADER.title, HEADER.sdk) == ("Article Sphere Classifier", "gradio")
    assert {HEADER.colorFrom, HEADER.colorTo} <= COLOURS
    assert len(HEADER.emoji) == 1 and not HEADER.emoji.isascii()
    assert 0 < len(HEADER.short_description) <= 60
    assert HEADER.license == "apache-2.0"
    assert HEADER.models == [BUNDLED.source]
    assert HEADER.pinned is False
    assert HEADER.tags and all(re.fullmatch(r"[a-z0-9-]+", tag) for tag in HEADER.tags)


def test_the_header_names_the_versions_that_the_requirements_do():
    pins = dict(re.findall(r"^([\w-]+)==(\S+)$", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE))
    assert HEADER.sdk_version == pins["gradio"]
    assert README.count(f"python{HEADER.python_version} -m venv") >= 2


def clean_checkout(folder: Path) -> Path:
    """The tracked files, and nothing that lies beside them."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():  # one that was removed, and is not committed yet, is listed all the same
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def space(tmp_path_factory) -> Iterator[str]:
    """The address of a Space's container, behind its proxy."""
    checkout = clean_checkout(tmp_path_factory.mktemp("space"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    environment = {**ENVIRONMENT, "GRADIO_SERVER_PORT": str(port)}
    with running(command=(HEADER.app_file,), folder=checkout, **environment) as (url, _, _):
        assert httpx.URL(url).port == port
        yield f"http://127.0.0.1:{port}/"


def config(page: str) -> dict[str, Any]:
    """What the page's script is told."""
    start = page.index("window.gradio_config = ") + len("window.gradio_config = ")
    found, _ = json.JSONDecoder().raw_decode(page[start:])
    return dict(found)


@pytest.mark.parametrize("named", NAMED)
def test_the_page_opens_in_huggingfaces_frame(space, named):
    answer = httpx.get(f"{space}?__theme=light", headers={**PROXY, **named, **FRAMED, "accept": "text/html"})
    assert answer.status_code == 200
    assert "x-frame-options" not in answer.headers
    assert "content-security-policy" not in answer.headers
    told = config(answer.text)
    assert (told["root"], told["space_id"]) == (f"https://{HOST}", f"{OWNER}/{NAME}")
    assert f"http://{HOST}" not in answer.text  # a browser loads no such thing into a page that came by https
    own = re.findall(r'(?:src|href)="\.?/((?:assets|static)/[^"]+)"', answer.text)
    assert own
    for path in own:
        script = httpx.get(f"{space}{path}", headers={**PROXY, **named, **BY_THE_PAGE, "sec-fetch-dest": "script"})
        assert script.status_code == 200, path


@pytest.mark.parametrize("browser", [BY_THE_PAGE, BY_AN_OLD_BROWSER, {}], ids=["page", "old browser", "program"])
@pytest.mark.parametrize("named", NAMED)
def test_what_the_page_asks_is_answered(space, named, browser):
    headers = {**PROXY, **named, **browser}
    event = httpx.post(f"{space}{CALL}", headers=headers, json=QUESTION)
    assert event.status_code == 200, event.text
    stream = httpx.get(f"{space}{CALL}/{event.json()['event_id']}", headers=headers, timeout=60).text
    (answer,) = json.loads(next(line for line in stream.splitlines() if line.startswith("data: ["))[6:])
    assert answer["spheres"] == ["math"]


@pytest.mark.parametrize("path", ["", "config", "gradio_api/info"])
def test_what_the_hub_itself_asks_for_is_there(space, path):
    for host in (HOST, "10.20.30.41:7860"):
        assert httpx.get(f"{space}{path}", headers={"host": host}).status_code == 200


def test_the_frame_around_it_may_not_ask_in_the_visitors_name(space):
    around = {**BY_THE_PAGE, "origin": "https://huggingface.co", "sec-fetch-site": "cross-site"}
    for browser in (around, {"origin": "https://huggingface.co"}):
        assert httpx.post(f"{space}{CALL}", headers={**PROXY, **NAMED[0], **browser}, json=QUESTION).status_code == 403
