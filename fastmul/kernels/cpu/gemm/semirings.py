"""Semirings for the packed product: a ring whose multiply-add is two traced functions, emitted as vector IR.

    c = add(c, mul(a, b))        add, mul: expressions (`kernels/expressions.py`), inlined into the micro-kernel

With `infinity`, integers of the tropical semirings have an infinite element at the end of their dtype's range, which
absorbs under +. A plain addition would carry it round the end; so packing moves it half the range inwards, where
every sum with it stays beyond a threshold that sums of finite entries never reach (`bounds/tropical.py` says for
which entries), and storing moves whatever lies beyond the threshold back to the end:

    int32     -2^31                       0            2^29         2^30 - 1       2^31 - 2
                |---------------------------|-------------|--------------|--------------|
                     sums of finite entries               |   infinity, and sums with it
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from llvmlite import ir

from fastmul.bounds import tropical
from fastmul.kernels.cpu.gemm import driver, emit
from fastmul.kernels.cpu.gemm.rings import Ring, Tile
from fastmul.kernels.expressions import Expression, Node
from fastmul.runtime.target import target

_COMPARISONS = {"lt": "<", "le": "<=", "eq": "==", "ne": "!="}
#: Operations of a multiply-add beyond which more vectors than its sums should stay in registers.
_SIMPLE = 3
#: Columns of B that stay in the second-level cache.
NC = 128

#: The number 1 as a run-time parameter: of a constant, LLVM would make x * 1 + y an addition again.
_ONE = {dtype: np.array([1, 0], dtype) for dtype in ("float32", "float64")}

_made: dict[tuple[Any, ...], Ring] = {}


def multiply(
    a: np.ndarray, b: np.ndarray, c: np.ndarray, ring: Ring, threads: int | None = None
) -> None:
    """C = A B over a ring of this file; c overlaps neither a nor b."""
    driver.multiply(a, b, c, ring, threads, _ONE[ring.result] if ring.parameters else None)


def ring(
    add: Expression, mul: Expression, zero: Any, infinity: str = "", nan_free: bool = False
) -> Ring:
    """The ring of a semiring over the dtype of its two expressions.

    Parameters
    ----------
    add, mul : of two values each.
    zero : the neutral element of add, in the dtype.
    infinity : "plus" or "minus": the end of the integers' range is that infinite element, as drawn above.
    nan_free : promises that no float is ever NaN: a minimum is then one instruction.
    """
    key = (add.text, mul.text, repr(zero), infinity, nan_free)
    if key not in _made:
        _made[key] = _make(add, mul, zero, infinity, nan_free)
    return _made[key]


def _make(add: Expression, mul: Expression, zero: Any, infinity: str, nan_free: bool) -> Ring:
    dtype = "uint8" if add.dtype == "bool" else add.dtype
    # what a program makes up as it runs must not meet another's machine code in the cache: all of it is in the name
    meaning = f"{add.text}\n{mul.text}\n{zero!r}\n{infinity}\n{nan_free}"
    name = f"semiring_{add.dtype}_{hashlib.sha256(meaning.encode()).hexdigest()[:20]}"

    by_fma = _adds_by_fma(add, mul)

    def madd(builder: Any, total: Any, a: Any, b: Any, one: Any = None) -> Any:
        product = _lower(builder, mul, nan_free, one, a, b)
        return _lower(builder, add, nan_free, one, total, product)

    def join(builder: Any, x: Any, y: Any, one: Any = None) -> Any:
        return _lower(builder, add, nan_free, one, x, y)

    encode: Any = "truth" if add.dtype == "bool" else "plain"
    store = None
    if infinity:
        encode, store = (
            (_encode_plus_infinity, _store_plus_infinity)
            if infinity == "plus"
            else (_encode_minus_infinity, _store_minus_infinity)
        )
    return Ring(
        name, *[dtype] * 6, madd, _tile(dtype, _n_instructions(nan_free, add, mul)),
        64 if target().avx512 else 32, zero=zero, join=join, store=store, encode_a=encode, encode_b=encode,
        parameters=(dtype,) if by_fma else (),
    )  # fmt: skip


def _adds_by_fma(*expressions: Expression) -> bool:
    """Whether x + y is better computed as x * 1 + y, which rounds the same.

    Minima, maxima and comparisons of floats take the ports of the adders (Zen 4 and 5: additions beside minima reach
    half the rate of multiply-adds beside minima; on Intel's cores additions and multiply-adds share ports anyway).
    """
    operations = {op for expression in expressions for op in expression.operations()}
    choosing = operations & {"min", "max", "lt", "le", "eq", "ne"}
    floating = np.dtype(expressions[0].dtype).kind == "f"
    return floating and target().fma and bool(choosing and operations & {"add", "sub"})


def _n_instructions(nan_free: bool, *expressions: Expression) -> int:
    """Of one multiply-add; a minimum of floats that may be NaN is three."""
    count = sum(expression.n_operations for expression in expressions)
    if np.dtype(expressions[0].dtype).kind == "f" and not nan_free:
        count += 2 * sum(op in ("min", "max") for e in expressions for op in e.operations())
    return count


def _tile(dtype: str, n_operations: int) -> Tile:
    """Register and cache blocks.

    Measured on a Zen 4 server core at n = 2048. Four vectors beside few rows: vbroadcastss takes a port that minima
    need, and 12 x 2 also makes LLVM spill (float32, of what sgemm does: 12 x 2 0.5, 8 x 2 0.77, 6 x 4 0.84).
    """
    itemsize = np.dtype(dtype).itemsize
    if not target().avx512:
        return Tile(4, 2, 256, 96, 2048 // itemsize)
    rows, vectors = (6, 4) if n_operations <= _SIMPLE else (6, 3)
    if itemsize < 4:  # wide enough for small matrices
        rows, vectors = 8, 2
    columns = vectors * 64 // itemsize
    return Tile(rows, vectors, 512, 192, columns * max(1, NC // columns))


# ---------------------------------------------------------------- infinities of integers


def _end(kind: Any, sign: int) -> Any:
    """The end of the range of signed integers (scalars or vectors), above or below."""
    bits = emit.size(getattr(kind, "element", kind)) * 8
    return _of(kind, (1 << (bits - 1)) - 1 if sign > 0 else -(1 << (bits - 1)))


def _of(kind: Any, value: Any) -> Any:
    return emit.constant(kind, value) if isinstance(kind, ir.VectorType) else kind(value)


def _encode(sign: int, builder: Any, x: Any, kind: Any) -> Any:
    bits = emit.size(getattr(kind, "element", kind)) * 8
    is_infinite = builder.icmp_signed("==", x, _end(kind, sign))
    return builder.select(is_infinite, _of(kind, sign * tropical.infinity(bits)), x)


def _encode_plus_infinity(builder: Any, x: Any, kind: Any) -> Any:
    return _encode(1, builder, x, kind)


def _encode_minus_infinity(builder: Any, x: Any, kind: Any) -> Any:
    return _encode(-1, builder, x, kind)


def _store(sign: int, builder: Any, total: Any) -> Any:
    bits = emit.size(total.type.element) * 8
    limit = emit.constant(total.type, sign * tropical.threshold(bits))
    is_infinite = builder.icmp_signed(">=" if sign > 0 else "<=", total, limit)
    return builder.select(is_infinite, _end(total.type, sign), total)


def _store_plus_infinity(builder: Any, total: Any) -> Any:
    return _store(1, builder, total)


def _store_minus_infinity(builder: Any, total: Any) -> Any:
    return _store(-1, builder, total)


# ---------------------------------------------------------------- expressions as vector IR


def _lower(builder: Any, expression: Expression, nan_free: bool, one: Any, *arguments: Any) -> Any:
    """The expression's value at these vectors; `one`: a vector of ones, to add by fused multiply-adds."""
    emitter = _Emitter(builder, expression.dtype, arguments[0].type, nan_free, one)
    values: dict[Node, Any] = {}
    for node in expression.nodes():
        if node.op == "input":
            values[node] = arguments[node.number]
        elif node.op == "constant":
            values[node] = emitter.constant(node)
        else:
            values[node] = emitter.operation(node, [values[arg] for arg in node.args])
    return values[expression.result]


class _Emitter:
    """Emits operations on vectors of one dtype. Masks are vectors of single bits."""

    def __init__(self, builder: Any, dtype: str, vector: Any, nan_free: bool, one: Any) -> None:
        self.builder, self.vector = builder, vector
        self.nan_free, self.one = nan_free, one
        self.kind, self.bits = np.dtype(dtype).kind, 8 * np.dtype(dtype).itemsize
        self.suffix = f"v{vector.count}{'f' if self.kind == 'f' else 'i'}{self.bits}"

    def constant(self, node: Node) -> Any:
        if node.is_mask:
            return emit.constant(ir.VectorType(ir.IntType(1), self.vector.count), int(node.number))
        return emit.constant(self.vector, node.number if self.kind == "f" else int(node.number))

    def operation(self, node: Node, args: list[Any]) -> Any:
        special = getattr(self, f"_{node.op}", None)
        if special is not None:
            return special(*args)
        if node.op in _COMPARISONS:
            return self._compare(node.op, *args)
        names = _FLOAT_NAMES if self.kind == "f" and not node.is_mask else _INTEGER_NAMES
        return getattr(self.builder, names[node.op])(*args)

    def _compare(self, op: str, x: Any, y: Any) -> Any:
        sign = _COMPARISONS[op]
        if self.kind == "f":  # NaN differs from everything, and is neither below nor above
            compare = self.builder.fcmp_unordered if op == "ne" else self.builder.fcmp_ordered
        else:
            compare = self.builder.icmp_signed if self.kind == "i" else self.builder.icmp_unsigned
        return compare(sign, x, y)

    def _add(self, x: Any, y: Any) -> Any:
        if self.kind != "f":
            return self.builder.add(x, y)
        return (
            self.builder.fadd(x, y) if self.one is None else self._call("llvm.fma", x, self.one, y)
        )

    def _sub(self, x: Any, y: Any) -> Any:
        if self.kind != "f":
            return self.builder.sub(x, y)
        return self.builder.fsub(x, y) if self.one is None else self._add(self.builder.fneg(y), x)

    def _min(self, x: Any, y: Any) -> Any:
        return self._extreme("min", "<", x, y)

    def _max(self, x: Any, y: Any) -> Any:
        return self._extreme("max", ">", x, y)

    def _extreme(self, op: str, sign: str, x: Any, y: Any) -> Any:
        builder = self.builder
        if self.kind != "f":
            return self._call(f"llvm.{'s' if self.kind == 'i' else 'u'}{op}", x, y)
        # minps and maxps: the first where it is less (greater), else, also beside a NaN, the second
        chosen = builder.select(builder.fcmp_ordered(sign, x, y), x, y)
        if self.nan_free:
            return chosen
        return builder.select(builder.fcmp_unordered("uno", x, x), x, chosen)

    def _select(self, mask: Any, x: Any, y: Any) -> Any:
        return self.builder.select(mask, x, y)

    def _not(self, mask: Any) -> Any:
        return self.builder.xor(mask, emit.constant(mask.type, 1))

    def _invert(self, x: Any) -> Any:
        return self.builder.xor(x, emit.constant(x.type, -1))

    def _neg(self, x: Any) -> Any:
        if self.kind == "f":
            return self.builder.fneg(x)
        return self.builder.sub(emit.constant(x.type, 0), x)

    def _abs(self, x: Any) -> Any:
        if self.kind == "f":
            return self._call("llvm.fabs", x)
        return self._call("llvm.abs", x, ir.IntType(1)(0))  # the least integer stays what it is

    def _sqrt(self, x: Any) -> Any:
        return self._call("llvm.sqrt", x)

    def _shr(self, x: Any, y: Any) -> Any:
        return (self.builder.ashr if self.kind == "i" else self.builder.lshr)(x, y)

    def _mod(self, x: Any, y: Any) -> Any:
        """x - y floor(x / y), y > 0."""
        builder = self.builder
        if self.kind == "u":
            return builder.urem(x, y)
        rest = builder.srem(x, y)
        return builder.select(self._is_negative(rest), builder.add(rest, y), rest)

    def _floordiv(self, x: Any, y: Any) -> Any:
        builder = self.builder
        if self.kind == "u":
            return builder.udiv(x, y)
        less = builder.zext(self._is_negative(builder.srem(x, y)), x.type)
        return builder.sub(builder.sdiv(x, y), less)

    def _is_negative(self, x: Any) -> Any:
        return self.builder.icmp_signed("<", x, emit.constant(x.type, 0))

    def _call(self, name: str, *args: Any) -> Any:
        return emit.call(self.builder, f"{name}.{self.suffix}", self.vector, *args)


_INTEGER_NAMES = {
    "sub": "sub",
    "mul": "mul",
    "and": "and_",
    "or": "or_",
    "xor": "xor",
    "shl": "shl",
}
_FLOAT_NAMES = {"mul": "fmul", "div": "fdiv"}
