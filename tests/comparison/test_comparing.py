"""compare(): its records, options, report, JSON, picture and page, on tiny sizes."""

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest

import fastmul
from fastmul.comparison import changes, comparing, first_wrong, html, machine, plot, report, text
from fastmul.comparison.cases import MatrixCase
from fastmul.comparison.contestants import contestants
from fastmul.comparison.contestants.integers import FLOAT_FFT, GMP, fft_product
from fastmul.comparison.contestants.matrices import DGEMM, SGEMM
from fastmul.comparison.contestants.own import load
from fastmul.comparison.records import OK, REFUSED, WRONG, Compilation, Record
from fastmul.integers.multiplication import MUL
from fastmul.matrices.multiplication import MATMUL

AUTOMATIC = ("auto", "auto (int)", "auto (limbs)")


@pytest.fixture(scope="module")
def found():
    """Both operations on tiny sizes, a wrong contestant of the user's among them."""
    matrices = fastmul.compare(
        "matmul", sizes=[16, 24], dtypes=["float64", "int64", "int8"], repetitions=2
    )
    wrong = {"off by one": lambda a, b: a * b + 1}
    integers = fastmul.compare(
        "mul", sizes=[512, 4096], contestants=wrong, repetitions=2, threads=1
    )
    small = changes.find(("float64", "int64"), 96)
    return report.Comparison(
        [*matrices, *integers], matrices.machine, ["a warning"], small,
        [*first_wrong.find(("matmul",))], matrices.seconds,
    )  # fmt: skip


def _named(found, operation, name):
    return [r for r in found if r.operation == operation and r.contestant == name]


def test_every_row_of_every_table_is_there_beside_the_peers(found):
    names = {r.contestant for r in found if r.operation == "mul"}
    assert names >= {"auto", *MUL.names} - {"python"}  # which is the peer "Python int"
    names = {r.contestant for r in found if r.operation == "matmul"}
    assert names >= {"auto", "packed", "gemm", "split_float", "strassen", "numpy"}
    assert {r.contestant for r in found if r.home == "fastmul"} <= {
        *names,
        *MATMUL.names,
        *MUL.names,
        *AUTOMATIC,
    }
    assert {r.contestant for r in found} >= {
        DGEMM,
        SGEMM,
        "NumPy @ (integers)",
        GMP,
        "Python int",
        "decimal",
        FLOAT_FFT,
    }


def test_exact_ones_are_exact_and_timed(found):
    rows = [
        r
        for r in found
        if r.home == "fastmul" and r.status == OK and r.dtype not in ("float64", "float32")
    ]
    assert rows
    assert all(r.exact and r.max_abs_error == 0 and r.wrong_entries == 0 for r in rows)
    assert all(r.seconds > 0 and r.rate > 0 for r in rows)


def test_float_gemm_is_off_on_int64_and_right_on_int8(found):
    assert all(
        not r.exact and r.max_abs_error >= 1
        for r in _named(found, "matmul", DGEMM)
        if r.dtype == "int64"
    )
    assert all(r.exact for r in _named(found, "matmul", DGEMM) if r.dtype == "int8")
    assert all(
        r.max_abs_error < 1e-13 for r in _named(found, "matmul", "packed") if r.dtype == "float64"
    )


def test_ratios_are_to_float_gemm_and_to_gmp(found):
    for r in found:
        if r.seconds:
            assert set(r.ratios) == ({DGEMM, SGEMM} if r.operation == "matmul" else {GMP})
    dgemm = _named(found, "matmul", DGEMM)
    assert dgemm
    assert all(r.ratios[DGEMM] == 1 for r in dgemm if r.threads == 1)
    assert all(r.ratios[DGEMM] <= 1 for r in dgemm)  # on more threads, beside the best on fewer too


def test_a_wrong_contestant_of_the_users_is_caught(found):
    mine = _named(found, "mul", "off by one")
    assert [r.status for r in mine] == [WRONG, WRONG]
    assert found.failures == mine
    # at the top and at the end
    assert repr(found).count("WRONG RESULT: off by one, mul integer 2^9 bits, 2^12 bits") == 2


def test_it_is_a_sequence_of_records(found):
    assert len(found) == len(list(found)) == len(found.records)
    assert found[0] is found.records[0]


# ---------------------------------------------------------------- options


def test_options_choose(found):
    few = fastmul.compare(
        "matmul", sizes=[8], dtypes=["int32"], algorithms=["gemm"], threads=[1, 2], repetitions=1
    )
    own = [(r.contestant, r.threads) for r in few if r.home == "fastmul"]
    assert own == [("gemm", 1), ("gemm", 2)]
    assert few.changes == []
    assert {r.size for r in few} == {8}


