"""The packed product: every ring, at every edge of its tiles and blocks, for any strides, against NumPy's integers."""

import ctypes
import mmap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest

from fastmul.kernels.cpu.gemm import driver, emit, multiply
from fastmul.kernels.cpu.gemm.kernels import Kernels, kernels
from fastmul.kernels.cpu.gemm.rings import Ring, Tile, rings
from fastmul.kernels.reference import gemm as reference
from fastmul.runtime.jit import Kernel
from fastmul.runtime.target import target
from tests.adversaries import straddle
from tests.runtime.processes import REPOSITORY, run_python

PROT_NONE = 0
RINGS = list(rings())
every_ring = pytest.mark.parametrize("name", RINGS)
FLOAT_MAX = {
    "float32": 2**6,
    "float64": 2**20,
}  # sums of products stay integers that the float holds


def matrix(dtype, shape, rng, kind="random"):
    """A random or extreme matrix whose products are exact in its ring."""
    if dtype.startswith("float"):
        low, high = -FLOAT_MAX[dtype], FLOAT_MAX[dtype]
    else:
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    if kind == "low":
        return np.full(shape, low, dtype)
    if kind == "high":
        return np.full(shape, high, dtype)
    if kind == "corners":
        return rng.choice(np.array([low, high, low + 1, high - 1, 0], dtype), shape)
    return rng.integers(low, high, shape, np.int64 if "float" in dtype else dtype, True).astype(
        dtype
    )


def operands(name, m, k, n, rng, kind_a="random", kind_b="random"):
    ring = rings()[name]
    a, b = matrix(ring.a, (m, k), rng, kind_a), matrix(ring.b, (k, n), rng, kind_b)
    if name == "bool":  # sparse, so that zeros occur among the results; any nonzero byte is true
        a *= rng.random(a.shape) < 0.3
        b *= rng.random(b.shape) < 0.3
    return a, b


def truth(name, a, b):
    """The product by NumPy's int64 loop, which wraps modulo 2^64, cut down to the result's dtype."""
    if name == "bool":
        return np.matmul(a != 0, b != 0).view(np.uint8)
    return np.matmul(a.astype(np.int64), b.astype(np.int64)).astype(rings()[name].result)


def check(name, a, b, c=None, threads=1, made=None):
    expected = truth(name, a, b)
    if c is None:
        c = np.empty(expected.shape, expected.dtype)
    driver.multiply_with(made or kernels(name), a, b, c, threads)
    np.testing.assert_array_equal(c, expected)


@cache
def tiny(name):
    """The ring with blocks so small that their edges are cheap to reach."""
    ring = rings()[name]
    tile = replace(ring.tile, kc=4 * ring.k_group, mc=2 * ring.tile.mr, nc=2 * ring.nr)
    return Kernels(replace(ring, name=f"{name}_tiny", tile=tile))


def edges(*steps):
    return sorted({n for n in straddle(*steps) if n})


# ---------------------------------------------------------------- sizes


@every_ring
def test_all_small_sizes(name):
    rng = np.random.default_rng(1)
    for m, k, n in product((0, 1, 2, 3, 7), (0, 1, 2, 3, 4, 5, 8), (0, 1, 2, 5, 9)):
        check(name, *operands(name, m, k, n, rng))


@every_ring
def test_tile_edges(name):
    ring, rng = rings()[name], np.random.default_rng(2)
    mr, nr = ring.tile.mr, ring.nr
    for m, n in product(edges(mr, 2 * mr), edges(nr, 2 * nr)):
        check(name, *operands(name, m, 9, n, rng))
    for k in edges(4 * ring.k_group, 8 * ring.k_group, 16 * ring.k_group):
        check(name, *operands(name, mr + 1, k, nr + 1, rng))


@every_ring
def test_block_edges_in_one_call(name):
    made, rng = tiny(name), np.random.default_rng(3)
    tile = made.ring.tile
    for m, k, n in product(edges(tile.mc), edges(tile.kc, 2 * tile.kc), edges(tile.nc)):
        check(name, *operands(name, m, k, n, rng), made=made)


