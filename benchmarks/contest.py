"""Contestants that embed the same articles in turns, their vectors compared, and the machine's limit beside them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.limit import encoder_operations, multiplications, rates
from benchmarks.peers import BATCH, Peer, Vectors
from benchmarks.table import Table
from benchmarks.timing import interleaved
from spheres.data.text import Text, plain
from spheres.encoder.encoder import Encoder

COLUMNS = ("articles/s", "this project is faster", "least cosine with fp32", "articles in a round")
WARM_UP = 2 * BATCH  # articles
OURS, OURS_FP32 = "this project", "this project in fp32"
DEFAULTS, BF16, TEXTBOOK = "sentence-transformers", "sentence-transformers in bf16", "the textbook loop"


@dataclass(frozen=True)
class Contestant:
    """Who embeds `texts` in every round.

    reference : (n_checked, dim), what this project gives in fp32 for the very token ids; None where that is itself
    checked   : which of `texts` those are
    """

    name: str
    embed: Callable[[Sequence[Text]], Vectors]
    texts: Sequence[Text]
    reference: Vectors | None = None
    checked: Sequence[int] | None = None


def contest(table: Table, contestants: Sequence[Contestant], encoder: Encoder, rounds: int) -> dict[str, float]:
    """Add a row for each, the first one being this project with `encoder`; returns articles a second by name.

    The limit's row is the fastest matrix multiplication of the same rounds over the operations of the first one's
    articles, so that a share of it counts everything: tokenising, attention, what is not a multiplication.
    """
    vectors: dict[str, Vectors] = {}

    def turn(contestant: Contestant) -> Callable[[], None]:
        def embed() -> None:
            vectors[contestant.name] = contestant.embed(contestant.texts)

        return embed

    for contestant in contestants:
        contestant.embed(contestant.texts[:WARM_UP])
    shapes = multiplications(encoder)
    for multiply in shapes.values():
        multiply()
    runs: dict[object, Callable[[], object]] = {c.name: turn(c) for c in contestants} | dict(shapes)
    seconds = interleaved({str(key): run for key, run in runs.items()}, rounds, warm_up=False)
    found = {c.name: len(c.texts) / seconds[c.name] for c in contestants}
    ours = contestants[0]
    for c in contestants:
        cosine = None if c.reference is None else least_cosine(vectors[c.name][c.checked or slice(None)], c.reference)
        table.add(c.name, found[c.name], f"{found[ours.name] / found[c.name]:.2f}×", _digits(cosine), len(c.texts))
    speeds = rates({shape: seconds[str(shape)] for shape in shapes}, encoder)
    fastest = max(speeds, key=lambda shape: speeds[shape])
    lengths = [len(t.ids) for t in encoder.tokenize(ours.texts)]
    operations = encoder_operations(encoder, lengths) / len(lengths)  # an article
    limit = speeds[fastest] / operations
    table.add("the machine's limit", limit, f"{found[ours.name] / limit:.2f}×", None, None)
    table.ratios["share of the machine's limit"] = found[ours.name] / limit
    table.notes.append(
        f"The limit: {speeds[fastest] / 1e9:,.0f} billion operations a second, the fastest {encoder.precision} matrix "
        f"multiplication ({' × '.join(map(str, fastest))}) of the same rounds; the others reach "
        f"{', '.join(f'{speeds[shape] / 1e9:,.0f}' for shape in speeds if shape != fastest)}. These articles have "
        f"{np.mean(lengths):.0f} tokens on average and take {operations / 1e9:.2f} billion operations each."
    )
    return found


@dataclass(frozen=True)
class Field:
    """This project, in its own precision and in fp32, and what its peers are given.

    sample   : every so many-th block of the articles, which is what peers embed
    same_ids : (n_sample, dim), what this project gives in fp32 for the peers' token ids
    """

    ours: tuple[Contestant, Contestant]
    sample: list[Text]
    same_ids: Vectors


def field_of(texts: Sequence[Text], every: int, encoder: Encoder, precise: Encoder) -> Field:
    """The field for these articles; `precise` is the same encoder in fp32."""
    positions = blocks(texts, every)
    sample = [texts[i] for i in positions]
    pairs = precise.encode(precise.tokenize(sample))
    same_ids = precise.encode(precise.tokenize([Text(joined(text), "") for text in sample]))
    ours = (
        Contestant(OURS, lambda given: encoder.encode(encoder.tokenize(given)), texts, pairs, positions),
        Contestant(OURS_FP32, lambda given: precise.encode(precise.tokenize(given)), sample),
    )
    return Field(ours, sample, same_ids)


def set_ratios(table: Table, found: Mapping[str, float]) -> None:
    """How much faster this project is than each kind of peer; `found` is articles a second by name."""
    theirs = [rate for name, rate in found.items() if name.startswith(DEFAULTS)]
    table.ratios |= {
        "over sentence-transformers' defaults": found[OURS] / found[DEFAULTS],
        "over sentence-transformers' best": found[OURS] / max(theirs),
        "over the textbook loop": found[OURS] / found[TEXTBOOK],
    }


def as_contestant(peer: Peer, texts: Sequence[Text], reference: Vectors) -> Contestant:
    """A peer reads title and abstract as one text."""
    encode = peer.encode
    assert encode is not None
    return Contestant(peer.name, lambda given: encode([joined(text) for text in given]), texts, reference[: len(texts)])


def add_absent(table: Table, peers: Sequence[Peer]) -> None:
    """A row for each peer that cannot run here, and a note why."""
    for peer in peers:
        if peer.encode is None:
            table.add(peer.name, "not here", None, None, None)
            table.notes.append(f"{peer.name}: {peer.why}")


def joined(text: Text) -> str:
    """
    >>> joined(("A  title", "An abstract."))
    'A title An abstract.'
    """
    return plain(" ".join(text))


def blocks(texts: Sequence[Text], every: int) -> list[int]:
    """Positions of every so many-th block of 32 texts, in the order of their lengths: the longest blocks first.

    Whoever sorts by length and pads in batches pads as little among these as among all, and their lengths are
    distributed alike.

    >>> blocks([("", "x" * n) for n in range(96)], every=2) == [*range(95, 63, -1), *range(31, -1, -1)]
    True
    """
    order = sorted(range(len(texts)), key=lambda i: -len(joined(texts[i])))
    return [i for start in range(0, len(order), every * BATCH) for i in order[start : start + BATCH]]


def least_cosine(a: Vectors, b: Vectors) -> float:
    """
    >>> least_cosine(np.array([[1, 0], [2, 2]], np.float32), np.array([[3, 0], [2, 2]], np.float32))
    1.0
    """
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return round(float(((a * b).sum(axis=1) / lengths).min()), 6)


def _digits(cosine: float | None) -> str | None:
    return None if cosine is None else f"{cosine:.6f}"
