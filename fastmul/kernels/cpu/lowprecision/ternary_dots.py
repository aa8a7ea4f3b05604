"""Ternary weights times 8-bit activations: the sums of one tile, ROWS rows of weights by a few tokens.

A row of weights is its 2-bit codes (0, 1, 2 for -1, 0, +1), four to a byte, as they are stored. Unpacking is one shift
and one mask of a whole vector; what that makes neighbours are every fourth weight, so the activations are laid
out to match, once for each token:

    64 bytes of a row                          +------+------+--   --+-------+     byte j: the codes of the weights
    (a block: 256 weights)                     |  0   |  1   |  ...  |  63   |     4j (bits 0-1), 4j+1 (bits 2-3),
                                               +------+------+--   --+-------+     4j+2 (bits 4-5), 4j+3 (bits 6-7)

    (block >> 2q) & 0x0303...03:               c[q]   c[q+4]   ...    c[q+252]     plane q of the codes
    activations, plane q, q = 0, 1, 2, 3:      x[q]   x[q+4]   ...    x[q+252]     64 bytes each, one after another

    sum of w x  =  sum of (c - 1) x  =  sum of c x  -  sum of x

The codes are unsigned and the activations signed, which is what the instructions for products of bytes take. A row
whose length is no multiple of a block ends with a block that overlaps the one before; its activations there are zeros,
as they are beyond the last weight.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastmul.kernels.cpu.gemm import emit
from fastmul.kernels.cpu.gemm.emit import I32, I64
from fastmul.kernels.cpu.gemm.rings import dot4
from fastmul.runtime.target import Target, target

#: Rows of weights in a tile.
ROWS = 4
#: Bytes of weights in a block, and the planes of codes in it.
BLOCK_BYTES, PLANES = 64, 4
#: Bytes of activations that belong to a block.
BLOCK_ACTIVATIONS = PLANES * BLOCK_BYTES
_CODE_MASK, _CODE_BITS = 0x03, 2
#: How many tiles ahead weights are asked for. Measured on a Zen 4 core, rows of 1 KiB, of the 27 GB/s that summing an
#: array reaches: none 9, one 17, two and three 25; two, but into the first level, 9.
TILES_AHEAD = 2
_READ, _SECOND_LEVEL, _DATA = I32(0), I32(2), I32(1)  # the arguments of llvm.prefetch


def tokens(machine: Target) -> int:
    """Tokens of a full tile: as many as leave its sums in registers."""
    return 4 if machine.vnni else 2


def make_dots(n_tokens: int) -> Any:
    """The tile kernel for so many tokens, as an intrinsic on int64 addresses and byte distances.

    ``dots(rows, row_bytes, n_rows, blocks, activations, token_bytes, sums, out, out_bytes)``:
    out[t, r] = sum of w[r] x[t], for ROWS rows (those beyond n_rows repeat the last), with sums[t] the sum of x[t].
    """
    emitter = _Bytes if target().vnni else _Pairs

    @intrinsic
    def dots(typing_context: Any, rows: Any, row_bytes: Any, n_rows: Any, blocks: Any, activations: Any,
             token_bytes: Any, sums: Any, out: Any, out_bytes: Any) -> Any:  # fmt: skip
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            emitter(builder, n_tokens).emit(*args)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 9), lower

    return dots


class _Dots:
    """Emits one tile. A tile is a list of vectors of int32 sums, token by token, ROWS of each."""

    vector_bytes: int

    def __init__(self, builder: Any, n_tokens: int) -> None:
        self.builder, self.n_tokens = builder, n_tokens
        self.bytes = ir.VectorType(emit.I8, self.vector_bytes)
        self.sums = ir.VectorType(I32, self.vector_bytes // 4)

    def emit(self, rows: Any, row_bytes: Any, n_rows: Any, blocks: Any, activations: Any, token_bytes: Any,
             sums: Any, out: Any, out_bytes: Any) -> None:  # fmt: skip
        builder = self.builder
        self.ahead = builder.mul(row_bytes, I64(TILES_AHEAD * ROWS))
        self.last = builder.sub(row_bytes, I64(BLOCK_BYTES))
        last_row = builder.sub(n_rows, I64(1))
        self.rows = [
            builder.add(rows, builder.mul(self._smaller(I64(r), last_row), row_bytes))
            for r in range(ROWS)
        ]
        self.activations = [
            builder.add(activations, builder.mul(I64(t), token_bytes)) for t in range(self.n_tokens)
        ]
        totals = self._reduced(self._loop(blocks))
        for t in range(self.n_tokens):
            row = emit.shuffle(builder, totals, totals, list(range(t * ROWS, (t + 1) * ROWS)))
            excess = emit.load(builder, emit.at(builder, sums, 4 * t), I32)
            where = emit.at(builder, builder.add(out, builder.mul(I64(t), out_bytes)))
            emit.store(builder, builder.sub(row, emit.splat(builder, excess, ROWS)), where)

    def _smaller(self, x: Any, y: Any) -> Any:
        return self.builder.select(self.builder.icmp_signed("<", x, y), x, y)

    def _loop(self, blocks: Any) -> list[Any]:
        """The sums over all blocks, of which there is at least one."""
        builder, before = self.builder, self.builder.block
        loop, after = builder.append_basic_block("blocks"), builder.append_basic_block("done")
        builder.branch(loop)
        builder.position_at_end(loop)
        block = builder.phi(I64)
        tile = [builder.phi(self.sums) for _ in range(self.n_tokens * ROWS)]
        made = self._block(block, list(tile))
        following = builder.add(block, I64(1))
        for phi, first, then in zip(
            [block, *tile],
            [I64(0), *[emit.constant(self.sums, 0)] * len(tile)],
            [following, *made],
            strict=True,
        ):
            phi.add_incoming(first, before)
            phi.add_incoming(then, loop)
        builder.cbranch(builder.icmp_signed("<", following, blocks), loop, after)
        builder.position_at_end(after)
        return made

    def _block(self, block: Any, tile: list[Any]) -> list[Any]:
        builder = self.builder
        offset = self._smaller(builder.mul(block, I64(BLOCK_BYTES)), self.last)
        staged = builder.mul(block, I64(BLOCK_ACTIVATIONS))
        for r, row in enumerate(self.rows):
            where = builder.add(row, offset)
            self._prefetch(where)
            for part in range(0, BLOCK_BYTES, self.vector_bytes):
                codes = self._planes(emit.at(builder, where, part))
                for t, token in enumerate(self.activations):
                    start = builder.add(token, staged)
                    planes = [
                        emit.load(
                            builder, emit.at(builder, start, q * BLOCK_BYTES + part), self.bytes
                        )
                        for q in range(PLANES)
                    ]
                    i = t * ROWS + r
                    tile[i] = self.added(tile[i], codes, planes)
        return tile

    def _prefetch(self, where: Any) -> None:
        """Ask for the same block of a tile to come: rows are too short for the hardware to foresee."""
        ahead = emit.at(self.builder, self.builder.add(where, self.ahead))
        what = (_READ, _SECOND_LEVEL, _DATA)
        emit.call(self.builder, "llvm.prefetch.p0", emit.VOID, ahead, *what)

    def _planes(self, where: Any) -> list[Any]:
        """The codes of a vector of weights, a plane at a time."""
        builder = self.builder
        words = ir.VectorType(ir.IntType(16), self.vector_bytes // 2)  # there is no shift of bytes
        packed = emit.load(builder, where, words)
        mask = emit.constant(words, _CODE_MASK | _CODE_MASK << 8)
        shifted = [packed] + [
            builder.lshr(packed, emit.constant(words, _CODE_BITS * q)) for q in range(1, PLANES)
        ]
        return [builder.bitcast(builder.and_(plane, mask), self.bytes) for plane in shifted]

    def added(self, total: Any, codes: list[Any], activations: list[Any]) -> Any:
        """total + the products of all planes."""
        raise NotImplementedError

    def _reduced(self, vectors: list[Any]) -> Any:
        """The sum of the lanes of each vector, in the order of the vectors, as one vector.

        Of each two vectors, even lanes and odd lanes are added: half as many vectors with the sums of one vector
        in the lower half. Then so within the last one.
        """
        builder, lanes = self.builder, self.sums.count
        count = len(vectors)
        while len(vectors) > 1:
            vectors = [
                self._folded(x, y) for x, y in zip(vectors[0::2], vectors[1::2], strict=True)
            ]
        total = vectors[0]
        while lanes > count:
            lanes //= 2
            even, odd = (
                emit.shuffle(builder, total, total, list(range(first, 2 * lanes, 2)))
                for first in (0, 1)
            )
            total = builder.add(even, odd)
        return total

    def _folded(self, x: Any, y: Any) -> Any:
        count = x.type.count
        even, odd = (
            emit.shuffle(self.builder, x, y, list(range(first, 2 * count, 2))) for first in (0, 1)
        )
        return self.builder.add(even, odd)


class _Bytes(_Dots):
    """vpdpbusd: four products of bytes and a sum, in each int32 lane."""

    vector_bytes = 64

    def added(self, total: Any, codes: list[Any], activations: list[Any]) -> Any:
        for c, x in zip(codes, activations, strict=True):
            c, x = (self.builder.bitcast(v, self.sums) for v in (c, x))
            total = dot4(self.builder, total, c, x)
        return total


class _Pairs(_Dots):
    """vpmaddubsw: two products of bytes in an int16 lane, four planes of which are added before they are widened.

    Each is at most 2 * 3 * 128 (a code is at most 3), the sum of four at most 3072: nothing saturates or wraps.
    """

    vector_bytes = 32

    def added(self, total: Any, codes: list[Any], activations: list[Any]) -> Any:
        builder = self.builder
        products = [self._products(c, x) for c, x in zip(codes, activations, strict=True)]
        first, second, third, fourth = products
        pairs = builder.add(builder.add(first, second), builder.add(third, fourth))
        return builder.add(total, self._widened(pairs))

    def _products(self, codes: Any, activations: Any) -> Any:
        builder, halves = self.builder, ir.VectorType(ir.IntType(16), self.vector_bytes // 2)
        if target().has("avx2"):
            name = "llvm.x86.avx2.pmadd.ub.sw"
            return emit.call(builder, name, halves, codes, activations)
        eight = emit.constant(halves, 8)
        c, x = (builder.bitcast(v, halves) for v in (codes, activations))
        even = builder.mul(
            builder.and_(c, emit.constant(halves, 0xFF)), builder.ashr(builder.shl(x, eight), eight)
        )
        odd = builder.mul(builder.lshr(c, eight), builder.ashr(x, eight))
        return builder.add(even, odd)

    def _widened(self, pairs: Any) -> Any:
        """The sums of neighbouring int16 lanes as int32."""
        builder = self.builder
        if target().has("avx2"):
            ones = emit.constant(pairs.type, 1)
            return emit.call(builder, "llvm.x86.avx2.pmadd.wd", self.sums, pairs, ones)
        sixteen = emit.constant(self.sums, 16)
        words = builder.bitcast(pairs, self.sums)
        even = builder.ashr(builder.shl(words, sixteen), sixteen)
        return builder.add(even, builder.ashr(words, sixteen))
