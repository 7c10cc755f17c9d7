"""Articles out of a corpus: any of the published schemas to one `Article`, counted, each once.

    corpus = Corpus(Path("arxivData.json"))
    for article in corpus: ...
    print(corpus.counts)

What a column may be called stands in `COLUMNS`; a new schema is a new name there. Known ones: the Kaggle data set
`neelshah18/arxivdataset` (JSON list; `tag` is a Python literal in a string), arXiv's own snapshot (JSON lines;
`categories` separated by spaces), and tables with title / abstract / categories columns.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from spheres.data.article import COLUMNS, Article, to_article
from spheres.data.arxiv_id import base_id
from spheres.data.readers.detect import check_file, open_records, unreadable
from spheres.data.text import plain
from spheres.errors import SphereError

SHOWN_PROBLEMS = 5


@dataclass
class Counts:
    """What became of the records: `read` is the sum of all others."""

    read: int = 0
    kept: int = 0
    without_text: int = 0
    without_category: int = 0
    duplicated: int = 0
    broken: int = 0
    not_sampled: int = 0
    problems: list[str] = field(default_factory=list)  # the first few broken records, each with its place

    def __str__(self) -> str:
        """One line for people.

        >>> print(Counts(read=3, kept=2, broken=1))
        3 records read: 2 articles kept; skipped: 0 without title and abstract, 0 without a known category, \
0 duplicated, 1 broken
        """
        return (
            f"{self.read:,} records read: {self.kept:,} articles kept; skipped: {self.without_text:,} without title "
            f"and abstract, {self.without_category:,} without a known category, {self.duplicated:,} duplicated, "
            f"{self.broken:,} broken" + (f", {self.not_sampled:,} not in the sample" if self.not_sampled else "")
        )


class Corpus:
    """A corpus file, read as a stream; may be walked any number of times.

    path     : the file; its format is recognised by content
    labelled : skip articles without a known category (for training); otherwise keep them (for prediction)
    sample   : the share of the articles that is read, chosen by their ids; 1.0 reads all

    After a walk `counts` tells what was kept and skipped, and `format` what was found.
    """

    def __init__(self, path: Path, labelled: bool = True, sample: float = 1.0) -> None:
        if not 0 < sample <= 1:
            raise SphereError(f"--sample is {sample}: give a number above 0 and at most 1.")
        self.path = path
        self.sample = sample
        self.labelled = labelled
        self.format = ""
        self.counts = Counts()

    def __iter__(self) -> Iterator[Article]:
        """Articles in the file's order.

        raises : SphereError where the file is no corpus: unknown format, no column for title or abstract
        """
        counts = self.counts = Counts()
        seen: set[bytes] = set()
        with ExitStack() as stack:
            opened = open_records(self.path, stack)
            self.format = opened.format
            for row in opened.rows:
                counts.read += 1
                if row.record is None:
                    counts.broken += 1
                    if len(counts.problems) < SHOWN_PROBLEMS:
                        counts.problems.append(f"{row.place}: {row.problem}")
                    continue
                if counts.read - counts.broken == 1:
                    check_columns(row.record, self.path, self.format, self.labelled)
                article = to_article(row.record)
                if reason := self._reason_to_skip(article, seen):
                    setattr(counts, reason, getattr(counts, reason) + 1)
                else:
                    counts.kept += 1
                    yield article
        if counts.read == counts.broken:
            raise nothing_readable(self.path, self.format, counts.read, "".join(counts.problems[:1]))

    def fingerprint(self) -> str:
        """sha256 of the file's bytes: the same corpus is known again without reading its articles."""
        check_file(self.path)
        try:
            with self.path.open("rb") as f:
                digest = hashlib.file_digest(f, "sha256").hexdigest()
        except OSError as e:
            raise unreadable(self.path, e) from e
        return digest if self.sample == 1 else f"{digest}, sample {self.sample}"

    def _reason_to_skip(self, article: Article, seen: set[bytes]) -> str:
        if not any(article.text):
            return "without_text"
        if self.labelled and not article.categories:
            return "without_category"
        if not self.labelled:
            return ""  # every record wants its own answer
        key = hashlib.blake2b(base_id(article.id).encode("utf-8", "replace"), digest_size=8).digest()
        if key in seen:
            return "duplicated"
        if int.from_bytes(key, "big") >= self.sample * 2**64:
            return "not_sampled"
        seen.add(key)
        return ""


def check_columns(columns: Iterable[str], path: Path, format: str, labelled: bool) -> None:
    """Refuse a file of which no column is a title or an abstract, or, where labels are wanted, categories.

    raises : SphereError
    """
    names = {name.strip().lower() for name in columns}
    missing = [] if names.intersection(COLUMNS["title"] + COLUMNS["abstract"]) else ["title or abstract"]
    if labelled and not names.intersection(COLUMNS["categories"]):
        missing.append("categories")
    if missing:
        shown = ", ".join(plain(name)[:40] for name in sorted(names)[:12])
        raise SphereError(
            "{path} ({format}) has no column for {missing}; its columns are {columns}: rename the right one.",
            path=path,
            format=format,
            missing=", nor for ".join(missing),
            columns=shown,
        )


def nothing_readable(path: Path, format: str, n_records: int, problem: str) -> SphereError:
    """What to raise of a file that looked like a corpus and holds no record that can be read.

    problem : what is wrong with the first of them; empty where there is none
    """
    if not n_records:
        return SphereError(
            "{path} looks like {format}, but holds no records: give a corpus of articles.", path=path, format=format
        )
    return SphereError(
        "{path} looks like {format}, but none of its {n_records:,} records can be read ({problem}): "
        "give a corpus of articles.",
        path=path,
        format=format,
        n_records=n_records,
        problem=problem,
    )
