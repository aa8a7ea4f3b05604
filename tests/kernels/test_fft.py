"""The steps of the FFT kernel against their meaning in kernels/reference/fft.py."""

from __future__ import annotations

import random

import numpy as np
import pytest

from fastmul.bounds import fft as bounds
from fastmul.kernels.cpu import fft, fft_carry, fft_digits, fft_passes
from fastmul.kernels.reference import fft as meant
from fastmul.transforms import fft as transforms
from tests.adversaries import integers, to_limbs
from tests.runtime.processes import run_python


def children(rows, m, bits, value, all_digits):
    """The children of the root that the kernel computes for an operand, and the sum of its digits' squares."""
    points = rows << m
    limbs = to_limbs(value, max(1, -(-value.bit_length() // 64)))
    padded = np.zeros(2 * points * bits // 64 + fft_digits.PADDING, np.uint64)
    x = np.full(2 * points, np.nan)
    roots = transforms.table(rows, m).roots
    norm = fft.forward(limbs, all_digits, padded, x, rows, 1 << m, bits, roots)
    blocks = x.reshape(rows, -1, 2, 8)
    return (blocks[:, :, 0] + 1j * blocks[:, :, 1]).reshape(rows, -1), norm


@pytest.mark.parametrize("rows", transforms.ROWS)
@pytest.mark.parametrize("bits", [8, 13, 16, 19, 24])
@pytest.mark.parametrize("all_digits", [False, True])
def test_root_takes_balanced_digits_to_children(rows, bits, all_digits):
    rng = random.Random(rows * bits)
    m = 6
    points = rows << m
    count = 2 * points if all_digits else points
    value = rng.getrandbits(min(count * bits - 1, 55 * bits))
    found, norm = children(rows, m, bits, value, all_digits)
    digits = meant.digits(value, bits, count)
    assert norm == sum(d * d for d in digits)
    assert max(map(abs, digits)) <= 1 << (bits - 1)
    z = [complex(d) for d in digits[:points]]
    if all_digits:
        z = [complex(r, i) for r, i in zip(digits[:points], digits[points:], strict=True)]
    expected = np.array(meant.forward_root(z, rows))
    assert np.abs(found - expected).max() <= 1e-13 * rows * 2**bits


def test_digits_reach_both_extremes():
    # ...7F FF.. gives the largest digit, ..80 00.. the smallest
    bits, m = 16, 6
    high = sum(0x7FFF << (32 * i + 16) for i in range(100)) | sum(
        0x8000 << (32 * i) for i in range(101)
    )
    digits = meant.digits(high, bits, 204)
    assert {-(1 << 15), 1 << 15} <= set(digits)
    _, norm = children(4, m, bits, high, False)
    assert norm == sum(d * d for d in digits)


@pytest.mark.parametrize("bits", range(8, 25))
@pytest.mark.parametrize("blocks", [1, 2, 5])
def test_carries_of_any_sign_and_size(bits, blocks):
    length = 8 * blocks
    count = 8 * length
    rng = random.Random(bits)
    for largest in (1, 1 << bits, (1 << 50) - 1):
        c = [rng.randint(-largest, largest) for _ in range(count - 6)] + [0] * 6
        c[-7] = abs(c[-7]) >> 10  # positive, and its carry ends inside
        if largest == 1:
            c = [-1, *[0] * (count - 8), 1, *[0] * 6]  # a borrow through every run
        value = meant.carry(c, bits)
        n_bits = bits * count
        if not 0 <= value < 1 << n_bits:
            continue
        noisy = np.array(c, float) + np.random.default_rng(bits).uniform(-0.499, 0.499, count) * (
            largest < 1 << 40
        )
        words = np.full(n_bits // 64 + 8, 0xDEAD, np.uint64)
        buffer = np.zeros(fft_carry.BUFFER, np.uint64)
        fft_carry.carry_runs(noisy, 0, length, bits, words, 0, buffer, 0, 0)
        for lane in range(7):
            fft_carry.add_carry(words, (lane + 1) * blocks * bits, buffer[fft_carry.CARRIES + lane])
        found = int.from_bytes(words.tobytes(), "little") & ((1 << n_bits) - 1)
        assert found == value


@pytest.mark.parametrize("rows", transforms.ROWS)
@pytest.mark.parametrize("m", [6, 7, 8])
def test_product_of_digits(rows, m):
    points, bits = rows << m, 12
    rng = random.Random(points)
    n_limbs = points * bits // 64 - 1
    a, b = rng.getrandbits(64 * n_limbs), rng.getrandbits(64 * n_limbs)
    count = transforms.digit_count(n_limbs, bits)
    x, y = meant.digits(a, bits, count), meant.digits(b, bits, count)
    expected = meant.carry(meant.right_angle_product(x, y, points), bits)
    assert expected == a * b
    assert multiply(rows, m, bits, a, b, n_limbs, count) == a * b


def multiply(rows, m, bits, a, b, n_limbs, count, limit=np.inf):
    plan = transforms.Plan(rows, m, bits, count, count, limit)
    table = transforms.table(rows, m)
    out = np.full(2 * n_limbs, 7, np.uint64)
    done = fft.multiply(
        to_limbs(a, n_limbs), to_limbs(b, n_limbs), False, out, plan.numbers, limit, table.twiddles,
        np.empty(plan.work_bytes, np.uint8),
    )  # fmt: skip
    if not done:
        assert (out == 7).all()
        return None
    return int.from_bytes(out.tobytes(), "little")


def test_kernel_declines_norms_beyond_the_limit():
    for name, a in integers(40):
        digits = meant.digits(a, 16, 161)
        norms = sum(d * d for d in digits) ** 2
        assert multiply(4, 6, 16, a, a, 40, 161, float(norms)) == a * a, name
        assert multiply(4, 6, 16, a, a, 40, 161, np.nextafter(float(norms), 0)) is None, name


@pytest.mark.parametrize("kernel", [fft_passes.forward8, fft_carry.carry_runs])
def test_portable_twin_has_no_zmm(kernel):
    module, name = kernel.__module__, kernel.__name__
    source = f"""
from {module} import {name} as kernel
kernel.prepare()
print("zmm" in kernel.inspect_asm(kernel.signatures[0]), "ymm" in kernel.inspect_asm(kernel.signatures[0]))
"""
    out = run_python(
        source,
        NUMBA_CPU_NAME="haswell",
        NUMBA_CPU_FEATURES="+avx2,+fma,+bmi,+bmi2",
        FASTMUL_CACHE_DIR="/nonexistent/never written",
        PYTHONWARNINGS="ignore",
    )
    assert out.split()[0] == "False"


def test_bounded_digit_widths_fit_the_packing():
    assert bounds.MIN_BITS >= 8
    assert bounds.MAX_BITS <= 24
