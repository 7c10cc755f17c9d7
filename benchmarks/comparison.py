"""Encoders on the same articles, in turns: articles a second, their vectors compared, and the machine's limit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

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
class Candidate:
    """An encoder, and the texts it embeds in every round.

    Attributes:
        reference: (n_checked, dim) vectors of this project in fp32 for the same token ids; None for that one itself.
        checked: Which of `texts` those are; None for all.
    """

    name: str
    embed: Callable[[Sequence[Text]], Vectors]
    texts: Sequence[Text]
    reference: Vectors | None = None
    checked: Sequence[int] | None = None


def compare(table: Table, candidates: Sequence[Candidate], encoder: Encoder, rounds: int) -> dict[str, float]:
    """Time the candidates and add a row for each; returns articles a second by name.

    The limit's row is the fastest matrix multiplication of the same rounds over the operations of the first candidate's
    articles, so that a share of it counts everything: tokenising, attention, what is not a multiplication.

    Args:
        candidates: The first one is this project with `encoder`.
    """
    vectors: dict[str, Vectors] = {}

    def embed(candidate: Candidate) -> None:
        vectors[candidate.name] = candidate.embed(candidate.texts)

    for candidate in candidates:
        candidate.embed(candidate.texts[:WARM_UP])
    shapes = multiplications(encoder)
    for multiply in shapes.values():
        multiply()
    runs: dict[str, Callable[[], object]] = {c.name: partial(embed, c) for c in candidates}
    runs |= {str(shape): multiply for shape, multiply in shapes.items()}
    seconds = interleaved(runs, rounds, warm_up=False)
    found = {c.name: len(c.texts) / seconds[c.name] for c in candidates}
    ours = candidates[0]
    for c in candidates:
        cosine = None
        if c.reference is not None:
            cosine = f"{least_cosine(vectors[c.name][c.checked or slice(None)], c.reference):.6f}"
        table.add(c.name, found[c.name], f"{found[ours.name] / found[c.name]:.2f}×", cosine, len(c.texts))
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
class Setup:
    """This project, in its own precision and in fp32, and what its peers are given.

    Attributes:
        sample: Every so many-th block of the articles, which is what peers embed.
        same_ids: (n_sample, dim) vectors of this project in fp32 for the peers' token ids.
    """

    ours: tuple[Candidate, Candidate]
    sample: list[Text]
    same_ids: Vectors


def prepare(texts: Sequence[Text], every: int, encoder: Encoder, precise: Encoder) -> Setup:
    """The setup for these articles; `precise` is the same encoder in fp32."""
    positions = blocks(texts, every)
    sample = [texts[i] for i in positions]
    pairs = precise.encode(precise.tokenize(sample))
    same_ids = precise.encode(precise.tokenize([Text(joined(text), "") for text in sample]))
    ours = (
        Candidate(OURS, lambda given: encoder.encode(encoder.tokenize(given)), texts, pairs, positions),
        Candidate(OURS_FP32, lambda given: precise.encode(precise.tokenize(given)), sample),
    )
    return Setup(ours, sample, same_ids)


def set_ratios(table: Table, found: Mapping[str, float]) -> None:
    """Note how many times faster this project is than its peers; `found` is articles a second by name."""
    theirs = [rate for name, rate in found.items() if name.startswith(DEFAULTS)]
    table.ratios |= {
        "over sentence-transformers' defaults": found[OURS] / found[DEFAULTS],
        "over sentence-transformers' best": found[OURS] / max(theirs),
        "over the textbook loop": found[OURS] / found[TEXTBOOK],
    }


def as_candidate(peer: Peer, texts: Sequence[Text], reference: Vectors) -> Candidate:
    """The peer as a candidate; it reads title and abstract as one text."""
    encode = peer.encode
    assert encode is not None
    return Candidate(peer.name, lambda given: encode([joined(text) for text in given]), texts, reference[: len(texts)])


def add_absent(table: Table, peers: Sequence[Peer]) -> None:
    """Add a row for each peer that cannot run here, and a note why."""
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

    An encoder that sorts by length and pads in batches pads as little among these as among all.

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
