"""The frozen encoder: articles in, one vector each out.

    encoder = Encoder.load(find_encoder("all-MiniLM-L6-v2"))
    vectors = encoder.encode(encoder.tokenize([("A title", "An abstract")]))      # (1, 384) float32

A batch holds texts of exactly the same number of tokens, so there is no padding and no attention mask: nothing is
computed in vain, and an article's vector does not depend on what else is in its batch. That is what makes a cached
vector and a live one equal.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spheres.errors import SphereError
from spheres.sources import EncoderSpec, fetch, weights_sha256
from spheres.tokens import Text, Tokens, tokenize

BATCH_TOKENS = 4096  # tokens in one forward pass: enough to keep two cores busy, few enough to stay in their caches
PRECISIONS = ("auto", "bf16", "fp32")


class Encoder:
    """A loaded encoder. `dim` is the length of its vectors; `sha256` identifies its weights."""

    def __init__(self, spec: EncoderSpec, model: Any, tokenizer: Any, sha256: str, precision: str = "fp32") -> None:
        self.spec = spec
        self.model = model
        self.tokenizer = tokenizer
        self.sha256 = sha256
        self.precision = precision
        self.dim: int = model.config.hidden_size * len(spec.pooling.split("+"))

    @classmethod
    def load(cls, spec: EncoderSpec, precision: str = "auto") -> "Encoder":
        """Load from a folder, the bundled package, the Hub's cache or the Hub.

        precision : "bf16", "fp32", or "auto": bf16 where the processor computes in it
        raises    : SphereError where the files cannot be had, are damaged, or are no such encoder
        """
        if precision not in PRECISIONS:
            raise SphereError(f"precision {precision!r} is unknown: give one of {', '.join(PRECISIONS)}.")
        folder = fetch(spec)
        sha256 = weights_sha256(folder)
        if spec.sha256 and sha256 != spec.sha256:
            raise SphereError(
                f"{folder / 'model.safetensors'} has sha256 {sha256}, expected {spec.sha256}: "
                "the weights are damaged or not the ones they claim to be; install them again."
            )
        if precision == "auto":
            precision = "bf16" if _computes_in_bf16() else "fp32"
        model, tokenizer = _load_parts(folder, precision)
        positions = getattr(model.config, "max_position_embeddings", spec.max_length)
        if spec.max_length > positions:
            raise SphereError(
                f"{spec.name} reads at most {positions} tokens, asked for {spec.max_length}: "
                f"give --max-length {positions} or less."
            )
        return cls(spec, model, tokenizer, sha256, precision)

    def tokenize(self, texts: Sequence[Text]) -> list[Tokens]:
        """(title, abstract) pairs to token ids, cut to this encoder's window."""
        return tokenize(self.tokenizer, texts, self.spec.max_length)

    def encode(self, tokens: Sequence[Tokens], advance: Callable[[int], object] = bool) -> NDArray[np.float32]:
        """The vectors of tokenized articles.

        advance : called after each batch with the number of articles in it
        returns : (len(tokens), dim) float32, in the order given, whatever order they were computed in
        """
        vectors = np.empty((len(tokens), self.dim), np.float32)
        for batch in batches([len(t.ids) for t in tokens]):
            vectors[batch] = self._forward([tokens[i].ids for i in batch])
            advance(len(batch))
        return vectors

    def _forward(self, ids: list[tuple[int, ...]]) -> NDArray[np.float32]:
        import torch

        with torch.inference_mode():
            input_ids = torch.tensor(ids, device=self.model.device)  # (n_batch, n_tokens) int64
            hidden = self.model(input_ids=input_ids).last_hidden_state  # (n_batch, n_tokens, dim)
            parts = {"cls": lambda: hidden[:, 0].float(), "mean": lambda: hidden.float().mean(dim=1)}
            pooled = torch.cat([parts[part]() for part in self.spec.pooling.split("+")], dim=1)
            return np.asarray(pooled.cpu().numpy())  # (n_batch, dim) float32


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions grouped so that all in a batch have the same length; the longest first, so that memory peaks early.

    >>> list(batches([3, 5, 3, 5]))
    [[1, 3], [0, 2]]
    """
    order = np.argsort(-np.asarray(lengths, dtype=np.int64), kind="stable")
    start = 0
    while start < len(order):
        length = lengths[order[start]]
        end = start + max(1, BATCH_TOKENS // length)
        batch = [int(i) for i in order[start:end] if lengths[i] == length]
        start += len(batch)
        yield batch


def _load_parts(folder: Path, precision: str) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModel, AutoTokenizer, logging

    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model = AutoModel.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=dtype
        )
    except Exception as e:  # transformers raises many kinds for one thing: this folder is no encoder it can load
        reason = (str(e).strip() or type(e).__name__).splitlines()[0]
        raise SphereError(f"{folder} could not be loaded as an encoder ({reason}): check its files.") from e
    finally:
        if shown:
            logging.enable_progress_bar()
    if tokenizer.cls_token_id is None or tokenizer.sep_token_id is None:
        raise SphereError(f"{folder} has no [CLS] and [SEP] tokens: give an encoder of BERT's family.")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return model.eval().requires_grad_(False).to(device), tokenizer


def _computes_in_bf16() -> bool:
    """Whether bf16 is fast here: on a processor without the instructions it is emulated, and slower than fp32."""
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    cpuinfo = Path("/proc/cpuinfo")
    flags = cpuinfo.read_text() if cpuinfo.is_file() else ""
    return "avx512_bf16" in flags or "amx_bf16" in flags
