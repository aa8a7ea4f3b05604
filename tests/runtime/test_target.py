"""The twins follow Numba's code-generation target, never the CPU at hand."""

import pytest
from llvmlite import binding

from fastmul.runtime.target import Target, target
from tests.runtime.processes import run_python

AVX2 = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+fma,+bmi,+bmi2"}
SHOW = "from fastmul.runtime.target import target as t; print(t().cpu, *sorted(t().features)); print(t().twins())"

AVX512 = frozenset({"avx512f", "avx512dq", "avx512bw", "avx512vl", "fma"})


def _host_features():
    return sorted(name for name, on in binding.get_host_cpu_features().items() if on)


def test_without_settings_it_is_the_host():
    shown = run_python(SHOW, NUMBA_CPU_NAME=None, NUMBA_CPU_FEATURES=None).splitlines()[0].split()
    assert shown == [binding.get_host_cpu_name(), *_host_features()]


def test_a_name_alone_keeps_the_hosts_features():
    shown = (
        run_python(SHOW, NUMBA_CPU_NAME="haswell", NUMBA_CPU_FEATURES=None).splitlines()[0].split()
    )
    assert shown == ["haswell", *_host_features()]


def test_a_features_string_replaces_them():
    cpu, twins = run_python(SHOW, **AVX2).splitlines()
    assert cpu.split() == ["haswell", "avx2", "bmi", "bmi2", "fma"]
    assert set(eval(twins).values()) == {"portable"}


@pytest.mark.parametrize(
    ("features", "avx512", "vnni", "ifma", "gfni"),
    [
        (frozenset(), False, False, False, False),
        # VNNI and GFNI without the rest
        (frozenset({"fma", "avx512vnni", "gfni"}), False, False, False, False),
        (frozenset({"fma", "avx2", "avx512vnni", "gfni"}), False, False, False, True),
        (AVX512 - {"avx512dq"}, False, False, False, False),
        (AVX512, True, False, False, False),
        (AVX512 | {"avx512vnni"}, True, True, False, False),
        (AVX512 | {"avx512ifma"}, True, False, True, False),
        (AVX512 | {"gfni"}, True, False, False, True),
    ],
)
def test_twins_need_every_feature_of_their_group(features, avx512, vnni, ifma, gfni):
    made = Target("x", features)
    assert (made.avx512, made.vnni, made.ifma, made.gfni) == (avx512, vnni, ifma, gfni)
    assert made.fma == ("fma" in features or avx512)
    names = ("avx512" if avx512 else "portable", "avx512vnni" if vnni else "portable",
             "avx512ifma" if ifma else "portable", "gfni" if gfni else "portable")  # fmt: skip
    assert tuple(made.twins().values()) == names


def test_the_vector_twin_of_an_avx2_target_has_no_zmm_register():
    source = """
import numpy as np
from numba import float64, void
from fastmul.kernels.cpu.vectors import fma, load, store
from fastmul.runtime.jit import const, kernel

@kernel(void(const(float64[::1]), float64[::1]))
def cube_plus_self(x, y):
    v = load(x, 0)
    store(y, 0, fma(v * v, v, v))

x, y = np.arange(8.0), np.empty(8)
cube_plus_self(x, y)
assert (y == x**3 + x).all(), y
(asm,) = cube_plus_self.inspect_asm().values()
print("ymm" in asm, "zmm" in asm)
"""
    assert run_python(source, **AVX2).split() == ["True", "False"]
    if target().avx512:
        assert run_python(source).split()[1] == "True"
