"""Every way that asking arXiv for an article may end."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import pairwise

import httpx
import pytest
from atom_server import ARTICLES, AtomServer, closed_port

from spheres.data.text import plain
from spheres.errors import Message
from spheres.inference import arxiv_api
from spheres.inference.arxiv_api import (
    BUSY,
    SLOW,
    UNEXPECTED,
    UNKNOWN,
    UNREACHABLE,
    ArxivArticle,
    ArxivClient,
    ArxivLookupError,
    parse_article,
)

SPARROWS = ArxivArticle(
    "2101.00001",
    "Counting Sparrows & Finches: A Survey of $\\mathcal{O}(n)$ Feeders",
    "We count birds at feeders, where a < b birds come twice. Ünlike earlier work, none comes thrice.",
)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """Whatever the environment has."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def arxiv():
    with AtomServer() as server:
        yield server


def client_of(arxiv: AtomServer | str, patience: float = 8.0, pause: float = 0.0) -> ArxivClient:
    """One that makes no test wait for arXiv's pause."""
    return ArxivClient(arxiv if isinstance(arxiv, str) else arxiv.url, patience, pause)


def assert_fails(client: ArxivClient, reason: Message, identifier: str = "2101.00001") -> ArxivLookupError:
    """There is no article, and one plain sentence that says why."""
    with pytest.raises(ArxivLookupError) as failed:
        client.fetch(identifier)
    error = failed.value
    assert error.template == reason.template
    assert error.values["identifier"] in (identifier, plain(identifier[:40]))
    assert "\n" not in str(error) and "{" not in str(error)
    return error


