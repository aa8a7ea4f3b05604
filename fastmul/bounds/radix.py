"""How far a fraction may lag behind, when digits are written by multiplying fractions: `doubt`.

A node of d digits stands for the exact fraction x = X / base**d modulo 1, X an integer, plus what lower digits of
the whole number follow. It holds F / 2**(64 p) with p = (limbs of base**d) + 1. Its *lag* is x - F / 2**(64 p),
modulo 1, in units of its last digit: lag = (x - F / 2**(64 p)) * base**d.

* The root's children are made from their X by a reciprocal: F is too small by less than two units
  (`integers.radix.scaling`), so 0 <= lag < 2 * base**d / 2**(64 p) <= 2 * 2**-64.
* Further down both children are cut off at their own p: that adds less than 2**-64 of their own units. The upper
  child's unit is larger than its parent's, so the lag that it takes over only shrinks. The lower child's fraction is
  multiplied by base**(d/2), which takes the lag from the parent's unit to the child's own: it stays what it was.
* A leaf drops limbs before each of its sweeps, fewer than it has words: less than 2**-64 of its units each time
  (`kernels.cpu.radix_digits.fraction_to_text`), and again as the rest is looked at in its top limb only.

So at a leaf 0 <= lag < (2 + levels + words) * 2**-64 = doubt * 2**-64, and its digits V and rest f satisfy

    V + f = B + r - lag      B the true digits, 0 <= r < 1 the true rest behind them; modulo base**digits

If f < 1 - lag then V = B. Else V is B or B - 1, and r < lag for B - 1, r >= 1 - 2 lag for B: the next digit after
B is zero in the first case and base - 1 in the second, and the last leaf of either half has r = 0, for
the halves became fractions of their own. Leaves are mended from the right, so that next digit is known.
"""

from __future__ import annotations

#: The largest doubt: twice it is far below a unit in the first digit that follows, 2**64 / 36.
MAX_DOUBT = 1 << 32


def doubt(levels: int, leaf_words: int) -> int:
    """The lag of a leaf is below doubt / 2**64 units of its last digit.

    >>> doubt(11, 256)
    269
    """
    bound = 2 + levels + leaf_words
    assert bound <= MAX_DOUBT
    return bound
