"""The articles that every benchmark measures on: evenly spread over a corpus."""

import os
from itertools import cycle, islice
from pathlib import Path

from spheres.data.corpus import Corpus
from spheres.data.text import Text
from spheres.errors import SphereError

NAME = "arxiv-spheres-large.jsonl.xz"


def corpus_file(given: Path | None) -> Path:
    """The corpus named on the command line, else the one in the folder that SPHERES_CORPORA names.

    Raises:
        SphereError: There is none.
    """
    folder = os.environ.get("SPHERES_CORPORA")
    if given is None and not folder:
        raise SphereError("No corpus to measure on: give --corpus FILE, or set SPHERES_CORPORA to its folder.")
    return given or Path(folder or "") / NAME


def read_articles(corpus: Path, n: int) -> list[Text]:
    """`n` articles, evenly spread over the file, so that all groups and years are there."""
    texts = [article.text for article in Corpus(corpus)]
    return list(islice(cycle(texts[:: max(1, len(texts) // n)]), n))
