"""Matrix products: integers exactly, floats as fast as BLAS."""

from fastmul.matrices.bit_matrix import BitMatrix
from fastmul.matrices.gf256 import GF256
from fastmul.matrices.multiplication import matmul
from fastmul.matrices.multiplication.on_limbs import matmul_limbs
from fastmul.matrices.summation import sum

__all__ = ["GF256", "BitMatrix", "matmul", "matmul_limbs", "sum"]
