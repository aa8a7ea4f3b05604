"""Integers to residues modulo many small numbers, and sums of residue products back to residues.

`encode_*` takes the residues modulo every m of each tile of 64 numbers while the tile is in the first-level cache:

    numbers (count, n_words) uint32   ->   tile (n_words, 64)   ->   out[i, 64 t : 64 t + 64] = tile modulo m[i]

A row of `out` is as long as whole tiles are. Signs: `flips` are exclusive-ors that make every piece of a word what
the dot product takes (unsigned bytes, signed halves); what they add to the number is in the offsets.
"""

from __future__ import annotations

import numpy as np
from numba import float64, int8, int16, int64, types, uint8, uint32, void

from fastmul.kernels.cpu.gemm.emit import address
from fastmul.kernels.cpu.residues_tile import TILE, make_load_tile, make_residue_tile
from fastmul.runtime.jit import const, kernel

#: Columns of the table of moduli.
MODULUS, INVERSE, OFFSET = 0, 1, 2
#: 32-bit words of a cache line.
ALIGNMENT = 16

load_tile_1, load_tile_2 = make_load_tile(1), make_load_tile(2)


def _encode(numbers, flips, weights, moduli, segment, add, start, stop, out):  # type: ignore[no-untyped-def]
    """Template: out[i, 64 t : 64 t + 64] = residues modulo moduli[i] of the numbers there, for start <= t < stop."""
    count, n_words = numbers.shape
    memory = np.zeros(TILE * n_words + ALIGNMENT, np.uint32)
    skipped = -(address(memory) >> 2) & (ALIGNMENT - 1)  # words up to the next cache line
    tile = memory[skipped:]
    item = out.itemsize
    for t in range(start, stop):
        first = t * TILE
        left = min(TILE, count - first)
        source = address(numbers) + first * n_words * 4
        if left == TILE and n_words == 1:
            load_tile_1(source, address(flips), address(tile))
        elif left == TILE and n_words == 2:
            load_tile_2(source, address(flips), address(tile))
        else:
            for i in range(n_words):
                for j in range(left):
                    tile[i * TILE + j] = numbers[first + j, i] ^ flips[i]
        for i in range(moduli.shape[0]):
            residue_tile(  # noqa: F821
                address(tile), n_words, address(weights) + i * n_words * 4, segment,
                np.int64(moduli[i, OFFSET]), moduli[i, MODULUS], moduli[i, INVERSE],
                add, address(out) + (i * out.shape[1] + first) * item,
            )  # fmt: skip


def _make(kind: str, nonnegative: bool, dtype: types.Type, name: str):  # type: ignore[no-untyped-def]
    signature = void(
        const(uint32[:, ::1]), const(uint32[::1]), const(uint32[:, ::1]), const(float64[:, ::1]),
        int64, int64, int64, int64, dtype[:, ::1],
    )  # fmt: skip
    return kernel(signature, name=name, residue_tile=make_residue_tile(kind, nonnegative))(_encode)


#: Residues modulo m <= 256 in [0, m); balanced ones; and balanced ones modulo m <= 2^14.
encode_nonnegative = _make("bytes", True, uint8, "encode_nonnegative")
encode_bytes = _make("bytes", False, int8, "encode_bytes")
encode_halves = _make("halves", False, int16, "encode_halves")
