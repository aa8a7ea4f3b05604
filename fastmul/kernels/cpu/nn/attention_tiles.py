"""Register tiles of the products inside attention, emitted as vector IR (why: `gemm.micro_kernel`).

    C[i, :] (+)= sum over k of A[i, k] B[k, :]          i < rows, ":" = `vectors` vectors of sixteen columns

A is read as it lies in memory, one broadcast element at a time, at the address a + i a_row + k a_k. So one tile
serves every product of attention without packing or transposing a single operand; only its strides change. Rows of
B and C are contiguous vectors.

Rows beyond `count` repeat the last one while they are computed, and are not written: nothing outside A is read, and
nothing outside C is touched.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastmul.kernels.cpu.float_lanes import LANES, VECTOR_BYTES
from fastmul.kernels.cpu.gemm import emit
from fastmul.kernels.cpu.gemm.emit import I64

_VECTOR = ir.VectorType(ir.FloatType(), LANES)
_FMA = f"llvm.fma.v{LANES}f32"


def make_product(rows: int, vectors: int, finish: str) -> Any:
    """``product(a, a_row, a_k, count, b, b_k, depth, c, c_row, factors)``: an intrinsic on int64 addresses and strides.

    `finish`: "store" C = A B; "add" C += A B; "scale" C = C * factors + A B, `factors` being the address of a row.
    depth >= 1, 1 <= count.
    """

    @intrinsic
    def product(typing_context: Any, a: Any, a_row: Any, a_k: Any, count: Any, b: Any, b_k: Any, depth: Any,
                c: Any, c_row: Any, factors: Any) -> Any:  # fmt: skip
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            _emit(builder, rows, vectors, finish, *args)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 10), lower

    return product


def _emit(builder: Any, rows: int, vectors: int, finish: str, a: Any, a_row: Any, a_k: Any, count: Any,
          b: Any, b_k: Any, depth: Any, c: Any, c_row: Any, factors: Any) -> None:  # fmt: skip
    last = builder.sub(count, I64(1))
    a_rows = []
    for i in range(rows):
        row = builder.select(builder.icmp_signed("<", I64(i), last), I64(i), last)
        a_rows.append(builder.add(a, builder.mul(row, a_row)))

    before, loop = builder.block, builder.append_basic_block("depth")
    builder.branch(loop)
    builder.position_at_end(loop)
    zero = emit.constant(_VECTOR, 0.0)
    start = [I64(0), I64(0), b, *[zero] * (rows * vectors)]
    phis = [builder.phi(value.type) for value in start]
    k, offset, b_line, *tile = phis
    columns = [
        emit.load(builder, emit.at(builder, b_line, j * VECTOR_BYTES), _VECTOR, 4)
        for j in range(vectors)
    ]
    sums = []
    for i in range(rows):
        where = emit.at(builder, builder.add(a_rows[i], offset))
        word = emit.splat(builder, emit.load(builder, where, ir.FloatType(), 4), LANES)
        sums += [
            emit.call(builder, _FMA, _VECTOR, word, columns[j], tile[i * vectors + j])
            for j in range(vectors)
        ]
    k_next = builder.add(k, I64(1))
    following = [k_next, builder.add(offset, a_k), builder.add(b_line, b_k), *sums]
    for phi, first, then in zip(phis, start, following, strict=True):
        phi.add_incoming(first, before)
        phi.add_incoming(then, loop)
    after = builder.append_basic_block("done")
    builder.cbranch(builder.icmp_signed("<", k_next, depth), loop, after)
    builder.position_at_end(after)

    scales = []
    if finish == "scale":
        scales = [
            emit.load(builder, emit.at(builder, factors, j * VECTOR_BYTES), _VECTOR, 4)
            for j in range(vectors)
        ]
    for i in range(rows):
        with builder.if_then(builder.icmp_signed("<", I64(i), count)):
            line = builder.add(c, builder.mul(I64(i), c_row))
            for j in range(vectors):
                where = emit.at(builder, line, j * VECTOR_BYTES)
                value = sums[i * vectors + j]
                if finish != "store":
                    held = emit.load(builder, where, _VECTOR, 4)
                    if finish == "scale":
                        value = emit.call(builder, _FMA, _VECTOR, held, scales[j], value)
                    else:
                        value = builder.fadd(held, value)
                emit.store(builder, value, where, 4)
