"""Lazy reduction: the butterflies' own source, walked with bounds in place of vectors; and the bounds' edges."""

from __future__ import annotations

import random
import types
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from fastmul.bounds import ntt as bounds
from fastmul.bounds.primes import GENERATORS, PRIMES, RECIPROCAL_ERROR, TWO_ADICITY, balanced
from fastmul.kernels.cpu import ntt_crt, ntt_limbs, ntt_passes


class Bound:
    """A vector's bound in units of p; sums of values add their bounds, and none may reach 2**53."""

    largest = Fraction(0)

    def __init__(self, value: Fraction) -> None:
        assert value < bounds.LIMIT, f"{float(value):.3f} p reaches 2^53"
        self.value = value
        Bound.largest = max(Bound.largest, value)

    def __add__(self, other: Bound) -> Bound:
        return Bound(self.value + other.value)

    __sub__ = __add__


class Memory(dict):
    """An array of which each element is asked for once and then written."""

    size = 1 << 30

    def __init__(self, start: Fraction) -> None:
        super().__init__()
        self.start = start

    def __missing__(self, index: int) -> Bound:
        return Bound(self.start)


def mulmod(a: Bound, w: Any, p: Any, pinv: Any) -> Bound:
    return Bound(bounds.mulmod(a.value))


def open4(a: Bound, b: Bound, c: Bound, d: Bound, *roots_and_modulus: Any) -> tuple[Bound, ...]:
    """What the last additions add are bounded together only: the products here, and nothing beside them."""
    return (*(mulmod(v, None, None, None) for v in (a, b, c, d)), *4 * [Bound(Fraction(0))])


MODEL: dict[str, Any] = {
    "mulmod": mulmod,
    "mulmod2": lambda a, b, w, v, p, pinv: (mulmod(a, w, p, pinv), mulmod(b, v, p, pinv)),
    "open4": open4,
    "open4_prepared": open4,
    "with_quotients": lambda w, pinv: w,
    "reduce": lambda a, p, pinv: Bound(bounds.REDUCED),
    "load": lambda x, i: x[i],
    "store": lambda x, i, v: x.__setitem__(i, v),
    "splat": lambda scalar: scalar,
    "prefetch_write": lambda x, i: None,
    "transpose8": lambda *rows: rows,
}


def modelled(function: Any, **other: Any) -> Any:
    """A kernel's Python source, with every operation on vectors replaced by the one on bounds (or by `other`)."""
    source = getattr(function, "py_func", function)
    model, names = {**MODEL, **other}, dict(source.__globals__)

    def modelled_name(name: str, value: Any) -> Any:
        if name in model:
            return model[name]
        return modelled(value, **other) if hasattr(value, "py_func") else value

    for name in source.__code__.co_names:
        if name in names:
            names[name] = modelled_name(name, names[name])
    cells = tuple(
        types.CellType(modelled_name(name, cell.cell_contents))
        for name, cell in zip(source.__code__.co_freevars, source.__closure__ or (), strict=True)
    )
    return types.FunctionType(source.__code__, names, source.__name__, source.__defaults__, cells)


def outcome(x: Memory) -> Fraction:
    return max(v.value for v in x.values())


ROOTS = dict.fromkeys(range(64), 1.0)
MODULUS = (1.0, 1.0)


@pytest.mark.parametrize(
    ("kernel", "arguments"),
    [
        (ntt_passes.split_8, (0, 512, 1, ROOTS, MODULUS)),
        (ntt_passes.split_4, (0, 256, 1, ROOTS, MODULUS)),
        (ntt_passes.split_2, (0, 128, 1, ROOTS, MODULUS)),
        (ntt_passes.split_leaves, (0, 0, 0, 2, ROOTS, dict.fromkeys(range(200), 1.0), MODULUS)),
    ],
)
def test_every_pass_down_keeps_the_forward_bound(kernel: Any, arguments: Any) -> None:
    x = Memory(bounds.FORWARD)
    modelled(kernel)(x, *arguments)
    assert len(x) >= 16
    assert outcome(x) <= bounds.FORWARD


@pytest.mark.parametrize(
    ("kernel", "arguments"),
    [
        (ntt_passes.join_8, (0, 512, 1, ROOTS, MODULUS)),
        (ntt_passes.join_4, (0, 256, 1, ROOTS, MODULUS)),
        (ntt_passes.join_2, (0, 128, 1, ROOTS, MODULUS)),
        (ntt_passes.join_leaves, (0, 0, 0, 2, ROOTS, dict.fromkeys(range(200), 1.0), MODULUS)),
    ],
)
def test_every_pass_up_keeps_the_inverse_bound(kernel: Any, arguments: Any) -> None:
    x = Memory(bounds.INVERSE)
    modelled(kernel)(x, *arguments)
    assert len(x) >= 16
    assert outcome(x) <= bounds.INVERSE


