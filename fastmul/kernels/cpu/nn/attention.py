"""Attention forward: an online softmax between two products, a block of 64 x 64 at a time (attention_blocks.py).

    for each 64 queries:                                   reference = -inf, sums = 0, outputs = 0
        for each 64 keys:
            scores    = K Q                                keys as rows, queries as lanes
            scores    = cap, mask, causal limit
            reference, weights, sums                       the online softmax
            weights   = dropout                            sums stay those before it
            outputs   = outputs * factor + V weights
        out = outputs / sums                               0 where every key is masked

What a block needs is four panels of 64 columns: no memory grows with queries times keys.
"""

from __future__ import annotations

import numpy as np
from numba import float32, int64, uint64, void

from fastmul.kernels.cpu.float_lanes import VECTOR_BYTES, load, splat, store, store_first
from fastmul.kernels.cpu.gemm.emit import address
from fastmul.kernels.cpu.nn.attention_blocks import (
    KEYS,
    LANES,
    MINUS_INFINITY,
    NEVER,
    NO_MASK,
    ONE,
    QUERIES,
    ROW,
    ZERO,
    apply_mask,
    cap,
    clear,
    drop_block,
    forbid_later,
    pack_panel,
    rounded_up,
    scale_panel,
    score_block,
    unpack_panel,
    weigh_block,
    weigh_values,
)
from fastmul.kernels.cpu.nn.attention_lanes import choose_equal
from fastmul.runtime.jit import const, kernel

MATRIX, WORDS = const(float32[:, :]), const(uint64[::1])


def scratch_bytes(depth: int, width: int) -> int:
    """Bytes of scratch, aligned to 64, of one call."""
    panels = -(-depth // LANES) * LANES + KEYS + -(-width // LANES) * LANES
    return ROW * (panels + 3)


@kernel(void(*[MATRIX] * 3, int64, int64, float32, float32, *[int64] * 5, WORDS, int64, float32,
             float32[:, :], float32[:, ::1], int64))  # fmt: skip
def attend(queries, keys, values, first, stop, unit, softcap, offset, mask_kind, mask, mask_row,
           mask_column, random, plane, gain, out, statistics, scratch):  # fmt: skip
    """Queries `first` to `stop` of one head.

    Rows of all matrices are contiguous; `mask` and `scratch` are addresses, mask_row and mask_column bytes. `unit`:
    log2(e) times the scale, or the scale over `softcap` if that is not 0. Query i sees the keys up to i + offset.
    `random`: threshold, site and the two words of the key of dropout, threshold 0 for none; `gain` is 1 / (1 - p).
    statistics (2, queries): the reference of each row, in powers of 2, and the sum of its weights.
    """
    n_keys, depth, width = keys.shape[0], keys.shape[1], values.shape[1]
    key_row, value_row = keys.strides[0], values.strides[0]
    threshold = random[0]
    panel = scratch
    block = panel + rounded_up(depth, LANES) * ROW
    outputs = block + KEYS * ROW
    reference = outputs + rounded_up(width, LANES) * ROW
    sums, factors = reference + ROW, reference + 2 * ROW
    for query in range(first, stop, QUERIES):
        n_queries = min(QUERIES, stop - query)
        source = address(queries) + query * queries.strides[0]
        pack_panel(source, queries.strides[0], n_queries, depth, panel)
        scale_panel(panel, depth, unit)
        clear(outputs, rounded_up(width, LANES) * ROW)
        clear(sums, ROW)
        for j in range(0, ROW, VECTOR_BYTES):
            store(reference + j, splat(MINUS_INFINITY))
        seen = min(n_keys, query + n_queries + offset)
        for key in range(0, seen, KEYS):
            count = min(KEYS, seen - key)
            score_block(address(keys) + key * key_row, key_row, count, panel, depth, block)
            if softcap != ZERO:
                cap(block, count, softcap)
            if mask_kind != NO_MASK:
                where = mask + query * mask_row + key * mask_column
                apply_mask(mask_kind, where, mask_row, mask_column, n_queries, count, block)
            if key + count - 1 > query + offset:
                forbid_later(block, count, key - query - offset)
            weigh_block(block, count, reference, sums, factors)
            if threshold > NEVER:
                drop_block(block, count, key, query, np.uint64(plane), random)
            source = address(values) + key * value_row
            weigh_values(source, value_row, width, block, count, outputs, factors)
        for j in range(0, ROW, VECTOR_BYTES):
            total = load(sums + j)
            share = splat(gain) / choose_equal(total, splat(ZERO), splat(ONE), total)
            for i in range(width):
                where = outputs + i * ROW + j
                store(where, load(where) * share)
            left, to = n_queries - j // 4, address(statistics) + query * 4 + j
            store_first(to, load(reference + j), left)
            store_first(to + statistics.strides[0], total, left)
        target = address(out) + query * out.strides[0]
        unpack_panel(outputs, width, n_queries, target, out.strides[0])
