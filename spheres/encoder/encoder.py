"""The frozen encoder: articles in, one vector each out.

    encoder = Encoder.load(find_encoder("all-MiniLM-L6-v2"))
    vectors = encoder.encode(encoder.tokenize([Text("A title", "An abstract")]))      # (1, 384) float32

A batch holds texts of exactly the same number of tokens, so there is no padding and no attention mask: nothing is
computed in vain, and an article's vector does not depend on what else is in its batch. That is what makes a cached
vector and a live one equal. Where there are several batches, each core computes one of its own: cores that share a
batch wait for each other hundreds of times in it. A single batch gets all cores, unless others are being computed.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spheres.data.text import Text
from spheres.encoder.bf16_layers import Bf16Layers, limit_onednn_cache
from spheres.encoder.hub import EncoderSpec, Fingerprint, fetch, fingerprint_of
from spheres.encoder.tokenizer import Tokens, tokenize
from spheres.errors import SphereError

BATCH_TOKENS = 2048  # tokens in one forward pass: enough to keep a core busy, few enough to stay in its cache
PRECISIONS = ("auto", "bf16", "fp32")


class Encoder:
    """A loaded encoder: a frozen transformers `model` with its `tokenizer`."""

    def __init__(
        self, spec: EncoderSpec, model: Any, tokenizer: Any, fingerprint: Fingerprint, precision: str = "fp32"
    ) -> None:
        self.spec = spec
        self.model = model
        self.layers = Bf16Layers.for_model(model)  # in place of the model's own where they are faster, else None
        self.tokenizer = tokenizer
        self.fingerprint = fingerprint
        self.precision = precision  # "bf16" or "fp32"
        self.dim: int = model.config.hidden_size * len(spec.pooling.split("+"))  # of a vector
        self._n_running, self._lock = 0, threading.Lock()
        self._workers: ThreadPoolExecutor | None = None

    @classmethod
    def load(cls, spec: EncoderSpec, precision: str = "auto") -> "Encoder":
        """Load from a folder, the bundled package, the Hub's cache or the Hub.

        Args:
            precision: "bf16", "fp32", or "auto": bf16 where the processor computes in it.

        Raises:
            SphereError: The files cannot be had, are damaged, or are no such encoder.
        """
        if precision not in PRECISIONS:
            raise SphereError(f"precision {precision!r} is unknown: give one of {', '.join(PRECISIONS)}.")
        folder = fetch(spec)
        found = fingerprint_of(folder)
        if spec.sha256 and found.weights != spec.sha256:
            raise SphereError(
                f"{folder / 'model.safetensors'} has sha256 {found.weights}, expected {spec.sha256}: "
                "the weights are damaged or not the ones they claim to be; install them again."
            )
        if precision == "auto":
            precision = "bf16" if _computes_in_bf16() else "fp32"
        limit_onednn_cache()
        model, tokenizer = _load_parts(folder, precision)
        positions = getattr(model.config, "max_position_embeddings", spec.max_length)
        if spec.max_length > positions:
            raise SphereError(
                f"{spec.name} reads at most {positions} tokens, asked for {spec.max_length}: "
                f"give --max-length {positions} or less."
            )
        return cls(spec, model, tokenizer, found, precision)

    def tokenize(self, texts: Sequence[Text]) -> list[Tokens]:
        """Plain texts to token ids, cut to this encoder's window."""
        return tokenize(self.tokenizer, texts, self.spec.max_length)

    def encode(self, tokens: Sequence[Tokens], advance: Callable[[int], object] = bool) -> NDArray[np.float32]:
        """The vectors of tokenized articles, (len(tokens), dim) float32; `advance` takes each batch's size."""
        vectors = np.empty((len(tokens), self.dim), np.float32)

        def forward(batch: list[int]) -> NDArray[np.float32]:
            return self._forward([tokens[i].ids for i in batch])

        batches = list(batches_of_one_length([len(t.ids) for t in tokens]))
        with self._count_run() as alone:
            parallel = self.model.device.type == "cpu" and not (alone and len(batches) == 1)
            # the executor's `map` cancels what no worker has begun when this thread is interrupted
            results = self._start_workers().map(forward, batches) if parallel else map(forward, batches)
            for batch, part in zip(batches, results, strict=True):
                vectors[batch] = part
                advance(len(batch))
        return vectors

    @contextmanager
    def _count_run(self) -> Iterator[bool]:
        """Count a run while it lasts; yields whether it is the only one."""
        with self._lock:
            self._n_running += 1
            alone = self._n_running == 1
        try:
            yield alone
        finally:
            with self._lock:
                self._n_running -= 1

    def _start_workers(self) -> ThreadPoolExecutor:
        """As many threads as torch computes with, each of them computing alone; started once and kept."""
        import torch

        with self._lock:  # so that two first calls at once start one set of them
            if self._workers is None:
                n = torch.get_num_threads()
                pool = ThreadPoolExecutor(n, "encoder", initializer=torch.set_num_threads, initargs=(1,))
                everyone = threading.Barrier(n)
                list(pool.map(lambda _: everyone.wait(), range(n)))  # all have started ...
                torch.set_num_threads(n)  # ... for what a thread sets for itself is also what later threads start with
                self._workers = pool
            return self._workers

    def _forward(self, ids: list[tuple[int, ...]]) -> NDArray[np.float32]:
        """One batch of texts of one length -> (n_batch, dim)."""
        import torch

        with torch.inference_mode():
            input_ids = torch.tensor(ids, device=self.model.device)  # (n_batch, n_tokens) int64
            # (n_batch, n_tokens, hidden_size), the last hidden states
            hidden = self.layers(input_ids) if self.layers else self.model(input_ids=input_ids).last_hidden_state
            parts = {"cls": hidden[:, 0].float(), "mean": hidden.float().mean(dim=1)}
            pooled = torch.cat([parts[part] for part in self.spec.pooling.split("+")], dim=1)
            return np.asarray(pooled.cpu().numpy())  # (n_batch, dim) float32


def batches_of_one_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions grouped so that all in a batch have the same length; the longest first, so that memory peaks early.

    >>> list(batches_of_one_length([3, 5, 3, 5]))
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
