"""The door of every function of integers above the product: ints in, int out; any mpz in, mpz out.

    kind, a, b = as_mpz("divmod(a, b)", a, b)        what the caller wrote, as mpz of exact value
    q, r = ...                                       GMP's shifts and sums, fastmul's products
    return as_kind(kind, q), as_kind(kind, r)        what the caller expects

Inside, numbers are mpz: GMP shifts and adds them at the speed of memory, and `fastmul.mul` reads their limbs in
place. So an int is converted once on the way in and once on the way out, both linear in its length.
"""

from __future__ import annotations

from typing import Any

from fastmul.integers import layout
from fastmul.integers.limbs import (
    exact_integer,
    limb_count,
    magnitude,
    mpz,
    number,
    require_numbers,
)

#: From so many bits on, our kernels convert faster than gmpy2 (AMD Zen 4, 2026-11-24, timeit: 8 µs at 2**16 bits).
CONVERSION_BITS = 1 << 17


def as_mpz(call: str, *values: Any) -> tuple[Any, ...]:
    """(kind, *values as mpz): kind is mpz if any value is one (or a gmpy2.xmpz), else int.

    Raises
    ------
    TypeError : a value is no integer; restates `call`.
    MemoryError : the converted value would not fit.
    """
    kind: type = int
    numbers = []
    for value in values:
        x = exact_integer(value, call)
        if type(x) is mpz:
            kind = mpz
        else:
            x = _mpz_of(x, call)
        numbers.append(x)
    return (kind, *numbers)


def as_kind(kind: type, x: Any) -> Any:
    """The mpz x as `kind`, which `as_mpz` gave."""
    if kind is mpz:
        return x
    bits = x.bit_length()
    if bits < CONVERSION_BITS:
        return int(x)
    require_numbers(limb_count(x), "the result as an int")
    return number(magnitude(x), int, x < 0)


def _mpz_of(x: int, call: str) -> Any:
    if x.bit_length() < CONVERSION_BITS:
        return mpz(x)
    n_limbs = limb_count(x)
    require_numbers(n_limbs, call)
    if not (layout.int_readable() and layout.mpz_readable()):
        return mpz(x)
    from fastmul.kernels.cpu.limbs_digits import pack_digits

    fresh, limbs = layout.new_mpz(n_limbs)
    pack_digits(layout.int_digits(x, -(-x.bit_length() // layout.DIGIT_BITS)), limbs)
    return layout.finish_mpz(fresh, limbs, x < 0)
