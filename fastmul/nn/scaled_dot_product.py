"""Scaled dot-product attention: softmax(scale q k^T + mask) v, block by block, and its gradients.

    S = cap(scale q k^T) + mask        P = softmax(S) over the keys        out = dropout(P) v

The blocks of P are made, used and forgotten (`kernels.cpu.nn.attention`): memory is O(n d), and the backward pass
makes them again from the log-sum-exp of each row, with the same dropout mask from the same coordinates.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastmul.nn.attention_operands import Operands, as_rows, at, operands
from fastmul.nn.dropping import repeatable
from fastmul.runtime.scratch import lease
from fastmul.runtime.threads import get_threads, run

#: Multiply-adds of one chunk of work: some milliseconds.
CHUNK_WORK = 1 << 28


def attention(q: Any, k: Any, v: Any, *, causal: bool = False, offset: int = 0, mask: Any = None,
              scale: float | None = None, softcap: float | None = None, dropout: float = 0.0, rng: Any = None,
              training: bool = False, return_lse: bool = False, threads: int | None = None) -> Any:  # fmt: skip
    """Attention of queries to keys and their values, without a matrix of weights in memory.

    out[i] = sum over j of dropout(softmax_j(s[i, j])) v[j], s[i, j] = cap(scale * q[i] . k[j]) + mask[i, j].

    Parameters
    ----------
    q : (..., heads, n_q, d) array of float32, float16 or bfloat16; (n_q, d) is one head.
    k, v : (..., kv_heads, n_k, d) and (..., kv_heads, n_k, d_v)
        heads is a multiple of kv_heads: consecutive heads of q share a head of k and v.
    causal : bool
        Query i sees the keys j <= i + offset only.
    offset : int
        How many keys stand before the first query, as where k holds a cache. Nothing without `causal`.
    mask : array that broadcasts to (..., heads, n_q, n_k), optional
        Boolean (True: the key counts), or floats that are added. Where it is False or -inf the weight is an exact 0.
    scale : float
        Default 1 / sqrt(d).
    softcap : float, optional
        cap(x) = softcap * tanh(x / softcap), before the mask; no cap by default.
    dropout : float in [0, 1), rounded to a multiple of 2^-32
        The probability of dropping a weight; those kept are divided by 1 - dropout. Which are kept is what
        ``dropout_mask((..., heads, n_q, n_k), dropout, rng=rng)`` says.
    rng : int seed, `fastmul.lowprecision.Philox` or numpy.random.Generator
        For dropout; the backward pass needs the same seed, so it takes no Generator.
    training : bool
        False: there is no dropout, and no random bits are drawn.
    return_lse : bool
        Return the log-sum-exp of each row too, which `attention_backward` needs.
    threads : int, optional
        As in `fastmul.matmul`; the result does not depend on it.

    Returns
    -------
    out : (..., heads, n_q, d_v) array of q's dtype; 0 where no key counts.
    lse : (..., heads, n_q) float32 array, if return_lse
        Log of the sum over j of exp(s[i, j]); -inf where no key counts.

    Raises
    ------
    ValueError : shapes that do not fit each other, dropout outside [0, 1), a cap that is not positive.
    TypeError : other dtypes; a dropout without rng.

    Error
    -----
    float32, u = 2^-24. With X = the largest |scale| * sum(|q[i]| |k[j]|) + |mask[i, j]| over the keys that count,

        |out[i] - exact| <= (2 h / (1 - h) + 2 g + 3 u) * sum over j of P[i, j] |v[j]|,
        h = exp((d + 10) u X + (n_k / 64 + 2) 2 u) - 1,      g = (66 + n_k / 64) u,

    proved in `fastmul.bounds.attention` (without softcap; where no sum overflows). float16 and bfloat16 are computed
    in float32 and rounded once. A row's result depends on its own query, mask and keys only: not on threads, on the
    machine's vectors or on the rows beside it (blocks of 64 keys are part of the algorithm). A NaN or an overflow in
    a row's scores makes that row NaN. Masked keys need finite values all the same: 0 times Inf may be added.

    Complexity
    ----------
    n_q n_k (d + d_v) multiply-adds per head, half of it if causal; memory for the result, for copies of operands whose
    rows are not contiguous float32, and 64 (d + d_v + 90) floats a thread: O(n d).

    Source
    ------
    Milakov & Gimelshein, arXiv:1805.02867 (2018); Dao, arXiv:2307.08691 (2023).

    Examples
    --------
    >>> q, k = np.zeros((2, 1), np.float32), np.array([[0], [0], [0]], np.float32)
    >>> v = np.array([[1, 2], [3, 4], [5, 12]], np.float32)
    >>> attention(q, k, v)
    array([[3., 6.],
           [3., 6.]], dtype=float32)
    >>> attention(q, k, v, causal=True)
    array([[1., 2.],
           [2., 3.]], dtype=float32)
    """
    x = operands("attention", q, k, v, causal=causal, offset=offset, mask=mask, scale=scale, softcap=softcap,
                 dropout=dropout, rng=rng, training=training)  # fmt: skip
    out, statistics = forward(x, get_threads(threads))
    out = out.astype(x.dtype, copy=False)
    return (out, log_sum_exp(statistics)) if return_lse else out


def attention_backward(grad: Any, q: Any, k: Any, v: Any, out: Any, lse: Any, *, causal: bool = False, offset: int = 0,
                       mask: Any = None, scale: float | None = None, softcap: float | None = None,
                       dropout: float = 0.0, rng: Any = None, training: bool = False,
                       threads: int | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """The gradients of `attention` by q, k and v, from the gradient by its output.

    Parameters
    ----------
    grad : (..., heads, n_q, d_v) array
        The gradient by `out`.
    q, k, v, causal, offset, mask, scale, softcap, dropout, rng, training, threads
        As in the call of `attention`; rng must give the same seed again, so a Generator will not do.
    out, lse : what ``attention(..., return_lse=True)`` returned.

    Returns
    -------
    dq, dk, dv : arrays of the shapes and dtypes of q, k and v. The mask gets no gradient.

    Raises
    ------
    ValueError : shapes that do not fit each other, or as in `attention`.
    TypeError : rng is a Generator, whose bits do not come twice; or as in `attention`.

    Error
    -----
    With W = dropout(P) and D the mask of dropout, both scaled by 1 / (1 - dropout),

        |dq - exact| <= a |scale| B |k|,      |dk - exact| <= b |scale| B^T |q|,      |dv - exact| <= c W^T |grad|,
        B = P * (D * (|grad| |v|^T) + A),     A[i] = sum over c of |grad[i, c]| (W |v|)[i, c],

    where (a, b, c) = `fastmul.bounds.attention.backward_errors`, of the order of (d + d_v + 10 n / 64) u X (without
    softcap; where nothing overflows). Results do not depend on threads; the mask of dropout is made again from the
    same coordinates.

    Complexity
    ----------
    n_q n_k (3 d + 2 d_v) multiply-adds per head, half of it if causal; memory O(n d): sums of dk and dv for each
    thread. One head of k is one thread's work.

    Source
    ------
    Dao, arXiv:2307.08691 (2023), algorithm 2.

    Examples
    --------
    >>> q, k = np.ones((1, 1), np.float32), np.array([[0], [0]], np.float32)
    >>> v = np.array([[1], [3]], np.float32)
    >>> out, lse = attention(q, k, v, return_lse=True)
    >>> dq, dk, dv = attention_backward(np.ones((1, 1), np.float32), q, k, v, out, lse)
    >>> dq.tolist(), dk.tolist(), dv.tolist()
    ([[0.0]], [[-0.5], [0.5]], [[0.5], [0.5]])
    """
    x = operands("attention_backward", q, k, v, causal=causal, offset=offset, mask=mask, scale=scale, softcap=softcap,
                 dropout=dropout, rng=repeatable(rng), training=training)  # fmt: skip
    outputs = as_rows("attention_backward", "out", out, x.shape)
    gradients = as_rows("attention_backward", "grad", grad, x.shape)
    lse = as_rows("attention_backward", "lse", lse, x.shape[:-1])
    # an infinite reference makes every weight of a row without keys an exact 0
    references = np.where(lse == -np.inf, np.inf, lse / math.log(2)).astype(np.float32)
    made = backward(x, gradients, outputs, references, get_threads(threads))
    dq, dk, dv = (
        y.astype(np.asarray(z).dtype, copy=False) for y, z in zip(made, (q, k, v), strict=True)
    )
    return dq, dk, dv


def forward(x: Operands, threads: int) -> tuple[np.ndarray, np.ndarray]:
    """The output as float32, and each row's (reference, sum of weights) as (..., 2, n_q)."""
    from fastmul.kernels.cpu.nn.attention import attend, scratch_bytes

    out = np.empty(x.shape, np.float32)
    statistics = np.empty((*x.q.shape[:-2], 2, x.q.shape[-2]), np.float32)
    n_bytes = scratch_bytes(x.q.shape[-1], x.v.shape[-1])

    def attend_rows(plane: int, first: int, stop: int) -> None:
        with lease(n_bytes) as scratch:
            kv_plane = plane // x.group
            attend(at(x.q, plane), at(x.k, kv_plane), at(x.v, kv_plane), first, stop, x.unit, x.softcap, x.offset,
                   *x.mask.of(plane), x.words, plane, x.gain, at(out, plane), at(statistics, plane),
                   scratch.ctypes.data)  # fmt: skip

    pieces = [(plane, *rows) for plane in range(x.planes) for rows in _chunks_of_rows(x)]
    run(attend_rows, pieces, threads)
    return out, statistics


