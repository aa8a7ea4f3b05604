"""Arrays of words modulo p: reduced, and folded into sums; a thin way to kernels/cpu/modular."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fastmul.bounds import modular
from fastmul.runtime import threads

SIGN = 1 << 63
#: Entries of one chunk: a few milliseconds.
_CHUNK = 1 << 20


def reduce(x: np.ndarray, p: int, n_threads: int | None = None) -> np.ndarray:
    """The integers or booleans x modulo p, in [0, p), as a new contiguous int64 array."""
    return _reduce(x, p, p - 1, n_threads)


def reduced(x: np.ndarray, p: int, n_threads: int | None = None) -> np.ndarray:
    """x modulo p, in [0, p), as int64: x itself where it is that, which one pass tells and no copy."""
    is_word = x.dtype.kind in "iu" and x.dtype.itemsize == 8
    if is_word and x.size and int(x.view(np.uint64).max()) < p:  # negative entries are the largest
        return x.view(np.int64)
    return reduce(x, p, n_threads)


def centre(x: np.ndarray, p: int, n_threads: int | None = None) -> np.ndarray:
    """x modulo p, in (-p/2, p/2]."""
    return _reduce(x, p, p // 2, n_threads)


def _reduce(x: np.ndarray, p: int, above: int, n_threads: int | None) -> np.ndarray:
    from fastmul.kernels.cpu.modular import reduce_rows

    if x.size == 0:
        return np.empty(x.shape, np.int64)
    words = x.astype(np.int64 if x.dtype.kind == "i" else np.uint64, copy=False)
    rows = words.view(np.uint64).reshape(-1, x.shape[-1])
    out = np.empty(rows.shape, np.uint64)
    flip, offset = (SIGN, -SIGN % p) if x.dtype.kind == "i" else (0, 0)
    numbers = [np.uint64(v) for v in (flip, offset, modular.reciprocal(p), p, above)]
    chunks = [(rows, *numbers, out, *span) for span in _spans(rows.shape)]
    threads.run(reduce_rows, chunks, threads.get_threads(n_threads))
    return out.view(np.int64).reshape(x.shape)


def fold(
    total: np.ndarray, terms: np.ndarray, factor: int, p: int, n_threads: int | None = None
) -> None:
    """total = total * factor + terms modulo p; total is uint64, terms int64, both contiguous 2-D."""
    from fastmul.kernels.cpu.modular import fold_rows

    numbers = _fold_numbers(factor % p, p)
    chunks = [(total, terms, *numbers, *span) for span in _spans(total.shape)]
    threads.run(fold_rows, chunks, threads.get_threads(n_threads))


def reduce_limbs(x: np.ndarray, p: int, n_threads: int | None = None) -> np.ndarray:
    """(m, n, n_limbs) limbs in two's complement modulo p, as (m, n) int64 in [0, p)."""
    from fastmul.kernels.cpu.modular import reduce_limbs

    limbs = x.reshape(-1, x.shape[-1])
    out = np.empty(limbs.shape[0], np.uint64)
    weights, shoups, sign = _limb_numbers(x.shape[-1], p)
    chunks = [
        (limbs, weights, shoups, sign, np.uint64(p), out, *span)
        for span in _spans((limbs.shape[0], 1))
    ]
    threads.run(reduce_limbs, chunks, threads.get_threads(n_threads))
    return out.view(np.int64).reshape(x.shape[:-1])


@lru_cache(maxsize=256)
def _limb_numbers(n_limbs: int, p: int) -> tuple[np.ndarray, np.ndarray, np.uint64]:
    """The weights 2^(64 i) modulo p, their constants for `modular.shoup`, and what a sign counts: -2^(64 n_limbs)."""
    weights = [(1 << 64 * i) % p for i in range(n_limbs)]
    shoups = [modular.shoup(w, p) for w in weights]
    return (
        np.array(weights, np.uint64),
        np.array(shoups, np.uint64),
        np.uint64(-(1 << 64 * n_limbs) % p),
    )


@lru_cache(maxsize=256)
def _fold_numbers(factor: int, p: int) -> tuple[np.uint64, ...]:
    values = factor, modular.shoup(factor, p), modular.reciprocal(p), -SIGN % p, p
    return tuple(np.uint64(v) for v in values)


def _spans(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    rows = max(1, _CHUNK // max(1, shape[1]))
    return [(i, min(i + rows, shape[0])) for i in range(0, shape[0], rows)]
