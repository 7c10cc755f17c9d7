"""Write requirements/lock.txt and requirements/lock-cuda.txt: exact versions and hashes of all that the project needs.

    pip install uv
    python docs/make_lock.py
    python docs/make_lock.py /folder/of/wheels      # where PyTorch's CPU build is at hand and PyTorch's site is not

For CPython 3.11 on x86-64 Linux. PyTorch comes in two builds of one version: that of PyTorch's own site needs nothing
more and computes on the processor; PyPI's computes on NVIDIA's cards too, and asks for their libraries, gigabytes of
them. Hence two files. Half a minute; nothing is installed, and nothing large is fetched.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
CPU_SITE = "https://download.pytorch.org/whl/cpu"
TARGET = ("--python-version", "3.11", "--python-platform", "x86_64-manylinux_2_28")
HEADER = """\
# Exact versions and hashes for CPython 3.11 on x86-64 Linux, {build}.
# pip install --require-hashes -r {name}{where}
# Made by `python docs/make_lock.py`: do not edit.
"""


def main() -> None:
    wheels = sys.argv[1] if len(sys.argv) > 1 else f"{CPU_SITE}/torch/"
    cpu = resolved("--find-links", wheels)
    if "nvidia" in cpu:
        sys.exit(f"{wheels} has no CPU build of the PyTorch that requirements.txt names.")
    write("requirements/lock.txt", cpu, "with PyTorch's CPU build", f" --extra-index-url {CPU_SITE}")
    write("requirements/lock-cuda.txt", resolved(), "with the PyTorch of PyPI, which NVIDIA's cards compute too")


def resolved(*more: str) -> str:
    """What uv makes of requirements.txt."""
    command = ["uv", "pip", "compile", "requirements.txt", "--quiet", "--no-config", "--no-header", "--no-annotate"]
    command += ["--generate-hashes", *TARGET, *more]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def write(name: str, requirements: str, build: str, where: str = "") -> None:
    (ROOT / name).write_text(HEADER.format(build=build, name=name, where=where) + requirements)


if __name__ == "__main__":
    main()
