"""The field of 256 elements: its arithmetic against long division, matmul over it against its arithmetic."""

from functools import cache

import numpy as np
import pytest

import fastmul
from fastmul.matrices import GF256
from fastmul.runtime.target import target
from tests.guard_pages import guarded
from tests.runtime.processes import run_python

needs_gfni = pytest.mark.skipif(not target().gfni, reason="this CPU has no GFNI")

POLYNOMIALS = [0x11B, 0x11D, 0x12B, 0x1F9]
every_field = pytest.mark.parametrize("polynomial", POLYNOMIALS, ids=hex)


def product(x, y, polynomial):
    """By the schoolbook: shift and add, then divide."""
    total = 0
    for i in range(8):
        if y >> i & 1:
            total ^= x << i
    for i in range(14, 7, -1):
        if total >> i & 1:
            total ^= polynomial << (i - 8)
    return total


@cache
def products(polynomial):
    """The table of products; they are linear in y."""
    table = np.zeros((256, 256), np.uint8)
    for i in range(8):
        power = np.array([product(x, 1 << i, polynomial) for x in range(256)], np.uint8)
        table[:, np.arange(256) >> i & 1 == 1] ^= power[:, np.newaxis]
    return table


def truth(a, b, polynomial):
    """The matrix product, entry by entry."""
    table = products(polynomial)
    return np.array(
        [[np.bitwise_xor.reduce(table[row, column]) for column in b.T] for row in a], np.uint8
    )


def elements(shape, seed=0):
    return np.random.default_rng([*shape, seed]).integers(0, 256, shape, np.uint8)


@every_field
def test_arithmetic(polynomial):
    field = GF256(polynomial)
    x, y = np.meshgrid(np.arange(256), np.arange(0, 256, 7))
    expected = [
        [product(int(p), int(q), polynomial) for p, q in zip(*rows, strict=True)]
        for rows in zip(x, y, strict=True)
    ]
    np.testing.assert_array_equal(field.multiply(x, y), expected)
    units = np.arange(1, 256)
    assert (field.multiply(units, field.inverse(units)) == 1).all()
    with pytest.raises(ZeroDivisionError, match="0 has no inverse"):
        field.inverse(np.array([1, 0]))


def test_the_irreducible_polynomials_are_thirty():
    def exists(polynomial):
        try:
            GF256(polynomial)
        except ValueError:
            return False
        return True

    assert sum(exists(q) for q in range(0x80, 0x280)) == 30  # by Gauss's formula: (2^8 - 2^4) / 8
    with pytest.raises(ValueError, match=r"0x101.*irreducible.*0x11d"):
        GF256(0x101)


@every_field
def test_the_maps_are_an_isomorphism(polynomial):
    def apply(matrix, x):
        rows = [matrix >> 8 * (7 - i) & 0xFF for i in range(8)]
        return sum(((row & x).bit_count() & 1) << i for i, row in enumerate(rows))

    field = GF256(polynomial)
    there, back = field.maps()
    assert all(apply(back, apply(there, x)) == x for x in range(256))
    for x in range(0, 256, 5):
        for y in range(0, 256, 11):
            image = product(apply(there, x), apply(there, y), 0x11B)
            assert image == apply(there, product(x, y, polynomial))


@every_field
def test_matmul(polynomial):
    field = GF256(polynomial)
    for m, k, n in [(1, 1, 1), (3, 2, 5), (12, 70, 128), (13, 40, 129), (97, 33, 65)]:
        a, b = elements((m, k)), elements((k, n), seed=1)
        c = fastmul.matmul(a, b, semiring=field, verify=True)
        assert c.dtype == np.uint8
        np.testing.assert_array_equal(c, truth(a, b, polynomial))


def test_against_galois():
    galois = pytest.importorskip("galois")
    theirs = galois.GF(2**8, irreducible_poly=0x11D)
    a, b = elements((100, 2100)), elements((2100, 150))  # several blocks of the depth
    c = fastmul.matmul(a, b, semiring=GF256(0x11D), threads=2)
    np.testing.assert_array_equal(c, np.asarray(theirs(a) @ theirs(b)))


