"""The product of packed bits by the method of the Four Russians: sums of rows of B, looked up.

A stripe of B is 8 words wide. For each word of A, the 64 rows of the stripe that it selects from are cut into 16
groups of 4, and the 16 sums of each group are tabulated; a row of C then takes 16 table lines, one for each nibble of
its word of A:

    A, a word of a row                          tables of 64 rows of B         C, a row of the stripe
    +------+------+-- --+------+   nibble 0     +------------------+           +----------------+
    | 1011 | 0010 | ... | 1100 |  ----------->  |  0: 0            |     +     |  8 words       |
    +------+------+-- --+------+                |  1: b0           |           +----------------+
                                                | ...              |
                                                | 15: b0+b1+b2+b3  |  16 tables, 16 KiB: the first-level cache
                                                +------------------+

A nibble is best: the 8 tables of bytes would make half the lookups, but from the second-level cache, which gives half
the lines in a cycle, and take eight times the sums to make.
"""

from __future__ import annotations

import numpy as np
from numba import types, void

from fastmul.kernels.cpu.vectors import load, splat, store
from fastmul.runtime.jit import const, kernel
from fastmul.runtime.threads import get_threads, run

#: Rows of C that share the tables: so many of 64 bytes lie beside them in the second-level cache.
ROWS = 1024
#: Words of a stripe: a vector.
STRIPE = 8
#: Word products (a row of a stripe by a word of A) of one chunk: some 10 ms.
CHUNK_WORK = 1 << 21

_WORDS = types.uint64[:, :]
_WORD_BITS = 64
_NIBBLE, _LINES, _TABLES = 4, 16, 16
_TABLE_WORDS = _LINES * STRIPE
_LAST_LINE = np.uint64(_LINES - 1)


@kernel(void(const(_WORDS), const(_WORDS), _WORDS, *[types.int64] * 4, types.boolean))
def _multiply_part(a, b, c, row, row_stop, word, word_stop, add):  # type: ignore[no-untyped-def]
    """Rows `row` to `row_stop`, words `word` to `word_stop` of c = a b, or of c += a b."""
    k = b.shape[0]
    tables = np.zeros(_TABLES * _TABLE_WORDS, np.uint64)
    sums = np.empty((row_stop - row) * STRIPE, np.uint64)
    for left in range(word, word_stop, STRIPE):
        width = min(STRIPE, word_stop - left)
        sums[:] = np.uint64(0)
        for start in range(0, k, _WORD_BITS):
            _tabulate(b, start, min(_WORD_BITS, k - start), left, width, tables)
            column = start // _WORD_BITS
            for i in range(row, row_stop):
                nibbles = a[i, column]
                at = (i - row) * STRIPE
                total = load(sums, at)
                for t in range(_TABLES):
                    line = np.int64(nibbles >> np.uint64(_NIBBLE * t) & _LAST_LINE)
                    total = total ^ load(tables, t * _TABLE_WORDS + line * STRIPE)
                store(sums, at, total)
        for i in range(row, row_stop):
            for w in range(width):
                total_word = sums[(i - row) * STRIPE + w]
                c[i, left + w] = c[i, left + w] ^ total_word if add else total_word


@kernel(void(const(_WORDS), *[types.int64] * 4, types.uint64[::1]))
def _tabulate(b, start, rows, left, width, tables):  # type: ignore[no-untyped-def]
    """All sums of each four rows of b[start : start + rows, left : left + width]; rows and words beyond are zeros."""
    line = np.zeros(STRIPE, np.uint64)
    for r in range(_WORD_BITS):
        for w in range(width):
            line[w] = b[start + r, left + w] if r < rows else np.uint64(0)
        base = r // _NIBBLE * _TABLE_WORDS
        count = 1 << (r % _NIBBLE)  # of the lines made so far, which all get this row added
        value = load(line, 0)
        if count == 1:
            store(tables, base, splat(np.uint64(0)))
        for i in range(count):
            store(tables, base + (count + i) * STRIPE, load(tables, base + i * STRIPE) ^ value)


def multiply(
    a: np.ndarray, b: np.ndarray, c: np.ndarray, add: bool = False, threads: int | None = None
) -> None:
    """c = a b, or c += a b, of packed words: a has as many columns as b has rows, up to the filling of a word.

    c overlaps neither a nor b.
    """
    m, width = c.shape
    rows = min(ROWS, m)
    stripes = max(1, CHUNK_WORK // max(1, rows * a.shape[1]))
    chunks = [
        (a, b, c, i, min(m, i + rows), w, min(width, w + stripes * STRIPE), add)
        for i in range(0, m, rows)
        for w in range(0, width, stripes * STRIPE)
    ]
    run(_multiply_part, chunks, get_threads(threads))
