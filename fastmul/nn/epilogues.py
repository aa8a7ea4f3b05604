"""Epilogues: what follows a product, done to blocks of its rows while they are in cache."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fastmul.nn.stages import ALL_ROWS, Stages


@dataclass(frozen=True, eq=False)
class Epilogue:
    """bias -> activation -> normalisation -> dropout -> residual, in this order, in one pass.

    y = dropout(normalization(activation(c + bias))) + residual, for each row of c, in place.

    Parameters
    ----------
    bias : (n,) float32 array, optional
        Added to each row.
    activation : "relu", "gelu", "gelu_tanh", "silu", "sigmoid" or "tanh", optional
        A function of `fastmul.nn` ("gelu_tanh": ``gelu(approximate="tanh")``).
    normalization : `RMSNorm` or `LayerNorm`, optional
    dropout : float in [0, 1)
        The probability of dropping, as in `fastmul.nn.dropout`.
    residual : (..., n) float32 array, optional
        As many rows as the whole product; added at the end.
    rng : int seed, `fastmul.lowprecision.Philox` or numpy.random.Generator
        For dropout in training. The word of an element depends on its row and column alone.
    training : bool
        False: dropout is the identity, and no random bits are drawn.

    Raises
    ------
    TypeError : an array is not float32, or rng is missing.
    ValueError : an unknown activation, a p outside [0, 1); when called: shapes that do not fit.

    Error
    -----
    Each stage rounds to float32 as the function of its name does, so the result is that of the single steps, bit for
    bit, however the rows are cut into blocks and whatever the threads.

    Complexity
    ----------
    One pass over memory, where single steps make one each.

    Examples
    --------
    >>> epilogue = Epilogue(bias=np.ones(3, np.float32), activation="relu")
    >>> rows = np.array([[-2.0, 0.0, 2.0]], np.float32)
    >>> epilogue(rows); rows
    array([[0., 1., 3.]], dtype=float32)
    """

    bias: Any = None
    activation: str | None = None
    normalization: Any = None
    dropout: float = 0.0
    residual: Any = None
    rng: Any = field(default=None, kw_only=True)
    training: bool = field(default=False, kw_only=True)
    _stages: Stages = field(init=False, repr=False)

    def __post_init__(self) -> None:
        stages = Stages("Epilogue", bias=self.bias, activation=self.activation, normalization=self.normalization,
                        dropout=self.dropout, residual=self.residual, rng=self.rng, training=self.training)  # fmt: skip
        object.__setattr__(self, "_stages", stages)

    def __call__(
        self,
        rows: np.ndarray,
        first_row: int = 0,
        *,
        rows_of_plane: int = ALL_ROWS,
        threads: int | None = None,
    ) -> None:
        """Change rows of a product in place.

        Parameters
        ----------
        rows : (r, n) float32 array, C-contiguous and writable.
        first_row : int
            The number of its first row in the whole product.
        rows_of_plane : int
            Where the product's rows are those of an array (planes, rows_of_plane, n): dropout addresses its words so.
        threads : int, optional
            As in `fastmul.matmul`.

        Raises
        ------
        TypeError, ValueError : rows is no such array, bias, weight or residual do not fit it, or a number is negative.
        """
        if not isinstance(rows, np.ndarray) or rows.dtype != np.float32 or rows.ndim != 2:
            raise TypeError("Epilogue: rows must be a NumPy array of float32 with two axes")
        if not (rows.flags.c_contiguous and rows.flags.writeable):
            raise ValueError(
                "Epilogue: rows is changed in place, must be C-contiguous and writable"
            )
        first_row, rows_of_plane = operator.index(first_row), operator.index(rows_of_plane)
        if first_row < 0 or rows_of_plane < 1:
            raise ValueError(
                f"Epilogue(rows {rows.shape}, first_row={first_row}, rows_of_plane={rows_of_plane}): rows are counted "
                "from 0, and a plane has at least one"
            )
        self._stages.rows(rows, first_row, rows_of_plane, threads)
