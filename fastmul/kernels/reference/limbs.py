"""What the kernels on limb arrays compute, in plain Python: little-endian uint64 limbs.

Each fills every limb of `out`, which overlaps no operand; `scratch` is theirs to spoil.
"""

from __future__ import annotations

import numpy as np

DIGIT_BITS = 30


def _number(limbs: np.ndarray) -> int:
    return int.from_bytes(np.ascontiguousarray(limbs, "<u8").tobytes(), "little")


def _fill(out: np.ndarray, value: int) -> None:
    out[:] = np.frombuffer(value.to_bytes(8 * out.size, "little"), "<u8")


def pack_digits(digits: np.ndarray, out: np.ndarray) -> None:
    """out = sum(digits[i] * 2**(30*i)), digits uint32 below 2**30."""
    _fill(out, sum(int(digit) << (DIGIT_BITS * i) for i, digit in enumerate(digits)))


def unpack_digits(limbs: np.ndarray, out: np.ndarray) -> None:
    """out = the 30-bit digits of a number, uint32, as many as fit."""
    value = _number(limbs)
    out[:] = [value >> (DIGIT_BITS * i) & ((1 << DIGIT_BITS) - 1) for i in range(out.size)]


def add_shifted(out: np.ndarray, overlap: int, x: np.ndarray) -> None:
    """out[:overlap] += x[:overlap], out[overlap : len(x)] = x[overlap:], with the carry from one to the other."""
    _fill(out[: x.size], _number(out[:overlap]) + _number(x))


def schoolbook(
    a: np.ndarray, i: int, m: int, b: np.ndarray, j: int, n: int, out: np.ndarray, o: int
) -> None:
    """out[o : o+m+n] = a[i : i+m] * b[j : j+n]."""
    _fill(out[o : o + m + n], _number(a[i : i + m]) * _number(b[j : j + n]))


def schoolbook_add(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """out = a * b + out[:len(a)], of len(a) + len(b) limbs."""
    _fill(out, _number(a) * _number(b) + _number(out[: a.size]))


def karatsuba(a: np.ndarray, b: np.ndarray, out: np.ndarray, scratch: np.ndarray) -> None:
    """out = a * b for len(a) >= len(b) >= 1."""
    _fill(out, _number(a) * _number(b))


def karatsuba_alone(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """out = a * b for len(a) >= len(b) >= 1."""
    _fill(out, _number(a) * _number(b))


def karatsuba_evaluate(a: np.ndarray, b: np.ndarray, h: int, out: np.ndarray) -> bool:
    """out[:h] = |a0 - a1|, out[h : 2h] = |b0 - b1|, of h limbs below and the rest above; whether the signs differ."""
    da, db = (_number(x[:h]) - _number(x[h:]) for x in (a, b))
    _fill(out[:h], abs(da))
    _fill(out[h : 2 * h], abs(db))
    return (da < 0) != (db < 0)


def karatsuba_interpolate(out: np.ndarray, h: int, scratch: np.ndarray, negative: bool) -> None:
    """out = a * b, from a0*b0 in out[:2h], a1*b1 in out[2h:] and |a0 - a1| * |b0 - b1| in scratch[:2h]."""
    low, high, mixed = _number(out[: 2 * h]), _number(out[2 * h :]), _number(scratch[: 2 * h])
    middle = low + high + (mixed if negative else -mixed)
    _fill(out, low + (middle << 64 * h) + (high << 128 * h))


def toom3(a: np.ndarray, b: np.ndarray, out: np.ndarray, scratch: np.ndarray) -> None:
    """out = a * b for len(a) >= len(b) >= 1."""
    _fill(out, _number(a) * _number(b))


def toom3_evaluate_at_one(a: np.ndarray, k: int, out: np.ndarray) -> bool:
    """out[: k+1] = a(1), out[k+1 : 2k+2] = |a(-1)|, a(t) = a2 t^2 + a1 t + a0 in parts of k limbs; a(-1) < 0?"""
    a0, a1, a2 = _parts(a, k)
    _fill(out[: k + 1], a0 + a1 + a2)
    _fill(out[k + 1 : 2 * k + 2], abs(a0 - a1 + a2))
    return a0 - a1 + a2 < 0


def toom3_evaluate_at_two(a: np.ndarray, k: int, out: np.ndarray) -> None:
    """out[: k+1] = a(2)."""
    a0, a1, a2 = _parts(a, k)
    _fill(out[: k + 1], a0 + 2 * a1 + 4 * a2)


def toom3_interpolate(out: np.ndarray, k: int, scratch: np.ndarray, negative: bool) -> None:
    """out = w(2**(64*k)) for the polynomial w of degree 4 with w(0) in out[:2k], its leading coefficient in out[4k:],
    and w(1), |w(-1)|, w(2) in scratch, 2k+2 limbs each."""
    size = 2 * k + 2
    at_one, at_minus_one, at_two = (_number(scratch[i * size : (i + 1) * size]) for i in range(3))
    if negative:
        at_minus_one = -at_minus_one
    w0, w4 = _number(out[: 2 * k]), _number(out[4 * k :])
    w2 = (at_one + at_minus_one) // 2 - w0 - w4
    odd = (at_one - at_minus_one) // 2  # w1 + w3
    w3 = ((at_two - w0 - 4 * w2 - 16 * w4) // 2 - odd) // 3  # (w1 + 4 w3 - w1 - w3) / 3
    w1 = odd - w3
    _fill(out, sum(w << 64 * k * power for power, w in enumerate((w0, w1, w2, w3, w4))))


def _parts(a: np.ndarray, k: int) -> tuple[int, int, int]:
    return _number(a[:k]), _number(a[k : 2 * k]), _number(a[2 * k :])
