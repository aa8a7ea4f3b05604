"""The blocks of attention: 64 queries against 64 keys, in the caches; what forward and backward have in common.

A block of scores stands transposed, a row per key and a lane per query:

    panel of queries             block of scores, later weights         what attention needs of it
    +-- 64 queries ---+          +-- 64 queries ---+                    maxima, sums, limits of causality:
    | q[:, 0]         |          | key 0           |                        one lane each, no shuffles
    | q[:, 1]         |    K x   | key 1           |                    random words of dropout: four rows of
    |   ...           |    -->   |   ...           |                        one Philox counter per lane
    | q[:, d-1]       |          | key 63          |                    products: K and V as they lie in memory
    +-----------------+          +-----------------+

QUERIES and KEYS are constants of the algorithm: with them the result of a row is fixed, whatever the machine, its
vectors, or the threads, and whatever other rows are computed beside it.
"""

from __future__ import annotations

import math

import numpy as np
from numba import float32, int64

from fastmul.kernels.cpu.elementary import tanh
from fastmul.kernels.cpu.float_lanes import LANES, VECTOR_BYTES, fma, load, splat, store
from fastmul.kernels.cpu.nn.attention_lanes import (
    add_mask,
    choose_equal,
    forbid,
    keep_words,
    larger,
    mask_before,
    transpose,
    weight,
)
from fastmul.kernels.cpu.nn.attention_tiles import make_product
from fastmul.kernels.cpu.philox import LANE_NUMBERS, permute8
from fastmul.kernels.cpu.vectors import load as load_words
from fastmul.kernels.cpu.vectors import splat as splat_words
from fastmul.runtime.jit import inline
from fastmul.runtime.philox import ROUNDS
from fastmul.runtime.target import target

QUERIES, KEYS = 64, 64
#: Vectors of queries, and the bytes of a row of a block.
VECTORS = QUERIES // LANES
ROW = QUERIES * 4

#: Rows and vectors of a register tile: 16 sums, 4 vectors and a word of 32 registers, or 12 + 2 + 1 of 16.
TILE_ROWS, TILE_VECTORS = (4, 4) if target().avx512 else (6, 1)
TILE_BYTES = TILE_VECTORS * VECTOR_BYTES

LOG2_E = float32(1 / math.log(2))
MINUS_INFINITY, ZERO, ONE = float32(-math.inf), float32(0), float32(1)

#: What kinds of masks there are.
NO_MASK, BOOLEAN, ADDITIVE = 0, 1, 2
#: The threshold of words below which a weight is dropped, if none is.
NEVER = np.uint64(0)

_store = make_product(TILE_ROWS, TILE_VECTORS, "store")
_scale = make_product(TILE_ROWS, TILE_VECTORS, "scale")
_add = make_product(TILE_ROWS, TILE_VECTORS, "add")
_add_narrow = make_product(TILE_ROWS, 1, "add")


@inline
def rounded_up(count, step):
    return (count + step - 1) // step * step


# ---------------------------------------------------------------- products


@inline
def score_block(keys, key_row, count, panel, depth, block):
    """block[key, query] = sum over depth of keys[key, :] panel[:, query]."""
    for t in range(0, count, TILE_ROWS):
        for j in range(0, ROW, TILE_BYTES):
            _store(keys + t * key_row, key_row, 4, count - t, panel + j, ROW, depth,
                   block + t * ROW + j, ROW, 0)  # fmt: skip


@inline
def weigh_values(values, value_row, width, block, count, sums, factors):
    """sums[i, query] = sums[i, query] * factors[query] + sum over the keys of values[key, i] block[key, query]."""
    for t in range(0, width, TILE_ROWS):
        for j in range(0, ROW, TILE_BYTES):
            _scale(values + t * 4, 4, value_row, width - t, block + j, ROW, count,
                   sums + t * ROW + j, ROW, factors + j)  # fmt: skip


@inline
def add_by_queries(values, value_row, width, block, count, sums):
    """sums[i, query] += sum over the keys of values[key, i] block[key, query]."""
    for t in range(0, width, TILE_ROWS):
        for j in range(0, ROW, TILE_BYTES):
            _add(values + t * 4, 4, value_row, width - t, block + j, ROW, count,
                 sums + t * ROW + j, ROW, 0)  # fmt: skip


@inline
def add_by_keys(block, count, rows, row_bytes, n_queries, sums):
    """sums[key, :] += sum over the queries of block[key, query] rows[query, :]; rows of whole vectors."""
    for t in range(0, count, TILE_ROWS):
        line = block + t * ROW
        j = int64(0)
        while j + TILE_BYTES <= row_bytes:
            _add(line, ROW, 4, count - t, rows + j, row_bytes, n_queries,
                 sums + t * row_bytes + j, row_bytes, 0)  # fmt: skip
            j += TILE_BYTES
        while j < row_bytes:
            _add_narrow(line, ROW, 4, count - t, rows + j, row_bytes, n_queries,
                        sums + t * row_bytes + j, row_bytes, 0)  # fmt: skip
            j += VECTOR_BYTES


# ---------------------------------------------------------------- panels


@inline
def clear(to, n_bytes):
    zero = splat(ZERO)
    for i in range(0, n_bytes, VECTOR_BYTES):
        store(to + i, zero)


