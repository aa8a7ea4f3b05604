"""How far fractions lag behind when digits are written: below `doubt`, and no doubt would be too little."""

from fractions import Fraction

import pytest
from gmpy2 import mpz

from fastmul.bounds.radix import MAX_DOUBT, doubt
from fastmul.integers import radix, to_str
from fastmul.integers.radix import writing
from fastmul.integers.radix.bases import WORD_BITS, Base
from fastmul.integers.radix.splitting import LEAF_WORDS, Splitting
from tests.adversaries import from_limbs

LEVELS = 3
N_DIGITS = (LEAF_WORDS * Base.of(10).word_digits << LEVELS) - 600


@pytest.mark.parametrize(
    "x", [mpz(10) ** (N_DIGITS - 1), mpz(10) ** N_DIGITS - 1, 7 ** mpz(N_DIGITS)]
)
def test_every_leaf_lags_by_less_than_its_doubt(x, monkeypatch):
    monkeypatch.setattr(radix, "MIN_BITS", 1)
    lags = []
    write_leaf = writing._Writer.write_leaf

    def look(self, fraction, leaf):
        tree = self.tree
        unit = mpz(10) ** tree.leaf_digits
        behind = tree.leaf_digits * ((1 << tree.levels) - 1 - leaf)  # digits to its right
        half = tree.digits(tree.levels - 1)
        number = x // mpz(10) ** half if leaf < 1 << (tree.levels - 1) else x % mpz(10) ** half
        behind %= half
        exact = Fraction(int(number % (unit * mpz(10) ** behind)), int(mpz(10) ** behind))
        held = Fraction(from_limbs(fraction) * int(unit), 1 << WORD_BITS * fraction.size)
        lags.append(float((exact - held) % int(unit) * 2**64))  # 0 less a lag is held as nearly 1
        write_leaf(self, fraction, leaf)

    monkeypatch.setattr(writing._Writer, "write_leaf", look)
    assert to_str(x) == x.digits()
    tree = Splitting.of(Base.of(10), x.num_digits(10))
    assert len(lags) == 1 << tree.levels == 1 << LEVELS
    # what the leaf's kernel drops by and by is the rest of the doubt
    assert min(lags) >= 0
    assert 0 < max(lags) < doubt(tree.levels, 0)


def test_without_doubt_digits_are_wrong(monkeypatch):
    x = mpz(10) ** (N_DIGITS - 1)
    monkeypatch.setattr(radix, "MIN_BITS", 1)
    monkeypatch.setattr(writing, "doubt", lambda levels, words: 0)
    assert to_str(x) != x.digits()


def test_the_window_of_doubt():
    levels = 30
    assert doubt(levels, MAX_DOUBT - levels - 2) == MAX_DOUBT
    with pytest.raises(AssertionError):
        doubt(levels, MAX_DOUBT - levels - 1)
