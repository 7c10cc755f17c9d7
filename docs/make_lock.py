"""Write requirements-lock.txt and requirements-lock-cuda.txt: exact versions and hashes of all that the project needs.

    pip install uv
    python docs/make_lock.py
    python docs/make_lock.py /folder/of/wheels      # where PyTorch's CPU build is at hand and PyTorch's site is not

For CPython 3.11 on x86-64 Linux. PyTorch comes in two builds of one version: PyPI's asks for NVIDIA's libraries,
gigabytes of them, and that of PyTorch's own site for none. The first file takes either build and lists no such library;
the second adds them, as PyPI's build asks for them. Half a minute, nothing is installed.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
CPU_BUILD = "https://download.pytorch.org/whl/cpu/torch/"
TARGET = ("--python-version", "3.11", "--python-platform", "x86_64-manylinux_2_28")
HEADER = "# Made by `python docs/make_lock.py`, for CPython 3.11 on x86-64 Linux: do not edit.\n"
USE = "# pip install --require-hashes -r requirements-lock.txt --extra-index-url https://download.pytorch.org/whl/cpu\n"
USE_CUDA = "# With PyPI's build of PyTorch: pip install --require-hashes -r requirements-lock-cuda.txt\n"


def main() -> None:
    from_pypi = resolved()
    cpu = resolved("--find-links", sys.argv[1] if len(sys.argv) > 1 else CPU_BUILD)
    if version(cpu["torch"]).partition("+")[0] != version(from_pypi["torch"]):
        sys.exit(f"{version(cpu['torch'])} is another version of PyTorch than PyPI's {version(from_pypi['torch'])}.")
    cpu["torch"] = either(from_pypi["torch"], cpu["torch"])
    (ROOT / "requirements-lock.txt").write_text(HEADER + USE + "".join(cpu.values()))
    libraries = [block for name, block in from_pypi.items() if name not in cpu]
    (ROOT / "requirements-lock-cuda.txt").write_text(
        f"{HEADER}{USE_CUDA}-r requirements-lock.txt\n{''.join(libraries)}"
    )


def resolved(*more: str) -> dict[str, str]:
    """Package -> its lines in what uv makes of requirements.txt."""
    command = ["uv", "pip", "compile", "requirements.txt", "--quiet", "--no-config", "--generate-hashes", *TARGET]
    command += ["--no-header", "--no-annotate", *more]
    text = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    blocks = re.findall(r"^[^\s#-].*\n(?:[ \t].*\n)*", text, re.MULTILINE)
    return {re.split("[=@ ]", block, maxsplit=1)[0]: block for block in blocks}


def version(block: str) -> str:
    """
    >>> version("torch==2.13.0+cpu \\\\\\n    --hash=sha256:00\\n")
    '2.13.0+cpu'
    """
    return block.split()[0].partition("==")[2]


def either(block: str, other: str) -> str:
    """The first requirement with the hashes of both.

    >>> print(either("a==1 \\\\\\n    --hash=sha256:1\\n", "a==1+cpu \\\\\\n    --hash=sha256:2\\n"), end="")
    a==1 \\
        --hash=sha256:1 \\
        --hash=sha256:2
    """
    hashes = re.findall(r"--hash=sha256:\w+", other)
    return block.rstrip("\n") + "".join(f" \\\n    {h}" for h in hashes if h not in block) + "\n"


if __name__ == "__main__":
    main()
