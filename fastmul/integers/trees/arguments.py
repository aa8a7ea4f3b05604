"""The door for many numbers at once: `fastmul.integers.arguments`, without its cost for each of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from fastmul.integers.arguments import CONVERSION_BITS, UNASKED_BITS, as_kind, as_mpz, require_gmp
from fastmul.integers.limbs import mpz


def many_as_mpz(call: str, values: Iterable[Any]) -> tuple[type, list[Any]]:
    """(kind, values as mpz), as `as_mpz` gives them, of an iterable or an array."""
    given = values.ravel().tolist() if isinstance(values, np.ndarray) else list(values)
    types = set(map(type, given))
    if types == {mpz}:
        bits = sum(x.bit_length() for x in given)
        if bits > UNASKED_BITS:
            require_gmp(call, bits)
        return mpz, given
    if types == {int} and max(map(int.bit_length, given)) < CONVERSION_BITS:
        return int, list(map(mpz, given))
    kind, *numbers = as_mpz(call, *given)
    return kind, numbers


def many_as_kind(kind: type, values: Sequence[Any]) -> list[Any]:
    """The mpz as `kind`, which `many_as_mpz` gave."""
    return list(values) if kind is mpz else [as_kind(kind, x) for x in values]
