"""Arrays beside a page that must not be touched: one element too far is a crash, not a wrong number."""

from __future__ import annotations

import ctypes
import mmap

import numpy as np

PROT_NONE = 0


def guarded(array: np.ndarray, *, before: bool = False) -> np.ndarray:
    """A C-contiguous copy that ends right before such a page, or starts right behind one."""
    pages = -(-max(1, array.nbytes) // mmap.PAGESIZE)
    memory = np.frombuffer(mmap.mmap(-1, (pages + 1) * mmap.PAGESIZE), np.uint8)
    guard = 0 if before else pages * mmap.PAGESIZE
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    assert libc.mprotect(memory.ctypes.data + guard, mmap.PAGESIZE, PROT_NONE) == 0
    start = mmap.PAGESIZE if before else guard - array.nbytes
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy
