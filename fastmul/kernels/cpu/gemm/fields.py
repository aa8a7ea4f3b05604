"""The rings of characteristic 2 for the packed product: 8 x 8 bit matrices, and the field of 256 elements.

    name     elements                                     one multiply-add with GFNI    elsewhere
    blocks   8 x 8 bit matrices, one to a uint64          vgf2p8affineqb, vpxorq        -
    gf256    bytes: polynomials modulo one of degree 8    vgf2p8mulb, vpxord            8 times and, select, xor

Addition is exclusive or. A matrix over GF(2), cut into 8 x 8 blocks, is a matrix over the ring of blocks:

    block (8 rows)                                     uint64
    +-----------------+                                byte r = row r, bit c of it = column c
    | b00 b01 ... b07 |  byte 0, lowest bit first
    | b10 b11 ... b17 |  byte 1
    |       ...       |                                operands and results are such blocks;
    | b70 b71 ... b77 |  byte 7                        B's are transposed and byte-reversed while packed
    +-----------------+

vgf2p8affineqb takes bytes x and a matrix M whose byte 7 - i is row i, and gives the bytes y with y_i = <M_i, x>. With
a row of a's block for x and the columns of b's block for the M_i, y is that row of a b: one instruction multiplies
eight pairs of blocks.

vgf2p8mulb knows the field under one polynomial, POLYNOMIAL. All fields of 256 elements are isomorphic, and an
isomorphism is a linear map of bytes: operands are mapped to that field while packed and results back when stored, by
the affine instruction, with the maps as run-time parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir

from fastmul.kernels.cpu.gemm import emit
from fastmul.kernels.cpu.gemm.rings import Ring, Tile
from fastmul.runtime.target import target

#: x^8 + x^4 + x^3 + x + 1, the polynomial of gf2p8mulb (and of AES).
POLYNOMIAL = 0x11B


def _vector_bytes() -> int:
    """Bytes of a vector that the instructions take on this target."""
    return 64 if target().avx512 else 32


#: The delta swaps of an 8 x 8 bit transpose: distance, and the bits that move down by it.
_SWAPS = ((7, 0x00AA00AA00AA00AA), (14, 0x0000CCCC0000CCCC), (28, 0x00000000F0F0F0F0))


def _constant(kind: Any, value: int) -> Any:
    return emit.constant(kind, value) if isinstance(kind, ir.VectorType) else kind(value)


def _xor(builder: Any, x: Any, y: Any) -> Any:
    return builder.xor(x, y)


def _unchanged(builder: Any, c: Any) -> Any:
    """The reduction that does nothing: with period 2, LLVM adds two steps' products by one vpternlogq (+ 10 %)."""
    return c


# ---------------------------------------------------------------- 8 x 8 bit matrices


def _multiply_blocks(builder: Any, c: Any, a: Any, b: Any) -> Any:
    """c + a b: the rows of a are mapped by the matrices b, packed as their columns, the last first."""
    n_bytes = emit.size(c.type)
    kind = ir.VectorType(emit.I8, n_bytes)
    x, matrix = (builder.bitcast(v, kind) for v in (a, b))
    name = f"llvm.x86.vgf2p8affineqb.{8 * n_bytes}"
    product = emit.call(builder, name, kind, x, matrix, emit.I8(0))
    return builder.xor(c, builder.bitcast(product, c.type))


def _columns_last_first(builder: Any, x: Any, kind: Any) -> Any:
    """Blocks (one, or a vector) transposed and their bytes reversed."""
    for distance, mask in _SWAPS:
        shift = _constant(kind, distance)
        moved = builder.and_(builder.xor(x, builder.lshr(x, shift)), _constant(kind, mask))
        x = builder.xor(builder.xor(x, moved), builder.shl(moved, shift))
    lanes = f"v{kind.count}i64" if isinstance(kind, ir.VectorType) else "i64"
    return emit.call(builder, f"llvm.bswap.{lanes}", kind, x)


