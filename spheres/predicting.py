"""Classify every article of a file into a file of answers, one JSON object a line.

    {"id": "2101.00001", "probabilities": {"physics": 0.01, ...}, "spheres": ["cs", "stat"]}

`spheres` is ordered from most probable. The file of answers appears when it is whole, not before.
"""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO

from spheres.artifacts import write_whole
from spheres.classifier import Classifier
from spheres.corpus import Article, Corpus, Counts
from spheres.embedding import Progress, in_shards
from spheres.errors import SphereError
from spheres.groups import GROUPS
from spheres.prediction import check_threshold

BATCH = 512  # articles tokenized and classified together


def predict_corpus(
    classifier: Classifier,
    corpus_path: Path,
    out: Path,
    threshold: float,
    rule: str,
    start_progress: Callable[[int], AbstractContextManager[Progress]],
) -> Counts:
    """Classify the articles of `corpus_path` into `out`; labels are not needed and, where present, not looked at.

    threshold      : in (0, 1], with `rule` as in `Classification.spheres`
    start_progress : given the number of articles, returns what counts them as they are done
    returns        : what was read and skipped
    raises         : SphereError where a file cannot be read or written, or the threshold is no threshold
    """
    check_threshold(threshold)
    if out.is_dir():
        raise SphereError(f"{out} is a folder: name a file, such as {out / 'answers.jsonl'}.")
    corpus = Corpus(corpus_path, labelled=False)
    n_articles = sum(1 for _ in corpus)

    def write(f: IO[bytes]) -> None:
        with start_progress(n_articles) as progress:
            for shard in in_shards(corpus, BATCH):
                for line in answers(classifier, shard, threshold, rule):
                    f.write(line.encode() + b"\n")
                progress.update(len(shard))

    write_whole(out, write)
    return corpus.counts


def answers(classifier: Classifier, articles: list[Article], threshold: float, rule: str) -> list[str]:
    """One line of JSON for each article."""
    lines = []
    found = classifier.classify_many([(a.title, a.abstract) for a in articles])
    for article, answer in zip(articles, found, strict=True):
        probabilities = {group: round(p, 6) for group, p in zip(GROUPS, answer.probabilities, strict=True)}
        lines.append(
            json.dumps({"id": article.id, "probabilities": probabilities, "spheres": answer.spheres(threshold, rule)})
        )
    return lines
