"""The executor: any schemes, mixed level by level, any sizes and layouts, any ring."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastmul
from fastmul.matrices import schemes
from fastmul.matrices.schemes import alternative_basis, arithmetic, executor
from fastmul.matrices.schemes.alternative_basis import karstadt_schwartz
from fastmul.matrices.schemes.loading import SHIPPED, named
from fastmul.matrices.schemes.schedule import Pass, schedule
from fastmul.matrices.schemes.scheme import Scheme, classical
from fastmul.matrices.schemes.straight_line import program

WINOGRAD, STRASSEN, LADERMAN = named("winograd"), named("strassen"), named("laderman")
IN_INTEGERS = [name for name in SHIPPED if named(name).denominator == 1]


def numpy_product(a, b, out):
    np.matmul(a, b, out=out)


def machine(dtype, n_threads=1):
    return arithmetic.machine(numpy_product, np.dtype(dtype), n_threads)


def integers(shape, dtype, seed):
    info = np.iinfo(dtype)
    return np.random.default_rng(seed).integers(info.min, info.max, shape, dtype, endpoint=True)


@settings(max_examples=40)
@given(
    st.tuples(*[st.integers(1, 40)] * 3),
    st.lists(st.sampled_from([WINOGRAD, STRASSEN, LADERMAN, classical(1, 2, 3)]), max_size=3),
    st.sampled_from(["int64", "int32", "uint8"]),
    st.tuples(*[st.sampled_from("CF")] * 3),
    st.integers(1, 2),
)
def test_mixed_levels_at_any_size(sizes, levels, dtype, orders, threads):
    m, k, n = sizes
    a = np.array(integers((m, k), dtype, m), order=orders[0])
    b = np.array(integers((k, n), dtype, n), order=orders[1])
    out = np.empty((m, n), dtype, order=orders[2])
    executor.multiply(a, b, out, levels, machine(dtype, threads))
    np.testing.assert_array_equal(out, a @ b)


@pytest.mark.parametrize("name", IN_INTEGERS)
def test_layouts(name):
    """Read-only and reversed operands, and gaps between columns, which are copied."""
    a = integers((52, 46), "int64", 1)[::-2, 1:]
    b = np.asfortranarray(integers((90, 33), "int64", 2))[::2]
    a.flags.writeable = b.flags.writeable = False
    out = np.zeros((26, 66), np.int64)[:, ::2]
    executor.multiply(a, b, out, [named(name)], machine("int64"))
    np.testing.assert_array_equal(out, a @ b)


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("p", [3, 65537, (1 << 61) - 1])
def test_modulo_p(name, p):
    """Also with fractions: 2 has an inverse modulo odd numbers."""
    rng = np.random.default_rng(p % 1000)
    a, b = (rng.integers(0, p, shape) for shape in ((26, 37), (37, 25)))
    right = a.astype(object) @ b.astype(object) % p

    def product(x, y, out):
        assert min(x.min(), y.min()) >= 0
        assert max(x.max(), y.max()) < p
        out[...] = x.astype(object) @ y.astype(object) % p

    out = np.empty((26, 25), np.int64)
    executor.multiply(a, b, out, [named(name), WINOGRAD], arithmetic.modular(product, p))
    np.testing.assert_array_equal(out, right.astype(np.int64))


def test_a_ring_of_ones_own():
    """The Gaussian integers and their quarters: no kernel, only functions on arrays."""
    rng = np.random.default_rng(0)
    a, b = (rng.integers(-9, 10, (2, 9, 9)) for _ in "ab")
    a, b = a[0] + 1j * a[1], b[0] + 1j * b[1]
    ring = arithmetic.elementwise(
        numpy_product, np.add, np.subtract, lambda c, x: float(c) * x, divides_by=lambda d: True
    )
    for name in SHIPPED:
        out = np.empty_like(a)
        executor.multiply(a, b, out, [named(name)], ring)
        np.testing.assert_array_equal(out, a @ b)


@pytest.mark.parametrize("p", [None, 10])
def test_fractions_need_an_inverse_of_two(p):
    half = named("dumas_pernet_sedoglavic")
    ring = machine("int64") if p is None else arithmetic.modular(numpy_product, p)
    a = np.ones((4, 4), np.int64)
    with pytest.raises(ValueError, match="divides by 4, which has no inverse"):
        executor.multiply(a, a, np.empty_like(a), [half], ring)


def test_products_of_a_level_are_its_rank():
    seen = []

    def product(x, y, out):
        seen.append(x.shape)
        np.matmul(x, y, out=out)

    a = np.ones((12, 12), np.int64)
    levels = [LADERMAN, WINOGRAD]
    executor.multiply(a, a, np.empty_like(a), levels, arithmetic.machine(product, a.dtype))
    assert seen == [(2, 2)] * (23 * 7)


# ---------------------------------------------------------------- schedules


@pytest.mark.parametrize(
    ("scheme", "temporaries"),
    [(classical(2, 2, 2), 1), (STRASSEN, 3), (WINOGRAD, 2), (LADERMAN, 4), (named("strassen_squared"), 7),
     (named("dumas_pernet_sedoglavic"), 6)],
    ids=lambda x: getattr(x, "name", x),
)  # fmt: skip
def test_schedules_are_lean(scheme, temporaries):
    assert len(schedule(scheme).temporaries) <= temporaries


def test_common_sums_are_formed_once():
    """The counts of the literature: 18 additions of Strassen's scheme, 15 of Winograd's."""
    for scheme, count in ((STRASSEN, 18), (WINOGRAD, 15)):
        forms = scheme.u, scheme.v, tuple(zip(*scheme.w, strict=True))
        assert sum(program(rows, [0] * len(rows[0])).additions for rows in forms) == count


def test_passes_read_before_they_write():
    """A block is written by the pass that reads it last at the earliest: nothing is lost on the way."""
    for scheme in (WINOGRAD, LADERMAN, STRASSEN @ WINOGRAD):
        for step in schedule(scheme).instructions:
            if isinstance(step, Pass):
                assert len({block for _, block in step.writes}) == len(step.writes)
                assert {register for register, _ in step.writes} <= {s.to for s in step.steps}


# ---------------------------------------------------------------- other bases


def test_karstadt_and_schwartz_take_twelve_additions():
    basis = karstadt_schwartz()
    basis.plain().verify()
    assert schedule(basis.scheme).additions == 12
    assert basis.plain().u == WINOGRAD.u
    with pytest.raises(ValueError, match="does not multiply matrices"):
        basis.scheme.verify()  # without its bases


@pytest.mark.parametrize("levels", [1, 2, 3])
@pytest.mark.parametrize("order", "CF")
def test_other_bases_at_any_size(levels, order):
    a, b = integers((27, 45), "int64", 1), integers((45, 38), "int64", 2)
    before = a.copy()
    out = np.empty((27, 38), np.int64, order=order)
    alternative_basis.multiply(a, b, out, karstadt_schwartz(), levels, machine("int64"))
    np.testing.assert_array_equal(out, a @ b)
    np.testing.assert_array_equal(a, before)


# ---------------------------------------------------------------- the public function


@pytest.mark.parametrize("name", [*IN_INTEGERS, "karstadt_schwartz"])
def test_multiply_is_matmul(name):
    a, b = integers((30, 31), "int32", 1), integers((31, 32), "int32", 2)
    got = schemes.multiply(a, b, name)
    assert got.dtype == np.int32
    np.testing.assert_array_equal(got, a @ b)
    np.testing.assert_array_equal(
        schemes.multiply(a, b, name, levels=2, mod=1009), fastmul.matmul(a, b, mod=1009)
    )
    floats = schemes.multiply(a.astype(float), b.astype(float), name, levels=2)
    np.testing.assert_allclose(
        floats, a.astype(float) @ b.astype(float), rtol=1e-9, atol=2.0**62 * 1e-12
    )


def test_multiply_a_vector_a_stack_and_mixed_levels(tmp_path):
    a, b = integers((3, 18, 18), "int64", 1), integers((18, 18), "int64", 2)
    np.testing.assert_array_equal(schemes.multiply(a, b, ["laderman", WINOGRAD]), a @ b)
    np.testing.assert_array_equal(schemes.multiply(b, b[0], "strassen"), b @ b[0])
    schemes.save_scheme(LADERMAN, tmp_path / "mine.json")
    np.testing.assert_array_equal(
        schemes.multiply(b, b, schemes.load_scheme(tmp_path / "mine.json")), b @ b
    )


@pytest.mark.parametrize(
    ("scheme", "keywords", "error", "complaint"),
    [
        ("dumas_pernet_sedoglavic", {}, fastmul.AlgorithmError, "divides by 4"),
        ("dumas_pernet_sedoglavic", {"mod": 6}, fastmul.AlgorithmError, "divides by 4"),
        ("winograd", {"mod": 1 << 63}, fastmul.AlgorithmError, "leave 64 bits"),
        ("winogard", {}, ValueError, "scheme='winogard'"),
        (["winograd"], {"levels": 2}, ValueError, "for every level"),
        (["karstadt_schwartz"], {}, ValueError, "without bases of their own"),
        ("winograd", {"levels": 0}, ValueError, "at least 1"),
        (7, {}, ValueError, "scheme=7"),
    ],
)
def test_multiply_refuses(scheme, keywords, error, complaint):
    a = np.ones((8, 8), np.int64)
    with pytest.raises(error, match=complaint):
        schemes.multiply(a, a, scheme, **keywords)


def test_booleans_have_no_subtraction():
    a = np.ones((4, 4), bool)
    with pytest.raises(fastmul.AlgorithmError, match="no subtraction"):
        schemes.multiply(a, a, "strassen")


def test_schemes_are_hashable_and_equal_by_value():
    again = Scheme.of(
        WINOGRAD.name, WINOGRAD.shape, WINOGRAD.u, WINOGRAD.v, WINOGRAD.w, WINOGRAD.source
    )
    assert again == WINOGRAD
    assert hash(again) == hash(WINOGRAD)
