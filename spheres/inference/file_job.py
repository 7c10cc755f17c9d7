"""The rows of a file as a job for an engine, which answers them in processes here or on a cluster.

job = FileJob(Path("articles.csv"), summary.chosen, size=256, n_rows=1000, n_done=0, bundle=classifier.bundle)
for answers in engine.run(job, in_order=True): ...     # of 256 rows each, those without a text left out
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from spheres.inference.file_rows import FileRow, open_file, texts_of, to_file_row

if TYPE_CHECKING:  # they bring torch along
    from spheres.data.columns import Columns
    from spheres.data.text import Text
    from spheres.embeddings.job import Advance
    from spheres.encoder.encoder import Encoder
    from spheres.inference.classifier import Classification
    from spheres.model.bundle import Bundle


@dataclass(frozen=True)
class FileJob:
    """A file's rows from the `n_done`-th on, `size` of them a piece; `n_done` is a multiple of `size`, or all rows."""

    source: Path
    columns: Columns
    size: int
    n_rows: int
    n_done: int
    bundle: Bundle

    @property
    def wanted(self) -> range:
        """See `spheres.embeddings.job.Job`, as for all that follows."""
        return range(-(-self.n_done // self.size), -(-self.n_rows // self.size))

    def n_texts(self, number: int) -> int:
        return min(self.size, self.n_rows - number * self.size)

    def read(self) -> Iterator[tuple[int, list[Text]]]:
        with ExitStack() as stack:
            rows = islice(open_file(self.source, stack, None).rows, self.n_done, None)
            batches = in_batches((to_file_row(row, self.columns) for row in rows), self.size)
            for number, batch in zip(self.wanted, batches, strict=False):
                yield number, texts_of(batch)

    def compute(
        self, number: int, texts: Sequence[Text], encoder: Encoder, advance: Advance = bool
    ) -> list[Classification]:
        from spheres.inference.classifier import Classifier

        return Classifier(encoder, self.bundle).classify_many(texts)


def in_batches(rows: Iterator[FileRow], batch_size: int) -> Iterator[list[FileRow]]:
    """Lists of `batch_size` rows, the last one shorter.

    >>> [len(batch) for batch in in_batches(iter([FileRow("", {})] * 5), 2)]
    [2, 2, 1]
    """
    while batch := list(islice(rows, batch_size)):
        yield batch
