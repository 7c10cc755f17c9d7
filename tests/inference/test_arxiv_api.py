"""An arXiv number in the title box: which texts are one, and every way that asking arXiv may end."""

import re
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import pairwise

import arxiv as package  # imported here, so that no short patience below is spent on it
import pytest
import requests
from atom_server import ARTICLES, AtomServer, closed_port
from places import ROOT

from spheres.data.arxiv_id import arxiv_identifier
from spheres.data.taxonomy import ARCHIVES
from spheres.data.text import plain
from spheres.errors import SphereError
from spheres.inference import arxiv_api as identifiers
from spheres.inference.arxiv_api import SENTENCES, ArxivArticle, ArxivClient, ArxivLookupError, count_entries

SPARROWS = ArxivArticle(
    "2101.00001",
    "Counting Sparrows & Finches: A Survey of $\\mathcal{O}(n)$ Feeders",
    "We count birds at feeders, where a < b birds come twice. Ünlike earlier work, none comes thrice.",
)

# text -> the number it is, written by hand from https://info.arxiv.org/help/arxiv_identifier.html
NUMBERS = {
    "1706.03762": "1706.03762",
    "1706.03762v5": "1706.03762v5",
    "1706.03762V12": "1706.03762v12",
    "0704.0001": "0704.0001",
    "  1706.03762\n": "1706.03762",
    "\u00a01706.03762\u00a0": "1706.03762",
    "arXiv:1706.03762": "1706.03762",
    "ARXIV: 1706.03762v2": "1706.03762v2",
    "hep-th/9711200": "hep-th/9711200",
    "Hep-Th/9711200v3": "hep-th/9711200v3",
    "arXiv:hep-th/9711200": "hep-th/9711200",
    "math.GT/0309136": "math/0309136",
    "math/0309136": "math/0309136",
    "cond-mat.mtrl-sci/0012345": "cond-mat/0012345",
    "physics.atom-ph/0301001v1": "physics/0301001v1",
    "https://arxiv.org/abs/1706.03762": "1706.03762",
    "http://arxiv.org/abs/1706.03762v1/": "1706.03762v1",
    "HTTPS://WWW.ARXIV.ORG/ABS/1706.03762": "1706.03762",
    "arxiv.org/abs/hep-th/9711200": "hep-th/9711200",
    "https://export.arxiv.org/abs/math.GT/0309136": "math/0309136",
    "https://arxiv.org/pdf/1706.03762": "1706.03762",
    "https://arxiv.org/pdf/1706.03762v5.pdf": "1706.03762v5",
    "https://arxiv.org/pdf/hep-th/9711200.pdf#page=2": "hep-th/9711200",
    "https://arxiv.org/html/1706.03762v7#S3.F1": "1706.03762v7",
    "https://arxiv.org/abs/1706.03762?context=cs.LG&utm_source=a%20b": "1706.03762",
    "https://doi.org/10.48550/arXiv.1706.03762": "1706.03762",
    "http://dx.doi.org/10.48550/ARXIV.HEP-TH/9711200": "hep-th/9711200",
    "10.48550/arXiv.1706.03762": "1706.03762",
    "doi:10.48550/arxiv.1706.03762": "1706.03762",
    "<https://arxiv.org/abs/1706.03762>": "1706.03762",
    '"arXiv:1706.03762"': "1706.03762",
    "“1706.03762”": "1706.03762",
    "[ arXiv:1706.03762 ]": "1706.03762",
    "arXiv:1706.03762 [cs.CL]": "1706.03762",
    "arXiv:1706.03762v7 [cs.CL]": "1706.03762v7",
    "2101.00001[quant-ph]": "2101.00001",
    "hep-th/9711200 [cond-mat.mtrl-sci]": "hep-th/9711200",
    "<arXiv:1706.03762 [cs.CL]>": "1706.03762",
}
NO_NUMBERS = [
    "",
    " ",
    '"',
    "<>",
    "Attention Is All You Need",
    "A comment on 1706.03762",
    "1706.03762 revisited",
    "1706.03762 1706.03763",
    "https://arxiv.org/abs/1706.03762 and more",
    "see https://arxiv.org/abs/1706.03762",
    "1706.03762?",
    "1706.03762 [5]",
    "1706.03762 [cs.CL",
    "1706.03762 [cs.CL] [cs.LG]",
    "1706.03762 [a title in brackets]",
    "1706.03762.pdf",
    "1713.03762",
    "1700.03762",
    "1706.037",
    "1706.037621",
    "1706.03762v0",
    "1706.03762v",
    "1706,03762",
    "1706.03762\n1706.03763",
    "3.14159",
    "hep-xx/9711200",
    "hep-th/971120",
    "hep-th/97112000",
    "hep-th/9713200",
    "hep/9711200",
    "th/9711200",
    "I.2/9711200",
    "https://arxiv.org/list/cs.LG/recent",
    "https://arxiv.org/abs/",
    "https://arxiv.org.example.com/abs/1706.03762",
    "https://example.com/arxiv.org/abs/1706.03762",
    "https://user@arxiv.org/abs/1706.03762",
    "ftp://arxiv.org/abs/1706.03762",
    "https://doi.org/10.1000/arXiv.1706.03762",
    "١٧٠٦.٠٣٧٦٢",
    "httpſ://arxiv.org/abs/1706.03762",
    "<1706.03762",
    "“1706.03762”.",
    "1706.03762&id_list=1706.03763",
    "1706.03762,1706.03763",
    "1706.03762\x00",
]


