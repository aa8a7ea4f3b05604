"""Normalisation of rows: sums in float64 and in one order, so that threads and blocking change no bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastmul.nn.operands import address, floats, rows_of, vector
from fastmul.runtime.threads import chunks, get_threads, run

#: Elements of one chunk of a backward pass: some milliseconds.
CHUNK = 1 << 19


@dataclass(frozen=True, eq=False)
class RMSNorm:
    """The stage of `rms_norm`: what `Epilogue(normalization=)` takes.

    Examples
    --------
    >>> RMSNorm(eps=1e-6)
    RMSNorm(weight=None, eps=1e-06)
    """

    weight: Any = None
    eps: float = 1e-5

    def parts(self, n: int, call: str) -> tuple[str, np.ndarray | None, None]:
        """The kind, weight and shift for rows of n."""
        _check_eps(self.eps, call)
        return "rms", vector(self.weight, n, call, "weight"), None


@dataclass(frozen=True, eq=False)
class LayerNorm:
    """The stage of `layer_norm`: what `Epilogue(normalization=)` takes.

    Examples
    --------
    >>> LayerNorm()
    LayerNorm(weight=None, bias=None, eps=1e-05)
    """

    weight: Any = None
    bias: Any = None
    eps: float = 1e-5

    def parts(self, n: int, call: str) -> tuple[str, np.ndarray | None, np.ndarray | None]:
        """The kind, weight and shift for rows of n."""
        _check_eps(self.eps, call)
        return "layer", vector(self.weight, n, call, "weight"), vector(self.bias, n, call, "bias")


def rms_norm(
    x: Any, weight: Any = None, *, eps: float = 1e-5, threads: int | None = None
) -> np.ndarray:
    """Divide each row by its root mean square.

    y = x / sqrt(mean(x^2) + eps) * weight, over the last axis.

    Parameters
    ----------
    x : (..., n) float32 array.
    weight : (n,) float32 array, optional
        None: all ones.
    eps : float
        At least 0.
    threads : int, optional
        As in `fastmul.matmul`.

    Returns
    -------
    New float32 array of x's shape.

    Raises
    ------
    TypeError : x or weight is not float32.
    ValueError : weight's shape is not (n,), or eps is negative.

    Error
    -----
    |y - exact| <= 3.01 u |exact|, u = 2^-24, for n < 2^24: squares are exact in float64, their sum is right to
    n 2^-53, and rounding the divisor and two products costs u each. The divisor is to lie between 2^-128 and 2^126,
    the inverses of normal float32, and nothing to underflow. The order of the sum is fixed: the same bits on every
    machine, whatever the threads.

    Complexity
    ----------
    Two passes over each row while it is in cache.

    Source
    ------
    Zhang, Sennrich, NeurIPS (2019), arXiv:1910.07467.

    Examples
    --------
    >>> rms_norm(np.array([[3.0, 4.0]], np.float32), eps=0.0)
    array([[0.84852815, 1.1313709 ]], dtype=float32)
    """
    return _normalized("rms_norm", x, RMSNorm(weight, eps), threads)


def layer_norm(
    x: Any, weight: Any = None, bias: Any = None, *, eps: float = 1e-5, threads: int | None = None
) -> np.ndarray:
    """Bring each row to mean 0 and variance 1, then to what weight and bias say.

    y = (x - mean(x)) / sqrt(variance(x) + eps) * weight + bias, over the last axis; the variance is that of the
    population (divided by n).

    Parameters
    ----------
    x : (..., n) float32 array.
    weight, bias : (n,) float32 arrays, optional
        None: all ones, all zeros.
    eps : float
        At least 0.
    threads : int, optional
        As in `fastmul.matmul`.

    Returns
    -------
    New float32 array of x's shape.

    Raises
    ------
    TypeError : x, weight or bias is not float32.
    ValueError : their shapes are not (n,), or eps is negative.

    Error
    -----
    With z the exact normalised value, |y - exact| <= 4.01 u |z weight| + u |exact| + n 2^-52 max|x| |weight| / sigma,
    u = 2^-24: mean and variance are float64, taken in two passes; the mean is subtracted as two float32. The divisor
    is to lie between 2^-128 and 2^126, and no x - mean to overflow, and nothing to underflow. The order of the sums is
    fixed: the same bits on every machine, whatever the threads.

    Complexity
    ----------
    Three passes over each row while it is in cache.

    Source
    ------
    Ba, Kiros, Hinton, arXiv:1607.06450 (2016).

    Examples
    --------
    >>> layer_norm(np.array([[1.0, 2.0, 3.0]], np.float32))
    array([[-1.2247357,  0.       ,  1.2247357]], dtype=float32)
    """
    return _normalized("layer_norm", x, LayerNorm(weight, bias, eps), threads)


def rms_norm_backward(
    grad: Any, x: Any, weight: Any = None, *, eps: float = 1e-5, threads: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The gradients of `rms_norm` by x and weight, from the gradient by its result.

    Parameters
    ----------
    grad, x : (..., n) float32 arrays of one shape.
    weight, eps, threads
        As in `rms_norm`.

    Returns
    -------
    by_x : (..., n) float32 array.
    by_weight : (n,) float32 array, also where weight is None (then at ones).

    Raises
    ------
    TypeError, ValueError : as in `rms_norm`, or the shapes of grad and x differ.

    Error
    -----
    by_x: 8 u scale (|g| + |xhat| mean|g xhat|) with g = grad * weight, xhat = x * scale, u = 2^-24; by_weight:
    3 u sum|grad xhat|. Sums are float64 and in one order: the same bits on every machine, whatever the threads.

    Examples
    --------
    >>> x = np.array([[1.0, 1.0]], np.float32)
    >>> rms_norm_backward(np.array([[1.0, 0.0]], np.float32), x, eps=0.0)
    (array([[ 0.5, -0.5]], dtype=float32), array([1., 0.], dtype=float32))
    """
    by_x, by_weight, _ = _backward("rms_norm_backward", grad, x, RMSNorm(weight, eps), threads)
    return by_x, by_weight


