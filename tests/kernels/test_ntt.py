"""The transform contract on the CPU against plain Python."""

from __future__ import annotations

import numpy as np
import pytest

from fastmul.bounds.primes import PRIMES
from fastmul.kernels.cpu import ntt as cpu
from fastmul.kernels.cpu import ntt_nodes
from fastmul.kernels.reference import ntt as reference
from fastmul.transforms.ntt import root_table

SMALL_PRIME = 998244353


def residues(p: int, shape: tuple[int, int], kind: str) -> np.ndarray:
    half = p // 2
    if kind == "random":
        return np.random.default_rng(7).integers(-half, half + 1, shape).astype(np.float64)
    if kind == "largest":
        return np.full(shape, float(half))
    signs = np.where(np.arange(shape[0] * shape[1]).reshape(shape) % 3 == 0, -1.0, 1.0)
    return signs * half


def same(x: np.ndarray, y: np.ndarray, p: int) -> bool:
    return all((int(u) - int(v)) % p == 0 for u, v in zip(x.flat, y.flat, strict=True))


@pytest.mark.parametrize("p", [*PRIMES, SMALL_PRIME])
@pytest.mark.parametrize("kind", ["random", "largest", "signs"])
@pytest.mark.parametrize("n", [64, 128, 256, 512, 1024])
def test_agrees_with_the_reference(p: int, kind: str, n: int) -> None:
    roots = root_table(p, n // 2)
    x = residues(p, (2, n), kind)
    y = x.copy()
    reference.forward(x, p, roots)
    cpu.forward(y, p, roots)
    assert same(x, y, p)
    assert np.abs(y).max() < 0.51 * p
    reference.multiply(x, x, p)
    cpu.multiply(y, y, p)
    assert same(x, y, p)
    reference.inverse(x, p, roots)
    cpu.inverse(y, p, roots)
    assert same(x, y, p)
    assert np.abs(y).max() < 0.51 * p


def test_the_reference_convolves() -> None:
    p, n = PRIMES[0], 64
    roots = root_table(p, n // 2)
    a, b = residues(p, (1, n), "random"), residues(p, (1, n), "signs")
    x, y = a.copy(), b.copy()
    reference.forward(x, p, roots)
    reference.forward(y, p, roots)
    reference.multiply(x, y, p)
    reference.inverse(x, p, roots)
    for s in range(n):
        want = sum(int(a[0, i]) * int(b[0, (s - i) % n]) for i in range(n)) * n
        assert (int(x[0, s]) - want) % p == 0


@pytest.mark.parametrize("n", [2048, 4096, 8192, 16384])
def test_inverse_undoes_forward_up_to_n(n: int) -> None:
    p = PRIMES[2]
    roots = root_table(p, n // 2)
    x = residues(p, (1, n), "random")
    y = x.copy()
    cpu.forward(y, p, roots)
    cpu.inverse(y, p, roots)
    assert all((int(u) * n - int(v)) % p == 0 for u, v in zip(x.flat, y.flat, strict=True))


@pytest.mark.parametrize("top", [0, *range(2, 24)])
def test_the_way_up_meets_the_nodes_of_the_way_down(top: int) -> None:
    down, up = [top], [0]
    while down[-1] > 0:
        down.append(down[-1] - ntt_nodes.levels_down.py_func(down[-1]))
    while up[-1] < top:
        up.append(up[-1] + ntt_nodes.levels_up.py_func(top - up[-1]))
    assert up == down[::-1]


def test_no_node_is_twice_its_base() -> None:
    """A height of one has no way down in twos and threes."""
    for k in range(7, 24):
        base = ntt_nodes.base_length.py_func(1 << k)
        assert base in (128, 256, 512)
        assert ntt_nodes.height.py_func(1 << k, base) == k - base.bit_length() + 1 != 1
