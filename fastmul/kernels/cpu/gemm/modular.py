"""The rings of the integers modulo p for the packed product; p is a parameter, known when the product runs.

    name         p at most  packed as        one multiply-add                             reduced
    modulo_2_8   2^8        uint8, int8      vpdpbusd: four products and a sum            when stored
    modulo_2_13  2^13       int16, centred   vpdpwssd: two products and a sum             every 63 steps
    modulo_2_14  2^14       int16, centred   the same                                     every 15 steps
    modulo_2_25  2^25       uint64           half a vpmadd52luq, one vpaddq (pairs)       when stored
    modulo_2_51  2^51       uint64           half a vpmadd52luq and -huq, one vpaddq      when stored
    modulo_2_52  2^52       uint64           vpmadd52luq and -huq                         when stored
    modulo_2_30  2^30       uint64           vpmuludq, vpaddq; where there is no IFMA     every 8 steps

Operands are int64 of any value, reduced while they are packed; results are int64 in [0, p). bounds/modular.py proves
that no sum overflows and that every reduction is right.

Why pairs: on Zen 4 and 5 vpmadd52 and vfmadd run on two of four pipes, vpaddq on any. Two products by Winograd's
identity (rings.py) are two additions and one product of 104 bits, low and high half: as many multiplications as two
vfmadd. So 51 bits cost no more than a float64 GEMM.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import numpy as np
from llvmlite import ir

from fastmul.bounds import modular
from fastmul.kernels.cpu.gemm import emit
from fastmul.kernels.cpu.gemm.rings import Ring, Tile, dot2, dot4
from fastmul.runtime.target import Target, target

#: p, 1/p, w = 2^52 modulo p, w/p, and the largest multiple of p up to 2^63 (as a word: it may be 2^63).
PARAMETERS = ("int64", "float64", "int64", "float64", "int64")


@lru_cache(maxsize=256)
def parameters(p: int) -> np.ndarray:
    """What the driver is given for a modulus: the dtypes are PARAMETERS."""
    high = modular.HIGH_WEIGHT % p
    words = np.array([p, 0, high, 0, modular.HALF - modular.HALF % p], np.uint64)
    words.view(np.float64)[1:4:2] = 1 / p, high / p
    return words


# ---------------------------------------------------------------- reduction


def _as(builder: Any, x: Any, element: Any, convert: str) -> Any:
    """A scalar or vector with its elements converted by the instruction `convert`."""
    kind = ir.VectorType(element, x.type.count) if isinstance(x.type, ir.VectorType) else element
    return x if x.type == kind else getattr(builder, convert)(x, kind)


def _spread(builder: Any, word: Any, like: Any) -> Any:
    """A scalar parameter, or a vector of one, as wide as the value `like`."""
    lanes = like.type.count if isinstance(like.type, ir.VectorType) else 0
    if isinstance(word.type, ir.VectorType) or not lanes:
        return word
    return emit.splat(builder, word, lanes)


def _rint(builder: Any, x: Any) -> Any:
    name = f"v{x.type.count}f64" if isinstance(x.type, ir.VectorType) else "f64"
    return emit.call(builder, f"llvm.rint.{name}", x.type, x)


def _near(builder: Any, x: Any, factor: Any, ratio: Any, p: Any) -> Any:
    """x * factor - rint(x * ratio) p for int64 x: nearly centred if ratio is factor/p."""
    as_float = _as(builder, x, ir.DoubleType(), "sitofp")
    quotient = _as(builder, _rint(builder, builder.fmul(as_float, ratio)), emit.I64, "fptosi")
    product = x if factor is None else builder.mul(x, factor)
    return builder.sub(product, builder.mul(quotient, p))


def _canonical(builder: Any, x: Any, p: Any) -> Any:
    """x in (-p, p) as its residue in [0, p)."""
    sign = (
        ir.Constant(x.type, [63] * x.type.count)
        if isinstance(x.type, ir.VectorType)
        else emit.I64(63)
    )
    return builder.add(x, builder.and_(builder.ashr(x, sign), p))


def _encode_centred(builder: Any, x: Any, kind: Any, p: Any, inverse: Any, *_: Any) -> Any:
    """An int64 of any value as the residue of least magnitude."""
    p, inverse = (_spread(builder, word, x) for word in (p, inverse))
    for _step in range(2):
        x = _near(builder, x, None, inverse, p)
    return emit.resize(builder, x, kind, signed=True)


def _encode(builder: Any, x: Any, kind: Any, p: Any, inverse: Any, *_: Any) -> Any:
    """An int64 of any value as its residue in [0, p)."""
    centred = _encode_centred(builder, x, x.type, p, inverse)
    residue = _canonical(builder, centred, _spread(builder, p, x))
    return emit.resize(builder, residue, kind, signed=False)


def _store(builder: Any, x: Any, p: Any, inverse: Any, *_: Any) -> Any:
    """A sum, as a residue in [0, p)."""
    x = _as(builder, x, emit.I64, "sext")
    for _step in range(2):
        x = _near(builder, x, None, inverse, p)
    return _canonical(builder, x, p)


def _join(builder: Any, x: Any, y: Any, p: Any, *_: Any) -> Any:
    """x + y modulo p."""
    total = builder.add(x, y)
    return _smaller(builder, total, builder.sub(total, p))


def _smaller(builder: Any, x: Any, y: Any) -> Any:
    """The smaller of unsigned words."""
    return emit.call(builder, f"llvm.umin.v{x.type.count}i64", x.type, x, y)


def _opposite(builder: Any, x: Any, p: Any, *_: Any) -> Any:
    """p - x, in (0, p]: never negative, as the low half of a sum must not be."""
    return builder.sub(p, x)


# ---------------------------------------------------------------- multiply-adds


def _multiply_52(builder: Any, half: str, c: Any, a: Any, b: Any) -> Any:
    """c + the low or high 52 bits of the product of a and b, both below 2^52."""
    return emit.call(builder, f"llvm.x86.avx512.vpmadd52{half}.uq.512", c.type, c, a, b)


def _add_low(builder: Any, c: Any, a: Any, b: Any, *_: Any) -> Any:
    return _multiply_52(builder, "l", c, a, b)


def _add_both(builder: Any, c: Any, a: Any, b: Any, *_: Any) -> Any:
    return tuple(
        _multiply_52(builder, half, part, a, b) for half, part in zip("lh", c, strict=True)
    )


def _store_both(
    builder: Any, c: Any, p: Any, inverse: Any, weight: Any, ratio: Any, *_: Any
) -> Any:
    """low + 2^52 high, as a residue in [0, p)."""
    low, high = c
    high = _near(builder, high, None, inverse, p)
    total = builder.add(low, _near(builder, high, weight, ratio, p))
    return _canonical(builder, _near(builder, total, None, inverse, p), p)


def _multiply_add(builder: Any, c: Any, a: Any, b: Any, *_: Any) -> Any:
    return builder.add(c, builder.mul(a, b))


def _take_off(builder: Any, c: Any, *parameters: Any) -> Any:
    """A word, less the largest multiple of p up to 2^63 where it is not smaller."""
    return _smaller(builder, c, builder.sub(c, parameters[-1]))


def _store_words(builder: Any, c: Any, *parameters: Any) -> Any:
    """A word as a residue in [0, p), by way of one that is an int64, too."""
    for _step in range(2):
        c = _take_off(builder, c, *parameters)
    return _store(builder, c, *parameters)


def _reduce_32(builder: Any, c: Any, p: Any, inverse: Any, *_: Any) -> Any:
    """An int32, nearly centred modulo p < 2^15, by float32."""
    floats = ir.VectorType(ir.FloatType(), c.type.count)
    quotient = builder.fmul(builder.sitofp(c, floats), builder.fptrunc(inverse, floats))
    quotient = emit.call(builder, f"llvm.rint.v{c.type.count}f32", floats, quotient)
    return builder.sub(c, builder.mul(builder.fptosi(quotient, c.type), builder.trunc(p, c.type)))


# ---------------------------------------------------------------- the table


@cache
def rings() -> dict[str, Ring]:
    """The rings modulo p of this process's code-generation target, by name; the first that takes p is the fastest."""
    machine = target()
    made = [*_bytes(machine), *_halves(machine), *_words(machine)]
    return {ring.name: ring for ring in made}


