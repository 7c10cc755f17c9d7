"""The Dockerfile, which builds where no registry of images is in reach: its command run on what it copies.

The page starts in a folder that holds only the copied files, with only the packages that the lock names, and with the
image's environment. What is not tried is what Docker itself does: the base image, the user, the read-only root.
"""

import ast
import json
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from gradio_client import Client
from places import ROOT

TEXT = (ROOT / "Dockerfile").read_text("utf-8")
LOCK = (ROOT / "requirements" / "lock.txt").read_text("utf-8")
LINES = re.sub(r"\\\n\s*", " ", re.sub("^#.*\n", "", TEXT, flags=re.MULTILINE)).splitlines()
INSTRUCTIONS = [tuple(line.split(" ", 1)) for line in LINES if line.strip()]
IGNORED = [line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line and line[0] != "#"]


def all_of(name: str) -> list[str]:
    return [arguments for instruction, arguments in INSTRUCTIONS if instruction == name]


def only(name: str) -> str:
    (arguments,) = all_of(name)
    return arguments


def is_ignored(path: str) -> bool:
    """Whether the builder does not get a file: the last line that matches it, or a folder of it, decides."""
    parents = [path, *map(str, list(Path(path).parents)[:-1])]
    ignored = False
    for line in IGNORED:
        pattern = line.removeprefix("!")
        if any(fnmatch(p, pattern) and p.count("/") == pattern.count("/") for p in parents) or (
            pattern.startswith("**/") and any(fnmatch(part, pattern[3:]) for part in Path(path).parts)
        ):
            ignored = not line.startswith("!")
    return ignored


def copied(line: str) -> dict[str, str]:
    """Where each file of a COPY goes, and where it comes from, within the image and within the project."""
    *sources, target = line.split()
    found = {}
    for source in map(ROOT.joinpath, sources):
        parent, within = (source, source.rglob("*")) if source.is_dir() else (source.parent, [source])
        for path in filter(Path.is_file, within):
            if not is_ignored(str(path.relative_to(ROOT))):
                found[str(Path(target, path.relative_to(parent)))] = str(path.relative_to(ROOT))
    return found


FILES = {target: source for line in all_of("COPY") for target, source in copied(line).items()}


@pytest.mark.parametrize("source", [source for line in all_of("COPY") for source in line.split()[:-1]])
def test_every_copied_path_is_there_and_reaches_the_builder(source: str) -> None:
    assert copied(f"{source} ./")


def test_nothing_reaches_the_image_but_what_the_project_keeps_and_the_page_needs() -> None:
    kept = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    assert set(FILES.values()) <= set(kept)
    needed = {"LICENSE", "app.py", "requirements", "spheres", "artifacts"}
    assert {name.split("/")[0] for name in FILES.values()} == needed


@pytest.mark.parametrize(
    "stray", ["spheres/__pycache__/page.pyc", "artifacts/mine/head.json", ".git/config", ".venv/a.py", "tests/nasty.py"]
)
def test_what_lies_about_does_not_reach_the_builder(stray: str) -> None:
    assert is_ignored(stray)


def test_the_packages_are_installed_as_the_lock_says() -> None:
    says = re.search(r"^# pip install (.*)$", LOCK, re.MULTILINE)
    (installs,) = [line for line in all_of("RUN") if "pip install" in line]
    assert says and says[1] in installs
    assert "--no-cache-dir" in installs


def test_the_page_runs_as_a_user_without_rights_on_the_port_that_is_named() -> None:
    user, group = only("USER").split(":")
    assert int(user) > 1000 and int(group) > 1000
    assert f"--uid {user} " in all_of("RUN")[0]
    assert [name for name, _ in INSTRUCTIONS if name in ("USER", "COPY", "RUN")][-1] == "USER"
    assert json.loads(only("CMD"))[2:] == ["--host", "0.0.0.0", "--port", only("EXPOSE")]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages that the lock names, and no others."""
    folder = tmp_path_factory.mktemp("packages")
    for name in re.findall(r"^([\w.-]+)==", LOCK, re.MULTILINE):
        try:
            found = distribution(name)
        except PackageNotFoundError:  # what needed it once does so no more, or the page will not start
            continue
        for top in {Path(str(file)).parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            if not (folder / top).exists():
                (folder / top).symlink_to(str(found.locate_file(top)))
    return folder


def test_whatever_is_imported_when_it_is_first_needed_is_locked_as_well(packages: Path) -> None:
    statements = [
        node for path in (ROOT / "spheres").rglob("*.py") for node in ast.walk(ast.parse(path.read_text("utf-8")))
    ]
    names = {name.name for node in statements if isinstance(node, ast.Import) for name in node.names}
    names |= {node.module or "" for node in statements if isinstance(node, ast.ImportFrom)}
    tops = {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"spheres"}
    assert {"gradio", "torch", "sentencex"} <= tops
    assert {top for top in tops if not list(packages.glob(f"{top}*"))} <= {"ray", "mcp"}  # `--engine ray`, `--mcp`


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the image gets, and no others."""
    folder = tmp_path_factory.mktemp("image")
    for target, source in FILES.items():
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / source, folder / target)
    return folder


@pytest.fixture(scope="module")
def environment(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The image's environment, with a folder of the test's own for /tmp."""
    place = str(tmp_path_factory.mktemp("tmp"))
    pairs = (pair.partition("=")[::2] for pair in shlex.split(only("ENV")))
    return {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(packages),
        "TMPDIR": place,
        **{name: re.sub("^/tmp", place, value) for name, value in pairs},
    }


@pytest.fixture(scope="module")
def port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


def command(words: str, port: str) -> list[str]:
    """What CMD says, with this Python and without its other packages, at a port that is free."""
    python, *rest = json.loads(words.partition("CMD ")[2] or words)
    assert python == "python"
    return [sys.executable, "-S", *(word.replace(only("EXPOSE"), port) for word in rest)]


def healthy(environment: dict[str, str], port: str) -> bool:
    said = subprocess.run(command(only("HEALTHCHECK"), port), env=environment, capture_output=True, check=False)
    return said.returncode == 0


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture(scope="module")
def page(image: Path, environment: dict[str, str], port: str) -> Iterator[str]:
    """The page as the image starts it, and its address; ended as Docker ends it."""
    assert not healthy(environment, port)
    before = files_in(image)
    log = Path(environment["TMPDIR"], "log")
    with log.open("w") as out:
        process = subprocess.Popen(command(only("CMD"), port), cwd=image, env=environment, stdout=out, stderr=out)
    try:
        end = time.monotonic() + 90
        while "is at http://" not in log.read_text():
            assert process.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.send_signal(signal.SIGTERM)
        ended = process.wait(20)
    assert ended == 0
    assert files_in(image) == before  # so its root may be read-only


def test_the_copied_files_and_the_locked_packages_are_enough_for_an_answer(page: str) -> None:
    answer = Client(page, verbose=False).predict("Prime gaps and the zeros of L-functions", api_name="/classify")
    assert answer["spheres"] == ["math"]


def test_a_page_that_answers_is_healthy(page: str, environment: dict[str, str], port: str) -> None:
    assert healthy(environment, port)
    assert healthy({**environment, "http_proxy": "http://127.0.0.1:9"}, port)


def test_what_is_written_lies_where_the_image_may_be_written(page: str, environment: dict[str, str]) -> None:
    assert list(Path(environment["GRADIO_TEMP_DIR"]).glob("spheres-page-*"))
