"""Casts down the columns: the scale of an element, and the bytes it shares, run along an axis that is not the last.

    x (planes, rows, columns), C-contiguous        a unit is one block of 32 rows of a plane, all columns:
    +----------------------------+
    | row 0     lanes ->         |   1. the largest magnitude of each column, sixteen columns at a time
    | ...                        |   2. their scales, sixteen at a time
    | row 31                     |   3. the codes of a group of rows, shifted one above the other, to rows of bytes
    +----------------------------+      (bit_packing.py)

Memory is read row by row, in strips of columns that stay in the cache between 1 and 3. The last sixteen columns may
overlap with those before: they are done twice, alike. There are at least sixteen.
"""

from __future__ import annotations

import numpy as np
from numba import float32, float64, int64, uint8, uint32, void

from fastmul.kernels.cpu.gemm.emit import address
from fastmul.kernels.cpu.lowprecision.bit_packing import (
    rows_per_group,
    stacked,
    store_bytes,
    store_group,
)
from fastmul.kernels.cpu.lowprecision.block_scales import (
    MAGNITUDE,
    ONE,
    block_codes,
    block_scalings,
)
from fastmul.kernels.cpu.lowprecision.lanes import (
    AHEAD,
    LANES,
    larger,
    largest,
    like,
    load32,
    multiply_floats,
    prefetch,
    store32,
)
from fastmul.kernels.cpu.lowprecision.quotients import (
    codes_of_quotients,
    float32_vectors,
    float64_vectors,
    load_divisors,
    magnitudes_of_quotients,
    quotients,
)
from fastmul.kernels.cpu.lowprecision.rounding import (
    BITS,
    OFFSET,
    ROUNDING,
    STOCHASTIC,
    encoded,
    fields,
)
from fastmul.runtime.jit import KernelSet, const, inline, kernel

#: Rows of a unit.
ROWS = np.int64(32)
#: Columns of a strip: 32 rows of them take a quarter of a megabyte.
STRIP = np.int64(2048)
WORD = np.int64(4)


@inline
def columns_of(strip, vector, columns):
    """The first of the sixteen columns of a vector of a strip."""
    return min(strip + LANES * vector, columns - LANES)


@inline
def vectors_of(strip, columns):
    """How many vectors a strip has."""
    return (min(STRIP, columns - strip) + LANES - 1) // LANES


@inline
def words_of(start, words, p):
    """Sixteen random words, or none."""
    if p[ROUNDING] == STOCHASTIC:
        return load32(start + WORD * words)
    return like(load32(start), 0)


