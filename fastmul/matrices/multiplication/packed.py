"""One packed product over every dtype: integers modulo 2^bits at nearly the speed of float GEMM.

The operands are copied into the order in which a register kernel reads them, and multiplied in the arithmetic of a
ring: float64, float32, int64 modulo 2^64, int32 modulo 2^32, and narrow integers by dot-product instructions.
Reduction modulo 2^bits is a ring homomorphism, so that signed, unsigned and mixed operands share the kernels of the
result's width, and wrapping sums in any order are exact modulo 2^bits.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from fastmul.bounds import accumulators
from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.matrices.multiplication.stacks import run_each
from fastmul.planning import cost as costs


def matmul(a: Any, b: Any) -> Any:
    """a @ b by the packed product; raises AlgorithmError where it has no kernel."""
    from fastmul.matrices.multiplication import matmul

    return matmul(a, b, algorithm="packed")


def _in_algebra(kind: str) -> Any:
    """The same row modulo p, over a semiring or a field, in modules that use this one; None for a dtype's own."""
    if kind == "modulo":
        from fastmul.matrices.multiplication.modulo import packed

        return packed
    if kind == "semiring":
        from fastmul.matrices.multiplication import packed_semiring

        return packed_semiring
    if kind == "field":
        from fastmul.matrices.multiplication import packed_field

        return packed_field
    return None


def refuses(problem: MatmulProblem) -> str | None:
    if (row := _in_algebra(problem.kind)) is not None:
        return row.refuses(problem)
    if problem.beyond_machine:
        return problem.beyond_machine
    if problem.kind == "other":
        return f"there is no packed kernel for {problem.dtype}"
    return None


def cost(problem: MatmulProblem) -> float:
    if (row := _in_algebra(problem.kind)) is not None:
        return row.cost(problem)
    ring, *_ = plan(problem.a_dtype, problem.b_dtype, problem.dtype, problem.k)
    return problem.batch * costs.seconds(f"matmul.packed.{ring}", problem.size)


def run(
    problem: MatmulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None
) -> np.ndarray:
    if (row := _in_algebra(problem.kind)) is not None:
        return row.run(problem, a, b, out)
    if out is None and a.ndim == b.ndim == 2:
        small = small_product(problem.m, problem.k, problem.n, a.dtype, b.dtype, problem.dtype)
        if small is not None:
            return small(a, b)

    def product(x: np.ndarray, y: np.ndarray, to: np.ndarray) -> None:
        matmul_2d(x, y, to, problem.threads)

    return run_each(problem, a, b, out, product, takes_stacks=True)


def matmul_2d(a: np.ndarray, b: np.ndarray, out: np.ndarray, threads: int | None = None) -> None:
    """out = a @ b in the arithmetic of out's dtype.

    Parameters
    ----------
    a, b : (m, k), (k, n) arrays of any strides, or stacks (s, m, k), (s, k, n) of them; floats if out is a float,
        otherwise integers or bool.
    out : (m, n) or (s, m, n) array of float32, float64, bool or an integer dtype, of any strides, that overlaps
        neither a nor b.
    threads : int, optional
        As in `fastmul.matmul`.

    Exactness
    ---------
    Integers: the product modulo 2^bits of out, for every k. bool: or of ands. Floats: fused multiply-adds, in an
    order that depends on k alone, so the result does not depend on threads.

    Complexity
    ----------
    O(m k n) time; at most 32 MiB and a block of A per thread of scratch, plus copies of operands whose dtype has no
    kernel with out's.
    """
    from fastmul.kernels.cpu import gemm

    ring, as_a, as_b, as_out = plan(a.dtype, b.dtype, out.dtype, a.shape[-1])
    product = out.view(as_out) if out.itemsize == as_out.itemsize else np.empty(out.shape, as_out)
    gemm.multiply(_as(a, as_a), _as(b, as_b), product, ring, threads)
    if out.itemsize != as_out.itemsize:
        np.copyto(out, product, casting="unsafe")


@lru_cache(maxsize=4096)
def small_product(
    m: int, k: int, n: int, a: np.dtype, b: np.dtype, out: np.dtype
) -> Callable[[np.ndarray, np.ndarray], np.ndarray] | None:
    """The product of two aligned (m, k) and (k, n) arrays in one kernel call; None if it takes more than that.

    A Python step costs as much as an 8 x 8 product: all that shapes and dtypes decide is decided here, once.
    """
    from fastmul.kernels.cpu import gemm

    ring, as_a, as_b, as_out = plan(a, b, out, k)
    if min(m, k, n) == 0 or any(
        x.itemsize != to.itemsize or (x.kind == "f") != (to.kind == "f")
        for x, to in ((a, as_a), (b, as_b), (out, as_out))
    ):
        return None
    kernel = gemm.small_kernel(ring, m, k, n)
    if kernel is None:
        return None
    shape = (m, n)

    def product(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        c = np.empty(shape, out)
        kernel(x, y, c, 0)
        return c

    def viewed(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        c = np.empty(shape, out)
        kernel(x.view(as_a), y.view(as_b), c.view(as_out), 0)
        return c

    return product if (a, b, out) == (as_a, as_b, as_out) else viewed


@lru_cache(maxsize=512)
def plan(
    a: np.dtype, b: np.dtype, out: np.dtype, k: int
) -> tuple[str, np.dtype, np.dtype, np.dtype]:
    """The ring that computes a product of these dtypes, and the dtypes under which it takes a, b and out.

    Products of 8- and 16-bit integers that fit int32 are made there and widened; everything else runs in the ring of
    out's width.
    """
    if out.kind == "b":
        return _row("bool", "uint8", "uint8", "uint8")
    if out.kind == "f":
        return _row(out.name, out.name, out.name, out.name)
    bytes_only = a.kind in "iu" and b.kind in "iu" and a.itemsize == b.itemsize == 1
    if out.itemsize == 1:
        return _row("int8", "uint8", "int8", "int8")
    if bytes_only and (out.itemsize <= 4 or k <= accumulators.exact_depth(a.name, b.name)):
        names = {
            ("i", "i"): "int8_int32",
            ("u", "u"): "uint8_int32",
            ("u", "i"): "uint8_int8_int32",
        }
        if ring := names.get((a.kind, b.kind)):
            return _row(ring, a.name, b.name, "int32")
    if out.itemsize == 2:
        return _row("int16", "int16", "int16", "int16")
    if out.itemsize == 4 and a.name == b.name == "int16":
        return _row("int16_int32", "int16", "int16", "int32")
    if out.itemsize == 8 and a.name == b.name == "int32":
        return _row("int32_int64", "int32", "int32", "int64")
    word = f"int{8 * out.itemsize}"
    return _row(word, word, word, word)


def _row(ring: str, *dtypes: str) -> tuple[str, np.dtype, np.dtype, np.dtype]:
    a, b, out = map(np.dtype, dtypes)
    return ring, a, b, out


def _as(x: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """x as `dtype`: a view if only the sign differs, a converted copy otherwise."""
    if x.dtype == dtype:
        return x
    if x.dtype.itemsize == dtype.itemsize and x.dtype.kind in "biu":
        return x.view(dtype)
    return x.astype(dtype)
