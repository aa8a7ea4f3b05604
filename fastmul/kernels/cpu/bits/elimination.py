"""Gaussian elimination of a narrow panel of packed bits, and small triangular systems.

The blocked algorithms are in fastmul/linalg/binary_elimination.py; these are their innermost blocks.

A panel is kept by columns of words, so that one bit of all rows is a run of memory:

    panel[q, i]: word q of row i            multipliers[q, i]: bits 64 q to 64 q + 63 of row i of L
"""

from __future__ import annotations

import numpy as np
from numba import types, void

from fastmul.kernels.cpu.bits.vectors import VECTOR_BYTES, VECTOR_WORDS, add_vector
from fastmul.kernels.cpu.gemm.emit import address
from fastmul.runtime.jit import const, inline, kernel

_WORDS = types.uint64[:, :]
_PANEL = types.uint64[:, ::1]
_ZERO, _ONE = np.uint64(0), np.uint64(1)
_WORD_BITS = 64
_BYTE, _BYTES, _SUMS = 8, 8, 256  # bits of a byte; bytes of a word; subsets of 8 rows
_LAST_SUM = np.uint64(_SUMS - 1)


@inline
def _swap_columns(x, i, j):  # type: ignore[no-untyped-def]
    for q in range(x.shape[0]):
        x[q, i], x[q, j] = x[q, j], x[q, i]


@inline
def _add_multiples(word, factors, first, count, tables):  # type: ignore[no-untyped-def]
    """Do to another word of the rows what was done to the one whose pivots are rows first, ..., first + count - 1.

    factors[i] are the bits of row i that were cleared. The pivot rows come one after the other; all rows below take
    their sums of pivot rows from tables, by the bytes of their factors: the method of the Four Russians.
    """
    for i in range(first + 1, first + count):
        for j in range(i - first):
            word[i] ^= word[first + j] & (_ZERO - (factors[i] >> np.uint64(j) & _ONE))
    bytes_used = (count + _BYTE - 1) // _BYTE
    for t in range(bytes_used):
        base = t * _SUMS
        tables[base] = _ZERO
        for r in range(_BYTE):
            row = t * _BYTE + r
            value = word[first + row] if row < count else _ZERO
            for s in range(1 << r):
                tables[base + (1 << r) + s] = tables[base + s] ^ value
    below, their_factors = word[first + count :], factors[first + count :]
    for i in range(below.size):
        bits, total = their_factors[i], below[i]
        for t in range(bytes_used):
            total ^= tables[t * _SUMS + np.int64(bits >> np.uint64(_BYTE * t) & _LAST_SUM)]
        below[i] = total


@inline
def _clear(word, factors, pivot, place, step):  # type: ignore[no-untyped-def]
    """Add the pivot to the rows that have the bit `place`; which, is bit `step` of their factors."""
    for i in range(word.size):
        factor = word[i] >> place & _ONE
        word[i] ^= pivot & (_ZERO - factor)
        factors[i] |= factor << step


