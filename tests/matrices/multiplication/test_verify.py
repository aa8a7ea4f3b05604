"""verify=: injected faults are seen, recomputed by another algorithm, and reported."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import numpy as np
import pytest

import fastmul
from fastmul.matrices.multiplication import MATMUL, MatmulProblem, freivalds, on_limbs
from tests.matrices.cases import BOOL, INTEGERS, assert_same, random_matrix


def flip(c, bit):
    """One bit of one entry."""
    c[-1, 0] ^= c.dtype.type(
        1 << bit if bit < 8 * c.dtype.itemsize - 1 or c.dtype.kind == "u" else np.iinfo(c.dtype).min
    )


@pytest.fixture
def broken(monkeypatch):
    """Make the named rows return products with one flipped top bit."""

    def break_rows(*names):
        def wrong(row):
            def run(problem, a, b, out=None):
                c = row.run(problem, a, b, out)
                flip(c, 8 * c.dtype.itemsize - 1)
                return c

            return replace(row, run=run)

        table = tuple(wrong(row) if row.name in names else row for row in MATMUL.table)
        monkeypatch.setattr("fastmul.matrices.multiplication.table.TABLE", table)
        operation = replace(MATMUL, table=table)
        monkeypatch.setattr("fastmul.matrices.multiplication.table.MATMUL", operation)

    return break_rows


def matrices(dtype="int64"):
    a = random_matrix((9, 8), np.dtype(dtype), 1)
    return a, np.ascontiguousarray(a.T)


def test_a_wrong_product_is_replaced(broken):
    broken("packed")
    a, b = matrices()
    assert not np.array_equal(fastmul.matmul(a, b, algorithm="packed"), a @ b)
    with pytest.warns(RuntimeWarning, match="packed failed verification"):
        got = fastmul.matmul(a, b, algorithm="packed", verify=True)
    assert_same(got, a @ b)


def test_two_wrong_products_raise(broken):
    broken(*MATMUL.names)
    a, b = matrices()
    with (
        pytest.warns(RuntimeWarning, match="failed verification"),
        pytest.raises(fastmul.VerificationError, match=r"\(9, 8\).*seed \d+"),
    ):
        fastmul.matmul(a, b, algorithm="packed", verify=True)


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
@pytest.mark.parametrize("stack", [(), (3,)])
def test_every_flipped_bit_is_seen(dtype, stack):
    a = random_matrix((*stack, 6, 5), dtype, 1)
    b = random_matrix((5, 4), dtype, 2)
    problem = MatmulProblem(6, 5, 4, len(stack) * 2 + 1, dtype, dtype, dtype)
    right = np.matmul(a, b)
    assert freivalds.is_right(problem, a, b, right, random.Random(0))
    for bit in range(8 * dtype.itemsize):
        wrong = right.copy()
        flip(wrong[-1] if stack else wrong, bit)
        assert not freivalds.is_right(problem, a, b, wrong, random.Random(bit))


def test_bool_rows_are_computed_again():
    a = random_matrix((20, 30), BOOL, 1)
    problem = MatmulProblem(20, 30, 20, 1, BOOL, BOOL, BOOL)
    right = a @ a.T
    assert freivalds.is_right(problem, a, a.T, right, random.Random(1))
    assert not freivalds.is_right(problem, a, a.T, ~right, random.Random(1))
    assert_same(fastmul.matmul(a, a.T, verify=2), right)


def test_python_ints_modulo_a_prime():
    a = np.array([[3**50, 5], [-7, 2**90]], object)
    c = a @ a
    assert freivalds.is_right_modulo_prime(a, a, c, random.Random(0))
    c[1, 1] += 2**64
    assert not freivalds.is_right_modulo_prime(a, a, c, random.Random(0))


def test_whole_products_are_checked(monkeypatch):
    """A wrong limb in the cheapest row: the next one takes over."""
    operation = on_limbs.OPERATION
    first = operation["entries"]

    def run(problem, a, b, out):
        first.run(problem, a, b, out)[..., -1] += np.uint64(1)
        return out

    table = tuple(replace(first, run=run) if row is first else row for row in operation.table)
    monkeypatch.setattr(on_limbs, "OPERATION", replace(operation, table=table))
    a = np.full((2, 2), 2**62)
    assert fastmul.matmul(a, a, overflow="promote")[0, 0] != 2**125
    with pytest.warns(RuntimeWarning, match="entries failed"):
        assert fastmul.matmul(a, a, overflow="promote", verify=True)[0, 0] == 2**125


def test_right_products_pass_silently():
    for dtype in ("int8", "uint32", "int64"):
        a, b = matrices(dtype)
        assert_same(fastmul.matmul(a, b, verify=3), a @ b)
        assert_same(fastmul.matmul(a, b, verify=3, overflow="wrap", threads=2), a @ b)


def test_docstring_states_the_miss_probability():
    assert re.search(r"2\^-40", fastmul.matmul.__doc__)
