"""Too large a product is a MemoryError that can be caught, said before GMP or a kernel could end the process."""

from __future__ import annotations

import subprocess
import sys

import gmpy2
import pytest

import fastmul
from fastmul.integers import mul_limbs
from fastmul.integers.multiplication.on_limbs import OPERATION
from fastmul.planning import memory
from tests.adversaries import to_limbs

A = (1 << 64 * 100_000) - 1


@pytest.mark.parametrize("name", fastmul.mul.operation.names)
def test_each_row_asks_first(name, monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 1 << 20)
    with pytest.raises(
        MemoryError, match=r"100000.* limbs.* needs about .* MiB; 1 MiB are available"
    ):
        fastmul.mul(A, A - 1, algorithm=name)


@pytest.mark.parametrize("name", OPERATION.names)
def test_limb_arrays_ask_first(name, monkeypatch):
    x = to_limbs((1 << 64 * 500_000) - 1)
    monkeypatch.setattr(memory, "available_bytes", lambda: 1 << 20)
    with pytest.raises(MemoryError, match="1 MiB are available"):
        mul_limbs(x, x, algorithm=name)


LIMITED = """
import resource, sys
import fastmul, gmpy2
name = sys.argv[1]
kind = {"int": int, "mpz": gmpy2.mpz}[sys.argv[2]]
fastmul.mul(kind(3) << 20_000, kind(5) << 30_000, algorithm=name)  # loads and compiles
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (40 << 20),) * 2)
a = kind(7) << (8 * (8 << 20))
caught = 0
for b in (a, a + 1):
    try:
        fastmul.mul(a, b, algorithm=name, threads=1)
    except MemoryError as error:
        assert "MiB are available" in str(error), error
        caught += 1
assert caught == 2
assert fastmul.mul(kind(3) << 20_000, kind(5), algorithm=name) == 15 << 20_000
print("caught")
"""


def test_a_long_number_times_a_short_one_asks_too(monkeypatch):
    fastmul.mul(
        gmpy2.mpz(3) << 20_000, gmpy2.mpz(5) << 30_000
    )  # sets how far the shortest way reaches
    monkeypatch.setattr(memory, "available_bytes", lambda: 1 << 20)
    memory.forget()
    for one in (gmpy2.mpz(1), 1):
        with pytest.raises(MemoryError, match="1 MiB are available"):
            fastmul.mul(gmpy2.mpz(1) << 2**28, one)


#: Rows on limbs share the door where they ask, whatever holds the numbers: one kind is enough for each.
LIMITS = [(name, "mpz") for name in ("auto", *fastmul.mul.operation.names)]
LIMITS += [(name, "int") for name in ("auto", "fft", "gmp", "python")]


@pytest.mark.parametrize(("name", "kind"), LIMITS)
def test_under_an_address_space_limit(name, kind):
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, name, kind], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "caught" in done.stdout


GROWTH = """
import ctypes, sys
import fastmul, numpy as np
from fastmul.integers import mul_limbs
threads, n = int(sys.argv[1]), 1 << 20
x = np.random.default_rng(1).integers(0, 2**64, n + 64, dtype=np.uint64)
mul_limbs(x[: n // 2], x[-(n // 2) :], threads=threads)  # loads and compiles
fastmul.clear_cache()
ctypes.CDLL(None).malloc_trim(0)  # what was freed would be used again, unseen
y = x[::-1].copy()

def status(name):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))

open("/proc/self/clear_refs", "w").write("5")  # the peak starts anew
before = status("VmRSS")
out = mul_limbs(x, y, threads=threads)  # just above a power of two, where transforms are loosest
print((status("VmHWM") - before) / out.nbytes)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peaks are read from /proc")
@pytest.mark.parametrize("threads", ["1", "2"])
def test_peak_memory_is_below_eight_times_the_product(threads):
    done = subprocess.run(
        [sys.executable, "-c", GROWTH, threads], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert 2 < float(done.stdout) <= 8
