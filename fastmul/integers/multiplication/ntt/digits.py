"""Products beyond the window of whole limbs: the same transforms, in digits of 62 bits (`bounds.narrow_digits`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.bounds.narrow_digits import digit_count
from fastmul.integers.multiplication.ntt.rings import Ring
from fastmul.integers.multiplication.ntt.workspace import Workspace, column_tasks
from fastmul.planning import memory
from fastmul.runtime.scratch import aligned_empty
from fastmul.runtime.threads import chunks, run
from fastmul.transforms.residues import crt_words

#: Digits or limbs that one task packs or unpacks: some ten milliseconds.
TASK_WORDS = 1 << 22


def multiply_in_digits(a: np.ndarray, b: np.ndarray, out: np.ndarray, threads: int) -> None:
    """out = a * b for operands whose product has at most `bounds.narrow_digits.MAX_POINTS` digits.

    Scratch: rows of doubles for each prime and for the second operand, which the primes use in turn; the digits of the
    product replace the first row.
    """
    square = a is b
    ring = Ring.of(digit_count(a.size) + digit_count(b.size))
    work = Workspace(ring, 0 if square else 1, threads)
    operands = digit_count(a.size) + (0 if square else digit_count(b.size))
    memory.require(work.n_bytes + 8 * operands, f"an ntt product of {a.size} x {b.size} limbs")
    x = aligned_empty(3 * work.width).reshape(3, -1)
    _convolve(work, x, a, b, square)
    product = _leave(work, x)
    kernels = _kernels()
    run(
        lambda start, stop: kernels.unpack(product, out, start, stop),
        chunks(out.size, 1, TASK_WORDS),
        work.threads,
    )


def _kernels() -> Any:
    from fastmul.kernels.cpu import ntt_digits

    return ntt_digits


def _digits(limbs: np.ndarray, threads: int) -> np.ndarray:
    digits = np.empty(digit_count(limbs.size), np.uint64)
    run(
        lambda start, stop: _kernels().pack(limbs, digits, start, stop),
        chunks(digits.size, 1, TASK_WORDS),
        threads,
    )
    return digits


def _convolve(work: Workspace, x: np.ndarray, a: np.ndarray, b: np.ndarray, square: bool) -> None:
    """x = the coefficients of a * b in every prime; what it takes on the way is freed."""
    digits = _digits(a, work.threads)
    if square:
        work.convolve(list(x), list(x), digits, digits, work.kernels.SQUARE)
    else:
        y = aligned_empty(work.width)
        others = _digits(b, work.threads)
        work.convolve(list(x), [y, y, y], digits, others, work.kernels.FRESH)


def _leave(work: Workspace, x: np.ndarray) -> np.ndarray:
    """The digits of the product, in the memory of x[0]."""
    kernels, ring = _kernels(), work.ring
    columns = column_tasks(ring, work.threads)
    states = np.empty((len(columns), kernels.STATE_WORDS), np.int64)
    digits = x[0, : ring.points].view(np.uint64)

    def leave(start: int, stop: int, state: np.ndarray) -> None:
        kernels.leave_digits(
            *x, digits, ring.block, ring.children, start, stop, work.constants, crt_words(), state
        )

    run(leave, [(*c, state) for c, state in zip(columns, states, strict=True)], work.threads)
    for (_, stop), state in zip(columns, states, strict=True):
        kernels.settle_digits(digits, ring.block, ring.children, stop, state)
    return digits
