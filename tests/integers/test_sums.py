"""Sums of products against Python's own, in every row, of every sign, with kept operands among them."""

from __future__ import annotations

import random

import gmpy2
import pytest

from fastmul.bounds.signed_sums import SIGNED_TERMS
from fastmul.exceptions import AlgorithmError
from fastmul.integers import Integer, sum_of_products, sums
from fastmul.integers.multiplication import kept
from fastmul.integers.multiplication.ntt import kept as ntt_values
from fastmul.integers.multiplication.problem import MulProblem
from tests import adversaries


def truth(pairs: list[tuple[int, int]]) -> int:
    return int(sum(gmpy2.mpz(a) * gmpy2.mpz(b) for a, b in pairs))


@pytest.fixture(params=["fft", "ntt"])
def row(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Transforms of one row for all sizes."""
    rows = kept._rows()
    monkeypatch.setattr(
        kept, "_rows", lambda: {request.param: rows[request.param], "ntt": rows["ntt"]}
    )
    monkeypatch.setattr(sums, "_GAIN", 99.0)
    monkeypatch.setattr(kept, "choose", lambda problem: type("Row", (), {"name": request.param}))
    return request.param


def test_small_and_mixed() -> None:
    assert sum_of_products([]) == 0
    assert sum_of_products([(3, -4)]) == -12
    assert sum_of_products(iter([(3, 4), (0, 9**99), (True, 5)])) == 17
    assert type(sum_of_products([(3, 4), (5, 6)])) is int
    assert type(sum_of_products([(3, 4), (5, gmpy2.mpz(6))])) is gmpy2.mpz
    assert type(sum_of_products([(3, Integer(4)), (5, gmpy2.mpz(6))])) is Integer


@pytest.mark.parametrize("n", [40, 256, 300, 1024, 1500])
def test_adversaries_of_every_sign(n: int, row: str) -> None:
    numbers = [value for _, value in adversaries.integers(n)]
    for step in (1, 3):
        signs = [(-1) ** (i // 2) for i in range(len(numbers))]
        pairs = [
            (sign * a, b)
            for sign, a, b in zip(signs, numbers, numbers[step:] + numbers[:step], strict=True)
        ]
        for count in (2, 3, 8):
            assert sum_of_products(pairs[:count]) == truth(pairs[:count]), (n, count)
            assert sum_of_products([(-a, b) for a, b in pairs[:count]]) == -truth(pairs[:count])
    top = numbers[0]
    assert sum_of_products([(top, top), (-top, top)]) == 0
    assert sum_of_products([(top, top), (-top, top - 1)]) == top
    assert sum_of_products([(-top, top)] * 3) == -3 * top * top
    assert sum_of_products([(top, top), (top, top)]) == 2 * top * top


def test_unequal_lengths(row: str) -> None:
    rng = random.Random(4)
    for _ in range(10):
        pairs = [
            (rng.getrandbits(rng.randrange(1, 40_000)), -rng.getrandbits(rng.randrange(1, 40_000)))
            for _ in range(rng.randrange(2, 6))
        ]
        assert sum_of_products(pairs) == truth(pairs)


def test_kept_operands(row: str) -> None:
    a, b, c = (Integer(value) for _, value in list(adversaries.integers(400))[:3])
    for pairs in ([(a, b), (a, c)], [(a, a), (b, -c)], [(int(a), b), (c, int(a) >> 200)]):
        for _ in range(2):
            assert sum_of_products(pairs) == truth([(int(x), int(y)) for x, y in pairs])


def test_what_leaves_the_window_is_summed_in_groups(
    monkeypatch: pytest.MonkeyPatch, row: str
) -> None:
    monkeypatch.setattr(ntt_values, "fits", lambda terms, signed: terms <= 900)
    if row == "fft":
        monkeypatch.setattr(kept._rows()["fft"], "plans", lambda *sizes: ())
    top = (1 << 64 * 300) - 1
    pairs = [(top, top), (-top, 5 * top), (top, top), (top, top)]
    assert ntt_values.plan(MulProblem(300, 300), terms=4) is None
    assert sum_of_products(pairs) == -2 * top * top
    pairs = [(top, 1 << (64 * 299))] * 7
    assert sum_of_products(pairs) == truth(pairs)


def test_the_window_adds_up() -> None:
    ring = ntt_values.plan(MulProblem(600, 600), terms=2)
    x = ntt_values.encode(ring, adversaries.to_limbs(3, 600))
    z = ntt_values.multiply(ring, x, x)
    z = ntt_values.multiply(ring, x, x, z, negative=True)
    assert (z.terms, z.signed) == (1200, True)
    too_many = ntt_values.Values(z.array, SIGNED_TERMS + 1, True)
    with pytest.raises(AlgorithmError, match="window"):
        ntt_values.decode(ring, too_many, adversaries.to_limbs(1, 1201))
    assert ntt_values.plan(MulProblem(2**20, 2**20), terms=2) is not None
    assert ntt_values.plan(MulProblem(2**20, 2**20), terms=3) is None


def test_bad_pairs() -> None:
    with pytest.raises(ValueError, match=r"needs pairs \(a, b\); got a tuple"):
        sum_of_products([(1, 2, 3)])
    with pytest.raises(ValueError, match="got a int"):
        sum_of_products([5])
    with pytest.raises(TypeError, match="sum_of_products"):
        sum_of_products([(1.5, 2)])
