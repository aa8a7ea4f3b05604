"""Matrix products: integers exactly, floats as fast as BLAS."""

from fastmul.matrices.bit_matrix import BitMatrix
from fastmul.matrices.multiplication import matmul

__all__ = ["BitMatrix", "matmul"]
