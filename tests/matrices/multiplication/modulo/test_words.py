"""Arrays of words modulo p."""

from __future__ import annotations

import numpy as np
import pytest

from fastmul.matrices.multiplication.modulo import words


@pytest.mark.parametrize("p", [2, 998244353, 2**63 - 25])
@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_residues_are_not_copied_and_all_else_is_reduced(p, dtype):
    inside = np.array([[0, p - 1], [1, p // 2]], dtype)[:, ::-1]
    assert np.shares_memory(words.reduced(inside, p), inside)
    for entry in (p, np.iinfo(dtype).max, np.iinfo(dtype).min):
        x = inside.copy()
        x[1, 0] = entry
        made = words.reduced(x, p)
        assert made.dtype == np.int64
        assert np.shares_memory(made, x) == (entry == 0)
        np.testing.assert_array_equal(made, (x.astype(object) % p).astype(np.int64))
