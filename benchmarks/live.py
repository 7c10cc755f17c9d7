"""How long a visitor waits: for one article over HTTP, for the slider, for an explanation, for neighbours.

    python -m benchmarks live --corpus FILE      # two minutes

An article has about 200 tokens. The page, the forward pass alone and a page as tutorials write it take turns, article
by article, so that whatever else the machine does slows them alike.
"""

import json
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from benchmarks.articles import corpus_file, read_articles
from benchmarks.client import HttpClient
from benchmarks.start import ServerProcess
from benchmarks.table import Table
from benchmarks.timing import percentile
from spheres.data.text import Text
from spheres.encoder.hub import BUNDLED, fetch
from spheres.inference.classifier import Classification, Classifier
from spheres.inference.explain import explain, explain_words
from spheres.inference.neighbors import NeighborIndex
from spheres.inference.service import Service
from spheres.model.head_files import ARTIFACTS
from spheres.web.article_tab import ArticleTab
from spheres.web.i18n import language

TOKENS = range(190, 211)
PAUSE = 0.02  # seconds between two candidates: threads that wait for more work spin for a moment
OVERHEAD, SLIDER, EXPLAIN, NEAREST = 25, 50, 300, 20  # targets, ms


@dataclass(frozen=True)
class Timed:
    """Milliseconds, in the order they were measured."""

    ms: list[float]

    @property
    def p50(self) -> float:
        return percentile(self.ms, 0.5)

    @property
    def p95(self) -> float:
        return percentile(self.ms, 0.95)


