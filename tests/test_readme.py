"""The examples of README.md and docs/usage.md, run as they stand; `.ci/run` runs the README's two install lines."""

import contextlib
import csv
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fenced import under
from made_up import write_corpus
from places import ROOT
from transformers import DistilBertConfig, DistilBertModel
from visiting import served

import app
import embed
import head
from spheres.inference.classifier import Classifier
from spheres.inference.neighbors import NeighborIndex
from spheres.inference.service import Service
from spheres.web.page import build_page

README, USAGE = ROOT / "README.md", ROOT / "docs" / "usage.md"
ADDRESS = "http://127.0.0.1:7860"
JS_CLIENT = "@gradio/client@2.7.0"
COMMAND = re.compile(r"python (\w+\.py)([^\n`#]*)")
READERS: dict[str, Callable[[list[str]], object]] = {
    "app.py": app.parser().parse_args,
    "embed.py": embed.parse_arguments,
    "head.py": head.parse_arguments,
}
COMMANDS = sorted(
    {
        command
        for page in ("README.md", "docs/usage.md", "MODEL_CARD.md", "DATA_CARD.md")
        for command in COMMAND.findall((ROOT / page).read_text("utf-8"))
    }
)
SCRIPTS = {"embed.py": embed.main, "head.py": head.main}
ONLY_READ = ("app.py", "compare")  # test_app.py starts pages, test_scripts.py runs the study


def test_the_readmes_example_classifies_one_article_and_many(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # any folder will do
    (code,) = under(README, "In Python", "python")
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code, {})
    one, *many = out.getvalue().splitlines()
    assert one.startswith("['math'] ")
    assert many == ["['math']", "['q-fin', 'math', 'econ']"]


@pytest.fixture(scope="module")
def site(classifier) -> Iterator[str]:
    with served(build_page(Service(classifier)), mcp=True) as url:
        yield url.rstrip("/")


def example(language: str, site: str) -> str:
    """The one example in this language, for the server under test."""
    (text,) = under(USAGE, "From programs", language)
    assert ADDRESS in text
    return text.replace(ADDRESS, site)


def run(command: list[str], folder: Path, timeout: float = 60, **environment: str) -> str:
    ended = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env={**os.environ, **environment},
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_shells_example_gives_the_answer_as_json(site, tmp_path):
    (answer,) = json.loads(run(["bash", "-euo", "pipefail", "-c", example("bash", site)], tmp_path))
    assert answer["spheres"] == ["math"]
    assert set(answer) == {"spheres", "probabilities", "categories", "prior", "note"}


def test_pythons_example_classifies_an_article_and_a_file(site, tmp_path):
    (tmp_path / "articles.csv").write_text("title,year\nPrime gaps and L-functions,2020\n,2021\n", encoding="utf-8")
    article, *listed, file = run([sys.executable, "-c", example("python", site)], tmp_path).splitlines()[-4:]
    assert article.startswith("{'spheres': ['math'], 'probabilities': {'math': 0.9")
    assert listed[0] == "7 ['math'] " and listed[1].startswith("8 [] There is nothing to classify")
    path, n_answered, problems = file.split(" ", 2)
    assert Path(path).name == "articles-spheres.csv"
    assert Path(path).read_text(encoding="utf-8-sig").splitlines()[1].startswith("Prime gaps and L-functions,2020,math")
    assert n_answered == "1"
    assert problems.startswith("['line 3: ")


def test_behind_a_password_both_examples_give_it(classifier, tmp_path):
    bash, python = (under(USAGE, "Behind a password", language) for language in ("bash", "python"))
    with served(build_page(Service(classifier)), ("USER", "PASSWORD")) as url:
        code, command = (text.replace(ADDRESS, url.rstrip("/")) for (text,) in (python, bash))
        assert "{'spheres': ['math']" in run([sys.executable, "-c", code], tmp_path)
        said = run(["bash", "-euo", "pipefail", "-c", command], tmp_path)
        assert json.loads(said.splitlines()[-1])[0]["spheres"] == ["math"]


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
    assert re.search(r"math: 0\.9", said)


def test_the_configuration_for_assistants_names_where_the_tools_are(site):
    from server.test_mcp import tools_at

    ((name, server),) = json.loads(example("json", site))["mcpServers"].items()
    assert name == "article-spheres"
    assert [tool.name for tool in tools_at(server["url"])] == [
        "classify",
        "classify_many",
        "category_fit",
        "classify_file",
    ]


@pytest.mark.parametrize(("script", "arguments"), COMMANDS)
def test_the_scripts_understand_the_commands(script, arguments):
    READERS[script](shlex.split(arguments))


def test_ci_runs_the_two_commands_as_they_stand():
    start, test = (text.strip() for text in under(README, "Two commands", "bash"))
    assert [text.strip() for text in under(README, "По-русски", "bash")] == [start]
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    lines = re.findall(r"^(\w+)=\$\((grep .* README\.md)\)$", ci, re.MULTILINE)
    assert {name: run(["bash", "-c", grep], ROOT).strip() for name, grep in lines} == {
        "start_line": start,
        "test_line": test,
    }
    for name, _ in lines:
        assert f'bash -c "${name}"' in ci