@every_ring
@pytest.mark.parametrize("threads", [1, 2])
def test_block_edges_in_chunks(name, threads, monkeypatch):
    """Slabs of two or three blocks, several column ranges, chunks of one row block: all edges of the driver."""
    made, rng = tiny(name), np.random.default_rng(4)
    tile, nr = made.ring.tile, made.ring.nr
    monkeypatch.setattr(driver, "SMALL_WORK", 0)
    monkeypatch.setattr(driver, "FEW_BLOCKS", 0)
    monkeypatch.setattr(driver, "CHUNK_WORK", 1)
    monkeypatch.setattr(driver, "PACK_BYTES", 1 << 10)
    block_bytes = made.ring.side_b.word_bytes * 6 * 2 * nr
    monkeypatch.setattr(driver, "SLAB_BYTES", 2 * block_bytes)
    for m, k, n in product(edges(2 * tile.mc), edges(3 * tile.kc), edges(3 * nr, 4 * nr)):
        check(name, *operands(name, m, k, n, rng), threads=threads, made=made)


@every_ring
def test_block_edges_in_strips(name, monkeypatch):
    """Few rows of A: strips of two panels of B, the last one of one."""
    made, rng = tiny(name), np.random.default_rng(14)
    tile, nr = made.ring.tile, made.ring.nr
    monkeypatch.setattr(driver, "SMALL_WORK", 0)
    monkeypatch.setattr(driver, "STRIP_COLUMNS", 2 * nr)
    monkeypatch.setattr(driver, "STRIP_BYTES", 1)
    for m, k, n in product(edges(2 * tile.mc)[:2], edges(2 * tile.kc), edges(4 * nr)):
        check(name, *operands(name, m, k, n, rng), threads=2, made=made)


@every_ring
def test_true_block_edges(name):
    ring, rng = rings()[name], np.random.default_rng(5)
    for k in straddle(ring.tile.kc):
        check(name, *operands(name, ring.tile.mr + 1, k, ring.nr + 1, rng), threads=2)
    check(
        name, *operands(name, ring.tile.mc + 1, ring.tile.kc + 1, 3 * ring.nr + 5, rng), threads=2
    )


# ---------------------------------------------------------------- values


@every_ring
@pytest.mark.parametrize("kinds", list(product(("low", "high", "corners"), repeat=2)))
def test_extreme_values(name, kinds):
    rng = np.random.default_rng(6)
    check(name, *operands(name, 17, 131, 35, rng, *kinds))


def test_floats_are_as_accurate_as_a_dot_product():
    rng = np.random.default_rng(7)
    for name, precision in (("float32", 2.0**-24), ("float64", 2.0**-53)):
        a = rng.standard_normal((40, 700)).astype(name)
        b = rng.standard_normal((700, 50)).astype(name)
        c = np.empty((40, 50), name)
        multiply(a, b, c, name)
        exact = a.astype(np.longdouble) @ b.astype(np.longdouble)
        bound = 700 * precision * (np.abs(a).astype(np.longdouble) @ np.abs(b)) + precision * 1e-3
        assert (np.abs(c - exact) <= bound).all()


def test_floats_do_not_depend_on_threads():
    rng = np.random.default_rng(8)
    a, b = rng.standard_normal((500, 600)), rng.standard_normal((600, 400))
    results = []
    for threads in (1, 2, 3):
        c = np.empty((500, 400))
        multiply(a, b, c, "float64", threads)
        results.append(c)
    assert (results[0] == results[1]).all()
    assert (results[0] == results[2]).all()


def test_nan_and_infinity_stay_in_their_rows_and_columns():
    a, b = np.ones((30, 40)), np.ones((40, 50))
    a[3, 5], b[7, 11] = np.nan, np.inf
    c = np.empty((30, 50))
    multiply(a, b, c, "float64")
    expected = np.full((30, 50), 40.0)
    expected[:, 11] = np.inf
    expected[3, :] = np.nan
    np.testing.assert_array_equal(c, expected)


@every_ring
def test_the_reference_says_the_same(name):
    rng = np.random.default_rng(9)
    a, b = operands(name, 5, 6, 7, rng)
    c = np.empty((5, 7), rings()[name].result)
    reference.multiply(a, b, c, name)
    np.testing.assert_array_equal(c, truth(name, a, b))


# ---------------------------------------------------------------- rings of one's own


