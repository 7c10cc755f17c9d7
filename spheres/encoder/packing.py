"""Texts of several lengths in one batch without padding: laid end to end, each attends to itself alone.

    batches = pack([len(t.ids) for t in tokens])        # positions of the texts in each batch
    spans_of([7, 7, 5])                                 # [(2, 7), (1, 5)], texts of one length side by side

A batch is full however many lengths there are: linear maps, norms and GELU take its tokens as one matrix, attention
takes the texts of each length together. transformers' BERT and DistilBERT read such a batch through `attend_apart`,
registered in the documented way.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

BATCH_TOKENS = 2048  # in one forward pass at most: enough to keep a core busy, few enough to stay in its cache
SHARED_BY = 4  # the batches' number is a multiple of it, so that two or four cores end together
PACKED = "apart"  # the name of `attend_apart` in transformers
PACKING_MODELS = ("BertModel", "DistilBertModel")  # that count positions from 0 and hand `spans` on to their attention

Spans = Sequence[tuple[int, int]]  # (number of texts, tokens of each) for neighbours of one length


def pack(lengths: Sequence[int]) -> list[list[int]]:
    """Positions of texts, the longest first, in batches of about as many tokens each.

    The batches do not depend on the machine, as the last digit of a vector may depend on its batch.

    >>> pack([3, 5, 3, 5]), pack([200] * 41)[0], len(pack([200] * 41))
    ([[1], [3], [0], [2]], [0, 1, 2, 3, 4], 8)
    """
    if not lengths:
        return []
    order = np.argsort(-np.asarray(lengths), kind="stable")
    sizes = np.asarray(lengths)[order]
    ends = np.cumsum(sizes)
    n = SHARED_BY * -(-int(ends[-1]) // (SHARED_BY * BATCH_TOKENS))
    numbers = (2 * ends - sizes) * n // (2 * ends[-1])  # of the batch that a text's middle falls into
    return [part.tolist() for part in np.split(order, np.flatnonzero(np.diff(numbers)) + 1)]


def spans_of(lengths: Sequence[int]) -> list[tuple[int, int]]:
    """
    >>> spans_of([7, 7, 5])
    [(2, 7), (1, 5)]
    """
    return [(len(list(texts)), length) for length, texts in groupby(lengths)]


def make_packing(model: Any) -> bool:
    """Have a transformers model read such batches; returns False where it is of a kind that cannot."""
    from transformers import AttentionInterface

    if type(model).__name__ not in PACKING_MODELS or getattr(model.config, "is_decoder", False):
        return False
    AttentionInterface.register(PACKED, attend_apart)
    model.set_attn_implementation(PACKED)
    return True


def attend_apart(
    module: Any,
    query: "Tensor",
    key: "Tensor",
    value: "Tensor",
    attention_mask: None,
    scaling: float | None = None,
    spans: Spans = (),
    **others: Any,
) -> "tuple[Tensor, None]":
    """PyTorch's attention for each span by itself; what transformers calls in place of its own.

    Args:
        query: (1, n_heads, n_tokens, head_dim), as are `key` and `value`.
        spans: Of the batch; without them, each row is a text, and none is padded.

    Returns:
        (1, n_tokens, n_heads, head_dim), and no weights.
    """
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    if not spans:
        return scaled_dot_product_attention(query, key, value, scale=scaling).transpose(1, 2), None
    read, sizes = [], [n * length for n, length in spans]
    pieces = (torch.split(x[0], sizes, dim=1) for x in (query, key, value))
    for span, *parts in zip(spans, *pieces, strict=True):
        q, k, v = (x.unflatten(1, span).transpose(0, 1) for x in parts)  # (n_texts, n_heads, length, head_dim)
        attended = scaled_dot_product_attention(q, k, v, scale=scaling)
        read.append(attended.transpose(1, 2).flatten(0, 1))
    return torch.cat(read)[None], None
