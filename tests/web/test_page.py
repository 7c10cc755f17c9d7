"""The page over HTTP, without a browser: its endpoints, and what it keeps to itself."""

import csv
import gzip
import json
import re
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gradio as gr
import httpx
import pytest
from endpoints import ENDPOINTS
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from visiting import served, until, upload

from spheres.data.taxonomy import GROUPS
from spheres.inference.file_rows import Limits
from spheres.inference.service import Service
from spheres.model.prior import ARXIV, EQUAL
from spheres.web.article_tab import ArticleTab
from spheres.web.examples import EXAMPLES
from spheres.web.file_tab import FileTab
from spheres.web.i18n import LANGUAGES, language
from spheres.web.page import build_page

ROOT = Path(__file__).resolve().parents[2]
TITLE = "Neural machine translation with recurrent attention networks"
ARTICLES = (
    "year,title,abstract\n2020,Prime gaps and the zeros of L-functions,\n2021,,\n2022,Attention for translation,\n"
)
UPLOADED = "This file was not uploaded here: upload it to /gradio_api/upload and send the path it returns."


class Counted:
    """The classifier, counting its batches; each takes `pause` seconds more."""

    def __init__(self, classifier, pause=0.0):
        self.classifier, self.pause, self.batches = classifier, pause, 0

    def __getattr__(self, name):
        return getattr(self.classifier, name)

    def classify_many(self, texts):
        self.batches += 1
        time.sleep(self.pause)
        return self.classifier.classify_many(texts)


PRIORS = ((), ("arxiv",), ("equal",))
EMPTY_ROW = "This row has neither a title nor an abstract: fill in at least one of them."


@pytest.fixture(scope="module")
def site(classifier, neighbors):
    page = build_page(Service(classifier, neighbors, limits=Limits(max_rows=50, max_bytes=1_000_000)))
    with served(page, max_upload=1_000_000) as url:
        yield url


@pytest.fixture(scope="module")
def client(site):
    return Client(site, verbose=False)


def file_tab(classifier) -> FileTab:
    with gr.Blocks():
        return FileTab(Service(classifier), language("en"))


def article_tab(classifier) -> ArticleTab:
    """The tab by itself, whose methods Gradio would call."""
    with gr.Blocks() as page:
        return ArticleTab(page, Service(classifier), language("en"))


def call(site: str, body: str, name: str = "classify") -> tuple[str, object]:
    """An endpoint as `curl` calls it: the kind of the event that ends the call, and its data."""
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(f"{site}gradio_api/call/{name}", content=body, headers=headers)
    event = httpx.get(f"{site}gradio_api/call/{name}/{answer.raise_for_status().json()['event_id']}", timeout=30).text
    kind, data = event.strip().splitlines()[-2:]
    return kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def test_the_endpoint_names_spheres_probabilities_and_note(client):
    answer = client.predict(title=TITLE, abstract="", threshold=0.9, api_name="/classify")
    assert set(answer) == {"spheres", "probabilities", "categories", "prior", "note"}
    assert len(answer["categories"]) == 5 and next(iter(answer["categories"])).startswith("cs.")
    assert answer["spheres"][0] == "cs"
    assert sorted(answer["probabilities"]) == sorted(GROUPS)
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert sum(answer["probabilities"][sphere] for sphere in answer["spheres"]) >= 0.9
    assert answer["note"] == ""


def test_title_abstract_and_threshold_have_defaults(client):
    title, abstract = TITLE, EXAMPLES[1].abstract
    assert client.predict(title, api_name="/classify") == client.predict(title, "", 0.95, api_name="/classify")
    assert client.predict(abstract=abstract, api_name="/classify")["spheres"][0] == "math"


