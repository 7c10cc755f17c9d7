"""Mistakes put into a copy of the code, one at a time: the module's own tests must notice. `mutmut run` has all others.

Each is a subprocess of about a second; see docs/testing.md.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from places import ROOT

# module, what stands there, what is put in its place
MISTAKES = {
    "a sum that just reaches the threshold is not enough": ("prediction", "threshold - 1e-9", "threshold + 1e-9"),
    "a group's own probability counts as mass before it": (
        "prediction",
        "before[:, 1:] = np.cumsum(descending, axis=1)[:, :-1]",
        "before[:] = np.cumsum(descending, axis=1)",
    ),
    "a cut covers one article too few": ("calibration", "(len(scores) + 1)", "len(scores)"),
    "a soft target does not sum to one": ("groups", "1 / (len(listings) * len(names))", "1 / len(names)"),
    "a manifest's sha256 is not compared": ("artifacts", "if not whole:", "if False:"),
    "a manifest changed by hand is good": ("artifacts", "manifest != with_checksum(manifest)", "False"),
    "arrays of any shape belong together": ("cache", "        _check_shapes(cache, hint)\n", ""),
    "an old manifest stays while new arrays are written": (
        "cache_writer",
        "        (self.folder / MANIFEST).unlink(missing_ok=True)\n",
        "",
    ),
}


def run_tests(module: str, folder: Path, source: str) -> subprocess.CompletedProcess[str]:
    """The tests of a module, with this source in its place."""
    package = folder / "spheres"
    package.mkdir()
    for file in (ROOT / "spheres").glob("*.py"):
        (package / file.name).symlink_to(file)
    (package / f"{module}.py").unlink()
    (package / f"{module}.py").write_text(source, encoding="utf-8")
    options = ["-x", "-q", "--noconftest", "-p", "no:cacheprovider", "-k", "not shipped"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, ROOT / "tests" / f"test_{module}.py"],
        cwd=folder,  # so that `spheres` is the copy
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def with_mistake(name: str) -> tuple[str, str]:
    """A module, and its source with this mistake in it; "" is none."""
    module, there, instead = MISTAKES.get(name, ("cache", "", ""))
    source = (ROOT / "spheres" / f"{module}.py").read_text(encoding="utf-8")
    assert not there or source.count(there) == 1, f"the code has changed: put the mistake in anew: {name}"
    return module, source.replace(there, instead)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, subprocess.CompletedProcess[str]]:
    """How the tests ended, by mistake; two run at once."""

    def run(name: str) -> subprocess.CompletedProcess[str]:
        module, source = with_mistake(name)
        return run_tests(module, tmp_path_factory.mktemp("mutant"), source)

    names = ["", *MISTAKES]
    with ThreadPoolExecutor(2) as both:
        return dict(zip(names, both.map(run, names), strict=True))


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_noticed(mistake: str, ended: dict[str, subprocess.CompletedProcess[str]]) -> None:
    said = ended[mistake]
    assert said.returncode == 1 and "1 failed" in said.stdout, said.stdout + said.stderr


def test_without_a_mistake_nothing_is_noticed(ended: dict[str, subprocess.CompletedProcess[str]]) -> None:
    assert ended[""].returncode == 0, ended[""].stdout + ended[""].stderr
