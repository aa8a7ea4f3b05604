"""Products of matrices of long integers given as limbs, and the table of algorithms that make them."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.matrices.multiplication import entries, kronecker, residues, stacks
from fastmul.matrices.multiplication.numbers import LIMB_BITS, Numbers, NumbersProblem
from fastmul.planning import memory
from fastmul.planning.algorithm import Algorithm, Operation
from fastmul.planning.pick import pick
from fastmul.runtime import arrays
from fastmul.runtime.threads import get_threads

_LIMB = np.dtype(np.uint64)

#: The rows: ``run(problem, a, b, out)`` takes `Numbers` and writes (m, n, n_limbs) limbs in two's complement.
TABLE = (
    Algorithm(
        name="residues",
        run=residues.run,
        refuses=residues.refuses,
        cost=residues.cost,
        summary="Residues modulo many numbers of 8 to 14 bits, an exact narrow product for each, Chinese remainder.",
        complexity="O(bits mkn) narrow operations and O(bits^2 (mk + kn + mn)) for conversions.",
        source="Garner, IRE Trans. EC-8 (1959) 140-147; Doliskani, Giorgi, Lebreton, Schost, ACM TOMS 44:4 (2018).",
    ),
    Algorithm(
        name="kronecker",
        run=kronecker.run,
        refuses=kronecker.refuses,
        cost=kronecker.cost,
        summary="A row of A and all of B packed into two big integers, and one product of these for each row.",
        complexity="m products of k by 2kn numbers as long as the result's entries.",
        source="Kronecker, J. reine angew. Math. 92 (1882); von zur Gathen, Gerhard, Modern Computer Algebra, 8.4.",
    ),
    Algorithm(
        name="entries",
        run=entries.run,
        refuses=entries.refuses,
        cost=entries.cost,
        summary="Entry by entry, products of GMP's integers.",
        complexity="mkn products of the entries.",
        source="Granlund et al., GMP 6.3.",
    ),
)


def matmul_limbs(
    a: np.ndarray,
    b: np.ndarray,
    out: np.ndarray | None = None,
    *,
    algorithm: str = "auto",
    threads: int | None = None,
) -> np.ndarray:
    """The exact product of matrices of unsigned integers given as limbs.

    out[i, j] = sum over l of a[i, l] * b[l, j] as numbers sum(x[..., s] * 2**(64*s)).

    Parameters
    ----------
    a, b : (..., m, k, p), (..., k, n, q) uint64 arrays of numbers of p and q limbs, lowest limb first, p, q >= 1;
        leading axes broadcast.
    out : (..., m, n, r) uint64 array, optional
        r = p + q + 1, or p + q if k <= 1; C-contiguous, sharing no memory with a or b.
    algorithm : str
        "auto" or a name in the table (``fastmul.explain(fastmul.matrices.matmul_limbs, a, b)``).
    threads : int, optional
        How many threads; default: fastmul's setting.

    Returns
    -------
    (..., m, n, r) uint64 array; its highest limbs may be zero.

    Raises
    ------
    TypeError : an operand is not a uint64 array.
    ValueError : shapes that do not multiply, no limbs, or an unfit out.
    AlgorithmError : the named algorithm does not exist or refuses.
    MemoryError : the product or its scratch would not fit.

    Exactness
    ---------
    Always exact: r limbs hold every sum, for k (2**(64p) - 1) (2**(64q) - 1) < 2**(64r). Residues are taken only
    where the moduli tell all possible entries apart (`fastmul.bounds.residues`).

    Complexity
    ----------
    O(m k n (p + q)) narrow operations and O((m k + k n + m n) (p + q)**2) for conversions, by residues.

    Source
    ------
    Each algorithm names its own in the table.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.full((1, 2, 1), 2**63, np.uint64)
    >>> matmul_limbs(a, a.transpose(1, 0, 2))  # 2**127
    array([[[                  0, 9223372036854775808,                   0]]],
          dtype=uint64)
    """
    problem = _problem(a, b, threads=threads)
    batch = stacks.batch_shape(a[..., 0], b[..., 0])
    shape = (*batch, problem.m, problem.n, problem.n_limbs)
    if out is None:
        memory.require(8 * int(np.prod(shape)), f"matmul_limbs of shape {shape}")
        out = np.empty(shape, np.uint64)
    else:
        arrays.check_limbs_out("matmul_limbs", out, shape, a, b)
    row = pick(OPERATION, problem, algorithm)
    a, b = (np.broadcast_to(x, (*batch, *x.shape[-3:])) for x in (a, b))
    for index in np.ndindex(batch):
        row.run(problem, Numbers.of(a[index]), Numbers.of(b[index]), out[index])
    return out


def _problem(a: Any, b: Any, *, threads: int | None = None, **options: Any) -> NumbersProblem:
    get_threads(threads)  # refuses what is no number of threads
    for name, x in (("a", a), ("b", b)):
        if type(x) is not np.ndarray or x.dtype != _LIMB:
            got = f" of dtype {x.dtype}" if hasattr(x, "dtype") else ""
            raise TypeError(
                f"matmul_limbs(a, b) needs uint64 arrays of limbs; {name} is {type(x).__name__}{got}"
            )
        if x.ndim < 3 or x.shape[-1] < 1:
            raise ValueError(
                "matmul_limbs(a, b) needs shapes (..., rows, columns, n_limbs) with n_limbs >= 1; "
                f"{name} has shape {x.shape}"
            )
    (m, k, p), (rows, n, q) = a.shape[-3:], b.shape[-3:]
    if k != rows:
        raise ValueError(
            f"matmul_limbs of shapes {a.shape} and {b.shape}: {k} columns of the first meet {rows} rows of the second"
        )
    try:
        stacks.batch_shape(a[..., 0], b[..., 0])
    except ValueError:
        raise ValueError(
            f"matmul_limbs of shapes {a.shape} and {b.shape}: {a.shape[:-3]} and {b.shape[:-3]} do not broadcast"
        ) from None
    a_bits, b_bits = LIMB_BITS * p, LIMB_BITS * q
    highest = k * ((1 << a_bits) - 1) * ((1 << b_bits) - 1)
    return NumbersProblem(m, k, n, a_bits, b_bits, highest, p + q + (k > 1), threads)


OPERATION = Operation("matmul_limbs", TABLE, _problem)
matmul_limbs.operation = OPERATION  # type: ignore[attr-defined]  # what fastmul.explain looks for
