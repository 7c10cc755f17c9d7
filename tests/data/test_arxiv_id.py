"""What an arXiv id is, and that only one of them becomes a link."""

import pytest

from spheres.data.arxiv_id import arxiv_link


@pytest.mark.parametrize(
    ("id", "linked"),
    [
        ("1706.03762", True),
        ("1706.03762v5", True),
        ("0704.0001", True),
        ("hep-th/9711200", True),
        ("hep-th/9711200v12", True),
        ("", False),
        ("7", False),
        ("my-own-id", False),
        ("1706.03762v", False),
        ("1706.037", False),
        ("1706.037621", False),
        ("1706_03762", False),
        ("١٧٠٦.٠٣٧٦٢", False),
        ("javascript:alert(1)", False),
        ("../../hep-th/9711200", False),
        ("//evil.example/9711200", False),
        ("https://evil.example/1706.03762", False),
        ('1706.03762" onclick="alert(1)', False),
        ("1706.03762?x=1", False),
        ("hep-th/9711200/../..", False),
        ("hep\u2010th/9711200", False),
    ],
)
def test_only_an_arxiv_id_has_a_link(id: str, linked: bool) -> None:
    assert arxiv_link(id) == (f"https://arxiv.org/abs/{id}" if linked else "")


@pytest.mark.parametrize("id", ["math.GT/0309136", " math/0309136\n", "arXiv:math/0309136"])
def test_a_link_is_written_in_arxivs_own_way(id: str) -> None:
    assert arxiv_link(id) == "https://arxiv.org/abs/math/0309136"