def fetched_at_last(client: ArxivClient, identifier: str) -> ArxivArticle:
    """The article, once the request that nobody waits for any more has ended."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            return client.fetch(identifier)
        except ArxivLookupError as error:
            assert error.template in (BUSY.template, SLOW.template)
    pytest.fail("the next request is never made")


@pytest.mark.parametrize("mode", ["well", "in_chunks"])
def test_an_article_comes_with_single_spaces_and_no_line_breaks(arxiv, mode):
    arxiv.mode = mode
    assert client_of(arxiv).fetch("https://arxiv.org/abs/2101.00001") == SPARROWS


@pytest.mark.parametrize("number", ARTICLES)
def test_an_article_of_any_time_is_found_with_and_without_its_version(arxiv, number):
    client = client_of(arxiv)
    assert client.fetch(number).title == " ".join(ARTICLES[number][1].split())
    assert client.fetch(f"{number}v1").identifier == f"{number}v1"
    assert [asked for asked, _ in arxiv.asked] == [number, f"{number}v1"]


def test_one_request_asks_for_one_article(arxiv):
    client_of(arxiv).fetch("math.GT/0309136")
    assert arxiv.paths == ["/api/query?id_list=math%2F0309136&max_results=1"]


@pytest.mark.parametrize(
    "text", ["", "Attention", "2101.00001,2101.00002", "2101.00001&max_results=9", "x\n\ud800" * 2**20]
)
def test_nothing_but_a_number_is_ever_sent(arxiv, text):
    assert len(str(assert_fails(client_of(arxiv), UNKNOWN, text))) < 150
    assert arxiv.asked == []


def test_an_article_once_found_is_not_asked_for_again(arxiv):
    client = client_of(arxiv)
    for form in ("2101.00001", "arXiv:2101.00001", "https://arxiv.org/pdf/2101.00001.pdf"):
        assert client.fetch(form) == SPARROWS
    assert len(arxiv.asked) == 1


def test_a_failure_is_not_remembered(arxiv):
    client = client_of(arxiv)
    arxiv.mode = "page"
    assert_fails(client, UNEXPECTED)
    arxiv.mode = "well"
    assert client.fetch("2101.00001") == SPARROWS


def test_only_so_many_articles_are_remembered(arxiv, monkeypatch):
    monkeypatch.setattr(arxiv_api, "MAX_REMEMBERED", 2)
    client = client_of(arxiv)
    for number in ("2101.00001", "2101.00002", "0704.0001", "0704.0001", "2101.00002", "2101.00001"):
        client.fetch(number)
    assert [asked for asked, _ in arxiv.asked] == ["2101.00001", "2101.00002", "0704.0001", "2101.00001"]


@pytest.mark.parametrize(
    ("mode", "reason"),
    {
        "error": UNEXPECTED,
        "format_error": UNKNOWN,
        "another": UNEXPECTED,
        "untitled": UNEXPECTED,
        "without_abstract": UNEXPECTED,
        "page": UNEXPECTED,
        "text": UNEXPECTED,
        "nothing": UNEXPECTED,
        "half": UNEXPECTED,
        "zipped": UNEXPECTED,
        "file": UNEXPECTED,
        "bomb": UNEXPECTED,
        "short": UNREACHABLE,
        "hang_up": UNREACHABLE,
    }.items(),
)
def test_whatever_comes_back_ends_in_a_sentence(arxiv, mode, reason):
    arxiv.mode = mode
    assert_fails(client_of(arxiv), reason)
    assert len(arxiv.asked) == 1, "a failure is asked for again only by the visitor"


@pytest.mark.parametrize("number", ["2101.99999", "hep-th/9912999", "2101.0001"])
def test_a_number_that_arxiv_does_not_have_is_said_to_be_unknown(arxiv, number):
    assert number in str(assert_fails(client_of(arxiv), UNKNOWN, number))


@pytest.mark.parametrize(
    ("status", "reason"), {429: BUSY, 503: BUSY, 500: UNEXPECTED, 404: UNEXPECTED, 204: UNEXPECTED}.items()
)
def test_another_status_than_success_ends_in_a_sentence(arxiv, status, reason):
    arxiv.mode, arxiv.status = "status", status
    assert_fails(client_of(arxiv), reason)
    assert len(arxiv.asked) == 1


@pytest.mark.parametrize("mode", ["redirect", "redirect_in_drops"])
def test_a_redirect_is_neither_followed_nor_read(arxiv, mode):
    with AtomServer() as elsewhere:
        arxiv.mode, arxiv.elsewhere = mode, f"{elsewhere.url}?id_list=2101.00001"
        assert_fails(client_of(arxiv), UNEXPECTED)
        assert elsewhere.asked == []


@pytest.mark.parametrize(("over", "fits"), [(0, True), (1, False)])
def test_an_answer_is_read_up_to_its_limit(arxiv, over, fits):
    arxiv.mode, arxiv.huge = "huge", arxiv_api.MAX_BYTES + over
    if fits:
        assert client_of(arxiv).fetch("2101.00001") == SPARROWS
    else:
        assert_fails(client_of(arxiv), UNEXPECTED)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_an_entity_is_refused_before_it_can_grow(encoding):
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    feed = f'<!DOCTYPE feed [<!ENTITY l0 "ha">{laughs}]><feed xmlns="http://www.w3.org/2005/Atom">&l9;</feed>'
    with pytest.raises(ValueError, match="document type"):
        parse_article(feed.encode(encoding), "2101.00001")


@pytest.mark.parametrize(
    "content", ["<feed><entry/></feed>", '<html xmlns="http://www.w3.org/2005/Atom"><feed><entry/></feed></html>']
)
def test_an_entry_is_read_in_an_atom_feed_only(content):
    with pytest.raises(ValueError, match="in place of an Atom feed"):
        parse_article(content.encode(), "2101.00001")


def test_where_nobody_listens_arxiv_is_said_to_be_out_of_reach():
    assert_fails(client_of(closed_port()), UNREACHABLE)


def test_where_connections_are_swallowed_arxiv_is_said_to_be_out_of_reach():
    """As behind a firewall that drops what it does not like: the queue of this port is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as queue:
        for _ in range(3):
            waiting = queue.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        url = f"http://127.0.0.1:{server.getsockname()[1]}/api/query"
        assert_fails(client_of(url, patience=2.0), UNREACHABLE)


def test_where_the_name_is_unknown_arxiv_is_said_to_be_out_of_reach():
    assert_fails(client_of("http://arxiv.invalid/api/query", patience=60), UNREACHABLE)


def test_the_proxy_of_the_environment_is_asked(arxiv, monkeypatch):
    monkeypatch.setenv("http_proxy", arxiv.url.removesuffix("/api/query"))
    assert client_of("http://arxiv.invalid/api/query").fetch("2101.00001") == SPARROWS
    assert arxiv.paths[0].startswith("http://arxiv.invalid/api/query?")


@pytest.mark.parametrize("proxy", ["", "socks5://127.0.0.1:9"])
def test_a_proxy_that_cannot_be_used_is_said_to_be_out_of_reach(arxiv, proxy, monkeypatch):
    monkeypatch.setenv("http_proxy", proxy or closed_port())
    assert_fails(client_of(arxiv), UNREACHABLE)


