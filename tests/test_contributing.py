"""CONTRIBUTING's four changes: each applies to the code as it is, is short, and does what it says."""

import gzip
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

from app import ENVIRONMENT

TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
CHANGES: dict[str, str] = dict(re.findall(r"^### (.+?)\n.*?^```diff\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
ENCODER, COLUMNS, FORMAT, LANGUAGE = (
    "An encoder",
    "The columns of a corpus",
    "A format of files",
    "A language for the page",
)
READ = """
import sys
from pathlib import Path
from spheres.data.corpus import Corpus
corpus = Corpus(Path(sys.argv[1]))
for article in corpus:
    print(article.id, article.title, article.abstract, *article.categories, article.date, sep="|")
print(corpus.format, corpus.counts.broken)
"""


def apply(change: str, folder: Path) -> Path:
    """A copy of the sources, changed as the document says."""
    sources = folder / "changed"
    if not sources.exists():
        shutil.copytree(ROOT / "spheres", sources / "spheres", ignore=shutil.ignore_patterns("__pycache__"))
    # Within no repository: inside one, git passes over what lies outside of the folder it is in, and says nothing.
    outside = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder)}
    applied = subprocess.run(
        ["git", "apply", "-"],
        cwd=sources,
        env=outside,
        input=CHANGES[change],
        capture_output=True,
        text=True,
        check=False,
    )
    assert applied.returncode == 0, applied.stderr
    return sources


def said(code: str, sources: Path, *arguments: object) -> str:
    """What Python prints, with these sources and no others."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE_", "PYTHONPATH"))}
    ended = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=sources,
        env=ours | ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_document_shows_all_four_and_no_other_diff():
    assert list(CHANGES) == [ENCODER, COLUMNS, FORMAT, LANGUAGE]
    assert TEXT.count("```diff") == len(CHANGES)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_of_less_than_ten_lines_within_the_projects_style(change, tmp_path):
    lines = [line for line in CHANGES[change].splitlines() if re.match(r"[+-](?![+-]{2} )", line)]
    assert 0 < len(lines) < 10
    sources = apply(change, tmp_path)
    for command in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", "--config", str(ROOT / "pyproject.toml"), "."]
        ended = subprocess.run(ruff, cwd=sources, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout


def test_the_four_changes_go_together(tmp_path):
    for change in CHANGES:
        apply(change, tmp_path)


def test_the_new_encoder_is_found_by_its_name(tmp_path):
    code = "from spheres.encoder.hub import find_encoder; print(find_encoder('bge-small-en-v1.5'))"
    assert "source='BAAI/bge-small-en-v1.5', pooling='cls', max_length=256" in said(code, apply(ENCODER, tmp_path))
    assert "source='bge-small-en-v1.5'" in said(code, ROOT)  # a Hub id like any other, before


def test_the_new_columns_are_read(tmp_path):
    table = tmp_path / "export.csv"
    table.write_text(
        "bibcode,title,abstract,arxiv_class,pubdate\n"
        "2020PhRvD.101a2003A,Dark haloes,We weigh them.,astro-ph.CO; hep-ph,2020-01-00\n"
    )
    article, _ = said(READ, apply(COLUMNS, tmp_path), table).splitlines()
    assert article == "2020PhRvD.101a2003A|Dark haloes|We weigh them.|astro-ph.CO|hep-ph|2020-01-00"


@pytest.mark.parametrize("packed", [False, True])
def test_the_new_format_is_read(packed, tmp_path):
    text = (
        b"id: a1\nTitle: On trees: a survey\nAbstract: We climb.\nCategories: cs.DS math.CO\n"
        b"\n  \nTitle: Prime gaps\nno field\nCategories: math.NT\n"
    )
    file = tmp_path / "articles.rec"
    file.write_bytes(gzip.compress(text) if packed else text)
    first, second, about = said(READ, apply(FORMAT, tmp_path), file).splitlines()
    assert first == "a1|On trees: a survey|We climb.|cs.DS|math.CO|"
    assert second.endswith("|Prime gaps||math.NT|")
    assert about == ("recfile, gzip 0" if packed else "recfile 0")


def test_a_record_of_the_new_format_holds_no_more_than_a_line_of_a_table(tmp_path):
    file = tmp_path / "hostile.rec"
    file.write_text("title: a\n" + "".join(f"{n}: \n" for n in range(120_000)) + "\ntitle: b\n")
    code = """
import sys
from contextlib import ExitStack
from pathlib import Path
from spheres.data.readers.detect import open_records
with ExitStack() as stack:
    print([len(row.record) for row in open_records(Path(sys.argv[1]), stack).rows])
"""
    assert said(code, apply(FORMAT, tmp_path), file) == "[100000, 1]\n"


def test_the_new_language_is_served_at_its_address(tmp_path):
    sources = apply(LANGUAGE, tmp_path)
    english = (ROOT / "spheres" / "english.py").read_text("utf-8")
    for old, new in (
        ('code="en"', 'code="es"'),
        ('"English"', '"Español"'),
        ('classify="Classify"', 'classify="Clasificar"'),
    ):
        assert english.count(old) == 1
        english = english.replace(old, new)
    (sources / "spheres" / "spanish.py").write_text(english, "utf-8")
    code = """
import gc
gc.disable()
from types import SimpleNamespace
import httpx
from spheres.inference.service import Service
from spheres.web.page import build_page, site
from spheres.server.launch import free_address, serve
page = build_page(Service(SimpleNamespace(name="none", n_articles=0)))
url = serve(page, free_address("127.0.0.1", 0), site())
for place in ("", "es"):
    print(" ".join(httpx.get(url + place).raise_for_status().text.split()))
page.close(verbose=False)
"""
    home, spanish = said(code, sources).splitlines()
    assert '<html lang="en"' in home and "Clasificar" not in home
    assert "Español" in home
    assert '<html lang="es"' in spanish and "Clasificar" in spanish
