"""Products by number-theoretic transforms against Python's and GMP's, around every internal threshold."""

from __future__ import annotations

import ctypes
import mmap
import os
import random
import subprocess
import sys
from collections.abc import Iterator

import gmpy2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastmul.bounds.crt import max_terms
from fastmul.integers.multiplication import ntt
from fastmul.integers.multiplication.ntt import cutting, rings, workspace
from fastmul.kernels.cpu import ntt_product
from tests import adversaries

SENTINEL = 0xDEAD_BEEF_DEAD_BEEF


def multiply(a: np.ndarray, b: np.ndarray, threads: int = 1) -> np.ndarray:
    """mul_limbs into the middle of a guarded buffer, from read-only operands."""
    a.flags.writeable = b.flags.writeable = False
    guarded = np.full(a.size + b.size + 2, SENTINEL, np.uint64)
    ntt.mul_limbs(a, b, guarded[1:-1], threads)
    assert guarded[0] == guarded[-1] == SENTINEL
    return guarded[1:-1]


def value(limbs: np.ndarray) -> gmpy2.mpz:
    return gmpy2.from_binary(b"\x01\x01" + limbs.tobytes()) if limbs.any() else gmpy2.mpz(0)


def check(a: np.ndarray, b: np.ndarray, threads: int = 1) -> None:
    assert value(multiply(a, b, threads)) == value(a) * value(b), (a.size, b.size, threads)


def limbs(n: int, kind: str, seed: int = 0) -> np.ndarray:
    if kind == "all ones":
        return np.full(n, adversaries.MAX_LIMB, np.uint64)
    return np.random.default_rng(1000 * seed + n).integers(0, 2**64, n, dtype=np.uint64)


def test_all_small_lengths() -> None:
    for m in range(1, 71):
        for n in range(1, 71):
            check(limbs(m, "random"), limbs(n, "random", 1))
            if n == m or n % 9 == 0:
                check(limbs(m, "all ones"), limbs(n, "all ones"))


def ring_edges(largest: int) -> Iterator[int]:
    """Every product length at which the transform grows, and its neighbours."""
    block = rings.MIN_BLOCK
    while 4 * block <= largest:
        for children in range(4, 9):
            yield from adversaries.straddle(children * block)
        block *= 2


@pytest.mark.parametrize("kind", ["random", "all ones"])
def test_lengths_around_every_transform_size(kind: str) -> None:
    for n in ring_edges(1 << 14):
        for m in {n // 2, n // 3, (2 * n) // 5}:
            check(limbs(m, kind), limbs(n - m, kind, 1))


def test_long_carries_and_sparse_numbers() -> None:
    for n in (3, 64, 129, 700):
        for name, a in adversaries.integers(n):
            for other, b in adversaries.integers(n + 1, seed=1):
                x, y = adversaries.to_limbs(a, n), adversaries.to_limbs(b, n + 1)
                got = adversaries.from_limbs(multiply(x, y))
                assert got == a * b, (name, other, n)


@pytest.mark.parametrize("threads", [1, 2])
def test_squares_and_threads(threads: int) -> None:
    for n in (1, 64, 200, 1000, 4096, 5000, 9001, 20000, 1 << 17, 150_001):
        a = limbs(n, "random")
        assert value(multiply(a, a, threads)) == value(a) ** 2
        check(a, limbs(n, "all ones"), threads)


def test_tasks_on_threads_at_small_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way of large products, at every number of children, cut and squared."""
    monkeypatch.setattr(workspace, "THREADED_POINTS", 128)
    for n in (600, 700, 800, 1000, 2000):
        for threads in (2, 3):
            check(limbs(n // 2, "random"), limbs(n - n // 2, "all ones"), threads)
            check(limbs(30 * n, "random"), limbs(n, "all ones"), threads)
            a = limbs(n, "all ones")
            assert value(multiply(a, a, threads)) == value(a) ** 2


def test_beyond_the_packed_tables_and_the_one_kernel() -> None:
    for n in adversaries.straddle(workspace.ONE_KERNEL_POINTS // 2):
        check(limbs(n, "random"), limbs(n, "all ones"))
    check(limbs(300_001, "random"), limbs(200_000, "all ones"))


@pytest.mark.parametrize("n", [2047, 2048, 2049, 2560, 3072, 4096])
def test_the_second_operand_lives_in_rows_of_others(
    n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where four rows are too many to keep: in the next prime's row, and at last in the product itself."""
    rows = []

    class Watched(workspace.Workspace):
        def __init__(self, ring: rings.Ring, rows_of_y: int, threads: int) -> None:
            super().__init__(ring, rows_of_y, threads)
            rows.append(3 + self.rows_of_y)

    monkeypatch.setattr(workspace, "Workspace", Watched)
    monkeypatch.setattr(workspace, "ONE_KERNEL_POINTS", 0)
    monkeypatch.setattr(workspace, "THREADED_POINTS", 0)
    monkeypatch.setattr(workspace.scratch, "LARGEST_KEPT", 0)
    a, b = limbs(n, "random"), limbs(n, "all ones")
    fits = rings.Ring.of(2 * n).points == 2 * n
    check(a, b)
    check(a[:-1], np.append(b, b[:1]))
    check(a, a)
    check(a, b, 2)
    assert rows == [3 if fits else 4] * 2 + [3, 6]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("ratio", [2, 7, 30, 1000])
def test_unbalanced_operands(ratio: int, threads: int) -> None:
    for n in (1, 3, 64, 100, 257):
        a, b = limbs(n * ratio, "random"), limbs(n, "all ones")
        check(a, b, threads)
        check(b, a, threads)


def test_a_thousand_to_one_takes_pieces() -> None:
    assert cutting.piece_limbs(1_000_000, 1000) < 100_000
    assert cutting.piece_limbs(1000, 1000) == 1000
    check(limbs(300_000, "all ones"), limbs(300, "all ones"))


def test_empty_operands_give_zero() -> None:
    out = np.full(3, SENTINEL, np.uint64)
    ntt.mul_limbs(limbs(3, "random"), np.empty(0, np.uint64), out)
    assert not out.any()


def test_beyond_the_window_the_shorter_operand_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "max_terms", lambda: 100)
    for n in (100, 101, 199, 350):
        check(limbs(400, "all ones"), limbs(n, "all ones"))


