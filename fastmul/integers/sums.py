"""Sums of products: each product adds to one sum of transforms, which comes back once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastmul.integers.arguments import as_kind, as_mpz
from fastmul.integers.integer import Integer
from fastmul.integers.limbs import limb_count, magnitude, mpz
from fastmul.integers.multiplication import mul
from fastmul.integers.multiplication.fresh import Fresh
from fastmul.integers.multiplication.kept import Kept, Transform, transform
from fastmul.integers.multiplication.problem import threads_for

#: Products shorter than this part of the longest are added by themselves: a common transform is as long as that one.
_COMMON = 0.5
#: What a common transform must win to be worth its passes over memory, which a product of its own does not make.
_GAIN = 0.8


def sum_of_products(pairs: Iterable[tuple[Any, Any]]) -> Any:
    """The sum a_1 * b_1 + a_2 * b_2 + ... .

    Parameters
    ----------
    pairs : iterable of (a, b)
        int, gmpy2.mpz, Integer, or anything that operator.index accepts; any sign and size.

    Returns
    -------
    Integer if any number is one; else gmpy2.mpz if any is one; else int. 0 for no pairs.

    Raises
    ------
    TypeError : a number is not an integer.
    ValueError : an entry of pairs is not a pair.
    MemoryError : the sum or its scratch would not fit.

    Exactness
    ---------
    Always exact. Coefficients of the sum are bounded by the sum of the products' bounds (`bounds.signed_sums`,
    `bounds.fft`); where that leaves the window, the pairs are summed in groups.

    Complexity
    ----------
    Two transforms for each pair and one for the sum, in place of three for each pair, from three pairs on and where
    the sum does not need narrower digits. The transforms of an Integer are kept, so that each counts once.

    Source
    ------
    The transform is linear: Pollard, Math. Comp. 25 (1971) 365-374.

    Examples
    --------
    >>> sum_of_products([(3, 4), (-5, 6), (2**70, 2)])
    2361183241434822606830
    """
    entries = [_pair(entry) for entry in pairs]
    numbers = [x for pair in entries for x in pair]
    kind, *values = as_mpz(
        "sum_of_products(pairs)", *(x.mpz if isinstance(x, Integer) else x for x in numbers)
    )
    keepers = [
        x.kept if isinstance(x, Integer) else value
        for x, value in zip(numbers, values, strict=True)
    ]
    total = _sum(list(zip(keepers[::2], keepers[1::2], strict=True)))
    return Integer(total) if any(isinstance(x, Integer) for x in numbers) else as_kind(kind, total)


def _pair(entry: Any) -> tuple[Any, Any]:
    try:
        a, b = entry
    except (TypeError, ValueError):
        raise ValueError(
            f"sum_of_products(pairs) needs pairs (a, b); got a {type(entry).__name__}"
        ) from None
    return a, b


#: An mpz, or one whose transforms are kept.
Factor = Any


def _sum(pairs: list[tuple[Factor, Factor]]) -> Any:
    """The mpz sum of x * y over the pairs."""
    pairs = [(x, y) for x, y in pairs if _value(x) and _value(y)]
    longest = max((_limbs(x) + _limbs(y) for x, y in pairs), default=0)
    together, total = [], mpz(0)
    for x, y in pairs:
        if _limbs(x) + _limbs(y) >= _COMMON * longest:
            together.append((x, y))
        else:
            total += _product(x, y)
    return total + (_transformed(together) if len(together) > 1 else _one_by_one(together))


def _one_by_one(pairs: list[tuple[Factor, Factor]]) -> Any:
    return sum((_product(x, y) for x, y in pairs), mpz(0))


def _transformed(pairs: list[tuple[Factor, Factor]]) -> Any:
    """The sum by one inverse transform, or that of two halves where the window does not hold it."""
    sizes = [sorted((_limbs(x), _limbs(y))) for x, y in pairs]
    short, long = (max(column) for column in zip(*sizes, strict=True))
    single = transform(long, short)
    if single is None:
        return _one_by_one(pairs)
    for guaranteed in (False, True):
        how = transform(long, short, terms=len(pairs), guaranteed=guaranteed)
        if how is not None:
            if not _pays(pairs, how, single):
                return _one_by_one(pairs)
            total = _by_one_inverse(pairs, how)
            if total is not None:
                return total
    half = len(pairs) // 2
    if half < 2:
        return _one_by_one(pairs)
    return _transformed(pairs[:half]) + _transformed(pairs[half:])


def _pays(pairs: list[tuple[Factor, Factor]], how: Transform, single: Transform) -> bool:
    """Whether one inverse transform saves more than the narrower digits, and so more points, of a sum cost."""
    kept = sum(isinstance(x, Kept) for pair in pairs for x in pair)
    transforms = 2 * len(pairs) - kept
    together = (transforms + 1) * how.plan.points
    apart = (transforms + len(pairs)) * single.plan.points
    return bool(how.row is not single.row or together < _GAIN * apart)


def _by_one_inverse(pairs: list[tuple[Factor, Factor]], how: Transform) -> Any:
    """None where the window does not hold these operands."""
    row, plan = how
    n_limbs = max(_limbs(x) + _limbs(y) for x, y in pairs) + 1  # the sum in two's complement
    threads = threads_for(n_limbs, None)
    result = Fresh(n_limbs, f"a sum of {len(pairs)} products of at most {n_limbs} limbs")
    total = None
    for x, y in pairs:
        a = _operand(x, how, threads)
        b = a if y is x else _operand(y, how, threads)
        negative = (_value(x) < 0) != (_value(y) < 0)
        total = row.add_product(plan, a, b, total, negative, threads)
    return result.signed_number() if row.decode(plan, total, result.limbs, threads) else None


def _product(x: Factor, y: Factor) -> Any:
    if isinstance(x, Kept):
        return x.mul(y)
    return y.mul(x) if isinstance(y, Kept) else mul(x, y)


def _value(x: Factor) -> Any:
    return x.x if isinstance(x, Kept) else x


def _limbs(x: Factor) -> int:
    return limb_count(_value(x))


def _operand(x: Factor, how: Transform, threads: int) -> Any:
    """A kept number's transform, or the limbs of another."""
    return x.values(how, threads) if isinstance(x, Kept) else magnitude(x)
