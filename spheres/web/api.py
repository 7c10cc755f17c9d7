"""What programs call: `/classify` and `/category_fit` for one article, `/classify_many` for a list, `/classify_file`.

All are named, typed and described on the page's API page, and are tools under `--mcp`: types and descriptions come
from the methods of `Endpoints`. They answer in English, with codes instead of names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypedDict, cast

import gradio as gr
from gradio.components.api_component import Api
from gradio.data_classes import FileData
from gradio.utils import get_function_description, get_function_params
from gradio_client.utils import python_type_to_json_schema

from spheres.errors import SphereError
from spheres.inference.category_fit import category_fit
from spheres.inference.classify_file import PRIOR_NAMES, Progress
from spheres.inference.notes import answer_as_json
from spheres.inference.service import Service
from spheres.model.prediction_sets import DEFAULT_THRESHOLD, RULES, check_threshold
from spheres.model.prior import PRIORS, check_prior
from spheres.server.uploads import find_upload
from spheres.web.events import ENCODER_EVENT
from spheres.web.file_tab import FILE_EVENT
from spheres.web.records import check_size, read_record, read_text

if TYPE_CHECKING:
    from spheres.inference.classifier import Classification

MANY_EVENT: dict[str, Any] = {"concurrency_id": "many", "concurrency_limit": 1}  # one list at a time, as with files
EXAMPLE_FILE = {"path": "articles.csv", "url": "articles.csv"}  # in the API page's snippets


class Answer(TypedDict):
    """What `/classify` returns."""

    spheres: list[str]
    probabilities: dict[str, float]
    categories: dict[str, float]
    prior: str
    note: str


class RecordAnswer(Answer):
    """What `/classify_many` returns for each record."""

    id: str | int | None
    error: str


class Fit(TypedDict):
    """What `/category_fit` returns."""

    category: str
    name: str
    rank: int
    of: int
    probability: float
    cross_listed: dict[str, float]


class About(TypedDict):
    """What `/classify_file` returns beside the answers: how far the file's run has come."""

    read: list[str]
    rows: int
    answered: int
    from_both: int
    from_title: int
    from_abstract: int
    counts: dict[str, int]
    prior: str
    shares: dict[str, float]
    problems: list[str]


