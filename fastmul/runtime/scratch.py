"""Memory that outlives a call: leased scratch and kept tables, together at most `KEPT_BYTES`.

Scratch is leased per call and never global, so that eight threads may multiply at once. What is handed back is
kept for the next lease (fresh pages cost about as much as a transform) in place of what was used less lately.
"""

from __future__ import annotations

import os
import threading
from bisect import insort
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

#: Bytes of idle scratch and of tables that stay allocated between calls.
KEPT_BYTES = 64 << 20
#: How many of them the tables used last hold against scratch that is handed back: they cost more than its pages.
TABLE_BYTES = 14 << 20
#: The largest block that is kept.
LARGEST_KEPT = KEPT_BYTES - TABLE_BYTES
ALIGNMENT = 64
#: Blocks of idle scratch, at most.
MAX_IDLE = 64
#: Needs up to this are met by blocks of just this size, of which a few are kept beside the rest and lent without a
#: lock (list.pop and list.append are atomic): small products feel half a microsecond.
SMALL_BYTES = 1 << 18
MAX_SMALL = 8

_lock = threading.Lock()
_kept = 0  # bytes of all that follows
_idle: list[np.ndarray] = []  # smallest first
_small: list[np.ndarray] = []
_tables: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()  # least recently used first


def aligned_empty(count: int, dtype: Any = np.float64, alignment: int = ALIGNMENT) -> np.ndarray:
    """An uninitialised 1-D array whose data starts at a multiple of `alignment` bytes."""
    n_bytes = count * np.dtype(dtype).itemsize
    raw = np.empty(n_bytes + alignment, np.uint8)
    start = -raw.ctypes.data % alignment
    return raw[start : start + n_bytes].view(dtype)


class lease:
    """Lend an aligned uint8 array of at least `n_bytes`, with undefined contents, for a with block."""

    # a class, not a generator: half a microsecond less, which small products feel
    __slots__ = ("_block", "_n_bytes")

    def __init__(self, n_bytes: int) -> None:
        self._n_bytes = n_bytes

    def __enter__(self) -> np.ndarray:
        self._block = _take(self._n_bytes)
        return self._block

    def __exit__(self, *exception: object) -> None:
        _give_back(self._block)


def _take(n_bytes: int) -> np.ndarray:
    global _kept
    if n_bytes <= SMALL_BYTES:
        try:
            return _small.pop()
        except IndexError:
            return aligned_empty(SMALL_BYTES, np.uint8)
    with _lock:
        for i, block in enumerate(_idle):
            if block.size >= n_bytes:
                if block.size > 4 * n_bytes + (1 << 20):
                    break  # do not hold a huge block hostage for a small need
                _kept -= block.size
                return _idle.pop(i)
    return aligned_empty(n_bytes, np.uint8)


def _give_back(block: np.ndarray) -> None:
    """Keep the block, in place of others and of tables not used lately if need be."""
    global _kept
    size = block.size
    if size == SMALL_BYTES:
        if len(_small) < MAX_SMALL:
            _small.append(block)
        return
    if size > LARGEST_KEPT:
        return
    with _lock:
        while _idle and (block.size + _kept > KEPT_BYTES or len(_idle) >= MAX_IDLE):
            _kept -= _idle.pop(0).size
        while _tables and block.size + _kept > KEPT_BYTES:
            _kept -= _tables.popitem(last=False)[1][1]
        insort(_idle, block, key=len)
        _kept += block.size


def table(key: Hashable, build: Callable[[], Any], n_bytes: Callable[[Any], int]) -> Any:
    """The table of `key`, built at first use and kept while the budget lasts.

    Two threads may build the same table at the same time; both get a right one.
    """
    with _lock:
        if key in _tables:
            _tables.move_to_end(key)
            return _tables[key][0]
    made = build()
    global _kept
    with _lock:
        if key in _tables:
            _kept -= _tables[key][1]
        _tables[key] = (made, n_bytes(made))
        _kept += _tables[key][1]
        while _kept > KEPT_BYTES and len(_idle):
            _kept -= _idle.pop().size
        while _kept > KEPT_BYTES and len(_tables):
            _kept -= _tables.popitem(last=False)[1][
                1
            ]  # the caller still holds the one it asked for
    return made


def kept_bytes() -> int:
    """Bytes of idle scratch and tables now kept."""
    with _lock:
        return _kept


_clearers: list[Callable[[], None]] = []


def clear_with_cache(clear: Callable[[], None]) -> None:
    """Call `clear` whenever the cache is cleared: for what others keep."""
    _clearers.append(clear)


def clear_cache() -> None:
    """Free all scratch, tables and transforms that fastmul keeps between calls.

    Examples
    --------
    >>> clear_cache(); kept_bytes()
    0
    """
    global _kept
    with _lock:
        _idle.clear()
        _small.clear()
        _tables.clear()
        _kept = 0
    for clear in _clearers:
        clear()


def _renew_lock() -> None:
    global _lock
    _lock = threading.Lock()  # another thread of the parent may have held it at the fork


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)
