"""embed.py and head.py as a user runs them: from a corpus to answers, and one sentence for every mistake.

Some commands start a process each, which costs five seconds of imports; the others are called in the tests' own.
"""

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from made_up import articles, write_corpus
from places import ROOT
from tiny_encoder import make_encoder

import embed
import head
from spheres.data.categories import NAMES
from spheres.data.taxonomy import GROUPS
from spheres.inference.classifier import Classifier
from spheres.inference.notes import answer_as_json
from spheres.model.prior import EQUAL

Run = Callable[..., subprocess.CompletedProcess[str]]
ENCODER = ("--encoder", "all-MiniLM-L6-v2")


@pytest.fixture(scope="module")
def artifacts(run_script: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Embeddings and a head of made-up articles, by the commands of the README."""
    folder = tmp_path_factory.mktemp("artifacts")
    corpus = write_corpus(folder / "made-up.jsonl")
    embedded = run_script("embed.py", corpus, *ENCODER, "--out", folder / "all-MiniLM-L6-v2")
    assert embedded.returncode == 0, embedded.stderr
    assert "JSON lines. 288 records read: 288 articles kept" in embedded.stdout
    assert "texts/s" in embedded.stderr  # the progress bar
    trained = run_script("head.py", "train", *ENCODER, "--artifacts", folder)
    assert trained.returncode == 0, trained.stderr
    training, reached, few, saved = trained.stdout.splitlines()  # four lines, not a wall
    assert training.startswith("Training on 2")
    assert "validation articles" in reached
    assert "its promises mean little" in few
    assert saved.startswith(f"Saved {folder / 'all-MiniLM-L6-v2' / 'head.safetensors'}")
    return folder


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Call a script's `main` in this process."""
    monkeypatch.chdir(ROOT)

    def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        capsys.readouterr()
        try:
            code = {"embed.py": embed.main, "head.py": head.main}[script](list(map(str, arguments)))
        except SystemExit as end:  # argparse's
            code = int(end.code or 0)
        output = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, code, output.out, output.err)

    return run


