"""Attention backward: the weights of each 64 x 64 block made again, and five products of it (attention_blocks.py).

With the scores S of the forward pass, P = 2^(S - log-sum-exp), the gradient G of the output, and K, V as in it:

    D  = sum of G * out, for each query                    also what the softmax subtracts, dropout or not
    for each 64 queries:
        for each 64 keys:
            P   = weights of K Q                           (dropout's words are asked for again: they are coordinates)
            dP  = V G, dropped as P was
            dS  = P * (gain * dP - D) * slope of the cap
            dV += P, dropped, times G                      lanes are columns of G here: rows of G, not its panel
            dK += dS times Q                               rows of Q
            dQ += K times dS                               lanes are queries again
    dQ = dQ * scale           the caller multiplies dK by the scale and dV by the gain

dK and dV of one head of keys are summed over query blocks in order, head by head of its group, by one thread.
"""

from __future__ import annotations

import numpy as np
from numba import float32, int64, void

from fastmul.kernels.cpu.float_lanes import VECTOR_BYTES, fma, load, load_first, splat, store
from fastmul.kernels.cpu.gemm.emit import address
from fastmul.kernels.cpu.nn.attention import MATRIX, WORDS
from fastmul.kernels.cpu.nn.attention_blocks import (
    KEYS,
    LANES,
    NEVER,
    NO_MASK,
    QUERIES,
    ROW,
    VECTORS,
    ZERO,
    add_by_keys,
    add_by_queries,
    apply_mask,
    cap,
    clear,
    drop_block,
    forbid_later,
    pack_panel,
    rounded_up,
    scale_panel,
    score_block,
    slope_of_cap,
    unpack_panel,
)
from fastmul.kernels.cpu.nn.attention_lanes import smaller, weight
from fastmul.runtime.jit import const, inline, kernel


