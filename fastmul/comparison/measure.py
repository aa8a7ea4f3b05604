"""Checks each contestant's result, then times all of a case in turns.

One process, one case: every round runs each contestant once, in rotating order, so that a slow spell of the
machine falls on all of them; ratios come from the fastest runs of the same rounds.
"""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from fastmul.comparison.cases import Case, MatrixCase
from fastmul.comparison.contestants import Contestant, Refusal
from fastmul.comparison.exactness import error_of
from fastmul.comparison.records import OK, REFUSED, SKIPPED, WRONG, Record
from fastmul.comparison.text import duration
from fastmul.exceptions import FastmulError
from fastmul.runtime import blas
from fastmul.runtime import threads as fastmul_threads
from fastmul.runtime.threads import available_cpus

#: Shorter calls of a row may be all overhead, and say nothing about larger cases.
OVERHEAD_SECONDS = 0.02
#: A contestant predicted to take longer than this is not run.
PATIENCE_SECONDS = 2.0
#: Short calls are repeated until a sample lasts this long: well above the clock's and the call's own cost.
SAMPLE_SECONDS = 2e-4
#: Calls shorter than this are made a second time after their check: the first filled caches and started threads.
SETTLED_SECONDS = 5e-2
#: Calls shorter than this are made once more, untimed, before each sample: turns keep their cyclic order, so one
#: that follows a large contestant would always find its operands out of the caches.
REFILL_SECONDS = 1e-2
ROUNDS = 5
#: A case stops starting new rounds after this long; two rounds are always run.
CASE_SECONDS = 1.0
LEAST_ROUNDS = 2
#: The same when the whole comparison takes long, on a slow machine for instance: short calls keep all rounds.
HURRIED_CASE_SECONDS, HURRIED_ROUNDS = 0.25, 1
#: Calls longer than this are timed once after their check, not in every round; of those that are so many times as
#: slow as the fastest, the run that was checked is the one that is timed. Float GEMM, the yardstick, never is.
SLOW_SECONDS, FAR_BEHIND = 0.25, 1.5


@dataclass
class History:
    """Measured times, from which a larger case's are predicted."""

    #: (contestant, dtype, threads): {work: seconds}
    seconds: dict[tuple[str, str, int], dict[float, float]] = field(default_factory=dict)

    def note(self, contestant: Contestant, case: Case, threads: int, seconds: float) -> None:
        self.seconds.setdefault((contestant.name, case.dtype, threads), {})[case.work] = seconds

    def note_record(self, record: Record, case: Case) -> None:
        """The fastest of several runs: a better guide than the first, which may have met a busy machine."""
        if record.seconds:
            key = (record.contestant, case.dtype, record.threads)
            self.seconds.setdefault(key, {})[case.work] = record.seconds

    def last(self, contestant: Contestant, case: Case, threads: int) -> float:
        """Seconds of the largest case known."""
        known = self.seconds[contestant.name, case.dtype, threads]
        return known[max(known)]

    def predict(self, contestant: Contestant, case: Case, threads: int) -> float | None:
        """Seconds expected, from the largest case known; None when nothing is known.

        A peer's time grows as it did for another dtype that was timed at both sizes; else, and where rows may go
        other ways for other dtypes, as the contestant says.
        """
        known = self.seconds.get((contestant.name, case.dtype, threads))
        if not known:
            return None
        work = max(known)
        grown = [
            times[case.work] / times[work]
            for (name, _, count), times in self.seconds.items()
            if (name, count) == (contestant.name, threads) and {work, case.work} <= times.keys()
        ]
        if grown and contestant.home == "peer":
            return known[work] * min(grown)
        return known[work] * max(1.0, case.work / work) ** contestant.growth


@dataclass
class Entry:
    """A contestant that passed its check and is being timed."""

    record: Record
    call: Callable[[], Any]
    repeats: int
    warm: float = 0.0  # seconds of the last call before the rounds
    samples: list[float] = field(default_factory=list)


def run_case(case: Case, contestants: list[tuple[Contestant, int]], history: History, *,
             rounds: int = ROUNDS, patience: float = PATIENCE_SECONDS, hurried: bool = False,
             tell: Callable[[str], None] = lambda text: None) -> list[Record]:  # fmt: skip
    """Records of every (contestant, threads) on one case."""
    entries, records = [], []
    for contestant, threads in contestants:
        if not contestant.takes(case):
            continue
        tell(f"{case.operation} {case.dtype} {case.size}: {contestant.name}")
        with _threads(threads):
            entry = _admit(contestant, case, threads, history, patience)
        records.append(entry.record)
        if entry.record.status == OK:
            entries.append(entry)
    _spare(entries)
    _time_in_turns(entries, rounds, hurried)
    for entry in entries:
        _settle(entry, case)
        history.note_record(entry.record, case)
    return records


@contextlib.contextmanager
def _threads(count: int) -> Iterator[None]:
    """BLAS and fastmul on `count` threads, set once and outside of what is timed."""
    with blas.limit(count), fastmul_threads.threads(count):
        yield


