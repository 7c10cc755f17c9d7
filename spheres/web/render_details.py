"""Markup of what stands below an answer: why, what is near, the map. Whatever a visitor typed is escaped here.

why_html(explanation, closer, "cs", words)     sentences in colour, the strongest one's words as well
near_html(neighbours, groups, words)           ten neighbours as a table
map_html(middles, place, rings, words)         names and marks, laid over the picture of all articles
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from spheres.data.taxonomy import GROUPS
from spheres.inference.map_image import COLOURS
from spheres.web.i18n import Wording

if TYPE_CHECKING:
    from spheres.inference.explain import Explanation, Piece
    from spheres.inference.neighbors import Neighbor

FULL_COLOUR = 2.0  # log-odds from which an effect has the full colour: 50 % becomes 88 %, 95 % becomes 99 %
FAINTEST = 0.04  # share of the full colour below which none is shown: such an effect is none to speak of


def why_html(explanation: Explanation, closer: Explanation | None, group: str, words: Wording) -> str:
    """The text with each piece coloured by how much it moved `group`.

    explanation : its sentences
    closer      : the words of the sentence that moved the group most, None while they are not weighed yet
    """
    whole = explanation.whole[GROUPS.index(group)]
    name = words.groups[group]
    intro = words.why_intro.format(group=name, whole=words.percent(whole)) if explanation.pieces else ""
    if closer and closer.pieces and explanation.pieces:
        intro += " " + words.why_words
    if not explanation.pieces and closer is not None and not closer.pieces:
        return f'<p class="aside">{escape(words.why_nothing)}</p>'
    legend = "".join(
        f'<li class="{kind}"><span class="swatch" aria-hidden="true"></span>{escape(text.format(group=name))}</li>'
        for kind, text in (("for", words.why_for), ("against", words.why_against))
    )
    parts = "".join(
        f'<p class="{kind}">{_part(number, explanation, closer, group, words)}</p>'
        for number, kind in enumerate(("weighed-title", "weighed"))
        if explanation.text[number].strip()
    )
    return f'<div class="why"><p class="aside">{escape(intro)}</p><ul class="legend">{legend}</ul>{parts}</div>'


def _part(number: int, explanation: Explanation, closer: Explanation | None, group: str, words: Wording) -> str:
    """Title or abstract, its pieces marked and what is between them as it is."""
    text = explanation.text[number]
    strongest = explanation.strongest(group)
    inner = [piece for piece in closer.pieces if piece.part == number] if closer else []
    html, end = "", 0
    for piece in [piece for piece in explanation.pieces if piece.part == number]:
        html += escape(text[end : piece.start])
        within = inner if piece == strongest else []
        html += _mark(explanation, piece, closer, within, group, words, "strongest" if within else "sentence")
        end = piece.end
    if not explanation.pieces and closer:  # one sentence: its words alone
        for word in inner:
            html += escape(text[end : word.start]) + _mark(closer, word, None, [], group, words, "word")
            end = word.end
    return html + escape(text[end:])


def _mark(
    explanation: Explanation,
    piece: Piece,
    closer: Explanation | None,
    within: Sequence[Piece],
    group: str,
    words: Wording,
    kind: str,
) -> str:
    text = explanation.text[piece.part]
    if closer and within:
        body = escape(text[piece.start : within[0].start])
        for word, following in pairwise([*within, None]):
            assert word is not None
            body += _mark(closer, word, None, [], group, words, "word")
            body += escape(text[word.end : following.start if following else piece.end])
    else:
        body = escape(text[piece.start : piece.end])
    effect, points = explanation.effect(piece, group), words.points(explanation.gain(piece, group))
    strength = min(1.0, abs(effect) / FULL_COLOUR)
    side = "" if strength < FAINTEST else " for" if effect > 0 else " against"
    share = words.percent(piece.without[GROUPS.index(group)])
    say = words.why_without.format(share=share, points=points)
    number = "" if kind == "word" else f'<span class="points">{escape(points)}</span>'
    heard = f'<span class="sr-only"> ({escape(points)})</span>' if kind == "word" else ""
    return (
        f'<span class="{kind}{side}" style="--strength:{strength:.2f}" tabindex="0" data-say="{escape(say)}">'
        f"{body}{number}{heard}</span>"
    )


def near_html(neighbours: Sequence[Neighbor], groups: Sequence[str], n_articles: int, words: Wording) -> str:
    """The nearest articles as a table.

    groups     : the primary group of each
    n_articles : how many were searched
    """
    with_titles = any(neighbour.title for neighbour in neighbours)
    names = [words.near_similarity, words.near_article, words.near_categories, words.near_date]
    if with_titles:
        names.insert(2, words.near_title)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    rows = "".join(
        _near_row(neighbour, group, with_titles, words) for neighbour, group in zip(neighbours, groups, strict=True)
    )
    intro = escape(words.near_intro.format(n=words.number(n_articles)))
    return (
        f'<div class="near"><p class="aside">{intro}</p><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _near_row(neighbour: Neighbor, group: str, with_titles: bool, words: Wording) -> str:
    link = escape(neighbour.link)
    id = f'<a href="{link}" target="_blank" rel="noopener">{escape(neighbour.id)}</a>' if link else escape(neighbour.id)
    title = f'<td class="title">{escape(neighbour.title)}</td>' if with_titles else ""
    return (
        f"<tr><td>{words.number(neighbour.similarity, 3)}</td><td>{id}</td>{title}"
        f"<td>{_dot(group)}{escape(neighbour.categories)}</td><td>{escape(neighbour.date)}</td></tr>"
    )


def _dot(group: str) -> str:
    return f'<span class="dot" style="background:{COLOURS[group]}" aria-hidden="true"></span>'


def picture_html(png: bytes, words: Wording) -> str:
    """The picture of all articles, inside the page: no file of the server's is given out for it."""
    data = base64.b64encode(png).decode("ascii")
    return f'<img src="data:image/png;base64,{data}" alt="{escape(words.map_alt)}">'


