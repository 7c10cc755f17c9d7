"""The frozen encoder: articles in, one vector each out.

    encoder = Encoder.load(find_encoder("all-MiniLM-L6-v2"))
    vectors = encoder.encode(encoder.tokenize([Text("A title", "An abstract")]))      # (1, 384) float32

A batch holds texts end to end, without padding or mask (`spheres.encoder.packing`): nothing is computed in vain, and an
article's vector does not depend on what else is in its batch. That is what makes a cached vector and a live one equal.
Where there are several batches, each core computes one of its own: cores that share a batch wait for each other
hundreds of times in it. A single batch gets all cores, unless others are being computed. Of many texts one batch a core
is begun at a time, so that whoever asks meanwhile waits for one batch, not for all of them.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spheres.data.text import Text
from spheres.encoder.bf16_layers import Bf16Layers, limit_onednn_cache
from spheres.encoder.hub import EncoderSpec, Fingerprint, fetch, fingerprint_of
from spheres.encoder.packing import Spans, make_packing, pack, spans_of
from spheres.encoder.tokenizer import Tokens, tokenize
from spheres.errors import SphereError

PRECISIONS = ("auto", "bf16", "fp32")

Computed = tuple[list[int], NDArray[np.float32]]  # a batch: positions of its texts, and (n_batch, dim) vectors


class Encoder:
    """A loaded encoder: a frozen transformers `model` with its `tokenizer`."""

    def __init__(
        self, spec: EncoderSpec, model: Any, tokenizer: Any, fingerprint: Fingerprint, precision: str = "fp32"
    ) -> None:
        self.spec = spec
        self.model = model
        self.layers = Bf16Layers.for_model(model)  # in place of the model's own where they are faster, else None
        self.packs = make_packing(model)  # whether it takes texts of several lengths in one pass
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

        batches = pack([len(t.ids) for t in tokens])
        with self._count_run() as alone:
            parallel = self.model.device.type == "cpu" and not (alone and len(batches) == 1)
            for batch, part in self._side_by_side(tokens, batches) if parallel else self._one_by_one(tokens, batches):
                vectors[batch] = part
                advance(len(batch))
        return vectors

    def _one_by_one(self, tokens: Sequence[Tokens], batches: Sequence[list[int]]) -> Iterator[Computed]:
        """Each batch with its vectors, computed in this thread."""
        for batch in batches:
            yield batch, self._forward([tokens[i].ids for i in batch])

    def _side_by_side(self, tokens: Sequence[Tokens], batches: Sequence[list[int]]) -> Iterator[Computed]:
        """Each batch with its vectors, as they are done, a batch to a worker; no worker has a second one waiting."""
        workers, n = self._start_workers()
        begun: dict[Future[NDArray[np.float32]], list[int]] = {}
        left = iter(batches)
        while True:
            for batch in islice(left, n - len(begun)):
                begun[workers.submit(self._forward, [tokens[i].ids for i in batch])] = batch
            if not begun:
                return
            for done in wait(begun, return_when=FIRST_COMPLETED).done:
                yield begun.pop(done), done.result()

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

    def _start_workers(self) -> tuple[ThreadPoolExecutor, int]:
        """As many threads as torch computes with, each of them computing alone; started once and kept."""
        import torch

        with self._lock:  # so that two first calls at once start one set of them
            n = torch.get_num_threads()
            if self._workers is None:
                pool = ThreadPoolExecutor(n, "encoder", initializer=torch.set_num_threads, initargs=(1,))
                everyone = threading.Barrier(n)
                list(pool.map(lambda _: everyone.wait(), range(n)))  # all have started ...
                torch.set_num_threads(n)  # ... for what a thread sets for itself is also what later threads start with
                self._workers = pool
            return self._workers, n

    def _forward(self, ids: list[tuple[int, ...]]) -> NDArray[np.float32]:
        """One batch of texts, those of one length side by side -> (n_batch, dim)."""
        import torch

        spans = spans_of([len(text) for text in ids])
        with torch.inference_mode():
            tokens = torch.tensor([token for text in ids for token in text], device=self.model.device)  # (n,) int64
            hidden = self._hidden(tokens, spans)
            pooled = []
            for (n, length), part in zip(spans, hidden.split([n * length for n, length in spans]), strict=True):
                states = part.view(n, length, -1)  # (n_texts, n_tokens, hidden_size)
                even = torch.full((n, 1, length), 1 / length, device=self.model.device)  # faster than `mean`
                parts = {"cls": states[:, 0].float(), "mean": (even @ states.float())[:, 0]}
                pooled.append(torch.cat([parts[name] for name in self.spec.pooling.split("+")], dim=1))
            return np.asarray(torch.cat(pooled).cpu().numpy())  # (n_batch, dim) float32

    def _hidden(self, tokens: Any, spans: Spans) -> Any:
        """(n_tokens,) int64 -> (n_tokens, hidden_size), the last hidden states of texts laid end to end."""
        import torch

        if not self.packs:  # the model takes texts of one length
            parts = tokens.split([n * length for n, length in spans])
            rows = [part.view(span) for part, span in zip(parts, spans, strict=True)]
            return torch.cat([self.model(input_ids=ids).last_hidden_state.flatten(0, 1) for ids in rows])
        positions = torch.cat([torch.arange(length, device=tokens.device).repeat(n) for n, length in spans])
        if self.layers:
            return self.layers(tokens, positions, spans)
        return self.model(input_ids=tokens[None], position_ids=positions[None], spans=spans).last_hidden_state[0]


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