def test_rows_that_are_a_slow_peer_run_only_where_named(found):
    integers = [r.contestant for r in found if r.dtype == "int64"]
    assert "NumPy @ (integers)" in integers
    assert "numpy" not in integers
    named = fastmul.compare(
        "matmul", sizes=[8], dtypes=["int64"], algorithms=["numpy"], repetitions=1
    )
    assert "numpy" in [r.contestant for r in named]


def test_late_contestants_are_waited_for_less():
    whole, parts = comparing.WHOLE_SECONDS, comparing.PARTS
    assert comparing._patience(2.0, 0.0) == comparing._patience(2.0, whole - 2 * parts) == 2.0
    assert comparing._patience(2.0, whole - parts) == 1.0
    assert comparing._patience(2.0, 500.0) == comparing.LEAST_PATIENCE
    assert comparing._patience(0.1, 500.0) == 0.1


def test_what_was_compiled_is_told_apart(found):
    ahead = Compilation(87, 2, 24.5, {"fft": 30.0, "ntt": 18.0})
    told = report.render(replace(found, compilation=ahead))
    assert (
        "87 kernels, 2 at a time, before the first case: fft 30 s, ntt 18 s; done after 24.5 s"
        in (" ".join(told.split()))
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"operations": "divide"}, "not 'divide'"),
        ({"operations": "matmul", "dtypes": ["complex64"], "sizes": [8]}, "not 'complex64'"),
        ({"operations": "mul", "sizes": [0]}, "positive"),
        ({"operations": "mul", "sizes": []}, "positive"),
        ({"operations": "mul", "sizes": [8], "threads": 0}, "positive"),
        ({"operations": "mul", "sizes": [8], "algorithms": ["nonsense"]}, "nonsense"),
    ],
)
def test_bad_options_say_what_would_do(arguments, message):
    with pytest.raises(ValueError, match=message):
        fastmul.compare(**arguments)


def test_a_contestant_from_a_module():
    name, function = load("operator:mul")
    assert (name, function(3, 4)) == ("mul", 12)
    for bad in ("operator:nothing", "no_such_module:f", "", ":"):
        with pytest.raises(ValueError, match="module:function"):
            load(bad)


# ---------------------------------------------------------------- what else


def test_float_products_depend_on_the_order_and_integer_products_on_nothing(found):
    by_name = {c.contestant: c for c in found.changes}
    assert by_name[DGEMM].k_order > 0
    integers = [c for c in found.changes if c.dtype == "int64"]
    assert integers
    assert all(c.k_order == 0 and c.threads in (0, None) for c in integers)


def test_another_kernel_set_runs_in_a_process_of_its_own():
    result = changes._in_other_kernels(MatrixCase(20, "float64"), "Haswell")
    if result is not None:  # a BLAS without that kernel set says nothing
        a, b = MatrixCase(20, "float64").operands
        assert np.allclose(result, a @ b, rtol=0, atol=1e-13)
    assert changes._in_other_kernels(MatrixCase(20, "float64"), "NoSuchCPU") is None


def test_where_float_methods_go_wrong(found):
    by_name = {f.contestant: f for f in found.first_wrong}
    for name, bits, window in ((DGEMM, 24, 53), (SGEMM, 9, 24)):
        k = by_name[name].first_wrong
        assert k is not None
        assert k * ((1 << bits) - 1) ** 2 > 1 << window  # inside the window nothing can be wrong


def test_the_float_fft_is_right_where_it_is_small():
    for a, b in ((0, 0), (0, 5), (1, 1), (3**500, 7**400), ((1 << 4096) - 1, (1 << 64) - 1)):
        assert fft_product(a, b) == a * b


