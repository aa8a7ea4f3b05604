"""Numba kernels: bare loops under `fastmul.runtime.jit.kernel`; vector code goes through `vectors`."""