def _admit(
    contestant: Contestant, case: Case, threads: int, history: History, patience: float
) -> Entry:
    """Predict, run once (compiling), check, run again: the entry that may be timed, or why not."""
    record = Record(
        case.operation, contestant.name, contestant.home, case.dtype, case.size, threads, OK
    )
    entry = Entry(record, lambda: None, 1)
    predicted = predict(contestant, case, threads, history, patience)
    if predicted is not None and predicted > patience:
        record.status, record.note = SKIPPED, f"skipped: predicted {duration(predicted)}"
        return entry
    try:
        entry.call = contestant.prepare(case, threads)
        record.first_call_seconds, result = _timed(entry.call)
    except (Refusal, FastmulError, MemoryError) as refusal:
        record.status, record.note = REFUSED, str(refusal)
        return entry
    except Exception as failure:
        record.status, record.note = WRONG, f"{type(failure).__name__}: {failure}"
        return entry
    if not contestant.is_yardstick(case):
        _check(contestant, case, result, record)
        if record.status != OK:
            return entry
    del result
    warm = record.first_call_seconds
    if predicted is None or warm > 2 * predicted or warm < SETTLED_SECONDS:
        warm, _ = _timed(entry.call)  # the first call may have compiled
    entry.warm = warm
    history.note(contestant, case, threads, warm)
    entry.repeats = max(1, round(SAMPLE_SECONDS / max(warm, 1e-9)))
    return entry


def _check(contestant: Contestant, case: Case, result: Any, record: Record) -> None:
    """Note how far the result is from the true product, and whether it may be."""
    try:
        with blas.limit(available_cpus()):  # the true product is found at the first check
            error = error_of(case, contestant.finish(result))
    except Exception as failure:
        said = f"a result that cannot be compared: {type(failure).__name__}: {failure}"
        record.status, record.note = WRONG, said
        return
    record.exact, record.wrong_entries = error.exact, error.wrong_entries
    record.max_abs_error, record.max_rel_error = error.max_abs, error.max_rel
    must_be_sound = contestant.exact or case.is_float
    if must_be_sound and not error.sound:
        record.status, record.note = WRONG, f"the result is off by {error.max_abs:.3g}"


def predict(
    contestant: Contestant,
    case: Case,
    threads: int,
    history: History,
    patience: float = PATIENCE_SECONDS,
) -> float | None:
    """Seconds expected; where no smaller case was timed, one is, once. None for the smallest cases."""
    if history.predict(contestant, case, threads) is None and case.smaller is not None:
        _pilot(contestant, case.smaller, threads, history, patience)
    return history.predict(contestant, case, threads)


def _pilot(
    contestant: Contestant, case: Case, threads: int, history: History, patience: float
) -> None:
    """Time a smaller case once, to predict this one; smaller still while even that would take too long."""
    if case.smaller is not None:
        _pilot(contestant, case.smaller, threads, history, patience)
    predicted = history.predict(contestant, case, threads)
    if predicted is not None and predicted > patience / 8:
        # the calls of our rows are known to grow by their work alone once they are long enough
        overhead = (
            contestant.home == "fastmul"
            and history.last(contestant, case, threads) < OVERHEAD_SECONDS
        )
        if not overhead:
            return
    try:
        call = contestant.prepare(case, threads)
        call()
        seconds, _ = _timed(call)
    except Exception:  # the case itself will meet it, and say so
        return
    history.note(contestant, case, threads, seconds)


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def _spare(entries: list[Entry]) -> None:
    """Take the time that is known of slow calls that come nowhere near the fastest."""
    fastest = min((entry.warm for entry in entries), default=0.0)
    for entry in entries:
        far_behind = entry.warm > max(SLOW_SECONDS, FAR_BEHIND * fastest)
        if far_behind and entry.record.home != "float":
            entry.samples.append(entry.warm)


def _time_in_turns(entries: list[Entry], rounds: int, hurried: bool = False) -> None:
    least, limit = (
        (HURRIED_ROUNDS, HURRIED_CASE_SECONDS) if hurried else (LEAST_ROUNDS, CASE_SECONDS)
    )
    started = time.perf_counter()
    collecting = gc.isenabled()
    gc.disable()
    try:
        for turn in range(rounds):
            if turn >= least and time.perf_counter() - started > limit:
                break
            for i in range(len(entries)):
                entry = entries[(i + turn) % len(entries)]
                if entry.warm > SLOW_SECONDS and entry.samples:
                    continue
                with _threads(entry.record.threads):
                    if entry.warm < REFILL_SECONDS:
                        entry.call()
                    entry.samples.append(_sample(entry.call, entry.repeats))
    finally:
        if collecting:
            gc.enable()


def _sample(call: Callable[[], Any], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats


def _settle(entry: Entry, case: Case) -> None:
    record = entry.record
    record.seconds, record.median_seconds = min(entry.samples), median(entry.samples)
    record.runs = len(entry.samples) * entry.repeats
    if isinstance(case, MatrixCase):
        record.rate = case.work / record.seconds / 1e9
    else:
        record.rate = record.seconds / case.limbs * 1e9


def add_ratios(records: list[Record], baselines: tuple[str, ...]) -> None:
    """Each record's speed over each baseline's best of the same case on at most as many threads."""
    for record in records:
        for name in baselines:
            found = [r for r in records if r.contestant == name and r.seconds]
            equal = [r for r in found if r.threads <= record.threads] or found
            best = min((r.seconds for r in equal if r.seconds), default=None)
            if record.seconds and best:
                record.ratios[name] = best / record.seconds
