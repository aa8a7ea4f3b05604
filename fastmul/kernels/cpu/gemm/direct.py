"""Products too small to pack: tiles of C straight from A and B as they lie in memory.

    for each 4 vectors of columns (or 2 or 1, what is left of them):
        for each 4 rows (8 or 4):                         a tile of C in registers
            for each k:                                   a row of B, loaded under a mask; words of A, broadcast

Packing costs as much as the product of 16 x 16 matrices and is repaid by neither cache at such sizes. Lanes beyond
the last column are masked off, in loads and stores; rows beyond the last repeat it, the same values to the same
place.

Wide tiles, for long stacks come from memory: where a tile reads half a row of B, the hardware does not prefetch the
rows (measured on stacks of 32 x 32 int64: half the speed; prefetch instructions hide no more than a half of that).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastmul.kernels.cpu.gemm import emit
from fastmul.kernels.cpu.gemm.emit import I1, I64
from fastmul.kernels.cpu.gemm.micro_kernel import Emitter, Sums
from fastmul.kernels.cpu.gemm.packing import encode
from fastmul.kernels.cpu.gemm.rings import Ring, Tile, multiply_add


def unpacked(ring: Ring) -> Ring:
    """The ring of the same results that takes one k at a time and no header."""
    if ring.k_group == 1:
        return replace(ring, pairs=False)
    encodings = {
        name: "plain" if way == "shifted" else way
        for name, way in (("encode_a", ring.encode_a), ("encode_b", ring.encode_b))
    }
    return replace(ring, packed_a=ring.accumulator, packed_b=ring.accumulator, k_group=1,
                   madd=multiply_add, **encodings)  # fmt: skip


def rows(ring: Ring) -> int:
    """Rows of the largest tile: 2 vectors of each leave registers free, of which AVX-512 has 32, others 16."""
    return 8 if ring.vector_bytes == 64 else 4


def make_tile(ring: Ring, mr: int, nv: int) -> Any:
    """``tile(a, a_row, a_k, b, b_row, c, c_row, rows, columns, depth, parameters)``: an intrinsic on int64 addresses.

    Up to mr rows and nv vectors of columns of C, more than nv - 1 of them; rows of B and C are contiguous.
    """
    ring = replace(unpacked(ring), tile=Tile(mr, nv, 0, 0, 0))

    @intrinsic
    def tile(typing_context: Any, a: Any, a_row: Any, a_k: Any, b: Any, b_row: Any, c: Any, c_row: Any,
             rows: Any, columns: Any, depth: Any, parameters: Any) -> Any:  # fmt: skip
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            _DirectEmitter(ring, builder).emit_direct(*args)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 11), lower

    return tile


class _DirectEmitter(Emitter):
    """In the loop over k, `a` is the offset of a column of A and `b` the address of a row of B."""

    def emit_direct(self, a: Any, a_row: Any, a_k: Any, b: Any, b_row: Any, c: Any, c_row: Any,
                    rows: Any, columns: Any, depth: Any, parameters: Any) -> None:  # fmt: skip
        builder = self.builder
        self.load_parameters(parameters)
        self.address_of_parameters = parameters
        self.a_k, self.b_row = a_k, b_row
        last = builder.sub(rows, I64(1))
        indices = [I64(0), *(self._smaller(I64(r), last) for r in range(1, self.mr))]
        self.a_rows = [builder.add(a, builder.mul(i, a_row)) for i in indices]
        lane = ir.Constant(ir.VectorType(I64, self.ring.lanes), list(range(self.ring.lanes)))
        left = builder.sub(columns, I64((self.nv - 1) * self.ring.lanes))
        whole = ir.Constant(ir.VectorType(I1, self.ring.lanes), [1] * self.ring.lanes)
        rest = builder.icmp_signed("<", lane, emit.splat(builder, left, self.ring.lanes))
        self.masks = [*[whole] * (self.nv - 1), rest]
        zero = emit.constant(self.accumulator, self.ring.zero)
        start = [[[zero] * self.ring.n_accumulators] * self.nv] * self.mr
        sums = self.sum(depth, I64(0), b, start)
        for i, row in zip(indices, sums, strict=True):
            where = builder.add(c, builder.mul(i, c_row))
            for j, entry in enumerate(row):
                value = self.stored_entry(entry)
                pointer = emit.at(builder, where, j * emit.size(value.type))
                emit.masked_store(builder, value, pointer, self.masks[j])

    def _smaller(self, x: Any, y: Any) -> Any:
        return self.builder.select(self.builder.icmp_signed("<", x, y), x, y)

    def step(self, a: Any, b: Any, tile: Sums) -> tuple[Any, Any, Sums]:
        """tile[i][j] += A[i, k] * B[k, j]."""
        ring, builder = self.ring, self.builder
        read = ir.VectorType(emit.element(ring.b), ring.lanes)
        columns = []
        for j, mask in enumerate(self.masks):
            pointer = emit.at(builder, b, j * emit.size(read))
            line = emit.masked_load(builder, pointer, read, mask)
            columns.append(self._encoded(ring.side_b, line, self.b_vector))
        words = []
        for row in self.a_rows:
            word = emit.load(builder, emit.at(builder, builder.add(row, a)), emit.element(ring.a))
            words.append(
                emit.splat(builder, self._encoded(ring.side_a, word, self.a_word), ring.lanes)
            )
        made = self.multiply_added(tile, words, columns)
        return builder.add(a, self.a_k), builder.add(b, self.b_row), made

    def _encoded(self, side: Any, value: Any, kind: Any) -> Any:
        return encode(side, self.builder, value, kind, self.address_of_parameters)
