"""Compiling ahead in several processes."""

import pytest

from fastmul.comparison import choices, compiling
from fastmul.comparison.cases import IntegerCase, MatrixCase
from fastmul.comparison.compiling import compile_ahead, kernels_for
from fastmul.kernels.cpu.catalogue import name_of
from tests.runtime.processes import run_python

FAKES: dict = {}


class Fake:
    """What compile_ahead asks of a kernel; no other process knows it."""

    __module__ = "fastmul.kernels.cpu.fft_fake"

    def __init__(self, name, calls=None, *, cached=False, fails=False):
        names = f"def {name}():\n    {calls or 'pass'}\n"
        space = {calls.rstrip("()"): FAKES[calls.rstrip("()")]} if calls else {}
        exec(names, space)
        self.py_func, self.__qualname__ = space[name], name
        self.is_cached, self.fails, self.prepared = cached, fails, 0
        FAKES[name] = self

    def prepare(self):
        self.prepared += 1
        if self.fails:
            raise RuntimeError("LLVM has no such instruction")


def test_callees_come_first_and_what_is_cached_is_left_alone():
    leaf, middle = Fake("z_leaf"), Fake("m_middle", "z_leaf()")
    top, there = Fake("a_top", "m_middle()"), Fake("there", cached=True)
    order = []
    found = compile_ahead([top, middle, leaf, there], 1, order.append)
    assert order == [leaf, middle, top]
    assert [k.prepared for k in (leaf, middle, top, there)] == [1, 1, 1, 0]
    assert (found.kernels, found.processes, set(found.families)) == (3, 1, {"fft"})


def test_a_kernel_that_does_not_compile_is_left_to_its_first_call():
    bad, good = Fake("bad", fails=True), Fake("good")
    assert compile_ahead([bad, good], 1).kernels == 2
    assert good.prepared == 1


def test_a_helper_that_ends_leaves_the_rest_to_this_process(monkeypatch):
    monkeypatch.setattr(compiling, "WORTH_A_PROCESS", 1)
    kernels = [Fake(f"k{i}") for i in range(40)]
    found = compile_ahead(kernels, 2)
    assert found.processes == 2
    # at most the one that the helper, which knows no such kernel, was given
    assert sum(k.prepared for k in kernels) >= len(kernels) - 1


def test_an_interrupted_one_stops_its_helpers(monkeypatch):
    monkeypatch.setattr(compiling, "WORTH_A_PROCESS", 1)
    helpers = []
    start = compiling._Helper.start
    monkeypatch.setattr(compiling._Helper, "start", lambda h: (helpers.append(h), start(h)))

    class Interrupted(Fake):
        def prepare(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compile_ahead([Interrupted(f"i{i}") for i in range(4)], 2)
    (helper,) = helpers
    assert not helper.is_alive()
    assert helper._process.returncode is not None


def test_two_processes_fill_one_cache(tmp_path):
    printed = run_python(
        """
from fastmul.comparison import compiling
from fastmul.kernels.cpu.catalogue import kernels, name_of
compiling.WORTH_A_PROCESS = 1
chosen = [k for k in kernels() if name_of(k) in ("peak.fma_passes", "limbs_add.add_shifted", "fft_carry.add_carry")]
found = compiling.compile_ahead(chosen, 2)
print(found.kernels, found.processes, sorted(found.families), all(k.is_cached for k in chosen))
print(compiling.compile_ahead(chosen, 2).kernels)
""",
        FASTMUL_CACHE_DIR=str(tmp_path),
    )
    assert printed.splitlines() == ["3 2 ['fft', 'limbs', 'other'] True", "0"]


def test_the_kernels_of_a_comparison():
    integers = {name_of(k) for k in kernels_for([IntegerCase(64)])}
    assert {name.partition(".")[0] for name in integers} >= {"fft", "ntt", "limbs_toom3"}
    matrices = {name_of(k) for k in kernels_for([MatrixCase(8, "int8"), MatrixCase(9, "int8")])}
    assert any("gemm_int8_int32" in name for name in matrices)
    assert not any("gemm_float64" in name for name in matrices)
    assert not any(name.startswith("bits") for name in matrices)
    broad = {name_of(k) for k in kernels_for(choices.cases_of(("matrices",), None, None))}
    assert any(name.startswith("bits") for name in broad)
