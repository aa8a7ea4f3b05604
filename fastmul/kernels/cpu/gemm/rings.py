"""The rings that the packed product runs over: what one multiply-add is, and the tile that suits it.

A ring is data for the emitter and the driver: dtypes, the width of a vector, one multiply-add as vector IR.
Adding a ring is adding an entry to `_RINGS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from llvmlite import ir

from fastmul.kernels.cpu.gemm import emit
from fastmul.runtime.target import Target, target


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

    @property
    def word_bytes(self) -> int:
        """Bytes of one k-group of one row."""
        return self.k_group * emit.size(emit.element(self.packed))

    @property
    def word(self) -> Any:
        """A k-group of one row as one scalar, so that it can be broadcast."""
        kind = emit.element(self.packed)
        return kind if self.k_group == 1 else ir.IntType(8 * self.word_bytes)


@dataclass(frozen=True)
class Ring:
    """One ring (or exact product) of the packed driver."""

    name: str
    a: str  # dtypes of the operands and the result
    b: str
    result: str
    accumulator: str  # dtype of the register tile; its lanes are truncated to `result`
    madd: Callable[[Any, Any, Any, Any], Any]  # (builder, accumulator, a, b) -> accumulator
    add: Callable[[Any, Any, Any], Any]  # joins the partial sums of two blocks
    tile: Tile
    vector_bytes: int
    packed_a: str
    packed_b: str
    k_group: int = 1  # elements of k that one multiply-add takes
    unroll: int = 1

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
        return Side(self.a, self.packed_a, self.tile.mr, self.k_group)

    @property
    def side_b(self) -> Side:
        return Side(self.b, self.packed_b, self.nr, self.k_group)


def _fma(builder: Any, c: Any, a: Any, b: Any) -> Any:
    suffix = f"v{c.type.count}f{8 * emit.size(c.type.element)}"
    return emit.call(builder, f"llvm.fma.{suffix}", c.type, a, b, c)


def _multiply_add(builder: Any, c: Any, a: Any, b: Any) -> Any:
    return builder.add(c, builder.mul(a, b))


def _add(builder: Any, x: Any, y: Any) -> Any:
    return builder.add(x, y)


def _add_float(builder: Any, x: Any, y: Any) -> Any:
    return builder.fadd(x, y)


def _plain(dtype: str, tile: Tile, vector_bytes: int, **changes: Any) -> Ring:
    """The ring of one dtype under its own + and *."""
    floating = dtype.startswith("float")
    return Ring(
        dtype, dtype, dtype, dtype, dtype,
        _fma if floating else _multiply_add, _add_float if floating else _add,
        tile, vector_bytes, dtype, dtype, **changes,
    )  # fmt: skip


@cache
def rings(machine: Target | None = None) -> dict[str, Ring]:
    """Every ring by name, for a code-generation target."""
    machine = machine or target()
    made = _avx512(machine) if machine.avx512 else _portable(machine)
    return {ring.name: ring for ring in made}


def _avx512(machine: Target) -> list[Ring]:
    return [
        _plain("float64", Tile(12, 2, 256, 192, 4096), 64, unroll=4),
        _plain("float32", Tile(12, 2, 384, 192, 4096), 64, unroll=4),
        _plain("int64", Tile(12, 2, 256, 192, 4096), 64),
        _plain("int32", Tile(12, 2, 384, 192, 4096), 64),
    ]


def _portable(machine: Target) -> list[Ring]:
    return [
        _plain("float64", Tile(6, 2, 256, 96, 512), 32, unroll=4),
        _plain("float32", Tile(6, 2, 256, 96, 1024), 32, unroll=4),
        _plain("int64", Tile(4, 1, 256, 96, 512), 32),
        _plain("int32", Tile(4, 2, 256, 96, 1024), 32),
    ]
