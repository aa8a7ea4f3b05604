"""One modulus, 64 numbers: their residues, by dot-product instructions, written as vector IR.

A number is `n_words` 32-bit words, and a word four bytes (or two 16-bit halves), each with its weight modulo m:

    tile of numbers                   weights      r[j] = offset + sum over w of  word[w][j] . weight[w]
    word 0 of numbers 0 ... 63        word 0
    word 1 of numbers 0 ... 63        word 1       one instruction: 16 numbers, four (two) products of each
      ...                               ...

Then r - m * round(r / m), in floats that hold r exactly (`bounds.residues` has the proof).
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from fastmul.kernels.cpu.gemm import emit
from fastmul.kernels.cpu.gemm.emit import I32, I64
from fastmul.kernels.cpu.gemm.rings import dot2, dot4
from fastmul.runtime.target import target

#: Numbers of a tile, and in one vector of 32-bit words.
TILE, LANES = 64, 16
_VECTORS = TILE // LANES
_WORDS = ir.VectorType(I32, LANES)

#: Of each kind: the elements of its residues, and the floats that reduce them.
_STORED = {"bytes": ir.IntType(8), "halves": ir.IntType(16)}
_FLOAT = {"bytes": ir.FloatType(), "halves": ir.DoubleType()}


def _dot_bytes(builder: Any, r: Any, words: Any, weights: Any) -> Any:
    """r + four products of unsigned by signed bytes."""
    if target().vnni:
        return dot4(builder, r, words, weights)
    halves = ir.VectorType(ir.IntType(16), 2 * LANES)
    eight, low_byte = emit.constant(halves, 8), emit.constant(halves, 0xFF)
    pairs, weight_pairs = (builder.bitcast(x, halves) for x in (words, weights))
    even = builder.and_(pairs, low_byte), builder.ashr(builder.shl(weight_pairs, eight), eight)
    odd = builder.lshr(pairs, eight), builder.ashr(weight_pairs, eight)
    for factors in (even, odd):
        r = _dot_halves(builder, r, *(builder.bitcast(x, _WORDS) for x in factors))
    return r


def _dot_halves(builder: Any, r: Any, words: Any, weights: Any) -> Any:
    """r + two products of signed halves."""
    return dot2(target())(builder, r, words, weights)


def make_load_tile(n_words: int) -> Any:
    """``load_tile(source, flips, tile)``: 64 numbers of `n_words` words each, flipped, word by word into the tile."""
    numbers = ir.VectorType(I32, LANES * n_words)

    @intrinsic
    def load_tile(typing_context: Any, source: Any, flips: Any, tile: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            source, flips, tile = (emit.at(builder, address) for address in args)
            for v in range(_VECTORS):
                some = emit.load(builder, emit.at(builder, source, v * emit.size(numbers)), numbers)
                for i in range(n_words):
                    word = emit.shuffle(builder, some, some, list(range(i, numbers.count, n_words)))
                    flip = emit.load(builder, emit.at(builder, flips, 4 * i), I32)
                    flipped = builder.xor(word, emit.splat(builder, flip, LANES))
                    place = emit.at(builder, tile, 4 * (i * TILE + v * LANES))
                    emit.store(builder, flipped, place)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 3), lower

    return load_tile


def make_residue_tile(kind: str, nonnegative: bool) -> Any:
    """``residue_tile(tile, n_words, weights, segment, offset, m, inverse, add, out)``; addresses are int64.

    out = the residues of the tile's numbers; `segment` words are summed between reductions. If `add` is not 0, what
    stands at out is added first. Residues are in [0, m) if nonnegative, else balanced.
    """
    dot = _dot_bytes if kind == "bytes" else _dot_halves
    floats = ir.VectorType(_FLOAT[kind], LANES)
    stored = ir.VectorType(_STORED[kind], LANES)
    suffix = f"v{LANES}f{8 * emit.size(_FLOAT[kind])}"

    def splat(builder: Any, value: Any) -> Any:
        if value.type != _FLOAT[kind]:
            value = builder.fptrunc(value, _FLOAT[kind])
        return emit.splat(builder, value, LANES)

    def reduced(builder: Any, r: Any, m: Any, inverse: Any) -> Any:
        x = builder.sitofp(r, floats)
        q = emit.call(builder, f"llvm.rint.{suffix}", floats, builder.fmul(x, inverse))
        rest = emit.call(builder, f"llvm.fma.{suffix}", floats, builder.fneg(q), m, x)
        return builder.fptosi(rest, _WORDS)

    def wrapped(builder: Any, r: Any, m: Any) -> Any:
        """Balanced residues in [0, m): the lesser of r and r + m as unsigned numbers."""
        lifted = builder.add(r, builder.fptosi(m, _WORDS))
        return builder.select(builder.icmp_unsigned("<", r, lifted), r, lifted)

    @intrinsic
    def residue_tile(typing_context: Any, tile: Any, n_words: Any, weights: Any, segment: Any,
                     offset: Any, m: Any, inverse: Any, add: Any, out: Any) -> Any:  # fmt: skip
        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            tile, n_words, weights, segment, offset, m, inverse, add, out = args
            m, inverse = splat(builder, m), splat(builder, inverse)
            sums = [cgutils.alloca_once(builder, _WORDS) for _ in range(_VECTORS)]
            places = [emit.at(builder, out, v * emit.size(stored)) for v in range(_VECTORS)]
            for r in sums:
                builder.store(emit.splat(builder, builder.trunc(offset, I32), LANES), r)
            with builder.if_then(builder.icmp_signed("!=", add, I64(0))):
                for r, place in zip(sums, places, strict=True):
                    before = builder.sext(emit.load(builder, place, stored), _WORDS)
                    builder.store(builder.add(builder.load(r), before), r)

            def add_word(index: Any) -> None:
                byte = builder.mul(index, I64(4))
                weight = emit.load(builder, emit.at(builder, builder.add(weights, byte)), I32)
                weight = emit.splat(builder, weight, LANES)
                row = emit.at(builder, builder.add(tile, builder.mul(byte, I64(TILE))))
                for v, r in enumerate(sums):
                    words = emit.load(builder, emit.at(builder, row, 4 * LANES * v), _WORDS)
                    builder.store(dot(builder, builder.load(r), words, weight), r)

            above = builder.add(n_words, builder.sub(segment, I64(1)))
            with cgutils.for_range(builder, builder.sdiv(above, segment)) as outer:
                first = builder.mul(outer.index, segment)
                left = builder.sub(n_words, first)
                count = builder.select(builder.icmp_signed("<", left, segment), left, segment)
                with cgutils.for_range(builder, count) as inner:
                    add_word(builder.add(first, inner.index))
                for r in sums:
                    builder.store(reduced(builder, builder.load(r), m, inverse), r)
            for r, place in zip(sums, places, strict=True):
                value = builder.load(r)
                if nonnegative:
                    value = wrapped(builder, value, m)
                emit.store(builder, builder.trunc(value, stored), place)
            return context.get_dummy_value()

        kinds = [*[types.int64] * 5, types.float64, types.float64, types.int64, types.int64]
        return types.void(*kinds), lower

    return residue_tile