def commands(page: Path, heading: str) -> list[tuple[str, list[str]]]:
    """The scripts that a block runs, each with its arguments."""
    (block,) = under(page, heading, "bash")
    lines = [shlex.split(line, comments=True) for line in block.splitlines()]
    assert {line[0] for line in lines if line} == {"python"}
    return [(script, arguments) for _, script, *arguments in filter(None, lines)]


def run_all(page: Path, heading: str) -> list[tuple[str, list[str]]]:
    """Run a block's commands in the present folder; returns those that were only read."""
    read = []
    for script, arguments in commands(page, heading):
        READERS[script](arguments)
        if script in ONLY_READ or arguments[0] in ONLY_READ:
            read.append((script, arguments))
        else:
            assert SCRIPTS[script](arguments) == 0, (script, arguments)
    return read


def test_a_corpus_of_ones_own_gets_a_head_and_answers(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_corpus(Path("CORPUS"))  # the content decides on its format, not the name
    write_corpus(Path("FILE"), 8)
    (_, page), (_, study) = run_all(USAGE, "Your own corpus")
    assert study[0] == "compare"
    said = capsys.readouterr().out
    assert "288 articles, 384 numbers each" in said
    assert re.search("test articles .*, with 95 % intervals", said)
    assert len(Path("answers.jsonl").read_text().splitlines()) == 8
    with Path("answers.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["spheres"].split()[0] for row in csv.DictReader(file)] == [
            *("physics", "math", "cs", "q-bio", "q-fin", "stat", "eess", "econ")
        ]
    options = app.parser().parse_args(page)
    classifier = Classifier.load(options.encoder, options.artifacts)
    assert NeighborIndex.load(options.artifacts / classifier.name, classifier.bundle)
    assert {path.name for path in tmp_path.iterdir()} <= {"CORPUS", "FILE", "mine", "answers.jsonl", "answers.csv"}


def test_after_two_commands_distilbert_answers(encoder, tmp_path, monkeypatch):
    """A small DistilBERT stands in for the Hub's, where the Hub's cache would hold that one."""
    tiny = DistilBertModel(DistilBertConfig(vocab_size=30522, n_layers=1, n_heads=2, dim=16, hidden_dim=32))
    repository = tmp_path / "hub" / "models--distilbert--distilbert-base-cased"
    for save in (tiny.save_pretrained, encoder.tokenizer.save_pretrained):
        save(repository / "snapshots" / "abc123")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc123")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.chdir(tmp_path)
    artifacts = tmp_path / "artifacts"
    for script in (embed, head):
        monkeypatch.setattr(script, "ARTIFACTS", artifacts)  # where the shipped head lies, nothing is written
    write_corpus(Path("CORPUS"))
    assert run_all(USAGE, "DistilBERT in two commands") == []
    classifier = Classifier.load(None, artifacts)
    assert classifier.name == "distilbert-base-cased"
    answer = classifier.classify("A survey for prime gaps over finite fields", "")
    assert sum(answer.probabilities) == pytest.approx(1)


def test_what_goes_to_a_space_is_a_clean_checkout(tmp_path):
    (block,) = under(USAGE, "As a Hugging Face Space", "bash")
    stand_in = tmp_path / "bin" / "hf"
    stand_in.parent.mkdir()
    stand_in.write_text('#!/bin/sh\necho "$@"\n')
    stand_in.chmod(0o755)
    said = run(
        ["bash", "-euo", "pipefail", "-c", block],
        tmp_path,
        PATH=f"{stand_in.parent}{os.pathsep}{os.environ['PATH']}",
        GIT_DIR=run(["git", "rev-parse", "--absolute-git-dir"], ROOT).strip(),
    )
    assert said == "upload YOU/article-spheres space . --repo-type space\n"
    files = [path for path in (tmp_path / "space").rglob("*") if path.is_file()]
    assert {"README.md", "app.py", "requirements.txt"} <= {path.name for path in files}
    assert any(path.stat().st_size > 10 * 2**20 for path in files)  # why `git push` is not enough
    manual = run([str(Path(sys.executable).with_name("hf")), "upload", "--help"], tmp_path)
    assert "REPO_ID [LOCAL_PATH] [PATH_IN_REPO]" in manual
    assert re.search(r"--repo-type \[[\w|]*space", manual)


def test_the_table_of_options_has_each_of_the_pages_options_and_its_default():
    options = {option: action for action in app.parser()._actions for option in action.option_strings}
    table = dict(re.findall(r"^\| `(--[\w-]+)[^|]*\|.*\| *(.*?) *\|$", USAGE.read_text("utf-8"), re.MULTILINE))
    assert set(table) == {option for option in options if option.startswith("--")} - {"--help"}
    for option, said in table.items():
        if type(default := options[option].default) is int:
            assert said == f"{default:,}"
