"""Arrays of Python ints to limbs in two's complement, and back."""

from __future__ import annotations

import ctypes
import numbers
import sys
from functools import cache, partial

import numpy as np

from fastmul.integers import layout

LIMB_BITS, DIGIT_BITS = 64, layout.DIGIT_BITS
#: Fewer ints than this go as bytes: that takes microseconds, and compiles nothing.
FEW = 256
#: Limbs made into ints at a time: their copy stays in the second-level cache, and the interpreter's lock is held
#: for less than a millisecond.
CHUNK = 1 << 15
_TAGGED = sys.version_info >= (3, 12)
#: Types of integers: gmpy2 registers its own as numbers.Integral.
_INTEGERS = (int, np.bool_, np.integer, numbers.Integral)


def bits_of(x: np.ndarray) -> int:
    """The bit length of the longest entry of an object array of exact ints, without its sign."""
    flat = np.ascontiguousarray(x).ravel()
    if flat.size < FEW or not int_readable():
        return max(map(int.bit_length, flat.tolist()), default=0)
    return _read_bits(flat)


def to_limbs(x: np.ndarray, bits: int) -> np.ndarray:
    """The (..., n_limbs) uint64 limbs, two's complement, of an object array of exact ints of at most `bits` bits."""
    flat = np.ascontiguousarray(x).ravel()
    n_limbs = bits // LIMB_BITS + 1
    if flat.size >= FEW and int_readable():
        out = _read_limbs(flat, n_limbs)
    else:
        out = _to_limbs_portable(flat.tolist(), n_limbs)
    return out.reshape(*x.shape, n_limbs)


def _read_bits(flat: np.ndarray) -> int:
    from fastmul.kernels.cpu import python_ints

    n_digits, top = divmod(python_ints.longest(addresses(flat), _TAGGED), 1 << 32)
    return max(0, n_digits - 1) * DIGIT_BITS + top.bit_length()


def _read_limbs(flat: np.ndarray, n_limbs: int) -> np.ndarray:
    from fastmul.kernels.cpu import python_ints

    out = np.empty((flat.size, n_limbs), np.uint64)
    python_ints.to_limbs(addresses(flat), _TAGGED, out)
    return out


def _to_limbs_portable(flat: list[int], n_limbs: int) -> np.ndarray:
    data = b"".join([value.to_bytes(8 * n_limbs, "little", signed=True) for value in flat])
    return np.frombuffer(data, np.uint64).reshape(len(flat), n_limbs)


def from_limbs(limbs: np.ndarray, signed: bool = True) -> np.ndarray:
    """The object array of the ints whose limbs, in two's complement or unsigned, stand along the last axis."""
    *shape, n_limbs = limbs.shape
    count = int(np.prod(shape))
    out = np.empty(count, object)
    if count >= FEW and int_writable():
        _make_ints(limbs.reshape(count, n_limbs), signed, out)
    else:
        out[:] = _from_limbs_portable(limbs, signed)
    return out.reshape(shape)


def _from_limbs_portable(limbs: np.ndarray, signed: bool) -> list[int]:
    made = partial(int.from_bytes, byteorder="little", signed=signed)
    rows = np.ascontiguousarray(limbs).view(f"V{8 * limbs.shape[-1]}")
    return list(map(made, rows.ravel().tolist()))


def _make_ints(limbs: np.ndarray, signed: bool, out: np.ndarray) -> None:
    from fastmul.kernels.cpu import python_ints

    functions = (_address_of("_PyLong_New"), _address_of("PyLong_FromLongLong"))
    places = addresses(out)  # each holds None, of which nobody counts the references
    count = max(1, CHUNK // limbs.shape[1])
    copy = np.empty((min(count, len(limbs)), limbs.shape[1]), np.uint64)
    for start in range(0, len(out), count):
        there = places[start : start + count]
        part = copy[: len(there)]
        np.copyto(part, limbs[start : start + count])
        if python_ints.from_limbs(part, signed, _TAGGED, *functions, there) < len(part):
            raise MemoryError(f"no memory for {len(out)} Python ints")


def addresses(objects: np.ndarray) -> np.ndarray:
    """The addresses of the objects in a contiguous object array, as a view of it: both must be alive."""
    return np.ctypeslib.as_array((ctypes.c_int64 * objects.size).from_address(objects.ctypes.data))


def _address_of(name: str) -> int:
    return ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value or 0


_KNOWN = (
    0,
    1,
    -1,
    1 << 59,
    -(1 << 60),
    (1 << 60) - 1,
    (3 << 70) + 5,
    -(7 << 200) - 11,
    (1 << 64) - 1,
    -(1 << 128),
)


@cache
def int_readable() -> bool:
    """Whether ints are read right in place: their digits lie where `layout` says, and known values come out."""
    if not layout.int_readable():
        return False
    known = np.array(_KNOWN, object)
    n_limbs = max(map(int.bit_length, _KNOWN)) // LIMB_BITS + 1
    return _read_bits(known) == max(map(int.bit_length, _KNOWN)) and np.array_equal(
        _read_limbs(known, n_limbs), _to_limbs_portable(list(_KNOWN), n_limbs)
    )


@cache
def int_writable() -> bool:
    """Whether ints are made right in place: they are read so, and known values come out."""
    if not (int_readable() and hasattr(ctypes.pythonapi, "_PyLong_New")):
        return False
    out = np.empty(len(_KNOWN), object)
    n_limbs = max(map(int.bit_length, _KNOWN)) // LIMB_BITS + 1
    _make_ints(_to_limbs_portable(list(_KNOWN), n_limbs), True, out)
    return tuple(out) == _KNOWN and [hash(v) for v in out] == [hash(v) for v in _KNOWN]


def as_integers(x: np.ndarray) -> np.ndarray | None:
    """An object array of integers of any type (Python's, NumPy's, gmpy2's) with exact ints; None if others occur."""
    flat = x.ravel().tolist()
    kinds = set(map(type, flat))
    if kinds <= {int}:
        return x
    if not all(issubclass(kind, _INTEGERS) for kind in kinds):
        return None
    ints = np.empty(len(flat), object)
    ints[:] = [int(value) for value in flat]
    return ints.reshape(x.shape)


def narrowed(x: np.ndarray) -> np.ndarray:
    """An object array of exact ints as int64, or else as uint64, if that holds every entry; else as it is."""
    bits = bits_of(x)
    if bits > LIMB_BITS:
        return x
    limbs = to_limbs(x, bits)
    lowest = limbs[..., 0].copy()
    signed = lowest.view(np.int64)
    if bits < LIMB_BITS or np.array_equal(
        limbs[..., 1].view(np.int64), signed >> 63
    ):  # -2^63 has 64 bits
        return signed
    return x if limbs[..., 1].any() else lowest
