"""What is multiplied: seeded operands of one size, and their true product."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fastmul.comparison import operands
from fastmul.comparison.kinds import KINDS, Kind

LIMB_BITS = 64
SEED = 2
#: Rows of a product that are compared with the truth, where not the whole is: machine integers up to this size.
CHECKED_ROWS, CHECKED_WHOLE = 64, 2048

MATRIX_SIZES = (64, 256, 1024, 2048)
#: Kinds (kinds.py) that every comparison has, and those of the whole breadth; narrow integers accumulate in int32.
MATRIX_DTYPES = ("float64", "float32", "int64", "int32", "int8")
BREADTH_DTYPES = tuple(name for name in KINDS if not name.startswith("uint"))
#: Where Strassen-like schemes are looked at: they win at large sizes only.
SCHEME_DTYPES, SCHEME_SIZES = ("float64", "int64", "mod 998244353"), (4096,)
INTEGER_SIZES = tuple(1 << k for k in (10, 12, 14, 17, 20, 22, 24))


@dataclass(frozen=True)
class MatrixCase:
    """Two n x n matrices of one kind (kinds.py)."""

    size: int
    dtype: str  # the kind's name

    operation = "matmul"

    @property
    def kind(self) -> Kind:
        return KINDS[self.dtype]

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
        """Whether products round: floats under + and *."""
        return self.kind.rounds

    @property
    def result_dtype(self) -> np.dtype:
        return self.kind.result

    @cached_property
    def operands(self) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng((SEED, self.size))
        a, b = (self.kind.draw(self.size, rng) for _ in range(2))
        for x in (a, b):
            x.flags.writeable = False  # a contestant that writes into them would spoil the others
        return a, b

    @cached_property
    def rows(self) -> np.ndarray:
        """The rows of the product that have a truth: a spread of them; all of machine integers, if not too large."""
        whole = not self.is_float and self.kind.is_machine and self.size <= CHECKED_WHOLE
        count = self.size if whole else min(self.size, CHECKED_ROWS)
        return np.linspace(0, self.size - 1, count).astype(int)

    @cached_property
    def truth(self) -> np.ndarray:
        a, b = self.operands
        return self.kind.truth(np.ascontiguousarray(a[self.rows]), b)


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
