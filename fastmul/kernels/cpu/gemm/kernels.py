"""The compiled kernels of each ring, made of the templates in loops.py."""

from __future__ import annotations

from functools import cache

import numpy as np
from numba import types, void
from numba.core.types import Array

from fastmul.kernels.cpu.gemm import loops
from fastmul.kernels.cpu.gemm.micro_kernel import make_micro_kernel
from fastmul.kernels.cpu.gemm.packing import make_get, make_pack, make_put, operand_type
from fastmul.kernels.cpu.gemm.rings import Ring, rings
from fastmul.runtime.jit import const, kernel


class Kernels:
    """The compiled kernels of one ring and the scratch they need."""

    def __init__(self, ring: Ring) -> None:
        self.ring, tile = ring, ring.tile
        self.mr, self.nr = tile.mr, ring.nr  # kept, for small products to be cheap
        name = ring.name
        a, b, result = (operand_type(dtype) for dtype in (ring.a, ring.b, ring.result))
        c_type = Array(result, 2, "A")
        c_bytes = np.dtype(ring.result).itemsize
        tile_bytes = round_up(tile.mr * ring.nr * c_bytes)
        side_a, side_b = ring.side_a, ring.side_b
        groups = tile.kc // ring.k_group
        a_block_bytes = round_up(tile.mc * (side_a.header_words + groups) * side_a.word_bytes)
        self.scratch_bytes = a_block_bytes + tile_bytes
        self.pack_a = make_pack(side_a)
        self.pack_b = make_pack(side_b)
        sizes = {
            "MR": tile.mr, "NR": ring.nr, "KC": tile.kc, "MC": tile.mc, "NC": tile.nc, "GROUP": ring.k_group,
            "A_WORD": side_a.word_bytes, "B_WORD": side_b.word_bytes, "C_BYTES": c_bytes,
            "A_HEADER": side_a.header_words, "B_HEADER": side_b.header_words,
            "TILE_BYTES": tile_bytes,
        }  # fmt: skip
        self.multiply_rows = kernel(
            void(const(Array(a, 2, "A")), c_type, *[types.int64] * 7), name=f"gemm_{name}_rows",
            pack_a=self.pack_a, micro_kernel=make_micro_kernel(ring),
            get=make_get(ring.result), put=make_put(ring.result), **sizes,
        )(loops.multiply_rows)  # fmt: skip
        self.multiply_small = kernel(
            types.int64(const(Array(a, 2, "A")), const(Array(b, 2, "A")), c_type, types.int64),
            name=f"gemm_{name}_small",
            pack_b=self.pack_b, multiply_rows=self.multiply_rows, **sizes,
        )(loops.multiply_small)  # fmt: skip


def round_up(n_bytes: int) -> int:
    return -(-n_bytes // loops.ALIGNMENT) * loops.ALIGNMENT


@cache
def kernels(ring: str | Ring) -> Kernels:
    """The kernels of a ring, or of the one so named in rings.py, for this process's code-generation target."""
    return Kernels(rings()[ring] if isinstance(ring, str) else ring)
