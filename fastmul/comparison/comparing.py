"""compare(): the main job."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fastmul.comparison import changes, choices, compiling, first_wrong, machine
from fastmul.comparison.big_integers.findings import IntegerComparison
from fastmul.comparison.choices import BREADTH, OPERATIONS
from fastmul.comparison.contestants.integers import GMP
from fastmul.comparison.contestants.matrices import DGEMM, SGEMM
from fastmul.comparison.low_precision.findings import LowPrecisionComparison
from fastmul.comparison.measure import ROUNDS, History, add_ratios, run_case
from fastmul.comparison.progress import progress
from fastmul.comparison.records import Record
from fastmul.comparison.report import Comparison
from fastmul.runtime.threads import available_cpus

LOW_PRECISION, BIG_INTEGERS = "lowprecision", "integers"
#: After so long, not counting compilation, long calls are timed in one round.
UNHURRIED_SECONDS = 20.0
#: A comparison of everything is to end within this time, also on a slow machine: a contestant is waited for at most
#: one of so many equal parts of what is left, but never less than the least.
WHOLE_SECONDS, PARTS, LEAST_PATIENCE = 90.0, 15, 0.5
BASELINES = {"matmul": (DGEMM, SGEMM), "mul": (GMP,)}
#: A contestant predicted to take longer is not run; in the breadth of matrices, whose schemes need large ones.
PATIENCE_SECONDS, PATIENCE_IN_BREADTH = 2.0, 5.0


def compare(
    operations: str | Iterable[str] = OPERATIONS,
    *,
    sizes: Iterable[int] | None = None,
    dtypes: Iterable[str] | None = None,
    algorithms: Iterable[str] | None = None,
    threads: int | Iterable[int] | None = None,
    contestants: Mapping[str, Callable[[Any, Any], Any]] | None = None,
    repetitions: int = ROUNDS,
    patience: float | None = None,
    show_progress: bool = False,
) -> Comparison | LowPrecisionComparison | IntegerComparison:
    """Time and check every algorithm beside float GEMM, GMP and the peers found here.

    Parameters
    ----------
    operations : "matmul", "mul", or both; or "matrices"; or "integers"; or "lowprecision"
        "matrices" is matmul in its whole breadth: moduli, semirings, accuracies of floats, larger sizes.
        "integers" is mul in its breadth: more sizes, crossovers, threads, memory, errors of the float transform; of
        the keywords it takes all but dtypes, algorithms and contestants, and one number of `threads`.
        "lowprecision" is the layers of a language model in every format; of the keywords it takes one number of
        `threads` and `show_progress`.
    sizes : ints, optional
        n of n x n matrices, and bits of integers; default: 64 to 2048, and 2^10 to 2^24.
    dtypes : names, optional
        Of the matrices; default: float64, float32, int64, int32, int8 (which accumulates in int32). Also "bool",
        "mod 998244353", "min_plus float32" and whatever else `fastmul.comparison.kinds` lists.
    algorithms : names, optional
        Only these rows of fastmul's tables, beside the peers; default: all.
    threads : int or ints, optional
        Default: one thread for all, and all CPUs for the automatic choice and float GEMM too.
    contestants : {name: function(a, b)}, optional
        The caller's own; each gets two Python ints (mul) or two arrays (matmul) and must be exact on integers.
    repetitions : int
        Rounds; in each, every contestant runs once.
    patience : float, optional
        Seconds; a contestant predicted to take longer is not run. Default: 2, and 5 for "matrices".
    show_progress : bool
        Whether to tell what is being done, on standard error.

    Returns
    -------
    Comparison : a sequence of `Record`, whose repr is the report; ``.failures``, ``.as_dict()``. Of "lowprecision" a
        LowPrecisionComparison, of "integers" an IntegerComparison, which have the same.

    Raises
    ------
    ValueError : an operation, dtype or algorithm that does not exist.

    Exactness
    ---------
    Every result is compared with a product found without fastmul (integers: GMP's, itself checked modulo a
    prime; matrices: float64 GEMM of slices inside its exact window) before it is timed. Products of integers
    are compared whole up to n = 2048; of other matrices, 64 rows spread over the product.

    Complexity
    ----------
    With the defaults less than two minutes on two cores the first time, a minute after that; a few hundred MiB.

    Source
    ------
    The windows are proved in `fastmul.comparison.truth`.

    Examples
    --------
    >>> found = compare("matmul", sizes=[16], dtypes=["int64"], algorithms=["auto"])
    >>> all(r.exact for r in found if r.contestant == "auto")
    True
    """
    if operations == LOW_PRECISION:
        given = sizes, dtypes, algorithms, contestants, patience
        return _low_precision(any(x is not None for x in given), threads, show_progress)
    if operations == BIG_INTEGERS:
        narrowed = (dtypes, algorithms, contestants) != (None, None, None)
        return _big_integers(
            narrowed, threads, sizes=sizes, repetitions=repetitions, patience=patience, show_progress=show_progress,
        )  # fmt: skip
    started = time.perf_counter()
    chosen = choices.operations_of(operations)
    in_breadth = BREADTH in chosen
    counts = choices.thread_counts(threads)
    work = [
        (
            case,
            choices.entrants(
                case, in_breadth, counts, threads is None, algorithms, contestants or {}
            ),
        )
        for case in choices.cases_of(chosen, sizes, dtypes)
    ]
    if patience is None:
        patience = PATIENCE_IN_BREADTH if in_breadth else PATIENCE_SECONDS
    warnings = machine.unfairness(counts)
    records: list[Record] = []
    with progress(len(work) + 3, show_progress) as bar:
        # of a few sizes or algorithms, the first calls compile what they need
        everything = sizes is None and algorithms is None
        compilation = compiling.compile_ahead(
            compiling.kernels_for([case for case, _ in work]) if everything else (),
            available_cpus(), lambda kernel: bar.tell(f"compiling {compiling.name_of(kernel)}"),
        )  # fmt: skip
        bar.advance()
        bar.tell("the machine's peak")
        about = machine.describe()
        history = History()
        for case, entrants in work:
            elapsed = time.perf_counter() - started
            found = run_case(
                case, entrants, history, rounds=repetitions,
                patience=_patience(patience, elapsed) if everything and not in_breadth else patience,
                hurried=elapsed - compilation.seconds > UNHURRIED_SECONDS, tell=bar.tell,
            )  # fmt: skip
            add_ratios(found, BASELINES[case.operation])
            records += found
            bar.advance()
        bar.tell("what else changes a float product")
        whole = sizes is None and dtypes is None and {"matmul", BREADTH} & set(chosen)
        changed = changes.find(in_breadth=in_breadth) if whole else []
        bar.advance()
        bar.tell("where float methods go wrong")
        wrong = first_wrong.find(chosen) if sizes is None else []
        bar.advance()
    seconds = time.perf_counter() - started
    return Comparison(records, about, warnings, changed, wrong, seconds, compilation)


def _low_precision(
    is_narrowed: bool, threads: int | Iterable[int] | None, show_progress: bool
) -> LowPrecisionComparison:
    from fastmul.comparison.low_precision.comparing import compare_low_precision

    counts = (1,) if threads is None else choices.thread_counts(threads)
    if is_narrowed or len(counts) != 1:
        raise ValueError(
            f"compare({LOW_PRECISION!r}) takes one number of threads, and runs its own contestants"
        )
    return compare_low_precision(threads=counts[0], show_progress=show_progress)


def _big_integers(
    is_narrowed: bool, threads: int | Iterable[int] | None, **keywords: Any
) -> IntegerComparison:
    from fastmul.comparison.big_integers.comparing import compare_integers

    counts = (None,) if threads is None else choices.thread_counts(threads)
    if is_narrowed or len(counts) != 1:
        raise ValueError(
            f"compare({BIG_INTEGERS!r}) takes one number of threads beside 1, and runs all algorithms beside its own "
            "contestants; compare('mul') takes a choice of them"
        )
    return compare_integers(threads=counts[0], **keywords)


def _patience(patience: float, elapsed: float) -> float:
    return min(patience, max(LEAST_PATIENCE, (WHOLE_SECONDS - elapsed) / PARTS))
