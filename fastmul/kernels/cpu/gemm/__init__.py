"""The packed matrix product: one driver over rings, its micro-kernels emitted as vector IR."""

from fastmul.kernels.cpu.gemm.driver import multiply

__all__ = ["multiply"]
