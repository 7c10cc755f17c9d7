"""Arithmetic on embedding vectors: scaling to length one, and int8 storage with a scale each."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Float = TypeVar("Float", bound=np.floating)


def l2_normalize(vectors: NDArray[Float]) -> NDArray[Float]:
    """Each row at length one: (n, dim) -> (n, dim) unit vectors of the same dtype; a row of zeros stays one.

    >>> l2_normalize(np.array([[3.0, 4.0]]))
    array([[0.6, 0.8]])
    """
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))


def quantize(vectors: NDArray[np.floating]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Each vector as whole numbers from -127 to 127 and one scale: off by at most half a step, its largest/254.

    Args:
        vectors: (n, dim).

    Returns:
        (n, dim) int8 and (n,) float32; vector = int8 * scale.

    >>> quantize(np.array([[1.0, -0.5, 0.0]]))[0].tolist()
    [[127, -64, 0]]
    """
    scales = np.maximum(np.abs(vectors).max(axis=1), np.finfo(np.float32).tiny).astype(np.float32) / 127
    return np.rint(vectors / scales[:, None]).astype(np.int8), scales
