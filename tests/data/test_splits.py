"""An article's split is fixed by its id, for ever; and every view keeps to it."""

import numpy as np

from spheres.data.splits import SHARES, fold_of, split_of, split_rows
from spheres.data.text import Text
from spheres.data.views import COPIES, shown_in, view_of, view_rows

IDS = [f"{2000 + i % 26:04d}.{i:05d}" for i in range(8000)]


def test_known_ids_stay_where_the_shipped_head_found_them() -> None:
    ids = ["1706.03762", "hep-th/9711200", "1810.04805", "2101.00001", "math/0211159", "text:00ff"]
    assert [split_of(id) for id in ids] == ["validation", "train", "train", "train", "validation", "train"]


def test_a_version_changes_nothing() -> None:
    assert all(split_of(f"{id}v{n}") == split_of(id) for id in IDS[:50] for n in (1, 12))


def test_shares_are_what_they_claim_and_splits_do_not_overlap() -> None:
    rows = split_rows(IDS)
    assert sorted(np.concatenate(list(rows.values())).tolist()) == list(range(len(IDS)))
    for name, share in SHARES.items():
        assert abs(len(rows[name]) / len(IDS) - share) < 0.02


def test_folds_are_even_within_the_training_split() -> None:
    folds = [fold_of(IDS[row], 5) for row in split_rows(IDS)["train"]]
    assert abs(np.bincount(folds) / len(folds) - 0.2).max() < 0.02


def test_single_parts_are_kept_of_all_held_out_articles_and_some_training_ones() -> None:
    rows = split_rows(IDS)
    held_out = set(np.concatenate([rows[name] for name in ("validation", "calibration", "test")]).tolist())
    titles, abstracts = (set(view_rows(rows, view).tolist()) for view in ("title", "abstract"))
    assert abstracts == held_out < titles
    assert len(titles - held_out) == -(-len(rows["train"]) // COPIES["title"])
    assert len(view_rows(rows, "both")) == len(IDS)


def test_a_view_shows_its_part_and_a_pasted_text_is_known_by_its_parts() -> None:
    text = Text("A title", "An abstract")
    assert [shown_in(text, view) for view in ("both", "title", "abstract")] == [text, ("A title", ""), ("", text[1])]
    assert [view_of(t) for t in (text, Text("A title", ""), Text("", "x"))] == ["both", "title", "abstract"]
