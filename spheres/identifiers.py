"""An arXiv id or link in the title box: known as one, and looked up for its title and abstract.

    listing = Listing()                                     # one for all visitors
    if identifier := arxiv_identifier("https://arxiv.org/abs/1706.03762"):
        article = listing.fetch(identifier)                 # article.title, article.abstract

Asks arXiv's public API through the package `arxiv`, seldom more than a second; never longer than `patience`. arXiv
wants at most one request in three seconds from one place, so visitors ask in turn: https://info.arxiv.org/help/api/tou.html
What comes back is a stranger's text: redirects are not followed, and only a whole Atom feed of a sane size is read.
"""

import re
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

from spheres.corpus import base_id
from spheres.errors import SphereError
from spheres.groups import ARCHIVES
from spheres.texts import clean

URL = "https://export.arxiv.org/api/query"
PATIENCE = 8.0  # seconds a visitor waits at most, turn and pause included
PAUSE = 3.0  # seconds between the end of one request and the next one, as arXiv asks
MAX_ANSWER = 2 * 2**20  # bytes; one article takes a few thousand
MAX_REMEMBERED = 256  # articles, so that going back and forth asks nothing

SENTENCES = {  # what a code of LookupFailed says; templates, as `spheres.wording` translates them
    "absent": "The package that asks arXiv is not installed: run `pip install arxiv==4.0.2`, or paste title and "
    "abstract instead.",
    "unreachable": "arXiv cannot be reached from this network: paste title and abstract instead.",
    "slow": "arXiv did not answer in time: try again later, or paste title and abstract instead.",
    "busy": "Too many articles are being looked up just now: try again in a few seconds, or paste title and abstract "
    "instead.",
    "unknown": "arXiv has no article {identifier}: check the id, or paste title and abstract instead.",
    "odd": "arXiv's answer does not look like article {identifier}: paste title and abstract instead.",
}

_LINK = r"(?:https?://)?(?:(?:www|export)\.)?arxiv\.org/(?:abs|pdf|html)/"
_DOI = r"(?:(?:https?://)?(?:(?:www|dx)\.)?doi\.org/|doi:\s{0,3})?10\.48550/arxiv\."
_MONTH = r"[0-9]{2}(?:0[1-9]|1[0-2])"
_ARCHIVE = "|".join(re.escape(archive) for archives in ARCHIVES.values() for archive in archives)
# ASCII, because ſ and K would pass for s and k otherwise; no repeat stands next to one that matches the same
_FORM = re.compile(
    rf"(?:(?P<link>{_LINK}|{_DOI})|arxiv:\s{{0,3}})?"
    rf"(?:(?P<new>{_MONTH}\.[0-9]{{4,5}})|(?P<archive>{_ARCHIVE})(?:\.[a-z-]{{2,9}})?/(?P<old>{_MONTH}[0-9]{{3}}))"
    r"(?P<version>v[1-9][0-9]{0,2})?"
    r"(?(link)(?:\.pdf)?/?(?:[?#]\S*)?|(?:\s{0,3}\[[a-z-]{2,8}(?:\.[a-z-]{2,9})?\])?)",
    re.IGNORECASE | re.ASCII,
)
_WRAPPINGS = {"<>", '""', "''", "``", "“”", "‘’", "«»", "()", "[]"}
_ATOM = "http://www.w3.org/2005/Atom "


@dataclass(frozen=True)
class ListedArticle:
    """What arXiv lists under an id; title and abstract are one line each, with LaTeX as it stands."""

    identifier: str
    title: str
    abstract: str


class LookupFailed(SphereError):
    """No article, and why: `code` is a key of SENTENCES; `identifier` is the id, or the beginning of what is none."""

    def __init__(self, code: str, identifier: str = "") -> None:
        self.code, self.identifier = code, identifier
        super().__init__(SENTENCES[code], identifier=identifier)


def arxiv_identifier(text: str) -> str | None:
    """The arXiv id that the whole text is, however it is written, in arXiv's own way; None for any other text.

    The subject class of an old id is dropped: math.GT/0309136 is listed as math/0309136.

    >>> arxiv_identifier("https://arxiv.org/pdf/1706.03762v5.pdf?download=1"), arxiv_identifier("<arXiv:1706.03762>")
    ('1706.03762v5', '1706.03762')
    >>> arxiv_identifier("arXiv:1706.03762v7 [cs.CL]")
    '1706.03762v7'
    >>> arxiv_identifier("math.GT/0309136"), arxiv_identifier("https://doi.org/10.48550/arXiv.hep-th/9711200")
    ('math/0309136', 'hep-th/9711200')
    >>> arxiv_identifier("A comment on 1706.03762") is None
    True
    """
    text = text.strip()
    if text[:1] + text[-1:] in _WRAPPINGS:
        text = text[1:-1].strip()
    if not (form := _FORM.fullmatch(text)):
        return None
    number = form["new"] or f"{form['archive']}/{form['old']}"
    return (number + (form["version"] or "")).lower()


