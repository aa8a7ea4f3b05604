"""The packed matrix product: one driver over rings, its micro-kernels emitted as vector IR."""

from fastmul.kernels.cpu.gemm.driver import multiply, multiply_add, small_kernel

__all__ = ["multiply", "multiply_add", "small_kernel"]
