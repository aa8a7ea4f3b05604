"""LookupProduct: a product by a known matrix, estimated by table lookups in place of multiplications (MADDNESS)."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.bounds.lookup import LEAVES, LEVELS, MOST_CODEBOOKS, TOP
from fastmul.matrices import hash_trees
from fastmul.runtime import arrays

#: Columns of the input to a codebook, unless there are too many for that.
WIDTH = 8
#: Examples whose codes are spread out at a time.
EXAMPLES = 4096


class LookupProduct:
    """a @ b for one b and many a that are like the examples it was fitted to: approximate, without multiplying.

    The k columns are cut into codebooks. A tree of comparisons (`matrices.hash_trees`) gives each row of a one of 16
    codes in each, and a column of the result is a sum of one table entry for each codebook.

    Error
    -----
    All of it comes from encoding: 16 prototypes stand for all rows, and table entries have 8 bits. The sums are exact
    integers, of 2^8 + 1 codebooks at most (`fastmul.bounds.lookup`); no average of pairs biases them. There is no bound
    for rows unlike the examples: measure, on data held back, as `relative_error` does.

    Source
    ------
    Blalock, Guttag, "Multiplying matrices without multiplying", ICML 2021.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> a = rng.standard_normal((400, 2)) @ rng.standard_normal((2, 16))  # rows with a structure to learn
    >>> b = rng.standard_normal((16, 3))
    >>> product = LookupProduct.fit(a, b, codebooks=4)
    >>> product.matmul(a).shape, product.relative_error(a, b) < 0.2
    ((400, 3), True)
    """

    __slots__ = ("offsets", "scales", "shape", "splits", "tables", "thresholds")

    shape: tuple[int, int]  # of b
    splits: (
        np.ndarray
    )  # (codebooks, LEVELS) int64: the columns that the levels of each tree look at
    thresholds: np.ndarray  # (codebooks, LEAVES) float32, by node
    tables: np.ndarray  # (outputs / 4, codebooks, 4, LEAVES) uint8
    scales: (
        np.ndarray
    )  # (outputs,) float32, filled up to a multiple of 4, as `offsets` and `tables` are
    offsets: np.ndarray

    @classmethod
    def fit(
        cls, a_train: Any, b: Any, *, codebooks: int | None = None, ridge: float = 1.0
    ) -> LookupProduct:
        """Learn from examples of a.

        Parameters
        ----------
        a_train : (count, k) array
            Rows like those to come; some hundreds at least, thousands are better.
        b : (k, n) array
        codebooks : int, optional
            More of them are slower and more accurate. Default: one for 8 columns.
        ridge : float
            What holds prototypes of few examples near zero, in units of an example.

        Returns
        -------
        LookupProduct

        Raises
        ------
        ValueError : shapes that do not multiply; NaN or infinities; more codebooks than columns, or than a sum holds.
        TypeError : operands that are not real.
        """
        a_train, b = _floats("a_train", a_train), _floats("b", b)
        if a_train.ndim != 2 or b.ndim != 2 or a_train.shape[1] != b.shape[0] or not a_train.size:
            raise ValueError(
                f"LookupProduct.fit of shapes {a_train.shape} and {b.shape}: it takes examples (count, k) and b (k, n)"
            )
        k, n = b.shape
        count = min(max(1, k // WIDTH), MOST_CODEBOOKS) if codebooks is None else codebooks
        if not 1 <= count <= min(k, MOST_CODEBOOKS):
            raise ValueError(
                f"LookupProduct.fit(codebooks={count}): of {k} columns there are 1 to {min(k, MOST_CODEBOOKS)}, for "
                f"each has a column and a 16-bit sum holds {MOST_CODEBOOKS} entries"
            )
        if not ridge > 0:
            raise ValueError(f"LookupProduct.fit(ridge={ridge}): it is positive")
        made = object.__new__(cls)
        made.shape = (k, n)
        made.splits, made.thresholds = _trees(a_train, count)
        prototypes = made._prototypes(a_train, ridge)
        made._tabulate((prototypes @ b).reshape(count, LEAVES, n))
        return made

    def _prototypes(self, a: np.ndarray, ridge: float) -> np.ndarray:
        """(codebooks * LEAVES, k): the least squares of a from its codes, all codebooks together."""
        codes = self.encode(a)
        places = np.arange(len(codes))[:, np.newaxis] * LEAVES + codes
        size = len(codes) * LEAVES
        gram, sums = ridge * np.eye(size), np.zeros((size, a.shape[1]))
        for start in range(0, len(a), EXAMPLES):
            part = a[start : start + EXAMPLES]
            chosen = np.zeros((len(part), size))
            chosen[np.arange(len(part)), places[:, start : start + EXAMPLES]] = 1
            gram += chosen.T @ chosen
            sums += chosen.T @ part
        return np.linalg.solve(gram, sums)

    def _tabulate(self, entries: np.ndarray) -> None:
        """Round the entries (codebooks, LEAVES, n) to bytes: one scale for each output, so that sums have it too."""
        from fastmul.kernels.cpu.lookup import OUTPUTS

        count, _, n = entries.shape
        least = entries.min(axis=1)
        scales = (entries.max(axis=1) - least).max(axis=0, initial=0.0) / TOP
        scales = np.maximum(scales, np.finfo(np.float32).tiny)
        rounded = np.rint((entries - least[:, np.newaxis]) / scales)
        filled = -(-n // OUTPUTS) * OUTPUTS
        tables = np.zeros((count, LEAVES, filled), np.uint8)
        tables[..., :n] = np.minimum(rounded, TOP)
        quads = tables.reshape(count, LEAVES, filled // OUTPUTS, OUTPUTS)
        self.tables = np.ascontiguousarray(quads.transpose(2, 0, 3, 1))
        self.scales, self.offsets = np.zeros(filled, np.float32), np.zeros(filled, np.float32)
        self.scales[:n], self.offsets[:n] = scales, least.sum(axis=0)

    @property
    def nbytes(self) -> int:
        """Bytes of tables and trees."""
        return sum(
            x.nbytes for x in (self.tables, self.scales, self.offsets, self.splits, self.thresholds)
        )

    def __repr__(self) -> str:
        return f"LookupProduct(b of {self.shape}, {len(self.splits)} codebooks)"

    def encode(self, a: Any, *, threads: int | None = None) -> np.ndarray:
        """The codes (codebooks, rows) of the rows of a, uint8 below 16."""
        a = self._rows(a)
        return self._encoded(a, threads)[:, : len(a)]

    def matmul(self, a: Any, *, threads: int | None = None) -> np.ndarray:
        """The estimate of a @ b.

        Parameters
        ----------
        a : (rows, k) array
        threads : int, optional
            Default: `fastmul.set_threads`.

        Returns
        -------
        (rows, n) float32 array.

        Raises
        ------
        ValueError : another number of columns, or NaN, which no comparison places.
        TypeError : a is not real.

        Complexity
        ----------
        4 comparisons for each row and codebook, one lookup of a byte for each row, codebook and output; no product.
        """
        from fastmul.kernels.cpu import lookup

        a = self._rows(a)
        codes = self._encoded(a, threads)
        return lookup.multiply(
            codes, len(a), self.tables, self.scales, self.offsets, self.shape[1], threads
        )

    def relative_error(self, a: Any, b: Any) -> float:
        """||estimate - a b||_F / ||a b||_F, for the b that it was fitted to."""
        a, true = self._rows(a), _floats("a", a) @ _floats("b", b)
        return float(np.linalg.norm(self.matmul(a) - true) / np.linalg.norm(true))

    def _encoded(self, a: np.ndarray, threads: int | None) -> np.ndarray:
        from fastmul.kernels.cpu import lookup

        return lookup.encode(a, self.splits, self.thresholds, threads)

    def _rows(self, a: Any) -> np.ndarray:
        a = _real("LookupProduct", "a", a)
        if a.ndim != 2 or a.shape[1] != self.shape[0]:
            raise ValueError(
                f"LookupProduct of b {self.shape} takes (rows, {self.shape[0]}) arrays, got {a.shape}"
            )
        a = a.astype(np.float32, copy=False)
        if np.isnan(a).any():
            raise ValueError(
                "LookupProduct got NaN, which no comparison places: replace it (numpy.nan_to_num)"
            )
        return a


def _trees(a: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The splits and thresholds of a tree for each of `count` ranges of columns, as equal as they can be."""
    splits, thresholds = np.empty((count, LEVELS), np.int64), np.empty((count, LEAVES), np.float32)
    ends = np.arange(count + 1) * a.shape[1] // count
    for t in range(count):
        columns, thresholds[t] = hash_trees.grow(a[:, ends[t] : ends[t + 1]])
        splits[t] = ends[t] + columns
    return splits, thresholds


def _real(call: str, name: str, x: Any) -> np.ndarray:
    (x,) = arrays.as_operands(call, x)
    if x.dtype.kind not in "biuf":
        raise TypeError(f"{call} takes real numbers; {name} has dtype {x.dtype}")
    return x


def _floats(name: str, x: Any) -> np.ndarray:
    x = _real("LookupProduct.fit", name, x)
    x = x.astype(np.float32).astype(np.float64)  # what `matmul` compares with thresholds
    if not np.isfinite(x).all():
        raise ValueError(f"LookupProduct.fit: {name} has NaN or infinities")
    return x