def test_longest_transforms_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a small limit in place of 2**23 points everything is still multiplied, in pieces."""
    monkeypatch.setattr(cutting, "MAX_POINTS", 1 << 12)
    check(limbs(9000, "random"), limbs(1000, "all ones"))
    assert rings.Ring.of(2 * max_terms() - 2 * 1060).points <= 1 << 23


def test_kernel_thresholds_are_all_crossed() -> None:
    assert workspace.ONE_KERNEL_POINTS > workspace.transforms.PACKED_POINTS >= ntt_product.NODE


@pytest.mark.slow
def test_all_ones_at_the_longest_length_allowed() -> None:
    n = max_terms()
    a = limbs(1 << 22, "all ones")
    assert n >= a.size
    check(a, a, 2)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 1500), st.integers(1, 1500), st.integers(0, 2**32), st.sampled_from([1, 2]))
def test_runs_of_bits(m: int, n: int, seed: int, threads: int) -> None:
    rng = random.Random(seed)
    a, b = adversaries.bit_runs(64 * m, rng), adversaries.bit_runs(64 * n, rng)
    product = multiply(adversaries.to_limbs(a, m), adversaries.to_limbs(b, n), threads)
    assert adversaries.from_limbs(product) == a * b


def before_a_wall(n: int) -> tuple[np.ndarray, mmap.mmap]:
    """n limbs that end where a page begins that nobody may touch."""
    page = mmap.PAGESIZE
    room = -(-8 * n // page) * page
    memory = mmap.mmap(-1, room + page)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    assert libc.mprotect(address + room, page, 0) == 0
    return np.frombuffer(memory, np.uint64, n, room - 8 * n), memory


def test_no_vector_reaches_beyond_an_operand_or_the_result() -> None:
    for m, n in (
        (1, 1),
        (7, 3),
        (65, 64),
        (129, 200),
        (333, 331),
        (1030, 1000),
        (2500, 5),
        (5000, 600),
    ):
        a, _keep_a = before_a_wall(m)
        b, _keep_b = before_a_wall(n)
        out, _keep_out = before_a_wall(m + n)
        a[:], b[:] = limbs(m, "random"), limbs(n, "all ones")
        ntt.mul_limbs(a, b, out, 1)
        assert value(out) == value(a) * value(b)


AVX2 = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+fma,+bmi,+bmi2"}

TWIN = """
import numpy as np
from fastmul.integers.multiplication import ntt
from fastmul.kernels.cpu import ntt_crt, ntt_limbs, ntt_passes, ntt_product
from fastmul.runtime.target import target
assert not target().avx512
rng = np.random.default_rng(3)
for m, n in ((1, 1), (70, 9), (256, 256), (300, 340), (1000, 700), (1500, 1500), (5000, 9), (9000, 8000)):
    for ones in (False, True):
        a, b = rng.integers(0, 2**64, m, dtype=np.uint64), rng.integers(0, 2**64, n, dtype=np.uint64)
        if ones:
            a[:], b[:] = 2**64 - 1, 2**64 - 1
        out = np.empty(m + n, np.uint64)
        ntt.mul_limbs(a, b, out, 1 + ones)
        x, y, z = (int.from_bytes(v.tobytes(), "little") for v in (a, b, out))
        assert x * y == z, (m, n)
for kernel in (ntt_passes.split_8, ntt_passes.join_leaves, ntt_limbs.enter_4, ntt_crt.leave):
    for assembly in kernel.inspect_asm().values():
        assert "zmm" not in assembly and "ymm" in assembly
print("twin ok")
"""


def test_the_avx2_twin(tmp_path: object) -> None:
    environment = {**os.environ, **AVX2, "FASTMUL_CACHE_DIR": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", TWIN], env=environment, capture_output=True, text=True, check=False
    )
    assert ran.stdout.strip() == "twin ok", ran.stderr[-2000:]
