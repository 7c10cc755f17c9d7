"""Many articles in one call: a list of records in, an answer or a sentence for each out, in order.

classify_records(classifier, [{"id": 7, "title": "Prime gaps"}, {}], 0.95, "sum", ARXIV)
# [{"id": 7, "spheres": ["math"], "probabilities": {...}, ...}, {"id": None, "error": "This row has neither ..."}]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spheres.data.row import Row
from spheres.errors import SphereError
from spheres.inference.classify_file import in_batches
from spheres.inference.file_rows import classify_rows, to_file_row
from spheres.inference.notes import answer_as_json

if TYPE_CHECKING:
    from spheres.inference.classifier import ClassifiesMany
    from spheres.model.prior import Prior

NO_OBJECT = SphereError("no object")
MAX_RECORDS = 256  # in a call: some seconds on two cores
BATCH_SIZE = 32  # texts encoded together


def classify_records(
    classifier: ClassifiesMany, records: object, threshold: float, rule: str, prior: Prior
) -> list[dict[str, Any]]:
    """Answer each record by itself; a bad one costs only its own answer.

    Args:
        records: A list of objects with a title, an abstract or both, in any schema that files may have, perhaps an id.
        threshold: In (0, 1], with `rule` as in `Classification.predict_set`.
        prior: Of such articles.

    Returns:
        For each record its id as it came, and what `answer_as_json` gives, or "error" with a sentence.

    Raises:
        SphereError: `records` is no list, or too long.
    """
    if not isinstance(records, Sequence) or isinstance(records, str | bytes):
        raise SphereError("The records must be a list of objects, each with a title, an abstract, or both.")
    if len(records) > MAX_RECORDS:
        raise SphereError(
            "{found:,} records are more than the {most:,} that one call takes: split the list, or upload a file.",
            found=len(records),
            most=MAX_RECORDS,
        )
    rows = [
        to_file_row(Row(f"record {n}", record) if isinstance(record, dict) else Row(f"record {n}", problem=NO_OBJECT))
        for n, record in enumerate(records, 1)
    ]
    answered = [
        row
        for batch in in_batches(iter(rows), BATCH_SIZE)
        for row in classify_rows(classifier, batch, threshold, rule, prior)
    ]
    answers = []
    for record, row in zip(records, answered, strict=True):
        id = record.get("id") if isinstance(record, dict) else None
        if row.classification:
            answers.append({"id": id, **answer_as_json(row.classification, threshold, rule)})
        else:
            answers.append({"id": id, "error": str(row.problem)})
    return answers
