"""What visitors send and take away is gone within a day, whatever became of them, and nobody else looks into it."""

import io
import os
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import test_app
from fake_classifier import FakeClassifier
from filelock import FileLock
from gradio.route_utils import delete_files_created_by_app
from gradio_client import Client, handle_file
from places import ROOT
from visiting import served, until

from spheres.inference.service import Service
from spheres.server.temp_files import (
    INTERVAL,
    LOCK,
    MAX_AGE,
    MAX_AGE_UNFINISHED,
    PREFIX,
    VISITORS,
    remove_abandoned,
    remove_old,
)
from spheres.web.page import DELETE_CACHE, build_page

ROWS = "title,year\nPrime gaps and L-functions,2020\n"
QUIET = """
import os, sys
sys.path.insert(0, {root!r})

def note(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        with open({log!r}, "a") as f:
            print(event, arguments[1] if event in ("socket.connect", "socket.sendto") else arguments[0], file=f)

sys.addaudithook(note)
from spheres.server import temp_files
remove_old, temp_files.INTERVAL = temp_files.remove_old, 0.3
temp_files.remove_old = lambda folder, _: os.path.exists({late!r}) and remove_old(folder, 0.0)
import app
sys.exit(app.main())
"""


def test_the_hours_add_up_to_less_than_a_day():
    assert MAX_AGE + INTERVAL < 24 * 3600
    assert sum(DELETE_CACHE) < 24 * 3600


def test_old_files_go_and_young_ones_stay(tmp_path):
    (tmp_path / VISITORS / "a").mkdir(parents=True)
    for name in (LOCK, "half", f"{VISITORS}/a/old.csv"):
        (tmp_path / name).touch()
    assert remove_old(tmp_path, 3600) == 0
    time.sleep(1.1)
    (tmp_path / VISITORS / "young.csv").touch()
    assert remove_old(tmp_path, 1.0) == 2
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [LOCK, "young.csv"]
    remove_old(tmp_path, -1.0)
    assert sorted(path.name for path in tmp_path.rglob("*")) == [LOCK, VISITORS]  # empty folders follow


def test_an_upload_that_broke_off_goes_sooner(tmp_path, monkeypatch):
    (tmp_path / VISITORS / "a").mkdir(parents=True)
    for name in ("tmpabc", "a/whole.csv"):
        (tmp_path / VISITORS / name).touch()
    later = time.time() + MAX_AGE_UNFINISHED
    monkeypatch.setattr(time, "time", lambda: later)
    assert remove_old(tmp_path, 3600) == 1
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["whole.csv"]


def test_a_link_in_the_folder_goes_and_what_it_leads_to_stays(tmp_path):
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    outside.mkdir()
    (outside / "precious").touch()
    folder.mkdir()
    (folder / "link").symlink_to(outside)
    assert remove_old(folder, -1) == 1
    assert (outside / "precious").exists() and not (folder / "link").is_symlink()


def test_folders_of_killed_servers_go_and_those_in_use_stay(tmp_path):
    used, left, other = (tmp_path / name for name in (f"{PREFIX}used", f"{PREFIX}left", "gradio"))
    for folder in (used, left, other):
        (folder / VISITORS).mkdir(parents=True)
        (folder / VISITORS / "a.csv").touch()
    (tmp_path / f"{PREFIX}link").symlink_to(other)
    remove_abandoned(tmp_path)  # each is young: its server may not have locked it yet
    assert left.exists()
    with FileLock(used / LOCK):
        for folder in (used, left, other):
            os.utime(folder, (0, 0))
        remove_abandoned(tmp_path)
    assert (used / VISITORS / "a.csv").exists() and (other / VISITORS / "a.csv").exists()
    assert not left.exists()


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    code = "import app, sys; sys.exit(app.main(['--port', '0']))"
    environment = {**os.environ, "GRADIO_TEMP_DIR": str(tmp_path / "file" / "below")}
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1 and "GRADIO_TEMP_DIR" in ended.stderr


def test_gradio_knows_which_uploads_and_downloads_it_is_to_delete(tmp_path):
    page = build_page(Service(FakeClassifier()))
    with served(page) as site:
        table = tmp_path / "articles.csv"
        table.write_text(ROWS)
        client = Client(site, verbose=False, download_files=tmp_path)
        client.predict(file=handle_file(table), api_name="/classify_file")
        recorded = [Path(path) for files in page.temp_file_sets for path in files]
        assert {path.name for path in recorded} >= {"articles.csv", "articles-spheres.csv"}
        delete_files_created_by_app(page, age=None)  # what Gradio does in intervals of DELETE_CACHE, whatever the age
        assert not any(path.exists() for path in recorded)


def broken_off(site: str) -> None:
    """An upload that ends in its middle."""
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="half.csv"\r\n\r\n' + b"t" * 100_000
    request = b"POST /gradio_api/upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900000\r\n"
    with socket.create_connection(("127.0.0.1", urlsplit(site).port)) as connection:
        connection.sendall(request + b"Content-Type: multipart/form-data; boundary=x\r\n\r\n" + head)


@pytest.fixture
def watched(tmp_path, monkeypatch):
    """app.py started so that its every way out is noted, and all files are old once `late` is there; notes, `late`."""
    script, log, late = (tmp_path / name for name in ("quiet.py", "log", "late"))
    script.write_text(QUIET.format(root=str(ROOT), log=str(log), late=str(late)))
    monkeypatch.setattr(test_app, "APP", script)
    return log, late


def test_a_server_has_a_folder_of_its_own_asks_nobody_and_leaves_nothing(tmp_path, watched):
    log, late = watched
    temporary = tmp_path / "temporary"
    with test_app.running(folder=tmp_path, GRADIO_TEMP_DIR=str(temporary)) as (url, _, lines):
        [folder] = temporary.iterdir()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        client = Client(url, verbose=False, download_files=tmp_path / "mine")
        broken_off(url)
        until(lambda: files_in(folder))
        httpx.post(f"{url}gradio_api/upload", files={"another": ("b.csv", io.BytesIO(b"title\nx\n"))})
        [path] = httpx.post(f"{url}gradio_api/upload", files={"files": ("a.csv", ROWS)}).json()
        assert Path(path).is_relative_to(folder)
        answers, _ = client.predict(file=handle_file(f"{url}gradio_api/file={path}"), api_name="/classify_file")
        assert Path(answers).exists()
        late.touch()
        until(lambda: not files_in(folder))  # the broken upload, the one nobody asked for, both tables
        assert httpx.get(f"{url}gradio_api/file={path}").status_code == 403
        assert client.predict("Prime gaps", api_name="/classify")["spheres"][0] == "math"
        assert httpx.get(url).status_code == 200
        assert not [line for line in lines if "Traceback" in line]
    assert list(temporary.iterdir()) == []
    ways_out = {line for line in log.read_text().splitlines() if not is_near(line)}
    assert not ways_out
    assert "socket.connect ('127.0.0.1'" in log.read_text()  # the watcher saw something at all


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != LOCK]


def is_near(line: str) -> bool:
    place = line.split(" ", 1)[1]
    return place.startswith(
        ("('127.0.0.1'", "('::1'", "127.0.0.1", "b'127.0.0.1", "localhost", "::1", "None", "/", "b'/")
    )
