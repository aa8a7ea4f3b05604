"""The fused sums of blocks: every ring against plain NumPy or Python ints, beside pages that must not be touched."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from fastmul.matrices.schemes import arithmetic
from fastmul.matrices.schemes.schedule import Pass, Step
from tests.guard_pages import guarded

#: 3 (x + y - z), written beside x - z; three registers, one of them used twice.
PASS = Pass(
    "C",
    (("C", 0), ("C", 1), ("C", 2)),
    (
        Step(3, 0, 2, Fraction(-1)),
        Step(4, 1, 3, Fraction(1)),
        Step(4, 4, None, Fraction(3)),
    ),
    ((4, ("C", 3)), (3, ("C", 0))),
)
#: Columns around a vector and a chunk of 2048 bytes.
WIDTHS = (1, 3, 7, 8, 9, 63, 65, 255, 256, 257, 520)
P = (1 << 63) - 25


def unreachable(a, b, out):
    raise AssertionError("no product is asked for")


def blocks(width, dtype, count=3):
    rng = np.random.default_rng(width)
    if np.dtype(dtype).kind == "f":
        return [rng.standard_normal((5, width)).astype(dtype) for _ in range(count)]
    info = np.iinfo(dtype)
    return [
        rng.integers(info.min, info.max, (5, width), dtype, endpoint=True) for _ in range(count)
    ]


@pytest.mark.parametrize(
    "dtype", ["float64", "float32", "int64", "uint64", "int32", "int16", "uint8"]
)
@pytest.mark.parametrize("stream", [0, 1 << 30])
def test_machine_rings(dtype, stream, monkeypatch):
    """Streamed or not, in place or not, in panels where there is no kernel, on any number of threads."""
    monkeypatch.setattr(arithmetic, "STREAM_BYTES", stream)
    for width in WIDTHS:
        x, y, z = blocks(width, dtype)
        wanted = (y + (x - z)) * np.array(3, dtype)
        read = [guarded(v, before=bool(width % 2)) for v in (x, y, z)]
        out = guarded(np.zeros_like(x))
        arithmetic.machine(unreachable, x.dtype, 1 + width % 2).sums(PASS, read, [out, read[0]])
        np.testing.assert_array_equal(out, wanted)
        np.testing.assert_array_equal(read[0], x - z)
        np.testing.assert_array_equal(read[1], y)


@pytest.mark.parametrize("p", [2, 3, (1 << 31) - 1, (1 << 61) - 1, P])
def test_residues(p, monkeypatch):
    """Residues at both ends of [0, p), for the largest p that there is room for."""
    monkeypatch.setattr(arithmetic, "STREAM_BYTES", 0)
    step = Pass(
        PASS.side, PASS.reads, (*PASS.steps, Step(4, 4, None, Fraction(-2, 5))), PASS.writes
    )
    for width in WIDTHS:
        rng = np.random.default_rng(width)
        values = np.array(sorted({0, 1 % p, p // 2, p - 2 if p > 2 else 0, p - 1}), np.int64)
        x, y, z = (rng.choice(values, (5, width)) for _ in range(3))
        out = np.empty_like(x)
        part = step if p > 5 else PASS
        arithmetic.modular(unreachable, p).sums(part, [x.copy(), y, z], [out, np.empty_like(x)])
        factor = 3 * (pow(5, -1, p) * -2 if part is step else 1)
        exact = (y.astype(object) + x.astype(object) - z.astype(object)) * factor % p
        np.testing.assert_array_equal(out, exact.astype(np.int64))


def test_a_ring_of_ones_own():
    """Sums of Python's fractions, by functions on arrays."""
    ring = arithmetic.elementwise(
        unreachable, np.add, np.subtract, lambda c, x: x * c, divides_by=lambda d: d != 0
    )
    x, y, z = (np.array([[Fraction(i, 7), Fraction(-i)]], object) for i in (1, 2, 3))
    out, first = np.empty_like(x), np.empty_like(x)
    ring.sums(PASS, [x, y, z], [out, first])
    assert out.tolist() == (3 * (y + x - z)).tolist()
    assert first.tolist() == (x - z).tolist()
    assert ring.divides_by(2)


def test_rows_of_any_stride():
    x = np.arange(400.0).reshape(10, 40)
    read = [x[::-2, 3:10], x[1::2, 8:15], x[:5, 20:27]]
    wanted = 3 * (read[1] + (read[0] - read[2])), read[0] - read[2]
    out = [np.zeros((5, 21))[:, 7:14] for _ in range(2)]
    arithmetic.machine(unreachable, x.dtype).sums(PASS, read, out)
    for got, right in zip(out, wanted, strict=True):
        np.testing.assert_array_equal(got, right)