def map_html(
    middles: Mapping[str, tuple[float, float]],
    place: tuple[float, float] | None,
    rings: Sequence[tuple[float, float]],
    words: Wording,
) -> str:
    """Names of the spheres, a cross at this article's place and rings at its neighbours', over the picture.

    Places run from 0 to 1, from the left and from the top.
    """
    names = "".join(
        f'<span class="name" style="{_at(at)}">{_dot(group)}<span class="long">{escape(words.groups[group])}</span>'
        f'<span class="short" aria-hidden="true">{group}</span></span>'
        for group, at in middles.items()
    )
    marks = "".join(f'<span class="ring" style="{_at(at)}"></span>' for at in rings)
    if place:
        marks += f'<span class="cross" style="{_at(place)}" role="img" aria-label="{escape(words.map_this)}"></span>'
    return f'<div class="marks">{names}{marks}</div>'


def _at(place: tuple[float, float]) -> str:
    x, y = place
    return f"left:{100 * x:.2f}%;top:{100 * y:.2f}%"


def chart_html(counts: Mapping[str, int], words: Wording) -> str:
    """How many articles of a file have each sphere as their most probable one, the most frequent first."""
    most = max(counts.values(), default=0)
    rows = "".join(
        f'<tr><th scope="row">{escape(words.groups[group])}<span class="bar" aria-hidden="true">'
        f'<span style="width:{100 * n / most:.2f}%"></span></span></th><td>{words.number(n)}</td></tr>'
        for group, n in sorted(counts.items(), key=lambda item: -item[1])
        if n
    )
    return (
        f'<section class="answer chart" aria-label="{escape(words.file_chart)}"><table><thead><tr>'
        f'<th scope="col">{escape(words.file_chart)}</th><th scope="col">{escape(words.file_articles)}</th></tr>'
        f'</thead><tbody class="chosen">{rows}</tbody></table></section>'
    )
