"""GMP's division, through gmpy2: from schoolbook to Newton by size, on one thread, and not interruptible by Ctrl-C."""

from __future__ import annotations

from typing import Any

import gmpy2

from fastmul.planning.algorithm import never as refuses


def divide(a: Any, b: Any, threads: int = 1) -> tuple[Any, Any]:
    """The quotient and the remainder of mpz a >= 0 by b > 0."""
    return gmpy2.f_divmod(a, b)


__all__ = ["divide", "refuses"]
