"""matmul: products of quantised operands, exact between the encoding of the operands and one rounding at the end."""

from __future__ import annotations

from typing import Any

from fastmul.lowprecision import ternary
from fastmul.lowprecision.multiplication.arguments import as_operands, output_format
from fastmul.lowprecision.multiplication.result import Epilogue, Result
from fastmul.lowprecision.multiplication.table import MATMUL, choose
from fastmul.planning import memory


def matmul(
    a: Any,
    b: Any,
    /,
    *,
    accumulate: Any = "exact",
    out_format: Any = None,
    formats: Any = None,
    epilogue: Epilogue | None = None,
    algorithm: str = "auto",
    threads: int | None = None,
) -> Any:
    """The product of quantised matrices: c[i, j] = the sum over l of a[i, l] * b[l, j], rounded once.

    Parameters
    ----------
    a, b : Quantized of shapes (m, k) and (k, n)
        In any two formats. Block scales run along the contracted axis: axis 1 of a, axis 0 of b; weights stored as
        (n, k) along axis 1 are ``w.T``, which copies nothing. Arrays of an ml_dtypes type, float16 or int8 stand for
        themselves; other arrays need `formats`.
    accumulate : "exact", str or Accumulator
        "exact", or how hardware adds: a name in `accumulators` or an `Accumulator`.
    out_format : str, optional
        The element format that each entry is rounded to. Default: "int32" of two integer operands without scales,
        otherwise "float32"; of an accumulator, the dtype of its sums.
    formats : str or (str, str), optional
        Quantise the arrays among a and b to this format (that of a, that of b) along the contracted axis first, by
        the format's default rule; integer formats with a float32 scale for each row of a and column of b.
    epilogue : callable, optional
        ``epilogue(rows, first_row)`` changes float32 rows of the result in place, block by block while they are in
        cache (`fastmul.nn`). The product is rounded to float32 before it, and to `out_format` after it.
    algorithm : str
        A row of ``matmul.operation.table``; "auto" takes the one predicted fastest of those that are exact.
    threads : int, optional
        Threads of this call. Default: `fastmul.set_threads`.

    Returns
    -------
    (m, n) array of out_format's dtype, ml_dtypes' for small floats; Quantized for formats without one (tf32, 6 bits).

    Raises
    ------
    ValueError : shapes that do not multiply; blocks or scales that differ along another axis than they may, with how
        to requantise; a block format as output; NaN into a format without one.
    TypeError : an array that is no format by itself, and no `formats`.
    AlgorithmError : the named algorithm refuses.
    ResultOverflowError : out_format="int32", and an entry does not fit.
    MemoryError : the product would not fit into memory.

    Exactness
    ---------
    "exact": every entry is the sum of the exact products of the dequantised elements, scales included, rounded once,
    ties to even, into subnormal numbers and beyond the largest as the format says; whatever the algorithm, threads,
    machine. Exact zeros are +0. NaN and infinities make what they make in IEEE's sum. Which arithmetic is exact is
    proved from the operands' formats, or from one pass over their codes: `fastmul.bounds.low_precision`.
    Other `accumulate`: what that hardware computes, bit for bit, by its published model.

    Complexity
    ----------
    O(m k n); O(m k + k n + m n) to survey, encode and round. Memory: the operands once more in the engine's dtype.

    Source
    ------
    Ozaki, Uchino, Imamura, arXiv:2504.08009 (2025); Boldo, Melquiond, IEEE Trans. Computers 57:4 (2008).

    Examples
    --------
    >>> import numpy as np
    >>> from fastmul.lowprecision import quantize
    >>> x = quantize(np.full((1, 32), 0.3), "mxfp4_e2m1")
    >>> matmul(x, x.T)  # 32 * 0.25**2
    array([[2.]], dtype=float32)
    >>> matmul(np.int8([[100, -100]]), np.int8([[100], [99]]))
    array([[100]], dtype=int32)
    """
    if not (epilogue is None or callable(epilogue)):
        raise TypeError(f"matmul(epilogue={epilogue!r}): a function of (rows, first_row), or None")
    if not (isinstance(accumulate, str) and accumulate == "exact"):
        return _accumulated(a, b, accumulate, out_format, formats, epilogue, algorithm, threads)
    if algorithm == "auto" and out_format is formats is epilogue is None:
        few = ternary.few_tokens(a, b, threads)
        if few is not None:
            return few
    problem = MATMUL.problem(
        a, b, out_format=out_format, formats=formats, threads=threads, epilogue=epilogue
    )
    name = output_format(problem.a.quantized, problem.b.quantized, out_format)
    row = choose(problem, algorithm)
    entries = 8 * (problem.m * problem.k + problem.k * problem.n + 3 * problem.m * problem.n)
    memory.require(entries, problem)
    result = Result(problem, name, epilogue)
    if problem.k == 0:
        result.rounded[...] = 0
    elif problem.m and problem.n:
        row.run(problem, result)
    return result.finish()


matmul.operation = MATMUL  # type: ignore[attr-defined]


def _accumulated(
    a: Any, b: Any, accumulate: Any, out_format: Any, formats: Any, epilogue: Epilogue | None, algorithm: str,
    threads: int | None,
) -> Any:  # fmt: skip
    """As hardware adds, then the rounding to the output format."""
    from fastmul.lowprecision import accumulators
    from fastmul.lowprecision.multiplication.result import checked_format, with_epilogue

    if algorithm != "auto":
        raise ValueError(
            f"matmul(accumulate={accumulate!r}, algorithm={algorithm!r}): algorithms are those of accumulate='exact'"
        )
    name = None if out_format is None else checked_format(out_format)
    if name == "int32":
        raise ValueError(
            f"matmul(accumulate={accumulate!r}, out_format='int32'): its sums are floats; accumulate='exact' has "
            "int32 products of integers, and out_format='float32' is what this has"
        )
    a, b = as_operands(a, b, formats)
    c = accumulators.product(a, b, accumulate, threads=threads)
    return with_epilogue(c, name, epilogue)
