"""An arXiv id or link in the title box: known as one, and looked up for its title and abstract.

    listing = ArxivClient()                                     # one for all visitors
    if identifier := arxiv_identifier("https://arxiv.org/abs/1706.03762"):
        article = listing.fetch(identifier)                 # article.title, article.abstract

Asks arXiv's public API through the package `arxiv`, seldom more than a second; never longer than `patience`. arXiv
wants at most one request in three seconds from one place, so visitors ask in turn: https://info.arxiv.org/help/api/tou.html
What comes back is a stranger's text: redirects are not followed, and only a whole Atom feed of a sane size is read.
"""

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

from spheres.data.arxiv_id import arxiv_identifier, base_id
from spheres.data.text import plain
from spheres.errors import Message, SphereError

URL = "https://export.arxiv.org/api/query"
PATIENCE = 8.0  # seconds a visitor waits at most, turn and pause included
PAUSE = 3.0  # seconds between the end of one request and the next one, as arXiv asks
MAX_ANSWER = 2 * 2**20  # bytes; one article takes a few thousand
MAX_REMEMBERED = 256  # articles, so that going back and forth asks nothing

SENTENCES = {  # what a code of ArxivLookupError means
    "absent": Message(
        "The package that asks arXiv is not installed: run `pip install arxiv==4.0.2`, or paste title and abstract "
        "instead."
    ),
    "unreachable": Message("arXiv cannot be reached from this network: paste title and abstract instead."),
    "slow": Message("arXiv did not answer in time: try again later, or paste title and abstract instead."),
    "busy": Message(
        "Too many articles are being looked up just now: try again in a few seconds, or paste title and abstract "
        "instead."
    ),
    "unknown": Message("arXiv has no article {identifier}: check the id, or paste title and abstract instead."),
    "odd": Message("arXiv's answer does not look like article {identifier}: paste title and abstract instead."),
}
_ATOM = "http://www.w3.org/2005/Atom "


@dataclass(frozen=True)
class ArxivArticle:
    """What arXiv lists under an id; title and abstract are one line each, with LaTeX as it stands."""

    identifier: str
    title: str
    abstract: str


class ArxivLookupError(SphereError):
    """No article, and why: `code` is a key of SENTENCES; `identifier` is the id, or the beginning of what is none."""

    def __init__(self, code: str, identifier: str = "") -> None:
        self.code, self.identifier = code, identifier
        super().__init__(SENTENCES[code].template, identifier=identifier)


