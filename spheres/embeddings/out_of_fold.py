"""The scores of words for a whole corpus, such that no training article is scored by a model that has seen it.

The training articles fall into folds; each fold is scored by a lexicon fitted on the others, and every other article by
the one fitted on all. So the head meets in training what it will meet later (stacked generalisation, Wolpert 1992).
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from spheres.data.article import Article
from spheres.data.corpus import Corpus
from spheres.data.splits import fold_of, split_rows
from spheres.data.taxonomy import GROUPS, primary_group, reweight_primary, soft_target
from spheres.data.views import texts_of
from spheres.embeddings.tfidf import TfidfModel, count_terms, fit_tfidf
from spheres.errors import SphereError

MAX_TRAINING_ARTICLES = (
    100_000  # of the training articles, the first so many: more would not fit into memory everywhere
)
N_FOLDS = 5
PRIMARY_WEIGHT = 0.5  # between the two recipes' 0.0 (classic) and 0.7 (best): one lexicon serves both


def tfidf_scores(
    corpus: Corpus, articles: Sequence[Article], rows: Mapping[str, NDArray[np.intp]]
) -> tuple[TfidfModel, dict[str, NDArray[np.float32]]]:
    """A lexicon for new articles, and the scores of these: out of fold for those that train, else the lexicon's own.

    rows    : view -> row numbers
    returns : the lexicon and view -> (n_rows, n_groups) scores
    """
    ids = [a.id for a in articles]
    learned = split_rows(ids)["train"][:MAX_TRAINING_ARTICLES]
    if not len(learned):
        raise SphereError(
            f"{corpus.path} has no article in the training split ({len(ids)} in all): give a few hundred at least."
        )
    soft = np.stack([soft_target(articles[row].categories) for row in learned])
    primary = np.array([GROUPS.index(primary_group(articles[row].categories)) for row in learned])
    targets = reweight_primary(soft, primary, PRIMARY_WEIGHT)
    counts = count_terms(list(texts_of(corpus, learned, "both")))
    lexicon = fit_tfidf(counts, targets)
    folds = np.array([fold_of(ids[row], N_FOLDS) for row in learned])
    fold_of_row = dict(zip(learned.tolist(), folds.tolist(), strict=True))
    held_out = {
        fold: fit_tfidf(counts.of(np.flatnonzero(folds != fold)), targets[folds != fold])
        for fold in sorted(set(folds.tolist()))
        if (folds != fold).any()
    }
    scores = {}
    for view in rows:
        scores[view] = np.empty((len(rows[view]), len(GROUPS)), np.float32)
        texts = texts_of(corpus, rows[view], view)
        for place, (row, text) in enumerate(zip(rows[view].tolist(), texts, strict=True)):
            model = held_out.get(fold_of_row.get(row, -1), lexicon)
            scores[view][place] = model.scores([text])[0]
    return lexicon, scores
