"""The rings that schemes run over: how blocks are multiplied, and how sums of blocks are formed.

An `Arithmetic` is all that the executor knows of a ring. `machine(dtype, multiply)` and `modular(p, multiply)` sum by
one fused kernel (kernels/cpu/block_sums.py); `elementwise` makes one of any ring that can add, subtract and scale
arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from fastmul.matrices.schemes.schedule import Pass
from fastmul.runtime import threads
from fastmul.runtime.scratch import lease

#: multiply(a, b, out): out = a b, by any other algorithm.
Multiply = Callable[[np.ndarray, np.ndarray, np.ndarray], None]
#: sums(pass, blocks read, blocks written); rows of blocks are contiguous.
Sums = Callable[[Pass, Sequence[np.ndarray], Sequence[np.ndarray]], None]

#: Bytes of each block that an elementwise pass takes at a time: five of them fit a second-level cache of 1 MiB.
PANEL_BYTES = 128 << 10
#: Bytes read and written by one chunk of a fused pass: a few milliseconds.
CHUNK_BYTES = 64 << 20
#: Blocks larger than this are written around the caches: by the time they are read, they would have left them.
STREAM_BYTES = 4 << 20


@dataclass(frozen=True)
class Arithmetic:
    """A ring: its product of blocks, its sums of blocks, and which integers it can divide by."""

    multiply: Multiply
    sums: Sums
    divides_by: Callable[[int], bool]


def machine(multiply: Multiply, dtype: np.dtype, n_threads: int = 1) -> Arithmetic:
    """Floats, or integers modulo 2^bits; schemes with fractions are for the floats."""

    def sums(part: Pass, reads: Sequence[np.ndarray], writes: Sequence[np.ndarray]) -> None:
        name = reads[0].dtype.name.removeprefix("u")
        if name in ("float64", "float32", "int64", "int32"):
            factors = [_as_word(step.factor, reads[0].dtype) for step in part.steps]
            _fused(
                name, part, [0, 0, *(x for f in factors for x in (f, 0))], reads, writes, n_threads
            )
        else:
            _panels(part, _machine_step, reads, writes, n_threads)

    return Arithmetic(multiply, sums, lambda d: dtype.kind == "f" or d == 1)


def modular(multiply: Multiply, p: int, n_threads: int = 1) -> Arithmetic:
    """Residues in [0, p), p < 2^63, in arrays of int64 or uint64."""

    def sums(part: Pass, reads: Sequence[np.ndarray], writes: Sequence[np.ndarray]) -> None:
        words = [p, 0]
        for step in part.steps:
            factor = residue(step.factor, p)
            words += [factor, (factor << 64) // p]  # Shoup's quotient, kernels/cpu/block_sums.py
        _fused("modular", part, words, reads, writes, n_threads)

    return Arithmetic(multiply, sums, lambda d: math.gcd(d, p) == 1)


def elementwise(
    multiply: Multiply,
    add: Callable[[np.ndarray, np.ndarray], np.ndarray],
    subtract: Callable[[np.ndarray, np.ndarray], np.ndarray],
    scale: Callable[[Fraction, np.ndarray], np.ndarray],
    divides_by: Callable[[int], bool] = lambda d: d == 1,
    n_threads: int = 1,
) -> Arithmetic:
    """A ring of one's own, by its operations on arrays, whose dtype holds no Python objects."""

    def step(factor: Fraction, x: np.ndarray, y: np.ndarray | None) -> np.ndarray:
        if y is None:
            return scale(factor, x)
        return add(x, y) if factor == 1 else subtract(x, y)

    def sums(part: Pass, reads: Sequence[np.ndarray], writes: Sequence[np.ndarray]) -> None:
        _panels(part, step, reads, writes, n_threads)

    return Arithmetic(multiply, sums, divides_by)


def residue(c: Fraction, p: int) -> int:
    """A rational number modulo p.

    >>> residue(Fraction(-1, 2), 7)
    3
    """
    return c.numerator * pow(c.denominator, -1, p) % p


# ---------------------------------------------------------------- sums


def _machine_step(factor: Fraction, x: np.ndarray, y: np.ndarray | None) -> np.ndarray:
    if y is None:
        return np.multiply(x, int(factor), dtype=x.dtype, casting="unsafe")
    return np.add(x, y) if factor == 1 else np.subtract(x, y)


def _panels(
    part: Pass,
    step: Callable[[Fraction, np.ndarray, np.ndarray | None], np.ndarray],
    reads: Sequence[np.ndarray],
    writes: Sequence[np.ndarray],
    n_threads: int,
) -> None:
    """A few rows at a time: what one step writes, the next finds in the cache."""
    rows, row_bytes = reads[0].shape[0], max(1, reads[0].shape[1] * reads[0].itemsize)
    height = max(1, PANEL_BYTES // row_bytes)

    def work(start: int, stop: int) -> None:
        for i in range(start, stop, height):
            panel = slice(i, min(i + height, stop))
            register = {number: x[panel] for number, x in enumerate(reads)}
            for s in part.steps:
                y = None if s.y is None else register[s.y]
                register[s.to] = step(s.factor, register[s.x], y)
            for (number, _), to in zip(part.writes, writes, strict=True):
                to[panel] = register[number]

    threads.run(work, _shares(rows, height, n_threads), n_threads)


def _fused(
    kernel: str,
    part: Pass,
    constants: list[int],
    reads: Sequence[np.ndarray],
    writes: Sequence[np.ndarray],
    n_threads: int,
) -> None:
    """The same by the kernel of kernels/cpu/block_sums.py."""
    from fastmul.kernels.cpu import block_sums

    run = block_sums.KERNELS[kernel]
    rows, row_bytes = reads[0].shape[0], reads[0].shape[1] * reads[0].itemsize
    read = np.array([(x.ctypes.data, x.strides[0]) for x in reads], np.int64)
    straight = part.direct.values()
    write = np.array(
        [
            (-1 if t in straight else number, _is_streamed(x, reads), x.ctypes.data, x.strides[0])
            for t, ((number, _), x) in enumerate(zip(part.writes, writes, strict=True))
        ],
        np.int64,
    )
    words = np.array([c % (1 << 64) for c in constants], np.uint64)
    chunk = block_sums.CHUNK if part.registers else max(1, row_bytes)
    height = max(1, CHUNK_BYTES // max(1, row_bytes * (len(reads) + len(writes))))

    def work(start: int, stop: int) -> None:
        with lease(part.registers * block_sums.CHUNK) as scratch:
            at, place = words.ctypes.data, scratch.ctypes.data
            run(read, part.encoded, at, write, row_bytes, chunk, start, stop, place)

    threads.run(work, _shares(rows, height, n_threads), n_threads)


def _is_streamed(x: np.ndarray, reads: Sequence[np.ndarray]) -> bool:
    """Large, and not read in the same pass."""
    return x.nbytes > STREAM_BYTES and all(x.ctypes.data != y.ctypes.data for y in reads)


def _shares(rows: int, height: int, n_threads: int) -> list[tuple[int, int]]:
    """Ranges of rows: at most `height`, unless every thread gets less."""
    step = max(1, min(height, -(-rows // n_threads)))
    return [(i, min(i + step, rows)) for i in range(0, rows, step)]


def _as_word(factor: Fraction, dtype: np.dtype) -> int:
    """A factor's bits, as a kernel of this dtype reads them."""
    if dtype.kind != "f":
        return int(factor)
    return int(np.array(float(factor), dtype).view(f"u{dtype.itemsize}"))
