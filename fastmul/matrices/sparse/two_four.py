"""Two of four: of each four neighbours in a row at most two are kept, as values and their 2-bit places.

    row of 8         [ 0  5  0 -3 |  7  0  0  1 ]
    values of 4      [    5    -3 |  7        1 ]      the same dtype, half as many
    places, 1 byte   |  1 | 3<<2  | 0<<4 | 3<<6 |      of the two of each group, lower bits first; two groups to a byte

That is the format of sparse tensor cores, which multiply it in half the time. A CPU has no such instruction: here it
saves memory, and the product is that of the dense masked matrix, bit for bit, because it is made of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.runtime import arrays

#: Neighbours of a group, how many of them are kept, and bits of a place.
GROUP, KEPT, PLACE_BITS = 4, 2, 2
#: Places of the two groups of a byte.
_PLACES = 2 * KEPT


class TwoFour:
    """A matrix of which at most two of each four neighbours in a row are nonzero; made by `prune_2_4` or `from_dense`.

    Parameters
    ----------
    values : (m, k / 2) array
        What is kept, two of each group in the order of their columns.
    places : (m, ceil(k / 8)) uint8 array
        Their columns within the group, 2 bits each, lower bits first; ascending within a group.

    Raises
    ------
    ValueError : shapes that do not belong together, or two values of a group in one place.

    Exactness
    ---------
    ``fastmul.matmul`` of it equals, bit for bit, that of `to_dense`.

    Examples
    --------
    >>> w = prune_2_4(np.array([[1, 5, 2, -3]]))
    >>> w.to_dense()
    array([[ 0,  5,  0, -3]])
    >>> w @ np.array([1, 10, 100, 1000])
    array([-2950])
    """

    __slots__ = ("places", "values")
    __array_ufunc__ = None

    values: np.ndarray
    places: np.ndarray

    def __init__(self, values: Any, places: Any) -> None:
        values, places = arrays.as_operands("TwoFour", values, places)
        if values.ndim != 2 or values.shape[1] % KEPT:
            raise ValueError(
                f"TwoFour takes values of shape (m, k / 2), k a multiple of 4; got {values.shape}"
            )
        expected = (values.shape[0], -(-values.shape[1] // _PLACES))
        if places.dtype != np.uint8 or places.shape != expected:
            raise ValueError(
                f"values of shape {values.shape} take places of shape {expected}, uint8; got {places.shape}, "
                f"{places.dtype}"
            )
        self.values, self.places = values, places
        pairs = self._unpacked_places().reshape(values.shape[0], values.shape[1] // KEPT, KEPT)
        if (pairs[..., 0] >= pairs[..., 1]).any():
            raise ValueError("places are ascending within a group, as the two values are; sort them")  # fmt: skip

    @classmethod
    def from_dense(cls, x: Any) -> TwoFour:
        """Of an array that has the pattern already; ValueError where it has not."""
        made = prune_2_4(x)
        if not np.array_equal(made.to_dense(), x):
            raise ValueError(
                "more than two of four neighbours are nonzero: prune_2_4(x) keeps the two largest"
            )
        return made

    def _unpacked_places(self) -> np.ndarray:
        shifts = np.arange(0, PLACE_BITS * _PLACES, PLACE_BITS, dtype=np.uint8)
        places = self.places[:, :, np.newaxis] >> shifts & (GROUP - 1)
        rows, n_bytes = self.places.shape
        return places.reshape(rows, n_bytes * _PLACES)[:, : self.values.shape[1]]

    @property
    def shape(self) -> tuple[int, int]:
        return self.values.shape[0], self.values.shape[1] * GROUP // KEPT

    @property
    def dtype(self) -> np.dtype:
        return self.values.dtype

    @property
    def ndim(self) -> int:
        return 2

    @property
    def nbytes(self) -> int:
        """Bytes of values and places."""
        return self.values.nbytes + self.places.nbytes

    def to_dense(self) -> np.ndarray:
        """The matrix as an array."""
        dense = np.zeros(self.shape, self.dtype)
        groups = np.arange(self.values.shape[1]) // KEPT * GROUP
        np.put_along_axis(dense, groups + self._unpacked_places(), self.values, axis=1)
        return dense

    def __repr__(self) -> str:
        return f"TwoFour({self.shape}, {self.dtype})"

    def __matmul__(self, other: Any) -> Any:
        from fastmul.matrices.multiplication import matmul

        return matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        from fastmul.matrices.multiplication import matmul

        return matmul(other, self)


def prune_2_4(x: Any) -> TwoFour:
    """Keep the two largest magnitudes of each four neighbours in a row; of equal ones, the first.

    Parameters
    ----------
    x : (m, k) array, k a multiple of 4.

    Returns
    -------
    TwoFour

    Raises
    ------
    ValueError : x is no matrix, k no multiple of 4, or an entry NaN, which has no magnitude.

    Complexity
    ----------
    O(m k) time and memory.

    Source
    ------
    Mishra et al., arXiv 2104.08378 (2021).

    Examples
    --------
    >>> prune_2_4(np.array([[4, -1, 3, -9, 2, 2, 2, 2]])).to_dense()
    array([[ 4,  0,  0, -9,  2,  2,  0,  0]])
    """
    (x,) = arrays.as_operands("prune_2_4", x)
    if x.ndim != 2 or x.shape[1] % GROUP:
        raise ValueError(
            f"prune_2_4 takes (m, k) arrays, k a multiple of {GROUP}; got {x.shape}: pad it with zeros"
        )
    groups = x.reshape(len(x), x.shape[1] // GROUP, GROUP)
    magnitudes = _magnitudes(groups)
    if magnitudes.dtype.kind == "f" and np.isnan(magnitudes).any():
        raise ValueError("prune_2_4 got NaN, which has no magnitude: replace it (numpy.nan_to_num)")
    order = np.argsort(-magnitudes, axis=-1, kind="stable")
    places = np.sort(order[..., :KEPT], axis=-1).astype(np.uint8)
    kept = len(x), x.shape[1] // GROUP * KEPT
    values, flat = np.take_along_axis(groups, places, -1).reshape(kept), places.reshape(kept)
    filled = np.zeros((len(x), -(-flat.shape[1] // _PLACES) * _PLACES), np.uint8)
    filled[:, : flat.shape[1]] = flat
    packed = sum(filled[:, i::_PLACES] << np.uint8(PLACE_BITS * i) for i in range(_PLACES))
    return TwoFour(values, np.asarray(packed, np.uint8))


def _magnitudes(x: np.ndarray) -> np.ndarray:
    """|x| in a dtype that has them and their negatives: ordered as they are, to the last bit."""
    if x.dtype.kind in "fc":
        return np.abs(x)
    if x.dtype.kind == "V":  # of ml_dtypes, which float64 holds
        return np.abs(x.astype(np.float64))
    if x.itemsize < 8:
        return np.abs(x.astype(np.int64))
    return np.abs(x.astype(object))