@inline
def pack_panel(rows, row_bytes, count, width, panel):
    """panel[i, query] = rows[query, i], zeros in the lanes of queries that there are not."""
    if count < QUERIES:
        clear(panel, width * ROW)
    for r in range(0, count, LANES):
        for c in range(0, width, LANES):
            transpose(rows + r * row_bytes + c * 4, row_bytes, count - r, width - c,
                      panel + c * ROW + r * 4, ROW)  # fmt: skip


@inline
def scale_panel(panel, width, factor):
    f = splat(factor)
    for i in range(0, width * ROW, VECTOR_BYTES):
        store(panel + i, load(panel + i) * f)


@inline
def unpack_panel(panel, width, count, rows, row_bytes):
    """rows[query, i] = panel[i, query]."""
    for r in range(0, count, LANES):
        for c in range(0, width, LANES):
            transpose(panel + c * ROW + r * 4, ROW, width - c, count - r,
                      rows + r * row_bytes + c * 4, row_bytes)  # fmt: skip


# ---------------------------------------------------------------- scores


@inline
def cap(block, count, softcap):
    """block = softcap * tanh(block), in powers of 2."""
    top = splat(softcap * LOG2_E)
    for i in range(0, count * ROW, VECTOR_BYTES):
        store(block + i, tanh(load(block + i)) * top)


@inline
def slope_of_cap(block, count, slope):
    """slope = 1 - tanh(block)^2, the derivative of the cap."""
    one, zero = splat(ONE), splat(ZERO)
    for i in range(0, count * ROW, VECTOR_BYTES):
        t = tanh(load(block + i))
        store(slope + i, fma(zero - t, t, one))


@inline
def apply_mask(kind, mask, mask_row, mask_column, n_queries, count, block):
    """A block of the caller's mask, of its two kinds, on a block of scores."""
    for r in range(0, n_queries, LANES):
        for c in range(0, count, LANES):
            source, to = mask + r * mask_row + c * mask_column, block + c * ROW + r * 4
            if kind == BOOLEAN:
                forbid(source, mask_row, n_queries - r, count - c, to, ROW)
            else:
                add_mask(source, mask_row, n_queries - r, count - c, to, ROW, LOG2_E)


@inline
def forbid_later(block, count, first):
    """-inf where the query's number in the block is below first + the key's."""
    for t in range(count):
        for j in range(VECTORS):
            where = block + t * ROW + j * VECTOR_BYTES
            store(where, mask_before(load(where), first + t - j * LANES))


# ---------------------------------------------------------------- softmax


@inline
def weigh_block(block, count, reference, sums, factors):
    """One step of the online softmax, for each lane:

    new = max(reference, scores)        factor = 2^(reference - new)
    block = 2^(scores - new)            sums = sums * factor + sum of block
    """
    bottom, zero = splat(MINUS_INFINITY), splat(ZERO)
    for j in range(0, ROW, VECTOR_BYTES):
        old = load(reference + j)
        m0, m1, m2, m3 = old, old, old, old  # four chains hide the latency
        where, end = block + j, block + count * ROW
        while where + 3 * ROW < end:
            m0, m1 = larger(load(where), m0), larger(load(where + ROW), m1)
            m2, m3 = larger(load(where + 2 * ROW), m2), larger(load(where + 3 * ROW), m3)
            where += 4 * ROW
        while where < end:
            m0 = larger(load(where), m0)
            where += ROW
        new = larger(larger(m0, m1), larger(m2, m3))
        store(reference + j, new)
        base = choose_equal(new, bottom, zero, new)  # -inf - -inf would be NaN
        factor = weight(old - base)
        store(factors + j, factor)
        total = zero
        for where in range(block + j, end, ROW):
            w = weight(load(where) - base)
            store(where, w)
            total = total + w
        store(sums + j, fma(load(sums + j), factor, total))


@inline
def drop_block(block, count, key, query, plane, random):
    """Zeros in place of the weights whose word is below the threshold; `key` and `query`: the block's first."""
    threshold, site, key0, key1 = random[0], random[1], random[2], random[3]
    lanes = load_words(LANE_NUMBERS, 0)
    for t in range(
        0, count, 4
    ):  # a counter has the words of four neighbouring columns, that is keys
        column = splat_words(np.uint64((key + t) // 4))
        for j in range(VECTORS):
            row = splat_words(np.uint64(query + j * LANES)) + lanes
            a0, a1, a2, a3 = permute8(
                column, row, splat_words(plane), splat_words(site), key0, key1, ROUNDS
            )
            row = row + splat_words(np.uint64(LANES // 2))
            b0, b1, b2, b3 = permute8(
                column, row, splat_words(plane), splat_words(site), key0, key1, ROUNDS
            )
            where = (
                block + t * ROW + j * VECTOR_BYTES
            )  # KEYS is a multiple of 4: the block has four rows
            store(where, keep_words(load(where), a0, b0, threshold))
            store(where + ROW, keep_words(load(where + ROW), a1, b1, threshold))
            store(where + 2 * ROW, keep_words(load(where + 2 * ROW), a2, b2, threshold))
            store(where + 3 * ROW, keep_words(load(where + 3 * ROW), a3, b3, threshold))