def test_products_of_values_enter_the_inverse() -> None:
    x, y = Memory(bounds.FORWARD), Memory(bounds.FORWARD)
    modelled(ntt_passes.multiply_values)(x, y, 0, 16, MODULUS)
    assert outcome(x) <= bounds.PRODUCT <= bounds.INVERSE


@pytest.mark.parametrize("children", [4, 5, 6, 7, 8])
def test_the_last_pass_leaves_residues_that_the_remainder_takes(children: int) -> None:
    x = Memory(bounds.INVERSE)
    constants = dict.fromkeys(range(64), 1.0)
    modelled(ntt_crt.join_root)(x, 64, children, 0, 16, constants, 0)
    assert len(x) == 2 * children
    assert outcome(x) <= bounds.RESIDUE


@pytest.mark.parametrize("children", [4, 5, 6, 7, 8])
def test_the_first_pass_stays_in_the_forward_bound(children: int) -> None:
    limb = bounds.REDUCED + Fraction(2**32, min(PRIMES))
    model = {
        "residue": lambda limb_, p, pinv: Bound(limb),
        "load": lambda limbs, i: None,
        "load_until": lambda limbs, i, n: None,
        "ask_for": lambda x, i, block, children: None,
    }
    kernels = [ntt_limbs.enter_4]
    if children > 4:
        kernels.append(ntt_limbs.enter_8)
    if children <= 6:
        kernels.append(ntt_limbs.enter_3)
    for kernel in kernels:
        x = Memory(Fraction(0))
        modelled(kernel, **model)(Memory(Fraction(0)), x, 64, children, 0, 16, ROOTS, MODULUS)
        assert outcome(x) <= bounds.FORWARD


def test_one_reduction_less_breaks_the_bound() -> None:
    """The walk can fail: without the reduction of its first element a pass down outgrows its bound."""
    function = modelled(ntt_passes.split_8, reduce=lambda a, p, pinv: a)
    x = Memory(bounds.FORWARD)
    function(x, 0, 512, 1, ROOTS, MODULUS)
    assert outcome(x) > bounds.FORWARD


def test_the_slope_holds_for_every_prime_and_not_much_less_would() -> None:
    for p in PRIMES:
        assert bounds.slope_needed(p) <= bounds.SLOPE
        assert bounds.slope_needed(p) > Fraction(12, 100)


def test_the_limit_refuses_a_value_of_two_to_the_53() -> None:
    assert bounds.mulmod(bounds.LIMIT - Fraction(1, 1000)) < 2
    with pytest.raises(ValueError, match="2\\^53"):
        bounds.mulmod(bounds.LIMIT)
    assert float(2**53) + 1.0 == float(2**53)  # where float64 ends


def test_primes_are_what_they_are_said_to_be() -> None:
    for p in PRIMES:
        assert pow(2, p - 1, p) == 1
        assert all(p % d for d in range(3, 100_000, 2))
        assert (p - 1) % 2**TWO_ADICITY == 0
        assert 2**50 < p < 2**50 * (1 + Fraction(1, 2**12))
        assert abs(Fraction(1.0 / p) * p - 1) < Fraction(RECIPROCAL_ERROR)
        assert pow(GENERATORS[p], (p - 1) // 2, p) == p - 1


def test_mulmod_meets_its_bound_on_the_worst_operands() -> None:
    """Random and extreme operands through the kernel's arithmetic, scalar: exact, and inside the bound."""
    rng = random.Random(1)
    for p in PRIMES:
        for _ in range(2000):
            limit = rng.choice((p // 2, p, 4 * p, 2**53 - 1))
            a = rng.choice((rng.randint(-limit, limit), limit, -limit, limit - rng.randint(0, 9)))
            w = rng.choice((rng.randint(-(p // 2), p // 2), p // 2, -(p // 2)))
            h = float(a) * float(w)
            q = int(np.rint(h * (1.0 / p)))
            r = a * w - q * p
            assert (r - a * w) % p == 0
            assert abs(int(h) - q * p) < 2**53
            assert abs(r) <= (Fraction(1, 2) + bounds.SLOPE * Fraction(abs(a), p)) * p


def test_balanced() -> None:
    assert [balanced(v, 5) for v in range(-5, 6)] == [0, 1, 2, -2, -1, 0, 1, 2, -2, -1, 0]
