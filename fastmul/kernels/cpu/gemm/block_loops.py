"""The loops of the products that skip blocks, as templates; see `block_sparse`, which makes kernels of them.

Their capitals and the functions that they call without importing are bound there, as in `loops`.
"""
# ruff: noqa: F821

from fastmul.kernels.cpu.gemm.emit import address


def multiply_block_rows(  # type: ignore[no-untyped-def]
    a, a_row, a_k, c, c_row, starts, columns, first, last, m, n, k, height, depth, slab, scratch, parameters
):  # fmt: skip
    """Template: C += S B for the block rows first..last of S, whose kept blocks `starts` and `columns` name.

    `slab`: B, packed block by block of `depth` rows; `scratch`: a tile of C and, behind it, a pass of A packed.
    """
    tile, a_room = scratch, scratch + TILE_BYTES
    b_step = (n + NR - 1) // NR * NR * depth * WORD
    per_pass = max(1, KC // depth)
    whole = k // depth  # the last block of the depth is a pass of its own, if it is cut off
    n_blocks = (k + depth - 1) // depth
    for i in range(first, last):
        rows = min(height, m - i * height)
        a_step = (rows + MR - 1) // MR * MR * depth * WORD
        at, end = starts[i], starts[i + 1]
        while at < end:
            begin = columns[at] // per_pass * per_pass
            stop = min(whole, begin + per_pass)
            if columns[at] >= whole:
                begin, stop = whole, n_blocks
            deep = min(depth, k - begin * depth)
            count = 0
            while at + count < end and columns[at + count] < stop:
                where = a + i * height * a_row + columns[at + count] * depth * a_k
                pack_a(where, a_row, a_k, rows, deep, a_room + count * a_step, parameters)
                count += 1
            which = address(columns) + at * INDEX_BYTES
            for j_block in range(0, n, NC):
                for i_tile in range(0, rows, MR):
                    a_panel = a_room + i_tile * deep * WORD
                    m_left = min(MR, rows - i_tile)
                    for j in range(j_block, min(n, j_block + NC), NR):
                        b_panel = slab + j * deep * WORD
                        n_left = min(NR, n - j)
                        corner = c + (i * height + i_tile) * c_row + j * WORD
                        if m_left == MR and n_left == NR:
                            add_blocks(
                                a_panel, a_step, b_panel, b_step, which, count, deep, corner, c_row
                            )
                        else:
                            clear(tile)
                            add_blocks(
                                a_panel,
                                a_step,
                                b_panel,
                                b_step,
                                which,
                                count,
                                deep,
                                tile,
                                NR * WORD,
                            )
                            for r in range(m_left):
                                for s in range(n_left):
                                    to = corner + r * c_row + s * WORD
                                    put(to, get(to) + get(tile + (r * NR + s) * WORD), 0)
            at += count


def multiply_block_samples(  # type: ignore[no-untyped-def]
    a, a_row, a_k, c, c_row, starts, columns, first, last, first_column, last_column, m, n, k, height, width, slab,
    scratch, parameters,
):  # fmt: skip
    """Template: C = A B in the kept blocks of block rows first..last and block columns first_column..last_column.

    `slab`: these columns of B, packed pass by pass of the depth, in each block by block of `width` columns;
    `scratch`: a tile of C and, behind it, a pass of A packed.
    """
    tile, a_room = scratch, scratch + TILE_BYTES
    b_step = (width + NR - 1) // NR * NR * WORD  # bytes of a row of a block of B, packed
    for i in range(first, last):
        rows = min(height, m - i * height)
        b_pass = slab
        for begin in range(0, k, KC):
            deep = min(KC, k - begin)
            pack_a(a + i * height * a_row + begin * a_k, a_row, a_k, rows, deep, a_room, parameters)
            for at in range(starts[i], starts[i + 1]):
                column = columns[at]
                if column < first_column or column >= last_column:
                    continue
                b_block = b_pass + (column - first_column) * b_step * deep
                block_columns = min(width, n - column * width)
                for i_tile in range(0, rows, MR):
                    a_panel = a_room + i_tile * deep * WORD
                    m_left = min(MR, rows - i_tile)
                    for j in range(0, block_columns, NR):
                        b_panel = b_block + j * deep * WORD
                        n_left = min(NR, block_columns - j)
                        corner = c + (i * height + i_tile) * c_row + (column * width + j) * WORD
                        if m_left == MR and n_left == NR:
                            micro_kernel(a_panel, b_panel, deep, corner, c_row, begin, 0)
                        else:
                            micro_kernel(a_panel, b_panel, deep, tile, NR * WORD, 0, 0)
                            for r in range(m_left):
                                for s in range(n_left):
                                    to, part = (
                                        corner + r * c_row + s * WORD,
                                        get(tile + (r * NR + s) * WORD),
                                    )
                                    put(to, part if begin == 0 else get(to) + part, 0)
            b_pass += (last_column - first_column) * b_step * deep
