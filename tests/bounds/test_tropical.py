"""The window of integers with infinities: everything in it is right, and one step outside it something is wrong."""

import pytest

from fastmul.bounds import tropical

BITS = 8


def is_right(low, high):
    """Plain sums of all entries >= low, finite sums <= high, infinity as E: none wraps, and T tells them apart."""
    infinity, threshold, end = tropical.infinity(BITS), tropical.threshold(BITS), 1 << (BITS - 1)
    entries = [x for x in range(-end, infinity) if x >= low]
    finite = [x + y for x in entries for y in entries if x + y <= high]
    infinite = [infinity + x for x in entries if x + low <= high] + [2 * infinity]
    return (
        all(-end <= s < threshold for s in finite)
        and all(threshold <= s < end for s in infinite)
    )  # fmt: skip


@pytest.mark.parametrize("low", range(-64, 20))
def test_the_window_is_exactly_what_is_right(low):
    for high in range(2 * low, 40):
        if tropical.holds(low, high, BITS):
            assert is_right(low, high)
    lowest, highest = (
        tropical.threshold(BITS) - tropical.infinity(BITS),
        tropical.threshold(BITS) - 1,
    )
    assert tropical.holds(lowest, highest, BITS)
    assert not is_right(lowest - 1, highest)
    assert not is_right(lowest, highest + 1)