@kernel(types.int64(_PANEL, types.int64, _PANEL, types.int64[::1], types.int64[::1]))
def eliminate_panel(panel, n_columns, multipliers, swaps, pivots):  # type: ignore[no-untyped-def]
    """panel[rows exchanged] = L E in place: E in panel, L in multipliers (zero before); returns the rank.

    At step j, row swaps[j] was exchanged with row j, and column pivots[j] cleared below it.
    """
    width, m = panel.shape
    factors = np.empty(m, np.uint64)
    tables = np.empty(_BYTES * _SUMS, np.uint64)
    found = 0
    for q in range(width):
        first, word = found, panel[q]
        factors[:] = _ZERO
        for bit in range(min(_WORD_BITS, n_columns - _WORD_BITS * q)):
            place = np.uint64(bit)
            row = found
            while row < m and word[row] >> place & _ONE == _ZERO:
                row += 1
            if row == m:
                continue
            if row != found:
                _swap_columns(panel, row, found)
                _swap_columns(multipliers, row, found)
                factors[row], factors[found] = factors[found], factors[row]
            swaps[found], pivots[found] = row, _WORD_BITS * q + bit
            # the pivot has no bits below this one: its earlier columns are cleared, or were zero in all rows left
            step = np.uint64(found - first)
            _clear(word[found + 1 :], factors[found + 1 :], word[found], place, step)
            found += 1
        count = found - first
        if count == 0:
            continue
        for v in range(q + 1, width):
            _add_multiples(panel[v], factors, first, count, tables)
        for j in range(count):
            factors[first + j] |= _ONE << np.uint64(j)
        column, shift = first // _WORD_BITS, np.uint64(first % _WORD_BITS)
        for i in range(first, m):
            multipliers[column, i] |= factors[i] << shift
        if shift + np.uint64(count) > np.uint64(_WORD_BITS):
            for i in range(first, m):
                multipliers[column + 1, i] |= factors[i] >> np.uint64(_WORD_BITS) - shift
    return found


# ---------------------------------------------------------------- panels and matrices


@kernel(void(const(_WORDS), _PANEL))
def take_panel(words, panel):  # type: ignore[no-untyped-def]
    """panel = words, by columns of words."""
    for i in range(words.shape[0]):
        for q in range(words.shape[1]):
            panel[q, i] = words[i, q]


@kernel(void(const(_PANEL), types.int64, _WORDS))
def put_panel(panel, bit, words):  # type: ignore[no-untyped-def]
    """Or panel, moved right by `bit` < 64 bits, into words, which have room for its bits."""
    shift, back = np.uint64(bit), np.uint64(_WORD_BITS - bit)
    for i in range(words.shape[0]):
        for q in range(min(panel.shape[0], words.shape[1])):
            words[i, q] |= panel[q, i] << shift
            if bit > 0 and q + 1 < words.shape[1]:
                words[i, q + 1] |= panel[q, i] >> back


@kernel(void(_WORDS, const(types.int64[::1])))
def swap_rows(words, swaps):  # type: ignore[no-untyped-def]
    """Exchange row j with row swaps[j], for j = 0, 1, ..."""
    for j in range(swaps.size):
        i = swaps[j]
        if i != j:
            for w in range(words.shape[1]):
                words[j, w], words[i, w] = words[i, w], words[j, w]


# ---------------------------------------------------------------- triangular systems


@inline
def _add_row(x, i, j):  # type: ignore[no-untyped-def]
    """Row i of x, whose rows are contiguous, plus row j."""
    to, row = address(x) + i * x.strides[0], address(x) + j * x.strides[0]
    whole = x.shape[1] // VECTOR_WORDS
    for v in range(whole):
        add_vector(to + v * VECTOR_BYTES, row + v * VECTOR_BYTES)
    for w in range(whole * VECTOR_WORDS, x.shape[1]):
        x[i, w] ^= x[j, w]


@kernel(void(const(_WORDS), _WORDS))
def solve_lower(lower, x):  # type: ignore[no-untyped-def]
    """x = L^-1 x for the lower triangle of words with ones on the diagonal; what is not below it is not read."""
    for i in range(1, x.shape[0]):
        for j in range(i):
            if lower[i, j // _WORD_BITS] >> np.uint64(j % _WORD_BITS) & _ONE != _ZERO:
                _add_row(x, i, j)


@kernel(void(const(_WORDS), _WORDS))
def solve_upper(upper, x):  # type: ignore[no-untyped-def]
    """x = U^-1 x for the upper triangle of words with ones on the diagonal; what is not above it is not read."""
    n = x.shape[0]
    for i in range(n - 2, -1, -1):
        for j in range(i + 1, n):
            if upper[i, j // _WORD_BITS] >> np.uint64(j % _WORD_BITS) & _ONE != _ZERO:
                _add_row(x, i, j)