@pytest.mark.parametrize(("text", "number"), NUMBERS.items())
def test_a_number_is_known_however_it_is_written(text, number):
    assert arxiv_identifier(text) == number
    assert arxiv_identifier(number) == number


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_any_other_text_is_no_number(text):
    assert arxiv_identifier(text) is None


@pytest.mark.parametrize("archive", [name for names in ARCHIVES.values() for name in names])
def test_every_archive_that_arxiv_has_had_is_known_in_an_old_number(archive):
    assert arxiv_identifier(f"{archive}/9711200v1") == f"{archive}/9711200v1"


@pytest.mark.parametrize(
    "piece", ["1", "a", "-", ".", "/", " ", "<", "math.", "arxiv:", "arxiv: ", "1706.03762", "?", "https://arxiv.org/"]
)
def test_a_huge_text_is_told_apart_in_linear_time(piece):
    """Two megabytes in milliseconds; a repeat that could be divided in many ways would take hours."""
    huge = piece * (2**21 // len(piece))
    for text in (huge, f"https://arxiv.org/abs/1706.03762{huge} !", f"arXiv:{huge}", f"hep-th.{huge}/9711200"):
        assert arxiv_identifier(text) is None


@pytest.fixture(autouse=True)
def no_proxy_and_no_pause(monkeypatch):
    """Whatever the environment has; and no test waits for arXiv's pause but the one that is about it."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(identifiers, "PAUSE", 0.0)


@pytest.fixture
def arxiv():
    with AtomServer() as server:
        yield server


def failure_of(listing: ArxivClient, identifier: str = "2101.00001") -> ArxivLookupError:
    """Why there is no article; one plain sentence in any case."""
    with pytest.raises(ArxivLookupError) as failed:
        listing.fetch(identifier)
    error = failed.value
    assert str(error) == SENTENCES[error.code].template.format(identifier=error.identifier)
    assert error.template == SENTENCES[error.code].template, "what a translation is found by"
    assert error.identifier in (identifier, plain(identifier[:40]))
    assert "\n" not in str(error)
    assert str(error).endswith("paste title and abstract instead.")
    return error


def fetched_at_last(listing: ArxivClient, identifier: str) -> ArxivArticle:
    """The article, once the request that nobody waits for any more has ended."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            return listing.fetch(identifier)
        except ArxivLookupError as error:
            assert error.code in ("busy", "slow")
    pytest.fail("the turn is never given up")


@pytest.mark.parametrize("mode", ["well", "zipped", "in_chunks"])
def test_an_article_comes_with_single_spaces_and_no_line_breaks(arxiv, mode):
    arxiv.mode = mode
    assert ArxivClient(arxiv.url).fetch("https://arxiv.org/abs/2101.00001") == SPARROWS


@pytest.mark.parametrize("number", ARTICLES)
def test_an_article_of_any_time_is_found_with_and_without_its_version(arxiv, number):
    listing = ArxivClient(arxiv.url)
    assert listing.fetch(number).title == " ".join(ARTICLES[number][1].split())
    assert listing.fetch(f"{number}v1").identifier == f"{number}v1"
    assert [asked for asked, _ in arxiv.asked] == [number, f"{number}v1"]


def test_one_request_asks_for_one_article(arxiv):
    ArxivClient(arxiv.url).fetch("math.GT/0309136")
    (path,) = arxiv.paths
    assert path.startswith("/api/query?")
    assert "id_list=math%2F0309136&" in path
    assert path.endswith("&max_results=1")


@pytest.mark.parametrize(
    "text", ["", "Attention", "2101.00001,2101.00002", "2101.00001&max_results=9", "x\n\ud800" * 2**20]
)
def test_nothing_but_a_number_is_ever_sent(arxiv, text):
    error = failure_of(ArxivClient(arxiv.url), text)
    assert error.code == "unknown"
    assert len(str(error)) < 150
    assert arxiv.asked == []


def test_an_article_once_found_is_not_asked_for_again(arxiv):
    listing = ArxivClient(arxiv.url)
    for form in ("2101.00001", "arXiv:2101.00001", "https://arxiv.org/pdf/2101.00001.pdf"):
        assert listing.fetch(form) == SPARROWS
    assert len(arxiv.asked) == 1


def test_a_failure_is_not_remembered(arxiv):
    listing = ArxivClient(arxiv.url)
    arxiv.mode = "page"
    assert failure_of(listing).code == "odd"
    arxiv.mode = "well"
    assert listing.fetch("2101.00001") == SPARROWS


def test_only_so_many_articles_are_remembered(arxiv, monkeypatch):
    monkeypatch.setattr(identifiers, "MAX_REMEMBERED", 2)
    listing = ArxivClient(arxiv.url)
    for number in ("2101.00001", "2101.00002", "0704.0001", "0704.0001", "2101.00002", "2101.00001"):
        listing.fetch(number)
    assert [asked for asked, _ in arxiv.asked] == ["2101.00001", "2101.00002", "0704.0001", "2101.00001"]


# how arXiv, or whatever answers in its place, may answer -> the code of the failure
ANSWERS = {
    "error": "odd",
    "format_error": "unknown",
    "another": "odd",
    "untitled": "odd",
    "without_abstract": "odd",
    "undated": "odd",
    "misdated": "odd",
    "page": "odd",
    "text": "odd",
    "nothing": "odd",
    "half": "odd",
    "short": "odd",
    "file": "odd",
    "bomb": "odd",
    "hang_up": "unreachable",
}


@pytest.mark.parametrize(("mode", "code"), ANSWERS.items())
def test_whatever_comes_back_ends_in_a_sentence(arxiv, mode, code):
    arxiv.mode = mode
    assert failure_of(ArxivClient(arxiv.url)).code == code
    assert len(arxiv.asked) == 1, "a failure is asked for again only by the visitor"


@pytest.mark.parametrize("number", ["2101.99999", "hep-th/9912999", "2101.0001"])
def test_a_number_that_arxiv_does_not_have_is_said_to_be_unknown(arxiv, number):
    error = failure_of(ArxivClient(arxiv.url), number)
    assert error.code == "unknown"
    assert number in str(error)


@pytest.mark.parametrize(
    ("status", "code"), {429: "busy", 503: "busy", 500: "odd", 404: "odd", 403: "odd", 204: "odd"}.items()
)
def test_another_status_than_success_ends_in_a_sentence(arxiv, status, code):
    arxiv.mode, arxiv.status = "status", status
    assert failure_of(ArxivClient(arxiv.url)).code == code
    assert len(arxiv.asked) == 1


@pytest.mark.parametrize("mode", ["redirect", "redirect_in_drops"])
def test_a_redirect_is_neither_followed_nor_read(arxiv, mode):
    with AtomServer() as elsewhere:
        arxiv.mode, arxiv.elsewhere = mode, f"{elsewhere.url}?id_list=2101.00001"
        assert failure_of(ArxivClient(arxiv.url)).code == "odd"
        assert elsewhere.asked == []


@pytest.mark.parametrize("mode", ["huge", "huge_when_unzipped"])
@pytest.mark.parametrize(("over", "fits"), [(0, True), (1, False)])
def test_an_answer_is_read_up_to_its_limit(arxiv, mode, over, fits):
    arxiv.mode, arxiv.huge = mode, identifiers.MAX_ANSWER + over
    if fits:
        assert ArxivClient(arxiv.url).fetch("2101.00001") == SPARROWS
    else:
        assert failure_of(ArxivClient(arxiv.url)).code == "odd"


def test_an_entity_is_refused_before_it_can_grow():
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    feed = '<feed xmlns="http://www.w3.org/2005/Atom"><entry/>{}</feed>'
    assert count_entries(feed.format("").encode()) == 1
    for encoding in ("utf-8", "utf-16"):
        document = f'<!DOCTYPE feed [<!ENTITY l0 "ha">{laughs}]>' + feed.format("&l9;")
        with pytest.raises(ValueError, match="document type"):
            count_entries(document.encode(encoding))


@pytest.mark.parametrize(
    ("content", "entries"),
    [
        ('<feed xmlns="http://www.w3.org/2005/Atom"/>', 0),
        ('<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:entry/><entry/><a:entry/></a:feed>', 2),
        ("<feed><entry/></feed>", ValueError),
        ('<html xmlns="http://www.w3.org/2005/Atom"><feed><entry/></feed></html>', ValueError),
    ],
)
def test_entries_are_counted_in_an_atom_feed_only(content, entries):
    if entries is ValueError:
        with pytest.raises(ValueError, match="another document"):
            count_entries(content.encode())
    else:
        assert count_entries(content.encode()) == entries


def test_where_nobody_listens_arxiv_is_said_to_be_out_of_reach():
    assert failure_of(ArxivClient(closed_port())).code == "unreachable"


def test_where_connections_are_swallowed_arxiv_is_said_to_be_out_of_reach():
    """As behind a firewall that drops what it does not like: the queue of this port is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as queue:
        for _ in range(3):
            waiting = queue.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        listing = ArxivClient(f"http://127.0.0.1:{server.getsockname()[1]}/api/query", patience=2.0)
        assert failure_of(listing).code == "unreachable"


def test_where_the_name_is_unknown_arxiv_is_said_to_be_out_of_reach():
    assert failure_of(ArxivClient("http://arxiv.invalid/api/query", patience=60)).code == "unreachable"


def test_the_proxy_of_the_environment_is_asked(arxiv, monkeypatch):
    monkeypatch.setenv("http_proxy", arxiv.url.removesuffix("/api/query"))
    assert ArxivClient("http://arxiv.invalid/api/query").fetch("2101.00001") == SPARROWS
    assert arxiv.paths[0].startswith("http://arxiv.invalid/api/query?")


def test_a_proxy_that_answers_nobody_is_said_to_be_out_of_reach(arxiv, monkeypatch):
    monkeypatch.setenv("http_proxy", closed_port())
    assert failure_of(ArxivClient(arxiv.url)).code == "unreachable"


def test_an_answer_that_does_not_come_is_given_up_and_serves_the_next_visitor(arxiv):
    """The request goes on by itself: what it brings after all is not asked for again."""
    arxiv.mode = "slow"
    listing = ArxivClient(arxiv.url, patience=0.5)
    assert failure_of(listing).code == "slow"
    listing.patience = 10.0
    arxiv.released.set()
    assert fetched_at_last(listing, "2101.00002").title == "Kettles that Whistle in Tune"
    assert [asked for asked, _ in arxiv.asked].count("2101.00002") == 1


def test_an_answer_in_drops_is_given_up_and_the_turn_with_it(arxiv):
    """Every drop comes in time by itself; only the clock ends it."""
    arxiv.mode = "in_drops"
    listing = ArxivClient(arxiv.url, patience=0.5)
    assert failure_of(listing).code == "slow"
    arxiv.mode = "well"
    listing.patience = 10.0
    assert fetched_at_last(listing, "2101.00002").title == "Kettles that Whistle in Tune"
    assert not arxiv.released.is_set()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (requests.ReadTimeout, "slow"),
        (requests.ConnectTimeout, "unreachable"),
        (requests.exceptions.SSLError, "unreachable"),
        (requests.exceptions.ProxyError, "unreachable"),
        (requests.exceptions.InvalidProxyURL, "unreachable"),
        (UnicodeError, "odd"),
    ],
)
def test_whatever_the_request_dies_of_ends_in_a_sentence(monkeypatch, error, code):
    def fail(*_, **__):
        raise error("what a visitor need not read")

    monkeypatch.setattr("requests.Session.get", fail)
    assert failure_of(ArxivClient("http://arxiv.invalid/api/query")).code == code


def test_what_hangs_before_the_connection_is_given_up_too(monkeypatch):
    """A name server that does not answer knows no timeout of ours; whoever waits for it gets what is no response."""
    release = threading.Event()
    monkeypatch.setattr("requests.Session.get", lambda *_, **__: release.wait(10))
    assert failure_of(ArxivClient("http://arxiv.invalid/api/query", patience=0.2)).code == "slow"
    release.set()


def test_a_visitor_is_told_when_others_are_being_served(arxiv):
    listing = ArxivClient(arxiv.url, patience=30)
    known = listing.fetch("0704.0001")
    arxiv.mode = "slow"
    with ThreadPoolExecutor(1) as others:
        first = others.submit(listing.fetch, "2101.00001")
        while len(arxiv.asked) < 2:
            time.sleep(0.01)
        listing.patience = 0.1
        assert failure_of(listing, "2101.00002").code == "busy"
        assert listing.fetch("0704.0001") == known, "what is known needs no turn"
        arxiv.released.set()
        assert first.result(20) == SPARROWS
    assert len(arxiv.asked) == 2


def test_many_visitors_ask_one_after_the_other_and_for_the_same_article_once(arxiv, monkeypatch):
    monkeypatch.setattr(identifiers, "PAUSE", 0.2)
    listing = ArxivClient(arxiv.url, patience=30)
    with ThreadPoolExecutor(9) as visitors:
        found = list(visitors.map(listing.fetch, ["2101.00001", "2101.00002", "0704.0001"] * 3))
    assert [article.identifier for article in found] == ["2101.00001", "2101.00002", "0704.0001"] * 3
    times = [when for _, when in arxiv.asked]
    assert len(times) == 3
    assert all(later - earlier >= 0.2 for earlier, later in pairwise(times))


def test_arxiv_gets_its_pause_after_a_failure_as_well(arxiv, monkeypatch):
    monkeypatch.setattr(identifiers, "PAUSE", 60.0)
    arxiv.mode = "status"
    listing = ArxivClient(arxiv.url, patience=5.0)
    failure_of(listing)
    assert failure_of(listing, "2101.00002").code == "busy"
    assert len(arxiv.asked) == 1


def test_a_pause_longer_than_the_patience_is_said_at_once_and_does_not_keep_what_is_known(arxiv, monkeypatch):
    monkeypatch.setattr(identifiers, "PAUSE", 600.0)
    listing = ArxivClient(arxiv.url, patience=300.0)
    listing.fetch("2101.00001")
    assert failure_of(listing, "2101.00002").code == "busy"
    assert listing.fetch("2101.00001") == SPARROWS


def test_where_no_thread_can_be_started_the_turn_is_given_up(arxiv, monkeypatch):
    def no_thread(_):
        raise RuntimeError("can't start new thread")

    listing = ArxivClient(arxiv.url, patience=5.0)
    with monkeypatch.context() as crowded:
        crowded.setattr(threading.Thread, "start", no_thread)
        assert failure_of(listing).code == "busy"
    assert listing.fetch("2101.00001") == SPARROWS


def test_without_the_package_the_sentence_says_how_to_install_it(arxiv, monkeypatch):
    monkeypatch.setitem(sys.modules, "arxiv", None)
    error = failure_of(ArxivClient(arxiv.url))
    assert error.code == "absent"
    (pinned,) = re.findall(r"^arxiv==\S+", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert f"pip install {pinned}`" in str(error)


def test_the_package_is_imported_only_when_a_number_is_asked_for(run_script):
    code = "import sys, spheres.inference.arxiv_api; sys.exit('arxiv' in sys.modules or 'requests' in sys.modules)"
    assert run_script("-c", code).returncode == 0


def test_the_package_still_has_what_is_replaced_in_it():
    """A new version that keeps its session or its address elsewhere would ask without any limit."""
    client = package.Client()
    assert {"_session", "page_size", "delay_seconds", "num_retries"} <= vars(client).keys()
    assert client.query_url_format == f"{identifiers.URL}?{{}}"


def test_every_failure_is_one_that_the_page_can_show():
    for code in SENTENCES:
        error = ArxivLookupError(code, "{identifier} 1706.03762")
        assert isinstance(error, SphereError)
        assert error.code == code
