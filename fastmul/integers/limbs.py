"""Numbers to limb arrays and back: `(..., n_limbs)` uint64, little-endian, the one layout of the library."""

from __future__ import annotations

import operator
from typing import Any

import gmpy2
import numpy as np

from fastmul.integers import layout
from fastmul.planning import memory

mpz = gmpy2.mpz

#: GMP counts limbs in an int32, and aborts beyond.
MAX_MPZ_LIMBS = 1 << 31


def to_limbs(x: Any) -> np.ndarray:
    """The 64-bit limbs of a non-negative integer, lowest first.

    x = sum(limbs[i] * 2**(64*i)); the highest limb is not zero, except that 0 has one limb.

    Parameters
    ----------
    x : int, gmpy2.mpz, or anything that operator.index accepts; not negative.

    Returns
    -------
    (n_limbs,) uint64 array, a copy.

    Raises
    ------
    ValueError : x is negative.
    TypeError : x is not an integer.

    Exactness
    ---------
    A change of representation; nothing is rounded.

    Complexity
    ----------
    Time and memory O(n_limbs).

    Source
    ------
    Knuth, The Art of Computer Programming 2, section 4.3.1.

    Examples
    --------
    >>> to_limbs(2**64 + 3)
    array([3, 1], dtype=uint64)
    """
    x = exact_integer(x, "to_limbs(x)")
    if x < 0:
        raise ValueError(
            f"to_limbs(x) needs x >= 0: limbs carry no sign; got a negative {type(x).__name__} "
            f"of {x.bit_length()} bits (take abs(x) and keep the sign)"
        )
    return magnitude(x).copy() if x else np.zeros(1, np.uint64)


def from_limbs(limbs: np.ndarray, kind: type = int) -> Any:
    """The integer sum(limbs[i] * 2**(64*i)).

    Parameters
    ----------
    limbs : (n_limbs,) uint64 array, lowest limb first; leading zeros are allowed, and so is n_limbs = 0.
    kind : int or gmpy2.mpz
        The type of the result.

    Returns
    -------
    int or gmpy2.mpz, not negative.

    Raises
    ------
    TypeError : limbs is not a uint64 array, or kind is neither of the two.
    ValueError : limbs is not one-dimensional.

    Exactness
    ---------
    A change of representation; nothing is rounded.

    Complexity
    ----------
    Time and memory O(n_limbs).

    Source
    ------
    Knuth, The Art of Computer Programming 2, section 4.3.1.

    Examples
    --------
    >>> from_limbs(to_limbs(10**30))
    1000000000000000000000000000000
    """
    if type(limbs) is not np.ndarray or limbs.dtype != np.uint64:
        raise TypeError(f"from_limbs needs a uint64 array, got {_describe(limbs)}")
    if limbs.ndim != 1:
        raise ValueError(f"from_limbs needs one number, shape (n_limbs,), got shape {limbs.shape}")
    if kind not in (int, mpz):
        raise TypeError(f"from_limbs(kind=) is int or gmpy2.mpz, got {kind!r}")
    require_numbers(limbs.size, f"from_limbs of {limbs.size} limbs")
    return number(np.ascontiguousarray(limbs), kind)


def exact_integer(x: Any, call: str) -> Any:
    """x as an exact int or an exact mpz, which are the two types that algorithms see.

    Everything else that operator.index accepts becomes an int, a gmpy2.xmpz becomes an mpz.
    """
    if type(x) is int or type(x) is mpz:
        return x
    if isinstance(x, gmpy2.xmpz):
        return mpz(x)
    try:
        return int.__pos__(
            operator.index(x)
        )  # __pos__: bool and other subclasses become plain ints
    except TypeError:
        hint = (
            "; fastmul.matmul multiplies arrays"
            if hasattr(x, "__array__") or isinstance(x, list | tuple)
            else ""
        )
        raise TypeError(
            f"{call} needs Python ints, gmpy2.mpz or what operator.index accepts, got {_describe(x)}{hint}"
        ) from None


def _describe(x: Any) -> str:
    name = f"{type(x).__module__}.{type(x).__qualname__}".removeprefix("builtins.")
    if hasattr(x, "dtype") and hasattr(x, "shape"):
        return f"{name} of dtype {x.dtype} and shape {x.shape}"
    return name


def limb_count(x: Any) -> int:
    """Limbs of |x|; 0 for 0."""
    return (x.bit_length() + 63) >> 6


def magnitude(x: Any) -> np.ndarray:
    """The limbs of |x|, x != 0; for an mpz a view of its own memory where that may be read."""
    n = limb_count(x)
    if type(x) is mpz:
        if layout.mpz_readable():
            return layout.mpz_limbs(x, n)
        x = abs(x)
        return np.frombuffer(x.to_bytes(8 * n, "little"), np.uint64)
    if layout.int_readable():
        from fastmul.kernels.cpu.limbs_digits import pack_digits

        out = np.empty(n, np.uint64)
        pack_digits(layout.int_digits(x, -(-x.bit_length() // layout.DIGIT_BITS)), out)
        return out
    return np.frombuffer(abs(x).to_bytes(8 * n, "little"), np.uint64)


def number(limbs: np.ndarray, kind: type, negative: bool = False) -> Any:
    """The int or mpz with these contiguous limbs and this sign."""
    if kind is int:
        return _int(limbs, negative)
    if limbs.size and layout.mpz_readable():
        fresh, view = layout.new_mpz(limbs.size)
        view[:] = limbs
        return layout.finish_mpz(fresh, view, negative)
    value = mpz.from_bytes(limbs.tobytes(), "little")
    return -value if negative else value


#: From so many limbs on writing the digits of an int takes less time than CPython's own conversion.
MIN_WRITTEN_LIMBS = 512


def _int(limbs: np.ndarray, negative: bool) -> int:
    """The int with these limbs and this sign."""
    if limbs.size >= MIN_WRITTEN_LIMBS and layout.int_writable():
        n = limbs.size
        while n and not limbs[n - 1]:
            n -= 1
        bits = 64 * (n - 1) + int(limbs[n - 1]).bit_length() if n else 0
        n_digits = -(-bits // layout.DIGIT_BITS)
        if n_digits >= layout.MIN_NEW_DIGITS:
            from fastmul.kernels.cpu.limbs_digits import unpack_digits

            fresh, digits = layout.new_int(n_digits)
            unpack_digits(limbs[:n], digits)
            return layout.finish_int(fresh, n_digits, negative)
    value = int.from_bytes(limbs.view(np.uint8).data, "little")
    return -value if negative else value


def numbers_bytes(n_limbs: int) -> int:
    """Memory for limbs, bytes and digits of a number of n_limbs limbs; 30-bit digits in 32 bits are the largest."""
    return 27 * n_limbs + 200


def require_numbers(n_limbs: int, what: object) -> None:
    """Raise MemoryError unless a number of that size can be had in every form it passes through."""
    if n_limbs >= MAX_MPZ_LIMBS:
        raise MemoryError(f"{what}: GMP's numbers have fewer than 2**31 limbs")
    memory.require(numbers_bytes(n_limbs), what)
