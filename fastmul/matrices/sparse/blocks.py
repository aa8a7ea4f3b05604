"""BlockSparse: a matrix stored as its nonzero blocks, all of one size, multiplied without looking at the others."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from fastmul.matrices.multiplication import packed
from fastmul.matrices.multiplication.operands import result_dtype
from fastmul.runtime import arrays


class BlockSparse:
    """A matrix whose nonzero entries lie in blocks of one size.

    ``x @ s`` and ``s @ x`` with arrays are `fastmul.matmul`.

    Parameters
    ----------
    blocks : (count, height, width) array of integers, float32 or float64.
    rows, columns : (count,) integers
        Where each block lies, counted in blocks; any order, no place twice.
    shape : (int, int)
        Of the matrix: multiples of height and width.

    Raises
    ------
    ValueError : a shape that the blocks do not divide, a place outside or twice.
    TypeError : a dtype that has no packed product, or places that are no integers.

    Exactness
    ---------
    Skipping a block is zeroing it: integers are exact modulo 2^bits as in `fastmul.matmul`; float entries are summed
    block by block in ascending columns, each block by fused multiply-adds from zero in an order that its width
    decides, so that a block of zeros, stored or not, leaves the value of every entry as it is (finite operands).

    Examples
    --------
    >>> s = BlockSparse(np.ones((2, 2, 2), np.int64), [0, 1], [2, 0], (4, 6))
    >>> s.density
    0.3333333333333333
    >>> s @ np.arange(6)
    array([9, 9, 1, 1])
    """

    __slots__ = ("blocks", "columns", "rows", "shape")
    __array_ufunc__ = None  # NumPy's arrays leave @ to __rmatmul__

    blocks: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    shape: tuple[int, int]

    def __init__(self, blocks: Any, rows: Any, columns: Any, shape: tuple[int, int]) -> None:
        (blocks,) = arrays.as_operands("BlockSparse", blocks)
        if blocks.ndim != 3 or 0 in blocks.shape[1:]:
            raise ValueError(
                f"BlockSparse takes blocks of shape (count, height, width), not {blocks.shape}"
            )
        if blocks.dtype.kind not in "iu" and blocks.dtype.char not in "fd":
            raise TypeError(
                f"BlockSparse of {blocks.dtype}: blocks are integers, float32 or float64"
            )
        count, height, width = blocks.shape
        m, k = map(operator.index, shape)
        if m < 0 or k < 0 or m % height or k % width:
            raise ValueError(
                f"blocks of {height} x {width} do not divide a matrix of {m} x {k}: pad it with zeros"
            )
        rows, columns = (_places(name, x) for name, x in (("rows", rows), ("columns", columns)))
        if not len(rows) == len(columns) == count:
            raise ValueError(
                f"BlockSparse of {count} blocks got {len(rows)} rows and {len(columns)} columns"
            )
        for name, x, limit in (("rows", rows, m // height), ("columns", columns, k // width)):
            if count and not 0 <= x.min() <= x.max() < limit:
                raise ValueError(
                    f"{name} of blocks are counted in blocks, from 0 to {limit - 1}; got {x.min()} to {x.max()}"
                )
        order = np.lexsort((columns, rows))
        rows, columns = rows[order], columns[order]
        if (twice := np.nonzero((np.diff(rows) == 0) & (np.diff(columns) == 0))[0]).size:
            place = rows[twice[0]], columns[twice[0]]
            raise ValueError(
                f"two blocks at ({place[0]}, {place[1]}): add them up first, a place has one block"
            )
        sorted_already = (np.diff(order) > 0).all()
        self.blocks = blocks if sorted_already else blocks[order]
        self.rows, self.columns, self.shape = rows, columns, (m, k)

    @classmethod
    def from_dense(cls, x: Any, block: tuple[int, int]) -> BlockSparse:
        """The matrix x, without its (height, width) blocks of nothing but zeros."""
        (x,) = arrays.as_operands("BlockSparse.from_dense", x)
        height, width = map(operator.index, block)
        if min(height, width) < 1 or x.ndim != 2 or x.shape[0] % height or x.shape[1] % width:
            raise ValueError(
                f"blocks of {height} x {width} do not divide an array of shape {x.shape}: pad it with zeros"
            )
        grid = x.reshape(x.shape[0] // height, height, x.shape[1] // width, width).swapaxes(1, 2)
        rows, columns = np.nonzero(grid.any(axis=(2, 3)))
        return cls(grid[rows, columns], rows, columns, x.shape)

    def to_dense(self) -> np.ndarray:
        """The matrix as an array."""
        _, height, width = self.blocks.shape
        dense = np.zeros(self.shape, self.dtype)
        grid = dense.reshape(self.shape[0] // height, height, self.shape[1] // width, width)
        grid.swapaxes(1, 2)[self.rows, self.columns] = self.blocks
        return dense

    @property
    def dtype(self) -> np.dtype:
        return self.blocks.dtype

    @property
    def ndim(self) -> int:
        return 2

    @property
    def density(self) -> float:
        """The part of the matrix that is stored."""
        size = self.shape[0] * self.shape[1]
        return self.blocks.size / size if size else 0.0

    @property
    def T(self) -> BlockSparse:
        """The transpose."""
        blocks = self.blocks.transpose(0, 2, 1)
        return BlockSparse(blocks, self.columns, self.rows, self.shape[::-1])

    def __repr__(self) -> str:
        count, height, width = self.blocks.shape
        return f"BlockSparse({self.shape}, {count} blocks of {height} x {width}, {self.dtype})"

    def __matmul__(self, other: Any) -> Any:
        from fastmul.matrices.multiplication import matmul

        return matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        from fastmul.matrices.multiplication import matmul

        return matmul(other, self)


def _places(name: str, x: Any) -> np.ndarray:
    x = np.asarray(x)
    if x.dtype.kind not in "iu" and x.size:
        raise TypeError(f"{name} of blocks are counted in blocks, by integers; got {x.dtype}")
    return x.astype(np.int64).reshape(-1)


def product(a: BlockSparse, b: np.ndarray, dtype: Any, threads: int | None) -> np.ndarray:
    """The product by a 2-D array, in the dtype that matmul gives it."""
    from fastmul.kernels.cpu.gemm.stored_blocks import multiply_stored_blocks

    result = result_dtype(a.dtype, b.dtype, dtype)
    if result.kind not in "iu" and result.char not in "fd":
        raise TypeError(
            f"matmul of a BlockSparse matrix has no {result}: it multiplies integers, float32 and float64"
        )
    _, height, width = a.blocks.shape
    counts = np.bincount(a.rows, minlength=a.shape[0] // height)
    starts = np.concatenate([[0], np.cumsum(counts)])
    if result.kind == "f":
        as_a = as_b = as_out = result
        ring = result.name
    else:
        depth = width * int(counts.max(initial=0))
        ring, as_a, as_b, as_out = packed.plan(a.dtype, b.dtype, result, depth)
    out = np.empty((a.shape[0], b.shape[1]), as_out)
    left, right = _as(a.blocks, as_a), _as(b, as_b)
    multiply_stored_blocks(left, starts, a.columns, right, out, ring, threads)
    return _as(out, result)


def _as(x: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """x as `dtype`: a view if only the sign differs, a converted copy otherwise."""
    if x.dtype == dtype:
        return x
    if x.dtype.itemsize == dtype.itemsize and x.dtype.kind in "iu" and dtype.kind in "iu":
        return x.view(dtype)
    return x.astype(dtype)
