"""Where NaN cannot arise, none does: sums in every order of entries drawn from what they are said to be."""

import itertools
import operator

import numpy as np
import pytest

from fastmul.bounds.not_a_number import cannot_arise, of_numbers
from fastmul.kernels.reference.semirings import evaluate
from fastmul.kernels.tracing import trace

INF, NAN, MAX = np.inf, np.nan, np.finfo(np.float64).max
SETS = [
    [1.0], [0.0], [-2.0, 3.0], [0.0, 1.0, INF], [1.0, INF], [-1.0, -INF], [0.0, -3.0, INF],
    [INF, -INF], [NAN], [MAX, 1.0], [-MAX, MAX], [0.0, MAX], [1e-308, 2.0],
]  # fmt: skip
SEMIRINGS = [
    (np.minimum, np.add, INF), (np.maximum, np.add, -INF), (np.maximum, np.minimum, -INF),
    (np.maximum, np.multiply, 0.0), (np.minimum, np.multiply, INF), (operator.add, operator.mul, 0.0),
    (min, lambda x, y: x - y, INF), (np.maximum, lambda x, y: np.sqrt(abs(x)) * -y, 0.0),
    (np.minimum, lambda x, y: x / y, INF), (np.minimum, lambda x, y: np.where(x < y, x, y + 1), INF),
]  # fmt: skip


@pytest.mark.parametrize("which", range(len(SEMIRINGS)))
def test_what_cannot_arise_does_not(which):
    add, mul, zero = SEMIRINGS[which]
    add, mul = trace(add, "float64"), trace(mul, "float64")
    promised = 0
    for xs, ys in itertools.product(SETS, repeat=2):
        if not cannot_arise(add, mul, zero, of_numbers(xs), of_numbers(ys)):
            continue
        promised += 1
        products = evaluate(mul, *np.meshgrid(xs, ys)).ravel()
        totals = {zero}
        for _ in range(3):
            grid = np.meshgrid([*totals], [*products, *totals])
            totals |= set(evaluate(add, *grid).ravel().tolist())
        assert not np.isnan([*totals, *products]).any(), (xs, ys)
    assert promised or mul.result.op == "div"


def test_what_does_arise_is_seen():
    plus, times = trace(np.add, "float64"), trace(np.multiply, "float64")
    least = trace(np.minimum, "float64")
    assert not cannot_arise(least, plus, INF, of_numbers([INF]), of_numbers([-INF]))
    assert not cannot_arise(least, plus, INF, of_numbers([NAN]), of_numbers([1.0]))
    assert not cannot_arise(least, times, INF, of_numbers([0.0]), of_numbers([INF]))
    assert not cannot_arise(
        plus, times, 0.0, of_numbers([MAX, -1.0]), of_numbers([MAX])
    )  # overflows both ways
    assert cannot_arise(least, plus, INF, of_numbers([INF, 1.0]), of_numbers([INF, -MAX]))
