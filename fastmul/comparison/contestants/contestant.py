"""A contestant: how it prepares a case, what it claims, how its time grows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class Refusal(Exception):
    """Raised while preparing: this contestant does not do this case; the text says why."""


def every_case(case: Any) -> bool:
    return True


def no_case(case: Any) -> bool:
    return False


@dataclass(frozen=True)
class Contestant:
    """One way to multiply.

    ``prepare(case, threads)`` converts the operands (untimed) and returns the call that is timed;
    It is called with BLAS and fastmul set to `threads`; a library that is neither is told by `prepare`.
    ``finish(result)`` makes the result comparable with the truth (untimed): an int or mpz, or an array.
    """

    name: str
    home: str  # "fastmul", "float", "peer" or "yours"
    prepare: Callable[[Any, int], Callable[[], Any]]
    finish: Callable[[Any], Any]
    exact: bool = True  # claims the exact product of integers
    growth: float = 1.0  # time grows like work**growth, at most
    threaded: bool = False  # uses as many threads as it is told
    takes: Callable[[Any], bool] = every_case  # which cases make sense for it
    is_yardstick: Callable[[Any], bool] = (
        no_case  # where it makes another product: only its speed is of interest
    )
    same_as: str = ""  # the slow peer to which it hands its operands as they are: not run beside it
