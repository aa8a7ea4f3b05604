"""The compiled kernels of each ring, made of the templates in loops.py."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import types
from numba.core.types import Array

from fastmul.kernels.cpu.gemm import direct, loops
from fastmul.kernels.cpu.gemm.micro_kernel import make_micro_kernel
from fastmul.kernels.cpu.gemm.packing import make_get, make_pack, make_put, operand_type
from fastmul.kernels.cpu.gemm.rings import Ring, rings
from fastmul.runtime.jit import Kernel, apart, bound, const, inline, kernel


class Kernels:
    """The compiled kernels of one ring and the scratch they need."""

    def __init__(self, ring: Ring) -> None:
        self.ring, tile = ring, ring.tile
        self.mr, self.nr = tile.mr, ring.nr  # kept, for small products to be cheap
        side_a, side_b = ring.side_a, ring.side_b
        c_bytes = np.dtype(ring.result).itemsize
        groups = tile.kc // ring.k_group
        a_block_bytes = round_up(tile.mc * (side_a.header_words + groups) * side_a.word_bytes)
        tile_bytes = round_up(tile.mr * ring.nr * c_bytes)
        self.scratch_bytes = a_block_bytes + tile_bytes
        tall = direct.rows(ring)
        sizes = {
            "MR": tile.mr, "NR": ring.nr, "KC": tile.kc, "MC": tile.mc, "NC": tile.nc, "GROUP": ring.k_group,
            "A_WORD": side_a.word_bytes, "B_WORD": side_b.word_bytes, "C_BYTES": c_bytes,
            "A_HEADER": side_a.header_words, "B_HEADER": side_b.header_words,
            "B_ITEM": np.dtype(ring.b).itemsize, "LANES": ring.lanes,
            "TILE_BYTES": tile_bytes, "UNPACKED_WORK": ring.unpacked_work, "TALL": tall,
        }  # fmt: skip

        def bind(
            template: Any, *arguments: Any, returns: Any = types.void, **bindings: Any
        ) -> Kernel:
            name = f"gemm_{ring.name}_{template.__name__.removeprefix('multiply_')}"
            return kernel(returns(*arguments), name, **bindings, **sizes)(template)

        def integers(count: int) -> list[Any]:
            return [types.int64] * count

        def arrays(n_axes: int) -> list[Any]:
            a, b, c = (Array(operand_type(d), n_axes, "A") for d in (ring.a, ring.b, ring.result))
            return [const(a), const(b), c]

        self.pack_a, self.pack_b = make_pack(side_a), make_pack(side_b)
        self.multiply_rows = bind(
            loops.multiply_rows, *integers(13), pack_a=apart(self.pack_a),
            micro_kernel=make_micro_kernel(ring), get=make_get(ring.result), put=make_put(ring.result),
        )  # fmt: skip
        one = {"pack_b": apart(self.pack_b), "multiply_rows": apart(self.multiply_rows)}
        if ring.unpacked_work:
            tiles = {
                f"{height}_{width}": direct.make_tile(ring, mr, nv)
                for height, width, mr, nv in (
                    ("low", "quad", tall // 2, 4), ("tall", "wide", tall, 2), ("low", "wide", tall // 2, 2),
                    ("tall", "narrow", tall, 1), ("low", "narrow", tall // 2, 1),
                )
            }  # fmt: skip
            self.multiply_direct = bind(loops.multiply_direct, *integers(11), **tiles)
            one["multiply_direct"] = apart(self.multiply_direct)
        else:
            one["multiply_direct"] = _never
        self.multiply_one = bind(loops.multiply_one, *integers(14), **one)
        self.scratch_bytes_of = bound(loops.scratch_bytes, "scratch_bytes", **sizes)
        shared = {
            "multiply_one": apart(self.multiply_one),
            "scratch_bytes": inline(self.scratch_bytes_of),
        }
        self.multiply_small = bind(
            loops.multiply_small, *arrays(2), types.int64, returns=types.int64, **shared
        )
        self.multiply_stack = bind(
            loops.multiply_stack, *arrays(3), *integers(3), returns=types.int64, **shared
        )


@inline
def _never(a, a_row, a_k, b, b_row, c, c_row, m, k, n, parameters):  # type: ignore[no-untyped-def]
    """In place of a kernel that the ring does not have, and that is not called."""


def round_up(n_bytes: int) -> int:
    return -(-n_bytes // loops.ALIGNMENT) * loops.ALIGNMENT


@cache
def kernels(ring: str | Ring) -> Kernels:
    """The kernels of a ring, or of the one so named in rings.py, for this process's code-generation target."""
    return Kernels(rings()[ring] if isinstance(ring, str) else ring)
