"""Integer multiplication by the FFT: exact everywhere, at the edge of its window above all."""

from __future__ import annotations

import random

import gmpy2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastmul.exceptions import AlgorithmError
from fastmul.integers.multiplication import fft
from fastmul.integers.multiplication.problem import MulProblem
from fastmul.runtime import scratch
from fastmul.transforms import fft as transforms
from tests.adversaries import from_limbs, integers, straddle, to_limbs
from tests.runtime.processes import run_python


def product(a: int, b: int, a_limbs: int, b_limbs: int, threads: int = 1) -> int:
    x, y = to_limbs(a, a_limbs), to_limbs(b, b_limbs)
    x.flags.writeable = y.flags.writeable = False
    out = np.full(a_limbs + b_limbs, 0xBAD, np.uint64)
    fft.mul_limbs(x, y, out, threads)
    return from_limbs(out)


def square(a: int, a_limbs: int, threads: int = 1) -> int:
    x = to_limbs(a, a_limbs)
    out = np.empty(2 * a_limbs, np.uint64)
    fft.mul_limbs(x, x, out, threads)
    return from_limbs(out)


def test_all_small_lengths():
    rng = random.Random(1)
    values = [rng.getrandbits(64 * n) for n in range(71)]
    ones = [(1 << 64 * n) - 1 for n in range(71)]
    for m in range(1, 71):
        for n in range(1, 71):
            a, b = (ones[m], ones[n]) if (m + n) % 4 == 0 else (values[m], values[n])
            assert product(a, b, m, n) == a * b


@pytest.mark.parametrize(("m", "n"), [(1, 1), (3, 200), (128, 128), (512, 512)])
def test_mpz_are_multiplied_in_place(m, n):
    for (name, a), (_, b) in zip(integers(m), integers(n, seed=1), strict=True):
        for x in (gmpy2.mpz(a), gmpy2.mpz(-a)):
            for y in (gmpy2.mpz(b), gmpy2.mpz(-b), x):
                found = fft.mul(x, y)
                assert found == x * y, name
                assert found - x * y == 0
                assert type(found) is gmpy2.mpz
                assert found.bit_length() == (x * y).bit_length()


def length_thresholds(largest: int) -> list[int]:
    """Limbs from which on a square problem takes another plan."""
    found, previous = [], None
    for n in range(1, largest):
        plan = transforms.plan(n, n, False)
        shape = (plan.rows, plan.child_bits, plan.digit_bits)
        if shape != previous:
            found.append(n)
        previous = shape
    return found


def test_every_threshold():
    rng = random.Random(2)
    for n in straddle(*length_thresholds(2500)):
        if n:
            a, b = rng.getrandbits(64 * n), (1 << 64 * n) - 1
            assert product(a, b, n, n) == a * b
            assert square(a, n) == a * a


@pytest.mark.parametrize("n", [1, 40, 128, 333, 1024, 3000, 4096])
def test_adversaries(n):
    numbers = list(integers(n))
    for i, (name, a) in enumerate(numbers):
        other, b = numbers[(i + 3) % len(numbers)]
        assert product(a, b, n, n) == a * b, (name, other)
        assert square(a, n) == a * a, name


# ---------------------------------------------------------------- the edge of the window


def largest_digits(n_limbs: int, bits: int, pattern) -> int:
    """A number whose balanced digits of this width are +-2**(bits - 1) by the signs of pattern(i)."""
    count = 64 * n_limbs // bits - 1
    top = 1 << (bits - 1)
    added = gmpy2.pack([top if pattern(i) else 0 for i in range(count)], bits)
    taken = gmpy2.pack([0 if pattern(i) else top for i in range(count)], bits)
    return int(added - taken + (gmpy2.mpz(1) << (bits * count)))


PATTERNS = {
    "all positive": lambda i: True,
    "all negative": lambda i: False,
    "alternating": lambda i: i % 2 == 0,
    "pairs": lambda i: i % 4 < 2,
    "random": random.Random(3).choices((True, False), k=1 << 20).__getitem__,
}