def test_another_prior_is_another_answer_and_one_that_is_none_is_refused(client, site):
    usual, arxiv, equal = (
        client.predict("Estimating wages", "", 0.9, "sum", *prior, api_name="/classify") for prior in PRIORS
    )
    assert usual == arxiv and (arxiv["prior"], equal["prior"]) == ("arxiv", "equal")
    assert equal["probabilities"]["econ"] > 1.2 * arxiv["probabilities"]["econ"]
    for name in ("file", "x", None, 7, ["arxiv"]):
        for endpoint, values in (
            ("classify", [TITLE, "", 0.9, "sum"]),
            ("classify_many", [[{"title": TITLE}], 0.9, "sum"]),
            ("category_fit", [TITLE, "", "cs.CL"]),
        ):
            kind, data = call(site, json.dumps({"data": [*values, name]}), endpoint)
            assert kind == "error" and data["error"] == f"The prior is {name!r}: give one of arxiv, equal."
    data = call(site, json.dumps({"data": ["x", 0.9, "sum", None, None, "x"]}), "classify_file")[1]
    assert data["error"] == "The prior is 'x': give one of arxiv, equal, file."


def test_how_well_a_category_fits_is_told(client, site):
    fit = client.predict(TITLE, "", "cs.IR", api_name="/category_fit")
    assert (fit["category"], fit["name"]) == ("cs.IR", "Information Retrieval")
    assert 1 <= fit["rank"] <= fit["of"] and 0 < fit["probability"] < 1 and "cs.LG" in fit["cross_listed"]
    assert client.predict(TITLE, "", "cs.IR", "equal", api_name="/category_fit")["probability"] < fit["probability"]
    kind, data = call(site, json.dumps({"data": [TITLE, "", "cs.XX"]}), "category_fit")
    assert (kind, data["error"]) == (
        "error",
        "'cs.XX' is no category that is ranked here: give a code such as cs.CL.",
    )


def test_a_higher_threshold_names_at_least_as_many_spheres(client):
    answers = [client.predict(TITLE, "", threshold, api_name="/classify") for threshold in (0.01, 0.5, 0.95, 1.0, 1)]
    sizes = [len(answer["spheres"]) for answer in answers]
    assert sizes == sorted(sizes)
    assert sizes[0] == 1


def test_a_long_text_comes_with_a_note(client):
    assert "Read: the first" in client.predict(abstract=EXAMPLES[0].abstract * 9, api_name="/classify")["note"]


@pytest.mark.parametrize("threshold", ["1.5", "0", "-1", "NaN", "Infinity", "true", "null", '"0.9"', '"<b>"', "[]"])
def test_a_threshold_that_is_none_is_refused_in_one_sentence(site, threshold):
    kind, data = call(site, f'{{"data": ["{TITLE}", "", {threshold}]}}')
    assert kind == "error"
    assert re.fullmatch(r"The threshold is .*: give a number above 0 and at most 1, such as 0\.95\.", data["error"])


def test_null_for_an_abstract_is_an_empty_one(site):
    assert call(site, f'{{"data": ["{TITLE}", null, 0.9]}}') == call(site, f'{{"data": ["{TITLE}", "", 0.9]}}')
    assert "nothing to classify" in call(site, '{"data": [null, null, 0.9]}')[1]["error"]


@pytest.mark.parametrize("text", ["7", '["x"]', '{"path": "/etc/passwd"}'])
def test_a_title_that_is_no_text_is_refused_in_one_sentence(site, text):
    assert call(site, f'{{"data": [{text}, "", 0.9]}}')[1]["error"] == "Title and abstract must be texts."


def test_nothing_to_classify_is_refused_in_one_sentence(client):
    with pytest.raises(AppError) as refused:
        client.predict(" ", "\n", 0.9, api_name="/classify")
    assert len(str(refused.value)) > 20
    assert "Traceback" not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["\\ud800 x", "\\u0000", "\\u202e", "<script>alert(1)</script>", "🤖", "x" * 1_000_000, "x" * 50_000]
)
def test_any_text_is_answered_or_refused_with_a_sentence(site, text):
    kind, data = call(site, f'{{"data": ["{text}", "", 0.9]}}')
    assert kind == "complete" or data["error"]


def test_the_same_question_asked_by_many_at_once_gets_the_same_answer(site):
    body = json.dumps({"data": [TITLE, "", 0.9]})
    with ThreadPoolExecutor(12) as many:
        answers = list(many.map(lambda _: call(site, body), range(24)))
    assert {kind for kind, _ in answers} == {"complete"}
    spheres = {tuple(data[0]["spheres"]) for _, data in answers}
    assert len(spheres) == 1


