"""Dropout: a mask that is a function of coordinates, so that the backward pass asks for it again.

Element i is kept iff word(i) >= threshold, threshold = p 2^32 rounded; what is kept is divided by the probability of
keeping. The words are those of `fastmul.lowprecision.Philox`: no mask is stored, and threads, blocking and fusing
change nothing. Dropout stands after a product and never inside its sum: docs/measured/dropout-inside.md shows why.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fastmul.runtime.philox import Philox, as_planes
from fastmul.runtime.threads import get_threads, run

#: Elements of one chunk of work: some milliseconds, and enough to repay another thread.
LARGEST_CHUNK, SMALLEST_CHUNK = 1 << 22, 1 << 15
#: Columns of a chunk are a multiple of it: words come four columns at a time, and many of them best.
STRETCH = 1024


class Rule(NamedTuple):
    """Keep an element iff its word >= threshold, and multiply it by scale = 1 / (1 - threshold / 2^32)."""

    threshold: int
    scale: float


def rule(p: float) -> Rule:
    """How elements are dropped with probability p, on the grid of multiples of 2^-32.

    Raises
    ------
    ValueError : p is outside [0, 1), or so close to 1 that nothing would be kept.

    Examples
    --------
    >>> rule(0.5)
    Rule(threshold=2147483648, scale=2.0)
    """
    p = float(p)
    if not 0 <= p < 1 or (threshold := round(p * 2**32)) == 2**32:
        raise ValueError(
            f"p={p!r}: the probability of dropping an element must be in [0, 1), "
            "and at most 1 - 2**-32: where all is dropped, there is nothing to scale"
        )
    return Rule(threshold, 2**32 / (2**32 - threshold))


def dropout(
    x: Any, p: float, *, rng: Any, training: bool = True, threads: int | None = None
) -> np.ndarray:
    """Drop elements of x with probability p, and divide the others by 1 - p.

    out[i] = x[i] * scale if word(i) >= threshold else 0.

    Parameters
    ----------
    x : (..., rows, columns) array of float32 or float64.
    p : float in [0, 1), rounded to a multiple of 2^-32.
    rng : int seed, `fastmul.lowprecision.Philox` or numpy.random.Generator
        A seed is drawn from a Generator, and the mask cannot be made again; give a Philox to be able to.
    training : bool
        False: x itself is returned, and no random bits are drawn.
    threads : int, optional
        As in `fastmul.matmul`.

    Returns
    -------
    Array of x's shape and dtype, new unless `training` is False; 0 where dropped, also for NaN and Inf.

    Raises
    ------
    ValueError : p is outside [0, 1).
    TypeError : x is no array of float32 or float64, or rng none of the above.

    Error
    -----
    scale = 1 / (1 - p) is rounded once to x's dtype and the product once: a relative error below 2 u, u = 2^-24 or
    2^-53; none where scale is a power of two (p = 0, 1/2, 3/4, ...) and nothing overflows.

    Complexity
    ----------
    O(size) time, ten rounds of Philox for four elements; memory for the result alone.

    Source
    ------
    Srivastava et al., JMLR 15 (2014) 1929-1958; Salmon et al., SC 2011 (the words).

    Examples
    --------
    >>> x = np.ones((2, 4), np.float32)
    >>> dropout(x, 0.5, rng=7)
    array([[2., 2., 0., 0.],
           [0., 0., 2., 2.]], dtype=float32)
    >>> dropout(x, 0.5, rng=7, training=False) is x
    True
    """
    threshold, scale = rule(p)
    x = _floats(x, "dropout")
    if not training:
        return x
    source = Philox.of(rng)
    from fastmul.kernels.cpu.nn.dropout import drop_float32, drop_float64

    drop = drop_float32 if x.dtype == np.float32 else drop_float64
    planes, rows, columns = as_planes(x.shape)
    out = np.empty(x.shape, x.dtype)
    to = out.reshape(planes * rows, columns)
    lines = np.ascontiguousarray(x).reshape(to.shape)
    scale = x.dtype.type(scale)

    def run_piece(*where: int) -> None:
        drop(lines, to, scale, threshold, rows, source.site, *source.key, *where)

    run(run_piece, pieces(*to.shape, threads), get_threads(threads))
    return out


def dropout_backward(
    grad: Any, p: float, *, rng: Any, training: bool = True, threads: int | None = None
) -> np.ndarray:
    """The gradient by x of `dropout(x, p, rng=rng)`, from the gradient by its result: the same mask and scale.

    Parameters
    ----------
    grad : array of float32 or float64, of x's shape.
    p, rng, training, threads : as in `dropout`; rng must give the same seed again, so a Generator will not do.

    Returns
    -------
    Array of grad's shape and dtype.

    Raises
    ------
    ValueError : p is outside [0, 1).
    TypeError : rng is a Generator, whose bits do not come twice; or as in `dropout`.

    Examples
    --------
    >>> dropout_backward(np.full((2, 4), 3.0), 0.5, rng=7)
    array([[6., 6., 0., 0.],
           [0., 0., 6., 6.]])
    """
    return dropout(grad, p, rng=repeatable(rng), training=training, threads=threads)


def dropout_mask(
    shape: int | tuple[int, ...], p: float, *, rng: Any, threads: int | None = None
) -> np.ndarray:
    """Which elements of an array of this shape `dropout` keeps.

    Parameters
    ----------
    shape : int or tuple of int.
    p, rng, threads : as in `dropout`.

    Returns
    -------
    bool array.

    Raises
    ------
    ValueError : p is outside [0, 1).

    Examples
    --------
    >>> dropout_mask((2, 4), 0.5, rng=7)
    array([[ True,  True, False, False],
           [False, False,  True,  True]])
    """
    from fastmul.kernels.cpu.nn.dropout import keep

    threshold, _ = rule(p)
    source = Philox.of(rng)
    shape = np.broadcast_shapes(shape)
    planes, rows, columns = as_planes(shape)
    out = np.empty(shape, bool)
    to = out.reshape(planes * rows, columns)

    def run_piece(*where: int) -> None:
        keep(to, threshold, rows, source.site, *source.key, *where)

    run(run_piece, pieces(*to.shape, threads), get_threads(threads))
    return out


def repeatable(rng: Any) -> Any:
    """rng, if it gives the same bits twice."""
    if isinstance(rng, np.random.Generator):
        raise TypeError(
            "rng: a Generator does not give the bits of the forward pass again; make one "
            "`rng = fastmul.lowprecision.Philox.of(generator)` for both passes"
        )
    return rng


def _floats(x: Any, name: str) -> np.ndarray:
    x = np.asarray(x)
    if x.dtype not in (np.float32, np.float64):
        raise TypeError(f"{name}(x of dtype {x.dtype}): x must be float32 or float64")
    return x


def pieces(lines: int, columns: int, threads: int | None) -> list[tuple[int, int, int, int]]:
    """(first line, last, first column, last): chunks of lines, or of columns where a line is long.

    >>> pieces(2, 10, 1)
    [(0, 2, 0, 10)]
    """
    if lines == 0 or columns == 0:
        return []
    each = min(LARGEST_CHUNK, max(SMALLEST_CHUNK, -(-lines * columns // get_threads(threads))))
    width = min(columns, -(-each // STRETCH) * STRETCH)
    height = max(1, each // columns)
    return [
        (i, min(lines, i + height), j, min(columns, j + width))
        for i in range(0, lines, height)
        for j in range(0, columns, width)
    ]