def test_extreme_digits_are_constructed_as_meant():
    from fastmul.kernels.reference.fft import digits

    for bits in (15, 16, 19):
        for name, pattern in PATTERNS.items():
            value = largest_digits(100, bits, pattern)
            found = digits(value, bits, transforms.digit_count(100, bits))
            top = 1 << (bits - 1)
            # 2**(b-1) may be written as -2**(b-1) + 2**b: then its neighbour changes by one
            assert sum(abs(abs(d) - top) <= 1 for d in found) >= 6400 // bits - 2, name


@pytest.mark.parametrize("n", [100, 512, 1024, 4096, 16384, 20480])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_largest_digits_allowed(n, pattern):
    for guaranteed in (False, True):
        bits = transforms.plan(n, n, guaranteed).digit_bits
        a = largest_digits(n, bits, PATTERNS[pattern])
        b = largest_digits(n, bits, PATTERNS["all positive"])
        assert 0 < a < 1 << 64 * n
        assert product(a, b, n, n) == int(gmpy2.mpz(a) * b)
        assert square(a, n) == int(gmpy2.mpz(a) * a)


def test_digits_beyond_the_forecast_fall_back(monkeypatch):
    widths = []
    run = fft.run_plan

    def watched(plan, *args):
        done = run(plan, *args)
        widths.append((plan.digit_bits, done))
        return done

    monkeypatch.setattr(fft, "run_plan", watched)
    n = 16384
    bits = transforms.plan(n, n, False).digit_bits
    assert bits > transforms.plan(n, n, True).digit_bits
    a = largest_digits(n, bits, PATTERNS["random"])
    assert product(a, a, n, n) == int(gmpy2.mpz(a) ** 2)
    assert widths == [(bits, False), (transforms.plan(n, n, True).digit_bits, True)]
    widths.clear()
    b = random.Random(4).getrandbits(64 * n)
    assert product(b, b, n, n) == int(gmpy2.mpz(b) ** 2)
    assert widths == [(bits, True)]


@pytest.mark.parametrize("n", [1024, 16384])
def test_the_window_is_no_empty_one(n):
    """Four bits beyond the guarantee, extreme digits do round wrong."""
    bits = transforms.plan(n, n, True).digit_bits + 4
    a = largest_digits(n, bits, PATTERNS["all positive"])
    count = transforms.digit_count(n, bits)
    rows, m = transforms.shortest_length(2 * count)
    x, out = to_limbs(a, n), np.empty(2 * n, np.uint64)
    assert fft.run_plan(transforms.Plan(rows, m, bits, count, count, np.inf), x, x, out, 1)
    assert from_limbs(out) != int(gmpy2.mpz(a) ** 2)


def test_refuses_one_bit_more(monkeypatch):
    n = 4096
    guaranteed = transforms.plan(n, n, True).digit_bits
    monkeypatch.setattr(transforms.bounds, "MIN_BITS", guaranteed)
    transforms.plan.cache_clear()
    assert fft.refuses(MulProblem(n, n)) is None
    monkeypatch.setattr(transforms.bounds, "MIN_BITS", guaranteed + 1)
    transforms.plan.cache_clear()
    fft.plans.cache_clear()
    try:
        assert "2**" in fft.refuses(MulProblem(n, n))
        a = np.ones(n, np.uint64)
        with pytest.raises(AlgorithmError, match=f"{n} x {n} limbs"):
            fft.mul_limbs(a, a.copy(), np.empty(2 * n, np.uint64), 1)
    finally:
        monkeypatch.undo()
        transforms.plan.cache_clear()
        fft.plans.cache_clear()


def test_refuses_what_is_too_long():
    assert fft.refuses(MulProblem(1 << 20, 1 << 20)) is None
    assert fft.refuses(MulProblem(1 << 32, 1 << 32))


# ---------------------------------------------------------------- shapes, threads, memory


@pytest.mark.parametrize(
    ("m", "n"),
    [(1, 3000), (3000, 1), (100, 5000), (700, 1000), (2048, 6144), (17, 1023), (4096, 4095)],
)
def test_unbalanced(m, n):
    for (_, a), (_, b) in zip(integers(m), integers(n, seed=1), strict=True):
        assert product(a, b, m, n) == a * b


