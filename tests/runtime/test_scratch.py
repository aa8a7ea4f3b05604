"""Scratch and tables: aligned, private to a call, and together within their budget between calls."""

import threading

import numpy as np
import pytest

from fastmul.runtime import scratch
from fastmul.runtime.scratch import KEPT_BYTES, clear_cache, kept_bytes, lease, table

MIB = 1 << 20


@pytest.fixture(autouse=True)
def _empty():
    clear_cache()
    yield
    clear_cache()


@pytest.mark.parametrize("n_bytes", [1, 63, 64, 65, 4096, 5 * MIB + 3])
def test_a_lease_is_large_enough_and_aligned(n_bytes):
    with lease(n_bytes) as block:
        assert block.dtype == np.uint8
        assert block.size >= n_bytes
        assert block.ctypes.data % scratch.ALIGNMENT == 0
        assert block.flags.writeable


@pytest.mark.parametrize("alignment", [64, 4096])
@pytest.mark.parametrize("dtype", [np.int8, np.float32, np.uint64, np.complex128])
def test_aligned_arrays(dtype, alignment):
    x = scratch.aligned_empty(1001, dtype, alignment)
    assert x.shape == (1001,)
    assert x.dtype == dtype
    assert x.ctypes.data % alignment == 0


def test_two_leases_at_once_never_share_memory():
    with lease(1000) as a, lease(1000) as b:
        assert not np.shares_memory(a, b)
        a[:], b[:] = 1, 2
        assert (a == 1).all()
        assert (b == 2).all()


def test_what_is_handed_back_is_lent_again():
    with lease(MIB) as first:
        address = first.ctypes.data
    with lease(MIB - 100) as second:
        assert second.ctypes.data == address


def test_a_huge_block_is_not_lent_for_a_small_need():
    with lease(32 * MIB) as huge:
        address = huge.ctypes.data
    with lease(10) as small, lease(32 * MIB) as again:
        assert small.size < 32 * MIB
        assert again.ctypes.data == address


def test_the_budget_holds():
    for n_bytes in (40 * MIB, 30 * MIB, 20 * MIB, KEPT_BYTES, KEPT_BYTES + 1, 100 * MIB):
        with lease(n_bytes), lease(n_bytes // 2):
            pass
        assert kept_bytes() <= KEPT_BYTES
    for i in range(9):
        assert table(i, lambda: np.zeros(10 * MIB, np.uint8), len).size == 10 * MIB
        assert kept_bytes() <= KEPT_BYTES
    assert kept_bytes() >= 50 * MIB, "and it is used"


def test_an_exception_hands_the_block_back():
    with pytest.raises(KeyError), lease(MIB):
        raise KeyError
    assert kept_bytes() >= MIB


def test_a_table_is_built_once_and_the_least_recently_used_goes_first():
    built = []

    def get(key, n_bytes=20 * MIB):
        return table(key, lambda: built.append(key) or key, lambda made: n_bytes)

    assert [get("a"), get("b"), get("a"), get("c"), get("a")] == ["a", "b", "a", "c", "a"]
    assert built == ["a", "b", "c"]
    get("d")  # 80 MiB: "b" is the one not used lately
    get("a")
    assert built == ["a", "b", "c", "d"]
    get("b")
    assert built[-1] == "b"


def test_a_table_beyond_the_budget_is_returned_but_not_kept():
    assert table("huge", lambda: "made", lambda made: KEPT_BYTES + 1) == "made"
    assert kept_bytes() == 0


def test_tables_push_idle_scratch_out_first():
    with lease(60 * MIB):
        pass
    table("t", lambda: 1, lambda made: 10 * MIB)
    assert kept_bytes() == 10 * MIB


def test_the_block_used_last_pushes_others_out():
    with lease(20 * MIB), lease(30 * MIB):
        pass
    with lease(scratch.LARGEST_KEPT) as large:
        address = large.ctypes.data
    with lease(scratch.LARGEST_KEPT) as again:
        assert again.ctypes.data == address
    with lease(scratch.LARGEST_KEPT + 1):
        pass
    assert kept_bytes() == scratch.LARGEST_KEPT, "what is too large to be kept pushes nothing out"


def test_scratch_pushes_out_tables_but_not_those_used_last():
    built = []

    def get(key, n_bytes):
        return table(key, lambda: built.append(key), lambda made: n_bytes)

    get("old", 20 * MIB)
    get("new", scratch.TABLE_BYTES)
    with lease(scratch.LARGEST_KEPT):
        pass
    assert kept_bytes() == KEPT_BYTES
    get("new", scratch.TABLE_BYTES)
    assert built == ["old", "new"]
    get("old", 20 * MIB)
    assert built == ["old", "new", "old"]


def test_clear_cache_frees_everything():
    with lease(MIB):
        table("t", lambda: 1, lambda made: MIB)
        clear_cache()
        assert kept_bytes() == 0
    clear_cache()
    assert kept_bytes() == 0


def test_eight_threads_lease_and_build_at_once():
    wrong = []

    def work(number):
        rng = np.random.default_rng(number)
        for _ in range(150):
            n = int(rng.integers(1, 2 * MIB))
            with lease(n) as block:
                mine = block[:n]
                mine[:] = number
                size = int(rng.integers(1, 40))
                made = table(
                    ("squares", size), lambda size=size: np.arange(size) ** 2, lambda t: t.nbytes
                )
                if made.size != size or (mine != number).any():
                    wrong.append(number)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not wrong
    assert kept_bytes() <= KEPT_BYTES
