"""The password: from the command line, a prompt or the environment, and on no list of processes."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from test_app import running

from spheres.errors import SphereError
from spheres.server.auth import read_credentials, restart_without_password, without_password


@pytest.mark.parametrize(
    "option",
    [["--auth", "a:b"], ["--auth=a:b"], ["--aut", "a:b"], ["--au=a:b"], ["--auth", "x:y", "--auth", "a:b"]],
    ids=" ".join,
)
def test_the_command_goes_on_without_the_password_and_with_all_else(option):
    command = ["python", "-X", "dev", "app.py", "--port", "0", *option, "--share"]
    rest = without_password(command, "a:b")
    assert "a:b" not in " ".join(rest)
    assert [part for part in rest if part not in ("--auth", "x:y")] == [*command[:6], "--share"]


def test_what_only_looks_like_the_password_stays():
    command = ["python", "app.py", "--host", "a:b", "--artifacts=a:b", "--a", "a:b"]
    assert without_password(command, "a:b") == command


def test_a_user_alone_is_asked_for_the_password_in_a_terminal(monkeypatch):
    asked = []
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda prompt: asked.append(prompt) or "geheim:ü")
    assert read_credentials("reader") == ("reader", "geheim:ü")
    assert asked == ["Password for reader: "]
    with pytest.raises(SphereError, match="USER:PASSWORD"):
        read_credentials("reader:")


class Terminal:
    def isatty(self) -> bool:
        return True


def test_nothing_is_started_anew_where_no_password_is_on_the_command_line(monkeypatch):
    monkeypatch.setattr("os.execv", lambda *_: pytest.fail("started anew"))
    for given, command in ((None, []), ("reader", ["app.py", "--auth", "reader"]), ("a:b", ["app.py"])):
        restart_without_password(given, command)


def test_a_password_on_the_command_line_protects_page_and_tools_and_is_on_no_list_of_processes(tmp_path):
    auth = "reader", "offenbar:ü"
    with running("--mcp", "--auth", ":".join(auth), folder=tmp_path) as (_, line_with, lines):
        url = line_with("Article Sphere Classifier is at", 60).split()[5]
        listed = subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True).stdout
        assert "app.py --port 0" in listed and "offenbar" not in listed
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            assert b"offenbar" not in read(path) or b"pytest" in read(path)
        tools = httpx.get(f"{url}gradio_api/mcp/schema", auth=auth).json()
        assert [tool["name"] for tool in tools] == [
            "classify",
            "classify_many",
            "classify_file",
        ]  # asked for, so they are there
        assert httpx.get(f"{url}gradio_api/mcp/schema").status_code == 401
        assert httpx.post(f"{url}gradio_api/call/classify", json={"data": ["x", "", 0.9]}).status_code == 401
        assert httpx.get(f"{url}config").status_code == 401
        assert "offenbar" not in httpx.get(url).text
        for password, status in (("wrong", 400), (auth[1], 200)):
            answer = httpx.post(f"{url}login", data={"username": "reader", "password": password})
            assert answer.status_code == status
        assert "offenbar" not in "".join(lines)


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # ended meanwhile
        return b""


def test_it_is_gone_from_there_before_anything_is_loaded(tmp_path):
    code = (
        "import os, sys; sys.path.insert(0, os.getcwd()); from spheres.server.auth import restart_without_password; "
        "restart_without_password('a:b' if '--auth' in sys.argv else None); "
        "heavy = {'torch', 'gradio', 'transformers', 'numpy'} & set(sys.modules); "
        "print(sys.argv[1:], os.environ['SPHERES_AUTH'], *heavy)"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    ended = subprocess.run(
        [sys.executable, str(script), "--port", "1", "--auth", "a:b", "--share"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stdout.strip() == "['--port', '1', '--share'] a:b", ended.stderr
