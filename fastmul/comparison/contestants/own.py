"""The user's own contestant: any function of two operands."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from fastmul.comparison.contestants.contestant import Contestant


def own_contestant(operation: str, name: str, function: Callable[[Any, Any], Any]) -> Contestant:
    """`function(a, b)` of two Python ints or two arrays, as a contestant that claims to be exact."""

    def prepare(case: Any, threads: int) -> Callable[[], Any]:
        return partial(function, *case.operands)

    # Unknown growth: assume the schoolbook's, so that nobody waits for an unpleasant surprise.
    return Contestant(name, "yours", prepare, _as_is, growth=2.0 if operation == "mul" else 1.0)


def _as_is(result: Any) -> Any:
    return result


def load(specification: str) -> tuple[str, Callable[[Any, Any], Any]]:
    """The function that "module:function" names, and its name.

    Raises
    ------
    ValueError : there is no such module or function.
    """
    module, _, attribute = specification.partition(":")
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # an installed command does not look in the current folder
    try:
        function = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError, SyntaxError) as error:
        raise ValueError(f"a contestant is module:function; {specification!r}: {error}") from None
    return attribute, function
