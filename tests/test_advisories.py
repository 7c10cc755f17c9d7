"""What is known against the locked packages is explained in docs/reliability.md, or the check fails.

Where PyPI's advisories cannot be reached, pip-audit says "No known vulnerabilities found" and means that it looked up
none; that is a skip here, never a pass. Against a database of the test's own the same check is seen to find.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from places import ROOT

LOCK = ROOT / "requirements/lock-cuda.txt"  # the CPU lock's PyTorch has a build's name, which no database knows
FLAWED = ("gradio", "GHSA-aaaa-bbbb-cccc", "CVE-2099-0001")


def audited(*service: str) -> list[dict[str, Any]]:
    """What pip-audit says of each locked package: its `vulns`, or the `skip_reason` for which it knows none.

    Raises:
        LookupError: it could ask nobody.
    """
    command = [sys.executable, "-m", "pip_audit", "--format=json", "--progress-spinner=off", "--disable-pip"]
    done = subprocess.run(
        [*command, "--require-hashes", "-r", LOCK, *service], capture_output=True, text=True, timeout=300, check=False
    )
    if not done.stdout:
        raise LookupError(done.stderr.strip().splitlines()[-1])
    packages = json.loads(done.stdout)["dependencies"]
    assert len(packages) > 50
    if all("skip_reason" in package for package in packages):
        raise LookupError(f"none of {len(packages)} packages was looked up: {packages[0]['skip_reason']}")
    return list(packages)


def unexplained(packages: list[dict[str, Any]], document: str) -> list[str]:
    """The findings of which no name, neither their own nor an alias, stands in the document."""
    named = set(re.findall(r"(?:CVE|GHSA|PYSEC)-[\w-]+\w", document))
    found = [(package, finding) for package in packages for finding in package.get("vulns", [])]
    return [
        f"{package['name']} {package['version']}: {finding['id']}, mended in {finding['fix_versions'] or 'no version'}"
        for package, finding in found
        if named.isdisjoint([finding["id"], *finding["aliases"]])
    ]


def test_what_is_known_against_a_locked_package_is_explained() -> None:
    try:
        packages = audited()
    except LookupError as unreached:
        pytest.skip(f"PyPI's advisories cannot be reached from here: {unreached}")
    assert [package["name"] for package in packages if "skip_reason" in package] == []
    assert unexplained(packages, (ROOT / "docs/reliability.md").read_text()) == []


class OneAdvisory(BaseHTTPRequestHandler):
    """Answers as OSV does, and knows one flaw of one package."""

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        package, name, alias = FLAWED
        affected = [{"package": {"name": package, "ecosystem": "PyPI"}, "versions": [question["version"]]}]
        flaw = {"id": name, "aliases": [alias], "summary": "made up", "affected": affected}
        body = json.dumps({"vulns": [flaw]} if question["package"]["name"] == package else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Quiet: the test says what matters."""


@pytest.fixture(scope="module")
def known() -> Iterator[list[dict[str, Any]]]:
    """What is said of the locked packages where a database answers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), OneAdvisory)
    Thread(target=server.serve_forever, daemon=True).start()
    yield audited("-s", "osv", "--osv-url", f"http://127.0.0.1:{server.server_port}/v1/query")
    server.shutdown()
    server.server_close()


def test_an_advisory_that_the_document_does_not_name_is_reported(known: list[dict[str, Any]]) -> None:
    package, _, name = FLAWED
    (said,) = unexplained(known, "nothing is known")
    assert said.startswith(f"{package} ") and name in said


@pytest.mark.parametrize("written", FLAWED[1:])
def test_one_that_it_names_by_either_name_is_not(known: list[dict[str, Any]], written: str) -> None:
    assert unexplained(known, f"| {written} | made up |") == []


def test_every_locked_package_is_looked_up(known: list[dict[str, Any]]) -> None:
    assert [package["name"] for package in known if "skip_reason" in package] == []


def test_a_database_that_does_not_answer_is_no_clean_audit() -> None:
    with pytest.raises(LookupError):
        audited("-s", "osv", "--osv-url", "http://127.0.0.1:9/v1/query")
