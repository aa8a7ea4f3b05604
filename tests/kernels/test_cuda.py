"""CUDA kernels: compiled where a compiler is present, executed on the CPU always, on a GPU where there is one."""

from __future__ import annotations

import re
import sys
import types
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from fastmul.bounds import ntt as bounds
from fastmul.bounds.primes import PRIMES
from fastmul.kernels import backends
from fastmul.kernels.cuda import loader, ntt
from fastmul.kernels.reference import ntt as reference
from fastmul.transforms.ntt import root_table
from tests.guard_pages import guarded

from .cuda_compiler import compilers
from .host_device import COMPILER, HostDevice

SOURCES = sorted(loader.FOLDER.glob("*.cu"))
SMALL_PRIME = 998244353


def constants_of(source: Path) -> list[dict[str, int]]:
    """The sets of compile-time constants to try: for transforms, every kind of pass and of first radix."""
    if source.stem != "ntt":
        return [{}]
    kinds = [step.constants() for log_n in (1, 6, 11, 20, 21) for step in ntt.passes(log_n)]
    return [dict(kind) for kind in {tuple(kind.items()) for kind in kinds}]


# ------------------------------------------------------------------------------------ compiling


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
@pytest.mark.parametrize("compiler", ["nvcc", "nvrtc"])
def test_compiles(source, compiler, tmp_path):
    present = compilers()
    if compiler not in present:
        pytest.skip(
            f"{compiler} is not installed (NVRTC comes with fastmul[test], nvcc with the CUDA toolkit)"
        )
    for constants in constants_of(source):
        report = present[compiler](source, constants, tmp_path)
        if compiler == "nvrtc":
            assert ".visible .entry" in report
            continue
        # two blocks of 512 threads share a multiprocessor's 65536 registers, and nothing spills
        assert {int(n) for n in re.findall(r"(\d+) bytes spill", report)} == {0}
        assert max(int(n) for n in re.findall(r"Used (\d+) registers", report)) <= 64


def test_launch_compiles_once_for_a_set_of_constants_and_uses_the_arrays_device(monkeypatch):
    made, calls, entered = [], [], []

    class RawModule:
        def __init__(self, code, options):
            made.append((code, options))

        def get_function(self, name):
            return lambda *launch: calls.append((name, *launch, list(entered)))

    class Device:
        def __enter__(self):
            entered.append(self)

        def __exit__(self, *error):
            entered.remove(self)

    monkeypatch.setitem(sys.modules, "cupy", types.SimpleNamespace(RawModule=RawModule))
    monkeypatch.setattr(loader, "require_cuda", lambda: None)
    loader.module.cache_clear()
    array = types.SimpleNamespace(device=Device())
    for _ in range(2):
        loader.launch("pointwise", {"A": 1, "B": 2}, "multiply", 3, 4, (array, 5))
    loader.module.cache_clear()
    assert calls == [("multiply", (3,), (4,), (array, 5), [array.device])] * 2
    [(code, options)] = made
    assert "multiply(double *x" in code
    assert {"--fmad=false", "-DA=1", "-DB=2"} <= set(options)
    assert any(
        option.startswith("-DSOURCES=0x") for option in options
    )  # headers are part of CuPy's key


def test_launch_says_why_it_cannot(monkeypatch):
    monkeypatch.setattr(backends, "_probed", True)
    monkeypatch.setattr(backends, "_failure", "no such luck")
    with pytest.raises(backends.BackendUnavailableError, match="no such luck"):
        ntt.multiply(np.zeros((1, 64)), np.zeros((1, 64)), PRIMES[0])


# ------------------------------------------------------------------------------------ the plan of launches


