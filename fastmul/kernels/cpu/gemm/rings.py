"""The rings that the packed product runs over: what one multiply-add is, and the tile that suits it.

A ring is data for the emitter and the driver: dtypes, the width of a vector, one multiply-add as vector IR. To add
one, add it to the table
below, or hand it to the driver.

    name             a        b        result    one multiply-add on AVX-512                 elsewhere
    float64          float64  float64  float64   vfmadd                                      the same
    float32          float32  float32  float32   vfmadd                                      the same
    int64            int64    int64    int64     half a vpmullq and 3/2 vpaddq (pairs)       vpmullq is 3 vpmuludq
    int32            int32    int32    int32     half a vpmulld and 3/2 vpaddd (pairs)       the same
    int32_int64      int32    int32    int64     as int64, widened while packed              vpmuldq, vpaddq
    int16            int16    int16    int16     as int16_int32, truncated when stored       the same
    int16_int32      int16    int16    int32     vpdpwssd: two products and a sum            vpmaddwd, vpaddd
    uint8_int8_int32 uint8    int8     int32     vpdpbusd: four products and a sum           as int16_int32
    int8_int32       int8     int8     int32     vpdpbusd, a shifted by +128                 as int16_int32
    uint8_int32      uint8    uint8    int32     vpdpbusd, b shifted by -128                 as int16_int32
    int8             uint8    int8     int8      as uint8_int8_int32, truncated when stored  as int16_int32
    bool             uint8    uint8    uint8     as uint8_int8_int32, stored as != 0         as int16_int32

Integer rings wrap modulo 2^bits of the result: signed and unsigned arrays share them as views. (An int8 read as a
uint8 is the same modulo 2^8, which is why the ring int8 needs no shift.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from llvmlite import ir

from fastmul.kernels.cpu.gemm import emit
from fastmul.runtime.target import Target, target

#: What a shifted side adds to each element, so that a dot-product instruction takes it: int8 <-> uint8.
SHIFT = 128


Encoding = str | Callable[..., Any]


#: Multiplications of a product that direct.py does faster than packing (measured on a Zen 4 core, stacks of squares)
#: in 32- and 64-bit words, and in int32 words where packing has dot products of narrower ones.
UNPACKED_WORDS = 96**3
UNPACKED_DOTS = 28**3


@dataclass(frozen=True)
class Tile:
    """Register and cache blocking.

    mr rows by nv vectors of C live in registers; kc deep panels of A (mr x kc) stay in the first-level cache
    while nc columns of B (kc x nc) stay in the second level; mc rows of A are packed at a time.
    """

    mr: int
    nv: int
    kc: int
    mc: int
    nc: int


@dataclass(frozen=True)
class Side:
    """One operand's way into the panels: `rows` rows of A, or columns of B, to a panel."""

    operand: str  # dtypes: of the array, and of the packed elements
    packed: str
    rows: int
    k_group: int
    encoding: Encoding  # "plain"; "shifted" by SHIFT into the other sign; "truth": 1 for all but 0; a function
    excess: int = 0  # the other side's shift: panels begin with what it adds to each sum
    parameters: tuple[str, ...] = ()  # dtypes of the ring's run-time parameters
    pairs: Ring | None = None  # the ring, if panels begin with minus their own pairs' products

    @property
    def word_bytes(self) -> int:
        """Bytes of one k-group of one row."""
        return self.k_group * emit.size(emit.element(self.packed))

    @property
    def word(self) -> Any:
        """A k-group of one row as one scalar, so that it can be broadcast."""
        kind = emit.element(self.packed)
        return kind if self.k_group == 1 else ir.IntType(8 * self.word_bytes)

    @property
    def header_words(self) -> int:
        """Words per row in front of the first k-group; the excess is an int32, as wide as a word."""
        return 1 if self.excess or self.pairs else 0


