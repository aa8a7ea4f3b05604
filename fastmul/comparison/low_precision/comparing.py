"""The comparison itself: layers one after the other, then where the errors come from."""

from __future__ import annotations

import time
from collections.abc import Iterable

from fastmul.comparison import machine
from fastmul.comparison.low_precision import errors, layers, orders, speed
from fastmul.comparison.low_precision.findings import LowPrecisionComparison
from fastmul.comparison.progress import progress


def compare_low_precision(
    *,
    names: Iterable[str] | None = None,
    tokens: int = layers.TOKENS,
    threads: int = 1,
    show_progress: bool = False,
) -> LowPrecisionComparison:
    """Every format on the layers of a 7B model: speed beside sgemm and bfloat16, bytes, errors and their causes.

    Parameters
    ----------
    names : layers' names, optional
        Default: all of `layers.LAYERS`.
    tokens : int
        Rows of the activations.
    threads : int
        For all contestants.
    show_progress : bool
        Whether to tell what is being done, on standard error.

    Returns
    -------
    LowPrecisionComparison : its repr is the report; ``.failures``, ``.as_dict()``.

    Raises
    ------
    ValueError : a layer that does not exist.

    Exactness
    ---------
    Entries of every product are compared with sums of exact products, found by math.fsum. Errors are those of
    `fastmul.lowprecision.error_report`.

    Complexity
    ----------
    With the defaults about two minutes on two cores and 3 GiB.

    Source
    ------
    The shapes are those of the 7B models of 2023 (Touvron et al., arXiv 2302.13971).

    Examples
    --------
    >>> compare_low_precision(names=["embedding"])
    Traceback (most recent call last):
    ...
    ValueError: compare knows the layers attention, feed-forward up, feed-forward down, vocabulary, not embedding
    """
    started = time.perf_counter()
    chosen = layers.named(names)
    warnings = machine.unfairness((threads,))
    with progress(len(chosen) + 4, show_progress) as bar:
        bar.tell("the machine's peak")
        about = machine.describe()
        bar.advance()
        speeds = []
        for layer in chosen:
            speeds += speed.measure(layer, tokens, threads, bar.tell)
            bar.advance()
        bar.tell("errors of each format")
        of_recipes = errors.of_recipes()
        bar.advance()
        bar.tell("accumulators against depth")
        of_widths = errors.of_widths()
        bar.advance()
        bar.tell("orders of summation")
        spreads = orders.measure()
        bar.advance()
    seconds = time.perf_counter() - started
    return LowPrecisionComparison(
        about, warnings, threads, tokens, speeds, of_recipes, of_widths, spreads, seconds
    )
