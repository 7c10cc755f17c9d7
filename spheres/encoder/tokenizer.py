"""Tokenization: from a title and an abstract to the token ids that an encoder reads.

    [CLS] title [SEP] abstract [SEP]

A missing part leaves with its [SEP]. Where the two are longer than the encoder's window, the abstract is cut first, and
the title only when it fills the window alone. Token types are all zero: DistilBERT has none, so every encoder reads
the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from spheres.data.text import Text


@dataclass(frozen=True)
class Tokens:
    """What the encoder reads of one article, and how much of it that is."""

    ids: tuple[int, ...]  # special ones included; at most the encoder's window
    n_text: int  # tokens of title and abstract together
    n_read: int  # how many of them are among `ids`


def join_pair(title: Sequence[int], abstract: Sequence[int], cls: int, sep: int, max_length: int) -> Tokens:
    """Lay two lists of token ids, either maybe empty, out as the encoder reads them, in at most `max_length` >= 3.

    >>> join_pair([11, 12], [21, 22, 23], cls=1, sep=2, max_length=7)
    Tokens(ids=(1, 11, 12, 2, 21, 22, 2), n_text=5, n_read=4)
    >>> join_pair([], [21, 22], cls=1, sep=2, max_length=7)
    Tokens(ids=(1, 21, 22, 2), n_text=2, n_read=2)
    """
    title_read = title[: max_length - 2]  # [CLS] and [SEP] take two places
    ids = [cls, *title_read, sep] if title else [cls]
    abstract_read = abstract[: max(0, max_length - len(ids) - 1)]
    if abstract_read:
        ids += [*abstract_read, sep]
    return Tokens(tuple(ids), len(title) + len(abstract), len(title_read) + len(abstract_read))


def tokenize(tokenizer: Any, texts: Sequence[Text], max_length: int) -> list[Tokens]:
    """Token ids of many plain texts, by any Hugging Face tokenizer with [CLS] and [SEP]."""
    if not texts:
        return []
    parts = [part for text in texts for part in text]
    encoded = tokenizer(parts, add_special_tokens=False, return_attention_mask=False, verbose=False)
    ids = iter(encoded["input_ids"])  # of a title and of an abstract in turn
    cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
    return [join_pair(title, abstract, cls, sep, max_length) for title, abstract in zip(ids, ids, strict=True)]
