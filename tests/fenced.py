"""The fenced blocks of a Markdown page, each under the heading it stands below."""

import re
from pathlib import Path
from typing import NamedTuple


class Block(NamedTuple):
    """What stands between two fences."""

    heading: str
    language: str
    text: str


def blocks(page: str) -> list[Block]:
    """All blocks of a page, in their order.

    >>> blocks("# On trees\\n```bash\\n# a comment\\nls\\n```\\n")
    [Block(heading='On trees', language='bash', text='# a comment\\nls\\n')]
    """
    found: list[Block] = []
    heading = ""
    for part in re.finditer(r"^```(\w*)\n(.*?)^```$|^#+ ([^\n]+)$", page, re.DOTALL | re.MULTILINE):
        if part[3]:
            heading = part[3]
        else:
            found.append(Block(heading, part[1], part[2]))
    return found


def under(path: Path, heading: str, language: str) -> list[str]:
    """The blocks of one page in one language below one heading."""
    page = path.read_text(encoding="utf-8")
    return [block.text for block in blocks(page) if (block.heading, block.language) == (heading, language)]


def without_blocks(page: str) -> str:
    """A page without its blocks."""
    return re.sub(r"^```.*?^```$", "", page, flags=re.DOTALL | re.MULTILINE)