@pytest.mark.parametrize("threads", [2, 3])
def test_threads(threads, monkeypatch):
    monkeypatch.setattr(fft, "THREADED_POINTS", 0)
    rng = random.Random(threads)
    for m, n in ((20_000, 20_000), (16_384, 16_384), (50_000, 3_000), (512, 512), (1, 1), (90, 7)):
        a, b = rng.getrandbits(64 * m), (1 << 64 * n) - 1
        assert product(a, b, m, n, threads) == int(gmpy2.mpz(a) * b)
        assert square(a, m, threads) == int(gmpy2.mpz(a) ** 2)


@pytest.mark.parametrize("more", [4, 8])
@pytest.mark.parametrize("threads", [1, 2])
def test_scratch_that_another_operation_left_behind(more, threads, monkeypatch):
    monkeypatch.setattr(fft, "THREADED_POINTS", 0)
    n = 2_000
    x = np.random.default_rng(7).integers(0, 1 << 64, n, dtype=np.uint64)
    out = np.empty(2 * n, np.uint64)
    scratch.clear_cache()
    with scratch.lease(transforms.plan(n, n, False).work_bytes + more):
        pass
    fft.mul_limbs(x, x.copy(), out, threads)
    assert from_limbs(out) == from_limbs(x) ** 2


@given(st.binary(min_size=1, max_size=3000), st.binary(min_size=1, max_size=3000))
def test_any_bytes(first, second):
    a, b = int.from_bytes(first, "little"), int.from_bytes(second, "little")
    m, n = -(-len(first) // 8), -(-len(second) // 8)
    assert product(a, b, m, n) == a * b


def test_portable_twin_multiplies():
    source = """
import random
import numpy as np
from fastmul.integers.multiplication.fft import mul_limbs
from tests.adversaries import from_limbs, integers, to_limbs
for n in (1, 100, 333, 1024):
    for name, a in integers(n):
        x = to_limbs(a, n)
        y = to_limbs((1 << 64 * n) - 1, n)
        out = np.empty(2 * n, np.uint64)
        mul_limbs(x, y, out, 1)
        assert from_limbs(out) == from_limbs(x) * from_limbs(y), (n, name)
        mul_limbs(x, x, out, 1)
        assert from_limbs(out) == from_limbs(x) ** 2, (n, name)
print("exact")
"""
    features = "+avx2,+fma,+bmi,+bmi2"
    assert "exact" in run_python(source, NUMBA_CPU_NAME="haswell", NUMBA_CPU_FEATURES=features)


def test_operands_at_the_end_of_a_page():
    source = """
import ctypes, mmap
import numpy as np
from fastmul.integers.multiplication.fft import mul_limbs
from tests.adversaries import from_limbs
libc = ctypes.CDLL(None, use_errno=True)
PAGE = mmap.PAGESIZE
pages = []
def guarded(n):
    size = -(-8 * n // PAGE) * PAGE
    memory = mmap.mmap(-1, size + 2 * PAGE)
    pages.append(memory)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for page in (start, start + PAGE + size):
        assert libc.mprotect(ctypes.c_void_p(page), ctypes.c_size_t(PAGE), 0) == 0
    return np.frombuffer(memory, np.uint64, n, PAGE + size - 8 * n)
rng = np.random.default_rng(6)
for m, n in ((1, 1), (64, 64), (512, 512), (1024, 1024), (333, 100), (100, 2000)):
    a, b, out = guarded(m), guarded(n), guarded(m + n)
    a[:] = rng.integers(0, 2**64, m, np.uint64)
    b[:] = rng.integers(0, 2**64, n, np.uint64)
    for x, y in ((a, b), (b, a)):
        mul_limbs(x, y, out, 1)
        assert from_limbs(out) == from_limbs(a) * from_limbs(b), (m, n)
print("exact")
"""
    assert "exact" in run_python(source)
