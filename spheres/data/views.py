"""The three views of an article that somebody may paste: title and abstract, title alone, abstract alone.

Every article is embedded whole. Of the single parts only what training and measuring need is embedded as well: all
articles held out of training, and the titles of every sixth training article, which teach the head to do with little;
those of every second taught it hardly better.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from spheres.data.text import Text

VIEW_NAMES = {"both": "title and abstract", "title": "title only", "abstract": "abstract only"}
VIEWS = tuple(VIEW_NAMES)
COPIES = {"title": 6, "abstract": 0}  # every so many-th training article has this part embedded alone; 0: none has


def shown_in(text: Text, view: str) -> Text:
    """What of (title, abstract) this view shows.

    >>> shown_in(Text("On trees", "We climb."), "title")
    Text(title='On trees', abstract='')
    """
    title, abstract = text
    return Text(title if view != "abstract" else "", abstract if view != "title" else "")


def view_of(text: Text) -> str:
    """The view that a pasted text is.

    >>> view_of(Text("On trees", ""))
    'title'
    """
    title, abstract = text
    return "both" if title and abstract else "title" if title else "abstract"


def view_rows(split: Mapping[str, NDArray[np.intp]], view: str, copies: Mapping[str, int] = COPIES) -> NDArray[np.intp]:
    """Which of the articles this view is embedded of.

    Args:
        split: As `split_rows`.
        view: One of VIEWS.
        copies: As COPIES.

    Returns:
        (n,) intp row numbers, ascending.
    """
    every = 1 if view == "both" else copies[view]
    held_out = [split[name] for name in ("validation", "calibration", "test")]
    return np.sort(np.concatenate(held_out + ([split["train"][::every]] if every else [])))
