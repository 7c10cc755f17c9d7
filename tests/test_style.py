"""Lint, format and types, so that one command checks everything."""

import subprocess
import sys

import pytest
from places import ROOT


@pytest.mark.parametrize("command", ["ruff check .", "ruff format --check .", "mypy"])
def test_the_code_is_clean(command: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_readme_promises_no_file_that_is_not_there() -> None:
    import re

    readme = (ROOT / "README.md").read_text()
    for path in re.findall(r"\]\((?!http|#)([^)#]+)", readme):
        assert (ROOT / path).exists(), path
