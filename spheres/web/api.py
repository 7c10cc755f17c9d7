"""What programs call: `/classify` for one article, `/classify_many` for a list, `/classify_file` for a file of them.

All are named, typed and described on the page's API page, and are tools under `--mcp`: types and descriptions come
from the methods of `Endpoints`. They answer in English, with codes instead of names; their threshold is a sum of
probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Literal, TypedDict, cast

import gradio as gr
from gradio.components.api_component import Api
from gradio.data_classes import FileData
from gradio.utils import get_function_description, get_function_params
from gradio_client.utils import python_type_to_json_schema

from spheres.data.text import Text, is_utf8, placeholder_in, prepare_text
from spheres.errors import SphereError
from spheres.inference.classify_file import Progress
from spheres.inference.notes import answer_as_json
from spheres.inference.service import Service
from spheres.model.prediction_sets import DEFAULT_THRESHOLD, RULES, check_threshold
from spheres.server.uploads import find_upload
from spheres.web.article_tab import ENCODER_EVENT
from spheres.web.file_tab import FILE_EVENT

NO_TEXTS = "Title and abstract must be texts."
MAX_RECORDS = 256  # of one call of /classify_many: some ten seconds of computing
MAX_RECORD_CHARACTERS = 500_000  # of their titles and abstracts together: so many abstracts of arXiv's greatest length
MAX_ID = 2**53  # beyond, JSON's numbers are not exact everywhere
MANY_EVENT: dict[str, Any] = {"concurrency_id": "many", "concurrency_limit": 1}  # one list at a time, as with files
EXAMPLE_FILE = {"path": "articles.csv", "url": "articles.csv"}  # in the API page's snippets


class Answer(TypedDict):
    """What `/classify` returns."""

    spheres: list[str]
    probabilities: dict[str, float]
    note: str


class RecordAnswer(Answer):
    """What `/classify_many` returns for each record."""

    id: str | int | None
    error: str


class About(TypedDict):
    """What `/classify_file` returns beside the answers: how far the file's run has come."""

    read: list[str]
    rows: int
    answered: int
    from_both: int
    from_title: int
    from_abstract: int
    counts: dict[str, int]
    problems: list[str]


class Endpoints:
    """The endpoints over a service; made within the page that is being built."""

    def __init__(self, service: Service) -> None:
        self.service = service
        with gr.Column(visible=False):  # an endpoint needs parts, and a page without them a place to hide them
            _add(self.classify, {"answer": Answer}, "classify", ENCODER_EVENT)
            _add(self.classify_many, {"answers": list[RecordAnswer]}, "classify_many", MANY_EVENT)
            file_event = {**FILE_EVENT, "api_visibility": "public"}
            _add(self.classify_file, {"answers": FileData, "about": About}, "classify_file", file_event)

    # Gradio reads these docstrings: one line a parameter, one line a returned value, or it cuts them.

    def classify(self, title: str = "", abstract: str = "", threshold: float = DEFAULT_THRESHOLD) -> Answer:
        """Which of arXiv's eight groups (physics math cs q-bio q-fin stat eess econ) an article belongs to.

        Parameters:
            title: The article's title; may be empty where there is an abstract.
            abstract: The article's abstract; may be empty where there is a title.
            threshold: Above 0, at most 1: the most probable groups are named until their probabilities add up to it.

        Returns:
            spheres (those groups, the most probable first), probabilities (of all eight), note (a warning, or empty)
        """
        try:
            text, placeholder = _read_text(title, abstract)
            answer = replace(self.service.classify(text), placeholder=placeholder)
            return cast(Answer, answer_as_json(answer, check_threshold(threshold)))
        except SphereError as error:
            raise _refusal(str(error)) from error

    def classify_many(
        self, records: list[Any], threshold: float = DEFAULT_THRESHOLD, rule: Literal["sum", "coverage"] = "sum"
    ) -> list[RecordAnswer]:
        """Classify a list of articles, each with an id of the caller's: an answer for each, in the same order.

        Parameters:
            records: At most 256 objects with "id" (a text or whole number), "title" and "abstract"; each may lack.
            threshold: Above 0, at most 1; what it sets depends on the rule.
            rule: "sum": groups whose probabilities add up to it; "coverage": groups that hold the true one that often.

        Returns:
            answers (each with id, spheres, probabilities, note, and error, why there is no answer, or empty)
        """
        share = _check_asked(threshold, rule)
        _check_size(records)
        # 1. Read each record by itself: one that is none costs no other
        read = [_read_record(record) for record in records]
        # 2. Classify the others together
        found = iter(self.service.classify_many([text for _, text, _, _ in read if text]))
        answers = []
        for id, text, placeholder, problem in read:
            empty = {"spheres": [], "probabilities": {}, "note": ""}
            answer = answer_as_json(replace(next(found), placeholder=placeholder), share, rule) if text else empty
            answers.append(cast(RecordAnswer, {"id": id, **answer, "error": problem}))
        return answers

    def classify_file(
        self,
        file: FileData,
        threshold: float = DEFAULT_THRESHOLD,
        rule: Literal["sum", "coverage"] = "sum",
        title_column: str | None = None,
        abstract_column: str | None = None,
    ) -> Iterator[tuple[FileData | None, About]]:
        """Classify every article of a file: CSV, TSV, Excel, Parquet, JSON, RIS, BibTeX or others, also gzip or xz.

        Parameters:
            file: An uploaded file with titles, abstracts or both (a tool also takes data:text/csv;base64,...).
            threshold: Above 0, at most 1; what it sets depends on the rule.
            rule: "sum": groups whose probabilities add up to it; "coverage": groups that hold the true one that often.
            title_column: The column with the titles, "" for none; by default it is found by its name.
            abstract_column: The column with the abstracts, "" for none; by default it is found by its name.

        Returns:
            answers (the file with spheres, probabilities and a note beside; RIS and BibTeX with spheres as keywords)
            about (what was read, rows, answered and from what, counts of the most probable groups, first problems)
        """
        source = None
        try:
            share = _check_asked(threshold, rule)
            columns = (title_column, abstract_column)
            if not all(column is None or isinstance(column, str) for column in columns):
                raise _refusal("The columns must be names.")
            source = find_upload(file)
            # Gradio can end a run only where it yields: so every batch yields, and the last one has the file.
            for progress in self.service.classify_file(source, share, rule, *columns):
                out = progress.path
                yield (FileData(path=str(out), orig_name=out.name) if out else None), _about(progress)
        except SphereError as error:
            raise _refusal(str(error).replace(f"{source.parent}/", "") if source else str(error)) from error


