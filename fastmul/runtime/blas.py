"""BLAS threads for the length of a call, through one cached threadpoolctl controller."""

from __future__ import annotations

import contextlib
from functools import cache
from typing import Any


@cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()  # walks the loaded libraries: milliseconds, hence once


def limit(threads: int | None) -> contextlib.AbstractContextManager[Any]:
    """A with block in which BLAS uses at most `threads` threads; None leaves BLAS alone."""
    if threads is None:
        return contextlib.nullcontext()
    return _controller().limit(limits=threads, user_api="blas")