@dataclass(frozen=True)
class Ring:
    """One ring, semiring or exact product of the packed driver.

    The arithmetic is functions that emit vector IR. An entry of C is summed up in one vector of the accumulator's
    dtype, or in a tuple of `n_accumulators` of them:

        sum  = zero
        for each k-group:                sum = madd(builder, sum, a, b, *parameters)
            after every `period` groups: sum = reduce(builder, sum, *parameters)
        part = store(builder, sum, *parameters)              a vector of the result's dtype; sum since the last reduce
        C    = part                                          in the first block of the depth
        C    = join(builder, C, part, *parameters)           in the others

    `parameters` are what is known only when the product runs, a modulus for instance: the driver is given an array of
    8-byte words, and every function above gets word number i as a vector of the dtype `parameters[i]`, the same in
    all lanes. An encoding may be a function, encode(builder, x, kind, *parameters), of one operand element or a
    vector of them to `kind`; its parameters are scalars. `operand_bits`, where given, promises LLVM that every packed
    element is below 2**operand_bits (vpmuludq needs to know); packing must see to it.

    `pairs` multiplies two k at a time by Winograd's identity of 1968, in any commutative ring:

        a0 b0 + a1 b1  =  (a0 + b1)(a1 + b0)  -  a0 a1  -  b0 b1

    Half the multiplications for twice the additions, which pays where the multiplication is the slower instruction;
    madd then gets sums of two packed elements (plain elements for the last k, if odd), the products of every row of A
    and column of B with itself are summed while packing, and `opposite(builder, part, *parameters)` of them begins
    the panel. Packed elements are integers, as wide as the accumulator's.

    The zeros that fill up a panel's rows end in no result, and those that fill up a k-group must add nothing: what is
    no ring has k_group 1. In the cache of compiled code the name stands for all of this, and an encoding function's
    module and name for the function: those that differ must differ in name, and what a program makes up as it runs
    must put a hash of itself into the name.
    """

    name: str
    a: str  # dtypes of the operands and the result
    b: str
    result: str
    packed_a: str
    packed_b: str
    accumulator: str  # dtype of the register tile
    madd: Callable[..., Any]
    tile: Tile
    vector_bytes: int
    k_group: int = 1  # elements of k that one multiply-add takes
    encode_a: Encoding = "plain"
    encode_b: Encoding = "plain"
    zero: float = 0  # what sums begin with, and products of depth 0 consist of
    n_accumulators: int = 1
    period: int = 0  # 0: nothing to reduce
    reduce: Callable[..., Any] | None = None
    store: Callable[..., Any] | None = None  # default: cut down to the result's width
    join: Callable[..., Any] | None = None  # default: +
    parameters: tuple[str, ...] = ()
    operand_bits: int | None = None
    unpacked_work: int = (
        0  # multiplications of a product that direct.py does; 0: there is no such kernel
    )
    pairs: bool = False
    opposite: Callable[..., Any] | None = None  # default: 0 - x

    @property
    def lanes(self) -> int:
        """Entries of C in one accumulator vector."""
        return self.vector_bytes // emit.size(emit.element(self.accumulator))

    @property
    def nr(self) -> int:
        """Columns of a register tile."""
        return self.tile.nv * self.lanes

    @property
    def accumulator_vector(self) -> Any:
        return ir.VectorType(emit.element(self.accumulator), self.lanes)

    @property
    def side_a(self) -> Side:
        excess = -SHIFT if self.encode_b == "shifted" else 0
        return self._side(self.a, self.packed_a, self.tile.mr, self.encode_a, excess)

    @property
    def side_b(self) -> Side:
        excess = SHIFT if self.encode_a == "shifted" else 0
        return self._side(self.b, self.packed_b, self.nr, self.encode_b, excess)

    def _side(self, operand: str, packed: str, rows: int, encoding: Encoding, excess: int) -> Side:
        parameters = self.parameters if callable(encoding) or self.pairs else ()
        pairs = self if self.pairs else None
        return Side(operand, packed, rows, self.k_group, encoding, excess, parameters, pairs)

    def stored(self, builder: Any, value: Any, parameters: list[Any]) -> Any:
        """A finished sum as elements of the result."""
        if self.store is not None:
            return self.store(builder, value, *parameters)
        kind = ir.VectorType(emit.element(self.result), value.type.count)
        return emit.resize(builder, value, kind, signed=True)

    def joined(self, builder: Any, x: Any, y: Any, parameters: list[Any]) -> Any:
        """The sum of two stored partial results."""
        if self.join is not None:
            return self.join(builder, x, y, *parameters)
        return builder.fadd(x, y) if self.result.startswith("float") else builder.add(x, y)

    def negated(self, builder: Any, x: Any, parameters: list[Any]) -> Any:
        """Minus a stored result."""
        return self.opposite(builder, x, *parameters) if self.opposite else builder.neg(x)