def test_programs_see_the_endpoints_and_none_of_the_pages_own_events(client, site):
    seen = client.view_api(return_format="dict", print_info=False)
    assert list(seen["named_endpoints"]) == [f"/{name}" for name in ENDPOINTS]
    assert not seen["unnamed_endpoints"]
    for suffix in ("info", "info?all_endpoints=true"):
        assert list(httpx.get(f"{site}gradio_api/{suffix}").json()["named_endpoints"]) == [
            f"/{name}" for name in ENDPOINTS
        ]


@pytest.mark.parametrize("language", ["", *list(LANGUAGES)[1:]])
def test_in_every_language_all_events_but_the_endpoints_are_private(site, language):
    events = httpx.get(f"{site}config", params={"page": language} if language else {}).json()["dependencies"]
    assert len(events) > 10
    public = [event["api_name"] for event in events if event["api_visibility"] != "private" and event["backend_fn"]]
    assert public == ([] if language else ENDPOINTS)


def test_the_endpoints_are_typed_and_described(client):
    seen = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    one, many = (
        {part["parameter_name"]: part for part in seen[name]["parameters"]} for name in ("/classify", "/classify_file")
    )
    types = {name: part["python_type"]["type"] for name, part in {**one, **many}.items()}
    assert types == {
        "title": "str",
        "abstract": "str",
        "threshold": "float",
        "file": "filepath",
        "rule": "Literal['coverage', 'sum']",
        "title_column": "None | str",
        "abstract_column": "None | str",
        "prior": "Literal['arxiv', 'equal', 'file']",
    }
    assert {name: part["parameter_default"] for name, part in one.items()} == {
        "title": "",
        "abstract": "",
        "threshold": 0.95,
        "rule": "coverage",
        "prior": "arxiv",
    }
    optional = ("threshold", "rule", "title_column", "abstract_column", "prior")
    assert [many[name]["parameter_default"] for name in optional] == [0.95, "coverage", None, None, "arxiv"]
    assert all(many[name]["parameter_has_default"] for name in optional)
    assert not many["file"]["parameter_has_default"]
    for endpoint in seen.values():
        for part in endpoint["parameters"] + endpoint["returns"]:
            assert len(part["python_type"]["description"]) > 20 and "Gradio" not in part["python_type"]["description"]
            assert part["label"] in {*one, *many, "records", "answer", "answers", "about", "category", "fit"}
    answer, (answers, about) = (seen[name]["returns"] for name in ("/classify", "/classify_file"))
    assert answer[0]["python_type"]["type"] == (
        "dict(spheres: list[str], probabilities: dict(str, float), categories: dict(str, float), prior: str, note: str)"
    )
    assert answers["python_type"]["type"] == "filepath"
    assert "rows: int, answered: int" in about["python_type"]["type"]


def many(site: str, *values: object) -> tuple[str, object]:
    kind, data = call(site, json.dumps({"data": values}), "classify_many")
    return kind, data[0] if kind == "complete" else data["error"]


def test_each_of_many_records_is_answered_as_by_itself_under_its_id_in_order(site):
    texts = {"b": (TITLE, ""), 7: ("", EXAMPLES[1].abstract), "a": ("Prime gaps", None)}
    records = [{"id": id, "title": title, "abstract": abstract} for id, (title, abstract) in texts.items()]
    kind, answers = many(site, [*records, {"title": TITLE}] * 10, 0.9)
    assert kind == "complete" and [answer["id"] for answer in answers] == [*texts, None] * 10
    for answer, text in zip(answers, texts.values(), strict=False):
        alone = call(site, json.dumps({"data": [*text, 0.9]}))[1][0]
        assert (answer["spheres"], answer["note"], answer["error"]) == (alone["spheres"], alone["note"], "")
        assert answer["probabilities"] == pytest.approx(alone["probabilities"], abs=1e-4)
    assert many(site, []) == ("complete", [])


