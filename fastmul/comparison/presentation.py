"""A comparison of any kind as text, picture and page."""

from __future__ import annotations

from importlib import import_module
from typing import Any, BinaryIO

from fastmul.comparison.big_integers.findings import IntegerComparison
from fastmul.comparison.low_precision.findings import LowPrecisionComparison
from fastmul.comparison.records import Findings

AnyComparison = Findings | LowPrecisionComparison | IntegerComparison

#: Where the report and the picture of each kind are made.
PACKAGES = {LowPrecisionComparison: "low_precision", IntegerComparison: "big_integers"}


def render(found: AnyComparison, *, color: bool = False) -> str:
    """The report, at most 100 columns wide."""
    said: str = _module(found, "report").render(found, color=color)
    return said


def save(found: AnyComparison, file: BinaryIO, kind: str) -> None:
    """Draw into `file`; kind is "png", "svg" or "pdf"."""
    _module(found, "plot").save(found, file, kind)


def page(found: AnyComparison) -> str:
    """One self-contained HTML page."""
    from fastmul.comparison import html

    if isinstance(found, Findings):
        return html.page(found)
    return html.document(found, save, render(found))


def _module(found: AnyComparison, name: str) -> Any:
    package = PACKAGES.get(type(found))
    return import_module(".".join(filter(None, ("fastmul.comparison", package, name))))
