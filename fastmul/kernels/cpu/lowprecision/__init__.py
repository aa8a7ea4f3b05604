"""Numba kernels of low-precision arithmetic: casting, packing, products, accumulators."""
