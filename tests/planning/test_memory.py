"""Memory is asked for before it is taken: a MemoryError, never an abort."""

import pytest

from fastmul.planning import memory
from fastmul.runtime import cgroup
from tests.runtime.processes import run_python

MIB = 1 << 20


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """A made-up /sys/fs/cgroup; call it with the files in it."""
    own = tmp_path / "self"
    own.write_text("5:memory:/pod\n0::/pod\n")
    monkeypatch.setattr(cgroup, "ROOT", tmp_path)
    monkeypatch.setattr(cgroup, "OWN", own)

    def write(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")

    return write


def test_small_needs_are_never_refused(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 0)
    memory.require((1 << 22) - 1, "a small product")


def test_the_message_restates_the_call(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 100 * MIB)
    memory.require(100 * MIB, "just enough")
    with pytest.raises(MemoryError) as error:
        memory.require(3000 * MIB, "mul of 5 x 7 limbs")
    assert str(error.value) == "mul of 5 x 7 limbs needs about 3,000 MiB; 100 MiB are available"


def test_a_look_grants_credit_for_a_while(monkeypatch):
    looks, now = [], [100.0]
    monkeypatch.setattr(memory, "available_bytes", lambda: looks.append(now[0]) or 100 * MIB)
    monkeypatch.setattr(memory.time, "monotonic", lambda: now[0])
    for _ in range(5):  # the first looks, and leaves a credit of 20 MiB: four more
        memory.require(5 * MIB, "a product")
    assert len(looks) == 1
    memory.require(5 * MIB, "a product")
    assert len(looks) == 2
    now[0] += memory.CREDIT_SECONDS
    memory.require(5 * MIB, "a product")
    assert len(looks) == 3
    with pytest.raises(MemoryError):
        memory.require(101 * MIB, "no credit reaches this far")


def test_this_machine_has_some():
    assert 16 * MIB < memory.available_bytes() < 1 << 50


def test_no_group_limits(groups):
    assert cgroup.free_memory() is None
    groups(pod__memory_dot_max="max", pod__memory_dot_current="123")
    assert cgroup.free_memory() is None


def test_version_2_with_page_cache_that_can_be_reclaimed(groups):
    groups(
        pod__memory_dot_max=str(100 * MIB),
        pod__memory_dot_current=str(90 * MIB),
        pod__memory_dot_stat=f"anon {20 * MIB}\ninactive_file {60 * MIB}\nactive_file 5",
    )
    assert cgroup.free_memory() == 70 * MIB
    assert memory.available_bytes() <= 70 * MIB


def test_an_enclosing_group_can_be_tighter(groups):
    groups(
        pod__memory_dot_max=str(100 * MIB),
        pod__memory_dot_current="0",
        memory_dot_max=str(64 * MIB),
        memory_dot_current=str(70 * MIB),
    )
    assert cgroup.free_memory() == 0


def test_version_1(groups):
    groups(
        memory__pod__memory_dot_limit_in_bytes=str(50 * MIB),
        memory__pod__memory_dot_usage_in_bytes=str(40 * MIB),
        memory__pod__memory_dot_stat=f"total_inactive_file {4 * MIB}",
    )
    assert cgroup.free_memory() == 14 * MIB


def test_the_address_space_limit_counts():
    run_python(
        """
import resource
from fastmul.planning import memory
before = memory.available_bytes()
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, resource.RLIM_INFINITY))
assert 0 < memory.available_bytes() < 1 << 30
memory.require(1 << 24, "sixteen MiB")
try:
    memory.require(2 << 30, "two GiB")
except MemoryError as error:
    assert str(error).startswith("two GiB needs about 2,048 MiB; ")
else:
    raise SystemExit("not refused")
"""
    )


def test_a_product_beyond_memory_raises_where_gmp_would_abort():
    run_python(
        """
import resource
import fastmul, gmpy2
a = gmpy2.mpz(1) << 64 * (1 << 24)      # 128 MiB: its square needs 256, and scratch
fastmul.mul(3, 5)
import numpy
limit = int(open("/proc/self/statm").read().split()[0]) * 4096 + (200 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
for algorithm in ("auto", "gmp"):
    try:
        fastmul.mul(a, a, algorithm=algorithm)
    except MemoryError as error:
        assert "MiB are available" in str(error), error
    else:
        raise SystemExit(f"{algorithm} was not refused")
"""
    )
