"""The README's examples, run as they stand against a real server, and its commands, read by the scripts they name."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from places import ROOT
from visiting import served

import app
import embed
import head
from spheres.desk import Served
from spheres.page import build_page

README = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAMS = README.partition("## From programs")[2].partition("\n## ")[0]
ADDRESS = "http://127.0.0.1:7860"
JS_CLIENT = "@gradio/client@2.7.0"
COMMAND = re.compile(r"python (\w+\.py)([^\n`#]*)")
READERS: dict[str, Callable[[list[str]], object]] = {
    "app.py": app.parser().parse_args,
    "embed.py": embed.parse_arguments,
    "head.py": head.parse_arguments,
}


@pytest.fixture(scope="module")
def site(classifier) -> Iterator[str]:
    with served(build_page(Served(classifier)), mcp=True) as url:
        yield url.rstrip("/")


def example(language: str, site: str) -> str:
    """The one example in this language, for the server under test."""
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", PROGRAMS, re.MULTILINE | re.DOTALL)
    assert ADDRESS in block
    return str(block).replace(ADDRESS, site)


def run(command: list[str], folder: Path, timeout: float = 60) -> str:
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=timeout, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_shells_example_gives_the_answer_as_json(site, tmp_path):
    (answer,) = json.loads(run(["bash", "-euo", "pipefail", "-c", example("bash", site)], tmp_path))
    assert answer["spheres"] == ["math"]
    assert set(answer) == {"spheres", "probabilities", "note"}


def test_pythons_example_classifies_an_article_and_a_file(site, tmp_path):
    (tmp_path / "articles.csv").write_text("title,year\nPrime gaps and L-functions,2020\n,2021\n", encoding="utf-8")
    article, file = run([sys.executable, "-c", example("python", site)], tmp_path).splitlines()[-2:]
    assert article.startswith("{'spheres': ['math'], 'probabilities': {'math': 0.99")
    path, n_answered, problems = file.split(" ", 2)
    assert Path(path).name == "articles-spheres.csv"
    assert (
        Path(path).read_text(encoding="utf-8-sig").splitlines()[1].startswith("Prime gaps and L-functions,2020,math,")
    )
    assert n_answered == "1"
    assert problems.startswith("['line 3: ")


@pytest.fixture(scope="session")
def node(tmp_path_factory) -> Path:
    """A folder in which Node finds the client that the example imports."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.fail("No Node: the README's JavaScript example needs node 18 or newer, and npm to fetch its client.")
    folder = tmp_path_factory.mktemp("node")
    run(["npm", "install", "--no-audit", "--no-fund", "--prefer-offline", JS_CLIENT], folder, timeout=300)
    return folder


def test_javascripts_example_gives_the_answer(site, node):
    (node / "example.mjs").write_text(example("js", site), encoding="utf-8")
    said = run(["node", "example.mjs"], node)
    assert "[ 'math' ]" in said
    assert re.search(r"math: 0\.99", said)


def test_the_configuration_for_assistants_names_the_address_where_the_tools_are(site):
    from test_mcp import tools_at

    ((name, server),) = json.loads(example("json", site))["mcpServers"].items()
    assert name == "article-spheres"
    assert [tool.name for tool in tools_at(server["url"])] == ["classify", "classify_file"]


@pytest.mark.parametrize(("script", "arguments"), sorted(set(COMMAND.findall(README))))
def test_the_scripts_understand_the_commands(script, arguments):
    READERS[script](shlex.split(arguments))


def test_every_script_is_shown_at_work():
    assert {script for script, _ in COMMAND.findall(README)} == set(READERS)
