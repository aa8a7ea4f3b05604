"""The comparison itself: sizes one after the other, then what else their products are asked about."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from fastmul.comparison import choices, compiling, machine
from fastmul.comparison.big_integers import crossovers, errors, memory
from fastmul.comparison.big_integers.crossovers import Crossover, Curve
from fastmul.comparison.big_integers.findings import IntegerComparison, curves
from fastmul.comparison.cases import IntegerCase
from fastmul.comparison.contestants import Contestant
from fastmul.comparison.contestants import contestants as known_contestants
from fastmul.comparison.contestants.integers import FLOAT_FFT, GMP
from fastmul.comparison.measure import ROUNDS, History, add_ratios, run_case
from fastmul.comparison.progress import progress
from fastmul.comparison.records import OK, Record
from fastmul.runtime.threads import available_cpus

SIZES = tuple(1 << k for k in (8, 10, 12, 14, 16, 18, 20, 22, 24))
#: From which size on several threads are looked at, and whose: those that use them.
THREADED_BITS, THREADED = 1 << 18, ("auto", "fft", "ntt", "FLINT (fmpz)")
#: A contestant predicted to take longer is not run; a size after so long is timed in one round.
PATIENCE_SECONDS, UNHURRIED_SECONDS = 1.5, 40.0


def compare_integers(
    *,
    sizes: Iterable[int] | None = None,
    threads: int | None = None,
    repetitions: int = ROUNDS,
    patience: float | None = None,
    show_progress: bool = False,
) -> IntegerComparison:
    """Every way to multiply two integers of one size: ns per bit, crossovers, threads, memory, the float FFT's error.

    Parameters
    ----------
    sizes : ints, optional
        Bits of each integer; default: 2^8 to 2^24.
    threads : int, optional
        Beside one; default: all CPUs.
    repetitions, patience : optional
        As in `fastmul.compare`.
    show_progress : bool
        Whether to tell what is being done, on standard error.

    Returns
    -------
    IntegerComparison : its repr is the report; ``.failures``, ``.as_dict()``.

    Raises
    ------
    ValueError : sizes below 1.

    Exactness
    ---------
    Every product is compared with GMP's, which is checked modulo a prime. A coefficient of the float transform is an
    integer, and its proven error below 1/2: the distance to the nearest integer is the error.

    Complexity
    ----------
    With the defaults less than two minutes on two cores, and a few hundred MiB.

    Source
    ------
    Bounds of the float transform: `fastmul.bounds.fft`.

    Examples
    --------
    >>> found = compare_integers(sizes=[512])
    >>> found.failures
    []
    """
    started = time.perf_counter()
    cases = [IntegerCase(bits) for bits in choices.sizes_of(sizes, SIZES)]
    count = available_cpus() if threads is None else threads
    warnings = machine.unfairness((count,))
    records: list[Record] = []
    with progress(len(cases) + 3, show_progress) as bar:
        compilation = compiling.compile_ahead(
            compiling.kernels_for(cases) if sizes is None else (), available_cpus(),
            lambda kernel: bar.tell(f"compiling {compiling.name_of(kernel)}"),
        )  # fmt: skip
        bar.advance()
        bar.tell("the machine's peak")
        about = machine.describe()
        history = History()
        for case in cases:
            elapsed = time.perf_counter() - started - compilation.seconds
            found = run_case(
                case, list(_entrants(case, count)), history, rounds=repetitions,
                patience=PATIENCE_SECONDS if patience is None else patience,
                hurried=elapsed > UNHURRIED_SECONDS, tell=bar.tell,
            )  # fmt: skip
            add_ratios(found, (GMP,))
            records += found
            bar.advance()
        bar.tell("memory")
        peaks = _peaks(cases[-1], records)
        bar.advance()
        bar.tell("errors of the float transform")
        of_transform = errors.measure(n for n in errors.SIZES if n <= cases[-1].size)
        bar.advance()
    seconds = time.perf_counter() - started
    overtaken = _crossovers(curves(records))
    return IntegerComparison(about, warnings, records, overtaken, peaks, of_transform, seconds)


def _entrants(case: IntegerCase, count: int) -> Iterator[tuple[Contestant, int]]:
    """All on one thread, and those that use several."""
    for contestant, _ in choices.entrants(case, False, (1,), True, None, {}):
        yield contestant, 1
        if count > 1 and contestant.name in THREADED and case.size >= THREADED_BITS:
            yield contestant, count


def _crossovers(found: dict[str, Curve]) -> list[Crossover]:
    """Between fastmul's rows; and from where on the automatic choice is faster than the peers."""
    from fastmul.integers.multiplication import MUL

    own = crossovers.of_rows(found, tuple(name for name in MUL.names if name != "gmp"))
    everyone = known_contestants("mul")
    peers = [c.name for c in everyone if c.home == "peer" and c.name in found]
    automatic = [
        crossovers.between(name, found[name], "auto", found["auto"])
        for name in peers
        if "auto" in found
    ]
    return [*own, *automatic]


def _peaks(case: IntegerCase, records: list[Record]) -> list[memory.Peak]:
    """Of every contestant that multiplied integers of that size on one thread."""
    ran = {r.contestant for r in records if r.size == case.size and r.status == OK}
    found = []
    for contestant in known_contestants("mul"):
        if contestant.name in ran and contestant.name != FLOAT_FFT:
            n_bytes = memory.measure(contestant.prepare(case, 1))
            if n_bytes is not None:
                found.append(memory.Peak(contestant.name, contestant.home, case.size, n_bytes))
    return found