def _smaller(builder, x, y):
    return builder.select(builder.icmp_signed("<", x, y), x, y)


def _plus_then_min(builder, c, a, b):
    return _smaller(builder, c, builder.add(a, b))


MIN_PLUS = Ring("test_min_plus", *["int64"] * 6, _plus_then_min, Tile(2, 1, 4, 4, 16), 64,
                zero=2**62, join=_smaller)  # fmt: skip


def test_a_semiring_whose_zero_is_infinity():
    rng = np.random.default_rng(20)
    for m, k, n in ((5, 9, 11), (4, 4, 8), (1, 1, 1), (3, 0, 2)):
        a, b = rng.integers(-(2**60), 2**60, (m, k)), rng.integers(-(2**60), 2**60, (k, n))
        c = np.empty((m, n), np.int64)
        multiply(a, b, c, MIN_PLUS)
        expected = (a[:, :, None] + b[None]).min(axis=1, initial=2**62)
        np.testing.assert_array_equal(c, expected)


def _modulo(builder, x, kind, p):
    return builder.urem(x, emit.splat(builder, p, kind.count) if hasattr(kind, "count") else p)


def _add_halves(builder, c, a, b, p):
    """Sums of the low and of the high 32 bits of products."""
    wide = builder.mul(a, b)
    low = builder.and_(wide, emit.constant(wide.type, 2**32 - 1))
    return builder.add(c[0], low), builder.add(
        c[1], builder.lshr(wide, emit.constant(wide.type, 32))
    )


MOD_P = Ring(
    "test_mod_p", *["uint64"] * 6, _add_halves, Tile(2, 1, 16, 4, 16), 64,
    encode_a=_modulo, encode_b=_modulo,
    n_accumulators=2, period=3, parameters=("uint64",), operand_bits=32,
    reduce=lambda builder, c, p: tuple(builder.urem(x, p) for x in c),
    store=lambda builder, c, p: builder.urem(
        builder.add(c[0], builder.shl(builder.urem(c[1], p), emit.constant(p.type, 32))), p),
    join=lambda builder, x, y, p: builder.urem(builder.add(x, y), p),
)  # fmt: skip


def test_a_ring_with_a_modulus_two_accumulators_and_delayed_reduction():
    rng = np.random.default_rng(21)
    for p in (2, 998244353, 2**32 - 5):
        for m, k, n in ((5, 41, 11), (4, 16, 8), (3, 2, 2)):
            a, b = (
                rng.integers(0, 2**64, (m, k), np.uint64),
                rng.integers(0, 2**64, (k, n), np.uint64),
            )
            c = np.empty((m, n), np.uint64)
            multiply(a, b, c, MOD_P, parameters=np.array([p], np.uint64))
            expected = a.astype(object) @ b.astype(object) % p
            np.testing.assert_array_equal(c, expected.astype(np.uint64))


# ---------------------------------------------------------------- memory


