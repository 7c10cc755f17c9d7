"""The lock files are of the versions that requirements.txt names, and all that they name is hashed."""

import re

import pytest
from places import ROOT

PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
CPU, CUDA = LOCKS = ("requirements/lock.txt", "requirements/lock-cuda.txt")
FOR_CARDS = ("nvidia-", "cuda-", "triton")


def pins(name: str) -> dict[str, str]:
    """Package -> version in one of the files, without those it includes, and without the name of a build."""
    found = PIN.findall((ROOT / name).read_text())
    return {package.lower(): version.partition("+")[0] for package, version in found}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_the_versions_of_the_requirements(name: str) -> None:
    wanted, locked = pins("requirements.txt"), pins(name)
    assert len(wanted) > 10
    assert {package: locked.get(package) for package in wanted} == wanted


@pytest.mark.parametrize("name", ["requirements.txt", "requirements/dev.txt", "requirements/ray.txt", *LOCKS])
def test_every_requirement_is_exact(name: str) -> None:
    lines = [line for line in (ROOT / name).read_text().splitlines() if line and line[0] not in "# "]
    assert [x for x in lines if not x.startswith("-r ") and not re.match(r"[\w.\[\]-]+==[\w.+]+( \\)?$", x)] == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_is_hashed(name: str) -> None:
    text = "".join(line for line in (ROOT / name).read_text().splitlines(keepends=True) if line[0] != "#")
    blocks = [block for block in re.split(r"^(?=\w)", text, flags=re.MULTILINE) if block]
    assert len(blocks) == len(pins(name))
    for block in blocks:
        hashes = re.findall(r"--hash=(\S+)", block)
        assert hashes and all(re.fullmatch(r"sha256:[0-9a-f]{64}", h) for h in hashes), block.splitlines()[0]


def test_the_locks_differ_in_what_nvidias_cards_need_and_in_nothing_else() -> None:
    cpu, cuda = pins(CPU), pins(CUDA)
    assert {name: version for name, version in cuda.items() if not name.startswith(FOR_CARDS)} == cpu
    assert len(cuda) > len(cpu)
