"""Other libraries that embed the same articles with the same weights, each used as its own documentation shows.

A peer takes texts and returns their vectors, tokenising included. Those that pad get texts in the order of their
length, in batches of 32, as sentence-transformers does.
"""

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spheres.errors import SphereError

BATCH = 32  # sentence-transformers' default
OPERATORS = 18  # ONNX's opset
CALIBRATION = 64  # texts that OpenVINO's int8 takes its ranges from

Vectors = NDArray[np.float32]  # (n_texts, dim)
Encode = Callable[[Sequence[str]], Vectors]
Run = Callable[[NDArray[np.int64], NDArray[np.int64]], Vectors]  # ids and mask to the last hidden states


@dataclass(frozen=True)
class Peer:
    """One other library; `encode` is None where it cannot run here, for the reason `why`."""

    name: str
    encode: Encode | None
    why: str = ""


def quiet() -> None:
    """Turn off progress bars and warnings, which would stand between the table's lines."""
    import logging

    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    logging.disable(logging.WARNING)


def need_sentence_transformers() -> None:
    """Raise a SphereError with the install line where it is missing."""
    if importlib.util.find_spec("sentence_transformers") is None:
        raise SphereError("This is measured beside sentence-transformers: pip install -r benchmarks/requirements.txt")


def build(name: str, make: Callable[[], Encode]) -> Peer:
    """The peer, or the reason why there is none."""
    try:
        return Peer(name, make())
    except Exception as error:  # whatever an exporter raises: it becomes a row of the table
        return Peer(name, None, f"{type(error).__name__}: {str(error).strip().splitlines()[0][:120]}")


def sentence_transformers(folder: Path, max_length: int, dtype: str = "float32", batch: int = BATCH) -> Encode:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), model_kwargs={"dtype": dtype}, local_files_only=True)
    model.max_seq_length = max_length
    return lambda texts: np.asarray(model.encode(list(texts), batch_size=batch, show_progress_bar=False), np.float32)


def textbook(folder: Path, max_length: int, pooling: str) -> Encode:
    """The loop of many tutorials: fp32, every text padded to the full length, batches of 32."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval().to(device)

    def encode(texts: Sequence[str]) -> Vectors:
        vectors = []
        for i in range(0, len(texts), BATCH):
            batch = tokenizer(
                list(texts[i : i + BATCH]),
                padding="max_length",
                truncation=True,
                max_length=max_length,
                return_tensors="pt",
            ).to(device)
            with torch.no_grad():
                ids, mask = batch["input_ids"], batch["attention_mask"]
                hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
            vectors.append(_pool(hidden.cpu().numpy(), mask.cpu().numpy(), pooling))
        return np.concatenate(vectors)

    return encode


def onnx_file(folder: Path, to: Path) -> Path:
    """The encoder of `folder` as ONNX in fp32, any number of texts of any length."""
    import torch
    from transformers import AutoModel

    class LastHidden(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = AutoModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    file = to / "model.onnx"
    example = torch.randint(1000, 2000, (2, 16)), torch.ones(2, 16, dtype=torch.int64)
    axes = {0: torch.export.Dim("texts"), 1: torch.export.Dim("tokens", max=512)}
    with torch.no_grad():
        torch.onnx.export(
            LastHidden(),
            example,
            str(file),
            input_names=["input_ids", "attention_mask"],
            output_names=["hidden"],
            dynamic_shapes={"input_ids": axes, "attention_mask": axes},
            opset_version=OPERATORS,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    return file


def onnx_int8(file: Path, folder: Path, max_length: int, pooling: str) -> Encode:
    """onnxruntime with dynamic quantisation: int8 weights, activations quantised as they come."""
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic

    small = file.with_name("int8.onnx")
    quantize_dynamic(file, small, weight_type=QuantType.QInt8, extra_options={"DefaultTensorType": 1})
    session = onnxruntime.InferenceSession(str(small), providers=["CPUExecutionProvider"])

    def run(ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Vectors:
        return np.asarray(session.run(["hidden"], {"input_ids": ids, "attention_mask": mask})[0])

    return _padded(folder, max_length, pooling, run)


def openvino(file: Path, folder: Path, max_length: int, pooling: str, precision: str) -> Encode:
    """OpenVINO at its latency hint: all cores for each batch. `precision` is one of its own, f32 or bf16."""
    import openvino

    core = openvino.Core()
    return _padded(folder, max_length, pooling, _compiled(core, core.read_model(file), precision))


def openvino_int8(file: Path, folder: Path, max_length: int, pooling: str, texts: Sequence[str]) -> Encode:
    """OpenVINO with weights and activations in int8, ranges taken from `texts` by nncf."""
    import nncf
    import openvino

    tokenizer = _tokenizer(folder, max_length)
    core = openvino.Core()
    samples = [_arrays(tokenizer, [text]) for text in texts[:CALIBRATION]]
    data = nncf.Dataset(samples, lambda s: {"input_ids": s[0], "attention_mask": s[1]})
    model = nncf.quantize(core.read_model(file), data, model_type=nncf.ModelType.TRANSFORMER, subset_size=len(samples))
    return _padded(folder, max_length, pooling, _compiled(core, model, "f32"))


def _compiled(core: Any, model: Any, precision: str) -> Run:
    compiled = core.compile_model(model, "CPU", {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision})
    request = compiled.create_infer_request()

    def run(ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Vectors:
        return np.asarray(request.infer({"input_ids": ids, "attention_mask": mask})[0])

    return run


def _padded(folder: Path, max_length: int, pooling: str, run: Run) -> Encode:
    """Batches of texts of similar length, padded to the longest among them."""
    tokenizer = _tokenizer(folder, max_length)

    def encode(texts: Sequence[str]) -> Vectors:
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        vectors: dict[int, NDArray[np.float32]] = {}
        for batch in _chunks(order, BATCH):
            ids, mask = _arrays(tokenizer, [texts[i] for i in batch])
            vectors.update(zip(batch, _pool(run(ids, mask), mask, pooling), strict=True))
        return np.stack([vectors[i] for i in range(len(texts))])

    return encode


def _chunks(items: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """
    >>> list(_chunks([1, 2, 3], 2))
    [[1, 2], [3]]
    """
    return (items[i : i + size] for i in range(0, len(items), size))


def _tokenizer(folder: Path, max_length: int) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(max_length)
    tokenizer.enable_padding()
    return tokenizer


def _arrays(tokenizer: Any, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ids and mask, each (n_texts, n_tokens of the longest)."""
    found = tokenizer.encode_batch(list(texts))
    return np.array([t.ids for t in found], np.int64), np.array([t.attention_mask for t in found], np.int64)


def _pool(hidden: Vectors, mask: NDArray[np.int64], pooling: str) -> Vectors:
    """(n_texts, n_tokens, dim) -> (n_texts, dim), over the tokens that are no padding.

    >>> hidden, mask = np.array([[[1.0], [3.0], [9.0]]], np.float32), np.array([[1, 1, 0]])
    >>> _pool(hidden, mask, "mean"), _pool(hidden, mask, "cls")
    (array([[2.]], dtype=float32), array([[1.]], dtype=float32))
    """
    if pooling == "cls":
        return hidden[:, 0]
    weights = mask[:, :, None].astype(np.float32)
    return np.asarray((hidden * weights).sum(axis=1) / weights.sum(axis=1), np.float32)
