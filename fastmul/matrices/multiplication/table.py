"""The algorithms of matmul, and the choice among them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fastmul.matrices.multiplication import (
    bits,
    filtered,
    gemm,
    long_accumulator,
    modular_residues,
    numpy,
    ozaki,
    packed,
    scalar,
    split_float,
    strassen,
    symmetric,
)
from fastmul.matrices.multiplication.objects import ROWS as ROWS_FOR_LONG_INTEGERS
from fastmul.matrices.multiplication.operands import analyse
from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.planning import cost
from fastmul.planning.algorithm import Algorithm, Operation
from fastmul.planning.pick import pick

TABLE = (
    Algorithm(
        name="packed",
        run=packed.run,
        refuses=packed.refuses,
        cost=packed.cost,
        summary="Operands packed into panels for a register kernel; integers modulo 2^bits or any p.",
        complexity="O(mkn) operations of the result's dtype; scratch for the packed panels, at most 64 MiB.",
        source="Goto, van de Geijn, ACM TOMS 34:3 (2008); Van Zee, van de Geijn, ACM TOMS 41:3 (2015).",
    ),
    Algorithm(
        name="gemm",
        run=gemm.run,
        refuses=gemm.refuses,
        cost=gemm.cost,
        summary="One float GEMM; integers only inside the window where it is exact.",
        complexity="O(mkn) float operations; (mk + kn + mn) floats of memory for integers.",
        source="Dumas, Giorgi, Pernet, ACM TOMS 35:3 (2008), section 3.",
    ),
    Algorithm(
        name="split_float",
        run=split_float.run,
        refuses=split_float.refuses,
        cost=split_float.cost,
        summary="Integers in balanced digits, one float GEMM inside its exact window for each pair of digits.",
        complexity="O(d^2 mkn) float operations for d digits; d (mk + kn) floats of memory.",
        source="Ozaki, Ogita, Oishi, Rump, Numer. Algorithms 59 (2012) 95-118, for integers.",
    ),
    Algorithm(
        name="strassen",
        run=strassen.run,
        refuses=strassen.refuses,
        cost=strassen.cost,
        summary="Levels of Winograd's scheme, 7 products instead of 8 each, over the fastest other row.",
        complexity="O((7/8)^levels mkn); (m max(k, n) + kn) / 3 entries of workspace.",
        source="Winograd (1971); schedule: Boyer, Dumas, Pernet, Zhou, ISSAC (2009), Table 1.",
    ),
    Algorithm(
        name="symmetric",
        run=symmetric.run,
        refuses=symmetric.refuses,
        cost=symmetric.cost,
        summary="a @ a.T: what is below the diagonal by the fastest other row, mirrored.",
        complexity="Half the multiplications of that row, (1 + 2^-d) / 2 for d halvings; no memory of its own.",
        source="The definition; Dumas, Pernet, Sedoglavic, ISSAC (2020), section 2.",
    ),
    Algorithm(
        name="bits",
        run=bits.run,
        refuses=bits.refuses,
        cost=bits.cost,
        summary="Modulo 2: 64 entries to a word, multiplied as packed bits.",
        complexity="O(mkn / 2048) instructions on vectors, O(mk + kn + mn) to pack and unpack.",
        source="The rows of `fastmul.matrices.bit_multiplication`.",
    ),
    Algorithm(
        name="ozaki",
        run=ozaki.run,
        refuses=ozaki.refuses,
        cost=ozaki.cost,
        summary="Floats cut to integers under one exponent per row and column, multiplied exactly, rounded once.",
        complexity="O(r mkn) for r residues (16 to 18 of float64); entries too near a midpoint cost up to O(k) more.",
        source="Ozaki, Uchino, Imamura, arXiv:2504.08009 (2025); Ozaki et al., Numer. Algorithms 59 (2012) 95-118.",
    ),
    Algorithm(
        name="filtered",
        run=filtered.run,
        refuses=filtered.refuses,
        cost=filtered.cost,
        summary="float32 by one float64 product; entries that it leaves open are added up without rounding.",
        complexity="O(mkn) float64 operations, and O(k) for each entry left open.",
        source="Shewchuk, Discrete Comput. Geom. 18 (1997) 305-363, for its filters.",
    ),
    Algorithm(
        name="long_accumulator",
        run=long_accumulator.run,
        refuses=long_accumulator.refuses,
        cost=long_accumulator.cost,
        summary="Each float entry added up in a fixed point over all exponents, rounded once.",
        complexity="O(mkn), about ten nanoseconds for each product.",
        source="Kulisch, Miranker, SIAM Review 28:1 (1986); Neal, arXiv:1505.05571 (2015).",
    ),
    Algorithm(
        name="scalar",
        run=scalar.run,
        refuses=scalar.refuses,
        cost=scalar.cost,
        summary="Semirings by three loops over scalars, also those whose functions do not type over vectors.",
        complexity="O(mkn) calls of the semiring's functions.",
        source="The definition.",
    ),
    *ROWS_FOR_LONG_INTEGERS,
    Algorithm(
        name="modular_residues",
        run=modular_residues.run,
        refuses=modular_residues.refuses,
        cost=modular_residues.cost,
        summary="Modulo p: a narrow product for each of many small moduli, the Chinese remainder, reduced modulo p.",
        complexity="O(r mkn) operations on bytes for r small moduli, O(r (mk + kn + mn)) conversions.",
        source="Dumas, Giorgi, Pernet, ACM TOMS 35:3 (2008), section 3, with bytes for floats.",
    ),
    Algorithm(
        name="numpy",
        run=numpy.run,
        refuses=numpy.refuses,
        cost=numpy.cost,
        summary="np.matmul as it is.",
        complexity="O(mkn), a plain loop for integers.",
        source="NumPy.",
    ),
)


def _problem(
    a: Any,
    b: Any,
    /,
    *,
    out: Any = None,
    algorithm: str = "auto",
    verify: Any = False,
    **keywords: Any,
) -> MatmulProblem:
    return analyse(a, b, algorithm=algorithm, **keywords).problem


MATMUL = Operation("matmul", TABLE, _problem)


def choose(problem: MatmulProblem, algorithm: str = "auto") -> Algorithm:
    """The named row, or the cheapest that does not refuse (`planning.pick`, asking no more rows than needed)."""
    if algorithm != "auto" or problem.kind == "other":
        return pick(MATMUL, problem, algorithm)
    if problem.kind == "semiring":  # no row asks for values there, and few have costs
        return _cheapest_by_key(*problem.key)
    for row in by_cost(*problem.key):
        if row.refuses(problem) is None:  # may scan the values: only of a row that would be taken
            return row
    return pick(MATMUL, problem)


@lru_cache(maxsize=1024)
def by_cost(*key: Any) -> tuple[Algorithm, ...]:
    problem = MatmulProblem(*key)
    return tuple(sorted(TABLE, key=lambda row: row.cost(problem)))


@lru_cache(maxsize=1024)
def _cheapest_by_key(*key: Any) -> Algorithm:
    return pick(MATMUL, MatmulProblem(*key))


cost.clear_with_curves(by_cost.cache_clear)
cost.clear_with_curves(_cheapest_by_key.cache_clear)
