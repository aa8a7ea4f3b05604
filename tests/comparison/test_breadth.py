"""compare("matrices"): kinds, their truth, winners, the larger picture."""

import operator
from dataclasses import replace

import numpy as np
import pytest

import fastmul
from fastmul.comparison import changes, choices, plot, report, text, winners
from fastmul.comparison.cases import BREADTH_DTYPES, SCHEME_SIZES, MatrixCase
from fastmul.comparison.contestants.matrices import DGEMM, SGEMM
from fastmul.comparison.kinds import KINDS
from fastmul.comparison.records import OK, Changes, Record

SOME = ["float64", "bool", "mod 2", "mod 2^61-1", "min_plus float32"]


@pytest.fixture(scope="module")
def found():
    """A few kinds on one tiny size, on the rows that compile little."""
    records = fastmul.compare(
        "matrices", sizes=[12], dtypes=SOME, algorithms=["auto"], repetitions=1, threads=1
    )
    records.changes.append(Changes("BLAS dgemm", "float64", 12, 144, k_order=100, threads=0))
    records.changes.append(Changes("reproducible float64", "float64", 12, 144, k_order=0))
    return records


def bitwise_product(x, y):
    """Of two elements of GF(2^8), bit by bit, modulo x^8 + x^4 + x^3 + x + 1."""
    product = 0
    for bit in range(8):
        product ^= (x << bit) * (y >> bit & 1)
    for bit in range(14, 7, -1):
        product ^= (0x11B << (bit - 8)) * (product >> bit & 1)
    return product


def scalar_product(kind, a, b):
    """The product by Python's own numbers, entry by entry."""
    add, mul = {
        "min_plus": (min, lambda x, y: x + y),
        "max_plus": (max, lambda x, y: x + y),
        "max_min": (max, min),
        "max_times": (max, lambda x, y: x * y),
        "GF(2^8)": (operator.xor, bitwise_product),
    }[kind.semiring] if kind.semiring else (lambda x, y: x + y, lambda x, y: x * y)  # fmt: skip
    rows, columns = a.tolist(), b.T.tolist()
    product = []
    for row in rows:
        entries = []
        for column in columns:
            terms = [mul(x, y) for x, y in zip(row, column, strict=True)]
            total = terms[0]
            for term in terms[1:]:
                total = add(total, term)
            entries.append(total % kind.p if kind.p else total)
        product.append(entries)
    return product


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if not kind.rounds])
def test_the_truth_of_every_kind_is_the_definition(name):
    kind = KINDS[name]
    case = MatrixCase(11, name)
    a, b = case.operands
    assert a.dtype == b.dtype == kind.dtype
    expected = scalar_product(kind, a, b)
    if kind.dtype == np.float32:  # Python's sums of two float32 are exact: round them once
        expected = np.array(expected).astype(np.float32)
    elif name == "bool":
        expected = np.array(expected) > 0
    assert (np.asarray(expected) == case.truth).all()
    assert len(np.unique(case.truth)) > 1


def test_large_products_and_algebras_are_checked_in_some_rows():
    assert MatrixCase(300, "int64").rows.size == 300
    assert MatrixCase(300, "mod 2").rows.size == 64
    assert MatrixCase(4096, "int64").rows.size == 64


def test_every_result_is_right(found):
    assert not found.failures
    ran = [r for r in found if r.contestant == "auto"]
    assert [r.dtype for r in ran] == SOME
    assert all(r.exact for r in ran if r.dtype != "float64")


def test_float_gemm_is_only_a_yardstick_of_algebras(found):
    gemm = [r for r in found if r.contestant in (DGEMM, SGEMM) and r.dtype == "mod 2"]
    assert len(gemm) == 2
    assert all(r.status == OK and r.exact is None and not r.is_right and r.ratios for r in gemm)
    assert "another product" in repr(found)


def test_the_breadth_has_every_kind_and_larger_sizes_for_schemes():
    cases = choices.cases_of(("matrices",), None, None)
    assert list(dict.fromkeys(case.dtype for case in cases)) == list(BREADTH_DTYPES)
    large = {case.dtype for case in cases if case.size in SCHEME_SIZES}
    assert "float64" in large
    assert "bool" not in large


def test_only_rows_for_the_kind_take_part():
    def names(kind):
        entrants = choices.entrants(MatrixCase(64, kind), True, (1,), True, None, {})
        return {contestant.name for contestant, _ in entrants}

    assert {"packed", "split_float", "gemm"} <= names("int64")
    assert "split_float" not in names("float64")
    assert "strassen" in names("float64")
    assert "gemm" not in names("min_plus float32")
    assert {"reproducible", "correctly rounded", "fast"} <= names("float64")
    assert "BitMatrix @" in names("mod 2")
    assert "your Semiring" in names("min_plus int32")


def record(contestant, home, seconds, exact=True, threads=1, dtype="int64"):
    return Record("matmul", contestant, home, dtype, 64, threads, OK, seconds=seconds, exact=exact)


def test_the_winner_is_the_fastest_right_row_beside_the_fastest_right_peer():
    records = [
        record("auto", "fastmul", 0.5), record("packed", "fastmul", 2.0), record("gemm", "fastmul", 1.0, exact=False),
        record("strassen", "fastmul", 3.0), record("packed", "fastmul", 0.1, threads=2),
        record(DGEMM, "float", 1.0, exact=False), record("FLINT", "peer", 8.0),
    ]  # fmt: skip
    ours, peer = winners.winner(records, ("packed", "gemm", "strassen"))
    assert (ours.contestant, ours.seconds, peer.contestant) == ("packed", 2.0, "FLINT")
    assert winners.winner(records[:1], ("packed",)) is None
    ours, peer = winners.winner(records[1:2], ("packed",))
    assert peer is None


def test_the_report_says_where_each_algorithm_wins(found):
    own = [record("packed", "fastmul", 1.0, dtype="mod 2"), record("FLINT", "peer", 4.0, dtype="mod 2")]  # fmt: skip
    printed = report.render(
        report.Comparison([*found, *own], found.machine, [], found.changes, [], 1.0)
    )
    assert "Where each algorithm wins" in printed
    assert "packed 4" in printed
    assert max(map(len, printed.splitlines())) <= text.WIDTH


def test_five_sizes_fit_the_report(found):
    sizes = (64, 256, 1024, 2048, 4096)
    many = [
        replace(record(name, "fastmul", 123.4, dtype="mod 998244353"), size=n, rate=12.34, max_abs_error=0.0,
                max_rel_error=0.0, ratios={DGEMM: 0.12345, SGEMM: 0.12345})
        for n in sizes for name in ("modular_residues", "correctly rounded")
    ] + [replace(record("FLINT (nmod_mat)", "peer", 12.3, dtype="mod 998244353"), size=n) for n in sizes]  # fmt: skip
    printed = report.render(report.Comparison(many, found.machine, [], [], [], 1.0))
    assert max(map(len, printed.splitlines())) <= text.WIDTH
    assert "modular_r… " in printed


def test_the_picture_has_six_panels(found):
    figure = plot.draw(found)
    assert len(figure.axes) == 6
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert all(titles)
    assert len(set(titles)) == 6


def test_exact_accuracies_are_looked_at_beside_float_gemm():
    found = changes.find(("float64",), 40, in_breadth=True)
    exact = [c for c in found if c.contestant.startswith(("reproducible", "correctly rounded"))]
    assert len(exact) == 2
    assert all(c.k_order == 0 and c.threads in (0, None) for c in exact)
