"""Look up known vulnerabilities of the locked packages; fail on what docs/reliability.md does not explain.

    python docs/audit.py       # now and then, not in every run of the tests; a minute, and needs PyPI's advisories

pip-audit prints "No known vulnerabilities found" also where it could ask nobody; here that is a failure.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "lock-cuda.txt"  # the CPU lock's PyTorch has a build's name, which no database knows


def main() -> None:
    command = [sys.executable, "-m", "pip_audit", "--format=json", "--progress-spinner=off", "--disable-pip"]
    done = subprocess.run([*command, "--require-hashes", "-r", LOCK], stdout=subprocess.PIPE, text=True, check=False)
    if not done.stdout:
        sys.exit("pip-audit could not ask anybody: see above.")
    packages = json.loads(done.stdout)["dependencies"]
    skipped = [package for package in packages if "skip_reason" in package]
    if skipped:
        sys.exit(f"{len(skipped)} of {len(packages)} packages were not looked up: {skipped[0]['skip_reason']}")
    explained = set(re.findall(r"(?:CVE|GHSA|PYSEC)-[\w-]+\w", (ROOT / "docs" / "reliability.md").read_text("utf-8")))
    unexplained = [
        f"{package['name']} {package['version']}: {finding['id']}, fixed in {finding['fix_versions'] or 'no version'}"
        for package in packages
        for finding in package["vulns"]
        if explained.isdisjoint([finding["id"], *finding["aliases"]])
    ]
    if unexplained:
        sys.exit("\n".join(unexplained))
    print(f"{len(packages)} packages: nothing that docs/reliability.md does not explain.")


if __name__ == "__main__":
    main()
