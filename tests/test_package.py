"""The public Python interface; what it answers is the doctest of `spheres/__init__.py`."""

import tomllib

import pytest
from places import ROOT

import spheres
from spheres.data.corpus import Corpus
from spheres.inference.classifier import Classifier


def test_the_public_names_are_there() -> None:
    assert (spheres.Classifier, spheres.Corpus) == (Classifier, Corpus)
    assert set(spheres.__all__) <= set(dir(spheres))
    with pytest.raises(AttributeError, match="no attribute 'Head'"):
        spheres.Head  # type: ignore[attr-defined]  # noqa: B018


def test_the_version_is_the_packages() -> None:
    assert spheres.__version__ == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_importing_the_package_imports_nothing_heavy(run_script) -> None:
    code = "import sys, spheres, spheres.errors; sys.exit(bool({'torch', 'numpy', 'transformers'} & set(sys.modules)))"
    assert run_script("-c", code).returncode == 0
