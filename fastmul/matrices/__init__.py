"""Matrix products: integers exactly, floats as fast as BLAS."""

from fastmul.matrices.multiplication import matmul

__all__ = ["matmul"]
