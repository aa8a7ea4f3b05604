"""How much memory there is, asked before it is taken.

GMP aborts the process when an allocation fails, and a kernel's scratch may be killed by the kernel's OOM
handler; so every operation states its need first, and raises a MemoryError that can be caught.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from fastmul.runtime import cgroup

_UNLIMITED = 1 << 62


def available_bytes() -> int:
    """The smallest of: memory free on the machine, left in the cgroup, left of the address-space limit."""
    return min(_free_on_machine(), _free_in_cgroup(), _free_address_space())


#: Needs below this are never worth a look.
SMALL_BYTES = 1 << 22
#: A look costs 0.3 ms (AMD Zen 4, 2026-11-24), as much as a product of 2**19-bit integers. So each look grants a
#: credit, this part of what it found, good for this long: needs are taken from it without another look.
CREDIT_PART = 1 / 4
CREDIT_SECONDS = 0.5

_credit_bytes = 0.0
_credit_ends = 0.0  # time.monotonic()


def require(needed_bytes: int, what: object) -> None:
    """Raise MemoryError unless `needed_bytes` can be had; `what` restates the call (formatted only then).

    What is granted without a look stays, together, below `CREDIT_PART` of what the last look found free.
    """
    global _credit_bytes, _credit_ends
    if needed_bytes < SMALL_BYTES:
        return
    now = time.monotonic()
    if needed_bytes <= _credit_bytes and now < _credit_ends:
        _credit_bytes -= needed_bytes
        return
    free = available_bytes()
    if needed_bytes > free:
        raise MemoryError(
            f"{what} needs about {needed_bytes / 2**20:,.0f} MiB; {free / 2**20:,.0f} MiB are available"
        )
    _credit_bytes, _credit_ends = CREDIT_PART * free - needed_bytes, now + CREDIT_SECONDS


def forget() -> None:
    """Look anew at the next need, as after a change of this process's limits."""
    global _credit_bytes
    _credit_bytes = 0.0


def _free_on_machine() -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with contextlib.suppress(AttributeError, OSError, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return _UNLIMITED


def _free_in_cgroup() -> int:
    free = cgroup.free_memory()
    return _UNLIMITED if free is None else free


def _free_address_space() -> int:
    with contextlib.suppress(ImportError, OSError, ValueError, IndexError):
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            return max(0, limit - pages * os.sysconf("SC_PAGE_SIZE"))
    return _UNLIMITED
