"""Structured dropout: whole blocks of a product's left operand are dropped, and their multiplications skipped.

    C = D(A) B        D(A) = A / (1 - p) in the kept blocks, 0 in the others

    dA = D'(dC B^T)   only the kept blocks are computed           dB = D(A)^T dC   skips what the forward pass skips

Where the elements of a matrix are dropped one by one, no multiplication is saved; blocks are. The block (i, j) is kept
iff the word at row i, column j of `fastmul.lowprecision.Philox` is at least the threshold of p, so both passes have
one mask without storing it.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from fastmul.nn.dropping import dropout_mask, repeatable, rule

Block = int | tuple[int, int]


def block_dropout_mask(
    shape: tuple[int, int], p: float, *, block: Block = 128, rng: Any
) -> np.ndarray:
    """Which blocks of a matrix of this shape are kept.

    Parameters
    ----------
    shape : (m, k).
    p : float in [0, 1), rounded to a multiple of 2^-32.
    block : int or (int, int)
        Rows and columns of a block; the last ones may be smaller.
    rng : int seed, `fastmul.lowprecision.Philox` or numpy.random.Generator

    Returns
    -------
    (ceil(m / rows), ceil(k / columns)) bool array.

    Raises
    ------
    ValueError : p is outside [0, 1), the shape no matrix's, or the block has no rows or columns.
    TypeError : the block's sides are no integers.

    Examples
    --------
    >>> block_dropout_mask((200, 500), 0.5, block=128, rng=7)
    array([[ True,  True, False, False],
           [False, False,  True,  True]])
    """
    height, width = _checked_block(block)
    if np.ndim(shape) != 1 or len(shape) != 2:
        raise ValueError(f"block_dropout_mask(shape={shape}): must be (m, k), of a matrix")
    return dropout_mask((-(-shape[0] // height), -(-shape[1] // width)), p, rng=rng, threads=1)


def dropout_matmul(
    a: Any, b: Any, p: float, *, block: Block = 128, rng: Any, training: bool = True,
    threads: int | None = None,
) -> np.ndarray:  # fmt: skip
    """The product D(a) b, where D drops blocks of a with probability p and divides the others by 1 - p.

    Parameters
    ----------
    a, b : (m, k), (k, n) arrays of float32.
    p : float in [0, 1), rounded to a multiple of 2^-32.
    block : int or (int, int)
        Rows and columns of a block of a: 64 or 128 are fast.
    rng : int seed, `fastmul.lowprecision.Philox` or numpy.random.Generator
        A Philox, to be able to go back.
    training : bool
        False: the product a b, by the same sums; no random bits are drawn.
    threads : int, optional
        As in `fastmul.matmul`.

    Returns
    -------
    (m, n) float32 array.

    Raises
    ------
    ValueError : p is outside [0, 1), or the shapes do not fit.
    TypeError : a or b has another dtype.

    Exactness
    ---------
    Bit for bit the product with the dropped blocks set to zero, for finite b: the order of the sums does not depend
    on what is kept, and not on threads. Where all sums are exact, also that of every other order.

    Complexity
    ----------
    (1 - p) m k n multiply-adds on average; scratch for b, packed, up to 32 MiB.

    Source
    ------
    Structured dropout of blocks: arXiv 2411.01238 (2024).

    Examples
    --------
    >>> a, b = np.ones((2, 4), np.float32), np.ones((4, 3), np.float32)
    >>> dropout_matmul(a, b, 0.5, block=(1, 2), rng=7)
    array([[8., 8., 8.],
           [0., 0., 0.]], dtype=float32)
    """
    from fastmul.kernels.cpu.gemm.block_sparse import Kept, multiply_block_sparse

    _, scale = rule(p)
    block = _checked_block(block)
    a, b = _matrices("dropout_matmul", a=a, b=b)
    if a.shape[1] != b.shape[0]:
        raise ValueError(f"dropout_matmul: a of shape {a.shape} and b of shape {b.shape}")
    if training:
        mask = block_dropout_mask(a.shape, p, block=block, rng=rng)
    else:
        mask, scale = block_dropout_mask(a.shape, 0, block=block, rng=0), 1.0
    c = np.zeros((a.shape[0], b.shape[1]), np.float32)
    multiply_block_sparse(a, Kept.of(mask), block, b, c, scale, threads)
    return c


def dropout_matmul_backward(
    grad: Any, a: Any, b: Any, p: float, *, block: Block = 128, rng: Any, threads: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """The gradients by a and by b of `dropout_matmul(a, b, p, block=block, rng=rng)`.

    Parameters
    ----------
    grad : (m, n) array of float32
        The gradient by the product.
    a, b : (m, k), (k, n) arrays of float32.
    p, block, rng, threads : as in `dropout_matmul`; rng must give the same seed again, so a Generator will not do.

    Returns
    -------
    ((m, k), (k, n)) arrays: grad b^T / (1 - p) in the kept blocks, exactly 0 in the others, and D(a)^T grad.

    Raises
    ------
    ValueError : p is outside [0, 1), or the shapes do not fit.
    TypeError : another dtype, or rng is a Generator.

    Exactness
    ---------
    As of `dropout_matmul`, both products.

    Complexity
    ----------
    2 (1 - p) m k n multiply-adds on average.

    Examples
    --------
    >>> a, b, grad = (np.ones(shape, np.float32) for shape in ((2, 4), (4, 3), (2, 3)))
    >>> by_a, by_b = dropout_matmul_backward(grad, a, b, 0.5, block=(1, 2), rng=7)
    >>> by_a
    array([[6., 6., 6., 6.],
           [0., 0., 0., 0.]], dtype=float32)
    """
    from fastmul.kernels.cpu.gemm.block_sparse import (
        Kept,
        multiply_block_samples,
        multiply_block_sparse,
    )

    _, scale = rule(p)
    height, width = _checked_block(block)
    grad, a, b = _matrices("dropout_matmul_backward", grad=grad, a=a, b=b)
    if a.shape[1] != b.shape[0] or grad.shape != (a.shape[0], b.shape[1]):
        raise ValueError(
            f"dropout_matmul_backward: grad of shape {grad.shape}, a of {a.shape}, b of {b.shape}"
        )
    mask = block_dropout_mask(a.shape, p, block=block, rng=repeatable(rng))
    by_a, by_b = np.zeros_like(a, order="C"), np.zeros_like(b, order="C")
    multiply_block_samples(grad, b.T, Kept.of(mask), (height, width), by_a, threads)
    by_a *= np.float32(scale)
    multiply_block_sparse(a.T, Kept.of(mask.T), (width, height), grad, by_b, scale, threads)
    return by_a, by_b


def _checked_block(block: Block) -> tuple[int, int]:
    sides = tuple(block) if isinstance(block, tuple | list) else (block, block)
    if len(sides) != 2 or min(map(operator.index, sides)) < 1:
        raise ValueError(
            f"block={block}: must be an int or (rows, columns): a block has at least one row and one column"
        )
    return operator.index(sides[0]), operator.index(sides[1])


def _matrices(name: str, **operands: Any) -> list[np.ndarray]:
    """The operands as float32 arrays with two axes."""
    found = [np.asarray(x) for x in operands.values()]
    given = ", ".join(
        f"{key} of {x.dtype}{x.shape}" for key, x in zip(operands, found, strict=True)
    )
    if any(x.dtype != np.float32 for x in found):
        raise TypeError(f"{name}({given}): all must be float32")
    if any(x.ndim != 2 for x in found):
        raise ValueError(f"{name}({given}): all must be matrices")
    return found
