"""Matrix products: integers exactly, floats as fast as BLAS."""

from fastmul.matrices.bit_matrix import BitMatrix
from fastmul.matrices.multiplication import matmul
from fastmul.matrices.summation import sum

__all__ = ["BitMatrix", "matmul", "sum"]