def test_an_answer_that_does_not_come_is_given_up_and_serves_the_next_visitor(arxiv):
    """The request goes on by itself: what it brings after all is not asked for again."""
    arxiv.mode = "slow"
    client = client_of(arxiv, patience=0.5)
    assert_fails(client, SLOW)
    client.patience = 10.0
    arxiv.released.set()
    assert fetched_at_last(client, "2101.00002").title == "Kettles that Whistle in Tune"
    assert [asked for asked, _ in arxiv.asked].count("2101.00002") == 1


def test_an_answer_in_drops_is_given_up_and_the_next_request_made(arxiv):
    """Every drop comes in time by itself; only the clock ends it."""
    arxiv.mode = "in_drops"
    client = client_of(arxiv, patience=0.5)
    assert_fails(client, SLOW)
    arxiv.mode = "well"
    client.patience = 10.0
    assert fetched_at_last(client, "2101.00002").title == "Kettles that Whistle in Tune"
    assert not arxiv.released.is_set()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (httpx.ReadTimeout(""), SLOW),
        (httpx.ConnectTimeout(""), UNREACHABLE),
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED]"), UNREACHABLE),
        (httpx.ProxyError(""), UNREACHABLE),
        (httpx.InvalidURL(""), UNREACHABLE),
        (UnicodeError(), UNEXPECTED),
    ],
    ids=repr,
)
def test_whatever_the_request_dies_of_ends_in_a_sentence(monkeypatch, error, reason):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(httpx, "stream", fail)
    assert_fails(client_of("http://arxiv.invalid/api/query"), reason)


def test_what_hangs_before_the_connection_is_given_up_too(monkeypatch):
    """A name server that does not answer knows no timeout of ours."""
    release = threading.Event()
    monkeypatch.setattr(httpx, "stream", lambda *_, **__: release.wait(10))
    assert_fails(client_of("http://arxiv.invalid/api/query", patience=0.2), SLOW)
    started = threading.enumerate()
    release.set()
    hanging = [thread for thread in started if thread.name == "arxiv"]
    assert hanging and all(thread.daemon for thread in hanging), "the server's end would wait for it"


def test_a_visitor_is_told_when_others_are_being_served(arxiv):
    client = client_of(arxiv, patience=30)
    known = client.fetch("0704.0001")
    arxiv.mode = "slow"
    with ThreadPoolExecutor(1) as others:
        first = others.submit(client.fetch, "2101.00001")
        while len(arxiv.asked) < 2:
            time.sleep(0.01)
        client.patience = 0.1
        assert_fails(client, BUSY, "2101.00002")
        assert client.fetch("0704.0001") == known, "what is known waits for nobody"
        arxiv.released.set()
        assert first.result(20) == SPARROWS
    assert len(arxiv.asked) == 2, "who has gone is not asked for"


def test_many_visitors_ask_one_after_the_other_and_for_the_same_article_once(arxiv):
    client = client_of(arxiv, patience=30, pause=0.2)
    with ThreadPoolExecutor(9) as visitors:
        found = list(visitors.map(client.fetch, ["2101.00001", "2101.00002", "0704.0001"] * 3))
    assert [article.identifier for article in found] == ["2101.00001", "2101.00002", "0704.0001"] * 3
    times = [when for _, when in arxiv.asked]
    assert len(times) == 3
    assert all(later - earlier >= 0.2 for earlier, later in pairwise(times))


def test_arxiv_gets_its_pause_after_a_failure_as_well(arxiv):
    arxiv.mode = "status"
    client = client_of(arxiv, patience=5.0, pause=60.0)
    assert_fails(client, BUSY)
    assert_fails(client, BUSY, "2101.00002")
    assert len(arxiv.asked) == 1


def test_a_pause_longer_than_the_patience_is_said_at_once_and_does_not_keep_what_is_known(arxiv):
    client = client_of(arxiv, patience=300.0, pause=600.0)
    client.fetch("2101.00001")
    assert_fails(client, BUSY, "2101.00002")
    assert client.fetch("2101.00001") == SPARROWS


def test_where_no_thread_can_be_started_the_visitor_is_told(arxiv, monkeypatch):
    def no_thread(_):
        raise RuntimeError("can't start new thread")

    client = client_of(arxiv, patience=5.0)
    with monkeypatch.context() as crowded:
        crowded.setattr(threading.Thread, "start", no_thread)
        assert_fails(client, BUSY)
    assert client.fetch("2101.00001") == SPARROWS