def scratch_bytes(depth: int, width: int) -> int:
    """Bytes of scratch, aligned to 64, of one call."""
    depth, width = -(-depth // LANES) * LANES, -(-width // LANES) * LANES
    panels = 3 * depth + 3 * width  # Q, dQ, G and out as panels; Q and G as rows
    return ROW * (panels + 3 * KEYS + 2)


def sums_shape(n_keys: int, columns: int) -> tuple[int, int]:
    """Of the sums for dK or dV of one head."""
    return n_keys, -(-columns // LANES) * LANES


@inline
def pack_rows(rows, row_bytes, count, width, to):
    """to[query, :] = rows[query, :], filled up with zeros to whole vectors."""
    to_row = rounded_up(width, LANES) * 4
    for r in range(count):
        for c in range(0, width, LANES):
            store(to + r * to_row + c * 4, load_first(rows + r * row_bytes + c * 4, width - c))


@inline
def weigh_again(block, count, reference):
    """block = 2^(scores - reference), at most 1, whatever rounding has done to large references."""
    zero = splat(ZERO)
    for j in range(0, ROW, VECTOR_BYTES):
        base = load(reference + j)
        for where in range(block + j, block + count * ROW, ROW):
            store(where, weight(smaller(load(where) - base, zero)))


@inline
def differentiate(weights, block, count, gain, means):
    """block = weights * (gain * block - means)."""
    g, zero = splat(gain), splat(ZERO)
    for j in range(0, ROW, VECTOR_BYTES):
        mean = zero - load(means + j)
        for i in range(j, count * ROW, ROW):
            store(block + i, load(weights + i) * fma(load(block + i), g, mean))


@inline
def multiply_blocks(block, other, count):
    for i in range(0, count * ROW, VECTOR_BYTES):
        store(block + i, load(block + i) * load(other + i))


@kernel(void(*[MATRIX] * 5, const(float32[::1]), int64, int64, float32, float32, float32, *[int64] * 5, WORDS, int64,
             float32, float32[:, :], float32[:, ::1], float32[:, ::1], int64))  # fmt: skip
def attend_backward(queries, keys, values, gradients, outputs, references, first, stop, scale, unit, softcap, offset,
                    mask_kind, mask, mask_row, mask_column, random, plane, gain, dq, dk, dv, scratch):  # fmt: skip
    """Queries `first` to `stop` of one head: their dq, and what they add to dk and dv.

    As `attend`; `references`: the log-sum-exp of each row in powers of 2, infinite where no key counts. dk and dv
    have `sums_shape`.
    """
    n_keys, depth, width = keys.shape[0], keys.shape[1], values.shape[1]
    key_row, value_row = keys.strides[0], values.strides[0]
    threshold = random[0]
    panel = scratch
    gradient_panel = panel + rounded_up(depth, LANES) * ROW
    output_panel = gradient_panel + rounded_up(width, LANES) * ROW
    query_rows = output_panel + rounded_up(width, LANES) * ROW
    gradient_rows = query_rows + rounded_up(depth, LANES) * ROW
    dq_panel = gradient_rows + rounded_up(width, LANES) * ROW
    block = dq_panel + rounded_up(depth, LANES) * ROW
    ds = block + KEYS * ROW
    slope = ds + KEYS * ROW
    means = slope + KEYS * ROW
    reference = means + ROW
    for query in range(first, stop, QUERIES):
        n_queries = min(QUERIES, stop - query)
        source = address(queries) + query * queries.strides[0]
        pack_panel(source, queries.strides[0], n_queries, depth, panel)
        scale_panel(panel, depth, unit)
        pack_rows(source, queries.strides[0], n_queries, depth, query_rows)
        source = address(gradients) + query * gradients.strides[0]
        pack_panel(source, gradients.strides[0], n_queries, width, gradient_panel)
        pack_rows(source, gradients.strides[0], n_queries, width, gradient_rows)
        source = address(outputs) + query * outputs.strides[0]
        pack_panel(source, outputs.strides[0], n_queries, width, output_panel)
        clear(dq_panel, rounded_up(depth, LANES) * ROW)
        for j in range(VECTORS):
            mean = splat(ZERO)
            for i in range(j * VECTOR_BYTES, width * ROW, ROW):
                mean = fma(load(gradient_panel + i), load(output_panel + i), mean)
            store(means + j * VECTOR_BYTES, mean)
            row = address(references) + 4 * (query + j * LANES)
            store(reference + j * VECTOR_BYTES, load_first(row, n_queries - j * LANES))
        seen = min(n_keys, query + n_queries + offset)
        for key in range(0, seen, KEYS):
            count = min(KEYS, seen - key)
            here = address(keys) + key * key_row
            score_block(here, key_row, count, panel, depth, block)
            if softcap != ZERO:
                slope_of_cap(block, count, slope)
                cap(block, count, softcap)
            if mask_kind != NO_MASK:
                where = mask + query * mask_row + key * mask_column
                apply_mask(mask_kind, where, mask_row, mask_column, n_queries, count, block)
            if key + count - 1 > query + offset:
                forbid_later(block, count, key - query - offset)
            weigh_again(block, count, reference)
            there = address(values) + key * value_row
            score_block(there, value_row, count, gradient_panel, width, ds)
            if threshold > NEVER:
                drop_block(ds, count, key, query, np.uint64(plane), random)
            differentiate(block, ds, count, gain, means)
            if softcap != ZERO:
                multiply_blocks(ds, slope, count)
            if threshold > NEVER:
                drop_block(block, count, key, query, np.uint64(plane), random)
            row_bytes = dv.strides[0]
            add_by_keys(
                block, count, gradient_rows, row_bytes, n_queries, address(dv) + key * row_bytes
            )
            row_bytes = dk.strides[0]
            add_by_keys(ds, count, query_rows, row_bytes, n_queries, address(dk) + key * row_bytes)
            add_by_queries(here, key_row, depth, ds, count, dq_panel)
        scale_panel(dq_panel, depth, scale)
        target = address(dq) + query * dq.strides[0]
        unpack_panel(dq_panel, depth, n_queries, target, dq.strides[0])