def _read_text(title: object, abstract: object) -> tuple[Text, str]:
    """The plain text of what a program sent, and which part is only a placeholder; SphereError where it is none."""
    title, abstract = ("" if part is None else part for part in (title, abstract))  # JSON's null for a part unknown
    if not isinstance(title, str) or not isinstance(abstract, str):
        raise SphereError(NO_TEXTS)
    text = prepare_text(title, abstract)
    return text, placeholder_in(title, abstract, text)


def _check_asked(threshold: object, rule: object) -> float:
    """The threshold; refuse what is none, and a rule that is none."""
    try:
        share = check_threshold(threshold)
    except SphereError as error:
        raise _refusal(str(error)) from error
    if rule not in RULES:
        raise _refusal(f"The rule must be {' or '.join(RULES)}.")
    return share


def _check_size(records: object) -> None:
    """Refuse what is no list of records, or too long a one."""
    if not isinstance(records, list):
        raise _refusal("The records must be a list of objects with id, title and abstract.")
    if len(records) > MAX_RECORDS:
        raise _refusal(
            f"The list has {len(records):,} records, more than the {MAX_RECORDS} allowed: send several lists, or a "
            "file to /classify_file."
        )
    parts = (record.get(name) for record in records if isinstance(record, dict) for name in ("title", "abstract"))
    length = sum(len(part) for part in parts if isinstance(part, str))
    if length > MAX_RECORD_CHARACTERS:
        raise _refusal(
            f"The records have {length:,} characters together, more than the {MAX_RECORD_CHARACTERS:,} allowed: send "
            "several lists, or a file to /classify_file."
        )


def _read_record(record: object) -> tuple[str | int | None, Text | None, str, str]:
    """A record's id, its text, which part is only a placeholder, and why there is no text; in English."""
    if not isinstance(record, dict):
        return None, None, "", "This record is no object: give one with id, title and abstract."
    id = record.get("id")
    if not (id is None or _is_id(id)):
        return None, None, "", "The id must be a text or a whole number."
    try:
        return id, *_read_text(record.get("title"), record.get("abstract")), ""
    except SphereError as error:
        return id, None, "", str(error)


def _is_id(value: object) -> bool:
    """Whether it comes back as it was sent: half a surrogate pair does not, nor a number of any length."""
    if isinstance(value, str):
        return is_utf8(value)
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_ID


def _about(progress: Progress) -> About:
    about = {
        "read": [str(message) for message in progress.summary.describe()],
        "rows": progress.n_rows,
        "answered": progress.n_answered,
        **{f"from_{view}": n for view, n in progress.views.items()},
        "counts": dict(progress.counts),
        "problems": [f"{place}: {problem}" for place, problem in progress.problems],
    }
    return cast(About, about)


def _refusal(sentence: str) -> gr.Error:
    """A refusal that the caller reads; the server's log has no use for its traceback."""
    return gr.Error(sentence, print_exception=False)


def _add(function: Callable[..., Any], outputs: dict[str, Any], name: str, events: dict[str, Any]) -> None:
    """Like `gr.api`, but each parameter keeps its name and description, and files are supported.

    Args:
        function: its docstring describes it.
        outputs: name -> type of what it returns.
        name: of the endpoint.
        events: further settings of the event.
    """
    _, about, returned = get_function_description(function)
    gr.Button().click(
        function,
        [_part(key, hint, about[key], default) for key, _, default, hint in get_function_params(function)],
        [_part(key, hint, about) for (key, hint), about in zip(outputs.items(), returned, strict=True)],
        api_name=name,
        preprocess=False,  # the functions check what they get, and say what is wrong with it
        **events,
    )


def _part(name: str, hint: Any, about: str, default: Any = None) -> Api:
    """A value that is never seen: its name, type, default and description on the API page."""
    schema = FileData.model_json_schema() if hint is FileData else python_type_to_json_schema(hint)
    described = {**schema, "description": about, "additional_description": about}  # one for outputs, one for inputs
    part = Api(default, described, name)
    if hint is FileData:  # on the instance: of a class of our own, Gradio would write a stub beside this module
        example = {**EXAMPLE_FILE, "meta": {"_type": "gradio.FileData"}}
        part.example_payload = lambda: example  # type: ignore[method-assign]
    return part
