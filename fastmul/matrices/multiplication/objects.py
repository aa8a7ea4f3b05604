"""Python ints through the algorithms for long integers: the rows of `on_limbs.TABLE` as rows of matmul's table.

    object array of ints  ->  limbs in two's complement  ->  the row's product  ->  ints

`residues` also takes machine integers, whose product it makes whole and cuts to the dtype.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fastmul.matrices.multiplication import on_limbs, python_integers, stacks
from fastmul.matrices.multiplication.numbers import LIMB_BITS, Numbers, NumbersProblem, limbs_for
from fastmul.matrices.multiplication.problem import MatmulProblem
from fastmul.planning import cost as costs
from fastmul.planning import memory
from fastmul.planning.algorithm import Algorithm

#: Nanoseconds to read an int, to make one, and for each of its limbs (AMD Zen 4, 2026-11-24).
READ_NS, MAKE_NS, LIMB_NS = 10, 25, 4
#: What a modulus below 2^8 adds to the product of moduli, about, beside others that are coprime to it.
MODULUS_BITS = 7
#: Entries of an object array in a problem without operands, as `explain` may have it, are taken to be this long.
ASSUMED_BITS = 64


def matmul_row(row: Algorithm) -> Algorithm:
    """The row of matmul's table that carries out `row` of the table on limbs."""

    def refuses(problem: MatmulProblem) -> str | None:
        if problem.beyond_machine:
            return problem.beyond_machine
        if not takes(problem):
            return f"it multiplies Python ints, and the result is {problem.dtype}"
        if problem.dtype.kind == "O" and not _are_ints(problem):
            return "it multiplies Python ints, and there are other objects among the entries"
        return row.refuses(numbers_problem(problem))

    def takes(problem: MatmulProblem) -> bool:
        return problem.dtype.kind == "O" or (problem.kind == "int" and row.name == "residues")

    def cost(problem: MatmulProblem) -> float:
        if problem.beyond_machine or not takes(problem):
            return float("inf")
        if problem.kind == "int":
            return problem.batch * _of_words(problem)
        stated = numbers_problem(problem)
        conversion = 0.0
        if problem.dtype.kind == "O":
            operands, results = problem.m * problem.k + problem.k * problem.n, problem.m * problem.n
            limbs = (stated.a_bits + stated.b_bits) / 2 / LIMB_BITS
            conversion = operands * (READ_NS + LIMB_NS * limbs)
            conversion += results * (MAKE_NS + LIMB_NS * stated.n_limbs)
        return problem.batch * (row.cost(stated) + 1e-9 * conversion)

    def run(
        problem: MatmulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None
    ) -> np.ndarray:
        return _product(row, problem, a, b, out)

    return replace(row, run=run, refuses=refuses, cost=cost)


def _of_words(problem: MatmulProblem) -> float:
    """Seconds for machine integers, by byte moduli of about MODULUS_BITS; no system of them is looked for."""
    bits = 8 * (problem.a_dtype.itemsize + problem.b_dtype.itemsize) + problem.k.bit_length()
    moduli = -(-bits // MODULUS_BITS)
    return moduli * costs.seconds("matmul.packed.uint8_int8_int32", problem.size)


ROWS = tuple(matmul_row(row) for row in on_limbs.TABLE)


def numbers_problem(problem: MatmulProblem) -> NumbersProblem:
    """The problem in long integers."""
    m, k, n = problem.m, problem.k, problem.n
    if problem.dtype.kind == "O":
        a_bits, b_bits = bits(problem)
        highest = k << (a_bits + b_bits)
        n_limbs = limbs_for(highest)
    else:
        a_bits, b_bits = (8 * x.itemsize for x in (problem.a_dtype, problem.b_dtype))
        a_max, b_max = problem.value_bounds
        highest, n_limbs = k * a_max * b_max, 1  # modulo 2^64
    return NumbersProblem(m, k, n, a_bits, b_bits, highest, n_limbs, problem.threads)


def bits(problem: MatmulProblem) -> tuple[int, int]:
    """Bit lengths of the longest entries of both operands."""
    if problem.operands is None:
        return ASSUMED_BITS, ASSUMED_BITS
    found = problem.__dict__.get("bits")  # remembered, as its cached properties are
    if found is None:
        a, b = (python_integers.bits_of(x.astype(object, copy=False)) for x in problem.operands)
        found = problem.__dict__["bits"] = (a, b)
    return found


def _are_ints(problem: MatmulProblem) -> bool:
    """Whether all operands are integers: machine's, or exact Python ints."""
    found = problem.__dict__.get("are_ints")
    if found is None:
        found = problem.__dict__["are_ints"] = problem.operands is None or all(
            x.dtype.kind in "biu" or set(map(type, x.ravel().tolist())) <= {int}
            for x in problem.operands
        )
    return found


def _product(
    row: Algorithm, problem: MatmulProblem, a: np.ndarray, b: np.ndarray, out: np.ndarray | None
) -> np.ndarray:
    stated = numbers_problem(problem)
    batch = stacks.batch_shape(a, b)
    if out is None:
        out = np.empty((*batch, problem.m, problem.n), problem.dtype)
    memory.require(8 * problem.m * problem.n * stated.n_limbs, problem)
    limbs = np.empty((problem.m, problem.n, stated.n_limbs), np.uint64)
    for index, x, y in stacks.each(a, b):
        if problem.dtype.kind == "O":
            row.run(stated, _numbers(x, stated.a_bits), _numbers(y, stated.b_bits), limbs)
            out[index] = python_integers.from_limbs(limbs)
        else:
            row.run(stated, _machine_numbers(x), _machine_numbers(y), limbs)
            np.copyto(out[index], limbs[..., 0], casting="unsafe")
    return out


def _numbers(x: np.ndarray, n_bits: int) -> Numbers:
    return Numbers.of(python_integers.to_limbs(x.astype(object, copy=False), n_bits), signed=True)


def _machine_numbers(x: np.ndarray) -> Numbers:
    return Numbers.of(x.astype(np.uint64 if x.dtype.kind == "u" else np.int64, copy=False))
