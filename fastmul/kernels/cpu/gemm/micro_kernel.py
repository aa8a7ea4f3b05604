"""The micro-kernel: one MR x NR tile of C, held in registers over the whole depth of a block.

The contract, for a ring with k-groups of g elements (g = 1 except for the dot-product instructions):

    a: groups x MR words                 b: groups x NR words             c: rows `row_bytes` apart
    +----------------------+             +--------------------------+     +---------------+
    | a[0,0] ... a[MR-1,0] |  group 0    | b[0,0] ... ... b[0,NR-1] |     | MR rows of NR |
    | a[0,1] ... a[MR-1,1] |  group 1    | b[1,0] ... ... b[1,NR-1] |     | result        |
    |         ...          |             |           ...            |     | elements      |
    +----------------------+             +--------------------------+     +---------------+

The panels may begin with a header (packing.py). A word is g packed elements, neighbours in k. Every step broadcasts
MR words of a and multiplies each by the NV vectors of b: MR * NV independent multiply-adds for MR + NV loads, which
hides the latency of each.

It is emitted as vector IR and not written as a Python loop, because LLVM keeps neither a local array nor
scalar replicas of it in vector registers (measured: a fifth of this speed).
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastmul.kernels.cpu.gemm import emit
from fastmul.kernels.cpu.gemm.emit import I32, I64
from fastmul.kernels.cpu.gemm.rings import Ring

_WRITE, _KEEP, _DATA = I32(1), I32(3), I32(1)  # the arguments of llvm.prefetch


def make_micro_kernel(ring: Ring) -> Any:
    """The micro-kernel of a ring, as a Numba intrinsic on int64 addresses.

    ``micro_kernel(a, b, groups, c, row_bytes, accumulate)``: C = A B, or C += A B if accumulate.
    """

    @intrinsic
    def micro_kernel(typing_context: Any, a: Any, b: Any, groups: Any, c: Any, row_bytes: Any,
                     accumulate: Any) -> Any:  # fmt: skip
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            _Emitter(ring, builder).emit(*args)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 6), lower

    return micro_kernel


class _Emitter:
    def __init__(self, ring: Ring, builder: Any) -> None:
        self.ring, self.builder = ring, builder
        self.mr, self.nv = ring.tile.mr, ring.tile.nv
        self.accumulator = ring.accumulator_vector
        self.a_word, self.a_bytes = ring.side_a.word, ring.side_a.word_bytes
        self.b_vector = ir.VectorType(ring.side_b.word, ring.lanes)
        self.stored = ir.VectorType(emit.element(ring.result), ring.lanes)
        self.header_a, self.header_b = ring.side_a.header_words, ring.side_b.header_words

    def emit(self, a: Any, b: Any, groups: Any, c: Any, row_bytes: Any, accumulate: Any) -> None:
        builder = self.builder
        rows = self._rows(emit.at(builder, c), row_bytes)
        self._prefetch(rows)
        tile = self._loop(groups, *self._start(emit.at(builder, a), emit.at(builder, b)))
        with builder.if_else(builder.icmp_signed("!=", accumulate, I64(0))) as (add, replace):
            with add:
                self._write(tile, rows, add=True)
            with replace:
                self._write(tile, rows, add=False)

    def _rows(self, c: Any, row_bytes: Any) -> list[Any]:
        rows = [c]
        for _ in range(self.mr - 1):
            rows.append(self.builder.gep(rows[-1], [row_bytes]))
        return rows

    def _prefetch(self, rows: list[Any]) -> None:
        """Ask for the tile of C early: it comes from far away, and is needed only after the loop."""
        for row in rows:
            for offset in range(0, self.nv * emit.size(self.stored), 64):
                where = emit.at(self.builder, row, offset)
                emit.call(self.builder, "llvm.prefetch.p0", emit.VOID, where, _WRITE, _KEEP, _DATA)

    def _start(self, a: Any, b: Any) -> tuple[Any, Any, list[list[Any]]]:
        """The first k-groups, and the tile to start from: zeros, or minus the excess in a panel's header."""
        builder, zero = self.builder, emit.constant(self.accumulator, 0)
        tile = [[zero] * self.nv for _ in range(self.mr)]
        vector_bytes = emit.size(self.accumulator)
        if self.header_b:
            loads = [
                emit.load(builder, emit.at(builder, b, j * vector_bytes), self.accumulator)
                for j in range(self.nv)
            ]
            tile = [[builder.sub(zero, excess) for excess in loads]] * self.mr
            b = emit.at(builder, b, self.nv * vector_bytes)
        elif self.header_a:
            for i in range(self.mr):
                excess = emit.load(
                    builder, emit.at(builder, a, i * self.a_bytes), self.accumulator.element
                )
                start = builder.sub(zero, emit.splat(builder, excess, self.ring.lanes))
                tile[i] = [start] * self.nv
            a = emit.at(builder, a, self.mr * self.a_bytes)
        return a, b, tile

    def _loop(self, groups: Any, a: Any, b: Any, tile: list[list[Any]]) -> list[list[Any]]:
        """One step for each k-group.

        Not unrolled: the loop's own instructions fit beside the multiply-adds, and in an unrolled one LLVM moves
        multiplications above the additions of the step before, and spills.
        """
        builder, before = self.builder, self.builder.block
        loop, after = builder.append_basic_block("steps"), builder.append_basic_block("done")
        builder.cbranch(builder.icmp_signed(">", groups, I64(0)), loop, after)
        builder.position_at_end(loop)

        start = [I64(0), a, b, *(value for row in tile for value in row)]
        phis = [builder.phi(value.type) for value in start]
        trip, a_now, b_now = phis[:3]
        now = [phis[3 + i * self.nv : 3 + (i + 1) * self.nv] for i in range(self.mr)]
        now = self._step(a_now, b_now, now)
        a_step, b_step = self.mr * self.a_bytes, self.nv * emit.size(self.b_vector)
        following = [
            builder.add(trip, I64(1)),
            emit.at(builder, a_now, a_step),
            emit.at(builder, b_now, b_step),
            *(value for row in now for value in row),
        ]
        for phi, first, then in zip(phis, start, following, strict=True):
            phi.add_incoming(first, before)
            phi.add_incoming(then, loop)
        builder.cbranch(builder.icmp_signed("<", following[0], groups), loop, after)

        builder.position_at_end(after)
        merged = []
        for first, then in zip(start[3:], following[3:], strict=True):
            phi = builder.phi(first.type)
            phi.add_incoming(first, before)
            phi.add_incoming(then, loop)
            merged.append(phi)
        return [merged[i * self.nv : (i + 1) * self.nv] for i in range(self.mr)]

    def _step(self, a: Any, b: Any, tile: list[list[Any]]) -> list[list[Any]]:
        """One k-group: tile[i][j] += a[i] * b[j]."""
        ring, builder = self.ring, self.builder
        vector_bytes = emit.size(self.b_vector)
        columns = [
            emit.load(builder, emit.at(builder, b, j * vector_bytes), self.b_vector, 32)
            for j in range(self.nv)
        ]
        made = []
        for i in range(self.mr):
            where = emit.at(builder, a, i * self.a_bytes)
            word = emit.splat(builder, emit.load(builder, where, self.a_word), ring.lanes)
            made.append([
                ring.madd(builder, tile[i][j], word, columns[j]) for j in range(self.nv)
            ])  # fmt: skip
        return made

    def _write(self, tile: list[list[Any]], rows: list[Any], add: bool) -> None:
        builder, vector_bytes = self.builder, emit.size(self.stored)
        for row, where in zip(tile, rows, strict=True):
            for j, value in enumerate(row):
                pointer = emit.at(builder, where, j * vector_bytes)
                value = self.ring.stored(builder, value)
                if add:
                    value = self.ring.joined(
                        builder, value, emit.load(builder, pointer, self.stored)
                    )
                emit.store(builder, value, pointer)
