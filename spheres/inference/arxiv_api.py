"""Title and abstract of an arXiv id, from arXiv's public API, for many visitors at once.

    client = ArxivClient()                                      # one for all visitors
    if identifier := arxiv_identifier("https://arxiv.org/abs/1706.03762"):
        article = client.fetch(identifier)                      # article.title, article.abstract

An answer takes seldom more than a second; nobody waits longer than `patience`. arXiv wants one request at a time and
at most one in three seconds, so visitors ask in turn: https://info.arxiv.org/help/api/tou.html
What comes back is not trusted: redirects are not followed, and only a whole Atom feed of a sane size is read.
"""

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from xml.etree import ElementTree

import httpx

from spheres.data.arxiv_id import arxiv_identifier, base_id
from spheres.data.text import plain
from spheres.errors import Message, SphereError

URL = "https://export.arxiv.org/api/query"
PATIENCE = 8.0  # seconds a visitor waits at most, queue and pause included
PAUSE = 3.0  # seconds between the end of one request and the next one, as arXiv asks
MAX_BYTES = 2 * 2**20  # of an answer; one article takes a few thousand
MAX_REMEMBERED = 256  # articles, so that going back and forth asks nothing
ATOM = "{http://www.w3.org/2005/Atom}"
# Not packed, because a few packed bytes may become many
HEADERS = {"Accept-Encoding": "identity", "User-Agent": "article-sphere-classifier"}

UNREACHABLE = Message("arXiv cannot be reached from this network: paste title and abstract instead.")
SLOW = Message("arXiv did not answer in time: try again later, or paste title and abstract instead.")
BUSY = Message(
    "Too many articles are being looked up just now: try again in a few seconds, or paste title and abstract instead."
)
UNKNOWN = Message("arXiv has no article {identifier}: check the id, or paste title and abstract instead.")
UNEXPECTED = Message("arXiv's answer does not look like article {identifier}: paste title and abstract instead.")
STATUSES = {400: UNKNOWN, 429: BUSY, 503: BUSY}  # 400 is an id that there cannot be, such as 1706.0376


@dataclass(frozen=True)
class ArxivArticle:
    """What arXiv lists under an id; title and abstract are one line each, with LaTeX as it stands."""

    identifier: str
    title: str
    abstract: str


class ArxivLookupError(SphereError):
    """No article under `identifier`, for one of the reasons above."""

    def __init__(self, reason: Message, identifier: str) -> None:
        super().__init__(reason.template, identifier=identifier)


