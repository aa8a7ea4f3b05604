"""The machine's measured float64 peak: fused multiply-adds that never leave the registers."""

from __future__ import annotations

from numba import float64, int64, void

from fastmul.kernels.cpu.vectors import fma, splat, store
from fastmul.runtime.jit import kernel

#: Independent chains: two multiply-adds a cycle times a latency of four cycles.
CHAINS = 8
#: Floating-point operations of one pass: each chain multiplies and adds eight lanes.
FLOPS_PER_PASS = CHAINS * 8 * 2


@kernel(void(int64, float64, float64, float64[::1]))
def fma_passes(passes, factor, term, out):
    """`passes` rounds of x = x*factor + term on CHAINS vectors; out[:8] depends on all of them."""
    f, t = splat(factor), splat(term)
    a = b = c = d = e = g = h = i = t
    for _ in range(passes):
        a = fma(a, f, t)
        b = fma(b, f, t)
        c = fma(c, f, t)
        d = fma(d, f, t)
        e = fma(e, f, t)
        g = fma(g, f, t)
        h = fma(h, f, t)
        i = fma(i, f, t)
    store(out, 0, ((a + b) + (c + d)) + ((e + g) + (h + i)))