def ring_of(p: int) -> Ring | None:
    """The fastest ring that takes p."""
    for name, ring in rings().items():
        if p <= modular.LARGEST[name]:
            return ring
    return None


def _modulo(name: str, packed_a: str, packed_b: str, accumulator: str, madd: Any, tile: Tile,
            vector_bytes: int, **fields: Any) -> Ring:  # fmt: skip
    how = {"encode_a": _encode, "encode_b": _encode, "store": _store, "join": _join, **fields}
    return Ring(name, "int64", "int64", "int64", packed_a, packed_b, accumulator, madd, tile,
                vector_bytes, parameters=PARAMETERS, **how)  # fmt: skip


def _without_parameters(madd: Any) -> Any:
    """A multiply-add of machine integers as one of a ring that has parameters."""

    def multiply_add(builder: Any, c: Any, a: Any, b: Any, *_: Any) -> Any:
        return madd(builder, c, a, b)

    return multiply_add


def _bytes(machine: Target) -> list[Ring]:
    if not machine.vnni:
        return []
    return [
        _modulo("modulo_2_8", "uint8", "int8", "int32", _without_parameters(dot4),
                Tile(12, 2, 2048, 192, 192), 64, k_group=4, encode_b=_encode_centred),
    ]  # fmt: skip


def _halves(machine: Target) -> list[Ring]:
    tile, vector_bytes = Tile(4, 2, 512, 96, 512), 32
    if machine.avx512:
        tile, vector_bytes = Tile(12, 2, 2048, 192, 96), 64
    return [
        _modulo(name, "int16", "int16", "int32", _without_parameters(dot2(machine)), tile, vector_bytes, k_group=2,
                encode_a=_encode_centred, encode_b=_encode_centred, reduce=_reduce_32,
                period=modular.period_of_halves(modular.LARGEST[name]))
        for name in ("modulo_2_13", "modulo_2_14")
    ]  # fmt: skip


def _words(machine: Target) -> list[Ring]:
    if machine.ifma:
        kc, word = modular.HALVES_DEPTH, ("uint64", "uint64", "uint64")
        pairs = {"pairs": True, "opposite": _opposite}
        both = {"n_accumulators": 2, "store": _store_both}
        return [
            _modulo("modulo_2_25", *word, _add_low, Tile(8, 2, kc, 192, 64), 64, **pairs),
            _modulo("modulo_2_51", *word, _add_both, Tile(8, 1, kc, 192, 32), 64, **pairs, **both),
            _modulo("modulo_2_52", *word, _add_both, Tile(12, 1, kc // 2, 192, 96), 64, **both),
        ]
    tile, vector_bytes = Tile(4, 2, 256, 96, 256), 32
    if machine.avx512:
        tile, vector_bytes = Tile(12, 2, 512, 192, 96), 64
    return [
        _modulo("modulo_2_30", "uint64", "uint64", "uint64", _multiply_add, tile, vector_bytes,
                operand_bits=32, period=modular.period_of_words(modular.LARGEST["modulo_2_30"]),
                reduce=_take_off, store=_store_words),
    ]  # fmt: skip