@pytest.mark.parametrize(
    ("record", "id", "says"),
    [
        ("x", None, "no object"),
        (None, None, "no object"),
        ([["title", "x"]], None, "no object"),
        ({}, None, "nothing to classify"),
        ({"id": "n", "title": None, "abstract": " "}, "n", "nothing to classify"),
        ({"id": 1, "title": 7}, 1, "must be texts"),
        ({"id": 1, "title": ["x"]}, 1, "must be texts"),
        ({"id": 1, "abstract": "word " * 11_000}, 1, "54,999 characters"),
        ({"id": ["x"], "title": "x"}, None, "The id must be"),
        ({"id": True, "title": "x"}, None, "The id must be"),
        ({"id": 2**64, "title": "x"}, None, "The id must be"),
        ({"id": "\ud800", "title": "x"}, None, "The id must be"),
    ],
    ids=lambda value: str(value)[:30].encode("ascii", "replace").decode(),
)
def test_a_bad_record_costs_itself_alone(site, record, id, says):
    kind, (before, bad, after) = many(site, [{"id": 1, "title": TITLE}, record, {"id": 2, "title": TITLE}])
    assert kind == "complete" and (before["id"], after["id"]) == (1, 2)
    assert before["spheres"] == after["spheres"] and not before["error"] and not after["error"]
    assert bad["id"] == id and says in bad["error"] and (bad["spheres"], bad["probabilities"]) == ([], {})


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([{"title": "x"}], "The records must be a list of objects with id, title and abstract."),
        ([None], "The records must be a list of objects with id, title and abstract."),
        ([[{}] * 257], "The list has 257 records, more than the 256 allowed: send several lists, or a file to "),
        (
            [[{"title": "x" * 50_000}] * 11],
            "The records have 550,000 characters together, more than the 500,000 allowed",
        ),
        ([[], 2], "The threshold is 2: give a number"),
        ([[], 0.9, "x"], "The rule must be coverage or sum."),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_list_that_is_none_or_too_long_is_refused_in_one_sentence(site, values, sentence):
    kind, said = many(site, *values)
    assert kind == "error" and said.startswith(sentence)


