"""The machine's limit: how fast it multiplies matrices, and how many multiplications a model needs.

The rate is the best that PyTorch reaches on this machine now, over large square matrices and over the model's own
shapes, in the precision that the model runs in, measured in the same rounds as the encoders.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from spheres.encoder.encoder import Encoder

LARGE = 2048, 4096  # rows and columns of the square matrices
TOKENS = 4096  # rows of the model's own
WORK = 2e11  # floating-point operations in one round of one shape: half a second or so on two cores
WORK_ON_GPU = 1e14

Shape = tuple[int, int, int]


def operations(lengths: Sequence[int], n_layers: int, dim: int, inner: int) -> float:
    """Floating-point operations of a BERT for texts of so many tokens, matrix multiplications alone.

    Two for each multiply-add. A token meets every weight of a layer once, `4 dim² + 2 dim inner` of them; in attention
    it meets the L tokens of its text twice, with `dim` multiply-adds each.

    >>> operations([1], n_layers=1, dim=2, inner=8)     # 2 * (16 + 32) + 4 * 1 * 2
    104.0
    >>> operations([3, 3], n_layers=2, dim=2, inner=8) / operations([3], n_layers=1, dim=2, inner=8)
    4.0
    """
    weights = 4 * dim**2 + 2 * dim * inner
    return float(sum(n_layers * n * (2 * weights + 4 * n * dim) for n in lengths))


def encoder_operations(encoder: Encoder, lengths: Sequence[int]) -> float:
    return operations(lengths, encoder.model.config.num_hidden_layers, *widths(encoder))


def widths(encoder: Encoder) -> tuple[int, int]:
    """Numbers a token in a layer, and within its feed-forward part."""
    config = encoder.model.config
    inner = config.hidden_dim if config.model_type == "distilbert" else config.intermediate_size
    return config.hidden_size, inner


def multiplications(encoder: Encoder) -> dict[Shape, Callable[[], object]]:
    """Shape (rows, inner, columns) -> a run of `work(shape)` operations in the encoder's precision, on its device."""
    dim, inner = widths(encoder)
    own = [(TOKENS, dim, dim), (TOKENS, dim, inner), (TOKENS, inner, dim)]
    parameter = next(encoder.model.parameters())
    return {shape: _multiplication(shape, parameter) for shape in [*((n, n, n) for n in LARGE), *own]}


def rates(seconds: Mapping[Shape, float], encoder: Encoder) -> dict[Shape, float]:
    """Operations a second of each shape."""
    return {shape: work(shape, encoder.model.device.type) / taken for shape, taken in seconds.items()}


def work(shape: Shape, device: str) -> float:
    """Operations in one round: whole multiplications, about as many as take half a second.

    >>> work((1000, 1000, 1000), "cpu") / 1e9
    200.0
    """
    rows, inner, columns = shape
    one = 2.0 * rows * inner * columns
    return one * max(1, round((WORK_ON_GPU if device == "cuda" else WORK) / one))


def _multiplication(shape: Shape, like: Any) -> Callable[[], object]:
    import torch

    rows, inner, columns = shape
    a = torch.randn(rows, inner, dtype=like.dtype, device=like.device)
    b = torch.randn(columns, inner, dtype=like.dtype, device=like.device).T  # as the weights of a layer lie
    out = torch.empty(rows, columns, dtype=like.dtype, device=like.device)
    times = round(work(shape, like.device.type) / (2 * rows * inner * columns))

    def multiply() -> None:
        with torch.inference_mode():
            for _ in range(times):
                torch.mm(a, b, out=out)
            if like.device.type == "cuda":
                torch.cuda.synchronize()

    return multiply
