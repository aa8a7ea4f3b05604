"""fastmul.mul and square: types, signs, shortcuts, choices, doors and errors."""

from __future__ import annotations

import decimal
import fractions
import random
import sys

import gmpy2
import numpy as np
import pytest
from gmpy2 import mpz

import fastmul
from fastmul.exceptions import AlgorithmError
from fastmul.integers import multiplication
from fastmul.integers.multiplication.table import TABLE
from fastmul.planning.pick import pick
from tests.adversaries import bit_runs

NAMES = [row.name for row in TABLE]


def operands(seed: int = 0) -> list[int]:
    rng = random.Random(seed)
    sizes = (0, 1, 3, 62, 63, 64, 65, 127, 128, 129, 1000, 1791, 1793, 8191, 8193, 20011)
    values = [bit_runs(bits, rng) for bits in sizes]
    return values + [-value for value in values]


@pytest.mark.parametrize("first", [int, mpz])
@pytest.mark.parametrize("second", [int, mpz])
def test_every_sign_size_and_type(first, second):
    kind = int if first is second is int else mpz
    for a in operands(1):
        for b in operands(2):
            x, y = first(a), second(b)
            product = fastmul.mul(x, y)
            assert product == a * b
            assert type(product) is kind
            assert (x, y) == (a, b)  # operands are left alone


@pytest.mark.parametrize("kind", [int, mpz])
def test_square(kind):
    for a in operands(3):
        product = fastmul.square(kind(a))
        assert product == a * a
        assert type(product) is kind


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", [int, mpz])
def test_named_algorithm_signs_zero_and_aliasing(name, kind):
    door = __import__(f"fastmul.integers.multiplication.{name}", fromlist=["mul"]).mul
    for a in operands(4)[::3]:
        x = kind(a)
        assert fastmul.mul(x, x, algorithm=name) == a * a
        assert fastmul.square(x, algorithm=name) == a * a
        for b in operands(5)[::5]:
            product = door(x, kind(b))
            assert product == a * b
            assert type(product) is kind
            assert hash(product) == hash(a * b)
            assert fastmul.mul(x, kind(b), algorithm=name) == a * b


@pytest.mark.parametrize("name", ["auto", *NAMES])
def test_what_operator_index_accepts(name):
    class Seven:
        def __index__(self) -> int:
            return 7

    class Odd(int):
        def __mul__(self, other):
            raise AssertionError("a subclass's own * must not run")

    for x in (True, np.int8(-5), np.uint64(2**64 - 1), Seven(), Odd(9), np.array(3)):
        product = fastmul.mul(x, 11, algorithm=name)
        assert product == int.__index__(x.__index__()) * 11
        assert type(product) is int
    assert type(fastmul.mul(True, True, algorithm=name)) is int


def test_xmpz_is_read_and_left_alone():
    x = gmpy2.xmpz(3) << 5000
    product = fastmul.mul(x, x)
    assert type(product) is mpz
    assert product == 9 << 10000
    assert fastmul.mul(x, 5) == 15 << 5000
    assert x == 3 << 5000


@pytest.mark.parametrize(
    "wrong",
    [
        1.0,
        1j,
        "3",
        b"3",
        None,
        decimal.Decimal(3),
        fractions.Fraction(3),
        gmpy2.mpq(3),
        gmpy2.mpfr(3),
    ],
)
def test_other_types_are_refused(wrong):
    with pytest.raises(
        TypeError, match=r"mul\(a, b\) needs Python ints.*got .*" + type(wrong).__name__
    ):
        fastmul.mul(3, wrong)
    with pytest.raises(TypeError, match=r"square\(a\) needs Python ints"):
        fastmul.square(wrong)


def test_arrays_are_sent_to_matmul():
    for wrong in (np.ones(3), np.arange(4), [1, 2]):
        with pytest.raises(TypeError, match=r"fastmul\.matmul"):
            fastmul.mul(wrong, 2)


def test_unknown_algorithm():
    with pytest.raises(AlgorithmError, match=r"mul has no algorithm 'fourier'.*'gmp'"):
        fastmul.mul(2, 3, algorithm="fourier")


@pytest.mark.parametrize("threads", [0, -1, 1.5, "two"])
def test_bad_threads(threads):
    with pytest.raises(ValueError, match="threads must be"):
        fastmul.mul(2, 3, threads=threads)


def test_explain_names_what_auto_takes():
    a, b = 3 << 100_000, 5 << 90_000
    explanation = fastmul.explain(fastmul.mul, a, b, algorithm="auto", verify=True)
    assert [line.algorithm for line in explanation.lines] == NAMES
    problem = multiplication.MUL.problem(a, b)
    assert explanation.chosen == multiplication.choose(problem).name
    assert "1563 x 1407 limbs (int)" in repr(explanation)
    assert fastmul.explain(fastmul.square, a).problem.square


def test_every_row_has_a_measured_cost():
    for kind in ("int", "mpz"):
        for limbs in (1, 100, 10_000):
            problem = multiplication.MulProblem(limbs, limbs, False, 1, kind)
            for row in TABLE:
                assert 0 < row.cost(problem) < 1000, row.name


def test_the_remembered_choice_is_near_the_best():
    rng = random.Random(7)
    for _ in range(200):
        m, n = (int(2 ** rng.uniform(0, 20)) for _ in range(2))
        for kind in ("int", "mpz"):
            problem = multiplication.MulProblem(m, n, False, 1, kind)
            chosen, best = multiplication.choose(problem), pick(multiplication.MUL, problem)
            assert chosen.cost(problem) <= 1.35 * best.cost(problem)


def test_huge_times_tiny():
    huge = bit_runs(3_000_000, random.Random(8))
    for tiny in (1, -1, 2**64 - 1, -(2**64)):
        assert fastmul.mul(huge, tiny) == huge * tiny
        assert fastmul.mul(mpz(tiny), mpz(huge)) == mpz(huge) * tiny


def test_products_are_ordinary_numbers():
    a = mpz(bit_runs(200_000, random.Random(9)))
    b = -a - 1
    hashes = hash(a), hash(b)
    product = fastmul.mul(a, b)
    assert sys.getrefcount(product) == 2
    assert (hash(a), hash(b)) == hashes
    assert hash(product) == hash(int(a) * int(b))
    assert {product: 1}[a * b] == 1
    assert product + 1 - 1 == a * b
    assert 0 - product == -(a * b)
    assert str(product) == str(a * b)
    del a, b
    assert product < 0
