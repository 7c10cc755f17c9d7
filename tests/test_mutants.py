"""Mistakes put into a copy of the code, one at a time: the module's own tests must notice. `mutmut run` has all others.

Each is a subprocess of about a second; see docs/testing.md.
"""

import os
import subprocess
import sys
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
    "a manifest changed by hand is good": ("artifacts", "manifest != sealed(manifest)", "False"),
    "arrays of any shape belong together": ("cache", "        _check_shapes(cache, remedy)\n", ""),
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


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_noticed(mistake: str, tmp_path: Path) -> None:
    module, there, instead = MISTAKES[mistake]
    source = (ROOT / "spheres" / f"{module}.py").read_text(encoding="utf-8")
    assert source.count(there) == 1, "the code has changed: put the mistake in anew"
    ended = run_tests(module, tmp_path, source.replace(there, instead))
    assert ended.returncode == 1 and "1 failed" in ended.stdout, ended.stdout + ended.stderr


def test_without_a_mistake_nothing_is_noticed(tmp_path: Path) -> None:
    source = (ROOT / "spheres" / "cache.py").read_text(encoding="utf-8")
    ended = run_tests("cache", tmp_path, source)
    assert ended.returncode == 0, ended.stdout + ended.stderr
