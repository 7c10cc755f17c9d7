"""Which texts are an arXiv identifier, however it is written."""

import pytest

from spheres.data.arxiv_id import arxiv_identifier, arxiv_link
from spheres.data.taxonomy import ARCHIVES

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
