"""Modulo 2: to the functions on bits and back, for arrays; BitMatrix in, BitMatrix out."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.linalg import arguments
from fastmul.matrices.bit_matrix import BitMatrix
from fastmul.runtime.threads import get_threads


def is_over_bits(function: str, a: Any, mod: Any) -> bool:
    """Whether a call is one over GF(2): by the operand's type, or the modulus.

    Raises
    ------
    ValueError : a BitMatrix with another modulus.
    """
    if isinstance(a, BitMatrix):
        if mod is not None and arguments.modulus(function, mod) != 2:
            raise ValueError(f"{function}(mod={mod!r}) of a BitMatrix, whose entries live modulo 2")
        return True
    return mod is not None and arguments.modulus(function, mod) == 2


def compute(function: str, a: Any, *others: Any, threads: int | None) -> Any:
    """The function of that name in `fastmul.linalg.binary`."""
    from fastmul.linalg import binary

    operands = [_as_bits(function, x, threads) for x in (a, *others)]
    result = getattr(binary, function)(*operands, threads=threads)
    if isinstance(a, BitMatrix):
        return result
    return tuple(map(_as_array, result)) if isinstance(result, tuple) else _as_array(result)


def solve_over_bits(a: Any, b: Any, threads: int | None) -> Any:
    """solve modulo 2, where one operand may be a BitMatrix and the other an array."""
    from fastmul.linalg import binary

    x = _as_bits("solve", a, threads)
    if isinstance(b, BitMatrix):
        solution = binary.solve(x, b, threads)
        return solution if isinstance(a, BitMatrix) else _as_array(solution)
    y = arguments.right_hand_side("solve", b, x)
    columns = arguments.residues(y[:, np.newaxis] if y.ndim == 1 else y, 2, threads)
    return _as_array(binary.solve(x, BitMatrix(columns), threads)).reshape(y.shape)


def _as_bits(function: str, x: Any, threads: int | None) -> BitMatrix:
    get_threads(threads)
    if isinstance(x, BitMatrix):
        return x
    return BitMatrix(arguments.residues(arguments.matrix(function, x), 2, threads))


def _as_array(x: Any) -> Any:
    return x.to_array(np.int64) if isinstance(x, BitMatrix) else x
