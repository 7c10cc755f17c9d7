"""Lint, format, types and shape, so that one command checks everything."""

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from graphlib import TopologicalSorter

import pytest
import yaml
from places import ROOT

CHECKS = ("ruff check .", "ruff format --check .", "mypy")
MOST_LINES_OF_A_MODULE, MOST_LINES_OF_A_FUNCTION = 300, 50
THE_DATAS_WAY = ("corpus", "encoder", "cache", "head", "classifier", "page")  # each knows those before it alone
MODULES = {path.stem: path.read_text("utf-8") for path in sorted((ROOT / "spheres").glob("*.py"))}
SCRIPTS = {path.name: path.read_text("utf-8") for path in sorted(ROOT.glob("*.py"))}


@pytest.mark.parametrize("command", CHECKS)
def test_the_code_is_clean(command: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_what_runs_before_a_commit_is_what_runs_here() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]
    ours = [hook for hook in hooks if hook["language"] == "system"]
    assert [hook["entry"] for hook in ours] == [f"python -m {command}" for command in CHECKS]
    assert not [hook["id"] for hook in ours if hook["pass_filenames"]]  # all files, whichever were changed


def test_the_readme_promises_no_file_that_is_not_there() -> None:
    import re

    readme = (ROOT / "README.md").read_text()
    for path in re.findall(r"\]\((?!http|#)([^)#]+)", readme):
        assert (ROOT / path).exists(), path


def test_no_module_is_too_long_to_read_at_one_sitting() -> None:
    lengths = {name: len(text.splitlines()) for name, text in (MODULES | SCRIPTS).items()}
    assert len(lengths) > 60
    assert {name: n for name, n in lengths.items() if n > MOST_LINES_OF_A_MODULE} == {}


def test_no_function_is_too_long_to_see_at_once() -> None:
    functions = {
        f"{name}.{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for name, text in (MODULES | SCRIPTS).items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert len(functions) > 400
    assert {name: n for name, n in functions.items() if n > MOST_LINES_OF_A_FUNCTION} == {}


def imported(statements: Iterable[ast.stmt]) -> Iterator[str]:
    """Which of the project's modules are imported when these statements run, short of those inside functions."""
    for statement in statements:
        match statement:
            case ast.ImportFrom(module="spheres", names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=str(module)) if module.startswith("spheres."):
                yield module.split(".")[1]
            case ast.Import(names=names):
                yield from (name.name.split(".")[1] for name in names if name.name.startswith("spheres."))
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                continue
            case ast.If() | ast.Try() | ast.With() | ast.ClassDef():
                yield from imported(statement.body)


IMPORTS = {name: set(imported(ast.parse(text).body)) for name, text in MODULES.items()}


def behind(module: str) -> set[str]:
    """All modules that come with this one."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        more = IMPORTS[waiting.pop()] - found
        found |= more
        waiting += more
    return found


def test_no_two_modules_need_each_other() -> None:
    order = list(TopologicalSorter(IMPORTS).static_order())  # raises where there is a circle
    assert set(order) == set(MODULES)


@pytest.mark.parametrize("station", THE_DATAS_WAY)
def test_no_module_knows_of_what_comes_after_it(station: str) -> None:
    later = set(THE_DATAS_WAY[THE_DATAS_WAY.index(station) + 1 :])
    assert behind(station) & later == set()


def test_the_page_knows_the_classifier_and_that_the_encoder() -> None:
    assert {"classifier", "corpus"} <= behind("page")
    assert {"encoder", "cache", "head"} <= behind("classifier")
