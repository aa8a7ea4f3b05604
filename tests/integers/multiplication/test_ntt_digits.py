"""Products in digits of 62 bits, beyond the window of whole limbs, at sizes where GMP can check them."""

from __future__ import annotations

import gmpy2
import numpy as np
import pytest

from fastmul.bounds import narrow_digits
from fastmul.bounds.crt import max_terms
from fastmul.integers.multiplication import ntt
from fastmul.integers.multiplication.ntt import cutting, workspace
from fastmul.integers.multiplication.ntt.digits import multiply_in_digits
from fastmul.kernels.cpu import ntt_digits
from tests import adversaries


def limbs(n: int, kind: str, seed: int = 0) -> np.ndarray:
    if kind == "all ones":
        return np.full(n, adversaries.MAX_LIMB, np.uint64)
    return np.random.default_rng(1000 * seed + n).integers(0, 2**64, n, dtype=np.uint64)


def value(x: np.ndarray) -> gmpy2.mpz:
    return gmpy2.mpz.from_bytes(x.tobytes(), "little")


def check(
    a: np.ndarray, b: np.ndarray, threads: int, multiply: object = multiply_in_digits
) -> None:
    guarded = np.full(a.size + b.size + 2, 7, np.uint64)
    multiply(a, b, guarded[1:-1], threads)
    assert guarded[0] == guarded[-1] == 7
    assert value(guarded[1:-1]) == value(a) * value(b), (a.size, b.size, threads)


@pytest.mark.parametrize("n", [1, 2, 30, 31, 32, 33, 62, 63, 100])
def test_packing_there_and_back(n: int) -> None:
    for _, number in adversaries.integers(n):
        a = adversaries.to_limbs(number, n)
        digits = np.full(narrow_digits.digit_count(n) + 2, 7, np.uint64)
        ntt_digits.pack(a, digits[:-1], 0, digits.size - 1)
        assert digits[-1] == 7
        assert digits[-2] == 0
        assert sum(int(d) << 62 * i for i, d in enumerate(digits[:-1])) == number
        back = np.full(n + 1, 7, np.uint64)
        ntt_digits.unpack(digits[:-2], back, 0, n)
        assert back[-1] == 7
        assert adversaries.from_limbs(back[:-1]) == number


@pytest.mark.parametrize("threads", [1, 2])
def test_adversaries(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "THREADED_POINTS", 0)
    for n in (300, 497, 700):
        numbers = [adversaries.to_limbs(x, n) for _, x in adversaries.integers(n)]
        for i, a in enumerate(numbers):
            check(a, numbers[(3 * i + 1) % len(numbers)][: n - 31 * (i % 3)], threads)
            check(a, a, threads)


def test_longer_ones() -> None:
    for m, n in ((5000, 3000), (40_000, 33_000)):
        check(limbs(m, "all ones"), limbs(n, "all ones"), 1)
        check(limbs(m, "random"), limbs(n, "all ones"), 2)


def test_the_window() -> None:
    assert narrow_digits.fits(narrow_digits.MAX_POINTS // 2)
    assert not narrow_digits.fits(narrow_digits.MAX_POINTS)


def test_beyond_whole_limbs_products_come_here(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    monkeypatch.setattr(cutting, "max_terms", lambda: 300)
    monkeypatch.setattr(
        cutting,
        "multiply_in_digits",
        lambda a, b, *rest: taken.append((a.size, b.size)) or multiply_in_digits(a, b, *rest),
    )
    check(limbs(400, "all ones"), limbs(300, "all ones"), 1, ntt.mul_limbs)
    assert not taken
    check(limbs(400, "all ones"), limbs(301, "all ones"), 1, ntt.mul_limbs)
    assert taken == [(400, 301)]


def test_beyond_the_longest_transform_operands_are_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "max_terms", lambda: 300)
    monkeypatch.setattr(cutting, "MAX_POINTS", 2048)
    for m, n in ((1500, 1501), (3001, 400), (900, 900)):
        check(limbs(m, "all ones"), limbs(n, "random"), 1, ntt.mul_limbs)
        check(limbs(m, "random"), limbs(m, "all ones"), 2, ntt.mul_limbs)


@pytest.mark.slow
def test_a_closed_form_beyond_the_window() -> None:
    """(2^a - 1)(2^b - 1) for 2^28 bits and more: all digits ones."""
    n = max_terms() + 1
    x = np.full(n, adversaries.MAX_LIMB, np.uint64)
    out = np.empty(2 * n, np.uint64)
    ntt.mul_limbs(x, x, out, 2)  # 2^(128 n) - 2^(64 n + 1) + 1
    assert out[0] == 1
    assert not out[1:n].any()
    assert out[n] == adversaries.MAX_LIMB - 1
    assert (out[n + 1 :] == adversaries.MAX_LIMB).all()
