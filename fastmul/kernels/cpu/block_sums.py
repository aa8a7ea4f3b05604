"""Programs of sums, run on blocks of memory: what a level of a Strassen-like scheme does besides products.

Sums of large blocks are bound by memory. Here one pass reads every block once and writes every sum once: the program
runs on pieces of CHUNK bytes of each row, between registers that stay in the first-level cache.

    row i of the blocks read     | chunk | chunk | ...        steps: (operation, to, x, y)
                                     |                        x, y: the number of a block read, or behind those
                                     v                              of a register
    registers (CHUNK bytes each) | 0 | 1 | 2 | ...            to: a register, or ~t: straight to writes[t]
                                     |
                                     v                        writes: (block or register to copy, -1 if a step
    row i of the blocks written  | chunk | chunk | ...                wrote it, whether to stream, where)

A block may be read and written in one pass: copies come after all steps, and a step writes straight to a block only if
no later step reads it. Streamed blocks go around the caches: nothing is fetched only to be overwritten.

Rings: floats, integers modulo 2^bits, and residues in [0, p) for p < 2^63.
"""
# ruff: noqa: F821

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import int64, types, void
from numba.extending import intrinsic

from fastmul.kernels.cpu.gemm import emit
from fastmul.runtime.jit import Kernel, const, inline, kernel

ADD, SUBTRACT, SCALE = 0, 1, 2
CHUNK = 2048
VECTOR = 64  # bytes
#: int64 words of a constant: the factor (a float's bits), and for residues Shoup's quotient.
CONSTANT_WORDS = 2
#: The name of the ring of residues.
MODULAR = "modular"


@inline
def locate(reads, number, i, j, scratch):
    """The address of a block's chunk, or of a register."""
    count = reads.shape[0]
    if number < count:
        return reads[number, 0] + i * reads[number, 1] + j
    return scratch + (number - count) * CHUNK


@inline
def first_whole(to, width, streamed):
    """Where vectors may begin: at once, or where streamed ones are aligned."""
    return min(-to & (VECTOR - 1), width) if streamed else 0


def template(reads, steps, constants, writes, row_bytes, chunk, start, stop, scratch):
    """Rows start to stop of one pass.

    reads : of each block its address, and the bytes from row to row.
    steps : (operation, to, x, y), see above.
    constants : address of CONSTANT_WORDS of the ring (the modulus), then of each step (its factor).
    writes : (x or -1, whether to stream, address, bytes from row to row).
    chunk : bytes of a row to take at a time, CHUNK at most if there are registers.
    scratch : address of the registers.
    """
    for i in range(start, stop):
        for j in range(0, row_bytes, chunk):
            width = min(chunk, row_bytes - j)
            for s in range(steps.shape[0]):
                t = ~steps[s, 1]
                to, streamed = scratch + steps[s, 1] * CHUNK, False
                if t >= 0:
                    to, streamed = writes[t, 2] + i * writes[t, 3] + j, writes[t, 1] != 0
                x = locate(reads, steps[s, 2], i, j, scratch)
                y = locate(reads, steps[s, 3], i, j, scratch)
                head = first_whole(to, width, streamed)
                tail = head + (width - head) // VECTOR * VECTOR
                if steps[s, 0] == ADD:
                    for o in range(0, head, ITEM):
                        add_one(to + o, x + o, y + o, constants)
                    if streamed:
                        for o in range(head, tail, VECTOR):
                            add_streamed(to + o, x + o, y + o, constants)
                    else:
                        for o in range(head, tail, VECTOR):
                            add(to + o, x + o, y + o, constants)
                    for o in range(tail, width, ITEM):
                        add_one(to + o, x + o, y + o, constants)
                elif steps[s, 0] == SUBTRACT:
                    for o in range(0, head, ITEM):
                        subtract_one(to + o, x + o, y + o, constants)
                    if streamed:
                        for o in range(head, tail, VECTOR):
                            subtract_streamed(to + o, x + o, y + o, constants)
                    else:
                        for o in range(head, tail, VECTOR):
                            subtract(to + o, x + o, y + o, constants)
                    for o in range(tail, width, ITEM):
                        subtract_one(to + o, x + o, y + o, constants)
                else:
                    factor = constants + 8 * CONSTANT_WORDS * (s + 1)
                    for o in range(0, head, ITEM):
                        scale_one(to + o, x + o, factor, constants)
                    if streamed:
                        for o in range(head, tail, VECTOR):
                            scale_streamed(to + o, x + o, factor, constants)
                    else:
                        for o in range(head, tail, VECTOR):
                            scale(to + o, x + o, factor, constants)
                    for o in range(tail, width, ITEM):
                        scale_one(to + o, x + o, factor, constants)
            for t in range(writes.shape[0]):
                if writes[t, 0] < 0:
                    continue
                source = locate(reads, writes[t, 0], i, j, scratch)
                to = writes[t, 2] + i * writes[t, 3] + j
                tail = width // VECTOR * VECTOR
                for o in range(0, tail, VECTOR):
                    copy(to + o, source + o)
                for o in range(tail, width, ITEM):
                    copy_one(to + o, source + o)


# ---------------------------------------------------------------- arithmetic, on one element or a vector

#: (builder, operands, constants) -> result; the last operand of a scaling is the factor's address.
Emit = Callable[[Any, list[Any], Any], Any]


def _word(builder: Any, address: Any, number: int, kind: Any) -> Any:
    """A constant in every lane of `kind`."""
    single = getattr(kind, "element", kind)
    scalar = emit.load(builder, emit.at(builder, address, 8 * number), single)
    return scalar if single is kind else emit.splat(builder, scalar, kind.count)


