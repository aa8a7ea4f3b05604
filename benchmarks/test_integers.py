"""Big integers: every row of the table beside GMP and the other peers, by size.

pytest benchmarks/test_integers.py --benchmark-group-by=group --benchmark-columns=min,median,rounds
"""

import pytest

from fastmul.comparison.cases import INTEGER_SIZES, IntegerCase
from fastmul.comparison.contestants import contestants

CASES = [IntegerCase(bits) for bits in INTEGER_SIZES]


@pytest.mark.parametrize("contestant", contestants("mul"), ids=lambda c: c.name)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.size}_bits")
def test_mul(race, case, contestant):
    race(case, contestant)
