"""A number kept as limbs, whose transforms are kept once computed."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from fastmul.exceptions import BackendUnavailableError
from fastmul.integers import division
from fastmul.integers.arguments import UNASKED_BITS, as_mpz, require_gmp
from fastmul.integers.limbs import limb_count, require_numbers
from fastmul.integers.multiplication import mul, square
from fastmul.integers.multiplication.kept import Kept
from fastmul.integers.powers import powmod
from fastmul.integers.radix import to_str
from fastmul.kernels import backends

DEVICES = ("cpu", "cuda")


class Integer:
    """A number that multiplies faster the second time.

    The first product with a partner of some size keeps this number's transform; later products with partners of
    such sizes make two transforms in place of three, and one in place of three if the partner is an Integer that
    has kept its own. An Integer is immutable, compares and hashes as an int, and mixes with int and gmpy2.mpz.

    Parameters
    ----------
    x : int, gmpy2.mpz, Integer, or anything that operator.index accepts; any sign and size.
    device : "cpu" or "cuda"
        Where the number lives. Only "cpu" has integers so far.

    Raises
    ------
    TypeError : x is not an integer.
    ValueError : no such device.
    BackendUnavailableError : device="cuda".

    Exactness
    ---------
    Always exact.

    Complexity
    ----------
    A kept transform takes 4 to 6 times the memory of the product. At most two belong to one number, and all
    together take at most 1 GiB: the one used least recently goes first. `fastmul.clear_cache` drops them.

    Examples
    --------
    >>> x = Integer(2**100 + 1)
    >>> x * x == (2**100 + 1) ** 2
    True
    >>> x * -3 + 5, int(x % 1000)
    (Integer(-3802951800684688204490109616126), 377)
    """

    __slots__ = ("kept",)

    def __init__(self, x: Any, device: str = "cpu") -> None:
        if device not in DEVICES:
            raise ValueError(f'Integer(x, device={device!r}): device is "cpu" or "cuda"')
        if device != "cpu":
            backends.require_cuda()
            raise BackendUnavailableError(
                'Integer(x, device="cuda"): there are no kernels for it yet'
            )
        value = x.mpz if isinstance(x, Integer) else as_mpz("Integer(x)", x)[1]
        self.kept = Kept(value)

    @property
    def mpz(self) -> Any:
        """The value as a gmpy2.mpz, without a copy."""
        return self.kept.x

    @property
    def device(self) -> str:
        """Where the number lives."""
        return "cpu"

    # ------------------------------------------------------------------------------------ products

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Integer):
            return Integer(self.kept.mul(other.kept))
        value = _value(other)
        return NotImplemented if value is None else Integer(self.kept.mul(value))

    __rmul__ = __mul__

    def __pow__(self, exponent: Any, modulus: Any = None) -> Any:
        n = _value(exponent)
        if n is None:
            return NotImplemented
        if modulus is not None:
            return _apply(powmod, self, n, modulus)
        if n < 0:
            raise ValueError(
                f"Integer ** {n}: a negative power is no integer; pow(x, n, m) inverts modulo m"
            )
        return Integer(_power(self.mpz, int(n)))

    def __rpow__(self, base: Any) -> Any:
        value = _value(base)
        return NotImplemented if value is None else Integer(value) ** self

    # ------------------------------------------------------------------------------------ as a number

    def __int__(self) -> int:
        return int(self.mpz)

    __index__ = __int__

    def __mpz__(self) -> Any:
        return self.mpz

    def __float__(self) -> float:
        return float(self.mpz)

    def __bool__(self) -> bool:
        return bool(self.mpz)

    def __hash__(self) -> int:
        return hash(self.mpz)

    def __repr__(self) -> str:
        return f"Integer({self})"

    def __str__(self) -> str:
        return to_str(self.mpz)

    def __format__(self, specification: str) -> str:
        return format(int(self.mpz), specification) if specification else str(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return Integer, (self.mpz,)

    def bit_length(self) -> int:
        """Bits of the absolute value; 0 for 0."""
        return int(self.mpz.bit_length())

    def __eq__(self, other: Any) -> bool:
        value = other.mpz if isinstance(other, Integer) else other
        return bool(self.mpz == value)

    def __lt__(self, other: Any) -> Any:
        return _compare(operator.lt, self, other)

    def __le__(self, other: Any) -> Any:
        return _compare(operator.le, self, other)

    def __gt__(self, other: Any) -> Any:
        return _compare(operator.gt, self, other)

    def __ge__(self, other: Any) -> Any:
        return _compare(operator.ge, self, other)

    # ------------------------------------------------------------------------------------ sums, shifts, division

    def __neg__(self) -> Integer:
        return _apply(operator.neg, self)

    def __pos__(self) -> Integer:
        return self

    def __abs__(self) -> Integer:
        return self if self.mpz >= 0 else -self

    def __add__(self, other: Any) -> Any:
        return _apply(operator.add, self, other)

    def __radd__(self, other: Any) -> Any:
        return _apply(operator.add, other, self)

    def __sub__(self, other: Any) -> Any:
        return _apply(operator.sub, self, other)

    def __rsub__(self, other: Any) -> Any:
        return _apply(operator.sub, other, self)

    def __lshift__(self, count: Any) -> Any:
        return _apply(_shift_left, self, count)

    def __rshift__(self, count: Any) -> Any:
        return _apply(_shift_right, self, count)

    def __rlshift__(self, other: Any) -> Any:
        return _apply(_shift_left, other, self)

    def __rrshift__(self, other: Any) -> Any:
        return _apply(_shift_right, other, self)

    def __and__(self, other: Any) -> Any:
        return _apply(operator.and_, self, other)

    def __or__(self, other: Any) -> Any:
        return _apply(operator.or_, self, other)

    def __xor__(self, other: Any) -> Any:
        return _apply(operator.xor, self, other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __invert__(self) -> Integer:
        return _apply(operator.invert, self)

    def __floordiv__(self, other: Any) -> Any:
        return _apply(division.floordiv, self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return _apply(division.floordiv, other, self)

    def __mod__(self, other: Any) -> Any:
        return _apply(division.mod, self, other)

    def __rmod__(self, other: Any) -> Any:
        return _apply(division.mod, other, self)

    def __divmod__(self, other: Any) -> Any:
        return _apply(division.divmod, self, other)

    def __rdivmod__(self, other: Any) -> Any:
        return _apply(division.divmod, other, self)


def _value(x: Any) -> Any:
    """The value of an operand as an mpz; None if it is no integer."""
    if isinstance(x, Integer):
        return x.mpz
    try:
        return as_mpz("", x)[1]
    except TypeError:
        return None


def _apply(function: Callable[..., Any], *operands: Any) -> Any:
    """The Integer, or the tuple of Integers, that a function of mpz gives; NotImplemented for other operands."""
    values = [_value(x) for x in operands]
    if any(value is None for value in values):
        return NotImplemented
    bits = sum(value.bit_length() for value in values)
    if bits > UNASKED_BITS:
        require_gmp("Integer", bits)
    result = function(*values)
    if isinstance(result, tuple):
        return tuple(Integer(x) for x in result)
    return Integer(result)


def _compare(holds: Callable[[Any, Any], bool], a: Integer, b: Any) -> Any:
    try:
        return bool(holds(a.mpz, b.mpz if isinstance(b, Integer) else b))
    except TypeError:
        return NotImplemented


def _shift_left(x: Any, count: Any) -> Any:
    count = _count(count)
    if not x:
        return x
    require_numbers(limb_count(x) + count // 64 + 1, "Integer << count")
    return x << count


def _shift_right(x: Any, count: Any) -> Any:
    return x >> _count(count)


def _count(count: Any) -> int:
    if count < 0:
        raise ValueError(f"negative shift count {count}")
    return int(count)


#: Powers of so many bits are GMP's.
_SMALL_POWER_BITS = 1 << 14


def _power(x: Any, n: int) -> Any:
    """x ** n for n >= 0, from the highest bit of n down."""
    bits = x.bit_length() * n
    if bits <= _SMALL_POWER_BITS or x in (0, 1, -1):
        return x**n
    require_numbers(bits // 64 + 1, "Integer ** n")
    result = x
    for bit in f"{n:b}"[1:]:
        result = square(result)
        if bit == "1":
            result = mul(result, x)
    return result
