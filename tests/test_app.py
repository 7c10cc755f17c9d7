"""app.py as it is run: its arguments, its messages, its exit codes; and the public link where there is none."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from gradio_client import Client

import app
from spheres.errors import SphereError
from spheres.files.manifest import with_checksum
from spheres.server.address import free_address
from spheres.server.auth import read_credentials
from spheres.server.tunnel import open_public_link

APP = Path(__file__).resolve().parent.parent / "app.py"


def run(*arguments: str, timeout: float = 60, **environment: str) -> subprocess.CompletedProcess[str]:
    """app.py run to its end: only for what does not go on serving a page."""
    return subprocess.run(
        [sys.executable, str(APP), *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, **environment},
    )


@contextmanager
def running(*arguments: str, folder: Path, command: tuple[str, ...] = (), **environment: str):
    """app.py as a process of its own, started in `folder`; gives its address and a function that waits for a line."""
    process = subprocess.Popen(
        [sys.executable, *(command or (str(APP), "--port", "0")), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env={**os.environ, **environment},
    )
    lines: list[str] = []
    reader = threading.Thread(target=lambda: [lines.append(line) for line in process.stdout], daemon=True)
    reader.start()

    def line_with(text: str, seconds: float) -> str:
        end = time.monotonic() + seconds
        while time.monotonic() < end and process.poll() is None:
            for line in lines:
                if text in line:
                    return line
            time.sleep(0.05)
        pytest.fail(f"no line with {text!r} within {seconds} s; the process said:\n{''.join(lines)}")

    try:
        yield re.search(r"http://\S+", line_with("http://", 90))[0], line_with, lines
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@pytest.fixture
def busy_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_help_is_the_manual_and_comes_at_once():
    start = time.monotonic()
    said = run("--help")
    assert said.returncode == 0
    options = "--encoder --artifacts --share --host --port --auth --mcp"
    names = [*options.split(), "SPHERES_AUTH", "GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT"]
    assert [name for name in names if name not in said.stdout] == []
    assert time.monotonic() - start < 5


def test_the_first_line_waits_for_nothing_heavy():
    code = "import sys, app; print(sorted({'numpy', 'gradio', 'torch', 'httpx'} & set(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", code], cwd=APP.parent, capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"


def test_without_host_and_port_the_environment_says_where(monkeypatch):
    def where(*given: str) -> tuple[str, int | None]:
        options = app.parser().parse_args(given)
        return options.host, options.port

    for name in ("GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT"):
        monkeypatch.delenv(name, raising=False)
    assert where() == ("127.0.0.1", None)
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0")
    monkeypatch.setenv("GRADIO_SERVER_PORT", "7865")
    assert where() == ("0.0.0.0", 7865)
    assert where("--host", "::1", "--port", "0") == ("::1", 0)
    monkeypatch.setenv("GRADIO_SERVER_NAME", "")
    monkeypatch.setenv("GRADIO_SERVER_PORT", "")
    assert where() == ("127.0.0.1", None)


def test_a_port_in_the_environment_that_is_none_is_a_sentence(monkeypatch, capsys):
    monkeypatch.setenv("GRADIO_SERVER_PORT", "many")
    refused([], "'many' is not a port: give a number from 0 to 65535", capsys)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (["--port", "70000"], "'70000' is not a port"),
        (["--port", "-1"], "'-1' is not a port"),
        (["--max-rows", "0"], "'0' is not a whole number above zero"),
        (["--max-megabytes", "1.5"], "'1.5' is not a whole number above zero"),
        (["--nonsense"], "unrecognized arguments"),
    ],
)
def test_a_bad_argument_ends_with_code_2_and_a_sentence(bad, words, capsys):
    refused(bad, words, capsys)


def refused(arguments: list[str], words: str, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        app.main(arguments)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("bad", ["", "reader", "reader:", ":secret"])
def test_credentials_that_are_none_end_with_code_2_and_a_sentence(bad, capsys):
    assert app.main(["--auth", bad]) == 2
    one_sentence(capsys.readouterr().err, "USER:PASSWORD")


def test_credentials_may_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("SPHERES_AUTH", "reader:from environment")
    assert read_credentials(None) == ("reader", "from environment")
    assert "SPHERES_AUTH" not in os.environ  # what is started from here does not get it
    assert read_credentials(None) is None
    monkeypatch.setenv("SPHERES_AUTH", "reader:from environment")
    assert read_credentials("other:given") == ("other", "given")


@pytest.fixture
def in_process(monkeypatch):
    """What `app.main` changes for its process alone is left as it was."""
    monkeypatch.setattr("spheres.server.temp_files.use_private_folder", lambda: None)
    monkeypatch.setattr(app, "ENVIRONMENT", {})
    monkeypatch.setattr("gc.freeze", lambda: None)


def one_sentence(said: str, about: str) -> None:
    assert said.startswith("app.py: ") and about in said
    assert said.count("\n") == 1
    assert "Traceback" not in said


def test_a_taken_port_ends_with_code_2_and_a_sentence(busy_port, capsys):
    assert app.main(["--port", str(busy_port)]) == 2
    one_sentence(capsys.readouterr().err, f"Port {busy_port} is taken")


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_a_host_that_is_not_this_machine_ends_with_code_2_at_once(host, capsys):
    start = time.monotonic()
    assert app.main(["--host", host]) == 2
    one_sentence(capsys.readouterr().err, f"Cannot listen on {host}")
    assert time.monotonic() - start < 20


def test_an_encoder_without_a_head_ends_with_code_2_and_a_sentence(tmp_path, in_process, capsys):
    assert app.main(["--port", "0", "--artifacts", str(tmp_path)]) == 2
    one_sentence(capsys.readouterr().err, str(tmp_path))


def test_a_head_that_cannot_be_loaded_ends_the_served_page_with_code_2_and_a_sentence(tmp_path):
    shipped = APP.parent / "artifacts" / "all-MiniLM-L6-v2"
    folder = shutil.copytree(shipped, tmp_path / shipped.name, ignore=shutil.ignore_patterns("*.npy", "manifest.json"))
    manifest = json.loads((folder / "head.json").read_text())
    manifest["identity"]["weights_sha256"] = "0" * 64
    (folder / "head.json").write_text(json.dumps(with_checksum(manifest)))
    ended = run("--port", "0", "--artifacts", str(tmp_path), timeout=180)
    assert ended.returncode == 2
    one_sentence(ended.stderr, "was trained with other weights")


def test_without_a_wanted_port_the_next_free_one_is_taken_where_there_is_one(busy_port):
    assert free_address("127.0.0.1", None, range(busy_port, busy_port + 100))[1] > busy_port
    with pytest.raises(SphereError, match="are all taken"):
        free_address("127.0.0.1", None, range(busy_port, busy_port + 1))


def test_the_page_starts_in_any_folder_behind_any_proxy_and_says_its_address(tmp_path):
    """The proxy, which answers nobody, also closes the network to the tunnel: the way without a public link is real."""
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    proxies |= {"NO_PROXY": "", "no_proxy": ""}
    with running("--share", folder=tmp_path, **proxies) as (url, line_with, lines):
        assert "Article Sphere Classifier" in line_with("http://", 1)
        assert "the local page works" in line_with("No public link", 20)
        answer = Client(url, verbose=False).predict("Neural machine translation", api_name="/classify")
        assert answer["spheres"]
        assert lines[0] == "Loading ...\n"
        assert len(lines) == 3, lines


def said_by_public_link(monkeypatch, tunnel, patience=5.0) -> list[str]:
    monkeypatch.setattr("gradio.networking.setup_tunnel", tunnel)
    said: list[str] = []
    open_public_link(("0.0.0.0", 7860), said.append, patience)
    end = time.monotonic() + 5
    while not said and time.monotonic() < end:
        time.sleep(0.01)
    return said


def test_a_public_link_is_said_and_leads_to_the_local_page(monkeypatch):
    asked = []

    def tunnel(*arguments):
        asked.append(arguments)
        return "http://abc.gradio.live"

    (said,) = said_by_public_link(monkeypatch, tunnel)
    assert said.endswith("https://abc.gradio.live")
    assert asked[0][:2] == ("127.0.0.1", 7860)


@pytest.mark.parametrize("error", [RuntimeError("no"), ValueError("log\nlog\nlog"), OSError(8, "Exec format error")])
def test_a_tunnel_that_fails_is_said_in_one_sentence(monkeypatch, capsys, error):
    def tunnel(*_):
        print("the tunnel program's own log", file=sys.stderr)
        raise error

    (said,) = said_by_public_link(monkeypatch, tunnel)
    assert said.startswith("No public link")
    assert said.endswith("the local page works without it.")
    assert "\n" not in said
    assert capsys.readouterr().err == ""


def test_a_tunnel_that_hangs_is_given_up_in_time_and_a_late_link_is_not_kept_secret(monkeypatch):
    release = threading.Event()

    def tunnel(*_):
        release.wait(10)
        return "http://late.gradio.live"

    said = said_by_public_link(monkeypatch, tunnel, patience=0.2)
    assert "No public link after" in said[0]
    release.set()
    end = time.monotonic() + 5
    while len(said) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    assert "late.gradio.live" in said[1]
