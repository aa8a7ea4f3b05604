"""A matrix over GF(2), packed 64 entries to a word."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from fastmul.matrices.bit_multiplication import product
from fastmul.matrices.bit_packing import WORD_BITS, pack, unpack, words_for
from fastmul.planning import memory
from fastmul.runtime import arrays
from fastmul.runtime.threads import get_threads, run

#: Matrices of at most so many entries show them in their repr.
_SHOWN_ENTRIES = 1024
#: Words that one chunk transposes: milliseconds.
_CHUNK_WORDS = 1 << 18


class BitMatrix:
    """A matrix of zeros and ones under addition and multiplication modulo 2, packed 64 entries to a word.

    An array of uint8 is never taken for one: that a matrix lives over GF(2) is said by its type. It cannot be
    changed; operators return new ones.

    Parameters
    ----------
    entries : (m, n) array-like of integers 0 and 1, or of booleans.

    Raises
    ------
    ValueError : an entry is neither 0 nor 1, or `entries` has not two dimensions.
    TypeError : the entries are no integers.

    Notes
    -----
    ``words`` is the layout: a C-ordered uint64 array, rows of ceil(n / 64) words, lowest bit first, the bits beyond
    the last column zero::

        words[i, w]:   bit 0     bit 1        ...  bit 63
        is entry       (i, 64w)  (i, 64w + 1) ...  (i, 64w + 63)

    Examples
    --------
    >>> a = BitMatrix([[1, 1], [0, 1]])
    >>> a @ a
    BitMatrix([[1, 0],
               [0, 1]])
    >>> a + a == BitMatrix.zeros((2, 2))
    True
    """

    __slots__ = ("shape", "words")
    __array_ufunc__ = None  # array @ matrix is an error, and not an array of matrices

    words: np.ndarray
    shape: tuple[int, int]

    def __init__(self, entries: Any) -> None:
        x = _matrix_of(entries)
        words, union = pack(x)
        if union > 1:
            raise ValueError(
                f"BitMatrix holds zeros and ones; the {x.dtype} array of shape {x.shape} has other entries. "
                "Pass x % 2 to reduce them modulo 2, x != 0 for which are not zero"
            )
        self._set(words, x.shape)

    def _set(self, words: np.ndarray, shape: tuple[int, ...]) -> None:
        words.flags.writeable = False
        self.words, self.shape = words, (int(shape[0]), int(shape[1]))

    # ------------------------------------------------------------ other ways to make one

    @classmethod
    def from_words(cls, words: np.ndarray, n_columns: int) -> BitMatrix:
        """The matrix that packed words hold; they are taken over, not copied, and become read-only.

        Parameters
        ----------
        words : (m, ceil(n_columns / 64)) C-contiguous uint64 array, the bits beyond column n_columns - 1 zero.
        n_columns : int.

        Raises
        ------
        ValueError : the array is none of that kind.

        Examples
        --------
        >>> BitMatrix.from_words(np.array([[0b01], [0b11]], np.uint64), 2)
        BitMatrix([[1, 0],
                   [1, 1]])
        """
        if n_columns < 0:
            raise ValueError(f"BitMatrix.from_words of {n_columns} columns")
        width = words_for(n_columns)
        if words.dtype != np.uint64 or words.ndim != 2 or words.shape[1] != width:
            raise ValueError(
                f"BitMatrix.from_words takes uint64 words of shape (m, {width}) for {n_columns} columns, "
                f"got {words.dtype} of shape {words.shape}"
            )
        if not words.flags.c_contiguous:
            raise ValueError("BitMatrix.from_words takes C-contiguous words; copy them first")
        if n_columns % WORD_BITS and (words[:, -1] >> np.uint64(n_columns % WORD_BITS)).any():
            raise ValueError(f"BitMatrix.from_words got bits beyond its {n_columns} columns")
        return _made(words, (words.shape[0], n_columns))

    @classmethod
    def zeros(cls, shape: tuple[int, int]) -> BitMatrix:
        """The zero matrix.

        Examples
        --------
        >>> BitMatrix.zeros((1, 3))
        BitMatrix([[0, 0, 0]])
        """
        return _made(np.zeros((shape[0], words_for(shape[1])), np.uint64), shape)

    @classmethod
    def identity(cls, n: int) -> BitMatrix:
        """The n x n identity.

        Examples
        --------
        >>> BitMatrix.identity(2)
        BitMatrix([[1, 0],
                   [0, 1]])
        """
        return permutation(np.arange(n))

    @classmethod
    def random(cls, shape: tuple[int, int], rng: Any = None) -> BitMatrix:
        """A matrix of uniform random bits.

        Parameters
        ----------
        shape : (int, int).
        rng : numpy.random.Generator, seed, or None.

        Examples
        --------
        >>> BitMatrix.random((100, 200), rng=1).shape
        (100, 200)
        """
        size = shape[0], words_for(shape[1])
        words = np.random.default_rng(rng).integers(0, 1 << 64, size, np.uint64)
        if tail := shape[1] % WORD_BITS:
            words[:, -1] &= np.uint64((1 << tail) - 1)
        return _made(words, shape)

    # ------------------------------------------------------------ what it is

    @property
    def nbytes(self) -> int:
        """Bytes of the packed words."""
        return self.words.nbytes

    @property
    def T(self) -> BitMatrix:
        """The transpose."""
        return self.transpose()

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        m, n = self.shape
        if m * n > _SHOWN_ENTRIES:
            return f"<BitMatrix {m} x {n}>"
        entries = np.array2string(
            self.to_array(), separator=", ", prefix="BitMatrix(", max_line_width=120
        )
        return f"BitMatrix({entries})"

    def __eq__(self, other: object) -> bool:  # type: ignore[override]
        """Whether all entries and the shapes are the same."""
        if not isinstance(other, BitMatrix):
            return NotImplemented
        return self.shape == other.shape and np.array_equal(self.words, other.words)

    def __hash__(self) -> int:
        return hash((self.shape, self.words.tobytes()))

    def __getitem__(self, index: Any) -> Any:
        """The entry [i, j] as an int; the rows of a slice, a list or an array of row numbers as a BitMatrix."""
        if isinstance(index, tuple):
            if len(index) != 2:
                raise IndexError(f"a BitMatrix has two axes, got {len(index)} indices")
            i, j = (_checked(x, n) for x, n in zip(index, self.shape, strict=True))
            return int(self.words[i, j // WORD_BITS]) >> j % WORD_BITS & 1
        if not isinstance(index, (slice, list, np.ndarray)):
            index = [_checked(index, self.shape[0])]
        rows = np.array(self.words[index])
        if rows.ndim != 2:
            raise IndexError(
                f"rows of a BitMatrix are chosen by one axis of numbers, got {index!r}"
            )
        return _made(rows, (rows.shape[0], self.shape[1]))

    # ------------------------------------------------------------ what it becomes

    def to_array(self, dtype: Any = np.uint8) -> np.ndarray:
        """The entries as an (m, n) array of zeros and ones.

        Parameters
        ----------
        dtype : dtype of integers, booleans or floats.

        Examples
        --------
        >>> BitMatrix([[1, 0]]).to_array(bool)
        array([[ True, False]])
        """
        dtype = np.dtype(dtype)
        memory.require(self.shape[0] * self.shape[1] * dtype.itemsize, self)
        if dtype.kind not in "biu":
            return self.to_array(np.uint8).astype(dtype)
        out = np.empty(self.shape, dtype.newbyteorder("="))
        unpack(self.words, out)
        return out.astype(dtype, copy=False)

    def transpose(self) -> BitMatrix:
        """The transpose.

        Examples
        --------
        >>> BitMatrix([[1, 1, 0]]).transpose()
        BitMatrix([[1],
                   [1],
                   [0]])
        """
        from fastmul.kernels.cpu.bits.packing import transpose

        m, n = self.shape
        words = np.empty((n, words_for(m)), np.uint64)
        width = max(1, _CHUNK_WORDS // max(1, n))
        chunks = [
            (self.words, n, w, min(words.shape[1], w + width), words)
            for w in range(0, words.shape[1], width)
        ]
        run(transpose, chunks, get_threads())
        return _made(words, (n, m))

    def __add__(self, other: Any) -> BitMatrix:
        """The sum modulo 2, which is the difference, too."""
        if not isinstance(other, BitMatrix):
            return NotImplemented
        if self.shape != other.shape:
            raise ValueError(f"BitMatrix + BitMatrix: shapes {self.shape} and {other.shape} differ")
        return _made(self.words ^ other.words, self.shape)

    __sub__ = __xor__ = __add__

    def __matmul__(self, other: Any) -> BitMatrix:
        """The product modulo 2; `fastmul.matmul` chooses algorithm and threads."""
        if not isinstance(other, BitMatrix):
            return NotImplemented
        return matmul(self, other)


def matmul(
    a: BitMatrix,
    b: BitMatrix,
    algorithm: str = "auto",
    threads: int | None = None,
    n_checks: int = 0,
) -> BitMatrix:
    """The product modulo 2 of two packed matrices, verified `n_checks` times."""
    (m, k), (l, n) = a.shape, b.shape
    if k != l:
        raise ValueError(
            f"matmul of BitMatrix shapes {a.shape} and {b.shape}: {k} columns of the first meet {l} rows of the second"
        )
    words = product.multiply(
        a.words, b.words, algorithm=algorithm, threads=threads, n_checks=n_checks
    )
    return _made(words, (m, n))


def permutation(rows: np.ndarray) -> BitMatrix:
    """The permutation matrix p with p @ x == x[rows]."""
    n = len(rows)
    words = np.zeros((n, words_for(n)), np.uint64)
    columns = np.asarray(rows, np.uint64)
    words[np.arange(n), columns // WORD_BITS] = np.uint64(1) << columns % np.uint64(WORD_BITS)
    return _made(words, (n, n))


def _made(words: np.ndarray, shape: tuple[int, ...]) -> BitMatrix:
    """A BitMatrix of words that are known to be right."""
    made = BitMatrix.__new__(BitMatrix)
    made._set(words, shape)
    return made


def _checked(index: Any, size: int) -> int:
    i = operator.index(index)
    if not -size <= i < size:
        raise IndexError(f"index {i} is out of bounds for a BitMatrix axis of size {size}")
    return i % size


def _matrix_of(entries: Any) -> np.ndarray:
    (x,) = arrays.as_operands("BitMatrix", entries)
    if x.ndim != 2:
        raise ValueError(
            f"BitMatrix takes a matrix (2-D), got {x.ndim} dimensions, shape {x.shape}"
        )
    if x.dtype.kind not in "biu":
        raise TypeError(f"BitMatrix takes integers 0 and 1 or booleans, got {x.dtype}")
    return x