def run(corpus: Path | None, quick: bool) -> Table:
    classifier = Classifier.load(BUNDLED.name, n_cached=0)  # some texts are asked twice here
    texts = of_200_tokens(classifier, read_articles(corpus_file(corpus), 6000), 20 if quick else 100)
    table = Table("live", ("p50, ms", "p95, ms", "target, ms"))

    tokens = [classifier.encoder.tokenize([text]) for text in texts]
    folder = str(fetch(BUNDLED))
    with ServerProcess() as ours, ServerProcess("benchmarks/textbook_page.py", folder) as theirs:
        page, textbook = HttpClient(ours.port), HttpClient(theirs.port)
        http, bare, whole, naive = in_turns(
            [
                lambda i: page.classify(texts[i]),
                lambda i: classifier.encoder.encode(tokens[i]),
                lambda i: classifier.classify(*texts[i]),
                lambda i: textbook.classify(texts[i]),
            ],
            len(texts),
        )
        slider, moved = BrowserSession(page, texts[0]), len(texts)
        slide, naive_slide = in_turns(
            [
                lambda i: slider.move(0.5 + 0.49 * i / moved),
                lambda i: textbook.classify(texts[0], 0.5 + 0.49 * i / moved),
            ],
            moved,
        )
    check_show_needs_no_encoder(classifier, texts[0])
    overhead = Timed([h - b for h, b in zip(http.ms, bare.ms, strict=True)])
    add(table, "one article over HTTP", http)
    add(table, "the forward pass alone", bare)
    add(table, "over it, pair by pair", overhead, OVERHEAD)
    add(table, "classify() without HTTP", whole)
    add(table, "textbook page over HTTP", naive)
    add(table, "the slider, over HTTP", slide, SLIDER)
    add(table, "textbook page's slider", naive_slide)
    table.ratios["textbook page's p50 over ours"] = naive.p50 / http.p50
    table.ratios["25 ms over the overhead"] = OVERHEAD / overhead.p50
    table.ratios["50 ms over the slider"] = SLIDER / slide.p50
    table.ratios["textbook page's slider over ours"] = naive_slide.p50 / slide.p50
    _in_process(table, classifier, texts[: max(10, len(texts) // 4)])
    table.notes.append(
        f"{len(texts)} distinct articles of {TOKENS[0]} to {TOKENS[-1]} tokens, title and abstract; the slider moves "
        "over one of them. Showing an answer was made with a classifier that refuses to classify."
    )
    return table


def _in_process(table: Table, classifier: Classifier, texts: Sequence[Text]) -> None:
    """Explanations and neighbours, without HTTP."""
    answers = [classifier.classify(*text) for text in texts]
    index = NeighborIndex.load(ARTIFACTS / classifier.name, classifier.bundle)
    sentences = [explain(classifier, text, answer) for text, answer in zip(texts, answers, strict=True)]
    winners = [answer.ranked()[0][0] for answer in answers]
    why, words = in_turns(
        [
            lambda i: explain(classifier, texts[i], answers[i]),
            lambda i: explain_words(classifier, sentences[i], winners[i]),
        ],
        len(texts),
    )
    add(table, "explanation, its sentences", why, EXPLAIN)
    add(table, "explanation, words of one", words, EXPLAIN)
    table.ratios["300 ms over sentences' weights"] = EXPLAIN / why.p50
    table.ratios["300 ms over words' weights"] = EXPLAIN / words.p50
    if index:
        (near,) = in_turns([lambda i: index.nearest(answers[i].vector)], len(texts))
        add(table, f"neighbours among {index.n_articles:,}", near, NEAREST)
        table.ratios["20 ms over neighbours"] = NEAREST / near.p50


def of_200_tokens(classifier: Classifier, texts: Sequence[Text], n: int) -> list[Text]:
    """The first `n` articles whose title and abstract make about 200 tokens."""
    lengths = (len(tokens.ids) for tokens in classifier.encoder.tokenize(texts))
    distinct = dict.fromkeys(text for text, length in zip(texts, lengths, strict=True) if length in TOKENS)
    return list(distinct)[:n]


def in_turns(candidates: Sequence[Callable[[int], object]], n: int) -> list[Timed]:
    """Each candidate on each of `n` cases, in changing order, after a few that do not count."""
    for ask in candidates:
        for case in range(min(n, 5)):
            ask(case)
    found: list[list[float]] = [[] for _ in candidates]
    for case in range(n):
        for place in rotate(len(candidates), case):
            time.sleep(PAUSE)
            started = time.perf_counter()
            candidates[place](case)
            found[place].append(1000 * (time.perf_counter() - started))
    return [Timed(ms) for ms in found]


def rotate(n: int, by: int) -> list[int]:
    """
    >>> rotate(3, by=4)
    [1, 2, 0]
    """
    return [(place + by) % n for place in range(n)]


class BrowserSession:
    """The page's events as a browser sends them: classify, move the slider, open the tab "Why"."""

    def __init__(self, visitor: HttpClient, text: Text, config: dict[str, Any] | None = None) -> None:
        self.visitor, self.hash = visitor, uuid.uuid4().hex[:10]
        config = config or json.loads(visitor.get("/config"))
        ids: dict[str, int] = {}
        for part in config["components"]:
            ids.setdefault(part["props"].get("elem_id"), part["id"])  # the first language's come first
        events = [event for event in config["dependencies"] if event["backend_fn"]]
        read = next(event for event in events if [ids["classify"], "click"] in event["targets"])
        self.shows = next(event for event in events if [ids["threshold"], "change"] in event["targets"])
        self.place = self.shows["inputs"].index(ids["threshold"])
        self.weighs = next(event for event in events if [ids["explain"], "click"] in event["targets"])
        self._join(read["id"], [*text, None, None])

    def move(self, threshold: float) -> Any:
        """The answer's new markup, as the browser asks for it: past the queue."""
        data: list[Any] = [None, None, "sum", "arxiv", None]
        data[self.place] = threshold
        answer = self._ask(f"/gradio_api/run/{self.shows['api_name']}", self.shows["id"], data)
        if 'class="winner' not in str(answer["data"][0]):
            raise ValueError(f"the slider shows no answer: {str(answer)[:200]}")
        return answer

    def why(self) -> str:
        """The coloured text's markup, once its tab is opened."""
        return str(self._join(self.weighs["id"], [None] * len(self.weighs["inputs"]))[0])

    def _join(self, event: int, data: list[Any]) -> list[Any]:
        """The final outputs of an event of the page, through the queue."""
        self._ask("/gradio_api/queue/join", event, data)
        stream = self.visitor.get(f"/gradio_api/queue/data?session_hash={self.hash}").decode()
        messages = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: ")]
        ended = next(message for message in messages if message["msg"] == "process_completed")
        if not ended["success"]:
            raise ValueError(f"the page's event failed: {str(ended)[:300]}")
        answers: list[Any] = ended["output"]["data"]
        return answers

    def _ask(self, path: str, event: int, data: list[Any]) -> Any:
        return self.visitor.post(path, {"data": data, "fn_index": event, "session_hash": self.hash})


class NoClassifier:
    """A classifier that cannot classify: what calls it raises AttributeError."""

    def __init__(self, classifier: Classifier) -> None:
        self.measured = classifier.measured


def check_show_needs_no_encoder(classifier: Classifier, text: Text) -> None:
    """Raise AttributeError where the slider's event would classify again."""
    answer: Classification = classifier.classify(*text)
    with gr.Blocks() as page:
        tab = ArticleTab(page, Service(NoClassifier(classifier)), language("en"))  # type: ignore[arg-type]
    for threshold in (0.5, 0.8, 1.0):
        tab.show(answer, threshold, "coverage")


def add(table: Table, name: str, timed: Timed, target: int | None = None) -> None:
    table.add(name, timed.p50, timed.p95, target)