@cache
def blocks() -> Ring | None:
    """The ring of 8 x 8 bit matrices; None where the code-generation target has no GFNI."""
    if not target().gfni:
        return None
    word = ("uint64",) * 6
    common = {"encode_b": _columns_last_first, "join": _xor}
    if target().avx512:
        return Ring("blocks", *word, _multiply_blocks, Tile(6, 4, 512, 96, 96), _vector_bytes(),
                    period=2, reduce=_unchanged, **common)  # fmt: skip
    return Ring(
        "blocks", *word, _multiply_blocks, Tile(6, 2, 512, 96, 96), _vector_bytes(), **common
    )


# ---------------------------------------------------------------- the field of 256 elements


def _map_bytes(builder: Any, x: Any, matrix: Any) -> Any:
    """An affine instruction's linear map, of bytes x (one, or a vector of any length); matrix is a scalar."""
    width = _vector_bytes()
    if not isinstance(x.type, ir.VectorType):
        mapped = _map_bytes(builder, emit.splat(builder, x, width), matrix)
        return builder.extract_element(mapped, emit.I32(0))
    count, wide = x.type.count, ir.VectorType(emit.I8, width)
    maps = builder.bitcast(emit.splat(builder, matrix, width // 8), wide)
    mapped = []
    for start in range(0, count, width):
        picks = [min(start + lane, count - 1) for lane in range(width)]
        part = emit.shuffle(builder, x, x, picks)
        name = f"llvm.x86.vgf2p8affineqb.{8 * width}"
        mapped.append(emit.call(builder, name, wide, part, maps, emit.I8(0)))
    while len(mapped) > 1:
        mapped += mapped[-1:] * (len(mapped) % 2)
        mapped = [
            emit.shuffle(builder, x, y, list(range(2 * x.type.count)))
            for x, y in zip(mapped[::2], mapped[1::2], strict=True)
        ]
    return emit.shuffle(builder, mapped[0], mapped[0], list(range(count)))


def _enter(builder: Any, x: Any, kind: Any, enter: Any, leave: Any) -> Any:
    return _map_bytes(builder, x, enter)


def _leave(builder: Any, c: Any, enter: Any, leave: Any) -> Any:
    return _map_bytes(builder, c, builder.extract_element(leave, emit.I32(0)))


def _multiply_bytes(builder: Any, c: Any, a: Any, b: Any, enter: Any, leave: Any) -> Any:
    name = f"llvm.x86.vgf2p8mulb.{8 * c.type.count}"
    return builder.xor(c, emit.call(builder, name, c.type, a, b))


def _multiply_bytes_portable(builder: Any, c: Any, a: Any, b: Any, overflow: Any) -> Any:
    """c + the sum of b x^i over the bits i of a; overflow is x^8 in lower powers."""
    zero = emit.constant(c.type, 0)
    for i in range(8):
        absent = builder.icmp_unsigned("==", builder.and_(a, emit.constant(c.type, 1 << i)), zero)
        c = builder.xor(c, builder.select(absent, zero, b))
        overflows = builder.icmp_signed("<", b, zero)
        b = builder.xor(builder.add(b, b), builder.select(overflows, overflow, zero))
    return c


def _join_bytes(builder: Any, x: Any, y: Any, *parameters: Any) -> Any:
    return builder.xor(x, y)


@cache
def gf256() -> Ring:
    """The polynomials modulo any irreducible one of degree 8; its parameters are `gf256_parameters`."""
    byte = ("uint8",) * 6
    if target().gfni:
        tile = Tile(12, 2, 1024, 192, 256) if target().avx512 else Tile(6, 2, 1024, 96, 256)
        return Ring("gf256", *byte, _multiply_bytes, tile, _vector_bytes(),
                    encode_a=_enter, encode_b=_enter, store=_leave, join=_join_bytes,
                    parameters=("uint64", "uint64"))  # fmt: skip
    return Ring("gf256_portable", *byte, _multiply_bytes_portable, Tile(4, 1, 512, 96, 512), 32,
                join=_join_bytes, parameters=("uint8",))  # fmt: skip


def gf256_parameters(polynomial: int, maps: Callable[[], tuple[int, int]]) -> np.ndarray:
    """The ring's run-time parameters for a field.

    ``maps()``: the isomorphism to the field under POLYNOMIAL and its inverse, as matrices of the affine instruction.
    """
    words = maps() if target().gfni else (polynomial & 0xFF,)
    return np.array(words, np.uint64)