class ArxivClient:
    """arXiv's listing of its articles, for many visitors at once: they ask one after the other.

    url      : the API's address
    patience : seconds until a visitor is told that there will be no answer

    The proxies of the environment (HTTPS_PROXY, NO_PROXY) are used.
    """

    def __init__(self, url: str = URL, patience: float = PATIENCE) -> None:
        self.url = url
        self.patience = patience
        self._remembered: dict[str, ArxivArticle] = {}
        self._turn = threading.Lock()  # held until a request has ended, even where nobody waits for it any more
        self._quiet_until = 0.0  # on the monotonic clock

    def fetch(self, identifier: str) -> ArxivArticle:
        """The article under an id, in any form that `arxiv_identifier` knows; nothing else is ever sent.

        raises : ArxivLookupError within `patience` seconds
        """
        number = arxiv_identifier(identifier)
        if number is None:
            raise ArxivLookupError("unknown", plain(identifier[:40]))
        if article := self._remembered.get(number):
            return article
        deadline = time.monotonic() + self.patience
        if not self._turn.acquire(timeout=self.patience):
            raise ArxivLookupError("busy", number)
        answer: Future[ArxivArticle] = Future()
        # In a thread, because a name server or a list of dead addresses may take longer than any timeout given
        thread = threading.Thread(target=self._answer, args=(number, deadline, answer), daemon=True, name="arxiv")
        try:
            thread.start()
        except RuntimeError:  # the machine has no thread to spare
            self._turn.release()
            raise ArxivLookupError("busy", number) from None
        try:
            return answer.result(max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            raise ArxivLookupError("slow", number) from None

    def _answer(self, number: str, deadline: float, answer: "Future[ArxivArticle]") -> None:
        """Ask, remember, and give up the turn; an answer that comes too late still serves the next visitor."""
        try:
            article = self._remembered.get(number) or self._ask(number, deadline)
            self._remembered[number] = article
            if len(self._remembered) > MAX_REMEMBERED:
                del self._remembered[next(iter(self._remembered))]  # the oldest
            answer.set_result(article)
        except ArxivLookupError as failure:
            answer.set_exception(failure)
        except Exception as error:  # whatever the package trips over in an answer, the answer is odd
            odd = ArxivLookupError("odd", number)
            odd.__cause__ = error
            answer.set_exception(odd)
        finally:
            self._turn.release()

    def _ask(self, number: str, deadline: float) -> ArxivArticle:
        try:
            import arxiv
        except ImportError:
            raise ArxivLookupError("absent", number) from None
        pause = self._quiet_until - time.monotonic()
        if pause > deadline - time.monotonic():
            raise ArxivLookupError("busy", number)
        time.sleep(max(0.0, pause))
        # A client for one request: its own pause goes by the wall clock, which steps back an hour in autumn, and its
        # retries by no clock; its session would wait for ever, follow any redirect, and read whatever comes
        client = arxiv.Client(page_size=1, delay_seconds=0, num_retries=0)
        client.query_url_format = self.url + "?{}"
        client._session = _Session(number, deadline)
        try:
            result = next(client.results(arxiv.Search(id_list=[number], max_results=1)))  # _Session refuses none
        finally:
            self._quiet_until = time.monotonic() + PAUSE
        title, abstract = plain(result.title), plain(result.summary)
        listed = arxiv_identifier(result.entry_id) or ""  # an error is an entry, too; its id is no article's
        if "errors#incorrect_id_format" in result.entry_id:
            raise ArxivLookupError("unknown", number)
        if base_id(listed) != base_id(number) or not title or not abstract:
            raise ArxivLookupError("odd", number)
        return ArxivArticle(number, title, abstract)


@dataclass(frozen=True)
class _Response:
    """As much of a response as the package looks at."""

    status_code: int
    content: bytes


@dataclass(frozen=True)
class _Session:
    """What the package takes for its requests session: one bounded request, read only where it is a feed."""

    number: str
    deadline: float

    def get(self, url: str, headers: dict[str, str]) -> _Response:
        import requests

        class DeafToRedirects(requests.Session):
            """allow_redirects=False would follow none either, but read all of its body first."""

            def get_redirect_target(self, resp: requests.Response) -> None:
                return None

        left = max(0.1, self.deadline - time.monotonic())
        try:
            response = DeafToRedirects().get(url, headers=headers, timeout=(left / 2, left), stream=True)
        except requests.ReadTimeout:  # a handshake that hangs, which has half the time
            raise ArxivLookupError("slow", self.number) from None
        except requests.RequestException as error:
            raise ArxivLookupError("unreachable", self.number) from error
        with response:
            if response.status_code != 200:
                # 400 is an id that there cannot be, such as 1706.0376; 429 and 503 ask to come back later
                code = {400: "unknown", 429: "busy", 503: "busy"}.get(response.status_code, "odd")
                raise ArxivLookupError(code, self.number)
            content = self._read(response.raw)
        if count_entries(content) == 0:
            raise ArxivLookupError("unknown", self.number)
        return _Response(200, content)

    def _read(self, raw: Any) -> bytes:
        """The body; what drips is given up at the deadline, what swells (unzipped, too) at MAX_ANSWER."""
        content = b""
        while piece := raw.read1(2**16, decode_content=True):  # what is there by now, unlike read()
            content += piece
            if len(content) > MAX_ANSWER:
                raise ArxivLookupError("odd", self.number)
            if time.monotonic() > self.deadline:
                raise ArxivLookupError("slow", self.number)
        return content


def count_entries(content: bytes) -> int:
    """How many entries an Atom feed has: a strict look, because the package's parser mends what is broken.

    A page of HTML would pass for a feed without entries there, and half an answer for a short abstract. Entities are
    declared in a document type, which no feed of arXiv's has: any is refused before an entity can grow.

    raises : ExpatError where it is no XML, ValueError where it is another document

    >>> count_entries(b'<feed xmlns="http://www.w3.org/2005/Atom"><entry/></feed>')
    1
    """
    names: list[str] = []

    def refuse(*_: object) -> None:
        raise ValueError("a document type is declared")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = lambda name, _: names.append(name)
    parser.Parse(content, True)
    if names[:1] != [_ATOM + "feed"]:
        raise ValueError("another document than an Atom feed")
    return names.count(_ATOM + "entry")
