"""What programs call: `/classify` for one article, `/classify_file` for a file of them.

Both are named, typed and described on the page's API page, and are tools under `--mcp`: types and descriptions come
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

from spheres.data.text import placeholder_in, prepare_text
from spheres.errors import SphereError
from spheres.inference.classify_file import Progress
from spheres.inference.notes import answer_as_json
from spheres.inference.service import Service
from spheres.model.prediction_sets import DEFAULT_THRESHOLD, RULES, check_threshold
from spheres.server.uploads import find_upload
from spheres.web.article_tab import ENCODER_EVENT
from spheres.web.file_tab import FILE_EVENT

EXAMPLE_FILE = {"path": "articles.csv", "url": "articles.csv"}  # in the API page's snippets


class Answer(TypedDict):
    """What `/classify` returns."""

    spheres: list[str]
    probabilities: dict[str, float]
    note: str


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
    """The two endpoints over a service; made within the page that is being built."""

    def __init__(self, service: Service) -> None:
        self.service = service
        with gr.Column(visible=False):  # an endpoint needs parts, and a page without them a place to hide them
            _add(self.classify, {"answer": Answer}, "classify", ENCODER_EVENT)
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
        title, abstract = ("" if part is None else part for part in (title, abstract))  # JSON's null for a part unknown
        if not isinstance(title, str) or not isinstance(abstract, str):
            raise _refusal("Title and abstract must be texts.")
        try:
            text = prepare_text(title, abstract)
            answer = replace(self.service.classify(text), placeholder=placeholder_in(title, abstract, text))
            return cast(Answer, answer_as_json(answer, check_threshold(threshold)))
        except SphereError as error:
            raise _refusal(str(error)) from error

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
            share = check_threshold(threshold)
            if rule not in RULES:
                raise _refusal(f"The rule must be {' or '.join(RULES)}.")
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
