"""Schemes as data: every one that ships multiplies matrices, and files come back as they were."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from fastmul.matrices.schemes.loading import SHIPPED, load_scheme, named, save_scheme
from fastmul.matrices.schemes.scheme import Scheme, classical

SIZES = {
    "strassen": ((2, 2, 2), 7),
    "winograd": ((2, 2, 2), 7),
    "laderman": ((3, 3, 3), 23),
    "strassen_squared": ((4, 4, 4), 49),
    "dumas_pernet_sedoglavic": ((4, 4, 4), 48),
}


def matmul_tensor(m, k, n):
    """T[a, b, c] = 1 where block a of A times block b of B is a term of block c of C."""
    tensor = np.zeros((m, k, k, n, m, n), int)
    for i, l, j in product(range(m), range(k), range(n)):
        tensor[i, l, l, j, i, j] = 1
    return tensor.reshape(m * k, k * n, m * n)


def tensor_of(scheme):
    """The tensor that a scheme sums up, in fractions over its common denominator cubed."""
    d = scheme.denominator
    u, v, w = (
        np.array([[int(c * d) for c in row] for row in side], dtype=object)
        for side in (scheme.u, scheme.v, scheme.w)
    )
    total = np.zeros((u.shape[1], v.shape[1], w.shape[1]), dtype=object)
    for x, y, z in zip(u, v, w, strict=True):
        total += np.multiply.outer(np.multiply.outer(x, y), z)
    assert all(entry % d**3 == 0 for entry in total.ravel())
    return (total // d**3).astype(int)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_scheme_that_ships_is_the_matrix_product(name):
    scheme = named(name)
    assert (scheme.shape, scheme.rank) == SIZES[name]
    assert scheme.source
    assert np.array_equal(tensor_of(scheme), matmul_tensor(*scheme.shape))


@pytest.mark.parametrize(
    "scheme",
    [
        classical(2, 3, 4),
        classical(1, 2, 1) @ named("winograd"),
        named("laderman") @ classical(1, 1, 2),
    ],
    ids=lambda scheme: scheme.name,
)
def test_products_of_schemes(scheme):
    assert np.array_equal(tensor_of(scheme), matmul_tensor(*scheme.shape))


def test_strassen_squared_is_strassen_twice():
    squared, twice = named("strassen_squared"), named("strassen") @ named("strassen")
    assert squared.denominator == 1
    assert (squared.u, squared.v, squared.w) == (twice.u, twice.v, twice.w)


@pytest.mark.parametrize("side", ["u", "v", "w"])
def test_one_wrong_coefficient_is_found(side):
    good = named("strassen")
    rows = {s: [list(row) for row in getattr(good, s)] for s in "uvw"}
    rows[side][3][2] += 1
    bad = Scheme.of("bad", good.shape, *rows.values())
    with pytest.raises(ValueError, match=r"'bad' does not multiply matrices: A\d\d B\d\d in C\d\d"):
        bad.verify()


def test_sizes_that_disagree():
    good = named("strassen")
    with pytest.raises(ValueError, match="v must have 7 rows of 4 coefficients"):
        Scheme.of("short", (2, 2, 2), good.u, good.v[:-1], good.w)


def test_formulas():
    text = str(named("strassen"))
    assert "P1 = (A11 + A22) (B11 + B22)" in text
    assert "P4 = (A22) (-B11 + B21)" in text
    assert text.endswith("C22 = P1 - P2 + P3 + P6")


@pytest.mark.parametrize("name", SHIPPED)
def test_files_come_back(name, tmp_path):
    """Through `load_scheme`, which verifies what it reads."""
    path = tmp_path / "scheme.json"
    save_scheme(named(name), path)
    assert load_scheme(path) == named(name)


def test_a_file_of_the_field(tmp_path):
    """Only u, v, w: the shape follows from the rows' lengths, w is for the transpose of C, fractions are strings."""
    scheme = classical(2, 3, 4)
    m, _, n = scheme.shape
    rows = [
        np.array([[int(c) for c in row] for row in side]) for side in (scheme.u, scheme.v, scheme.w)
    ]
    data = {
        "u": [["1/2" if c else 0 for c in row] for row in rows[0].tolist()],
        "v": (2 * rows[1]).tolist(),
    }
    data["w"] = [row.reshape(m, n).T.ravel().tolist() for row in rows[2]]
    path = tmp_path / "halves.json"
    path.write_text(json.dumps(data))
    loaded = load_scheme(path)
    assert (loaded.name, loaded.shape, loaded.denominator) == ("halves", (2, 3, 4), 2)
    assert loaded.u[0][0] == Fraction(1, 2)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{}", "KeyError"),
        ("[1]", "TypeError"),
        ("nonsense", "JSONDecodeError"),
        ('{"u": [[1, 2]], "v": [[1, 2, 3]], "w": [[1]]}', "no shape"),
        ('{"u": [["x"]], "v": [[1]], "w": [[1]]}', "Invalid literal"),
        ('{"u": [[1]], "v": [[1], [1]], "w": [[1]]}', "v must have 1 rows"),
        ('{"u": [[2]], "v": [[1]], "w": [[1]]}', "does not multiply matrices"),
    ],
)
def test_files_that_hold_no_scheme(text, complaint, tmp_path):
    path = tmp_path / "broken.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=complaint):
        load_scheme(path)


def test_transposed_w_is_refused(tmp_path):
    """A file with w for C itself is not silently a wrong product."""
    scheme = named("strassen")
    flipped = Scheme.of(
        "flipped", scheme.shape, scheme.u, scheme.v, [[r[0], r[2], r[1], r[3]] for r in scheme.w]
    )
    save_scheme(flipped, tmp_path / "flipped.json")
    with pytest.raises(ValueError, match="does not multiply"):
        load_scheme(tmp_path / "flipped.json")


def test_unknown_name():
    with pytest.raises(ValueError, match="'strassen', 'winograd'"):
        named("coppersmith")


@pytest.mark.parametrize("text", ['{"u":[],"v":[],"w":[]}', '{"u":[["1/0"]],"v":[[1]],"w":[[1]]}', "[]", "3",
                                  '{"u":[[Infinity]],"v":[[1]],"w":[[1]]}'])  # fmt: skip
def test_files_that_break_the_reader(tmp_path, text):
    (tmp_path / "broken.json").write_text(text)
    with pytest.raises(ValueError, match="broken"):
        load_scheme(tmp_path / "broken.json")


def test_products_that_are_none_are_left_out():
    padded = Scheme.of("padded", (1, 1, 1), [[1], [1], [0]], [[1], [1], [0]], [[1], [0], [0]])
    assert padded.rank == 1
    padded.verify()
