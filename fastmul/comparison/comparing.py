"""compare(): the main job."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from fastmul.comparison import cases, changes, compiling, first_wrong, machine
from fastmul.comparison.cases import Case, IntegerCase, MatrixCase
from fastmul.comparison.contestants import Contestant, own_contestant
from fastmul.comparison.contestants import contestants as known_contestants
from fastmul.comparison.contestants.integers import GMP
from fastmul.comparison.contestants.matrices import DGEMM, SGEMM
from fastmul.comparison.measure import PATIENCE_SECONDS, ROUNDS, History, add_ratios, run_case
from fastmul.comparison.progress import progress
from fastmul.comparison.records import Record
from fastmul.comparison.report import Comparison
from fastmul.runtime.threads import available_cpus

OPERATIONS = ("matmul", "mul")
#: After so long, not counting compilation, long calls are timed in one round.
UNHURRIED_SECONDS = 20.0
#: A comparison of everything is to end within this time, also on a slow machine: a contestant is waited for at most
#: one of so many equal parts of what is left, but never less than the least.
WHOLE_SECONDS, PARTS, LEAST_PATIENCE = 110.0, 15, 0.25
BASELINES = {"matmul": (DGEMM, SGEMM), "mul": (GMP,)}
#: Contestants that also run on all CPUs when the caller names no thread count.
ON_ALL_CPUS = ("auto", DGEMM, SGEMM)


def compare(
    operations: str | Iterable[str] = OPERATIONS,
    *,
    sizes: Iterable[int] | None = None,
    dtypes: Iterable[str] | None = None,
    algorithms: Iterable[str] | None = None,
    threads: int | Iterable[int] | None = None,
    contestants: Mapping[str, Callable[[Any, Any], Any]] | None = None,
    repetitions: int = ROUNDS,
    patience: float = PATIENCE_SECONDS,
    show_progress: bool = False,
) -> Comparison:
    """Time and check every algorithm beside float GEMM, GMP and the peers found here.

    Parameters
    ----------
    operations : "matmul", "mul", or both
    sizes : ints, optional
        n of n x n matrices, and bits of integers; default: 64 to 2048, and 2^10 to 2^24.
    dtypes : names of dtypes, optional
        Of the matrices; default: float64, float32, int64, int32, int8 (which accumulates in int32).
    algorithms : names, optional
        Only these rows of fastmul's tables, beside the peers; default: all.
    threads : int or ints, optional
        Default: one thread for all, and all CPUs for the automatic choice and float GEMM too.
    contestants : {name: function(a, b)}, optional
        The caller's own; each gets two Python ints (mul) or two arrays (matmul) and must be exact on integers.
    repetitions : int
        Rounds; in each, every contestant runs once.
    patience : float
        Seconds; a contestant predicted to take longer is not run.
    show_progress : bool
        Whether to tell what is being done, on standard error.

    Returns
    -------
    Comparison : a sequence of `Record`, whose repr is the report; ``.failures``, ``.as_dict()``.

    Raises
    ------
    ValueError : an operation, dtype or algorithm that does not exist.

    Exactness
    ---------
    Every result is compared with a product found without fastmul (integers: GMP's, itself checked modulo a
    prime; matrices: float64 GEMM of slices inside its exact window) before it is timed. Products of integers
    are compared whole; of float matrices, 64 rows spread over the product.

    Complexity
    ----------
    With the defaults a minute and a half on two cores the first time, a minute after that; a few hundred MiB.

    Source
    ------
    The windows are proved in `fastmul.comparison.truth`.

    Examples
    --------
    >>> found = compare("matmul", sizes=[16], dtypes=["int64"], algorithms=["auto"])
    >>> all(r.exact for r in found if r.contestant == "auto")
    True
    """
    started = time.perf_counter()
    chosen = _operations(operations)
    counts = _thread_counts(threads)
    work = [
        (case, _entrants(case, counts, threads is None, algorithms, contestants or {}))
        for case in _cases(chosen, sizes, dtypes)
    ]
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
                patience=_patience(patience, elapsed) if everything else patience,
                hurried=elapsed - compilation.seconds > UNHURRIED_SECONDS, tell=bar.tell,
            )  # fmt: skip
            add_ratios(found, BASELINES[case.operation])
            records += found
            bar.advance()
        bar.tell("what else changes a float product")
        changed = changes.find() if _whole(chosen, sizes, dtypes) else []
        bar.advance()
        bar.tell("where float methods go wrong")
        wrong = first_wrong.find(chosen) if sizes is None else []
        bar.advance()
    seconds = time.perf_counter() - started
    return Comparison(records, about, warnings, changed, wrong, seconds, compilation)


def _patience(patience: float, elapsed: float) -> float:
    return min(patience, max(LEAST_PATIENCE, (WHOLE_SECONDS - elapsed) / PARTS))


def _operations(operations: str | Iterable[str]) -> tuple[str, ...]:
    chosen = (operations,) if isinstance(operations, str) else tuple(operations)
    for name in chosen:
        if name not in OPERATIONS:
            raise ValueError(f"compare knows the operations {', '.join(OPERATIONS)}, not {name!r}")
    return chosen


def _thread_counts(threads: int | Iterable[int] | None) -> tuple[int, ...]:
    if threads is None:
        return tuple(sorted({1, available_cpus()}))
    counts = (threads,) if isinstance(threads, (int, np.integer)) else tuple(threads)
    if not counts or min(counts) < 1:
        raise ValueError(f"threads must be positive integers, got {threads!r}")
    return counts


def _whole(operations: tuple[str, ...], sizes: Any, dtypes: Any) -> bool:
    return "matmul" in operations and sizes is None and dtypes is None


def _cases(operations: tuple[str, ...], sizes: Any, dtypes: Any) -> list[Case]:
    found: list[Case] = []
    if "matmul" in operations:
        for dtype in dtypes or cases.MATRIX_DTYPES:
            if dtype not in cases.KNOWN_DTYPES:
                raise ValueError(
                    f"compare knows the dtypes {', '.join(cases.KNOWN_DTYPES)}, not {dtype!r}"
                )
            found += [
                MatrixCase(n, dtype)
                for n in _checked(cases.MATRIX_SIZES if sizes is None else sizes)
            ]
    if "mul" in operations:
        found += [
            IntegerCase(bits) for bits in _checked(cases.INTEGER_SIZES if sizes is None else sizes)
        ]
    return found


def _checked(sizes: Iterable[int]) -> list[int]:
    ordered = sorted(set(sizes))
    if not ordered or ordered[0] < 1:
        raise ValueError(f"sizes must be positive integers, got {ordered}")
    return ordered


def _entrants(case: Case, counts: tuple[int, ...], by_default: bool, algorithms: Iterable[str] | None,
              own: Mapping[str, Callable[[Any, Any], Any]]) -> list[tuple[Contestant, int]]:  # fmt: skip
    """Who runs this case, on how many threads."""
    everyone = known_contestants(case.operation)
    if algorithms is not None:
        wanted = set(algorithms)
        known = {_algorithm(c) for c in everyone if c.home == "fastmul"}
        if unknown := wanted - known:
            raise ValueError(
                f"no algorithm {sorted(unknown)}; {case.operation} has {sorted(known)}"
            )
        everyone = [c for c in everyone if c.home != "fastmul" or _algorithm(c) in wanted]
    else:
        peers = {c.name for c in everyone if c.takes(case)}
        everyone = [c for c in everyone if c.same_as not in peers]
    everyone += [own_contestant(case.operation, name, function) for name, function in own.items()]
    found = []
    for contestant in everyone:
        if not contestant.takes(case):
            continue
        for count in counts:
            if count == min(counts) or (
                contestant.threaded and (not by_default or contestant.name in ON_ALL_CPUS)
            ):
                found.append((contestant, count if contestant.threaded else 1))
    return found


def _algorithm(contestant: Contestant) -> str:
    """The table's name in a contestant's: "auto (int)" is "auto"."""
    return contestant.name.partition(" (")[0]