class Listing:
    """arXiv's listing of its articles, for many visitors at once: they ask one after the other.

    url      : the API's address
    patience : seconds until a visitor is told that there will be no answer

    The proxies of the environment (HTTPS_PROXY, NO_PROXY) are used.
    """

    def __init__(self, url: str = URL, patience: float = PATIENCE) -> None:
        self.url = url
        self.patience = patience
        self._remembered: dict[str, ListedArticle] = {}
        self._turn = threading.Lock()  # held until a request has ended, even where nobody waits for it any more
        self._quiet_until = 0.0  # on the monotonic clock

    def fetch(self, identifier: str) -> ListedArticle:
        """The article under an id, in any form that `arxiv_identifier` knows; nothing else is ever sent.

        raises : LookupFailed within `patience` seconds
        """
        number = arxiv_identifier(identifier)
        if number is None:
            raise LookupFailed("unknown", clean(identifier[:40]))
        if article := self._remembered.get(number):
            return article
        deadline = time.monotonic() + self.patience
        if not self._turn.acquire(timeout=self.patience):
            raise LookupFailed("busy", number)
        answer: Future[ListedArticle] = Future()
        # In a thread, because a name server or a list of dead addresses may take longer than any timeout given
        thread = threading.Thread(target=self._answer, args=(number, deadline, answer), daemon=True, name="arxiv")
        try:
            thread.start()
        except RuntimeError:  # the machine has no thread to spare
            self._turn.release()
            raise LookupFailed("busy", number) from None
        try:
            return answer.result(max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            raise LookupFailed("slow", number) from None

    def _answer(self, number: str, deadline: float, answer: "Future[ListedArticle]") -> None:
        """Ask, remember, and give up the turn; an answer that comes too late still serves the next visitor."""
        try:
            article = self._remembered.get(number) or self._ask(number, deadline)
            self._remembered[number] = article
            if len(self._remembered) > MAX_REMEMBERED:
                del self._remembered[next(iter(self._remembered))]  # the oldest
            answer.set_result(article)
        except LookupFailed as failure:
            answer.set_exception(failure)
        except Exception as error:  # whatever the package trips over in an answer, the answer is odd
            odd = LookupFailed("odd", number)
            odd.__cause__ = error
            answer.set_exception(odd)
        finally:
            self._turn.release()

    def _ask(self, number: str, deadline: float) -> ListedArticle:
        try:
            import arxiv
        except ImportError:
            raise LookupFailed("absent", number) from None
        pause = self._quiet_until - time.monotonic()
        if pause > deadline - time.monotonic():
            raise LookupFailed("busy", number)
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
        title, abstract = clean(result.title), clean(result.summary)
        listed = arxiv_identifier(result.entry_id) or ""  # an error is an entry, too; its id is no article's
        if "errors#incorrect_id_format" in result.entry_id:
            raise LookupFailed("unknown", number)
        if base_id(listed) != base_id(number) or not title or not abstract:
            raise LookupFailed("odd", number)
        return ListedArticle(number, title, abstract)


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
            raise LookupFailed("slow", self.number) from None
        except requests.RequestException as error:
            raise LookupFailed("unreachable", self.number) from error
        with response:
            if response.status_code != 200:
                # 400 is an id that there cannot be, such as 1706.0376; 429 and 503 ask to come back later
                code = {400: "unknown", 429: "busy", 503: "busy"}.get(response.status_code, "odd")
                raise LookupFailed(code, self.number)
            content = self._read(response.raw)
        if count_entries(content) == 0:
            raise LookupFailed("unknown", self.number)
        return _Response(200, content)

    def _read(self, raw: Any) -> bytes:
        """The body; what drips is given up at the deadline, what swells (unzipped, too) at MAX_ANSWER."""
        content = b""
        while piece := raw.read1(2**16, decode_content=True):  # what is there by now, unlike read()
            content += piece
            if len(content) > MAX_ANSWER:
                raise LookupFailed("odd", self.number)
            if time.monotonic() > self.deadline:
                raise LookupFailed("slow", self.number)
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
