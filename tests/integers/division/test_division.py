"""divmod, floordiv and mod: every algorithm against Python's, at every shape, sign and threshold."""

import builtins
import random

import gmpy2
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastmul
from fastmul.exceptions import AlgorithmError, VerificationError
from fastmul.integers import division, divmod, floordiv, mod
from fastmul.integers.division import burnikel_ziegler, newton, rings, wraps
from fastmul.integers.division.problem import DivisionProblem
from fastmul.integers.division.table import TABLE
from tests import adversaries

flint = pytest.importorskip("flint")
mpz = gmpy2.mpz
NAMES = [row.name for row in TABLE]


@pytest.fixture
def small_thresholds(monkeypatch):
    """Every step of every algorithm at sizes where thousands of cases are cheap."""
    monkeypatch.setattr(newton, "BASE_BITS", 40)
    monkeypatch.setattr(burnikel_ziegler, "BASE_BITS", 40)
    monkeypatch.setattr(rings, "RING_BITS", 1500)
    monkeypatch.setattr(division, "SHORT_BITS", 0)
    monkeypatch.setattr(division, "PYTHON_WORK", 0)


def _dividends(b, quotient_bits, rng):
    """What lies next to multiples of b, where quotients are guessed wrong first."""
    q = rng.getrandbits(quotient_bits) | 1 << quotient_bits >> 1
    for quotient in (q, (1 << quotient_bits) - 1, 1 << quotient_bits):
        for rest in (-1, 0, 1, b // 2, b - 1):
            yield max(0, quotient * b + rest)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bits", [1, 41, 64, 127, 200, 1000, 2048])
def test_every_algorithm_next_to_multiples(name, bits, small_thresholds):
    rng = random.Random(bits)
    divisors = [
        (1 << bits) - 1, 1 << bits >> 1, (1 << bits >> 1) + 1, rng.getrandbits(bits) | 1 << bits >> 1,
        adversaries.bit_runs(bits, rng),
    ]  # fmt: skip
    for b in divisors:
        for quotient_bits in (
            0,
            1,
            40,
            41,
            63,
            bits // 3,
            bits - 1,
            bits,
            bits + 1,
            3 * bits,
            8 * bits,
        ):
            for a in _dividends(b, quotient_bits, rng):
                assert divmod(a, b, algorithm=name, threads=1) == builtins.divmod(a, b)


@pytest.mark.parametrize("name", NAMES)
def test_signs_are_pythons(name, small_thresholds):
    for a in (0, 1, 7, 14, 3**200, 3**200 - 1, 7**300):
        for b in (1, 2, 7, 3**50, 3**199 + 1, 3**400):
            for x, y in ((a, b), (-a, b), (a, -b), (-a, -b)):
                expected = builtins.divmod(x, y)
                assert divmod(x, y, algorithm=name) == expected
                assert floordiv(x, y, algorithm=name) == expected[0]
                assert mod(x, y, algorithm=name) == expected[1]


@given(st.integers(-(1 << 4000), 1 << 4000), st.integers(-(1 << 1500), 1 << 1500).filter(bool))
def test_auto_is_pythons(a, b):
    assert divmod(a, b) == builtins.divmod(a, b)
    assert floordiv(a, mpz(b)) == a // b
    assert mod(mpz(a), b) == a % b


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("m", "n"), [(1500, 700), (2600, 1300), (1400, 1300), (6000, 600)])
def test_at_the_thresholds_in_use(name, m, n):
    rng = random.Random(n)
    b = mpz(rng.getrandbits(64 * n) | 1 << (64 * n - 1))
    for d in (b, gmpy2.bit_mask(64 * n), mpz(1 << (64 * n - 1)) + 1):
        q = mpz(rng.getrandbits(64 * (m - n)))
        for a in (q * d + d - 1, q * d, q * d - 1):
            x, y = flint.fmpz(int(a)), flint.fmpz(int(d))
            assert divmod(a, d, algorithm=name) == (int(x // y), int(x % y))


def test_auto_beyond_the_short_ways():
    rng = random.Random(1)
    for bits in adversaries.straddle(division.SHORT_BITS):
        a, b = (mpz(rng.getrandbits(n) | 1 << (n - 1)) for n in (2 * bits + 1, bits))
        assert divmod(a, b) == gmpy2.f_divmod(a, b)
        assert divmod(int(-a), int(b)) == builtins.divmod(int(-a), int(b))
        for x, y in ((-a, b), (a, -b), (int(-a), int(b)), (int(a), int(-b))):
            assert (floordiv(x, y), mod(x, y)) == (x // y, x % y)
    a, b = rng.getrandbits(300_000), rng.getrandbits(150_000)
    assert divmod(a, b, verify=2) == builtins.divmod(a, b)


def test_types():
    for kind in (int, mpz):
        for bits in (10, 1000, 100_000):
            a, b = kind(3) ** bits, kind(7) ** (bits // 3)
            for x, y in ((a, b), (b, a)):
                assert {type(z) for z in (*divmod(x, y), floordiv(x, y), mod(x, y))} == {kind}
    assert {type(x) for x in divmod(7, mpz(2))} == {mpz}
    assert divmod(True, 1) == (1, 0)
    with pytest.raises(TypeError, match=r"divmod\(a, b\) needs Python ints"):
        divmod(1.0, 2)
    with pytest.raises(TypeError, match=r"mod\(a, b\) needs Python ints"):
        mod(1, "2")


@pytest.mark.parametrize("function", [divmod, floordiv, mod])
@pytest.mark.parametrize("zero", [0, mpz(0)])
def test_by_zero(function, zero):
    for a in (0, -5, mpz(3) ** 1000):
        with pytest.raises(ZeroDivisionError, match=rf"{function.__name__}\(a, b\) with b = 0"):
            function(a, zero)


def test_the_table_is_explained_and_named():
    explanation = fastmul.explain(divmod, 3**1000, 5)
    assert {line.algorithm for line in explanation.lines} == set(NAMES)
    assert fastmul.explain(mod, 5, 3).chosen in NAMES
    with pytest.raises(AlgorithmError, match="divmod has no algorithm 'guess'"):
        divmod(5, 3, algorithm="guess")


def test_a_short_divisor_is_not_predicted_to_cost_more_than_a_longer_one():
    for row in TABLE:
        times = [row.cost(DivisionProblem(20_000, n)) for n in (1, 8, 63, 64)]
        assert times == sorted(times), row.name
    with pytest.raises(ZeroDivisionError, match=r"divmod\(a, b\) with b = 0"):
        fastmul.explain(divmod, 5, 0)


@pytest.mark.parametrize("off", [(1, 0), (0, 1), (-1, 0)])
def test_a_wrong_result_is_caught(off, monkeypatch):
    a, b = mpz(3) ** 30000, mpz(7) ** 5000
    q, r = gmpy2.f_divmod(a, b)
    wrong = (q + off[0], r + off[1])
    for module in (newton, burnikel_ziegler):
        monkeypatch.setattr(module, "divide", lambda *_: wrong)
    with pytest.warns(RuntimeWarning, match="divmod by newton failed verification"):
        assert divmod(a, b, algorithm="newton", verify=True) in ((q, r), wrong)
    monkeypatch.setattr(division.table.gmp, "divide", lambda *_: wrong)
    with pytest.warns(RuntimeWarning), pytest.raises(VerificationError):
        divmod(a, b, algorithm="newton", verify=True)


def test_memory_is_asked_first(monkeypatch):
    def refuse(n_bytes, what):
        raise MemoryError(what)

    monkeypatch.setattr(division.memory, "require", refuse)
    with pytest.raises(MemoryError, match=r"divmod\(a, b\), .* limbs on"):
        divmod(mpz(1) << 100_000, mpz(3) << 40_000)


def test_the_moduli_of_a_ring_are_coprime_and_long_enough():
    unit = wraps.MIN_LIMBS
    for n_limbs in (
        1,
        unit,
        unit + 1,
        3 * unit,
        5 * unit,
        7 * unit - 1,
        8 * unit,
        9 * unit,
        23 * unit,
        2**24 - 1,
    ):
        parts = rings.wraps_of(n_limbs)
        assert sum(wrap.n_limbs for wrap in parts) >= n_limbs
        assert sum(wrap.n_limbs for wrap in parts) <= max(unit, 1.25 * n_limbs + unit)
        assert [wrap.sign for wrap in parts] == [1] * (len(parts) - 1) + [-1]
        lengths = [wrap.n_limbs for wrap in parts]
        assert lengths == sorted(set(lengths), reverse=True)
        assert all(n & (n - 1) == 0 for n in lengths)


@pytest.mark.parametrize("units", [1, 3, 7])
def test_numbers_up_to_the_edge_of_a_ring(units, monkeypatch):
    """All residues together hold 62 bits more than the transforms."""
    monkeypatch.setattr(rings, "RING_BITS", 128)
    rng = random.Random(units)
    n = 64 * units * wraps.MIN_LIMBS
    bits = n + rings.SPARE_BITS
    ring = rings.Ring(bits, 1)
    assert sum(wrap.bits for wrap in ring.wraps) == n
    edge, ones = mpz(1) << bits, gmpy2.bit_mask(bits)
    a, b = (mpz(rng.getrandbits(m)) for m in (bits, bits + 500))
    for x, y in (
        (a, b),
        (a, -b),
        (mpz(0), b),
        (a, mpz(0)),
        (ones, mpz(1) << n),
        (ones, -ones),
        (mpz(1) << n // 2, a),
    ):
        with ring.factor(x) as factor:
            for d in (0, 1, edge - 1, 1 - edge, rng.getrandbits(bits)):
                assert ring.difference(x * y + d, factor, y) == d
    x = a >> (bits // 2)
    for y in (b >> (bits // 2 + 500), -(b >> (bits // 2 + 500)), mpz(1), mpz(0), mpz(-1)):
        shift = n // 2 + 13
        with ring.factor(x) as factor:
            error = (ring.upper(factor, y, shift) << shift) - x * y
        assert -3 << shift < 2 * error <= 1 << shift
    for exponent in (64, n - 1, n, n + 1, n + 1000, 2 * n + 5):
        x, d = mpz(rng.getrandbits(bits // 2)), rng.getrandbits(bits)
        y, rest = gmpy2.f_divmod((mpz(1) << exponent) - d, x)
        with ring.factor(x) as factor:
            assert ring.difference_from_power(exponent, factor, y) == d + rest


@pytest.mark.parametrize("sign", [1, -1])
def test_products_modulo_one_modulus(sign):
    wrap = wraps.Wrap(wraps.MIN_LIMBS, sign)
    m = (mpz(1) << wrap.bits) + sign
    a, b = (mpz(random.Random(s).getrandbits(3 * wrap.bits)) for s in (1, 2))
    numbers = [mpz(0), mpz(1), m - 1, m, m + 1, m - 2, 3 * m - 1, m // 2, a]
    for x in numbers:
        with wrap.keep(x, 1) as kept:
            for y in [*numbers, b]:
                assert (wrap.multiply(kept, y, 1) - x * y) % m == 0
        for z in (x, -x):
            assert abs(wrap.folded(z)) < 2 * m
            assert (wrap.folded(z) - z) % m == 0


@pytest.mark.parametrize("p", [1, 2, 40, 41, 50, 64, 100, 333, 1200])
def test_reciprocals_err_by_two_at_most(p, small_thresholds):
    rng = random.Random(p)
    for n in (1, 30, 64, 200, 1200):
        for d in ((1 << n) - 1, 1 << n >> 1, (1 << n >> 1) + 1, rng.getrandbits(n) | 1 << n >> 1):
            n_bits = d.bit_length()
            upper = d >> (n_bits - p) if n_bits >= p else d << (p - n_bits)
            x = newton.reciprocal(mpz(d), p)
            assert abs(x * upper - (1 << (2 * p))) <= 2 * upper


@pytest.mark.parametrize("p", [41, 50, 64, 100, 333, 1200])
def test_reciprocals_of_what_a_step_sees_least_of(p, small_thresholds):
    # a power of two in the half that is seen, all ones below: the square of the error, which a step leaves out
    for h in range(p // 2 - 2, p // 2 + 8):
        d = (1 << (p - 1)) + (1 << (p - h)) - 1
        assert abs(newton.reciprocal(mpz(d), p) * d - (1 << (2 * p))) <= 2 * d


@pytest.mark.parametrize("m", [45, 100, 700])
def test_a_block_leaves_what_the_next_one_takes(m, small_thresholds):
    rng = random.Random(m)
    n = 800
    powers_and_ones = [(1 << (n - 1)) + (1 << k) - 1 for k in range(0, n - 1, 7)]
    for d in (*powers_and_ones, (1 << n) - 1, rng.getrandbits(n) | 1 << (n - 1)):
        with newton.Divisor(mpz(d), m) as divisor:
            largest = d << (m + 1)
            for r in (largest, -largest, largest - d // 2, d << m, rng.randrange(largest), d - 1):
                q, rest = divisor._divide_block(mpz(r))
                assert rest == r - q * d
                assert -0.69 * d < rest < 1.82 * d


def test_a_divisor_is_kept_for_many_dividends(small_thresholds):
    rng = random.Random(9)
    d = mpz(rng.getrandbits(600) | 1 << 599)
    for block_bits in (50, 300, 600, 700):
        with newton.Divisor(d, block_bits) as divisor:
            for bits in (0, 10, 599, 600, 601, 900, 1200, 5000):
                a = mpz(rng.getrandbits(bits))
                assert divisor.divide(a) == gmpy2.f_divmod(a, d)