# ---------------------------------------------------------------- multiply-adds


def _fma(builder: Any, c: Any, a: Any, b: Any) -> Any:
    suffix = f"v{c.type.count}f{8 * emit.size(c.type.element)}"
    return emit.call(builder, f"llvm.fma.{suffix}", c.type, a, b, c)


def multiply_add(builder: Any, c: Any, a: Any, b: Any) -> Any:
    return builder.add(c, builder.mul(a, b))


def _widening(builder: Any, c: Any, a: Any, b: Any) -> Any:
    """int32 words into int64 sums; LLVM makes vpmuldq of it."""
    return multiply_add(builder, c, builder.sext(a, c.type), builder.sext(b, c.type))


def dot4(builder: Any, c: Any, a: Any, b: Any) -> Any:
    """c + four products uint8 * int8, modulo 2^32: vpdpbusd does not saturate.

    Since LLVM 22 the operands are declared as bytes; it still takes the older words and upgrades them.
    """
    return emit.call(builder, f"llvm.x86.avx512.vpdpbusd.{32 * c.type.count}", c.type, c, a, b)


def dot2(machine: Target) -> Callable[..., Any]:
    """c + two products int16 * int16, modulo 2^32."""
    return _dot2 if machine.vnni else _dot2_portable


def _dot2(builder: Any, c: Any, a: Any, b: Any) -> Any:
    """c + two products int16 * int16, modulo 2^32: vpdpwssd."""
    return emit.call(builder, "llvm.x86.avx512.vpdpwssd.512", c.type, c, a, b)


def _dot2_portable(builder: Any, c: Any, a: Any, b: Any) -> Any:
    """The same without the instruction; LLVM makes vpmaddwd of it where there is one."""
    halves = ir.VectorType(ir.IntType(16), 2 * c.type.count)
    wide = ir.VectorType(ir.IntType(32), 2 * c.type.count)
    x, y = (builder.sext(builder.bitcast(v, halves), wide) for v in (a, b))
    products = builder.mul(x, y)
    even, odd = (
        emit.shuffle(builder, products, products, list(range(first, wide.count, 2)))
        for first in (0, 1)
    )
    return builder.add(c, builder.add(even, odd))


def _nonzero_bytes(builder: Any, value: Any) -> Any:
    """1 for every sum but 0, as bytes."""
    nonzero = builder.icmp_unsigned("!=", value, emit.constant(value.type, 0))
    return builder.zext(nonzero, ir.VectorType(ir.IntType(8), value.type.count))


def _or(builder: Any, x: Any, y: Any) -> Any:
    return builder.or_(x, y)


# ---------------------------------------------------------------- the table


@cache
def rings() -> dict[str, Ring]:
    """Every ring by name, for this process's code-generation target."""
    made = [*_words(target()), *_halves(target()), *_bytes(target())]
    return {ring.name: ring for ring in made}


def _plain(dtype: str, madd: Any, tile: Tile, vector_bytes: int, **more: Any) -> Ring:
    """The ring of one dtype under its own + and *."""
    return Ring(dtype, *[dtype] * 6, madd, tile, vector_bytes, unpacked_work=UNPACKED_WORDS, **more)


