"""Kernels on limb arrays: against plain Python, in blocks filled with sentinels, under every threshold."""

from __future__ import annotations

import inspect
import os
import random
import subprocess
import sys

import numpy as np
import pytest

from fastmul.kernels.cpu import limbs
from fastmul.kernels.cpu.limbs_karatsuba import KARATSUBA_LIMBS
from fastmul.kernels.cpu.limbs_toom3 import TOOM3_LIMBS
from fastmul.kernels.reference import limbs as reference
from tests import adversaries

SENTINEL = np.uint64(0xA5A5_5A5A_A5A5_5A5A)
THRESHOLDS = (4, 8, KARATSUBA_LIMBS, 2 * KARATSUBA_LIMBS, TOOM3_LIMBS, 2 * TOOM3_LIMBS)
RECURSIVE = ["karatsuba", "toom3"]


def guarded(n: int) -> tuple[np.ndarray, np.ndarray]:
    """A block filled with sentinels, and the n limbs inside it that a kernel may write."""
    block = np.full(n + 8, SENTINEL)
    return block, block[4:-4]


def intact(block: np.ndarray) -> bool:
    return bool((block[:4] == SENTINEL).all() and (block[-4:] == SENTINEL).all())


def run(name: str, a: int, b: int, m: int, n: int) -> None:
    """One kernel on numbers of m >= n limbs, with exactly the scratch it asks for and nothing clean."""
    x, y = adversaries.to_limbs(a, m), adversaries.to_limbs(b, n)
    x.flags.writeable = y.flags.writeable = False
    out_block, out = guarded(m + n)
    if name == "schoolbook":
        limbs.schoolbook(x, 0, m, y, 0, n, out, 0)
    else:
        block, scratch = guarded(getattr(limbs, f"{name}_scratch")(m, n))
        getattr(limbs, name)(x, y, out, scratch)
        assert intact(block), (name, m, n)
    assert adversaries.from_limbs(out) == a * b, (name, m, n)
    assert intact(out_block), (name, m, n)


