"""Products modulo p of up to 63 bits from three packed products modulo numbers of 51 bits.

The whole product X of int64 matrices has at most 127 + log2(k) bits; the moduli M_i together tell 153 bits apart. By
Garner's mixed radix X = v1 + v2 M1 + v3 M1 M2, less M1 M2 M3 where it is negative, and this is taken modulo p.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fastmul.bounds import modular
from fastmul.runtime import threads as runtime_threads

#: The ring of the three products.
RING = "modulo_2_51"
#: Entries that one chunk combines: about 10 ms.
_CHUNK = 1 << 20


def multiply(a: np.ndarray, b: np.ndarray, out: np.ndarray, p: int, threads: int | None) -> None:
    """out = a @ b modulo p <= 2^63, of int64 matrices or stacks of them, k <= `modular.longest_of_three`."""
    from fastmul.kernels.cpu import gemm
    from fastmul.kernels.cpu.gemm.modular import parameters, rings
    from fastmul.kernels.cpu.modular import combine_three

    parts = np.empty((3, *out.shape), np.int64)
    for part, modulus in zip(parts, modular.THREE_MODULI, strict=True):
        gemm.multiply(a, b, part, rings()[RING], threads, parameters(modulus))
    rows = parts.reshape(3, -1).view(np.uint64)
    combined = rows[0].view(np.int64)
    spans = [(i, min(i + _CHUNK, rows.shape[1])) for i in range(0, rows.shape[1], _CHUNK)]
    chunks = [(rows, *_constants(p), *span) for span in spans]
    runtime_threads.run(combine_three, chunks, runtime_threads.get_threads(threads))
    np.copyto(out, combined.reshape(out.shape))


@lru_cache(maxsize=256)
def _constants(p: int) -> tuple[np.ndarray, np.uint64]:
    """What `combine_three` takes: (factor, shoup, modulus) for each of its multiplications; and p."""
    m1, m2, m3 = modular.THREE_MODULI
    steps = [
        (pow(m1, -1, m2), m2),
        (pow(m1, -1, m3), m3),
        (pow(m2, -1, m3), m3),
        (1, p),
        (m1 % p, p),
        (m1 * m2 % p, p),
        (-m1 * m2 * m3 % p, p),
    ]
    rows = [(factor, modular.shoup(factor, modulus), modulus) for factor, modulus in steps]
    return np.array(rows, np.uint64), np.uint64(p)
