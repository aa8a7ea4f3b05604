"""The loops of the packed product, as templates: the same lines for every ring.

`kernels.py` and `packing.py` make kernels of them; their capitals and the functions that they call without
importing are bound then (`runtime.jit.kernel`), constants to the compiler. Operands come as addresses and strides in
bytes, so that kernels call each other's machine code (`runtime.jit.apart`); `parameters` is the address of the
ring's run-time parameters.
"""
# ruff: noqa: F821

import numpy as np

from fastmul.kernels.cpu.gemm.emit import address
from fastmul.runtime.jit import inline

ALIGNMENT = 64

#: Words of a row that one transposition takes; 4 x 4 blocks need no shuffle across more than 32 bytes.
BLOCK = 4

#: k-groups that are packed for all panels before the next: as many streams as the hardware prefetches.
STRETCH = 8


def pack(x, row_stride, k_stride, rows, depth, to, parameters):  # type: ignore[no-untyped-def]
    """Template: pack the rows x depth elements at the address x into panels at the address `to`."""
    groups = (depth + GROUP - 1) // GROUP
    whole_groups = depth // GROUP
    panel_bytes = (HEADER + groups) * ROWS * WORD_BYTES
    # memory order: a few lines of x across all panels where a line is a k, whole panels otherwise
    stretch = STRETCH if row_stride == ITEM_BYTES else groups
    for g_start in range(0, groups, stretch):
        g_stop = min(groups, g_start + stretch)
        for done in range(0, rows, ROWS):
            panel = to + done // ROWS * panel_bytes + HEADER * ROWS * WORD_BYTES
            corner = x + done * row_stride
            left = min(ROWS, rows - done)
            g = g_start
            if left == ROWS and k_stride == ITEM_BYTES:
                while g + BLOCK <= min(g_stop, whole_groups):
                    source = corner + g * GROUP * ITEM_BYTES
                    put_block(panel + g * ROWS * WORD_BYTES, source, row_stride, parameters)
                    g += BLOCK
            elif left == ROWS and row_stride == ITEM_BYTES:
                while g < min(g_stop, whole_groups):
                    source = corner + g * GROUP * k_stride
                    put_group(panel + g * ROWS * WORD_BYTES, source, k_stride, parameters)
                    g += 1
            while g < g_stop:
                word = panel + g * ROWS * WORD_BYTES
                if left < ROWS or g == whole_groups:
                    put_zeros(word)
                for r in range(left):
                    for q in range(min(GROUP, depth - g * GROUP)):
                        value = get(corner + r * row_stride + (g * GROUP + q) * k_stride)
                        put(word + (r * GROUP + q) * PACKED_BYTES, value, parameters)
                g += 1
    if HEADER:
        for done in range(0, rows, ROWS):
            put_header(to + done // ROWS * panel_bytes, groups, parameters)


def multiply_rows(  # type: ignore[no-untyped-def]
    a, a_row, a_k, c, c_row, c_column, m, n, k_start, k_stop, slab, scratch, parameters
):
    """Template: C (+)= A[:, k_start:k_stop] B[k_start:k_stop] for m rows of A and C.

    `slab` is the address of these rows of B, packed; `scratch` that of room for one tile of C and,
    behind it, one packed block of A. Adds to C unless k_start is 0.
    """
    b_row = (n + NR - 1) // NR * NR * B_WORD  # bytes of one k-group of B, packed
    tile, a_block = scratch, scratch + TILE_BYTES
    for i in range(0, m, MC):
        rows = min(MC, m - i)
        b_block = slab
        for k in range(k_start, k_stop, KC):
            depth = min(KC, k_stop - k)
            groups = (depth + GROUP - 1) // GROUP
            pack_a(a + i * a_row + k * a_k, a_row, a_k, rows, depth, a_block, parameters)
            wide = NC * max(1, KC // depth)
            for j_block in range(0, n, wide):
                for i_tile in range(0, rows, MR):
                    a_panel = a_block + i_tile * (A_HEADER + groups) * A_WORD
                    m_left = min(MR, rows - i_tile)
                    for j in range(j_block, min(n, j_block + wide), NR):
                        b_panel = b_block + j * (B_HEADER + groups) * B_WORD
                        n_left = min(NR, n - j)
                        corner = c + (i + i_tile) * c_row + j * c_column
                        to, to_row = corner, c_row
                        in_place = m_left == MR and n_left == NR and c_column == C_BYTES
                        if not in_place:
                            to, to_row = tile, NR * C_BYTES
                            if k > 0:
                                for r in range(m_left):
                                    for s in range(n_left):
                                        entry = get(corner + r * c_row + s * c_column)
                                        put(tile + (r * NR + s) * C_BYTES, entry, 0)
                        micro_kernel(a_panel, b_panel, groups, to, to_row, k, parameters)
                        if not in_place:
                            for r in range(m_left):
                                for s in range(n_left):
                                    entry = get(tile + (r * NR + s) * C_BYTES)
                                    put(corner + r * c_row + s * c_column, entry, 0)
            b_block += b_row * (B_HEADER + groups)


def multiply_direct(a, a_row, a_k, b, b_row, c, c_row, m, k, n, parameters):  # type: ignore[no-untyped-def]
    """Template: C = A B without packing; the rows of B and C are contiguous."""
    quads = (n + LANES - 1) // (4 * LANES) * 4 * LANES
    for j in range(0, quads, 4 * LANES):
        columns = min(4 * LANES, n - j)
        y, column = b + j * B_ITEM, c + j * C_BYTES
        for i in range(0, m, TALL // 2):
            rows = min(TALL // 2, m - i)
            x, z = a + i * a_row, column + i * c_row
            low_quad(x, a_row, a_k, y, b_row, z, c_row, rows, columns, k, parameters)
    for j in range(quads, n, 2 * LANES):
        columns = min(2 * LANES, n - j)
        y, column = b + j * B_ITEM, c + j * C_BYTES
        for i in range(0, m, TALL):
            rows = min(TALL, m - i)
            x, z = a + i * a_row, column + i * c_row
            if columns > LANES:
                if rows > TALL // 2:
                    tall_wide(x, a_row, a_k, y, b_row, z, c_row, rows, columns, k, parameters)
                else:
                    low_wide(x, a_row, a_k, y, b_row, z, c_row, rows, columns, k, parameters)
            elif rows > TALL // 2:
                tall_narrow(x, a_row, a_k, y, b_row, z, c_row, rows, columns, k, parameters)
            else:
                low_narrow(x, a_row, a_k, y, b_row, z, c_row, rows, columns, k, parameters)


def multiply_one(  # type: ignore[no-untyped-def]
    a, a_row, a_k, b, b_row, b_column, c, c_row, c_column, m, k, n, scratch, parameters
):
    """Template: C = A B, in scratch of `scratch_bytes(m, k, n)`."""
    if b_column == B_ITEM and c_column == C_BYTES and k <= KC and m * k * n <= UNPACKED_WORK:
        multiply_direct(a, a_row, a_k, b, b_row, c, c_row, m, k, n, parameters)
        return
    slab = scratch
    for start in range(0, k, KC):
        depth = min(KC, k - start)
        pack_b(b + start * b_row, b_column, b_row, n, depth, slab, parameters)
        slab += (n + NR - 1) // NR * NR * B_WORD * (B_HEADER + (depth + GROUP - 1) // GROUP)
    multiply_rows(a, a_row, a_k, c, c_row, c_column, m, n, 0, k, scratch, slab, parameters)


def multiply_small(a, b, c, parameters):  # type: ignore[no-untyped-def]
    """Template: C = A B in one call, with scratch of its own."""
    (m, k), n = a.shape, b.shape[1]
    memory = np.empty(scratch_bytes(m, k, n), np.uint8)
    multiply_one(address(a), *a.strides, address(b), *b.strides, address(c), *c.strides,
                 m, k, n, align(address(memory)), parameters)  # fmt: skip
    return memory.size  # keeps `memory` alive until here


def multiply_stack(a, b, c, start, stop, parameters):  # type: ignore[no-untyped-def]
    """Template: C[i] = A[i] B[i] for start <= i < stop in one call, with scratch of its own."""
    _, m, k = a.shape
    n = b.shape[2]
    memory = np.empty(scratch_bytes(m, k, n), np.uint8)
    a_next, a_row, a_k = a.strides
    b_next, b_row, b_column = b.strides
    c_next, c_row, c_column = c.strides
    for i in range(start, stop):
        multiply_one(address(a) + i * a_next, a_row, a_k, address(b) + i * b_next, b_row, b_column,
                     address(c) + i * c_next, c_row, c_column, m, k, n, align(address(memory)), parameters)  # fmt: skip
    return memory.size


def scratch_bytes(m, k, n):  # type: ignore[no-untyped-def]
    """Template: what `multiply_one` needs: all of B, a block of A, a tile of C, packed.

    No more than is used: from 128 KiB on, malloc maps fresh pages for every call.
    """
    groups = (k + GROUP - 1) // GROUP
    b_bytes = (n + NR - 1) // NR * NR * B_WORD * ((k + KC - 1) // KC * B_HEADER + groups)
    rows = min(MC, (m + MR - 1) // MR * MR)
    return ALIGNMENT + b_bytes + TILE_BYTES + rows * (A_HEADER + min(KC // GROUP, groups)) * A_WORD


@inline
def align(where):  # type: ignore[no-untyped-def]
    return (where + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
