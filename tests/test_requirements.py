"""The lock files are of the versions that requirements.txt names, and every one of them is hashed."""

import re

import pytest
from places import ROOT

PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
LOCKS = ("requirements-lock.txt", "requirements-lock-cuda.txt")


def pins(name: str) -> dict[str, str]:
    """Package -> version in one of the files, without those it includes."""
    return {package.lower(): version for package, version in PIN.findall((ROOT / name).read_text())}


def test_the_lock_has_the_versions_of_the_requirements() -> None:
    wanted, locked = pins("requirements.txt"), pins("requirements-lock.txt")
    assert len(wanted) > 10
    assert {name: locked.get(name) for name in wanted} == wanted


def test_every_requirement_is_exact() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-ray.txt", *LOCKS):
        lines = [line for line in (ROOT / name).read_text().splitlines() if line and line[0] not in "# "]
        loose = [line for line in lines if not line.startswith("-r ") and not re.match(r"[\w.\[\]-]+==[\w.+]+", line)]
        assert loose == [], name


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_is_hashed(name: str) -> None:
    text = (ROOT / name).read_text()
    blocks = re.split(r"^(?=\w)", "\n".join(line for line in text.splitlines() if line[:1] not in "#-"), flags=re.M)
    blocks = [block for block in blocks if block.strip()]
    assert len(blocks) == len(pins(name))
    for block in blocks:
        hashes = re.findall(r"--hash=(\S+)", block)
        assert hashes and all(re.fullmatch(r"sha256:[0-9a-f]{64}", h) for h in hashes), block.splitlines()[0]


def test_the_second_lock_adds_nvidias_libraries_to_the_first_and_nothing_else() -> None:
    first, second = pins(LOCKS[0]), pins(LOCKS[1])
    assert f"-r {LOCKS[0]}\n" in (ROOT / LOCKS[1]).read_text()
    assert not first.keys() & second.keys()
    assert not [name for name in second if not name.startswith(("nvidia-", "cuda-", "triton"))]
    assert not [name for name in first if name.startswith(("nvidia-", "cuda-", "triton"))]
