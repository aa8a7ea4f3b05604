"""Root tables: identities that every kernel leans on, and the fast tables against the plain ones."""

from __future__ import annotations

import numpy as np
import pytest

from fastmul.bounds.primes import PRIMES
from fastmul.kernels.reference.ntt import inverse_root
from fastmul.transforms import ntt, residues


@pytest.mark.parametrize("p", PRIMES)
def test_every_node_splits_at_a_square_root_of_its_own_constant(p: int) -> None:
    roots = [int(r) for r in ntt.root_table(p, 64)]
    constants = [1]  # X**L - c of each node, level by level
    for _ in range(6):
        for node, c in enumerate(constants):
            assert (roots[node] ** 2 - c) % p == 0
        constants = [v for node in range(len(constants)) for v in (roots[node], -roots[node])]


@pytest.mark.parametrize("p", PRIMES)
def test_the_mirror_identity(p: int) -> None:
    roots = ntt.root_table(p, 256)
    for j in range(256):
        assert int(roots[j]) * int(inverse_root(roots, j)) % p == 1


def test_an_order_that_a_prime_has_not_is_refused() -> None:
    with pytest.raises(ValueError, match="must divide"):
        ntt.root_of_unity(PRIMES[0], 2**40)
    assert pow(ntt.root_of_unity(PRIMES[0], 2**27), 2**26, PRIMES[0]) == PRIMES[0] - 1


def test_fast_tables_agree_with_plain_ones() -> None:
    tables = ntt.tables(1 << 10)
    for k, p in enumerate(PRIMES):
        plain = ntt.root_table(p, 256)
        assert np.array_equal(tables.roots[k, :256] % p, plain % p)
        assert np.abs(tables.roots[k]).max() <= p // 2 + 2  # what bounds.ntt assumes of roots
        for leaf in (0, 1, 3):
            lanes = tables.packed[k, 56 * leaf : 56 * (leaf + 1)].reshape(7, 8)
            for c in range(8):
                j = 8 * leaf + c
                want = plain[[j, 2 * j, 2 * j + 1, *range(4 * j, 4 * j + 4)]]
                assert np.array_equal(lanes[:, c] % p, want % p)


def test_long_tables_share_their_lanes_and_go_on_in_the_same_order() -> None:
    covered, longer = ntt.tables(ntt.PACKED_POINTS), ntt.tables(2 * ntt.PACKED_POINTS)
    assert longer.packed is covered.packed
    assert longer.inv_packed is covered.inv_packed
    assert longer.roots.shape[1] >= ntt.PACKED_POINTS // 8
    count = ntt.PACKED_POINTS // 16
    assert np.array_equal(longer.roots[:, :count], covered.roots[:, :count])
    for k, p in enumerate(PRIMES):
        inverses = zip(longer.roots[k, : 2 * count], longer.inv_roots[k, : 2 * count], strict=True)
        assert all(int(w) * int(v) % p == 1 for w, v in inverses)


def test_factors_turn_node_zero_into_node_k(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ntt, "PACKED_POINTS", 64)
    inner, points = 128, 1 << 12
    factors = ntt.factors(points, inner)
    for k, p in enumerate(PRIMES):
        plain = [int(r) for r in ntt.root_table(p, points // 2)]
        for node in range(points // inner):
            for row, stride in enumerate((inner // 8, inner // 4, inner // 2)):
                if stride * node < len(plain):
                    assert (int(factors[k, row, node]) - plain[stride * node]) % p == 0
                    assert int(factors[k, row + 3, node]) * plain[stride * node] % p == 1


def test_words_of_the_remainder() -> None:
    words = [int(w) for w in residues.crt_words()]
    m = PRIMES[0] * PRIMES[1] * PRIMES[2]
    for i, p in enumerate(PRIMES):
        assert words[2 * i] + (words[2 * i + 1] << 52) == m // p
    assert words[6] + (words[7] << 52) + (words[8] << 104) == 2**156 - m
