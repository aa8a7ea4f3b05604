"""Threads: how many a call may use, and the pool that runs kernels in chunks.

Kernels release the GIL, so plain threads run them side by side. Work comes in chunks of at most ~50 ms: between
two chunks a Ctrl-C is answered. The pool is made at first use, forgotten in a forked child, and shared by all
callers; a call made inside a worker runs inline, so pools never nest.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

_pool: ThreadPoolExecutor | None = None
_pool_size = 0
_pool_lock = threading.Lock()
_worker = threading.local()

_process_setting: int | None = None  # set_threads()
_scoped = threading.local()  # threads(): of the calling thread only


def available_cpus() -> int:
    """CPUs this process may use: its affinity, cut down to the cgroup's quota."""
    try:
        cpus = len(os.sched_getaffinity(0))
    except AttributeError:  # no affinity on this platform
        cpus = os.cpu_count() or 1
    quota = _cgroup_quota()
    return max(1, min(cpus, int(quota)) if quota else cpus)


def _cgroup_quota() -> float | None:
    with contextlib.suppress(OSError, ValueError):  # cgroup v2
        limit, period = open("/sys/fs/cgroup/cpu.max").read().split()
        return None if limit == "max" else max(1.0, int(limit) / int(period))
    with contextlib.suppress(OSError, ValueError):  # cgroup v1
        limit_us = int(open("/sys/fs/cgroup/cpu/cpu.cfs_quota_us").read())
        period_us = int(open("/sys/fs/cgroup/cpu/cpu.cfs_period_us").read())
        return None if limit_us <= 0 else max(1.0, limit_us / period_us)
    return None


def _checked(count: Any, source: str) -> int:
    try:
        value = int(count)
    except (TypeError, ValueError):
        value = 0
    if value < 1 or isinstance(count, float):
        raise ValueError(f"{source} must be an integer of at least 1, got {count!r}")
    return value


def set_threads(count: int | None) -> None:
    """Set how many threads fastmul uses in this process; None goes back to the environment's choice.

    >>> set_threads(1); get_threads()
    1
    >>> set_threads(None)
    """
    global _process_setting
    _process_setting = None if count is None else _checked(count, "threads")


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """Use `count` threads inside a with block, in the calling thread.

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
    if getattr(_worker, "active", False):
        return 1
    if requested is not None:
        return _checked(requested, "threads")
    if (scoped := getattr(_scoped, "count", None)) is not None:
        return scoped
    if _process_setting is not None:
        return _process_setting
    if from_environment := os.environ.get("FASTMUL_NUM_THREADS"):
        return _checked(from_environment, "FASTMUL_NUM_THREADS")
    return available_cpus()


def run(function: Callable[..., Any], chunks: Iterable[tuple[Any, ...]], count: int) -> None:
    """Call function(*chunk) for every chunk, on at most `count` threads, the caller among them.

    Returns when all are done. The first exception stops the rest and is raised; so does Ctrl-C.
    """
    work = list(chunks)
    helpers = min(count, len(work)) - 1
    if helpers <= 0 or getattr(_worker, "active", False):
        for chunk in work:
            function(*chunk)
        return
    queue = iter(work)
    stop = threading.Event()
    take = threading.Lock()

    def drain() -> None:
        while not stop.is_set():
            with take:
                chunk = next(queue, None)
            if chunk is None:
                return
            try:
                function(*chunk)
            except BaseException:
                stop.set()
                raise

    def work_in_pool() -> None:
        _worker.active = True
        drain()

    futures: list[Future[None]] = [_executor(helpers).submit(work_in_pool) for _ in range(helpers)]
    try:
        drain()
    finally:
        # also on Ctrl-C: no kernel may still write into arrays that the caller is about to drop
        stop.set()
        for future in futures:
            future.cancel()
        errors = [f.exception() for f in futures if not f.cancelled()]
    for error in errors:
        if error is not None:
            raise error


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