def backward(
    x: Operands, grad: np.ndarray, out: np.ndarray, references: np.ndarray, threads: int
) -> tuple[np.ndarray, ...]:
    """dq, dk and dv as float32."""
    from fastmul.kernels.cpu.nn.attention_backward import (
        attend_backward,
        scratch_bytes,
        sums_shape,
    )

    dq, dk, dv = (np.empty(y.shape, np.float32) for y in (x.q, x.k, x.v))
    n_k, depth, width = x.k.shape[-2], x.q.shape[-1], x.v.shape[-1]
    if (
        width == 0
    ):  # nothing comes out, and nothing goes back; the kernel's products take one column at least
        return np.zeros_like(dq), np.zeros_like(dk), dv
    n_bytes = scratch_bytes(depth, width)
    interrupted: list[BaseException] = []

    def attend_plane(kv_plane: int) -> None:
        sums = [np.zeros(sums_shape(n_k, columns), np.float32) for columns in (depth, width)]
        with lease(n_bytes) as scratch:
            for plane in range(kv_plane * x.group, (kv_plane + 1) * x.group):
                for first, stop in _chunks_of_rows(x):
                    if interrupted:
                        return
                    attend_backward(
                        at(x.q, plane), at(x.k, kv_plane), at(x.v, kv_plane), at(grad, plane), at(out, plane),
                        at(references, plane, axes=1), first, stop, x.scale, x.unit, x.softcap, x.offset,
                        *x.mask.of(plane), x.words, plane, x.gain, at(dq, plane), *sums, scratch.ctypes.data,
                    )  # fmt: skip
        at(dk, kv_plane)[...] = sums[0][:n_k, :depth] * np.float32(x.scale)
        at(dv, kv_plane)[...] = sums[1][:n_k, :width] * np.float32(x.gain)

    def attend_or_stop(kv_plane: int) -> None:
        try:
            attend_plane(kv_plane)
        except BaseException as error:  # Ctrl-C: the other threads stop between two kernels
            interrupted.append(error)
            raise

    run(attend_or_stop, [(plane,) for plane in range(math.prod(x.k.shape[:-2]))], threads)
    return dq, dk, dv


def _chunks_of_rows(x: Operands) -> list[tuple[int, int]]:
    """Ranges of queries that make a chunk of work each; whole blocks of queries, so that they change no result."""
    from fastmul.kernels.cpu.nn.attention_blocks import QUERIES

    n_q, n_k = x.q.shape[-2], x.k.shape[-2]
    each = QUERIES * max(1, n_k) * (x.q.shape[-1] + x.v.shape[-1])
    rows = max(1, CHUNK_WORK // each) * QUERIES
    return [(first, min(n_q, first + rows)) for first in range(0, n_q, rows)]


def log_sum_exp(statistics: np.ndarray) -> np.ndarray:
    """Natural logarithm of sum * 2^reference, in float64 and rounded once."""
    reference, sums = (statistics[..., i, :].astype(np.float64) for i in (0, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return (reference * math.log(2) + np.log(sums)).astype(np.float32)
