"""Ternary weights (BitNet b1.58) times 8-bit activations, from the 2-bit codes as they are stored.

Weights (n, k) are quantised along k, so that their codes lie four to a byte, row after row: 16 times fewer bytes than
float32, which is how much faster one token can be, for it waits for memory. Many tokens multiply by instructions that
sum products of bytes. Nothing is repacked: the activations are laid out to suit the weights (the kernel draws how).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fastmul.bounds import accumulators
from fastmul.runtime.target import target

if TYPE_CHECKING:
    from fastmul.lowprecision.multiplication.problem import ProductProblem
    from fastmul.lowprecision.multiplication.result import Result
    from fastmul.lowprecision.quantized import Quantized

#: The longest sum that an int32 holds: (-1) * (-128), so often.
DEEPEST = accumulators.exact_depth("int8", "ternary")
#: Entries of a result that `few_tokens` scales in one go: about 1 ms.
FEW_ENTRIES = 1 << 18
#: Nanoseconds for each byte of weights, each activation to lay out, each multiply-add with and without VNNI, and each
#: call (AMD Zen 4, 2026-11-24).
BYTE_NS, ACTIVATION_NS, DOT_NS, PAIR_NS, CALL_NS = 0.04, 0.5, 0.008, 0.022, 1e4


def matmul(a: Any, b: Any, /, **keywords: Any) -> Any:
    """a @ b by this algorithm: `fastmul.lowprecision.matmul`, which raises AlgorithmError where it refuses."""
    from fastmul.lowprecision.multiplication.product import matmul

    return matmul(a, b, algorithm="ternary", **keywords)


def few_tokens(a: Any, b: Any, threads: int | None = None) -> np.ndarray | None:
    """What `fastmul.lowprecision.matmul` makes of a few tokens and weights; None of anything else.

    One token takes hardly longer than the steps that any product goes through; these are the few that it needs.
    """
    from fastmul.lowprecision.quantized import Quantized

    if not (type(a) is type(b) is Quantized):
        return None
    if a.format.name != "int8" or b.format.name != "bitnet_b158" or b.axis != 0:
        return None
    if len(a.shape) != 2 or len(b.shape) != 2 or a.shape[1] != b.shape[0] or a.scales is None:
        return None
    (m, k), n = a.shape, b.shape[1]
    if m * n > FEW_ENTRIES or 0 in (m, k, n) or k > DEEPEST or a.scales.shape[1] != 1:
        return None
    from fastmul.kernels.cpu.lowprecision import finish, ternary

    out = np.empty((m, n), np.float32)
    sums = out.view(np.int32)
    ternary.multiply(a.codes, b.codes.T, sums, threads)
    rows, columns = np.empty(m), np.empty(n)
    rows[...], columns[...] = a.scales.ravel(), b.scales.ravel()  # type: ignore[union-attr]
    finish.scale_rows["int32", "float32"](sums, rows, columns, out, True, 0, m)
    return out


def refuses(problem: ProductProblem) -> str | None:
    a, b = problem.a.quantized, problem.b.quantized
    names = (a.element.name, b.element.name)
    if sorted(names) != ["int8", "ternary"]:
        return f"it multiplies ternary weights by int8 activations, not {names[0]} by {names[1]}"
    weights, axis = (a, 1) if names[0] == "ternary" else (b, 0)
    if weights.axis != axis:
        return (
            f"the weights' codes are packed along axis {weights.axis}, not along axis {axis}, which is summed: "
            "quantise (n, k) weights along k, and pass w.T"
        )
    if problem.k > DEEPEST:
        return f"a sum of {problem.k} products may leave int32, which holds any {DEEPEST}; int16 would do"
    return None


def cost(problem: ProductProblem) -> float:
    m, k, n = problem.m, problem.k, problem.n
    if problem.a.quantized.element.name == "ternary":
        m, n = n, m
    each = DOT_NS if target().vnni else PAIR_NS
    work = each * m * k * n / max(1, problem.threads)
    return 1e-9 * (CALL_NS + ACTIVATION_NS * m * k + max(work, BYTE_NS * k * n / 4))


def run(problem: ProductProblem, result: Result) -> None:
    sums = integer_product(
        problem.a.quantized, problem.b.quantized, result.room(np.int32), problem.threads
    )
    result.take(sums)


def integer_product(
    a: Quantized, b: Quantized, out: np.ndarray, threads: int | None = None
) -> np.ndarray:
    """out = the product of the integers of two operands that are not refused: (m, k) by (k, n), int32, exact."""
    from fastmul.kernels.cpu.lowprecision import ternary

    if b.element.name == "ternary":
        ternary.multiply(a.codes, b.codes.T, out, threads)
    else:
        turned = np.empty(out.shape[::-1], np.int32)
        ternary.multiply(b.codes.T, a.codes, turned, threads)
        out[...] = turned.T
    return out