@pytest.mark.parametrize("name", ["schoolbook", *RECURSIVE])
def test_every_adversary_around_every_threshold(name):
    for m in adversaries.straddle(*THRESHOLDS):
        for n in {m, max(1, m - 1), max(1, (3 * m) // 4), max(1, m // 2)}:
            pairs = zip(adversaries.integers(m, 1), adversaries.integers(n, 2), strict=True)
            for (_, a), (_, b) in pairs:
                run(name, a, b, m, n)
            run(name, (1 << 64 * m) - 1, (1 << 64 * n) - 1, m, n)
            run(name, 0, (1 << 64 * n) - 1, m, n)


@pytest.mark.parametrize("name", RECURSIVE)
def test_every_ratio_of_lengths(name):
    rng = random.Random(5)
    for m in (KARATSUBA_LIMBS * 3 + 1, TOOM3_LIMBS * 3 + 2, 1000):
        for n in range(1, m + 1, max(1, m // 60)):
            run(name, adversaries.bit_runs(64 * m, rng), adversaries.bit_runs(64 * n, rng), m, n)


def test_the_scratch_of_small_products_suffices():
    for m in range(1, 600):
        for n in {1, m // 3 + 1, 2 * m // 3, 2 * m // 3 + 1, m - 1, m} - {0}:
            assert limbs.karatsuba_scratch(m, n) <= 3 * (m + n)


@pytest.mark.parametrize("m", [1, KARATSUBA_LIMBS, 2 * KARATSUBA_LIMBS + 1, 300])
def test_small_products_with_scratch_of_their_own(m):
    for n in {m, (m + 1) // 2, 1}:
        block, out = guarded(m + n)
        a, b = (1 << 64 * m) - 1, (1 << 64 * n) - 1
        limbs.karatsuba_alone(adversaries.to_limbs(a, m), adversaries.to_limbs(b, n), out)
        assert adversaries.from_limbs(out) == a * b
        assert intact(block)


@pytest.mark.parametrize("name", RECURSIVE)
def test_equal_halves_make_zero_differences(name):
    # a0 = a1 = a2: Karatsuba's middle product and Toom-3's a(-1) are at their edges
    for part in (KARATSUBA_LIMBS, TOOM3_LIMBS):
        for parts in (2, 3):
            m = part * parts
            repeated = sum(adversaries.MAX_LIMB << 64 * part * i for i in range(parts))
            for b in (repeated, (1 << 64 * m) - 1, 1 << 64 * (m - 1), 1):
                run(name, repeated, b, m, m)


@pytest.mark.parametrize("name", RECURSIVE)
def test_large_products(name):
    rng = random.Random(6)
    for m, n in ((5000, 5000), (6001, 2999), (20_000, 40)):
        run(name, adversaries.bit_runs(64 * m, rng), adversaries.bit_runs(64 * n, rng), m, n)


@pytest.mark.parametrize("name", RECURSIVE)
def test_scratch_stays_linear(name):
    # stated in the docs: at most 4 limbs of scratch for each limb of the product, and 60 for every halving
    scratch = getattr(limbs, f"{name}_scratch")
    for m in (1, 31, 32, 33, 100, 109, 110, 111, 1000, 5555, 100_000, 1 << 22):
        for n in {1, m // 100, m // 10, m // 3, m // 2, 2 * m // 3, 3 * m // 4, m - 1, m} - {0}:
            assert scratch(m, n) <= 4 * (m + n) + 60 * m.bit_length(), (m, n)


@pytest.mark.parametrize("n_digits", [*range(1, 100), 1000, 10_007])
def test_pack_digits(n_digits):
    rng = np.random.default_rng(n_digits)
    for digits in (
        rng.integers(0, 1 << 30, n_digits, dtype=np.uint32),
        np.full(n_digits, (1 << 30) - 1, np.uint32),
    ):
        value = sum(int(d) << 30 * i for i, d in enumerate(digits))
        digits.flags.writeable = False
        block, out = guarded(max(1, -(-value.bit_length() // 64)))
        limbs.pack_digits(digits, out)
        assert adversaries.from_limbs(out) == value
        assert intact(block)


@pytest.mark.parametrize("n_limbs", [*range(1, 50), 500])
def test_unpack_digits(n_limbs):
    rng = np.random.default_rng(n_limbs)
    for out_of in (
        rng.integers(0, 1 << 64, n_limbs, np.uint64),
        np.full(n_limbs, 2**64 - 1, np.uint64),
    ):
        block, x = guarded(n_limbs)
        x[:] = out_of
        value = adversaries.from_limbs(x)
        x.flags.writeable = False
        for n_digits in {-(-64 * n_limbs // 30), max(1, -(-64 * n_limbs // 30) - 1)}:
            digits = np.full(n_digits + 16, 7, np.uint32)
            limbs.unpack_digits(x, digits[:n_digits])
            assert digits[:n_digits].tolist() == [
                value >> 30 * i & (1 << 30) - 1 for i in range(n_digits)
            ]
            assert (digits[n_digits:] == 7).all()
        assert intact(block)


def operands(rng: np.random.Generator, *sizes: int) -> list[np.ndarray]:
    return [rng.choice(np.array([0, 1, 2**63, 2**64 - 1, 12345], np.uint64), n) for n in sizes]


def test_steps_of_the_recursion_mean_what_the_reference_says():
    rng = np.random.default_rng(11)
    for m, n in ((40, 40), (41, 30), (60, 45), (61, 61)):
        a, b = operands(rng, m, n)
        h, out = (m + 1) // 2, np.zeros(m + n, np.uint64)
        negative = limbs.karatsuba_evaluate(a, b, h, out)
        expected = np.zeros(m + n, np.uint64)
        assert negative == reference.karatsuba_evaluate(a, b, h, expected)
        assert np.array_equal(out, expected)
        middle = np.zeros(2 * h, np.uint64)
        reference.schoolbook(out, 0, h, out, h, h, middle, 0)
        reference.schoolbook(a, 0, h, b, 0, h, out, 0)
        reference.schoolbook(a, h, m - h, b, h, n - h, out, 2 * h)
        limbs.karatsuba_interpolate(out, h, middle, negative)
        assert adversaries.from_limbs(out) == adversaries.from_limbs(a) * adversaries.from_limbs(b)

        k = (m + 2) // 3
        for x in (a, b):
            made, meant = (np.zeros(2 * k + 2, np.uint64) for _ in range(2))
            assert limbs.toom3_evaluate_at_one(x, k, made) == reference.toom3_evaluate_at_one(
                x, k, meant
            )
            assert np.array_equal(made, meant)
            limbs.toom3_evaluate_at_two(x, k, made)
            reference.toom3_evaluate_at_two(x, k, meant)
            assert np.array_equal(made, meant)


def test_toom3_interpolate_by_the_reference():
    rng = np.random.default_rng(12)
    for m, n in ((40, 40), (61, 50), (62, 62)):
        k = (m + 2) // 3
        a, b = operands(rng, m, n)
        product = adversaries.from_limbs(a) * adversaries.from_limbs(b)
        evaluations = []
        for x in (a, b):
            one, two = np.zeros(2 * k + 2, np.uint64), np.zeros(k + 1, np.uint64)
            negative = reference.toom3_evaluate_at_one(x, k, one)
            reference.toom3_evaluate_at_two(x, k, two)
            evaluations.append((one[: k + 1], one[k + 1 :], two, negative))
        scratch = np.zeros(6 * k + 6, np.uint64)
        for i in range(3):
            reference.schoolbook(
                evaluations[0][i], 0, k + 1, evaluations[1][i], 0, k + 1, scratch, i * (2 * k + 2)
            )
        negative = evaluations[0][3] != evaluations[1][3]
        for module in (limbs, reference):
            out = np.zeros(m + n, np.uint64)
            reference.schoolbook(a, 0, k, b, 0, k, out, 0)
            reference.schoolbook(a, 2 * k, m - 2 * k, b, 2 * k, n - 2 * k, out, 4 * k)
            module.toom3_interpolate(out, k, scratch.copy(), negative)
            assert adversaries.from_limbs(out) == product


def test_add_shifted_and_schoolbook_add():
    rng = np.random.default_rng(13)
    for n in (1, 3, 4, 5, 17, 64):
        for overlap in {0, 1, n // 2, n}:
            x, base = operands(rng, n, n)
            x[-1] = base[-1] = 0  # the caller knows that the sum fits
            made, meant = base.copy(), base.copy()
            limbs.add_shifted(made, overlap, x)
            reference.add_shifted(meant, overlap, x)
            assert np.array_equal(made, meant)
        for m in (1, 4, 9):
            a, b, base = operands(rng, m, n, m + n)
            made, meant = base.copy(), base.copy()
            limbs.schoolbook_add(a, b, made)
            reference.schoolbook_add(a, b, meant)
            assert np.array_equal(made, meant)


@pytest.mark.parametrize("name", [name for name in limbs.__all__ if not name.endswith("_scratch")])
def test_signatures_are_the_reference_s(name):
    made, meant = getattr(limbs, name).py_func, getattr(reference, name)
    assert list(inspect.signature(made).parameters) == list(inspect.signature(meant).parameters)


@pytest.mark.parametrize("name", ["schoolbook", "karatsuba", "toom3"])
def test_one_signature_each(name):
    run(name, 3, 5, 1, 1)
    assert len(getattr(limbs, name).signatures) == 1


UNDER_BOUNDS_CHECK = """
import numpy as np
from fastmul.kernels.cpu import limbs
rng = np.random.default_rng(1)
for m, n in ((1, 1), (5, 3), (70, 70), (90, 33), (350, 340), (341, 120)):
    a, b = (rng.integers(0, 1 << 64, size, dtype=np.uint64) for size in (m, n))
    out, expected = (np.empty(m + n, np.uint64) for _ in range(2))
    limbs.schoolbook(a, 0, m, b, 0, n, expected, 0)
    for name in ("karatsuba", "toom3"):
        scratch = np.empty(getattr(limbs, name + "_scratch")(m, n), np.uint64)
        getattr(limbs, name)(a, b, out, scratch)
        assert np.array_equal(out, expected)
try:
    limbs.schoolbook(a, 0, m, b, 0, n, expected[:-1], 0)
except IndexError:
    print("checked")
"""


@pytest.mark.slow
def test_no_access_leaves_its_array():
    """Numba's bounds checks see every access of these kernels: none uses vector loads."""
    done = subprocess.run(
        [sys.executable, "-c", UNDER_BOUNDS_CHECK],
        env=dict(os.environ, NUMBA_BOUNDSCHECK="1"),
        check=True,
        capture_output=True,
        text=True,
    )
    assert "checked" in done.stdout


ON_HASWELL = """
import random
from fastmul.kernels.cpu import limbs
from tests.kernels.test_limbs import run
rng = random.Random(2)
for name in ("schoolbook", "karatsuba", "toom3"):
    run(name, rng.getrandbits(64 * 350), rng.getrandbits(64 * 340), 350, 340)
kernels = (limbs.pack_digits, limbs.schoolbook, limbs.karatsuba, limbs.toom3)
limbs.pack_digits.prepare()
for kernel in kernels:
    for assembly in kernel.inspect_asm().values():
        assert "zmm" not in assembly
print("right without zmm")
"""


@pytest.mark.slow
def test_right_on_an_avx2_target():
    done = subprocess.run(
        [sys.executable, "-c", ON_HASWELL],
        env=dict(os.environ, NUMBA_CPU_NAME="haswell", NUMBA_CPU_FEATURES="+avx2,+fma,+bmi,+bmi2"),
        check=True,
        capture_output=True,
        text=True,
    )
    assert "right without zmm" in done.stdout
