"""How much memory a product takes: the process's largest resident size during a call, beyond what it was before."""

from __future__ import annotations

import contextlib
import ctypes
import gc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastmul.runtime.scratch import clear_cache

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
#: What, written to clear_refs, sets the largest resident size to the present one (Linux, proc(5)).
_RESET_PEAK = "5"


@dataclass
class Peak:
    """What one product of two integers took."""

    contestant: str
    home: str
    bits: int  # of each operand
    n_bytes: int  # the result, scratch and tables


def measure(call: Callable[[], Any]) -> int | None:
    """Bytes that a call takes at most, its result included; None where the system does not tell."""
    gc.collect()
    clear_cache()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # what the C library keeps would be used again, unseen
    try:
        _RESET.write_text(_RESET_PEAK)
        before = _resident("VmRSS")
        result = call()
        after = _resident("VmHWM")
    except (OSError, KeyError):
        return None
    del result
    return max(0, after - before)


def _resident(name: str) -> int:
    for line in _STATUS.read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) << 10
    raise KeyError(name)
