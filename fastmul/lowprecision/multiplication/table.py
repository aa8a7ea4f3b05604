"""The algorithms of lowprecision.matmul."""

from __future__ import annotations

from typing import Any

from fastmul.lowprecision import ternary
from fastmul.lowprecision.multiplication import accumulated, crt, direct, filtered
from fastmul.lowprecision.multiplication.arguments import analyse
from fastmul.lowprecision.multiplication.problem import ProductProblem
from fastmul.planning.algorithm import Algorithm, Operation
from fastmul.planning.pick import pick

TERNARY = Algorithm(
    name="ternary",
    run=ternary.run,
    refuses=ternary.refuses,
    cost=ternary.cost,
    summary="2-bit codes as they are stored, times int8: one token at the speed of memory.",
    complexity="O(mkn) products of bytes; kn / 4 bytes of weights, read once, and mk of activations.",
    source="Ma et al., arXiv:2402.17764 (2024); Wang et al., arXiv:2410.16144 (2024), for I2_S.",
)

TABLE = (
    TERNARY,
    direct.row("int8", "Four products of bytes to an instruction"),
    direct.row("int16", "Two products of int16 to an instruction"),
    direct.row("float32", "One float32 product"),
    direct.row("float64", "One float64 product"),
    Algorithm(
        name="filtered",
        run=filtered.run,
        refuses=filtered.refuses,
        cost=filtered.cost,
        summary="One float64 product; entries that its error leaves open are added up without rounding.",
        complexity="O(mkn) float64 operations, and O(k) for each entry left open; mk + kn + mn float64s.",
        source="Shewchuk, Discrete Comput. Geom. 18 (1997) 305-363, for its filters.",
    ),
    Algorithm(
        name="residues",
        run=crt.run,
        refuses=crt.refuses,
        cost=crt.cost,
        summary="A narrow product for each of several small moduli, and the Chinese remainder; any values.",
        complexity="O(r mkn) operations on bytes for r moduli, one for about every 8 bits of an entry.",
        source="Ozaki, Uchino, Imamura, arXiv:2504.08009 (2025).",
    ),
    Algorithm(
        name="accumulator",
        run=accumulated.run,
        refuses=accumulated.refuses,
        cost=accumulated.cost,
        summary="Each entry added up in a fixed point over all exponents; any values.",
        complexity="O(mkn), about eight nanoseconds for each product; mk + kn float64s.",
        source="Kulisch, Miranker, SIAM Review 28:1 (1986).",
    ),
)


def _problem(
    a: Any, b: Any, /, *, algorithm: str = "auto", epilogue: Any = None, **keywords: Any
) -> ProductProblem:
    return analyse(a, b, has_epilogue=epilogue is not None, **keywords)


MATMUL = Operation("lowprecision.matmul", TABLE, _problem)


def choose(problem: ProductProblem, algorithm: str = "auto") -> Algorithm:
    """The row that runs the problem; raises AlgorithmError as `pick`.

    What the ternary row can do it does fastest, whatever the sizes, and comparing costs more than half a token of it.
    """
    if algorithm == "auto" and ternary.refuses(problem) is None:
        return TERNARY
    return pick(MATMUL, problem, algorithm)
