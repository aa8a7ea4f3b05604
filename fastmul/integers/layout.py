"""Where the interpreter keeps the digits of an int and GMP's limbs of an mpz: read in place, if proved safe.

      int (CPython >= 3.11)                        mpz (gmpy2)
      0   reference count, type                    0   reference count, type
      16  size (3.12: tag)                         16  limbs allocated, int32
      24  30-bit digits, uint32 each, lowest       20  sign * limbs used, int32
          first: 24 + 4 * n_digits bytes           24  pointer to the limbs
                                                   32  cached hash

Nothing is followed before a check, at first use, has seen this layout inside objects of known value; where the
check fails, or FASTMUL_NO_PEEK=1 is set, numbers travel as bytes. An int or an mpz is written only between its
making, here, and its first use by anyone else; never an int so small that CPython might share it.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
import sysconfig
from functools import cache
from typing import Any

import gmpy2
import numpy as np

_MPZ_SIZE = 20  # offsets in bytes, from the picture above
_MPZ_POINTER = 24
_MPZ_BYTES = 40
_INT_SIZE = 16
_INT_DIGITS = 24
#: From CPython 3.12 on the size field is 8 * digits + (0 positive, 1 zero, 2 negative); before, sign * digits.
_TAGGED = sys.version_info >= (3, 12)

#: Bits in one digit of a Python int, for the layout that is read here.
DIGIT_BITS = 30
#: The fewest digits of an int that is made here.
MIN_NEW_DIGITS = 3

_KNOWN = (1, -1, (3 << 70) + 5, -(7 << 200) - 11, (1 << 64) - 1, -(1 << 128))


def _peeking_possible() -> bool:
    return (
        os.environ.get("FASTMUL_NO_PEEK", "0") in ("", "0")
        and sys.implementation.name == "cpython"
        and sys.byteorder == "little"
        and struct.calcsize("P") == 8
        and not sysconfig.get_config_var("Py_GIL_DISABLED")
    )


@cache
def mpz_readable() -> bool:
    """Whether the limbs of an mpz lie where the picture says."""
    if not _peeking_possible() or gmpy2.mp_limbsize() != 64:
        return False
    if gmpy2.mpz.__basicsize__ != _MPZ_BYTES:
        return False
    for value in _KNOWN:
        x = gmpy2.mpz(value)
        allocated, size = struct.unpack_from("ii", _object_bytes(x, _MPZ_BYTES), 16)
        n_limbs = -(-abs(value).bit_length() // 64)
        if size != (n_limbs if value > 0 else -n_limbs) or allocated < n_limbs:
            return False
    return True


@cache
def int_readable() -> bool:
    """Whether the digits of an int lie where the picture says."""
    info = sys.int_info
    if not _peeking_possible() or (info.bits_per_digit, info.sizeof_digit) != (DIGIT_BITS, 4):
        return False
    if int.__basicsize__ != _INT_DIGITS:
        return False
    for value in _KNOWN:
        n_digits = -(-abs(value).bit_length() // DIGIT_BITS)
        if sys.getsizeof(value) < _INT_DIGITS + 4 * n_digits:
            return False
        digits = struct.unpack_from(
            f"{n_digits}I", _object_bytes(value, _INT_DIGITS + 4 * n_digits), _INT_DIGITS
        )
        if sum(digit << (DIGIT_BITS * i) for i, digit in enumerate(digits)) != abs(value):
            return False
    return True


@cache
def int_writable() -> bool:
    """Whether ints made by `new_int` are what was written: those of known values are equal, and of equal hashes."""
    if not int_readable() or _long_new is None:
        return False
    for value in _KNOWN:
        n_digits = -(-abs(value).bit_length() // DIGIT_BITS)
        if n_digits < MIN_NEW_DIGITS:
            continue
        fresh, digits = new_int(n_digits)
        for i in range(n_digits):
            digits[i] = (abs(value) >> (DIGIT_BITS * i)) % (1 << DIGIT_BITS)
        made = finish_int(fresh, n_digits, value < 0)
        if (made, hash(made), -made, made + 1) != (value, hash(value), -value, value + 1):
            return False
    return True


def _object_bytes(x: object, n_bytes: int) -> bytes:
    return ctypes.string_at(id(x), n_bytes)


_memory_view = ctypes.pythonapi.PyMemoryView_FromMemory
_memory_view.argtypes = (ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int)
_memory_view.restype = ctypes.py_object
_READ, _WRITE = 0x100, 0x200  # PyBUF_READ, PyBUF_WRITE


def _find_long_new() -> Any:
    """CPython's maker of ints whose digits are still to be written, or None."""
    try:
        function = ctypes.pythonapi["_PyLong_New"]
    except (AttributeError, ValueError):
        return None
    function.argtypes, function.restype = (ctypes.c_ssize_t,), ctypes.py_object
    return function


_long_new = _find_long_new()


def mpz_limbs(x: gmpy2.mpz, n_limbs: int) -> np.ndarray:
    """The limbs of an mpz of `n_limbs` >= 1 limbs, as a read-only view: it must not outlive x."""
    pointer = ctypes.c_uint64.from_address(id(x) + _MPZ_POINTER).value
    return np.frombuffer(_memory_view(pointer, 8 * n_limbs, _READ), np.uint64)


def int_digits(x: int, n_digits: int) -> np.ndarray:
    """The `n_digits` >= 1 digits of an int, as a read-only view: it must not outlive x."""
    return np.frombuffer(_memory_view(id(x) + _INT_DIGITS, 4 * n_digits, _READ), np.uint32)


def new_int(n_digits: int) -> tuple[int, np.ndarray]:
    """An int of our own and its `n_digits` >= MIN_NEW_DIGITS digits, to be written, the highest of them not zero."""
    x = _long_new(n_digits)
    return x, np.frombuffer(_memory_view(id(x) + _INT_DIGITS, 4 * n_digits, _WRITE), np.uint32)


def finish_int(x: int, n_digits: int, negative: bool) -> int:
    """Give an int from `new_int` its sign."""
    if negative:
        size = ctypes.c_int64.from_address(id(x) + _INT_SIZE)
        size.value = 8 * n_digits + 2 if _TAGGED else -n_digits
    return x


def blank_mpz(n_limbs: int) -> gmpy2.mpz:
    """An mpz of our own, of `n_limbs` >= 1 limbs to be written.

    gmpy2.bit_mask makes a new object with exactly that many limbs in use, and caches no hash of it.
    """
    return gmpy2.bit_mask(64 * n_limbs)


def new_mpz(n_limbs: int) -> tuple[gmpy2.mpz, np.ndarray]:
    """An mpz of our own and its `n_limbs` >= 1 limbs, to be written and then handed to `finish_mpz`."""
    x = blank_mpz(n_limbs)
    pointer = ctypes.c_uint64.from_address(id(x) + _MPZ_POINTER).value
    return x, np.frombuffer(_memory_view(pointer, 8 * n_limbs, _WRITE), np.uint64)


def finish_mpz(x: gmpy2.mpz, limbs: np.ndarray, negative: bool) -> gmpy2.mpz:
    """Give an mpz from `new_mpz` its sign, and the size that GMP demands: no leading zero limb."""
    n = limbs.size
    while n and not limbs[n - 1]:
        n -= 1
    ctypes.c_int32.from_address(id(x) + _MPZ_SIZE).value = -n if negative else n
    return x