@kernel(
    int64(const(float32[:, :, ::1]), const(uint32[::1]), uint8[:, :, ::1], uint8[:, :, ::1], const(int64[::1]),
         int64, int64, int64, int64)
)  # fmt: skip
def cast_columns(x, words, out, scales, params, addend, max_exponent, first, last):
    """Units first to last of x: blocks under the powers of two that they ask for; without scales, as they are.

    Returns the largest magnitude's bits, of x as it is.
    """
    p = fields(params)
    rows, columns, units = x.shape[1], x.shape[2], (x.shape[1] + ROWS - 1) // ROWS
    source, draws, to = address(x), address(words), address(out)
    none = like(load32(source), 0)
    seen = none
    group_rows = rows_per_group(p[BITS])
    offsets, factors = np.empty(columns, np.uint32), np.empty(columns, np.uint32)
    keeps, largests = np.empty(columns, np.uint32), np.empty(columns, np.uint32)
    offsets[:], factors[:], keeps[:] = p[OFFSET], ONE, -1
    at_offset, at_factor = address(offsets), address(factors)
    at_keep, at_largest = address(keeps), address(largests)
    for unit in range(first, last):
        plane, block = unit // units, unit % units
        top, bottom = block * ROWS, min(block * ROWS + ROWS, rows)
        for strip in range(0, columns, STRIP):
            vectors = vectors_of(strip, columns)
            if scales.size > 0:
                for v in range(vectors):
                    store32(at_largest + WORD * columns_of(strip, v, columns), none)
                for row in range(top, bottom):
                    line = (plane * rows + row) * columns
                    for v in range(vectors):
                        column = columns_of(strip, v, columns)
                        where = source + WORD * (line + column)
                        prefetch(where + AHEAD)
                        bits = load32(where)
                        bits = larger(
                            bits & like(bits, MAGNITUDE), load32(at_largest + WORD * column)
                        )
                        store32(at_largest + WORD * column, bits)
                for v in range(vectors):
                    column = columns_of(strip, v, columns)
                    codes = block_codes(load32(at_largest + WORD * column), addend, max_exponent)
                    store_bytes(address(scales) + unit * columns + column, codes)
                    offset, factor, keep = block_scalings(codes, p[OFFSET])
                    store32(at_offset + WORD * column, offset)
                    store32(at_factor + WORD * column, factor)
                    store32(at_keep + WORD * column, keep)
            for row in range(top, bottom, group_rows):
                line = (plane * rows + row) * columns
                to_line = (plane * out.shape[1] + row * p[BITS] // 8) * columns
                for v in range(vectors):
                    column = columns_of(strip, v, columns)
                    offset = load32(at_offset + WORD * column)
                    factor = load32(at_factor + WORD * column)
                    keep = load32(at_keep + WORD * column)
                    group = none
                    for i in range(min(group_rows, bottom - row)):
                        element = line + i * columns + column
                        bits = load32(source + WORD * element)
                        prefetch(source + WORD * element + AHEAD)
                        seen = larger(seen, bits & like(bits, MAGNITUDE))
                        bits = multiply_floats(bits, factor) & keep
                        codes = encoded(bits, offset, words_of(draws, element, p), p)
                        group = stacked(group, codes, i, p[BITS])
                    store_group(to + to_line + column, columns, group, p[BITS])
    return largest(seen)


load_doubles = float32_vectors  # the kernels below are bound to one or the other


def scaled_columns(x, words, divisors, out, params, run, first, last):
    """Groups first to last of rows, divided by the divisors (planes, rows / run, columns); zeros where they are 0.

    Returns the largest quotient's bits.
    """
    p = fields(params)
    rows, columns, group_rows = x.shape[1], x.shape[2], rows_per_group(p[BITS])
    groups = (rows + group_rows - 1) // group_rows
    source, draws, to, scale = address(x), address(words), address(out), address(divisors)
    code_bytes = out.shape[2] // columns
    none = like(load32(draws), 0)
    seen = np.int64(0)
    for unit in range(first, last):
        plane, row = unit // groups, unit % groups * group_rows
        line = (plane * rows + row) * columns
        to_line = (
            plane * out.shape[1] + (row if p[BITS] >= 8 else row * p[BITS] // 8)
        ) * out.shape[2]
        divisor_line = (plane * divisors.shape[1] + row // run) * columns
        for v in range((columns + LANES - 1) // LANES):
            column = columns_of(0, v, columns)
            low_divisor, high_divisor = load_divisors(scale, divisor_line + column)
            group = none
            for i in range(min(group_rows, rows - row)):
                element = line + i * columns + column
                low, high = quotients(*load_doubles(source, element), low_divisor, high_divisor)
                seen = max(seen, magnitudes_of_quotients(low, high))
                codes = codes_of_quotients(low, high, words_of(draws, element, p), p)
                group = stacked(group, codes, i, p[BITS])
            store_group(to + to_line + code_bytes * column, columns, group, p[BITS])
    return seen


class ScaledColumns(KernelSet):
    """`scaled_columns` of either dtype of x."""

    def __init__(self):
        for dtype, load in ((float32, float32_vectors), (float64, float64_vectors)):
            signature = int64(
                const(dtype[:, :, ::1]), const(uint32[::1]), const(float64[:, :, ::1]), uint8[:, :, ::1],
                const(int64[::1]), int64, int64, int64,
            )  # fmt: skip
            made = kernel(signature, name=f"scaled_columns_{dtype.name}", load_doubles=load)(
                scaled_columns
            )
            setattr(self, dtype.name, made)


scaled_columns_of = ScaledColumns()


@kernel(void(const(float32[:, :, ::1]), uint32[:, :, ::1], int64, int64, int64))
def largest_of_columns(x, out, run, first, last):
    """The bits of the largest magnitude of each column in `run` rows, for units first to last: (planes, rows / run)."""
    rows, columns, units = x.shape[1], x.shape[2], out.shape[1]
    source, to = address(x), address(out)
    for unit in range(first, last):
        plane, top = unit // units, unit % units * run
        result = to + WORD * unit * columns
        for column in range(columns):
            out[plane, unit % units, column] = 0
        for row in range(top, min(top + run, rows)):
            line = source + WORD * (plane * rows + row) * columns
            for v in range((columns + LANES - 1) // LANES):
                column = columns_of(0, v, columns)
                bits = load32(line + WORD * column)
                prefetch(line + WORD * column + AHEAD)
                bits = larger(bits & like(bits, MAGNITUDE), load32(result + WORD * column))
                store32(result + WORD * column, bits)