def refused(result: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a refusal."""
    assert result.returncode == 2, result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert result.stderr.strip().count("\n") == 0
    return result.stderr


def test_embedding_again_says_at_once_that_nothing_changed(call: Run, artifacts: Path) -> None:
    again = call("embed.py", artifacts / "made-up.jsonl", *ENCODER, "--out", artifacts / "all-MiniLM-L6-v2")
    assert again.returncode == 0
    assert "nothing to do" in again.stdout


def test_quiet_is_quiet_and_the_same_seed_trains_the_same_weights(call: Run, tmp_path: Path) -> None:
    corpus, source = write_corpus(tmp_path / "made-up.jsonl"), make_encoder(tmp_path / "tiny").source
    where = ("--encoder", source, "--quiet")
    results = [call("embed.py", corpus, *where, "--out", tmp_path / "artifacts" / "tiny")]
    weights = []
    for _ in range(2):
        results.append(call("head.py", "train", *where, "--artifacts", tmp_path / "artifacts"))
        weights.append((tmp_path / "artifacts" / "tiny" / "head.safetensors").read_bytes())
    assert [(result.returncode, result.stdout, result.stderr) for result in results] == [(0, "", "")] * 3
    assert weights[0] == weights[1]


def test_the_head_is_measured_on_articles_it_never_saw(call: Run, artifacts: Path) -> None:
    result = call("head.py", "evaluate", *ENCODER, "--artifacts", artifacts, "--json")
    report = json.loads(result.stdout)
    assert set(report) == {"arxiv", "equal"}
    for views in report.values():
        assert set(views) == {"both", "title", "abstract"}
        assert 10 <= views["both"]["articles"] < 40  # the test split of 288
        assert views["both"]["figures"]["top1_primary"]["value"] > 0.9
        assert views["both"]["figures"]["category_top1"]["value"] > 0.9  # a category a group
        assert set(views["both"]["groups"]) == set(GROUPS)


def test_the_study_writes_figures_plots_and_a_report(call: Run, artifacts: Path) -> None:
    result = call("head.py", "compare", *ENCODER, "--artifacts", artifacts)
    assert result.returncode == 0, result.stderr
    report = artifacts / "all-MiniLM-L6-v2" / "report"
    names = {"figures.json", "report.md", "sets.png", "reliability.png", "curves.png"}
    assert {path.name for path in report.iterdir()} == names
    page = (report / "report.md").read_text()
    assert "Was it the encoder, the short input, or the loss?" in page.split("\n\n")[1]
    assert "nan" not in page.split("\n\n")[1].replace("not measured here", "")


def test_a_file_is_classified_line_by_line(run_script: Run, artifacts: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "unlabelled.csv"
    rows = [(a["id"], a["title"], a["abstract"]) for a in articles(24)]
    corpus.write_text("id,title,abstract\n" + "".join(f'{i},{t},"{a}"\n' for i, t, a in rows) + "x,,\n")
    out = tmp_path / "answers.jsonl"
    arguments = ("predict", corpus, *ENCODER, "--artifacts", artifacts, "--out", out, "--threshold", "0.9")
    result = run_script("head.py", *arguments)
    assert result.returncode == 0, result.stderr
    assert "answers.jsonl: 24 of 25 rows answered: 24 from title and abstract, 0 from the title alone" in result.stdout
    assert "  line 26: This row has neither a title nor an abstract" in result.stdout
    assert "25/25" in result.stderr  # the progress bar
    answers = [json.loads(line) for line in out.read_text().splitlines()]
    assert [a["id"] for a in answers] == [i for i, _, _ in rows]
    for answer in answers:
        assert list(answer["probabilities"]) == list(GROUPS)
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-4)
        p = [answer["probabilities"][sphere] for sphere in answer["spheres"]]
        assert p == sorted(p, reverse=True)
        assert sum(p) >= 0.9 - 1e-4 > sum(p[:-1])


def test_a_file_is_classified_with_its_columns_kept(call: Run, artifacts: Path, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus.jsonl", 8)
    where = (*ENCODER, "--artifacts", artifacts, "--quiet")
    for name, flags in [("a.csv", ()), ("a.tsv", ()), ("a.jsonl", ("--keep-columns",))]:
        result = call("head.py", "predict", corpus, *where, "--out", tmp_path / name, *flags)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as f:
        table = list(csv.DictReader(f))
    assert [row["title"] for row in table] == [a["title"] for a in articles(8)]
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [" ".join(line["spheres"]) for line in lines] == [row["spheres"] for row in table]
    assert list(lines[0]) == [
        *articles(1)[0],
        *("spheres", "probabilities", "categories_2", "note"),  # it has categories, so the answer's are told apart
        *("rank_listed", "p_listed"),
    ]
    assert (tmp_path / "a.tsv").read_text().startswith("id\ttitle\tabstract\t")


def test_a_prediction_that_fails_leaves_no_file(call: Run, artifacts: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text("{\n{\n")
    out = tmp_path / "answers.jsonl"
    where = (*ENCODER, "--artifacts", artifacts, "--out")
    assert "none of its 2 records can be read" in refused(call("head.py", "predict", broken, *where, out))
    corpus = write_corpus(tmp_path / "c.jsonl", 8)
    assert "give a number above 0" in refused(call("head.py", "predict", corpus, *where, out, "--threshold", "2"))
    assert "is a folder" in refused(call("head.py", "predict", corpus, *where, tmp_path))
    assert "is the input file" in refused(call("head.py", "predict", corpus, *where, corpus))
    assert "name a file that ends in" in refused(call("head.py", "predict", corpus, *where, tmp_path / "a.xls"))
    assert {path.name for path in tmp_path.iterdir()} == {"broken.jsonl", "c.jsonl"}


def test_a_missing_file_is_named_before_a_missing_head(call: Run, tmp_path: Path) -> None:
    arguments = ("--encoder", "distilbert-base-cased", "--out", tmp_path / "o.jsonl")
    assert "nowhere.csv does not exist" in refused(call("head.py", "predict", tmp_path / "nowhere.csv", *arguments))


def test_one_article_is_answered_in_words_and_as_the_page_answers_programs(call: Run, artifacts: Path) -> None:
    article = articles(4)[2]
    asked = ("--title", article["title"], "--abstract", article["abstract"], "--threshold", "0.9", "--prior", "equal")
    where = (*ENCODER, "--artifacts", artifacts)
    told = call("head.py", "predict", *asked, *where)
    assert (told.returncode, told.stderr) == (0, "")
    answer = json.loads(call("head.py", "predict", *asked, *where, "--json").stdout)
    assert told.stdout.startswith(NAMES[answer["spheres"][0]] + ", ")
    classification = Classifier.load(ENCODER[1], artifacts).classify(article["title"], article["abstract"])
    rule = head.parse_arguments(["predict"]).rule
    assert answer == answer_as_json(classification.under(EQUAL), 0.9, rule)


def test_one_of_two_parts_will_do_and_a_placeholder_is_noted(call: Run, artifacts: Path) -> None:
    where = (*ENCODER, "--artifacts", artifacts)
    assert call("head.py", "predict", "--abstract", "We bound the gaps between primes.", *where).returncode == 0
    told = call("head.py", "predict", "--title", "Prime gaps", "--abstract", "N/A", *where)
    assert "Read: the title." in told.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Give a file, CORPUS --out FILE, or one article"),
        (("a.csv", "--title", "Prime gaps"), "Give a file, CORPUS --out FILE, or one article"),
        (("README.md",), "--out FILE is missing"),
        (("README.md", "--json"), "--json is for one article"),
        (("--title", "Prime gaps", "--out", "a.csv"), "--out is for a file"),
        (("--title", "Prime gaps", "--prior", "file"), "--prior file is for a file"),
        (("--title", " "), "nothing to classify"),
        (("--title", "Prime gaps", "--threshold", "95"), "give a number above 0"),
    ],
)
def test_half_a_question_to_predict_gets_one_sentence(arguments: tuple[str, ...], words: str, call: Run) -> None:
    assert words in refused(call("head.py", "predict", *arguments))


def test_a_missing_head_names_the_two_commands_that_make_it(call: Run, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "c.jsonl", 8)
    arguments = ("--encoder", "distilbert-base-cased", "--out", tmp_path / "o.jsonl")
    sentence = refused(call("head.py", "predict", corpus, *arguments))
    assert "python embed.py CORPUS --encoder distilbert-base-cased" in sentence
    assert "python head.py train --encoder distilbert-base-cased" in sentence


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("embed.py", "no-such-file.json", *ENCODER), "does not exist"),
        (("embed.py", "tests", *ENCODER), "is not a file"),
        (("embed.py", "README.md", *ENCODER, "--out", "/dev/null/x"), "could not be created"),
        (("embed.py", "requirements.txt", *ENCODER, "--out", "artifacts/nothing"), "no column for title or abstract"),
        (("head.py", "train", "--encoder", "nobody/nothing"), "holds no embeddings: run `python embed.py"),
        (("head.py", "evaluate", *ENCODER, "--artifacts", "tests"), "holds no embeddings"),
        (("head.py", "train", "--encoder", "nosuch"), "There is no encoder 'nosuch'"),
        (("head.py", "predict", "README.md", "--out", "a.csv", "--encoder", "nosuch"), "There is no encoder 'nosuch'"),
        (("head.py", "compare", *ENCODER, "--corpus", "no-such-file.json"), "does not exist"),
    ],
)
def test_a_mistake_gets_one_sentence_and_exit_code_2(arguments: tuple[str, ...], words: str, call: Run) -> None:
    assert words in refused(call(*arguments))


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("app", "--nonsense"),
        ("app", "--port 70000"),
        ("app", "--artifacts nowhere"),
        ("app", "--encoder nosuch"),
        ("app", "--host no-such-host.invalid"),
        ("embed", "CORPUS --nonsense"),
        ("embed", "nowhere.csv"),
        ("embed", "README.md --sample 2"),
        ("embed", "README.md --max-length 1"),
        ("head", "train --nonsense"),
        ("head", "train --encoder nosuch"),
        ("head", "evaluate --artifacts nowhere"),
        ("head", "predict nowhere.csv --out a.csv"),
        ("head", "predict README.md --out a.xls"),
        ("head", "predict README.md --out a.csv --threshold 2"),
        ("head", "predict README.md --out a.csv --encoder nosuch"),
        ("head", "predict --title Primes --encoder nosuch"),
    ],
)
def test_a_mistake_is_told_before_anything_heavy_is_imported(script: str, arguments: str) -> None:
    heavy = "{'torch', 'transformers', 'gradio', 'sklearn', 'scipy', 'pandas', 'pyarrow', 'matplotlib'}"
    code = f"""
import sys, {script}
try:
    code = {script}.main({arguments.split()})
except SystemExit as end:
    code = end.code
print(code, sorted({heavy} & set(sys.modules)))
"""
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == "2 []"
    assert said.stderr


def test_scripts_find_the_artifacts_beside_them_from_any_folder(tmp_path: Path) -> None:
    command = [sys.executable, ROOT / "head.py", "predict", "--title", "Prime gaps", "--json", *ENCODER]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(said.stdout)["spheres"][0] == "math"
    assert embed.ARTIFACTS == head.ARTIFACTS == ROOT / "artifacts"


@pytest.mark.parametrize("script", ["embed.py", "head.py"])
def test_help_is_the_manual_and_an_unknown_option_an_error(script: str, call: Run) -> None:
    manual = call(script, "--help")
    assert manual.returncode == 0
    assert f"python {script}" in manual.stdout
    assert call(script, "--no-such-option").returncode == 2
