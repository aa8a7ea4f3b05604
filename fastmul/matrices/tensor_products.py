"""tensordot: the sum of products over any axes of two arrays, as one matrix product of their unfoldings."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastmul.matrices.multiplication import matmul
from fastmul.runtime import arrays


def tensordot(
    a: Any,
    b: Any,
    axes: Any = 2,
    *,
    out: np.ndarray | None = None,
    dtype: Any = None,
    mod: Any = None,
    semiring: Any = None,
    overflow: str = "wrap",
    accuracy: str | None = None,
    algorithm: str = "auto",
    threads: int | None = None,
    verify: bool | int = False,
) -> np.ndarray:
    """The tensor contraction of a and b over `axes`, as `numpy.tensordot`, by `fastmul.matmul`.

    c[i..., j...] = sum over l... of a[i..., l...] * b[l..., j...], with the axes l wherever they are.

    Parameters
    ----------
    a, b : array-likes of what `fastmul.matmul` multiplies.
    axes : int or pair of (sequences of) int
        So many last axes of a with as many first axes of b; or the axes of a and the axes of b, in the same order.
    out : ndarray, optional
        Where the result goes; may overlap the operands.
    dtype, mod, semiring, overflow, accuracy, algorithm, threads, verify : as in `fastmul.matmul`.

    Returns
    -------
    Array with the axes of a that are not summed over, and then those of b; 0-d if there are none.

    Raises
    ------
    ValueError : axes that a or b lacks, names twice, or that differ in length; an unfit out.
    TypeError, AlgorithmError, ResultOverflowError, DeviceError, VerificationError, MemoryError : as `fastmul.matmul`.

    Exactness
    ---------
    That of `fastmul.matmul`.

    Complexity
    ----------
    One matrix product, and copies of operands whose axes do not lie in this order.

    Source
    ------
    The definition; NumPy.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.arange(24).reshape(2, 3, 4)
    >>> tensordot(a, a, axes=([1, 2], [1, 2]))
    array([[ 506, 1298],
           [1298, 3818]])
    """
    x, y = arrays.as_operands("tensordot", a, b)
    a_axes, b_axes = _axes(axes, x, y)
    lengths = [x.shape[i] for i in a_axes]
    if lengths != [y.shape[i] for i in b_axes]:
        raise ValueError(
            f"tensordot(axes={axes!r}) of shapes {x.shape} and {y.shape}: axes {a_axes} of the first have lengths "
            f"{lengths}, axes {b_axes} of the second {[y.shape[i] for i in b_axes]}"
        )
    a_free = [i for i in range(x.ndim) if i not in a_axes]
    b_free = [i for i in range(y.ndim) if i not in b_axes]
    shape = tuple(x.shape[i] for i in a_free) + tuple(y.shape[i] for i in b_free)
    terms = math.prod(lengths)
    rows, columns = (math.prod(v.shape[i] for i in free) for v, free in ((x, a_free), (y, b_free)))
    left = x.transpose(a_free + a_axes).reshape(rows, terms)
    right = y.transpose(b_axes + b_free).reshape(terms, columns)
    return multiply_unfolded(
        "tensordot", left, right, shape, out,
        dtype=dtype, mod=mod, semiring=semiring, overflow=overflow, accuracy=accuracy, algorithm=algorithm,
        threads=threads, verify=verify,
    )  # fmt: skip


def multiply_unfolded(
    function: str,
    left: np.ndarray,
    right: np.ndarray,
    shape: tuple[int, ...],
    out: Any,
    **keywords: Any,
) -> np.ndarray:
    """left @ right as an array of this shape, or in `out`."""
    if out is None:
        return matmul(left, right, **keywords).reshape(shape)
    out = arrays.as_out(function, out)
    if out.shape != shape:
        raise ValueError(f"{function}(out=...): the result has shape {shape}, out has {out.shape}")
    unfolded = out.reshape(left.shape[0], right.shape[1])  # a view where the layout allows one
    matmul(left, right, out=unfolded, **keywords)
    if not np.may_share_memory(unfolded, out):
        out[...] = unfolded.reshape(shape)
    return out


def _axes(axes: Any, a: np.ndarray, b: np.ndarray) -> tuple[list[int], list[int]]:
    """The axes of both operands, counted from 0."""
    try:
        count = operator.index(axes)
    except TypeError:
        a_axes, b_axes = axes
    else:
        if not 0 <= count <= min(a.ndim, b.ndim):
            raise ValueError(
                f"tensordot(axes={axes!r}) of shapes {a.shape} and {b.shape}: an operand has not so many axes"
            )
        a_axes, b_axes = range(a.ndim - count, a.ndim), range(count)
    return _counted(a_axes, a, axes), _counted(b_axes, b, axes)


def _counted(chosen: Any, x: np.ndarray, axes: Any) -> list[int]:
    some = chosen if isinstance(chosen, Sequence | np.ndarray) else [chosen]
    found = [operator.index(i) for i in some]
    if any(not -x.ndim <= i < x.ndim for i in found) or len({i % x.ndim for i in found}) < len(
        found
    ):
        raise ValueError(
            f"tensordot(axes={axes!r}): {found} are not distinct axes of an operand of shape {x.shape}"
        )
    return [i % x.ndim for i in found]