def _float_ops() -> dict[str, Emit]:
    return {
        "add": lambda b, xs, constants: b.fadd(*xs),
        "subtract": lambda b, xs, constants: b.fsub(*xs),
        "scale": lambda b, xs, constants: b.fmul(xs[0], _word(b, xs[1], 0, xs[0].type)),
    }


def _integer_ops() -> dict[str, Emit]:
    return {
        "add": lambda b, xs, constants: b.add(*xs),
        "subtract": lambda b, xs, constants: b.sub(*xs),
        "scale": lambda b, xs, constants: b.mul(xs[0], _word(b, xs[1], 0, xs[0].type)),
    }


def _smaller(b: Any, x: Any, y: Any) -> Any:
    return b.select(b.icmp_unsigned("<", x, y), x, y)


def _modular_add(b: Any, xs: list[Any], constants: Any) -> Any:
    """x + y < 2^64 since p < 2^63; less p, it wraps to something larger unless x + y >= p."""
    total = b.add(*xs)
    return _smaller(b, total, b.sub(total, _word(b, constants, 0, total.type)))


def _modular_subtract(b: Any, xs: list[Any], constants: Any) -> Any:
    """x - y, if negative, wraps to 2^64 - p at least; then adding p wraps back, and otherwise makes it larger."""
    difference = b.sub(*xs)
    return _smaller(b, difference, b.add(difference, _word(b, constants, 0, difference.type)))


def _modular_scale(b: Any, xs: list[Any], constants: Any) -> Any:
    """c x mod p by Shoup: q = floor(x floor(2^64 c / p) / 2^64) is floor(c x / p) or one less, so c x - q p < 2 p."""
    x, factor = xs
    wide = ir.IntType(128)
    if isinstance(x.type, ir.VectorType):
        wide = ir.VectorType(wide, x.type.count)
    quotient = b.zext(_word(b, factor, 1, x.type), wide)
    high = ir.Constant(wide, 64) if wide == ir.IntType(128) else emit.constant(wide, 64)
    q = b.trunc(b.lshr(b.mul(b.zext(x, wide), quotient), high), x.type)
    p = _word(b, constants, 0, x.type)
    rest = b.sub(b.mul(x, _word(b, factor, 0, x.type)), b.mul(q, p))
    return _smaller(b, rest, b.sub(rest, p))


def _modular_ops() -> dict[str, Emit]:
    return {"add": _modular_add, "subtract": _modular_subtract, "scale": _modular_scale}


# ---------------------------------------------------------------- kernels


def _store(builder: Any, value: Any, address: Any, streamed: bool) -> None:
    pointer = builder.bitcast(emit.at(builder, address), value.type.as_pointer())
    stored = builder.store(value, pointer, align=VECTOR if streamed else 1)
    if streamed:
        flag = builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)])
        stored.set_metadata("nontemporal", flag)


def _make_binary(kind: Any, operation: Emit, streamed: bool = False) -> Any:
    """``operation(to, x, y, constants)`` on one `kind` at these addresses; streamed, `to` is aligned."""

    @intrinsic
    def apply(typing_context: Any, to: Any, x: Any, y: Any, constants: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            operands = [emit.load(builder, emit.at(builder, at), kind) for at in args[1:3]]
            _store(builder, operation(builder, operands, args[3]), args[0], streamed)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 4), lower

    return apply


def _make_scale(kind: Any, operation: Emit, streamed: bool = False) -> Any:
    """``operation(to, x, factor, constants)``, the same with the address of a factor."""

    @intrinsic
    def apply(typing_context: Any, to: Any, x: Any, factor: Any, constants: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            value = emit.load(builder, emit.at(builder, args[1]), kind)
            result = operation(builder, [value, args[2]], args[3])
            _store(builder, result, args[0], streamed)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 4), lower

    return apply


def _make_copy(kind: Any) -> Any:
    """``copy(to, source)``."""

    @intrinsic
    def copy(typing_context: Any, to: Any, source: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            _store(builder, emit.load(builder, emit.at(builder, args[1]), kind), args[0], False)
            return context.get_dummy_value()

        return types.void(types.int64, types.int64), lower

    return copy


def _make(name: str, dtype: str, operations: dict[str, Emit]) -> Kernel:
    one = emit.element(dtype)
    vector = ir.VectorType(one, VECTOR // emit.size(one))
    bound = {"copy": _make_copy(vector), "copy_one": _make_copy(one)}
    for suffix, kind, streamed in (
        ("", vector, False),
        ("_streamed", vector, True),
        ("_one", one, False),
    ):
        for operation, make in (
            ("add", _make_binary),
            ("subtract", _make_binary),
            ("scale", _make_scale),
        ):
            bound[operation + suffix] = make(kind, operations[operation], streamed)
    words = const(int64[:, ::1])
    return kernel(
        void(words, words, int64, words, *[int64] * 5), name=f"block_sums_{name}",
        ITEM=np.dtype(dtype).itemsize, **bound,
    )(template)  # fmt: skip


run_float64 = _make("float64", "float64", _float_ops())
run_float32 = _make("float32", "float32", _float_ops())
run_int64 = _make("int64", "int64", _integer_ops())
run_int32 = _make("int32", "int32", _integer_ops())
run_modular = _make(MODULAR, "int64", _modular_ops())

#: The kernels by the dtype of the blocks, and that of residues.
KERNELS = {
    "float64": run_float64,
    "float32": run_float32,
    "int64": run_int64,
    "int32": run_int32,
    MODULAR: run_modular,
}
