"""Normalisation of rows: sums in float64 and in one order, so that threads and blocking change no bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastmul.nn.operands import floats, vector


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
    n 2^-53, and rounding the divisor and two products costs u each. The order of the sum is fixed: the same bits
    on every machine, whatever the threads.

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
    u = 2^-24: mean and variance are float64, taken in two passes; the mean is subtracted as two float32. The order of
    the sums is fixed: the same bits on every machine, whatever the threads.

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


def _normalized(call: str, x: Any, stage: RMSNorm | LayerNorm, threads: int | None) -> np.ndarray:
    from fastmul.nn.stages import Stages

    out = floats(x, call).copy()
    Stages(call, normalization=stage).apply(out, threads)
    return out


def _check_eps(eps: float, call: str) -> None:
    if not eps >= 0:
        raise ValueError(f"{call}: eps={eps!r} must be at least 0")
