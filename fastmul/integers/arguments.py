"""The door of every function of integers above the product: ints in, int out; any mpz in, mpz out.

    kind, a, b = as_mpz("divmod(a, b)", a, b)        what the caller wrote, as mpz of exact value
    q, r = ...                                       GMP's shifts and sums, fastmul's products
    return as_kind(kind, q), as_kind(kind, r)        what the caller expects

Inside, numbers are mpz: GMP shifts and adds them at the speed of memory, and `fastmul.mul` reads their limbs in
place. So an int is converted once on the way in and once on the way out, both linear in its length.
"""

from __future__ import annotations

import operator
from typing import Any

from fastmul.integers import layout
from fastmul.integers.limbs import (
    exact_integer,
    limb_count,
    magnitude,
    mpz,
    number,
    numbers_bytes,
    require_numbers,
)
from fastmul.planning import memory

#: From so many bits on, our kernels convert faster than gmpy2 (AMD Zen 4, 2026-11-24, timeit: 8 µs at 2**16 bits).
CONVERSION_BITS = 1 << 17
WORD_BITS = 64
#: Numbers of so few bits together need not be asked for.
UNASKED_BITS = WORD_BITS * (memory.SMALL_BYTES // numbers_bytes(1))


def as_mpz(call: str, *values: Any) -> tuple[Any, ...]:
    """(kind, *values as mpz): kind is mpz if any value is one (or a gmpy2.xmpz), else int.

    Raises
    ------
    TypeError : a value is no integer; restates `call`.
    MemoryError : a converted value, or work in GMP on all of them, would not fit: GMP ends the process instead.
    """
    kind: type = int
    numbers = []
    bits = 0
    for value in values:
        x = exact_integer(value, call)
        if type(x) is mpz:
            kind = mpz
        else:
            x = _mpz_of(x, call)
        bits += x.bit_length()
        numbers.append(x)
    if bits > UNASKED_BITS:
        require_gmp(call, bits)
    return (kind, *numbers)


def require_gmp(call: str, bits: int) -> None:
    """Raise MemoryError unless GMP can work on numbers of so many bits together, by methods of linear memory."""
    memory.require(numbers_bytes(bits // WORD_BITS), call)


def as_kind(kind: type, x: Any) -> Any:
    """The mpz x as `kind`, which `as_mpz` gave."""
    if kind is mpz:
        return x
    bits = x.bit_length()
    if bits < CONVERSION_BITS:
        return int(x)
    require_numbers(limb_count(x), "the result as an int")
    return number(magnitude(x), int, x < 0)


def as_count(call: str, name: str, n: Any, least: int = 0) -> int:
    """An argument that counts (bits, steps, the degree of a root) as an int; `name` is what the caller calls it.

    Raises
    ------
    TypeError : n is no integer; restates `call`.
    ValueError : n < least.
    """
    count = as_index(call, name, n)
    if count < least:
        raise ValueError(f"{call} needs {name} >= {least}, got {name} = {count}")
    return count


def as_index(call: str, name: str, n: Any) -> int:
    """An argument that is an integer; TypeError restates `call`."""
    try:
        return operator.index(n)
    except TypeError:
        raise TypeError(f"{call}: {name} is an integer, got {type(n).__name__}") from None


def residue_bits(call: str, n: int, x: Any, y: Any) -> int:
    """n, for the product of mpz x and y modulo 2**n, 2**n - 1 or 2**n + 1; fewer if x * y >= 0 needs no more.

    Raises
    ------
    MemoryError : a residue of n bits would not fit.
    """
    enough = x.bit_length() + y.bit_length() + 1
    if n > enough and (not x or not y or (x < 0) == (y < 0)):
        return enough
    require_numbers(n // WORD_BITS + 1, f"{call} with n = {n}")
    return n


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