@pytest.mark.parametrize("log_n", range(0, 28))
def test_passes_go_through_every_level_once(log_n):
    passes = ntt.passes(log_n)
    depth = 0
    for step in passes:
        assert step.depth == depth
        depth += sum(step.stages)
        assert step.nodes * step.columns << sum(step.stages) == ntt.TILE
        stride = 1 << (log_n - depth)  # between a tile's rows
        assert (
            step.columns == 1 if step is passes[-1] else ntt.MIN_COLUMNS <= step.columns <= stride
        )
    assert depth == log_n
    assert len(passes) == max(0, -(-(log_n - 3) // 9)) if log_n > 3 else len(passes) <= 1


def descend(bound, radix_levels, reach):
    """Bounds of a group's values, in units of p, through ntt.cu's `descend`; `reach` gets every sum's."""
    v = [bounds.REDUCED] + [bound] * ((1 << radix_levels) - 1)
    for level in range(radix_levels):
        half = (1 << radix_levels) >> (level + 1)
        for k in range(len(v)):
            if not k & half:
                v[k] = v[k + half] = v[k] + bounds.mulmod(v[k + half])
                reach.append(v[k])
    return max(v)


def ascend(bound, radix_levels, reach):
    """The same through `ascend`."""
    v = [bound] * (1 << radix_levels)
    for level in reversed(range(radix_levels)):
        half = (1 << radix_levels) >> (level + 1)
        if radix_levels == 3 and level == 0:
            v[0] = v[4] = bounds.REDUCED
        for k in range(len(v)):
            if not k & half:
                v[k] += v[k + half]
                reach.append(v[k])
                v[k + half] = bounds.mulmod(v[k])
    for k in range(1 if radix_levels == 3 else 0, len(v) // 2):
        v[k] = bounds.REDUCED
    return max(v)


@pytest.mark.parametrize("log_n", [1, 2, 3, 4, 5, 12, 13, 14, 22, 27])
@pytest.mark.parametrize(
    ("step", "limit"), [(descend, bounds.FORWARD), (ascend, bounds.INVERSE)], ids=["down", "up"]
)
def test_lazy_residues_stay_below_2_to_the_53(step, limit, log_n):
    stages = [levels for launch in ntt.passes(log_n) for levels in launch.stages]
    reach: list[Fraction] = []
    bound = Fraction(1)
    for levels in stages if step is descend else reversed(stages):
        bound = step(bound, levels, reach)
        assert bound <= limit
    assert max(reach) < bounds.LIMIT
    assert step(limit, 3, reach) <= limit  # and so does any number of stages more


# ------------------------------------------------------------------------------------ executing


@pytest.fixture(scope="session")
def kernels_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("kernels")


@pytest.fixture
def host(monkeypatch, kernels_folder):
    """The CPU in the GPU's place."""
    if COMPILER is None:
        pytest.skip(
            "no C++ compiler (c++, g++, clang++ or $CXX) to run the CUDA kernels on the CPU"
        )
    device = HostDevice(kernels_folder)
    monkeypatch.setattr(loader, "launch", device.launch)
    return device


def residues(shape, p, seed=0):
    """Rows of balanced residues: random ones, and the extremes, which reach every bound."""
    rng = np.random.default_rng(seed)
    x = rng.integers(-(p // 2), p // 2, shape, endpoint=True).astype(np.float64)
    if shape[0] > 1:
        x[-1] = p // 2
    if shape[0] > 2:
        x[-2] = np.where(rng.integers(0, 2, shape[1]), p // 2, -(p // 2))
    return x


# one pass and several rows in a tile, a tile of exactly one row, two passes with each first radix, three passes
SHAPES = [
    (1, 1),
    (3, 2),
    (5, 4),
    (2, 8),
    (70, 64),
    (3, 128),
    (7, 1024),
    (3, 4096),
    (2, 8192),
    (3, 16384),
    (1, 1 << 15),
]


@pytest.mark.parametrize(
    ("shape", "p"),
    [(shape, PRIMES[0]) for shape in SHAPES]
    + [(shape, p) for shape in SHAPES if shape[1] <= 4096 for p in (*PRIMES[1:], SMALL_PRIME)],
)
def test_transforms_are_the_reference(host, shape, p):
    roots = root_table(p, max(1, shape[1] // 2))
    start = residues(shape, p)
    expected, up, down = start.copy(), start.copy(), start.copy()
    reference.forward(expected, p, roots)
    ntt.forward(up, p, roots)
    assert np.array_equal(up, expected)

    host.downwards = True
    ntt.forward(down, p, roots)
    assert np.array_equal(down, up), (
        "another order of threads, another result: a barrier is missing"
    )

    reference.inverse(expected, p, roots)
    ntt.inverse(down, p, roots)
    assert np.array_equal(down, expected)
    host.downwards = False
    ntt.inverse(up, p, roots)
    assert np.array_equal(down, up), (
        "another order of threads, another result: a barrier is missing"
    )


@pytest.mark.parametrize("log_n", [7, 9, 10, 11, 12, 13])
def test_many_passes_in_small_tiles(host, monkeypatch, log_n):
    """Three and four passes, which full tiles need only from 2^22 points on."""
    monkeypatch.setattr(ntt, "TILE", 64)
    n, p = 1 << log_n, PRIMES[2]
    roots = root_table(p, n // 2)
    got = residues((3, n), p, log_n)
    expected = got.copy()
    ntt.forward(got, p, roots)
    reference.forward(expected, p, roots)
    assert np.array_equal(got, expected)
    assert len(host.launches) == 1 + -(-(log_n - 6) // 3)
    ntt.inverse(got, p, roots)
    reference.inverse(expected, p, roots)
    assert np.array_equal(got, expected)


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("shape", [(3, 2), (5, 64), (70, 64), (2, 8192)], ids=str)
def test_nothing_outside_the_operands_is_touched(host, shape, before):
    p = PRIMES[0]
    roots = guarded(root_table(p, shape[1] // 2), before=before)
    start = residues(shape, p)
    x, y = guarded(start, before=before), guarded(start, before=before)
    ntt.forward(x, p, roots)
    ntt.inverse(x, p, roots)
    ntt.multiply(x, y, p)
    squares = [int(v) ** 2 * shape[1] % p for v in start.flat]
    assert [int(v) % p for v in x.flat] == squares


@pytest.mark.parametrize("p", [PRIMES[1], SMALL_PRIME])
def test_products_are_the_reference(host, p):
    x, y = residues((3, 128), p, 1), residues((3, 128), p, 2)
    x[0, :3], y[0, :3] = (p, -p, p), (p, p, p // 2)  # what other kernels may leave
    expected = x.copy()
    reference.multiply(expected, y, p)
    got = x.copy()
    ntt.multiply(got, y, p)
    assert np.array_equal(got, expected)
    square, expected = x.copy(), x.copy()
    reference.multiply(expected, expected, p)
    ntt.multiply(square, square, p)
    assert np.array_equal(square, expected)


def test_products_larger_than_the_grid(host):
    count = ntt.POINTWISE_THREADS * ntt.POINTWISE_BLOCKS + 1000
    x = np.arange(count, dtype=np.float64).reshape(1, -1)
    ntt.multiply(x, np.full((1, count), 3.0), PRIMES[0])
    assert np.array_equal(x[0], 3.0 * np.arange(count))


def test_a_convolution(host):
    p, n = PRIMES[0], 256
    rng = np.random.default_rng(5)
    a, b = rng.integers(0, 2**20, n // 2), rng.integers(0, 2**20, n // 2)
    x, y = np.zeros((1, n)), np.zeros((1, n))
    x[0, : n // 2], y[0, : n // 2] = a, b
    roots = root_table(p, n // 2)
    ntt.forward(x, p, roots)
    ntt.forward(y, p, roots)
    ntt.multiply(x, y, p)
    ntt.inverse(x, p, roots)
    product = [int(v) * pow(n, -1, p) % p for v in x[0]]
    assert product[: n - 1] == np.convolve(a, b).tolist()


def test_nothing_to_do(host):
    roots = root_table(PRIMES[0], 32)
    ntt.forward(np.zeros((0, 64)), PRIMES[0], roots)
    ntt.multiply(np.zeros((0, 64)), np.zeros((0, 64)), PRIMES[0])
    assert host.launches == []


@pytest.mark.parametrize(
    ("x", "match"),
    [
        (np.zeros((1, 96)), "power of two"),
        (np.zeros(64), "power of two"),
        (np.zeros((1, 64), np.float32), "float32"),
        (np.zeros((1, 128))[:, ::2], "strided"),
        (np.zeros((1, 128)), "needs n/2 roots"),
    ],
)
def test_bad_operands_raise(host, x, match):
    with pytest.raises(ValueError, match=match):
        ntt.forward(x, PRIMES[0], root_table(PRIMES[0], 32))
    with pytest.raises(ValueError, match="shape"):
        ntt.multiply(np.zeros((1, 64)), np.zeros((2, 64)), PRIMES[0])


# ------------------------------------------------------------------------------------ on a GPU


@pytest.fixture
def cupy():
    if reason := backends.cuda_failure():
        pytest.skip(f"needs a GPU: {reason}")
    return pytest.importorskip("cupy")


@pytest.mark.gpu
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_transforms_on_a_gpu(cupy, shape):
    p = PRIMES[0]
    roots = root_table(p, max(1, shape[1] // 2))
    expected = residues(shape, p)
    x, device_roots = cupy.asarray(expected), cupy.asarray(roots)
    kernels = backends.kernels_for(x).ntt
    kernels.forward(x, p, device_roots)
    reference.forward(expected, p, roots)
    assert np.array_equal(x.get(), expected)
    kernels.multiply(x, x, p)
    reference.multiply(expected, expected, p)
    assert np.array_equal(x.get(), expected)
    kernels.inverse(x, p, device_roots)
    reference.inverse(expected, p, roots)
    assert np.array_equal(x.get(), expected)