def test_strides_stacks_out_and_vectors():
    field = GF256(0x11D)
    a, b = elements((3, 20, 30)), elements((30, 40))
    expected = np.stack([truth(x, b, 0x11D) for x in a])
    np.testing.assert_array_equal(fastmul.matmul(a, b, semiring=field), expected)
    np.testing.assert_array_equal(
        fastmul.matmul(a[::-1, ::2], np.asfortranarray(b), semiring=field), expected[::-1, ::2]
    )
    out = np.empty((3, 20, 80), np.uint8)[..., ::2]
    assert fastmul.matmul(a, b, semiring=field, out=out) is out
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(fastmul.matmul(a[0, 0], b, semiring=field), expected[0, 0])
    assert not fastmul.matmul(a[..., :0], b[:0], semiring=field).any()
    wide = fastmul.matmul(a.astype(np.int64), b.astype(bool), semiring=field)
    np.testing.assert_array_equal(
        wide, fastmul.matmul(a, (b != 0).astype(np.uint8), semiring=field)
    )


@pytest.mark.parametrize("before", [True, False])
def test_nothing_beside_the_operands_is_read(before):
    for m, k, n in [(5, 7, 9), (24, 64, 128), (40, 130, 190)]:
        a, b = guarded(elements((m, k)), before=before), guarded(elements((k, n)), before=before)
        a.flags.writeable = b.flags.writeable = False
        for y in (b, guarded(b.T.copy(), before=before).T):
            np.testing.assert_array_equal(
                fastmul.matmul(a, y, semiring=GF256()), truth(a, b, 0x11B)
            )


def test_a_wrong_product_is_found():
    import random

    field, a, b = GF256(0x11D), elements((20, 30)), elements((30, 40))
    c = fastmul.matmul(a, b, semiring=field)
    assert field.is_right(None, a, b, c, random.Random(1))
    c[7, 9] ^= 1
    assert not field.is_right(None, a, b, c, random.Random(1))


def test_what_is_no_element():
    field, a = GF256(), elements((2, 2))
    with pytest.raises(ValueError, match="0 to 255"):
        fastmul.matmul(np.array([[256, 0]]), a, semiring=field)
    with pytest.raises(TypeError, match="float64"):
        fastmul.matmul(a.astype(float), a, semiring=field)
    with pytest.raises(TypeError, match="elements are uint8"):
        fastmul.matmul(a, a, semiring=field, dtype=np.int64)
    with pytest.raises(fastmul.AlgorithmError, match="'packed' would do"):
        fastmul.matmul(a, a, semiring=field, algorithm="gemm")


@pytest.mark.parametrize(
    ("features", "ring"),
    [
        ("+avx2,+fma,+bmi,+bmi2", "gf256_portable"),
        pytest.param("+avx2,+fma,+bmi,+bmi2,+gfni", "gf256", marks=needs_gfni),
    ],
)
def test_without_avx512(features, ring, tmp_path):
    source = """
import numpy as np, fastmul
from fastmul.matrices import GF256
from fastmul.kernels.cpu.gemm import fields
from fastmul.kernels.cpu.gemm.kernels import kernels

rng = np.random.default_rng(1)
a, b = rng.integers(0, 256, (70, 90), np.uint8), rng.integers(0, 256, (90, 101), np.uint8)
for q in (0x11B, 0x11D):
    field = GF256(q)
    products = field.multiply(a[:, :, np.newaxis], b)
    assert (fastmul.matmul(a, b, semiring=field) == np.bitwise_xor.reduce(products, axis=1)).all()
(asm,) = kernels(fields.gf256()).multiply_rows.inspect_asm().values()
print(fields.gf256().name, "ymm" in asm, "zmm" in asm)
"""
    environment = {
        "NUMBA_CPU_NAME": "haswell",
        "NUMBA_CPU_FEATURES": features,
        "FASTMUL_CACHE_DIR": str(tmp_path),  # cached code shows no assembly
    }
    assert run_python(source, **environment).split() == [ring, "True", "False"]


@pytest.mark.parametrize("wrong", [-1, 256, np.int8(-1), 0.5])
def test_arithmetic_takes_elements_only(wrong):
    field = GF256()
    for call in (
        lambda: field.multiply(wrong, 2),
        lambda: field.multiply(2, wrong),
        lambda: field.inverse(wrong),
    ):
        with pytest.raises((ValueError, TypeError), match="elements of"):
            call()
    with pytest.raises(fastmul.ZeroDivisorError, match="0 has no inverse"):
        field.inverse([1, 0])