def layouts(x):
    """The same matrix under every kind of strides."""
    rows, columns = x.shape
    wide = np.zeros((rows, 2 * columns), x.dtype)
    wide[:, ::2] = x
    tall = np.zeros((3 * rows, columns), x.dtype)
    tall[::3] = x
    padded = np.zeros((rows + 2, columns + 3), x.dtype)
    padded[1:-1, 2:-1] = x
    shifted = np.zeros(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    yield "C", x
    yield "Fortran", np.asfortranarray(x)
    yield "reversed rows", np.ascontiguousarray(x[::-1])[::-1]
    yield "reversed columns", np.ascontiguousarray(x[:, ::-1])[:, ::-1]
    yield "every second column", wide[:, ::2]
    yield "every third row", tall[::3]
    yield "inside a larger one", padded[1:-1, 2:-1]
    if x.dtype.itemsize == 1:
        shifted[...] = x
        yield "odd address", shifted


@every_ring
def test_any_strides(name):
    ring, rng = rings()[name], np.random.default_rng(10)
    a, b = operands(name, 2 * ring.tile.mr + 1, 21, 2 * ring.nr + 3, rng)
    expected = truth(name, a, b)
    for (how_a, x), (how_b, y) in product(layouts(a), layouts(b)):
        c = np.empty_like(expected)
        multiply(x, y, c, name)
        assert (c == expected).all(), (how_a, how_b)
    for how, c in layouts(np.zeros_like(expected)):
        multiply(a, b, c, name)
        assert (c == expected).all(), how


def test_results_go_nowhere_else():
    a, b = operands("int64", 30, 20, 40, np.random.default_rng(11))
    around = np.full((34, 100), -7)
    multiply(a, b, around[2:-2, 5:85:2], "int64")
    assert (around[2:-2, 5:85:2] == truth("int64", a, b)).all()
    around[2:-2, 5:85:2] = -7
    assert (around == -7).all()


@every_ring
def test_read_only_and_broadcast_operands(name):
    ring, rng = rings()[name], np.random.default_rng(12)
    a, b = operands(name, 1, 40, 1, rng)
    a, b = np.broadcast_to(a, (30, 40)), np.broadcast_to(b, (40, 35))  # read-only, stride 0
    check(name, a, b)
    for x in (a, b):
        assert not x.flags.writeable
    assert ring.result == truth(name, a, b).dtype


def guarded(array, before):
    """A copy of the array that starts right behind, or ends right before, a page that must not be touched."""
    page = mmap.PAGESIZE
    pages = -(-max(1, array.nbytes) // page)
    memory = mmap.mmap(-1, (pages + 1) * page)
    raw = np.frombuffer(memory, np.uint8)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    guard = raw.ctypes.data + (0 if before else pages * page)
    assert libc.mprotect(guard, page, PROT_NONE) == 0
    start = page if before else pages * page - array.nbytes
    copy = raw[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


@every_ring
@pytest.mark.parametrize("before", [True, False])
def test_nothing_outside_the_operands_is_touched(name, before):
    ring, rng = rings()[name], np.random.default_rng(13)
    mr, nr = ring.tile.mr, ring.nr
    for m, k, n in product((1, mr - 1, mr, mr + 1), (1, 3, 4, 17), (1, nr - 1, nr, nr + 1)):
        a, b = operands(name, m, k, n, rng)
        c = guarded(np.zeros((m, n), ring.result), before)
        check(name, guarded(a, before), guarded(b, before), c)
        c = guarded(np.zeros((n, m), ring.result), before).T
        check(name, guarded(a.T, before).T, guarded(b.T, before).T, c)


# ---------------------------------------------------------------- callers and targets


def test_eight_callers_at_once():
    rng = np.random.default_rng(14)
    sizes = [(40, 50, 60), (300, 200, 310), (7, 900, 11), (161, 161, 161)]
    jobs = [(name, *operands(name, *sizes[i % 4], rng)) for i, name in enumerate(RINGS * 3)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda job: check(*job, threads=2), jobs))


@every_ring
def test_no_zmm_register_on_a_target_without_them(name):
    if target().avx512:
        pytest.skip("this target has them; the subprocess below has none")
    made = kernels(name)
    for kernel in (value for value in vars(made).values() if isinstance(value, Kernel)):
        kernel.prepare()
        fresh = Kernel(kernel.py_func)
        fresh.compile(kernel.declared)
        (assembly,) = fresh.inspect_asm().values()
        assert kernel.__name__ in assembly
        assert "zmm" not in assembly


TARGETS = {
    "AVX2": {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+fma,+bmi,+bmi2"},
    "AVX-512 without VNNI": {
        "NUMBA_CPU_NAME": "skylake-avx512",
        "NUMBA_CPU_FEATURES": "+avx2,+fma,+bmi,+bmi2,+avx512f,+avx512bw,+avx512dq,+avx512vl,+avx512cd",
    },
}
ON_OTHER_TARGET = "import sys, pytest; sys.exit(pytest.main(sys.argv[1:]))"


@pytest.mark.skipif(not target().avx512, reason="run by the AVX-512 leg")
@pytest.mark.parametrize("which", TARGETS)
def test_the_same_on_another_target(which):
    wanted = "not another_target" if which == "AVX2" else "int16 or int8 or bool"
    arguments = [
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "-k",
        wanted,
        str(REPOSITORY / "tests/kernels/test_gemm.py"),
    ]
    run_python(ON_OTHER_TARGET, *arguments, **TARGETS[which])
