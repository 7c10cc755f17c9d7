"""Which texts are an arXiv identifier, however it is written."""

import pytest

from spheres.data.arxiv_id import arxiv_identifier, arxiv_link, base_id, check_no_identifier
from spheres.data.taxonomy import ARCHIVES
from spheres.errors import SphereError

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
    # the stamp on a PDF's margin, a browser's tab, RSS, files, citations
    "arXiv:1706.03762v5  [cs.CL]  6 Dec 2017": "1706.03762v5",
    "arXiv:hep-th/9711200v3  22 Jan 1998": "hep-th/9711200v3",
    "[1706.03762] Attention Is All You Need": "1706.03762",
    "[hep-th/9711200v2] The Large N Limit": "hep-th/9711200v2",
    "Attention Is All You Need. (arXiv:1706.03762v5 [cs.CL] UPDATED)": "1706.03762v5",
    "1706.03762.pdf": "1706.03762",
    "1706.03762v5 (1).pdf": "1706.03762v5",
    "arXiv preprint arXiv:1706.03762 (2017).": "1706.03762",
    "Cite as: arXiv:1706.03762 [cs.CL]": "1706.03762",
    "oai:arXiv.org:math/0309136": "math/0309136",
    # mirrors, and what is caught when a link is copied
    "https://www.alphaxiv.org/overview/1706.03762v7": "1706.03762v7",
    "https://huggingface.co/papers/1706.03762": "1706.03762",
    "https://ar5iv.labs.arxiv.org/html/1706.03762": "1706.03762",
    "https://ar5iv.org/abs/hep-th/9711200": "hep-th/9711200",
    "browse.arxiv.org/pdf/1706.03762v5.pdf": "1706.03762v5",
    "https://cn.arxiv.org/abs/1706.03762": "1706.03762",
    "http://xxx.lanl.gov/abs/hep-th/9711200": "hep-th/9711200",
    "https://arxiv.org/format/1706.03762": "1706.03762",
    "https://arxiv.org/abs/1706.03762.": "1706.03762",
    "https://arxiv.org/abs/1706.03762)": "1706.03762",
    "(https://arxiv.org/abs/1706.03762).": "1706.03762",
    "https://doi.org/10.48550/arXiv.1706.03762.": "1706.03762",
    "\uff41\uff52\uff38\uff49\uff56\uff1a\uff11\uff17\uff10\uff16\uff0e\uff10\uff13\uff17\uff16\uff12": "1706.03762",
    "\u200ehep\u2011th/9711200": "hep-th/9711200",
}
# Neither a title nor an id of arXiv
LIKE_IDENTIFIERS = [
    *("1706.037", "1706,03762", "1713.03762", "arXiv:17060.3762", "1706.03762v", "hep-xx/9711200", "hep-th/971120"),
    *("https://doi.org/10.1103/PhysRevLett.1.1", "10.1103/PhysRevLett.1.1", "doi: 10.1000/182", "PMID: 12345678"),
    *(
        "https://www.nature.com/articles/x",
        "nature.com/articles/x",
        "doi.org/10.1038/x",
        "www.example.com",
        "https://arxiv.org/list/cs.LG/recent",
        "PMC1234567",
    ),
    *("978-3-16-148410-0", "ISBN 978-3-16-148410-0", "https://export.arxiv.org/api/query?id_list=1706.03762"),
]
TITLES = [
    *("", "1984", "3.14159", "COVID-19", "A/B testing", "TCP/IP", "2001: a space odyssey", "DOI", "arXiv", "HAL9000"),
    *("A comment on 1706.03762", "arXiv: a new hope", "Is 10.1103 a DOI?", "x" * 2000, "1706.03762 revisited"),
]
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


@pytest.mark.parametrize("id", ["1706.03762v5", "hep-th/9711200v12"])
def test_an_arxiv_id_has_a_link(id: str) -> None:
    assert arxiv_link(id) == f"https://arxiv.org/abs/{id}"


@pytest.mark.parametrize(
    "id", ["my-own-id", "javascript:alert(1)", "https://evil.example/1706.03762", '1706.03762" onclick="alert(1)']
)
def test_any_other_text_has_none(id: str) -> None:
    assert arxiv_link(id) == ""


@pytest.mark.parametrize("id", ["math.GT/0309136", " math/0309136\n", "arXiv:math/0309136"])
def test_a_link_is_written_in_arxivs_own_way(id: str) -> None:
    assert arxiv_link(id) == "https://arxiv.org/abs/math/0309136"


@pytest.mark.parametrize("text", LIKE_IDENTIFIERS)
def test_what_only_looks_like_one_is_named(text: str) -> None:
    assert arxiv_identifier(text) is None
    with pytest.raises(SphereError, match="looks like a link or an identifier, but not like that of an arXiv article"):
        check_no_identifier(text)


@pytest.mark.parametrize("text", TITLES)
def test_a_title_is_not_taken_for_one(text: str) -> None:
    check_no_identifier(text)
    assert arxiv_identifier(text) is None


@pytest.mark.parametrize(
    ("id", "base"),
    {
        "2401.00001v3": "2401.00001",
        "http://arxiv.org/abs/2401.00001v2": "2401.00001",
        "https://doi.org/10.48550/arXiv.2401.00001": "2401.00001",
        "oai:arXiv.org:hep-th/9711200": "hep-th/9711200",
        "math.GT/0309136v1": "math/0309136",
        "704.001": "0704.0010",  # as a spreadsheet leaves it
        "2401.0001": "2401.00010",
        "1412.0001": "1412.0001",
        "1350.5": "1350.5",
        "13.5": "13.5",
        "my-v2": "my-v2",
        "article7v2": "article7",
    }.items(),
)
def test_all_notations_of_an_article_have_one_base(id: str, base: str) -> None:
    assert base_id(id) == base_id(base) == base
