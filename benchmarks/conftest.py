"""One benchmark per case and contestant of `fastmul compare`: predicted, checked, warmed, then timed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fastmul.comparison.cases import Case
from fastmul.comparison.contestants import Contestant, Refusal
from fastmul.comparison.exactness import error_of
from fastmul.comparison.measure import PATIENCE_SECONDS, History, predict
from fastmul.exceptions import FastmulError
from fastmul.runtime import blas
from fastmul.runtime.threads import threads


@pytest.fixture(scope="session")
def history() -> History:
    """Times measured so far, to predict the larger cases by."""
    return History()


@pytest.fixture
def one_thread() -> Iterator[None]:
    """BLAS and fastmul on one thread."""
    with blas.limit(1), threads(1):
        yield


@pytest.fixture
def race(benchmark: Any, history: History, one_thread: None) -> Callable[[Case, Contestant], None]:
    """race(case, contestant): benchmark the contestant, grouped with all others of the case."""

    def run(case: Case, contestant: Contestant) -> None:
        benchmark.group = f"{case.operation} {case.dtype} {case.size}"
        seconds = predict(contestant, case, 1, history)
        if seconds is not None and seconds > PATIENCE_SECONDS:
            pytest.skip(f"predicted {seconds:.0f} s")
        try:
            call = contestant.prepare(case, 1)
            error = error_of(case, contestant.finish(call()))
        except (Refusal, FastmulError) as refusal:
            pytest.skip(str(refusal))
        assert error.sound or not (contestant.exact or case.is_float), f"off by {error.max_abs}"
        benchmark.extra_info.update(exact=error.exact, max_abs_error=error.max_abs)
        benchmark(call)
        history.note(contestant, case, 1, benchmark.stats.stats.min)

    return run
