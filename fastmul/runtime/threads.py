"""Threads: how many a call may use, and the pool that runs kernels in chunks.

Kernels release the GIL, so plain threads run them side by side. Work comes in chunks of at most ~50 ms: between
two chunks a Ctrl-C is answered. The pool is made at first use, forgotten in a forked child, and shared by all
callers; a call made inside a worker runs inline, so pools never nest.
"""

from __future__ import annotations

import contextlib
import operator
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastmul.runtime import cgroup

_pool: ThreadPoolExecutor | None = None
_pool_size = 0
_pool_lock = threading.Lock()
_worker = threading.local()

_process_setting: int | None = None  # set_threads()
_scoped = threading.local()  # threads(): of the calling thread only


def available_cpus() -> int:
    """CPUs this process may use: its affinity, cut down to the cgroup's quota."""
    return _available()[0]


def _available() -> tuple[int, str]:
    try:
        cpus, source = len(os.sched_getaffinity(0)), "CPU affinity"
    except AttributeError:  # no affinity on this platform
        cpus, source = os.cpu_count() or 1, "CPUs of the machine"
    quota = cgroup.cpu_quota()
    if quota is not None and quota < cpus:
        return max(1, int(quota)), "cgroup quota"
    return cpus, source


def _checked(count: Any, source: str) -> int:
    try:
        value = operator.index(count)
    except TypeError:
        value = 0
    if value < 1:
        raise ValueError(f"{source} must be an integer of at least 1, got {count!r}")
    return value


def set_threads(count: int | None) -> None:
    """Set how many threads fastmul uses in this process.

    Parameters
    ----------
    count : int, at least 1, or None to go back to the environment's choice.

    Raises
    ------
    ValueError : count is no integer of at least 1.

    Examples
    --------
    >>> set_threads(1); get_threads()
    1
    >>> set_threads(None)
    """
    global _process_setting
    _process_setting = None if count is None else _checked(count, "threads")


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """Use `count` threads inside a with block, in the calling thread.

    Parameters
    ----------
    count : int, at least 1.

    Raises
    ------
    ValueError : count is no integer of at least 1.

    Examples
    --------
    >>> with threads(1):
    ...     get_threads()
    1
    """
    before = getattr(_scoped, "count", None)
    _scoped.count = _checked(count, "threads")
    try:
        yield
    finally:
        _scoped.count = before


def get_threads(requested: int | None = None) -> int:
    """The number of threads a call uses: its own `threads=`, else threads(), set_threads(),
    FASTMUL_NUM_THREADS, else the CPUs available; 1 inside a pool worker."""
    return threads_and_source(requested)[0]


def threads_and_source(requested: int | None = None) -> tuple[int, str]:
    """The number of threads a call uses, and what decided it."""
    if getattr(_worker, "active", False):
        return 1, "inside a pool worker"
    if requested is not None:
        return _checked(requested, "threads"), "threads="
    if (scoped := getattr(_scoped, "count", None)) is not None:
        return scoped, "fastmul.threads()"
    if _process_setting is not None:
        return _process_setting, "fastmul.set_threads()"
    if text := os.environ.get("FASTMUL_NUM_THREADS"):
        count = int(text) if text.strip().isdecimal() else text
        return _checked(count, "FASTMUL_NUM_THREADS"), "FASTMUL_NUM_THREADS"
    return _available()


def run(function: Callable[..., Any], chunks: Iterable[tuple[Any, ...]], count: int) -> None:
    """Call function(*chunk) for every chunk, on at most `count` threads, the caller among them.

    Returns when all are done. The first exception stops the rest and is raised; so does Ctrl-C. Either way no
    chunk runs on after the return, so the caller may drop the arrays that chunks write into.
    """
    work = list(chunks)
    helpers = min(count, len(work)) - 1
    if helpers <= 0 or getattr(_worker, "active", False):
        for chunk in work:
            function(*chunk)
        return
    queue = iter(work)
    lock = threading.Lock()
    failures: list[BaseException] = []  # in order of time
    helping: list[threading.Event] = []  # one of each helper that has started, set at its end

    def drain() -> None:
        _worker.active = True  # what a chunk calls runs inline: pools never nest
        try:
            while not failures:
                with lock:
                    chunk = next(queue, None)
                if chunk is None:
                    return
                function(*chunk)
        except BaseException as error:
            failures.append(error)
        finally:
            _worker.active = False

    def help_drain() -> None:
        ended = threading.Event()
        helping.append(ended)
        try:
            drain()
        finally:
            ended.set()

    try:
        pool = _executor(helpers)
        for _ in range(helpers):
            pool.submit(help_drain)
        drain()
    except BaseException as error:  # Ctrl-C, perhaps with a helper already on its way
        failures.append(error)
    # a helper that starts only now finds a failure or no chunk left, so it is not waited for
    _settle(helping, failures)
    if failures:
        raise failures[0]


def chunks(count: int, each: int, work: int) -> list[tuple[int, int]]:
    """Ranges of [0, count) for `run`: of as many indices as make `work` units, if one index makes `each`.

    >>> chunks(10, 3, 12)
    [(0, 4), (4, 8), (8, 10)]
    """
    step = max(1, work // max(1, each))
    return [(start, min(count, start + step)) for start in range(0, count, step)]


def _settle(helping: list[threading.Event], failures: list[BaseException]) -> None:
    """Wait for the chunks that still run (at most ~50 ms each), also through a Ctrl-C."""
    while True:
        try:
            for ended in helping:
                ended.wait()
            return
        except KeyboardInterrupt as error:
            failures.append(error)


def _executor(size: int) -> ThreadPoolExecutor:
    global _pool, _pool_size
    with _pool_lock:
        if _pool is None or _pool_size < size:
            # a smaller pool still finishes what it was given; its idle threads end when it is collected
            _pool, _pool_size = ThreadPoolExecutor(size, thread_name_prefix="fastmul"), size
        return _pool


def _forget_pool() -> None:
    global _pool, _pool_size, _pool_lock
    _pool, _pool_size, _pool_lock = None, 0, threading.Lock()
    _worker.active = False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)
