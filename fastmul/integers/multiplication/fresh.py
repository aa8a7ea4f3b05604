"""A new mpz whose limbs a kernel writes: in place where the layout allows, else by way of an array.

result = Fresh(n_limbs)
multiply(a, b, result.limbs)
return result.number(negative)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.integers import layout
from fastmul.integers.limbs import mpz, number, require_numbers


class Fresh:
    """An mpz in the making; its limbs are undefined at first, and nobody else has seen it."""

    __slots__ = ("_number", "limbs")

    def __init__(self, n_limbs: int, what: object) -> None:
        require_numbers(n_limbs, what)
        self._number: Any = None
        if layout.mpz_readable():
            self._number, self.limbs = layout.new_mpz(n_limbs)
        else:
            self.limbs = np.empty(n_limbs, np.uint64)

    def number(self, negative: bool = False) -> Any:
        """The mpz with the magnitude that `limbs` now holds, and this sign; to be called once."""
        if self._number is None:
            return number(self.limbs, mpz, negative)
        return layout.finish_mpz(self._number, self.limbs, negative)

    def signed_number(self) -> Any:
        """The mpz whose two's complement `limbs` now holds."""
        negative = bool(self.limbs[-1] >> np.uint64(63))
        if negative:
            from fastmul.kernels.cpu.ntt_wrapped import add_low_limbs

            np.invert(self.limbs, out=self.limbs)
            add_low_limbs(self.limbs, np.ones(1, np.uint64))
        return self.number(negative)
