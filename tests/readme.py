"""The README's fenced blocks, each under the heading it stands below."""

from typing import NamedTuple

from places import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


class Block(NamedTuple):
    """What stands between two fences."""

    heading: str
    language: str
    text: str


def fenced(page: str) -> list[Block]:
    """All blocks of a page, in their order.

    >>> fenced("# On trees\\n```bash\\n# a comment\\nls\\n```\\n")
    [Block(heading='On trees', language='bash', text='# a comment\\nls\\n')]
    """
    found: list[Block] = []
    heading, language, lines = "", "", None
    for line in page.splitlines():
        if lines is None and line.startswith("#"):
            heading = line.lstrip("# ")
        elif lines is None and line.startswith("```"):
            language, lines = line.strip("`"), []
        elif line == "```":
            found.append(Block(heading, language, "".join(f"{text}\n" for text in lines)))
            lines = None
        elif lines is not None:
            lines.append(line)
    assert lines is None, "a fence is not closed"
    return found


BLOCKS = fenced(README)


def under(heading: str, language: str) -> list[str]:
    """The blocks in one language below one heading."""
    return [block.text for block in BLOCKS if (block.heading, block.language) == (heading, language)]


def outside_of_blocks(page: str) -> str:
    """A page without its blocks."""
    for block in fenced(page):
        page = page.replace(f"```{block.language}\n{block.text}```", "")
    return page
