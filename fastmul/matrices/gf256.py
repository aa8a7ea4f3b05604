"""The field of 256 elements, under any irreducible polynomial of degree 8."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from fastmul.exceptions import ZeroDivisorError

#: x^8 + x^4 + x^3 + x + 1, of the instruction GF2P8MULB and of AES.
AES_POLYNOMIAL = 0x11B
SIZE = 256

#: Of a wrong product an entry survives a random vector with probability 1 / 256: five make it 2^-40.
_VECTORS = 5


@dataclass(frozen=True)
class GF256:
    """GF(2^8): bytes as polynomials over GF(2), bit i the coefficient of x^i, modulo an irreducible polynomial.

    Give it to `fastmul.matmul` as ``semiring=``: operands and result are uint8, addition is exclusive or.

    Parameters
    ----------
    polynomial : int, optional
        The modulus with its bit 8, 0x100 to 0x1FF. Default: 0x11B, of AES; 0x11D is another usual one.

    Raises
    ------
    ValueError : the polynomial is not irreducible of degree 8.

    Examples
    --------
    >>> import fastmul
    >>> field = GF256()
    >>> int(field.multiply(0x57, 0x83))
    193
    >>> fastmul.matmul(np.array([[2, 3]], np.uint8), np.array([[0x80], [1]], np.uint8), semiring=field)
    array([[24]], dtype=uint8)
    """

    polynomial: int = AES_POLYNOMIAL

    kind = "field"
    has_subtraction = True

    def __post_init__(self) -> None:
        q = self.polynomial
        if not 0x100 <= q <= 0x1FF or any(_remainder(q, d) == 0 for d in range(2, 32)):
            raise ValueError(
                f"GF256(polynomial={q:#x}): the modulus is an irreducible polynomial of degree 8, such as 0x11b or "
                "0x11d"
            )

    @property
    def name(self) -> str:
        return f"GF(2^8) modulo {self.polynomial:#x}"

    def multiply(self, x: Any, y: Any) -> Any:
        """The products of elements, entry by entry.

        Examples
        --------
        >>> GF256(0x11D).multiply(np.array([2, 4], np.uint8), 0x80)
        array([29, 58], dtype=uint8)
        """
        return _products(self.polynomial)[
            self._elements(np.asarray(x)), self._elements(np.asarray(y))
        ]

    def inverse(self, x: Any) -> Any:
        """The inverses of elements, entry by entry.

        Raises
        ------
        ZeroDivisorError : an element is zero (a ZeroDivisionError).

        Examples
        --------
        >>> int(GF256().inverse(0x53))
        202
        """
        x = self._elements(np.asarray(x))
        if np.any(x == 0):
            raise ZeroDivisorError(f"0 has no inverse in {self.name}")
        return np.argmax(_products(self.polynomial) == 1, axis=1).astype(np.uint8)[x]

    # ------------------------------------------------------------ what matmul asks (matrices/algebra.py)

    def prepare(
        self, a: np.ndarray, b: np.ndarray, dtype: np.dtype | None
    ) -> tuple[np.ndarray, np.ndarray, np.dtype]:
        """Operands of elements as uint8."""
        if dtype is not None and dtype != np.uint8:
            raise TypeError(f"matmul(semiring={self.name}, dtype={dtype}): elements are uint8")
        return self._elements(a), self._elements(b), np.dtype(np.uint8)

    def _elements(self, x: np.ndarray) -> np.ndarray:
        if x.dtype == np.uint8:
            return x
        if x.dtype.kind not in "biu":
            raise TypeError(f"elements of {self.name} are bytes, got an array of {x.dtype}")
        if x.size and not (x.min() >= 0 and x.max() < SIZE):
            raise ValueError(f"elements of {self.name} are 0 to 255, got others in {x.dtype}")
        return x.astype(np.uint8)

    def is_right(
        self, problem: Any, a: np.ndarray, b: np.ndarray, c: np.ndarray, rng: random.Random
    ) -> bool:
        """Freivalds' check with random vectors over the field."""
        for _ in range(_VECTORS):
            x = np.frombuffer(rng.randbytes(c.shape[-1]), np.uint8)
            if not np.array_equal(self._times(a, self._times(b, x)), self._times(c, x)):
                return False
        return True

    def _times(self, a: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Matrices by vectors, from the table of products."""
        return np.bitwise_xor.reduce(self.multiply(a, x[..., np.newaxis, :]), axis=-1)

    # ------------------------------------------------------------ the isomorphism to the instruction's field

    def maps(self) -> tuple[int, int]:
        """The isomorphism to GF256(AES_POLYNOMIAL) and its inverse, as 8 x 8 bit matrices: byte 7 - i is row i."""
        return _maps(self.polynomial)


# ---------------------------------------------------------------- arithmetic of polynomials


def _remainder(a: int, b: int) -> int:
    """a modulo b, as polynomials over GF(2)."""
    while a.bit_length() >= b.bit_length():
        a ^= b << (a.bit_length() - b.bit_length())
    return a


def _product(a: int, b: int, polynomial: int) -> int:
    total = 0
    for i in range(8):
        total ^= (a << i) * (b >> i & 1)
    return _remainder(total, polynomial)


@cache
def _products(polynomial: int) -> np.ndarray:
    """All products, (256, 256) uint8."""
    powers: np.ndarray = np.arange(SIZE, dtype=np.uint16)  # y x^i for every y
    table = np.zeros((SIZE, SIZE), np.uint16)
    for i in range(8):
        present = (np.arange(SIZE) >> i & 1)[:, np.newaxis].astype(np.uint16)
        table ^= present * powers
        powers = powers << 1
        powers ^= (powers >> 8) * np.uint16(polynomial)
    return table.astype(np.uint8)


@cache
def _maps(polynomial: int) -> tuple[int, int]:
    """x goes to a root of the polynomial in the other field, and so x^i to the root's power: the columns."""

    def value(root: int) -> int:
        total, power = 0, 1
        for i in range(9):
            total ^= power * (polynomial >> i & 1)
            power = _product(power, root, AES_POLYNOMIAL)
        return total

    root = next(r for r in range(2, SIZE) if value(r) == 0)
    columns = [1]
    for _ in range(7):
        columns.append(_product(columns[-1], root, AES_POLYNOMIAL))
    there = [_image(columns, x) for x in range(SIZE)]
    back = [there.index(1 << i) for i in range(8)]
    return _matrix(columns), _matrix(back)


def _image(columns: list[int], x: int) -> int:
    total = 0
    for i, column in enumerate(columns):
        total ^= column * (x >> i & 1)
    return total


def _matrix(columns: list[int]) -> int:
    """The word of the affine instruction for a map given by its columns."""
    rows = [sum((column >> i & 1) << j for j, column in enumerate(columns)) for i in range(8)]
    return sum(row << 8 * (7 - i) for i, row in enumerate(rows))
