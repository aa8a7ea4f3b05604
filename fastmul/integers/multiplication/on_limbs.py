"""Multiplication of limb arrays: the same algorithms, without a number around the limbs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastmul.integers.multiplication.choice import chooser, similar
from fastmul.integers.multiplication.problem import MulProblem, threads_for
from fastmul.integers.multiplication.table import LIMB_TABLE
from fastmul.planning.algorithm import Operation
from fastmul.planning.memory import require
from fastmul.planning.pick import pick
from fastmul.runtime import arrays

_LIMB = np.dtype(np.uint64)


def mul_limbs(
    a: np.ndarray,
    b: np.ndarray,
    out: np.ndarray | None = None,
    *,
    algorithm: str = "auto",
    threads: int | None = None,
) -> np.ndarray:
    """The exact product of numbers given as limbs.

    out[..., :] = a[..., :] * b[..., :] as numbers sum(x[i] * 2**(64*i)).

    Parameters
    ----------
    a, b : (..., m), (..., n) uint64 arrays, lowest limb first, m, n >= 1; leading axes broadcast.
    out : (..., m + n) uint64 array, optional
        C-contiguous, sharing no memory with a or b.
    algorithm : str
        "auto" or the name of an algorithm that works on limbs.
    threads : int, optional
        How many threads; default: fastmul's setting.

    Returns
    -------
    (..., m + n) uint64 array, not normalised: its highest limbs may be zero.

    Raises
    ------
    TypeError : an operand is not a uint64 array.
    ValueError : no limbs, leading axes that do not broadcast, or an unfit out.
    AlgorithmError : the named algorithm does not exist or refuses.
    MemoryError : the product or its scratch would not fit.

    Exactness
    ---------
    Always exact; m + n limbs hold every product, for (2**(64m) - 1) * (2**(64n) - 1) < 2**(64(m + n)).

    Complexity
    ----------
    As `fastmul.mul`, for each pair of numbers.

    Source
    ------
    Each algorithm names its own in the table.

    Examples
    --------
    >>> import numpy as np
    >>> mul_limbs(np.array([2**63], np.uint64), np.array([6, 1], np.uint64))
    array([                  0, 9223372036854775811,                   0],
          dtype=uint64)
    """
    problem = _problem(a, b, threads=threads)
    batch = () if a.ndim == b.ndim == 1 else np.broadcast_shapes(a.shape[:-1], b.shape[:-1])
    shape = (*batch, problem.n_limbs)
    if out is None:
        require(8 * math.prod(shape), problem)
        out = np.empty(shape, np.uint64)
    else:
        arrays.check_limbs_out("mul_limbs", out, shape, a, b)
    row = choose(problem) if algorithm == "auto" else pick(OPERATION, problem, algorithm)
    if not batch:
        x = np.ascontiguousarray(a)
        row.run(problem, x, x if problem.square else np.ascontiguousarray(b), out)
        return out
    xs = np.broadcast_to(a, (*batch, a.shape[-1]))
    ys = np.broadcast_to(b, (*batch, b.shape[-1]))
    for index in np.ndindex(batch):
        row.run(
            problem, np.ascontiguousarray(xs[index]), np.ascontiguousarray(ys[index]), out[index]
        )
    return out


def _problem(a: Any, b: Any, *, threads: int | None = None, **options: Any) -> MulProblem:
    _check_operand("a", a)
    _check_operand("b", b)
    m, n = a.shape[-1], b.shape[-1]
    return MulProblem(m, n, a is b and a.ndim == 1, threads_for(m + n, threads))


def _check_operand(name: str, x: Any) -> None:
    if type(x) is not np.ndarray or x.dtype != _LIMB:
        got = f"{type(x).__name__} of dtype {x.dtype}" if hasattr(x, "dtype") else type(x).__name__
        raise TypeError(f"mul_limbs(a, b) needs uint64 arrays of limbs; {name} is {got}")
    if not x.shape or not x.shape[-1]:
        raise ValueError(
            f"mul_limbs(a, b) needs shapes (..., n_limbs) with n_limbs >= 1; {name} has shape {x.shape}"
        )


OPERATION = Operation("mul_limbs", LIMB_TABLE, _problem, similar)
choose = chooser(OPERATION)
mul_limbs.operation = OPERATION  # type: ignore[attr-defined]  # what fastmul.explain looks for
