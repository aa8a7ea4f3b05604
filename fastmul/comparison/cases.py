"""What is multiplied: seeded operands of one size, and their true product."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fastmul.comparison import operands, truth

LIMB_BITS = 64
SEED = 2
#: Rows of a float product that are compared with the truth, where there are more.
CHECKED_ROWS = 64

MATRIX_SIZES = (64, 256, 1024, 2048)
#: Operand dtypes; narrow integers accumulate in int32.
MATRIX_DTYPES = ("float64", "float32", "int64", "int32", "int8")
KNOWN_DTYPES = (*MATRIX_DTYPES, "int16", "uint8", "uint16", "uint32", "uint64")
INTEGER_SIZES = tuple(1 << k for k in (10, 12, 14, 17, 20, 22, 24))


@dataclass(frozen=True)
class MatrixCase:
    """Two n x n matrices. Integers are as large as can be without a true entry leaving the result's dtype."""

    size: int
    dtype: str

    operation = "matmul"

    @property
    def work(self) -> float:
        """Operations: a multiplication and an addition for each of n^3 terms."""
        return 2.0 * self.size**3

    @property
    def smaller(self) -> MatrixCase | None:
        """A case small enough to time this one's slow contestants by."""
        return MatrixCase(self.size // 8, self.dtype) if self.size > 64 else None

    @property
    def is_float(self) -> bool:
        return np.dtype(self.dtype).kind == "f"

    @property
    def result_dtype(self) -> np.dtype:
        dtype = np.dtype(self.dtype)
        narrow = dtype.kind in "iu" and dtype.itemsize < 4
        return np.dtype(f"{dtype.kind}4") if narrow else dtype

    @property
    def magnitude(self) -> int:
        """The largest entry: n * magnitude^2 fits the result."""
        largest = int(np.iinfo(self.result_dtype).max)
        return min(math.isqrt(largest // self.size), int(np.iinfo(self.dtype).max))

    @cached_property
    def operands(self) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng((SEED, self.size))
        dtype, shape = np.dtype(self.dtype), (self.size, self.size)
        if self.is_float:
            a, b = (operands.random_floats(shape, dtype, rng) for _ in range(2))
        else:
            a, b = (operands.random_integers(shape, dtype, self.magnitude, rng) for _ in range(2))
        for x in (a, b):
            x.flags.writeable = False  # a contestant that writes into them would spoil the others
        return a, b

    @cached_property
    def rows(self) -> np.ndarray:
        """The rows of the product that have a truth: all for integers, a spread of them for floats."""
        count = min(self.size, CHECKED_ROWS) if self.is_float else self.size
        return np.linspace(0, self.size - 1, count).astype(int)

    @cached_property
    def truth(self) -> np.ndarray:
        a, b = self.operands
        if self.is_float:
            return truth.float_product(np.ascontiguousarray(a[self.rows]), b)
        return truth.integer_product(a, b)


@dataclass(frozen=True)
class IntegerCase:
    """Two integers of `size` bits."""

    size: int

    operation = "mul"
    dtype = "integer"
    is_float = False

    @property
    def work(self) -> float:
        return float(self.size)

    @property
    def limbs(self) -> int:
        """Limbs of the product."""
        return 2 * -(-self.size // LIMB_BITS)

    @property
    def smaller(self) -> IntegerCase | None:
        return IntegerCase(self.size // 16) if self.size > 1 << 12 else None

    @cached_property
    def operands(self) -> tuple[int, int]:
        return operands.random_integer(self.size, SEED), operands.random_integer(
            self.size, SEED + 1
        )

    @cached_property
    def truth(self) -> Any:
        """GMP's product, itself checked modulo a prime that no transform uses."""
        import gmpy2

        a, b = self.operands
        product = gmpy2.mpz(a) * gmpy2.mpz(b)
        p = CHECK_PRIME
        if product % p != (a % p) * (b % p) % p:
            raise ArithmeticError(
                f"GMP's product of {self.size}-bit integers fails its check modulo {p}"
            )
        return product


#: A Mersenne prime; 2^61 - 2 has few factors of two, so no transform works modulo it.
CHECK_PRIME = (1 << 61) - 1

Case = MatrixCase | IntegerCase