def layer_norm_backward(
    grad: Any, x: Any, weight: Any = None, *, eps: float = 1e-5, threads: int | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The gradients of `layer_norm` by x, weight and bias, from the gradient by its result.

    Parameters
    ----------
    grad, x : (..., n) float32 arrays of one shape.
    weight, eps, threads
        As in `layer_norm`.

    Returns
    -------
    by_x : (..., n) float32 array.
    by_weight, by_bias : (n,) float32 arrays, also where weight is None (then at ones).

    Raises
    ------
    TypeError, ValueError : as in `layer_norm`, or the shapes of grad and x differ.

    Error
    -----
    by_x: 8 u scale (|g| + mean|g| + |xhat| mean|g xhat|) with g = grad * weight, u = 2^-24, and for |xhat| that of
    (x - mean) scale and n 2^-31 max|x| scale more; by_weight and by_bias: 3 u sum|grad xhat| and u |by_bias|. Sums are
    float64 and in one order: the same bits on every machine, whatever the threads.

    Examples
    --------
    >>> x = np.array([[-1.0, 0.0, 1.0]], np.float32)
    >>> by_x, by_weight, by_bias = layer_norm_backward(np.ones((1, 3), np.float32), x)
    >>> by_x, by_bias
    (array([[0., 0., 0.]], dtype=float32), array([1., 1., 1.], dtype=float32))
    """
    return _backward("layer_norm_backward", grad, x, LayerNorm(weight, None, eps), threads)


def _backward(
    call: str, grad: Any, x: Any, stage: RMSNorm | LayerNorm, threads: int | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    from fastmul.kernels.cpu.nn import normalization_gradients as kernels

    x, grad = floats(x, call), floats(grad, call, "grad")
    if grad.shape != x.shape:
        raise ValueError(f"{call}: grad has shape {grad.shape}, x has {x.shape}: must be the same")
    rows, gradients = rows_of(x, call), rows_of(grad, call)
    count, n = rows.shape
    kind, weight, _ = stage.parts(n, call)
    by_x, by_weight, by_bias = (np.empty(shape, np.float32) for shape in (x.shape, n, n))
    means, scales = np.empty(count), np.empty(count, np.float32)

    def run_rows(start: int, stop: int) -> None:
        kernels.by_rows(
            address(rows), address(gradients), address(weight), address(by_x), n, kind == "layer", stage.eps,
            means, scales, start, stop,
        )  # fmt: skip

    def run_columns(start: int, stop: int) -> None:
        kernels.by_columns(rows, gradients, means, scales, by_weight, by_bias, start, stop)

    threads = get_threads(threads)
    if n:
        run(run_rows, chunks(count, n, CHUNK), threads)
    run(run_columns, chunks(n, 1, kernels.STRETCH), threads)
    return by_x, by_weight, by_bias


def _normalized(call: str, x: Any, stage: RMSNorm | LayerNorm, threads: int | None) -> np.ndarray:
    from fastmul.nn.stages import Stages

    out = floats(x, call).copy()
    Stages(call, normalization=stage).apply(out, threads)
    return out


def _check_eps(eps: float, call: str) -> None:
    if not eps >= 0:
        raise ValueError(f"{call}: eps={eps!r} must be at least 0")