def test_handicaps_are_warned_of(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    said = " ".join(machine.unfairness((1, 1000)))
    assert "OPENBLAS_CORETYPE=Haswell" in said
    assert "OPENBLAS_NUM_THREADS=1" in said
    assert "1000 threads on" in said
    monkeypatch.setattr(machine, "kernel_set", lambda: "Prescott")
    from fastmul.runtime.target import target

    assert ("Prescott kernels" in " ".join(machine.unfairness((1,)))) == target().avx512


def test_the_peak_is_a_plausible_number(found):
    assert 0.1 < found.machine["peak_gflops"]["float64"] < 1000


# ---------------------------------------------------------------- what is written


def test_the_report_fits_100_columns_and_has_every_contestant(found):
    printed = report.render(found)
    assert max(map(len, printed.splitlines())) <= text.WIDTH
    assert "\033" not in printed
    for r in found:
        assert r.contestant in printed
    coloured = report.render(found, color=True)
    assert text.plain(coloured) == printed
    assert "\033" in coloured
    assert "WARNING: a warning" in printed
    assert "*" in printed


def test_float_gemm_may_be_the_fastest_but_not_in_a_narrower_type():
    def is_right(contestant, dtype):
        return Record("matmul", contestant, "float", dtype, 64, 1, OK, exact=False).is_right

    assert is_right("BLAS dgemm", "float64")
    assert is_right("BLAS sgemm", "float32")
    assert not is_right("BLAS sgemm", "float64")
    assert not is_right("BLAS dgemm", "int64")


def test_the_picture_calls_no_size_exact_at_which_a_row_is_wrong():
    def record(size, status, exact):
        return Record("mul", "ntt", "fastmul", "integer", size, 1, status, exact=exact)

    records = [record(8, OK, True), record(8, REFUSED, None), record(9, OK, True)]
    assert plot._exact_sizes(records) == [8, 9]
    assert plot._exact_sizes([*records, record(9, WRONG, False)]) == [8]


def test_a_skipped_contestant_says_so():
    found = fastmul.compare(
        "mul", sizes=[64, 1 << 14], algorithms=["python"], patience=1e-5, repetitions=1
    )
    skipped = [r for r in found if r.status == "skipped"]
    assert skipped
    assert all(r.note.startswith("skipped: predicted ") and r.seconds is None for r in skipped)
    assert "skipped: predicted" in repr(found)


RECORD_FIELDS = {
    "operation", "contestant", "home", "dtype", "size", "threads", "status", "note", "seconds", "median_seconds",
    "runs", "first_call_seconds", "rate", "ratios", "exact", "max_abs_error", "max_rel_error", "wrong_entries",
}  # fmt: skip


def test_the_json_has_its_schema(found):
    data = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert set(data) == {
        "schema",
        "machine",
        "warnings",
        "seconds",
        "records",
        "changes",
        "first_wrong",
        "compilation",
    }
    assert data["schema"] == 1
    assert all(set(r) == RECORD_FIELDS for r in data["records"])
    assert {"cpu", "cpus", "blas", "versions", "peak_gflops", "date", "target"} <= set(
        data["machine"]
    )


def test_infinite_errors_have_no_json_number():
    found = fastmul.compare(
        "mul", sizes=[64], contestants={"none": lambda a, b: None}, repetitions=1
    )
    record = next(r for r in found.as_dict()["records"] if r["contestant"] == "none")
    assert (record["status"], record["max_abs_error"]) == (WRONG, None)


@pytest.mark.parametrize(
    ("kind", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")]
)
def test_the_picture_is_drawn(found, tmp_path, kind, magic):
    path = tmp_path / f"found.{kind}"
    with path.open("wb") as file:
        plot.save(found, file, kind)
    assert path.read_bytes().startswith(magic)
    assert path.stat().st_size > 5000


def test_the_picture_of_one_operation_has_two_panels(found):
    only = report.Comparison(
        [r for r in found if r.operation == "mul"], found.machine, [], [], [], 1.0
    )
    assert len(plot.draw(only).axes) == 2
    assert len(plot.draw(found).axes) == 4


def test_the_page_is_self_contained(found):
    page = html.page(found)
    assert "<script" not in page
    assert 'href="http' not in page
    assert 'src="' not in page
    assert page.count("<tr") == len(found) + 1
    svg = page[page.index("<svg") : page.index("</svg>") + 6]
    ElementTree.fromstring(svg)
    assert "off by one" in page
    assert "a warning" in page


def test_progress_is_told(capsys):
    fastmul.compare("mul", sizes=[64], algorithms=["gmp"], repetitions=1, show_progress=True)
    assert "Traceback" not in capsys.readouterr().err


# ---------------------------------------------------------------- peers that are not installed


def test_absent_peers_are_left_out(monkeypatch):
    from fastmul.comparison.contestants import integers, matrices

    for module in (integers, matrices):
        monkeypatch.setattr(module, "find_spec", lambda name: None)
    for operation in comparing.OPERATIONS:
        names = {c.name for c in contestants(operation)}
        assert not any("FLINT" in n or "galois" in n or "torch" in n for n in names)


def test_torch_is_given_tensors_and_threads(monkeypatch):
    import sys
    import types

    from fastmul.comparison.contestants import matrices

    class Tensor(np.ndarray):
        def numpy(self):
            return self.view(np.ndarray)

    threads = []
    torch = types.ModuleType("torch")
    torch.set_num_threads = threads.append
    torch.from_numpy = lambda x: x.view(Tensor)
    torch.matmul = np.matmul
    monkeypatch.setitem(sys.modules, "torch", torch)
    contestant, case = matrices._torch(), MatrixCase(9, "int8")
    found = contestant.finish(contestant.prepare(case, 2)())
    assert threads == [2]
    assert found.dtype == np.int32
    assert np.array_equal(found, case.truth)
