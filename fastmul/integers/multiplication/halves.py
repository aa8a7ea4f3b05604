"""What the recursive algorithms share: their scratch, and unbalanced operands.

        0       h       h+n     m+n
out     |---a0 * b------|
                |---a1 * b------|       a = a1 * X + a0, each with h = ceil(m/2) limbs or one less
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import numpy as np

from fastmul.planning.memory import require
from fastmul.runtime.scratch import lease

Multiply = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], None]

#: Limbs of the product in one kernel call: 20 ms by Karatsuba, after which Ctrl-C is answered.
CALL_LIMBS = 1 << 15

#: Up to this many limbs malloc is faster than a lease, which finds large blocks again.
SMALL_SCRATCH_LIMBS = 1 << 12


@cache
def _add_shifted() -> Any:
    from fastmul.kernels.cpu.limbs_add import add_shifted

    return add_shifted


@lru_cache(maxsize=1024)
def _remembered(scratch_limbs: Callable[[int, int], int], m: int, n: int) -> int:
    return scratch_limbs(m, n)  # a kernel: its call costs a tenth of a product of 64 limbs


def with_scratch(
    multiply: Multiply,
    scratch_limbs: Callable[[int, int], int],
    a: np.ndarray,
    b: np.ndarray,
    out: np.ndarray,
) -> None:
    """Call multiply(longer, shorter, out, scratch)."""
    if a.size < b.size:
        a, b = b, a
    n = _remembered(scratch_limbs, a.size, b.size)
    if n <= SMALL_SCRATCH_LIMBS:
        multiply(a, b, out, np.empty(n, np.uint64))
        return
    require(8 * n, f"the product of {a.size} x {b.size} limbs")
    with lease(8 * n) as block:
        multiply(a, b, out, block[: 8 * n].view(np.uint64))


def multiply_halves(
    multiply: Multiply, a: np.ndarray, b: np.ndarray, out: np.ndarray, scratch: np.ndarray
) -> None:
    """out = a * b for a much longer a: multiply(longer, shorter, out, scratch) on each half of a."""
    h, n = (a.size + 1) // 2, b.size
    low, high = a[:h], a[h:]
    above = scratch[: high.size + n]
    multiply(*_longer_first(low, b), out[: h + n], scratch)
    multiply(*_longer_first(high, b), above, scratch[above.size :])
    _add_shifted()(out[h:], n, above)


def _longer_first(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (a, b) if a.size >= b.size else (b, a)
