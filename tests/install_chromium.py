"""Make sure that a Chromium is there for the browser tests: Debian's headless shell, installed if it is missing.

python tests/install_chromium.py

The shell is Chromium without its window, and loads a page with half the computing; a Chromium that is there already
does, where the shell cannot be installed.
"""

import os
import shutil
import subprocess
import sys

SHELL = "chromium-headless-shell"
NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main() -> int:
    if shutil.which(SHELL):
        return 0
    if install():
        return 0
    if any(map(shutil.which, NAMES)):
        return 0
    print("No Chromium here, and apt-get could not install one: install Chromium by hand.", file=sys.stderr)
    return 2


def install() -> bool:
    """Whether apt-get could install the shell."""
    if not shutil.which("apt-get"):
        return False
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    commands = (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", SHELL])
    return all(subprocess.run([*as_root, *command], check=False).returncode == 0 for command in commands)


if __name__ == "__main__":
    sys.exit(main())
