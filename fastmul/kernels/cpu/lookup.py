"""Sums of looked-up bytes: codes of rows by trees of comparisons, and for each output the sum of its table entries.

    codes (codebooks, rows)        tables (outputs / 4, codebooks, 4, 16)           one step: a codebook, 4 outputs

    | 64 codes, codebook 0 |       | 16 bytes | 16 bytes | 16 bytes | 16 bytes |    each table goes through one shuffle
    | 64 codes, codebook 1 |       | of output 0, 1, 2, 3 for codebook 0       |    of bytes by the 64 codes; the 64
    |         ...          |       |                  ...                      |    entries that come out are added

Entries are bytes, sums 16 bits (bounds/lookup.py): exact. An entry of the result is scale * sum + offset, each rounded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import float32, int64, types, uint8, void
from numba.extending import intrinsic

from fastmul.bounds.lookup import LEAVES, LEVELS
from fastmul.kernels.cpu.gemm import emit
from fastmul.kernels.cpu.gemm.emit import I8, I32, I64, address
from fastmul.runtime.jit import const, kernel
from fastmul.runtime.scratch import lease
from fastmul.runtime.target import target
from fastmul.runtime.threads import chunks, get_threads, run

#: Outputs of one step, and its rows: a vector of bytes.
OUTPUTS = 4
ROWS = 64 if target().avx512 else 32
#: Table entries summed in one chunk: about 10 ms.
CHUNK_WORK = 1 << 28
#: Comparisons made in one chunk.
CHUNK_COMPARISONS = 1 << 22

_I16 = ir.IntType(16)
_FLOATS = ir.VectorType(ir.FloatType(), 16)


@kernel(
    void(
        const(float32[:, :]),
        const(int64[:, ::1]),
        const(float32[:, ::1]),
        int64,
        int64,
        uint8[:, ::1],
    )
)
def _encode(a, splits, thresholds, first, last, codes):
    """codes[t, i] = the leaf of tree t for the rows first to last: at each level, to the right if above the threshold.

    thresholds[t, node] of the nodes 1 (the root), 2, 3, ..., 15: the children of a node are 2 node and 2 node + 1.
    """
    for i in range(first, last):
        for t in range(splits.shape[0]):
            node = 1
            for level in range(LEVELS):
                node = 2 * node + (1 if a[i, splits[t, level]] > thresholds[t, node] else 0)
            codes[t, i] = np.uint8(node - LEAVES)


@intrinsic
def _sum_step(typing_context: Any, codes: Any, code_bytes: Any, tables: Any, codebooks: Any, scales: Any,
              offsets: Any, out: Any, out_bytes: Any) -> Any:  # fmt: skip
    """out[r, o] = scales[o] * (sum over t of tables[t, o, codes[t, r]]) + offsets[o], ROWS rows and OUTPUTS outputs.

    All are int64 addresses and distances in bytes; there is at least one codebook.
    """

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        _Step(builder).emit(*args)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 8), lower


class _Step:
    """Emits one step: for each output the sum of all words and that of the odd bytes."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder
        self.bytes, self.words = ir.VectorType(I8, ROWS), ir.VectorType(_I16, ROWS // 2)

    def emit(self, codes: Any, code_bytes: Any, tables: Any, codebooks: Any, scales: Any, offsets: Any,
             out: Any, out_bytes: Any) -> None:  # fmt: skip
        sums = self._loop(codes, code_bytes, tables, codebooks)
        rows = [self._in_order(*sums[2 * o : 2 * o + 2]) for o in range(OUTPUTS)]
        builder = self.builder
        for start in range(0, ROWS, _FLOATS.count):
            columns = []
            for o, row in enumerate(rows):
                part = emit.shuffle(builder, row, row, list(range(start, start + _FLOATS.count)))
                value = builder.uitofp(part, _FLOATS)
                for operation, of in ((builder.fmul, scales), (builder.fadd, offsets)):
                    scalar = emit.load(builder, emit.at(builder, of, 4 * o), ir.FloatType())
                    value = operation(value, emit.splat(builder, scalar, _FLOATS.count))
                columns.append(value)
            block = emit.interleave(builder, columns)
            for r in range(_FLOATS.count):
                quad = emit.shuffle(
                    builder, block, block, list(range(r * OUTPUTS, (r + 1) * OUTPUTS))
                )
                where = builder.add(out, builder.mul(out_bytes, I64(start + r)))
                emit.store(builder, quad, emit.at(builder, where))

    def _loop(self, codes: Any, code_bytes: Any, tables: Any, codebooks: Any) -> list[Any]:
        builder, before = self.builder, self.builder.block
        loop, after = builder.append_basic_block("codebooks"), builder.append_basic_block("done")
        builder.branch(loop)
        builder.position_at_end(loop)
        zero = emit.constant(self.words, 0)
        start = [I64(0), codes, tables, *[zero] * (2 * OUTPUTS)]
        phis = [builder.phi(value.type) for value in start]
        t, code, table, *sums = phis
        picks = emit.load(builder, emit.at(builder, code), self.bytes)
        made = []
        for o in range(OUTPUTS):
            entries = self._looked_up(emit.at(builder, table, o * LEAVES), picks)
            words = builder.bitcast(entries, self.words)
            odd = builder.lshr(words, emit.constant(self.words, 8))
            made += [builder.add(sums[2 * o], words), builder.add(sums[2 * o + 1], odd)]
        following = [
            builder.add(t, I64(1)), builder.add(code, code_bytes),
            builder.add(table, I64(OUTPUTS * LEAVES)), *made,
        ]  # fmt: skip
        for phi, first, then in zip(phis, start, following, strict=True):
            phi.add_incoming(first, before)
            phi.add_incoming(then, loop)
        builder.cbranch(builder.icmp_signed("<", following[0], codebooks), loop, after)
        builder.position_at_end(after)
        return made

    def _looked_up(self, table: Any, picks: Any) -> Any:
        """table[picks], for a table of 16 bytes."""
        builder = self.builder
        entries = emit.load(builder, table, ir.VectorType(I8, LEAVES))
        if not target().has("avx2"):
            chosen = ir.Constant(self.bytes, ir.Undefined)
            for r in range(ROWS):
                lane = builder.zext(builder.extract_element(picks, I32(r)), I32)
                chosen = builder.insert_element(
                    chosen, builder.extract_element(entries, lane), I32(r)
                )
            return chosen
        repeated = emit.shuffle(builder, entries, entries, [i % LEAVES for i in range(ROWS)])
        name = "llvm.x86.avx512.pshuf.b.512" if ROWS == 64 else "llvm.x86.avx2.pshuf.b"
        return emit.call(builder, name, self.bytes, repeated, picks)

    def _in_order(self, both: Any, odd: Any) -> Any:
        """The sums of the rows in their order, from those of all words and of odd bytes."""
        builder = self.builder
        even = builder.sub(both, builder.shl(odd, emit.constant(self.words, 8)))
        return emit.interleave(builder, [even, odd])


_MATRIX = float32[:, ::1]


@kernel(
    void(const(uint8[:, ::1]), const(uint8[:, :, :, ::1]), const(float32[::1]), const(float32[::1]), int64, int64,
         int64, _MATRIX, _MATRIX)
)  # fmt: skip
def _sum_rows(codes, tables, scales, offsets, first, last, n_outputs, tile, out):
    """The rows first to last (from a multiple of ROWS on) of the result; `tile` has room for one step."""
    codebooks = codes.shape[0]
    for i in range(first, last, ROWS):
        rows = min(ROWS, last - i)
        for quad in range(tables.shape[0]):
            o = quad * OUTPUTS
            outputs = min(OUTPUTS, n_outputs - o)
            whole = rows == ROWS and outputs == OUTPUTS
            to, to_bytes = address(tile), 4 * OUTPUTS
            if whole:
                to, to_bytes = address(out) + 4 * (i * out.shape[1] + o), 4 * out.shape[1]
            table = address(tables) + quad * codebooks * OUTPUTS * LEAVES
            _sum_step(address(codes) + i, codes.shape[1], table, codebooks, address(scales) + 4 * o,
                      address(offsets) + 4 * o, to, to_bytes)  # fmt: skip
            if not whole:
                for r in range(rows):
                    for j in range(outputs):
                        out[i + r, o + j] = tile[r, j]


def encode(
    a: np.ndarray, splits: np.ndarray, thresholds: np.ndarray, threads: int | None = None
) -> np.ndarray:
    """The codes (codebooks, rows) of (rows, k) float32; the rows are filled up to a multiple of ROWS."""
    rows = a.shape[0]
    codes = np.zeros((len(splits), -(-rows // ROWS) * ROWS), np.uint8)
    pieces = chunks(rows, LEVELS * len(splits), CHUNK_COMPARISONS)
    run(
        lambda first, last: _encode(a, splits, thresholds, first, last, codes),
        pieces,
        get_threads(threads),
    )
    return codes


def multiply(
    codes: np.ndarray, rows: int, tables: np.ndarray, scales: np.ndarray, offsets: np.ndarray, n_outputs: int,
    threads: int | None = None,
) -> np.ndarray:  # fmt: skip
    """The result (rows, n_outputs), float32; tables, scales and offsets are filled up to a multiple of OUTPUTS."""
    out = np.empty((rows, n_outputs), np.float32)
    each = len(codes) * max(1, n_outputs)

    def sum_blocks(first: int, last: int) -> None:
        with lease(4 * ROWS * OUTPUTS) as room:
            tile = room[: 4 * ROWS * OUTPUTS].view(np.float32).reshape(ROWS, OUTPUTS)
            stop = min(rows, last * ROWS)
            _sum_rows(codes, tables, scales, offsets, first * ROWS, stop, n_outputs, tile, out)

    run(sum_blocks, chunks(-(-rows // ROWS), ROWS * each, CHUNK_WORK), get_threads(threads))
    return out
