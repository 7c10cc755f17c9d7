"""Make sure that Chromium is there for the browser tests: Debian's package, installed if it is missing.

python tests/install_chromium.py
"""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome")


def main() -> int:
    if any(shutil.which(name) for name in NAMES):
        return 0
    if not shutil.which("apt-get"):
        print("No Chromium here and no apt-get to install it with: install Chromium by hand.", file=sys.stderr)
        return 2
    as_root = [] if os.geteuid() == 0 else ["sudo"]
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "chromium"]):
        if subprocess.run([*as_root, *command], check=False).returncode:
            print(f"`{' '.join([*as_root, *command])}` failed: install Chromium by hand.", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