class ArxivClient:
    """Looks articles up, one request at a time, through the proxies of the environment (HTTPS_PROXY, NO_PROXY).

    Args:
        url: The API's address.
        patience: Seconds until a visitor is told that there will be no answer.
        pause: Seconds between two requests.
    """

    def __init__(self, url: str = URL, patience: float = PATIENCE, pause: float = PAUSE) -> None:
        self.url, self.patience, self.pause = url, patience, pause
        self._remembered: dict[str, ArxivArticle] = {}
        self._turn = threading.Lock()  # held while a request runs, also where its visitor has gone
        self._next_request = 0.0  # not before, on the monotonic clock

    def fetch(self, identifier: str) -> ArxivArticle:
        """The article under an id, in any form that `arxiv_identifier` knows; nothing else is ever sent.

        Raises:
            ArxivLookupError: There is none, or no answer within `patience` seconds.
        """
        number = arxiv_identifier(identifier)
        if number is None:
            raise ArxivLookupError(UNKNOWN, plain(identifier[:40]))
        if article := self._remembered.get(number):
            return article
        deadline = time.monotonic() + self.patience
        # 1. Wait for the requests of others
        if not self._turn.acquire(timeout=self.patience):
            raise ArxivLookupError(BUSY, number)
        # 2. Ask in a thread, because a name server or a list of dead addresses may take longer than any timeout given;
        #    a daemon, so that the server's end does not wait for it
        answer: Future[ArxivArticle] = Future()
        try:
            threading.Thread(target=self._look_up, args=(number, deadline, answer), name="arxiv", daemon=True).start()
        except RuntimeError:  # the machine has no thread to spare
            self._turn.release()
            raise ArxivLookupError(BUSY, number) from None
        # 3. Wait for it no longer than the visitor does; what comes later serves the next one
        try:
            return answer.result(deadline - time.monotonic())
        except TimeoutError:
            raise ArxivLookupError(SLOW, number) from None

    def _look_up(self, number: str, deadline: float, answer: Future[ArxivArticle]) -> None:
        try:
            # another visitor, who came before, may have asked for the same article
            answer.set_result(self._remembered.get(number) or self._ask(number, deadline))
        except Exception as error:
            answer.set_exception(error)
        finally:
            self._turn.release()

    def _ask(self, number: str, deadline: float) -> ArxivArticle:
        pause = self._next_request - time.monotonic()
        if pause > deadline - time.monotonic():
            raise ArxivLookupError(BUSY, number)
        time.sleep(max(0.0, pause))
        try:
            article = self._remembered[number] = parse_article(self._request(number, deadline), number)
        except httpx.ReadTimeout:
            raise ArxivLookupError(SLOW, number) from None
        except (httpx.HTTPError, httpx.InvalidURL, ImportError) as error:  # the last one: no package for a SOCKS proxy
            raise ArxivLookupError(UNREACHABLE, number) from error
        except (ValueError, ElementTree.ParseError, LookupError) as error:  # the last one: an encoding nobody knows
            raise ArxivLookupError(UNEXPECTED, number) from error
        finally:
            self._next_request = time.monotonic() + self.pause
        if len(self._remembered) > MAX_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]  # the oldest
        return article

    def _request(self, number: str, deadline: float) -> bytes:
        """The body of arXiv's answer; what drips is given up at the deadline, what swells at MAX_BYTES."""
        left = max(0.1, deadline - time.monotonic())
        timeout = httpx.Timeout(left, connect=left / 2)
        url = httpx.URL(self.url, params={"id_list": number, "max_results": 1})
        with httpx.stream("GET", url, headers=HEADERS, timeout=timeout) as response:
            if response.status_code != 200:
                raise ArxivLookupError(STATUSES.get(response.status_code, UNEXPECTED), number)
            content = b""
            for piece in response.iter_raw():
                content += piece
                if len(content) > MAX_BYTES:
                    raise ValueError(f"more than {MAX_BYTES} bytes")
                if time.monotonic() > deadline:
                    raise ArxivLookupError(SLOW, number)
        return content


class NoDoctype(ElementTree.TreeBuilder):
    """Refuses a document type: entities, which may grow without bound, are declared there, and no feed has one."""

    def doctype(self, *_: object) -> None:
        raise ValueError("a document type is declared")


def parse_article(content: bytes, number: str) -> ArxivArticle:
    """The article of an Atom feed of one entry.

    Raises:
        ArxivLookupError: The feed says that there is none.
        ValueError: It is another document, or its entry another article.
    """
    feed = ElementTree.fromstring(content, ElementTree.XMLParser(target=NoDoctype()))
    if feed.tag != f"{ATOM}feed":
        raise ValueError(f"{feed.tag} in place of an Atom feed")
    entry = feed.find(f"{ATOM}entry")
    id, title, abstract = (plain(feed.findtext(f"{ATOM}entry/{ATOM}{name}", "")) for name in ("id", "title", "summary"))
    if entry is None or "errors#incorrect_id_format" in id:  # an error is an entry, too
        raise ArxivLookupError(UNKNOWN, number)
    if base_id(arxiv_identifier(id) or "") != base_id(number) or not title or not abstract:
        raise ValueError(f"{id or 'an entry'} in place of {number}")
    return ArxivArticle(number, title, abstract)
