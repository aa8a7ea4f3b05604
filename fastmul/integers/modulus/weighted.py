"""Arithmetic modulo m = 2**p - 1 in the digits of a weighted FFT, which a chain of products never leaves.

A product costs half of what a whole one would: its transform wraps where the modulus does, and between products
nothing becomes limbs. Each product is admitted by the measured norms of its digits (`fastmul.bounds.fft_weighted`);
where they exceed the window, that product is computed on limbs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from fastmul.integers.limbs import magnitude, mpz, number
from fastmul.integers.modulus.form import Form
from fastmul.integers.modulus.problem import MERSENNE, ModulusProblem
from fastmul.integers.multiplication.wrapped import cyclic_mul, fold_minus
from fastmul.planning.memory import require
from fastmul.runtime.scratch import aligned_empty
from fastmul.transforms import fft_weighted as transforms

#: Points of transforms that one call of a kernel works through at most: about 40 ms, so that Ctrl-C answers.
POINTS_AT_ONCE = 1 << 22
#: A summand below this joins a coefficient.
MAX_PLUS = 1 << 48


@dataclass
class Digits:
    """A residue as weighted digits, and their squares' sum."""

    values: np.ndarray
    norm: float


class Weighted(Form):
    """Residues modulo 2**p - 1 as weighted digits."""

    name = "weighted"

    def __init__(self, m: Any) -> None:
        super().__init__(m)
        plan = transforms.plan(self.n_bits)
        assert plan is not None  # `refuses` has asked
        self.plan = plan
        require(8 * 8 * plan.n_digits, plan)

    def reduce(self, x: Any) -> Any:
        return fold_minus(x, self.n_bits)

    def enter(self, a: Any) -> Digits:
        p = self.n_bits
        w = transforms.weights(p, self.plan.points)
        limbs = np.zeros(p // 64 + 2, np.uint64)
        if a:
            found = magnitude(a)
            limbs[: found.size] = found
        values = aligned_empty(self.plan.n_digits)
        return Digits(values, _kernels().enter(limbs, values, p, w.blocks, w.lanes, w.scale))

    def leave(self, x: Digits) -> Any:
        p = self.n_bits
        w = transforms.weights(p, self.plan.points)
        limbs = np.zeros(p // 64 + 2, np.uint64)
        carry = _kernels().leave(x.values, limbs, p, w.blocks, w.lanes, w.scale)
        return fold_minus(number(limbs, mpz) + carry, p)

    def mul(self, x: Digits, y: Digits) -> Digits:
        result = Digits(x.values.copy(), x.norm)
        if self._step(result, Digits(y.values.copy(), y.norm), 1, 0):
            return result
        return self.enter(cyclic_mul(self.leave(x), self.leave(y), self.n_bits))

    def square(self, x: Digits) -> Digits:
        return self.squares(x, 1)

    def squares(self, x: Digits, times: int, plus: int = 0) -> Digits:
        x = Digits(x.values.copy(), x.norm)
        joins = abs(plus) < MAX_PLUS
        at_once = max(1, POINTS_AT_ONCE // self.plan.points) if joins else 1
        while times:
            done = self._step(x, x, min(times, at_once), plus if joins else 0)
            if not done:
                x = self.enter(cyclic_mul(a := self.leave(x), a, self.n_bits))
            if plus and not (done and joins):
                x = self.enter(self.reduce_signed(self.leave(x) + plus))
            times -= done or 1
        return x

    def _step(self, x: Digits, y: Digits, times: int, plus: int) -> int:
        """x = x*x + plus (y is x) so many times, or x = x*y + plus; returns how often the window admitted it."""
        plan = self.plan
        t = transforms.table(plan.rows, plan.child_bits)
        w = transforms.weights(self.n_bits, plan.points)
        norms = np.array((x.norm, y.norm))
        done = _kernels().steps_weighted(
            x.values, y.values, y is x, times, float(plus), plan.limits, norms,
            plan.rows, 1 << plan.child_bits, t.steps, t.nodes, t.leaves, t.factors, t.mirrors,
            w.blocks, w.inverse_blocks, w.lanes, w.inverse_lanes, w.scale,
        )  # fmt: skip
        x.norm = float(norms[0])
        return done


@cache
def _kernels() -> Any:
    from fastmul.kernels.cpu import fft_weighted  # imports numba

    return fft_weighted


def refuses(problem: ModulusProblem) -> str | None:
    """Why the form does not apply."""
    if problem.shape != MERSENNE:
        return "m is not 2**n - 1"
    if transforms.plan(problem.n_bits) is None:
        return f"no transform of 256 to 7 * 2**{transforms.MAX_CHILD_BITS} points suits {problem.n_bits} bits"
    return None


def make(problem: ModulusProblem, m: Any) -> Form:
    return Weighted(m)
