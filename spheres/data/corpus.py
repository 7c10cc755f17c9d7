"""`Corpus`: the articles of a file, read as a stream, each once, with a count of what was left out.

corpus = Corpus(Path("arxivData.json"))
for article in corpus: ...
print(corpus.counts)
"""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from spheres.data.article import Article, to_article
from spheres.data.arxiv_id import base_id
from spheres.data.columns import Columns, check_columns, find_columns, with_inner_columns
from spheres.data.readers.detect import open_records
from spheres.data.readers.problems import check_file, nothing_readable, unreadable
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

    def add(self, fate: str) -> None:
        """Count one more record under "kept", or under the reason why it was left out."""
        self.read += 1
        setattr(self, fate, getattr(self, fate) + 1)

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
    """A corpus file, which may be walked any number of times; then `counts` and `format` tell what was found.

    Args:
        path: The file; its format is recognised by content.
        labelled: Skip articles without a known category (for training); otherwise keep every record that has a text.
        sample: The share of the articles that is read, chosen by their ids; 1.0 reads all.
        title_column: Where the titles are, "" for nowhere; None looks, as `spheres.data.columns.find_columns`.
        abstract_column: The same for the abstracts.

    Raises:
        SphereError: `sample` is not in (0, 1].
    """

    def __init__(
        self,
        path: Path,
        labelled: bool = True,
        sample: float = 1.0,
        title_column: str | None = None,
        abstract_column: str | None = None,
    ) -> None:
        if not 0 < sample <= 1:
            raise SphereError(f"--sample is {sample}: give a number above 0 and at most 1.")
        self.path = path
        self.sample = sample
        self.labelled = labelled
        self.title_column, self.abstract_column = title_column, abstract_column
        self.format = ""
        self.counts = Counts()

    def __iter__(self) -> Iterator[Article]:
        """Articles in the file's order.

        Raises:
            SphereError: The file is no corpus: unknown format, no column for title or abstract.
        """
        counts = self.counts = Counts()
        seen: set[bytes] = set()
        names: dict[str, None] = {}  # of the columns so far, in their order
        columns = Columns()
        with ExitStack() as stack:
            opened = open_records(self.path, stack)
            self.format = opened.format
            for row in opened.rows:
                if row.record is None:
                    counts.add("broken")
                    if len(counts.problems) < SHOWN_PROBLEMS:
                        counts.problems.append(f"{row.place}: {row.problem}")
                    continue
                record = with_inner_columns(row.record)
                if not names.keys() >= record.keys():
                    names.update(dict.fromkeys(record))
                    columns = find_columns(names, self.title_column, self.abstract_column)
                if counts.read == counts.broken:  # the first that can be read
                    check_columns(columns, names, self.path, self.format, self.labelled)
                article = to_article(record, columns)
                fate = self._fate(article, seen)
                counts.add(fate)
                if fate == "kept":
                    yield article
        if counts.read == counts.broken:
            raise nothing_readable(self.path, self.format, counts.read, "".join(counts.problems[:1]))

    def fingerprint(self) -> str:
        """sha256 of the file's bytes, and the settings: the same corpus is known again without reading its articles."""
        check_file(self.path)
        try:
            with self.path.open("rb") as f:
                digest = hashlib.file_digest(f, "sha256").hexdigest()
        except OSError as e:
            raise unreadable(self.path, e) from e
        settings = {
            "sample": self.sample if self.sample != 1 else None,
            "title": self.title_column,
            "abstract": self.abstract_column,
        }
        return ", ".join([digest, *(f"{name} {value}" for name, value in settings.items() if value is not None)])

    def _fate(self, article: Article, seen: set[bytes]) -> str:
        """The field of `Counts` that an article belongs to; `seen` has eight bytes of each that was kept."""
        if not any(article.text):
            return "without_text"
        if self.labelled and not article.categories:
            return "without_category"
        if not self.labelled:
            return "kept"  # every record wants its own answer
        key = hashlib.blake2b(base_id(article.id).encode("utf-8", "replace"), digest_size=8).digest()
        if key in seen:
            return "duplicated"
        if int.from_bytes(key, "big") >= self.sample * 2**64:
            return "not_sampled"
        seen.add(key)
        return "kept"
