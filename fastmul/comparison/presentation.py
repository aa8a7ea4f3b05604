"""A comparison of any kind as text, picture and page."""

from __future__ import annotations

from typing import BinaryIO

from fastmul.comparison.low_precision.findings import LowPrecisionComparison
from fastmul.comparison.records import Findings

AnyComparison = Findings | LowPrecisionComparison


def render(found: AnyComparison, *, color: bool = False) -> str:
    """The report, at most 100 columns wide."""
    if isinstance(found, LowPrecisionComparison):
        from fastmul.comparison.low_precision import report

        return report.render(found, color=color)
    from fastmul.comparison import report as of_products

    return of_products.render(found, color=color)


def save(found: AnyComparison, file: BinaryIO, kind: str) -> None:
    """Draw into `file`; kind is "png", "svg" or "pdf"."""
    if isinstance(found, LowPrecisionComparison):
        from fastmul.comparison.low_precision import plot

        return plot.save(found, file, kind)
    from fastmul.comparison import plot as of_products

    return of_products.save(found, file, kind)


def page(found: AnyComparison) -> str:
    """One self-contained HTML page."""
    from fastmul.comparison import html

    if isinstance(found, LowPrecisionComparison):
        return html.document(found, save, render(found))
    return html.page(found)
