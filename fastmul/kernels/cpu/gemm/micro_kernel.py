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

from llvmlite import binding, ir
from numba import types
from numba.extending import intrinsic

from fastmul.kernels.cpu.gemm import emit
from fastmul.kernels.cpu.gemm.emit import I32, I64
from fastmul.kernels.cpu.gemm.rings import Ring

Sums = list[list[list[Any]]]

#: Older ones refuse a module that promises a range of a vector.
_RANGES_OF_VECTORS = binding.llvm_version_info[0] >= 19

_WRITE, _KEEP, _DATA = I32(1), I32(3), I32(1)  # the arguments of llvm.prefetch


def make_micro_kernel(ring: Ring) -> Any:
    """The micro-kernel of a ring, as a Numba intrinsic on int64 addresses.

    ``micro_kernel(a, b, groups, c, row_bytes, accumulate, parameters)``: C = A B, or C += A B if accumulate.
    """

    @intrinsic
    def micro_kernel(typing_context: Any, a: Any, b: Any, groups: Any, c: Any, row_bytes: Any,
                     accumulate: Any, parameters: Any) -> Any:  # fmt: skip
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            Emitter(ring, builder).emit(*args)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 7), lower

    return micro_kernel


class Emitter:
    """Emits one micro-kernel. An entry of C is a list of `n_accumulators` vectors; a tile is rows of entries."""

    def __init__(self, ring: Ring, builder: Any) -> None:
        self.ring, self.builder = ring, builder
        self.mr, self.nv = ring.tile.mr, ring.tile.nv
        self.accumulator = ring.accumulator_vector
        self.a_word, self.a_bytes = ring.side_a.word, ring.side_a.word_bytes
        self.b_vector = ir.VectorType(ring.side_b.word, ring.lanes)
        self.stored = ir.VectorType(emit.element(ring.result), ring.lanes)
        self.header_a, self.header_b = ring.side_a.header_words, ring.side_b.header_words
        self.parameters: list[Any] = []

    def emit(self, a: Any, b: Any, groups: Any, c: Any, row_bytes: Any, accumulate: Any,
             parameters: Any) -> None:  # fmt: skip
        builder = self.builder
        self.load_parameters(parameters)
        rows = self._rows(emit.at(builder, c), row_bytes)
        self._prefetch(rows)
        a, b, tile = self._start(emit.at(builder, a), emit.at(builder, b))
        tile = self.sum(groups, a, b, tile)
        with builder.if_else(builder.icmp_signed("!=", accumulate, I64(0))) as (add, replace):
            with add:
                self._write(tile, rows, add=True)
            with replace:
                self._write(tile, rows, add=False)

    def load_parameters(self, where: Any) -> None:
        words = emit.words(self.builder, where, self.ring.parameters)
        self.parameters = [emit.splat(self.builder, word, self.ring.lanes) for word in words]

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

    def _start(self, a: Any, b: Any) -> tuple[Any, Any, Sums]:
        """The first k-groups, and the tile to start from: the ring's zero, or minus the excess in a header."""
        builder, zero = self.builder, emit.constant(self.accumulator, self.ring.zero)
        tile = [[[zero] * self.ring.n_accumulators] * self.nv] * self.mr
        vector_bytes = emit.size(self.accumulator)
        if self.ring.pairs:
            return self._start_pairs(a, b)
        if self.header_b:
            loads = [
                emit.load(builder, emit.at(builder, b, j * vector_bytes), self.accumulator)
                for j in range(self.nv)
            ]
            tile = [[[builder.sub(zero, excess)] for excess in loads]] * self.mr
            b = emit.at(builder, b, self.nv * vector_bytes)
        elif self.header_a:
            tile = []
            for i in range(self.mr):
                excess = emit.load(
                    builder, emit.at(builder, a, i * self.a_bytes), self.accumulator.element
                )
                start = builder.sub(zero, emit.splat(builder, excess, self.ring.lanes))
                tile.append([[start]] * self.nv)
            a = emit.at(builder, a, self.mr * self.a_bytes)
        return a, b, tile

    def _start_pairs(self, a: Any, b: Any) -> tuple[Any, Any, Sums]:
        """As _start, from the sums of pairs in both headers."""
        builder, vector_bytes = self.builder, emit.size(self.b_vector)
        zero = emit.constant(self.accumulator, self.ring.zero)
        others = [zero] * (self.ring.n_accumulators - 1)
        columns = [
            emit.load(builder, emit.at(builder, b, j * vector_bytes), self.accumulator)
            for j in range(self.nv)
        ]
        tile = []
        for i in range(self.mr):
            row = self._splat(emit.at(builder, a, i * self.a_bytes))
            tile.append([[builder.add(row, column), *others] for column in columns])
        return (
            emit.at(builder, a, self.mr * self.a_bytes),
            emit.at(builder, b, self.nv * vector_bytes),
            tile,
        )

    def _splat(self, where: Any) -> Any:
        """A word of a in all lanes."""
        scalar = self._operand(emit.load(self.builder, where, self.a_word))
        return emit.splat(self.builder, scalar, self.ring.lanes)

    def sum(self, groups: Any, a: Any, b: Any, tile: Sums) -> Sums:
        """All k-groups, reduced after every `period` of them."""
        builder, period = self.builder, self.ring.period
        if self.ring.pairs:
            pairs, rest = builder.sdiv(groups, I64(2)), builder.srem(groups, I64(2))
            a, b, tile = self._loop(pairs, a, b, tile, self._pair_step)
            return self._loop(rest, a, b, tile, self.step)[2]
        if not period:
            return self._loop(groups, a, b, tile, self.step)[2]

        def between_reductions(a: Any, b: Any, tile: Sums) -> tuple[Any, Any, Sums]:
            a, b, tile = self._loop(I64(period), a, b, tile, self.step)
            return a, b, self._each(tile, self.ring.reduce)

        whole, rest = builder.sdiv(groups, I64(period)), builder.srem(groups, I64(period))
        a, b, tile = self._loop(whole, a, b, tile, between_reductions)
        return self._loop(rest, a, b, tile, self.step)[2]

    def _each(self, tile: Sums, change: Any) -> Sums:
        """change(sum, *parameters) of every entry."""
        return [
            [_listed(change(self.builder, _sum(entry), *self.parameters)) for entry in row]
            for row in tile
        ]

    def _loop(self, trips: Any, a: Any, b: Any, tile: Sums, body: Any) -> tuple[Any, Any, Sums]:
        """body(a, b, tile) -> a, b, tile, so many times.

        Not unrolled: the loop's own instructions fit beside the multiply-adds, and in an unrolled one LLVM moves
        multiplications above the additions of the step before, and spills.
        """
        builder, before = self.builder, self.builder.block
        loop, after = builder.append_basic_block("steps"), builder.append_basic_block("done")
        builder.cbranch(builder.icmp_signed(">", trips, I64(0)), loop, after)
        builder.position_at_end(loop)

        start = [I64(0), a, b, *_flat(tile)]
        phis = [builder.phi(value.type) for value in start]
        a_next, b_next, tile_next = body(*phis[1:3], self._tile(phis[3:]))
        following = [builder.add(phis[0], I64(1)), a_next, b_next, *_flat(tile_next)]
        end = builder.block  # of the body, which may have loops of its own
        for phi, first, then in zip(phis, start, following, strict=True):
            phi.add_incoming(first, before)
            phi.add_incoming(then, end)
        builder.cbranch(builder.icmp_signed("<", following[0], trips), loop, after)

        builder.position_at_end(after)
        merged = []
        for first, then in zip(start[1:], following[1:], strict=True):
            phi = builder.phi(first.type)
            phi.add_incoming(first, before)
            phi.add_incoming(then, end)
            merged.append(phi)
        return merged[0], merged[1], self._tile(merged[2:])

    def _tile(self, values: list[Any]) -> Sums:
        """The inverse of _flat."""
        n, nv = self.ring.n_accumulators, self.nv
        entries = [values[i : i + n] for i in range(0, len(values), n)]
        return [entries[i : i + nv] for i in range(0, len(entries), nv)]

    def step(self, a: Any, b: Any, tile: Sums) -> tuple[Any, Any, Sums]:
        """One k-group: tile[i][j] += a[i] * b[j]."""
        builder = self.builder
        vector_bytes = emit.size(self.b_vector)
        columns = [
            self._operand(
                emit.load(builder, emit.at(builder, b, j * vector_bytes), self.b_vector, 32)
            )
            for j in range(self.nv)
        ]
        words = [self._splat(emit.at(builder, a, i * self.a_bytes)) for i in range(self.mr)]
        made = self.multiply_added(tile, words, columns)
        a_step, b_step = self.mr * self.a_bytes, self.nv * vector_bytes
        return emit.at(builder, a, a_step), emit.at(builder, b, b_step), made

    def multiply_added(self, tile: Sums, words: list[Any], columns: list[Any]) -> Sums:
        """tile[i][j] += words[i] * columns[j]."""

        def entry(total: list[Any], a: Any, b: Any) -> list[Any]:
            return _listed(self.ring.madd(self.builder, _sum(total), a, b, *self.parameters))

        return [
            [entry(total, a, b) for total, b in zip(row, columns, strict=True)]
            for row, a in zip(tile, words, strict=True)
        ]

    def stored_entry(self, entry: list[Any]) -> Any:
        """A finished sum as a vector of the result's dtype."""
        return self.ring.stored(self.builder, _sum(entry), self.parameters)

    def _pair_step(self, a: Any, b: Any, tile: Sums) -> tuple[Any, Any, Sums]:
        """Two k-groups: tile[i][j] += (a0[i] + b1[j]) (a1[i] + b0[j]), what that adds too much being in the headers."""
        ring, builder = self.ring, self.builder
        vector_bytes = emit.size(self.b_vector)
        b0, b1 = (
            [
                emit.load(builder, emit.at(builder, b, j * vector_bytes), self.b_vector, 32)
                for j in range(g * self.nv, (g + 1) * self.nv)
            ]
            for g in (0, 1)
        )
        made = []
        for i in range(self.mr):
            a0, a1 = (
                self._splat(emit.at(builder, a, (g * self.mr + i) * self.a_bytes)) for g in (0, 1)
            )
            row = []
            for j in range(self.nv):
                x, y = builder.add(a0, b1[j]), builder.add(a1, b0[j])
                total = ring.madd(builder, _sum(tile[i][j]), x, y, *self.parameters)
                row.append(_listed(total))
            made.append(row)
        a_step, b_step = 2 * self.mr * self.a_bytes, 2 * self.nv * vector_bytes
        return emit.at(builder, a, a_step), emit.at(builder, b, b_step), made

    def _operand(self, loaded: Any) -> Any:
        """A loaded word or vector of words, with what the ring promises of it."""
        bits = self.ring.operand_bits
        if bits is not None and (_RANGES_OF_VECTORS or not isinstance(loaded.type, ir.VectorType)):
            kind = getattr(loaded.type, "element", loaded.type)
            limits = self.builder.module.add_metadata([kind(0), kind(1 << bits)])
            loaded.set_metadata("range", limits)
        return loaded

    def _write(self, tile: Sums, rows: list[Any], add: bool) -> None:
        builder, vector_bytes = self.builder, emit.size(self.stored)
        for row, where in zip(tile, rows, strict=True):
            for j, entry in enumerate(row):
                pointer = emit.at(builder, where, j * vector_bytes)
                value = self.stored_entry(entry)
                if add:
                    before = emit.load(builder, pointer, self.stored)
                    value = self.ring.joined(builder, before, value, self.parameters)
                emit.store(builder, value, pointer)


def _sum(entry: list[Any]) -> Any:
    """An entry as a ring's functions take it."""
    return entry[0] if len(entry) == 1 else tuple(entry)


def _listed(value: Any) -> list[Any]:
    """An entry as a ring's functions return it, as a list."""
    return list(value) if isinstance(value, tuple) else [value]


def _flat(tile: Sums) -> list[Any]:
    return [vector for row in tile for entry in row for vector in entry]