class Endpoints:
    """The endpoints over a service; made within the page that is being built."""

    def __init__(self, service: Service) -> None:
        self.service = service
        with gr.Column(visible=False):  # an endpoint needs parts, and a page without them a place to hide them
            _add(self.classify, {"answer": Answer}, "classify", ENCODER_EVENT)
            _add(self.classify_many, {"answers": list[RecordAnswer]}, "classify_many", MANY_EVENT)
            _add(self.category_fit, {"fit": Fit}, "category_fit", ENCODER_EVENT)
            file_event = {**FILE_EVENT, "api_visibility": "public"}
            _add(self.classify_file, {"answers": FileData, "about": About}, "classify_file", file_event)

    # Gradio reads these docstrings: one line a parameter, one line a returned value, or it cuts them.

    def classify(
        self,
        title: str = "",
        abstract: str = "",
        threshold: float = DEFAULT_THRESHOLD,
        rule: Literal["coverage", "sum"] = "coverage",
        prior: Literal["arxiv", "equal"] = "arxiv",
    ) -> Answer:
        """Which of arXiv's eight groups (physics math cs q-bio q-fin stat eess econ) an article belongs to.

        Parameters:
            title: The article's title; may be empty where there is an abstract.
            abstract: The article's abstract; may be empty where there is a title.
            threshold: Above 0, at most 1; what it sets depends on the rule.
            rule: "coverage": groups that hold the right one that often; "sum": groups whose probabilities add up to it.
            prior: "arxiv": the groups are as frequent among such articles as on arXiv; "equal": all alike.

        Returns:
            spheres (the most probable first), probabilities (of all), categories (the likeliest five), prior, note
        """
        share = _check_asked(threshold, rule, prior)
        try:
            answer = self._answer(title, abstract).under(PRIORS[prior])
            return cast(Answer, answer_as_json(answer, share, rule))
        except SphereError as error:
            raise _refusal(str(error)) from error

    def classify_many(
        self,
        records: list[Any],
        threshold: float = DEFAULT_THRESHOLD,
        rule: Literal["coverage", "sum"] = "coverage",
        prior: Literal["arxiv", "equal"] = "arxiv",
    ) -> list[RecordAnswer]:
        """Classify a list of articles, each with an id of the caller's: an answer for each, in the same order.

        Parameters:
            records: At most 256 objects with "id" (a text or whole number), "title" and "abstract"; each may lack.
            threshold: Above 0, at most 1; what it sets depends on the rule.
            rule: "coverage": groups that hold the right one that often; "sum": groups whose probabilities add up to it.
            prior: "arxiv": the groups are as frequent among such articles as on arXiv; "equal": all alike.

        Returns:
            answers (each with id, what /classify returns, and error, why there is no answer, or empty)
        """
        share, mix = _check_asked(threshold, rule, prior), PRIORS[prior]
        try:
            check_size(records)
        except SphereError as error:
            raise _refusal(str(error)) from error
        # 1. Read each record by itself: one that is none costs no other
        read = [read_record(record) for record in records]
        # 2. Classify the others together
        found = iter(self.service.classify_many([text for _, text, _, _ in read if text]))
        answers = []
        for id, text, placeholder, problem in read:
            answer: dict[str, Any] = {"spheres": [], "probabilities": {}, "categories": {}, "prior": prior, "note": ""}
            if text:
                classification = replace(next(found), placeholder=placeholder).under(mix)
                answer = answer_as_json(classification, share, rule)
            answers.append(cast(RecordAnswer, {"id": id, **answer, "error": problem}))
        return answers

    def category_fit(
        self, title: str = "", abstract: str = "", category: str = "", prior: Literal["arxiv", "equal"] = "arxiv"
    ) -> Fit:
        """How well one of arXiv's categories fits an article: for an author who has one in mind.

        Parameters:
            title: The article's title; may be empty where there is an abstract.
            abstract: The article's abstract; may be empty where there is a title.
            category: Its code, such as cs.IR, or its name.
            prior: "arxiv": the groups are as frequent among such articles as on arXiv; "equal": all alike.

        Returns:
            category, name, rank (1 is the most probable), of (how many), probability, cross_listed (usually beside it)
        """
        try:
            answer = self._answer(title, abstract).under(PRIORS[check_prior(prior)])
            fit = category_fit(answer, category, self.service.classifier.cross_listed)
        except SphereError as error:
            raise _refusal(str(error)) from error
        return {
            "category": fit.code,
            "name": fit.name,
            "rank": fit.rank,
            "of": fit.n_categories,
            "probability": round(fit.probability, 6),
            "cross_listed": dict(fit.cross_listed),
        }

    def _answer(self, title: object, abstract: object) -> Classification:
        """The answer to what a program sent as title and abstract."""
        text, placeholder = read_text(title, abstract)
        return replace(self.service.classify(text), placeholder=placeholder)

    def classify_file(
        self,
        file: FileData,
        threshold: float = DEFAULT_THRESHOLD,
        rule: Literal["coverage", "sum"] = "coverage",
        title_column: str | None = None,
        abstract_column: str | None = None,
        prior: Literal["arxiv", "equal", "file"] = "arxiv",
    ) -> Iterator[tuple[FileData | None, About]]:
        """Classify every article of a file: CSV, TSV, Excel, Parquet, JSON, RIS, BibTeX or others, also gzip or xz.

        Parameters:
            file: An uploaded file with titles, abstracts or both (a tool also takes data:text/csv;base64,...).
            threshold: Above 0, at most 1; what it sets depends on the rule.
            rule: "coverage": groups that hold the right one that often; "sum": groups whose probabilities add up to it.
            title_column: The column with the titles, "" for none; by default it is found by its name.
            abstract_column: The column with the abstracts, "" for none; by default it is found by its name.
            prior: "arxiv", "equal", or "file": how frequent the groups are is estimated from 200 articles and more.

        Returns:
            answers (the file with spheres, probabilities, categories and a note; RIS and BibTeX with keywords)
            about (what was read, rows, answered by parts, counts of top groups or unfamiliar, prior, shares, problems)
        """
        source = None
        try:
            share = _check_asked(threshold, rule, prior, PRIOR_NAMES)
            columns = (title_column, abstract_column)
            if not all(column is None or isinstance(column, str) for column in columns):
                raise _refusal("The columns must be names.")
            source = find_upload(file)
            # Gradio can end a run only where it yields: so every batch yields, and the last one has the file.
            for progress in self.service.classify_file(source, share, rule, *columns, prior):
                out = progress.path
                yield (FileData(path=str(out), orig_name=out.name) if out else None), _about(progress, prior)
        except SphereError as error:
            raise _refusal(str(error).replace(f"{source.parent}/", "") if source else str(error)) from error


def _check_asked(threshold: object, rule: object, prior: object, priors: Sequence[str] = tuple(PRIORS)) -> float:
    """The threshold; refuse what is none, and a rule or prior that is none."""
    try:
        share = check_threshold(threshold)
        check_prior(prior, priors)
    except SphereError as error:
        raise _refusal(str(error)) from error
    if rule not in RULES:
        raise _refusal(f"The rule must be {' or '.join(RULES)}.")
    return share


def _about(progress: Progress, prior: str) -> About:
    about = {
        "read": [str(message) for message in progress.summary.describe()],
        "rows": progress.n_rows,
        "answered": progress.n_answered,
        **{f"from_{view}": n for view, n in progress.views.items()},
        "counts": dict(progress.counts),
        "prior": prior,
        "shares": {group: round(share, 4) for group, share in progress.prior.ranked()} if progress.prior else {},
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
        part.__dict__.update(example_payload=lambda: example)
    return part
