"""Write requirements/lock.txt and lock-cuda.txt: exact versions and hashes of all that requirements.txt needs.

    pip install uv
    python docs/make_lock.py
    python docs/make_lock.py /folder/of/wheels      # where PyTorch's CPU build is at hand and PyTorch's site is not

For CPython 3.11 on x86-64 Linux. PyTorch comes in two builds of one version: that of PyTorch's own site needs nothing
more and computes on the processor; PyPI's computes on NVIDIA's cards too, and asks for their libraries, gigabytes of
them. Hence two files. A version that is locked already stays, unless its line is deleted before. Half a minute; nothing
is installed, and nothing large is fetched.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
CPU_SITE = "https://download.pytorch.org/whl/cpu"
OPTIONS = ("--quiet", "--no-config", "--no-header", "--no-annotate", "--generate-hashes")
TARGET = ("--python-version", "3.11", "--python-platform", "x86_64-manylinux_2_28")
HEADER = """\
# Exact versions and hashes for CPython 3.11 on x86-64 Linux, {build}.
# pip install --require-hashes -r {name}{where}
# Made by `python docs/make_lock.py`: do not edit.
"""


def main() -> None:
    wheels = sys.argv[1] if len(sys.argv) > 1 else f"{CPU_SITE}/torch/"
    lock("requirements/lock.txt", "with PyTorch's CPU build", f" --extra-index-url {CPU_SITE}", "--find-links", wheels)
    if "nvidia" in (ROOT / "requirements" / "lock.txt").read_text():
        sys.exit(f"{wheels} has no CPU build of the PyTorch that requirements.txt names.")
    lock("requirements/lock-cuda.txt", "with the PyTorch of PyPI, which NVIDIA's cards compute too")


def lock(name: str, build: str, where: str = "", *options: str) -> None:
    """Have uv bring one file up to date with requirements.txt, and put the header above it."""
    command = ["uv", "pip", "compile", "requirements.txt", "--output-file", name, *OPTIONS, *TARGET, *options]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    path = ROOT / name
    path.write_text(HEADER.format(build=build, name=name, where=where) + path.read_text())


if __name__ == "__main__":
    main()
