"""The product of two mpz in one call: their limbs are found where GMP keeps them, and the new mpz is finished.

`integers.layout` has drawn the object, and proves its picture before this kernel is called.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import boolean, carray, float64, int64, types, uint8
from numba.extending import intrinsic

from fastmul.kernels.cpu.fft import multiply
from fastmul.runtime.jit import const, inline, kernel

#: Of an mpz, in bytes: sign * limbs used, and the address of the limbs.
SIZE, POINTER = 20, 24


def _memory(kind: Any) -> Any:
    @intrinsic
    def function(typing_context: Any, address: Any) -> Any:
        """An address as a pointer."""

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return builder.inttoptr(args[0], ir.IntType(kind.bitwidth).as_pointer())

        return types.CPointer(kind)(types.int64), emit

    return function


int32_pointer, int64_pointer = _memory(types.int32), _memory(types.int64)
uint64_pointer = _memory(types.uint64)


@inline
def size_of(number):
    return int64(carray(int32_pointer(number + SIZE), 1)[0])


@inline
def limbs_of(number, n_limbs):
    return carray(uint64_pointer(carray(int64_pointer(number + POINTER), 1)[0]), n_limbs)


@kernel(boolean(int64, int64, int64, const(int64[::1]), float64, const(float64[::1]), uint8[::1]))
def multiply_mpz(a, b, out, numbers, limit, twiddles, block):
    """The mpz at `out` = the product of those at a and b; the rest as in `fft.multiply`.

    a, b: of at least one limb. out: of exactly as many limbs as both together, known to nobody else.
    """
    a_size, b_size = size_of(a), size_of(b)
    m, n = abs(a_size), abs(b_size)
    x, y, z = limbs_of(a, m), limbs_of(b, n), limbs_of(out, m + n)
    if not multiply(x, y, a == b, z, numbers, limit, twiddles, block):
        return False
    used = m + n - int64(z[m + n - 1] == np.uint64(0))
    carray(int32_pointer(out + SIZE), 1)[0] = used if (a_size < 0) == (b_size < 0) else -used
    return True
