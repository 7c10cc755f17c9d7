"""Real parts, loaded once: the bundled encoder, and the classifier over the shipped artifacts."""

import os
import subprocess
import sys
from collections.abc import Callable

# One thread for each of pytest's workers: more than there are cores wait for one another, at a third of the speed.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is imported, here and in what the tests start

# No test asks anything of the Internet: so no client has certificates to read, 30 ms each.
os.environ.pop("SSL_CERT_FILE", None)
os.environ["SSL_CERT_DIR"] = os.devnull

import pytest
from hypothesis import settings
from places import ROOT, SHIPPED

from spheres.embeddings.cache import Cache, open_cache
from spheres.encoder.encoder import Encoder
from spheres.encoder.hub import find_encoder
from spheres.errors import Message
from spheres.inference.classifier import Classifier
from spheres.inference.neighbors import NeighborIndex

FOREVER = 300  # seconds; the slowest takes 25 on two cores


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="the long form of the tests that have one; minutes each")


def pytest_configure(config: pytest.Config) -> None:
    """One flag for all long forms; --hypothesis-profile=long asks for that of hostile input alone."""
    settings.register_profile("long")
    if config.getoption("--long"):
        settings.load_profile("long")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what has only a long form, where that was not asked for; pytest says how many.

    A short form that hangs is ended, with the stacks of all threads, long before the whole run would be.
    """
    if settings.get_current_profile_name() != "long":
        for item in items:
            item.add_marker(pytest.mark.timeout(FOREVER))
    if config.getoption("--long"):
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    items[:] = [item for item in items if not item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=left_out)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a message by its template: by its address, the workers of one run would collect different tests."""
    return val.template if isinstance(val, Message) else None


@pytest.fixture(scope="session")
def long(request: pytest.FixtureRequest) -> bool:
    """Whether the long form was asked for."""
    return bool(request.config.getoption("--long"))


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The bundled encoder in fp32, which every processor computes alike."""
    return Encoder.load(find_encoder("all-MiniLM-L6-v2"), precision="fp32")


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    """What the page runs: the shipped head over the bundled encoder."""
    return Classifier.load("all-MiniLM-L6-v2", SHIPPED)


@pytest.fixture(scope="session")
def shipped_cache() -> Cache:
    """The embedded corpus that is shipped."""
    return open_cache(SHIPPED / "all-MiniLM-L6-v2")


@pytest.fixture(scope="session")
def neighbors(classifier: Classifier) -> NeighborIndex:
    """The shipped cache, searchable."""
    opened = NeighborIndex.load(SHIPPED / classifier.name, classifier.bundle)
    assert opened is not None
    return opened


@pytest.fixture(scope="session")
def run_script() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run one of the three scripts as a user does."""

    def run(script: str, *arguments: object, timeout: float = 240) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, script, *map(str, arguments)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)

    return run
