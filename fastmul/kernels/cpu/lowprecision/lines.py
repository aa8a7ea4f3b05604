"""Operands of an exact product: what their blocks hold, and their elements as integers of one width.

Codes lie in memory as a C-contiguous matrix whose blocks are `down` by `across`: (1, block) where a line of the product
is a row of it, (block, 1) where it is a column. What belongs to a block is a matrix with one entry for each block, in
the same orientation.

    codes  [c c c c | c c c c]        factors  [f | f]           element = values[c] * f
           [c c c c | c c c c]                 [f | f]

`values[c]` is an integer (0 for NaN and infinities), and f such that the elements of a whole line are integers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, float64, int8, int16, int64, types, uint8, void

from fastmul.kernels.cpu.float_bits import as_bits, significand_and_exponent, trailing_zeros
from fastmul.runtime.jit import Kernel, const, inline, kernel

#: Of a line of zeros, which any exponent suits.
NO_EXPONENT = np.int64(1 << 20)


@kernel(
    void(
        const(uint8[:, ::1]), const(float64[::1]), const(int64[::1]),
        int64[:, ::1], float64[:, ::1], float64[:, ::1], int64, int64, int64, int64,
    )
)  # fmt: skip
def survey(codes, values, marks, ones, tops, energies, down, across, start, stop):
    """Of blocks in rows start to stop of them: the OR of marks, the largest |value|, the sum of value^2, from zeros on.

    `marks` are the magnitudes, with a bit of their own for NaN and infinities.
    """
    for i in range(start * down, min(stop * down, codes.shape[0])):
        r = i // down
        if across == 1:
            for j in range(codes.shape[1]):
                code = codes[i, j]
                ones[r, j] |= marks[code]
                tops[r, j] = max(tops[r, j], abs(values[code]))
                energies[r, j] += values[code] * values[code]
        else:
            for s in range(tops.shape[1]):
                mark, top, energy = np.int64(0), 0.0, 0.0
                for j in range(s * across, min(codes.shape[1], (s + 1) * across)):
                    code = codes[i, j]
                    mark |= marks[code]
                    top = max(top, abs(values[code]))
                    energy += values[code] * values[code]
                ones[r, s] |= mark
                tops[r, s] = max(tops[r, s], top)
                energies[r, s] += energy


def _encode(codes, values, factors, out, down, across, start, stop):  # type: ignore[no-untyped-def]
    """Template: out = values[codes] * factors, rows start to stop."""
    for i in range(start, stop):
        r = i // down
        if across == 1:
            for j in range(codes.shape[1]):
                out[i, j] = TO(values[codes[i, j]] * factors[r, j])  # noqa: F821
        else:
            for s in range(factors.shape[1]):
                factor = factors[r, s]
                for j in range(s * across, min(codes.shape[1], (s + 1) * across)):
                    out[i, j] = TO(values[codes[i, j]] * factor)  # noqa: F821


def _encoder(to: Any, through: Any) -> Kernel:
    signature = void(
        const(uint8[:, ::1]), const(through[::1]), const(through[:, ::1]), to[:, ::1],
        int64, int64, int64, int64,
    )  # fmt: skip
    return kernel(signature, f"encode_{to}", TO=to)(_encode)


#: Into the elements of each engine, through floats that hold them: those of `encode[engine]`'s values and factors.
encode = {
    "int8": _encoder(int8, float32),
    "int16": _encoder(int16, float32),
    "float32": _encoder(float32, float32),
    "float64": _encoder(float64, float64),
    "int64": _encoder(int64, float64),
}


@inline
def survey_one(value, exponents, tops, energies, line):
    """Take an element of a line in."""
    if value != 0.0:
        if not abs(value) < np.inf:
            energies[line] = np.nan
            return
        significand, exponent = significand_and_exponent(as_bits(value))
        exponents[line] = min(exponents[line], exponent + trailing_zeros(significand))
        tops[line] = max(tops[line], abs(value))
        energies[line] += value * value


@kernel(
    void(
        const(float64[:, ::1]), int64[::1], float64[::1], float64[::1], types.boolean, int64, int64
    )
)
def survey_floats(x, exponents, tops, energies, lines_are_rows, start, stop):
    """Of lines start to stop: the exponent of the lowest bit of any element, the largest |x|, the sum of x^2.

    Lines with NaN or an infinity get an energy that is NaN.
    """
    for line in range(start, stop):
        exponents[line], tops[line], energies[line] = NO_EXPONENT, 0.0, 0.0
    if lines_are_rows:
        for i in range(start, stop):
            for j in range(x.shape[1]):
                survey_one(x[i, j], exponents, tops, energies, i)
    else:
        for i in range(x.shape[0]):
            for j in range(start, stop):
                survey_one(x[i, j], exponents, tops, energies, j)
