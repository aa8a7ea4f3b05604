"""Register tiles of the products inside attention, emitted as vector IR (why: `gemm.micro_kernel`).

    C[i, :] (+)= sum over k of A[i, k] B[k, :]          i < rows, ":" = `vectors` vectors of sixteen columns

A is read as it lies in memory, one broadcast element at a time, at the address a + i a_row + k a_k. So one tile
serves every product of attention without packing or transposing a single operand; only its strides change. Rows of
B and C are contiguous vectors.

Rows beyond `count` repeat the last one, the same values to the same place: nothing outside A and C is touched, without
a branch.
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
    numbers = [
        builder.select(builder.icmp_signed("<", I64(i), last), I64(i), last) for i in range(rows)
    ]
    a_rows = [builder.add(a, builder.mul(i, a_row)) for i in numbers]

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

    places = [
        emit.at(builder, builder.add(c, builder.mul(i, c_row)), j * VECTOR_BYTES)
        for i in numbers
        for j in range(vectors)
    ]
    # all is read before anything is written: rows that repeat the last one find what it found
    if finish != "store":
        held = [emit.load(builder, where, _VECTOR, 4) for where in places]
    if finish == "add":
        sums = [builder.fadd(x, y) for x, y in zip(held, sums, strict=True)]
    elif finish == "scale":
        scales = [
            emit.load(builder, emit.at(builder, factors, j * VECTOR_BYTES), _VECTOR, 4)
            for j in range(vectors)
        ]
        sums = [
            emit.call(builder, _FMA, _VECTOR, x, scales[n % vectors], y)
            for n, (x, y) in enumerate(zip(held, sums, strict=True))
        ]
    for value, where in zip(sums, places, strict=True):
        emit.store(builder, value, where, 4)
