"""The loops of the packed product, as templates: the same lines for every ring.

`kernels.py` and `packing.py` make kernels of them; their capitals and the functions that they call without
importing are bound then (`runtime.jit.kernel`), constants to the compiler.
"""
# ruff: noqa: F821

import numpy as np

from fastmul.kernels.cpu.gemm.emit import address

ALIGNMENT = 64

#: Words of a row that one transposition takes; 4 x 4 blocks need no shuffle across more than 32 bytes.
BLOCK = 4

#: k-groups that are packed for all panels before the next: as many streams as the hardware prefetches.
STRETCH = 8


def pack(x, first, rows, start, depth, to, parameters):  # type: ignore[no-untyped-def]
    """Template: pack x[first : first + rows, start : start + depth] into panels at the address `to`.

    `parameters` is the address of the ring's, here and below.
    """
    groups = (depth + GROUP - 1) // GROUP
    whole_groups = depth // GROUP
    row_stride, k_stride = x.strides
    panel_bytes = (HEADER + groups) * ROWS * WORD_BYTES
    # memory order: a few lines of x across all panels where a line is a k, whole panels otherwise
    stretch = STRETCH if row_stride == ITEM_BYTES else groups
    for g_start in range(0, groups, stretch):
        g_stop = min(groups, g_start + stretch)
        for done in range(0, rows, ROWS):
            panel = to + done // ROWS * panel_bytes + HEADER * ROWS * WORD_BYTES
            corner = address(x) + (first + done) * row_stride + start * k_stride
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
                        value = x[first + done + r, start + g * GROUP + q]
                        put(word + (r * GROUP + q) * PACKED_BYTES, value, parameters)
                g += 1
    if HEADER:
        for done in range(0, rows, ROWS):
            put_header(to + done // ROWS * panel_bytes, groups, parameters)


def multiply_rows(a, c, i_start, i_stop, k_start, k_stop, slab, scratch, parameters):  # type: ignore[no-untyped-def]
    """Template: C[i_start:i_stop] (+)= A[i_start:i_stop, k_start:k_stop] B[k_start:k_stop].

    `slab` is the address of these rows of B, packed; `scratch` that of room for one tile of C and,
    behind it, one packed block of A. Adds to C unless k_start is 0.
    """
    n = c.shape[1]
    row_stride, column_stride = c.strides
    b_row = (n + NR - 1) // NR * NR * B_WORD  # bytes of one k-group of B, packed
    tile, a_block = scratch, scratch + TILE_BYTES
    for i in range(i_start, i_stop, MC):
        rows = min(MC, i_stop - i)
        b_block = slab
        for k in range(k_start, k_stop, KC):
            depth = min(KC, k_stop - k)
            groups = (depth + GROUP - 1) // GROUP
            pack_a(a, i, rows, k, depth, a_block, parameters)
            for j_block in range(0, n, NC):
                for i_tile in range(0, rows, MR):
                    a_panel = a_block + i_tile * (A_HEADER + groups) * A_WORD
                    for j in range(j_block, min(n, j_block + NC), NR):
                        b_panel = b_block + j * (B_HEADER + groups) * B_WORD
                        m_left, n_left = rows - i_tile, n - j
                        if m_left >= MR and n_left >= NR and column_stride == C_BYTES:
                            corner = address(c) + (i + i_tile) * row_stride + j * column_stride
                            micro_kernel(
                                a_panel, b_panel, groups, corner, row_stride, k, parameters
                            )
                        else:
                            m_left, n_left = min(MR, m_left), min(NR, n_left)
                            if k > 0:
                                for r in range(m_left):
                                    for s in range(n_left):
                                        entry = tile + (r * NR + s) * C_BYTES
                                        put(entry, c[i + i_tile + r, j + s], parameters)
                            micro_kernel(
                                a_panel, b_panel, groups, tile, NR * C_BYTES, k, parameters
                            )
                            for r in range(m_left):
                                for s in range(n_left):
                                    c[i + i_tile + r, j + s] = get(tile + (r * NR + s) * C_BYTES)
            b_block += b_row * (B_HEADER + groups)


def multiply_small(a, b_transposed, c, parameters):  # type: ignore[no-untyped-def]
    """Template: C = A B in one call, with scratch of its own."""
    n, k = b_transposed.shape
    b_row = (n + NR - 1) // NR * NR * B_WORD
    block_bytes = b_row * (B_HEADER + KC // GROUP)
    slab_bytes = (k + KC - 1) // KC * block_bytes
    if k < KC:
        slab_bytes = b_row * (B_HEADER + (k + GROUP - 1) // GROUP)
    # no more than is used: from 128 KiB on, malloc maps fresh pages for every call
    rows = min(MC, (c.shape[0] + MR - 1) // MR * MR)
    a_bytes = rows * (A_HEADER + min(KC // GROUP, (k + GROUP - 1) // GROUP)) * A_WORD
    memory = np.empty(ALIGNMENT + slab_bytes + TILE_BYTES + a_bytes, np.uint8)
    slab = (address(memory) + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
    for start in range(0, k, KC):
        depth, block = min(KC, k - start), slab + start // KC * block_bytes
        pack_b(b_transposed, 0, n, start, depth, block, parameters)
    multiply_rows(a, c, 0, c.shape[0], 0, k, slab, slab + slab_bytes, parameters)
    return memory.size  # keeps `memory` alive until here
