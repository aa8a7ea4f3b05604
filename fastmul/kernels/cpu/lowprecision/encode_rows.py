"""Casts along rows: sixteen elements at a time, packed as they are stored.

x is a stream of vectors of sixteen elements; codes of a vector are 2 * bits bytes (64 for more than 16 bits).
`words` are the random words of a stochastic rounding, one an element (else sixteen of any value). Kernels return the
largest magnitude's bits, so that the caller learns of NaN where the format has none.
"""

from __future__ import annotations

import numpy as np
from numba import float32, float64, int64, uint8, uint32, void

from fastmul.kernels.cpu.gemm.emit import address
from fastmul.kernels.cpu.lowprecision.bit_packing import bytes_of_sixteen, store_bytes, store_row
from fastmul.kernels.cpu.lowprecision.block_scales import (
    MAGNITUDE,
    block_code,
    block_codes,
    block_scaling,
    block_scalings,
)
from fastmul.kernels.cpu.lowprecision.lanes import (
    AHEAD,
    LANES,
    larger,
    largest,
    largest_of_blocks,
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
from fastmul.kernels.cpu.vectors import splat
from fastmul.runtime.jit import KernelSet, const, inline, kernel

#: Bytes of sixteen float32 or words.
VECTOR = np.int64(64)
#: Bytes of a block of 32 float32.
BLOCK = np.int64(128)

load_doubles = float32_vectors  # `scaled_rows` is bound to one or the other


@inline
def random_words(start, vector, p):
    """The words of a vector, or none."""
    if p[ROUNDING] == STOCHASTIC:
        return load32(start + VECTOR * vector)
    return like(load32(start), 0)


@kernel(int64(const(float32[::1]), const(uint32[::1]), uint8[::1], const(int64[::1]), int64, int64))
def cast_rows(x, words, out, params, first, last):
    """Vectors first to last of x, as they are."""
    p = fields(params)
    source, draws, to = address(x), address(words), address(out)
    step = bytes_of_sixteen(p[BITS])
    seen = like(load32(source), 0)
    for v in range(first, last):
        bits = load32(source + VECTOR * v)
        prefetch(source + VECTOR * v + AHEAD)
        seen = larger(seen, bits & like(bits, MAGNITUDE))
        codes = encoded(bits, like(bits, p[OFFSET]), random_words(draws, v, p), p)
        store_row(to + step * v, codes, p[BITS])
    return largest(seen)


@inline
def scaling_of(start, addend, max_exponent, p):
    """The code of one block's scale and what it means for its elements."""
    low, high = load32(start), load32(start + VECTOR)
    magnitude = like(low, MAGNITUDE)
    code = block_code(largest(larger(low & magnitude, high & magnitude)), addend, max_exponent)
    offset, factor, keep = block_scaling(code, p[OFFSET])
    return np.uint8(code), np.uint32(offset), np.uint32(factor), np.uint32(keep)


@kernel(
    void(const(float32[::1]), const(uint32[::1]), uint8[::1], uint8[::1], const(int64[::1]),
         int64, int64, int64, int64)
)  # fmt: skip
def cast_blocks(x, words, out, scales, params, addend, max_exponent, first, last):
    """Blocks first to last of 32 elements, each under the power of two that its largest magnitude asks for."""
    p = fields(params)
    source, draws, to = address(x), address(words), address(out)
    step = bytes_of_sixteen(p[BITS])
    offsets, factors = np.empty(LANES, np.uint32), np.empty(LANES, np.uint32)
    keeps = np.empty(LANES, np.uint32)
    for start in range(first, last, LANES):
        stop = min(start + LANES, last)
        if stop - start == LANES:
            codes = block_codes(largest_of_blocks(source + BLOCK * start), addend, max_exponent)
            store_bytes(address(scales) + start, codes)
            offset, factor, keep = block_scalings(codes, p[OFFSET])
            store32(address(offsets), offset)
            store32(address(factors), factor)
            store32(address(keeps), keep)
        else:
            for block in range(start, stop):
                (
                    scales[block],
                    offsets[block - start],
                    factors[block - start],
                    keeps[block - start],
                ) = scaling_of(source + BLOCK * block, addend, max_exponent, p)
        for block in range(start, stop):
            added = np.int64(offsets[block - start])
            scale, mask = np.int64(factors[block - start]), np.int64(keeps[block - start])
            for v in range(2 * block, 2 * block + 2):
                bits = load32(source + VECTOR * v)
                prefetch(source + VECTOR * v + AHEAD)
                bits = multiply_floats(bits, like(bits, scale)) & like(bits, mask)
                row = encoded(bits, like(bits, added), random_words(draws, v, p), p)
                store_row(to + step * v, row, p[BITS])


def scaled_rows(x, words, divisors, out, params, run, first, last):
    """Rows first to last of `run` vectors each, divided by their divisors; zeros where the divisor is 0."""
    p = fields(params)
    source, draws, to = address(x), address(words), address(out)
    step = bytes_of_sixteen(p[BITS])
    seen = np.int64(0)
    for row in range(first, last):
        divisor = splat(divisors[row])
        for v in range(row * run, (row + 1) * run):
            low, high = quotients(*load_doubles(source, LANES * v), divisor, divisor)
            seen = max(seen, magnitudes_of_quotients(low, high))
            codes = codes_of_quotients(low, high, random_words(draws, v, p), p)
            store_row(to + step * v, codes, p[BITS])
    return seen


class ScaledRows(KernelSet):
    """`scaled_rows` of either dtype of x."""

    def __init__(self):
        for dtype, load in ((float32, float32_vectors), (float64, float64_vectors)):
            signature = int64(
                const(dtype[::1]), const(uint32[::1]), const(float64[::1]), uint8[::1], const(int64[::1]),
                int64, int64, int64,
            )  # fmt: skip
            made = kernel(signature, name=f"scaled_rows_{dtype.name}", load_doubles=load)(
                scaled_rows
            )
            setattr(self, dtype.name, made)


scaled_rows_of = ScaledRows()


@kernel(void(const(float32[::1]), uint32[::1], int64, int64, int64))
def largest_of_rows(x, out, run, first, last):
    """The bits of the largest magnitude in rows first to last of `run` vectors."""
    source = address(x)
    for row in range(first, last):
        seen = like(load32(source + VECTOR * row * run), 0)
        for v in range(row * run, (row + 1) * run):
            bits = load32(source + VECTOR * v)
            prefetch(source + VECTOR * v + AHEAD)
            seen = larger(seen, bits & like(bits, MAGNITUDE))
        out[row] = np.uint32(largest(seen))
