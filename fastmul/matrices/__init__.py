"""Matrix products: integers exactly, floats as fast as BLAS."""

from fastmul.matrices.bit_matrix import BitMatrix
from fastmul.matrices.gf256 import GF256
from fastmul.matrices.lookup import LookupProduct
from fastmul.matrices.multiplication import matmul
from fastmul.matrices.multiplication.on_limbs import matmul_limbs
from fastmul.matrices.sampled import SampledProduct, sampled_matmul
from fastmul.matrices.sparse.blocks import BlockSparse
from fastmul.matrices.sparse.two_four import TwoFour, prune_2_4
from fastmul.matrices.summation import sum

__all__ = [
    "GF256",
    "BitMatrix",
    "BlockSparse",
    "LookupProduct",
    "SampledProduct",
    "TwoFour",
    "matmul",
    "matmul_limbs",
    "prune_2_4",
    "sampled_matmul",
    "sum",
]