def write(folder: Path, name: str, content: str | bytes = ARTICLES) -> object:
    """A file for the client to upload."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return handle_file(path)


def refusal(client: Client, *arguments: object) -> str:
    """The one sentence that refuses this call of /classify_file."""
    with pytest.raises(AppError) as refused:
        client.predict(*arguments, api_name="/classify_file")
    sentence = str(refused.value)
    assert "Traceback" not in sentence and tempfile.gettempdir() not in sentence
    return sentence


def test_a_file_comes_back_with_spheres_beside_every_column_and_its_bad_row_named(client, tmp_path):
    answers, about = client.predict(file=write(tmp_path, "articles.csv"), api_name="/classify_file")
    assert Path(answers).name == "articles-spheres.csv"
    with Path(answers).open(encoding="utf-8-sig", newline="") as f:
        rows = list(csv.DictReader(f))
    assert [row["year"] for row in rows] == ["2020", "2021", "2022"]
    assert [row["spheres"].split(" ")[0] for row in rows] == ["math", "", "cs"]
    assert "neither a title nor an abstract" in rows[1]["note"]
    assert sum(float(rows[0][f"p_{group}"]) for group in GROUPS) == pytest.approx(1, abs=1e-5)
    counts = {kind: int(kind in ("math", "cs")) for kind in (*GROUPS, "unfamiliar")}
    problem = "line 3: This row has neither a title nor an abstract: fill in at least one of them."
    read = "Title: title; abstract: abstract; id: none; columns not used: 1."
    views = {"from_both": 0, "from_title": 2, "from_abstract": 0}
    assert about == {
        **{"read": [read], "rows": 3, "answered": 2, **views, "counts": counts},
        **{"prior": "arxiv", "shares": dict(ARXIV.ranked()), "problems": [problem]},
    }


def test_an_unfamiliar_row_is_answered_and_counted_apart(client, tmp_path):
    rows = "year,title\n1,Beat three eggs with sugar until they are white and bake them for an hour\n2,Prime gaps\n"
    answers, about = client.predict(file=write(tmp_path, "articles.csv", rows), api_name="/classify_file")
    assert {kind: n for kind, n in about["counts"].items() if n} == {"math": 1, "unfamiliar": 1}
    with Path(answers).open(encoding="utf-8-sig", newline="") as f:
        first = next(csv.DictReader(f))
    assert first["spheres"] and "does not look like the articles" in first["note"]


def test_a_file_has_the_prior_of_the_call_and_too_few_articles_to_estimate_their_own(client, tmp_path, classifier):
    file = write(tmp_path, "articles.csv")
    answers, about = client.predict(file=file, prior="equal", api_name="/classify_file")
    assert about["prior"] == "equal" and set(about["shares"].values()) == {0.125}
    with Path(answers).open(encoding="utf-8-sig", newline="") as f:
        last = list(csv.DictReader(f))[-1]
    expected = dict(classifier.classify("Attention for translation").under(EQUAL).ranked())
    assert float(last["p_cs"]) == pytest.approx(expected["cs"], abs=1e-4)
    assert "from 200 articles and more, and it has 2" in refusal(client, file, 0.95, "sum", None, None, "file")


def test_threshold_and_rule_of_a_file_are_those_of_the_call(client, tmp_path, classifier):
    records = [{"title": example.title, "abstract": example.abstract} for example in EXAMPLES]
    file = write(tmp_path, "articles.jsonl", "".join(json.dumps(record) + "\n" for record in records))
    for arguments in ((), (0.95, "sum"), (0.99, "coverage")):
        answers, _ = client.predict(file, *arguments, api_name="/classify_file")
        lines = [json.loads(line) for line in Path(answers).read_text().splitlines()]
        expected = [
            classifier.classify(example.title, example.abstract).predict_set(*(arguments or (0.95, "coverage")))
            for example in EXAMPLES
        ]
        assert [line["spheres"] for line in lines] == expected


def test_a_call_hears_of_every_batch_and_the_last_word_is_the_answer(client, tmp_path):
    rows = "".join(f"{year},On prime gaps,\n" for year in range(50))
    job = client.submit(write(tmp_path, "articles.csv", "year,title,abstract\n" + rows), api_name="/classify_file")
    answers, about = job.result(timeout=60)
    heard = [said["answered"] for _, said in job.outputs()]
    assert heard == sorted(heard) and len(set(heard)) > 2
    assert (about["answered"], Path(answers).name) == (50, "articles-spheres.csv")


def test_a_file_with_too_many_rows_is_refused(client, tmp_path):
    file = write(tmp_path, "articles.csv", "year,title\n" + "2020,On trees\n" * 51)
    assert refusal(client, file).startswith("articles.csv holds more than 50 rows")


def test_a_file_that_unpacks_to_too_much_is_refused(client, tmp_path):
    file = write(tmp_path, "articles.csv.gz", gzip.compress(b"year,title\n2020," + b"x" * 3_000_000))
    assert "1" in refusal(client, file)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), ("a.csv", b""), ("a.csv", b"a,b\n1,2\n"), ("a.gz", b"\x1f\x8b\x08")],
)
def test_a_file_of_another_kind_is_refused_by_its_name_without_its_folder(client, tmp_path, name, content):
    assert name in refusal(client, write(tmp_path, name, content))


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"a,b\n1,2\n", b"\x1f\x8b\x08", b"PAR1 damaged PAR1", b"[1"])
def test_the_page_names_a_file_that_cannot_be_read_without_its_folder(classifier, tmp_path, content, code):
    with gr.Blocks():
        tab = FileTab(Service(classifier), language(code))
    (tmp_path / "mine.csv").write_bytes(content)
    *_, (status, *_) = tab.read(str(tmp_path / "mine.csv"))
    assert 'role="alert"' in status and "mine.csv" in status
    assert tmp_path.name not in status and tempfile.gettempdir() not in status


def test_a_menu_has_the_column_that_was_found_among_the_first_thousand_that_can_be_shown(classifier, tmp_path):
    with gr.Blocks():
        tab = FileTab(Service(classifier), language("en"))
    names = {"\ud800": 1, "": 2, "x" * 5000: 3, " ": 4, **{f"column {i}": i for i in range(2000)}, "title": TITLE}
    (tmp_path / "wide.json").write_text(json.dumps([names]))
    *_, (_, _, _, _, _, _, titles, abstracts) = tab.read(str(tmp_path / "wide.json"))
    assert titles["choices"] == abstracts["choices"]
    shown, values = zip(*titles["choices"], strict=True)
    assert (titles["value"], abstracts["value"]) == ("title", "")
    assert values[:3] == ("", " ", "column 0") and values[-1] == "title" and len(values) == 1002
    assert shown[:3] == ("none", "1", "column 0")


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("<img src=x onerror=alert(1)>.csv", "-spheres.csv"),
        ("=cmd|' C calc'!A0.csv", "-spheres.csv"),
        ("стрелы \u202e .csv", "-spheres.csv"),
        ("x" * 200 + ".csv", "-spheres.csv"),
        (".csv", "articles-spheres.csv"),
        ("-rf.csv", "rf-spheres.csv"),
    ],
    ids=["markup", "formula", "unicode", "long", "hidden", "option"],
)
def test_a_hostile_file_name_is_only_a_name(client, tmp_path, name, saved):
    answers, about = client.predict(write(tmp_path, name), api_name="/classify_file")
    assert about["answered"] == 2
    name = Path(answers).name
    assert name.endswith(saved)
    assert not set(name) & set('<>:"/|?*\u202e') and not name.startswith((".", "-"))


def test_a_name_with_a_way_out_of_its_folder_leads_nowhere(site):
    name = "../../../../tmp/elsewhere.csv"
    answer = httpx.post(f"{site}gradio_api/upload", files={"files": (name, ARTICLES)})
    (path,) = answer.json()
    assert Path(path).name == "elsewhere.csv" and Path(path).parent != Path("/tmp")
    kind, (answers, _) = call(site, json.dumps({"data": [{"path": path}, 0.9, "sum"]}), "classify_file")
    assert (kind, answers["orig_name"]) == ("complete", "elsewhere-spheres.csv")


FILE_META = {"_type": "gradio.FileData"}


@pytest.mark.parametrize("meta", [FILE_META, None], ids=["as a file", "as a path"])
@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        str(ROOT / "README.md"),
        "README.md",
        "a\0b",
        "x" * 5000,
        ".",
        tempfile.gettempdir(),
        "http://127.0.0.1:9/articles.csv",
        "http://169.254.169.254/latest/meta-data",
        "http://localhost/gradio_api/file=/etc/passwd",
        "http://localhost/gradio_api/file=",
        "file:///etc/passwd",
        "data:text/csv;base64,dGl0bGU=",
    ],
)
def test_a_path_that_was_not_uploaded_is_refused(site, path, meta):
    sent = {"path": path, "meta": meta} if meta else path
    assert call(site, json.dumps({"data": [sent, 0.9, "sum"]}), "classify_file")[1]["error"] == UPLOADED


def test_nor_is_one_that_leads_out_of_an_upload(site, tmp_path):
    (path,) = httpx.post(f"{site}gradio_api/upload", files={"files": ("a.csv", ARTICLES)}).json()
    for outside in (f"{path}/../../../../etc/passwd", str(Path(path).parent)):
        for sent in (outside, {"path": outside, "meta": FILE_META}):
            assert call(site, json.dumps({"data": [sent, 0.9, "sum"]}), "classify_file")[1]["error"] == UPLOADED


def test_a_text_that_names_a_file_makes_the_server_fetch_nothing(site):
    """Gradio would, whatever the part it was sent to."""
    for path in ("/etc/passwd", "http://127.0.0.1:9/"):
        body = json.dumps({"data": [{"path": path, "meta": FILE_META}, "", 0.9]})
        assert call(site, body)[1]["error"] == UPLOADED


@pytest.mark.parametrize("sent", [None, "", {}, [], {"path": None}])
def test_no_file_at_all_is_refused_with_what_to_do(site, sent):
    error = call(site, json.dumps({"data": [sent, 0.9, "sum"]}), "classify_file")[1]["error"]
    assert error == "No file was sent: upload one to /gradio_api/upload and send the path it returns."


@pytest.mark.parametrize(
    ("threshold", "rule", "sentence"),
    [
        ("x", "sum", "The threshold is 'x': give a number above 0 and at most 1, such as 0.95."),
        (None, "sum", "The threshold is None: give a number above 0 and at most 1, such as 0.95."),
        (True, "sum", "The threshold is True: give a number above 0 and at most 1, such as 0.95."),
        (1.1, "coverage", "The threshold is 1.1: give a number above 0 and at most 1, such as 0.95."),
        (0.9, "x", "The rule must be coverage or sum."),
        (0.9, None, "The rule must be coverage or sum."),
        (0.9, ["sum"], "The rule must be coverage or sum."),
    ],
)
def test_a_threshold_or_rule_of_a_file_that_is_none_is_refused(site, threshold, rule, sentence):
    assert call(site, json.dumps({"data": ["x", threshold, rule]}), "classify_file")[1]["error"] == sentence


def test_a_call_with_too_few_values_is_told_so(site):
    sentence = "This endpoint takes 6 values, and got 0: give all but those with a default."
    assert call(site, '{"data": []}', "classify_file")[1]["error"] == sentence


@pytest.mark.parametrize(
    ("name", "n"), [("classify", 5), ("classify_many", 4), ("category_fit", 4), ("classify_file", 6)]
)
def test_a_call_with_too_many_values_is_told_so(site, name, n):
    sentence = f"This endpoint takes {n} values, and got {n + 1}: give no more."
    assert call(site, json.dumps({"data": ["x"] * (n + 1)}), name)[1]["error"] == sentence


def test_values_left_out_at_the_end_of_a_call_have_their_defaults(site):
    path = upload(site, "articles.csv", ARTICLES)
    whole = call(site, json.dumps({"data": [{"path": path}, 0.95, "coverage", None, None, "arxiv"]}), "classify_file")[
        1
    ][1]
    assert whole["answered"] == 2
    for values in ([], [0.95], [0.95, "coverage"], [0.95, "coverage", "title"]):
        kind, data = call(site, json.dumps({"data": [{"path": path}, *values]}), "classify_file")
        assert (kind, data[1]) == ("complete", whole)
    assert call(site, json.dumps({"data": [TITLE]})) == call(site, json.dumps({"data": [TITLE, "", 0.95]}))


def test_the_columns_of_a_file_can_be_named(site, client, tmp_path):
    rows = "Title,Paper,Abstract\nDr.,On prime gaps,none yet known of these gaps\n"
    file, path = write(tmp_path, "odd.csv", rows), upload(site, "odd.csv", rows)
    for title, abstract, read, view in [
        (None, None, "Title: Title; abstract: Abstract; id: none; columns not used: 1.", "from_both"),
        ("Paper", None, "Title: Paper; abstract: Abstract; id: none; columns not used: 1.", "from_both"),
        ("Paper", "", "Title: Paper; abstract: none; id: none; columns not used: 2.", "from_title"),
    ]:
        columns = {"title_column": title, "abstract_column": abstract}
        _, about = client.predict(file=file, **columns, api_name="/classify_file")
        assert about["read"] == [read] and about[view] == 1
        values = [{"path": path}, 0.95, "sum", title, abstract]
        assert call(site, json.dumps({"data": values}), "classify_file")[1][1] == about
    assert "There is no column Nothing; the file's columns are" in refusal(client, file, 0.95, "sum", "Nothing")
    assert "has no column for title or abstract" in refusal(client, file, 0.95, "sum", "", "")
    refused = call(site, json.dumps({"data": ["x", 0.95, "sum", 7]}), "classify_file")[1]
    assert refused["error"] == "The columns must be names."


@pytest.mark.parametrize("threshold", ["x", [], {}, float("nan"), "0.7"])
@pytest.mark.parametrize("nonsense", [["sum"], {}, 7, None, "x"])
def test_the_slider_shows_the_usual_answer_where_a_program_sends_nonsense(threshold, nonsense, classifier):
    show, classification = article_tab(classifier).show, classifier.classify(TITLE, "")
    assert show(classification, threshold, nonsense, nonsense) == show(classification, 0.95, "coverage", "arxiv")


@pytest.mark.parametrize("place", ["run/nothing", "call/nothing", "call/v2/nothing"])
def test_a_call_of_what_is_not_there_is_told_so(site, place):
    answer = httpx.post(f"{site}gradio_api/{place}", json={"data": []})
    assert answer.status_code == 400 and "endpoint" in answer.json()["detail"]


def test_a_cancelled_file_is_classified_no_further_and_leaves_nothing_behind(classifier, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "server"))
    (tmp_path / "server").mkdir()
    counted = Counted(classifier, pause=0.2)
    with served(build_page(Service(counted))) as site:
        client = Client(site, verbose=False, download_files=tmp_path)
        rows = "year,title\n" + "2020,On prime gaps\n" * 3000
        job = client.submit(write(tmp_path, "articles.csv", rows), api_name="/classify_file")
        until(lambda: len(job.outputs()) > 2)
        assert list((tmp_path / "server").glob("tmp*/.articles-spheres.csv.partial/articles-spheres.csv"))
        job.cancel()
        until(lambda: not list((tmp_path / "server").glob("tmp*/.articles*")))
        batches = counted.batches
        assert client.predict(TITLE, api_name="/classify")["spheres"]
        _, about = client.predict(write(tmp_path, "few.csv"), api_name="/classify_file")  # the queue is free
        assert about["answered"] == 2
        assert counted.batches <= batches + 2 < 3000 / 32
        assert not [path for path in (tmp_path / "server").glob("tmp*") if path.is_dir()]


def test_the_queue_cannot_be_passed_by(site):
    assert httpx.post(f"{site}gradio_api/api/classify", json={"data": [TITLE, "", 0.9]}).status_code == 404


def test_the_page_may_be_framed_and_loads_no_foreign_script(site):
    answer = httpx.get(site)
    assert "x-frame-options" not in answer.headers
    assert '<script type="module" crossorigin src="./' in answer.text
    assert not [part for part in answer.text.split("<script")[1:] if 'src="http' in part.split(">")[0]]


@pytest.mark.parametrize(("sent", "asked"), [(None, 0.95), (0, 0.5), (7, 0.5), (70, 0.7), (700, 1.0)])
def test_a_half_typed_threshold_counts_as_the_nearest_possible(sent, asked, classifier):
    show, classification = article_tab(classifier).show, classifier.classify(TITLE, "")
    assert show(classification, sent, "sum") == show(classification, asked, "sum")


def test_an_unfamiliar_text_is_answered_with_a_note(client):
    answer = client.predict("Как приготовить борщ дома", api_name="/classify")
    assert "does not look like the articles the model learned from" in answer["note"]
    assert answer["spheres"]


def test_the_sliders_meaning_is_what_was_measured(classifier):
    show = article_tab(classifier).show
    for prior in (ARXIV, EQUAL):
        covered, size = classifier.measured.at("both", "coverage", 0.95, prior)
        assert 0.94 < covered < 0.96 and size < 2
        measured = f"the right sphere for {100 * covered:.0f} of 100 new articles, {size:.1f} spheres on average."
        assert measured in show(None, 95, "coverage", prior.name)[2]
    assert "Adds up to 95%" in show(None, 95, "sum")[2]


def test_the_slider_of_a_file_says_what_was_measured_for_its_titles_and_its_mix(classifier):
    show = file_tab(classifier).show_meaning
    for pasted, view in ((None, "both"), ("Prime gaps", "title"), ("Prime gaps\tWe bound them.", "both")):
        for prior in (ARXIV, EQUAL):
            covered, size = classifier.measured.at(view, "coverage", 0.95, prior)
            told = f"for {100 * covered:.0f} of 100 new articles, {size:.1f} spheres on average."
            assert told in show(95, "coverage", prior.name, pasted)
    assert "as it takes to have the right one for 95 of 100 articles" in show(95, "coverage", "file", None)
    assert "Adds up to 95%" in show(95, "sum", "arxiv", None)


def test_a_file_too_large_is_refused_whatever_is_sent_for_its_name(classifier):
    for name in ("large.csv", "", None, "\0"):
        assert "holds more than 50 MB" in file_tab(classifier).refuse_size(name)[0]