# The AVX-512 tiles were measured on a Zen 4 server core (32 KiB and 1 MiB of cache) at n = 2048, over kc from 192 to
# 2048 and nc from 96 to 4096. float64 gains 3 % or more by 8 x 3 vectors, perhaps since 12 rows of A a power of two
# apart exceed the 8 ways of a first-level cache set. Integers in pairs gain 2 % by 8 x 2, whose panel of A fits the
# first level. The others keep 12 x 2: narrower panels waste less on small matrices.
#
# Why pairs: Zen 4 multiplies words on two of its four vector pipes and adds them on all four, but a vpmullq and a
# vpaddq that waits for it reach only 73 to 92 % of one vpmullq per cycle, whatever their order: additions take
# multipliers' turns. With half the multiplications, the four pipes are full in any order: 98 %.


def _words(machine: Target) -> list[Ring]:
    """Floats and integers of 32 and 64 bits."""
    if machine.avx512:
        long = Tile(8, 2, 512, 192, 96)
        return [
            _plain("float64", _fma, Tile(8, 3, 512, 192, 96), 64),
            _plain("float32", _fma, Tile(12, 2, 512, 192, 192), 64),
            _plain("int64", multiply_add, long, 64, pairs=True),
            _plain("int32", multiply_add, Tile(8, 2, 1024, 192, 128), 64, pairs=True),
            Ring("int32_int64", "int32", "int32", "int64", "int64", "int64", "int64",
                 multiply_add, long, 64, pairs=True, unpacked_work=UNPACKED_WORDS),
        ]  # fmt: skip
    return [
        _plain("float64", _fma, Tile(6, 2, 256, 96, 256), 32),
        _plain("float32", _fma, Tile(6, 2, 256, 96, 512), 32),
        _plain("int64", multiply_add, Tile(4, 2, 256, 96, 256), 32, pairs=True),
        _plain("int32", multiply_add, Tile(4, 2, 256, 96, 512), 32, pairs=True),
        Ring("int32_int64", "int32", "int32", "int64", "int32", "int32", "int64",
             _widening, Tile(6, 2, 256, 96, 512), 32, unpacked_work=UNPACKED_WORDS),
    ]  # fmt: skip


def _pairs(machine: Target) -> dict[str, Any]:
    """How pairs of int16 are multiplied on this target."""
    common = {"packed_a": "int16", "packed_b": "int16", "accumulator": "int32", "k_group": 2}
    if machine.avx512:
        tile, vector_bytes = Tile(12, 2, 2048, 192, 96), 64
    else:
        tile, vector_bytes = Tile(4, 2, 512, 96, 512), 32
    return {**common, "madd": dot2(machine), "tile": tile, "vector_bytes": vector_bytes}


def _halves(machine: Target) -> list[Ring]:
    """int16 operands."""
    how = {"unpacked_work": UNPACKED_DOTS, **_pairs(machine)}
    return [
        Ring("int16", "int16", "int16", "int16", **how),
        Ring("int16_int32", "int16", "int16", "int32", **how),
    ]


def _bytes(machine: Target) -> list[Ring]:
    """8-bit operands and booleans."""
    if machine.vnni:
        how = {"packed_a": "uint8", "packed_b": "int8", "accumulator": "int32", "k_group": 4, "madd": dot4,
               "tile": Tile(12, 2, 2048, 192, 192), "vector_bytes": 64}  # fmt: skip
        shift = "shifted"
    else:
        how, shift = _pairs(machine), "plain"  # int16 holds both signs: nothing to shift
    how["unpacked_work"] = UNPACKED_DOTS
    return [
        Ring("uint8_int8_int32", "uint8", "int8", "int32", **how),
        Ring("int8_int32", "int8", "int8", "int32", encode_a=shift, **how),
        Ring("uint8_int32", "uint8", "uint8", "int32", encode_b=shift, **how),
        Ring("int8", "uint8", "int8", "int8", **how),
        Ring("bool", "uint8", "uint8", "uint8", encode_a="truth", encode_b="truth",
             store=_nonzero_bytes, join=_or, **how),
    ]  # fmt: skip
