"""Matrices: every row of the table beside float GEMM, NumPy and the other peers, by dtype and size.

pytest benchmarks/test_matrices.py --benchmark-group-by=group --benchmark-columns=min,median,rounds
"""

import pytest

from fastmul.comparison.cases import MATRIX_DTYPES, MATRIX_SIZES, MatrixCase
from fastmul.comparison.contestants import contestants

CASES = [MatrixCase(n, dtype) for dtype in MATRIX_DTYPES for n in MATRIX_SIZES]
RACES = [(case, c) for case in CASES for c in contestants("matmul") if c.takes(case)]


@pytest.mark.parametrize(
    ("case", "contestant"), RACES, ids=[f"{case.dtype}-{case.size}-{c.name}" for case, c in RACES]
)
def test_matmul(race, case, contestant):
    race(case, contestant)
