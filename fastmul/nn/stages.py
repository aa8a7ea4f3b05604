"""What follows a product, checked and brought into the form that the one kernel of it takes."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.nn.activations import NAMES
from fastmul.nn.dropping import rule
from fastmul.nn.normalization import LayerNorm, RMSNorm
from fastmul.nn.operands import address, floats, rows_of, vector
from fastmul.runtime.philox import Philox
from fastmul.runtime.threads import chunks, get_threads, run

#: Elements of one chunk of work: some milliseconds at most.
CHUNK = 1 << 18
#: Rows of one plane where there is one plane only: no row's number reaches it.
ALL_ROWS = 1 << 32


class Stages:
    """bias -> activation -> normalisation -> dropout -> residual, of rows in place; None is no stage."""

    def __init__(self, call: str, *, bias: Any = None, activation: str | None = None, normalization: Any = None,
                 dropout: float = 0.0, residual: Any = None, rng: Any = None,
                 training: bool = False) -> None:  # fmt: skip
        self.call = call
        self.bias = None if bias is None else floats(bias, call, "bias")
        self.residual = None if residual is None else floats(residual, call, "residual")
        if activation is not None and activation not in NAMES:
            raise ValueError(f"{call}: activation={activation!r} is none of {', '.join(NAMES)}")
        if normalization is not None and not isinstance(normalization, RMSNorm | LayerNorm):
            raise TypeError(
                f"{call}: normalization={normalization!r} must be nn.RMSNorm(...) or nn.LayerNorm(...)"
            )
        self.activation, self.normalization = activation, normalization
        self.threshold, self.scale = rule(dropout) if training else (0, 1.0)
        if not training:
            rule(dropout)  # a wrong p is wrong in inference, too
        self.source = Philox.of(rng) if self.threshold else Philox(0)

    def apply(self, x: np.ndarray, threads: int | None = None) -> None:
        """All stages over an array (..., n), whose leading axes but one are planes of random words."""
        rows = rows_of(x, self.call)
        self.rows(rows, 0, x.shape[-2] if x.ndim > 1 else 1, threads)

    def rows(
        self,
        rows: np.ndarray,
        first_row: int = 0,
        rows_of_plane: int = ALL_ROWS,
        threads: int | None = None,
    ) -> None:
        """All stages over rows first_row, first_row + 1, ... of the whole, in place."""
        from fastmul.kernels.cpu.elementary_arrays import elementwise
        from fastmul.kernels.cpu.nn import epilogues as kernels

        count, n = rows.shape
        if rows.size == 0:
            return
        bias = vector(self.bias, n, self.call, "bias")
        kind, weight, shift, eps = kernels.NONE, None, None, 0.0
        if self.normalization is not None:
            name, weight, shift = self.normalization.parts(n, self.call)
            kind, eps = {"rms": kernels.RMS, "layer": kernels.LAYER}[name], self.normalization.eps
        residual = self._residual_rows(n, first_row + count)
        activation = elementwise.named(self.activation).address if self.activation else 0
        bytes_of_row = rows.itemsize * n

        def run_chunk(start: int, stop: int) -> None:
            place = first_row + start
            kernels.finish(
                rows.ctypes.data + bytes_of_row * start, n, place, first_row + stop, address(bias), activation,
                kind, address(weight), address(shift), eps,
                self.threshold, self.scale, self.source.site, *self.source.key, rows_of_plane,
                0 if residual is None else residual.ctypes.data + bytes_of_row * place,
            )  # fmt: skip

        run(run_chunk, chunks(count, n, CHUNK), get_threads(threads))

    def _residual_rows(self, n: int, count: int) -> np.ndarray | None:
        if self.residual is None:
            return None
        shape = self.residual.shape
        if self.residual.ndim == 0 or shape[-1] != n or self.residual.size < count * n:
            raise ValueError(
                f"{self.call}: residual has shape {shape}, must have the rows of the result: "
                f"at least {count} of {n} columns"
            )
        return self.residual
