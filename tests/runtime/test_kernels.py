"""Every kernel of the package, whoever wrote it: one signature, right integer types, a cache folder of its own."""

import gc
import inspect
import operator
from pathlib import Path

import pytest
from numba import types
from numba.core import compiler, ir
from numba.core.registry import CPUDispatcher, cpu_target
from numba.core.typed_passes import type_inference_stage

from fastmul.kernels.cpu.catalogue import kernels, name_of
from fastmul.runtime.jit import Kernel, _DiskCache
from fastmul.runtime.target import target
from tests.runtime.processes import run_python

# Numba compares integers of either sign rightly, and gives a shift its left operand's type.
MIXED_SIGNS_ARE_RIGHT = {
    operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
    operator.lshift, operator.rshift, operator.ilshift, operator.irshift, operator.pow,
}  # fmt: skip


KERNELS = kernels()
#: Made when first asked for, of templates that the catalogue has for machine rings: rings of other algebras, their
#: packing, and the packing of bits for each dtype. Their own tests compile and check them.
ON_DEMAND = ("gemm.loops.gemm_", "bits.packing.bits_")
every_kernel = pytest.mark.parametrize("kernel", KERNELS, ids=name_of)


def _alive(kind):
    """Every object of a kind that the modules under kernels/cpu have made, wherever it is kept."""
    # issubclass, not isinstance: weak proxies would answer for what they stand for
    found = [x for x in gc.get_objects() if issubclass(type(x), kind)]
    made_by_tests = "_tiny_"  # the rings with small blocks of tests/kernels/test_gemm.py
    return [
        x
        for x in found
        if x.__module__.startswith("fastmul.kernels.cpu") and made_by_tests not in x.__qualname__
    ]


def test_the_catalogue_lists_every_kernel():
    missing = {name_of(kernel) for kernel in _alive(Kernel)} - {
        name_of(kernel) for kernel in KERNELS
    }
    assert not {name for name in missing if not name.startswith(ON_DEMAND)}
    assert len(KERNELS) >= 30


@every_kernel
def test_a_kernel_has_its_declared_signature_and_no_other(kernel):
    kernel.prepare()
    assert len(kernel.signatures) == 1
    (overload,) = kernel.overloads.values()
    declared = kernel.declared
    assert overload.signature.args == tuple(declared.args)
    assert overload.signature.return_type == declared.return_type, (
        f"{kernel.__qualname__} declares {declared.return_type} and returns {overload.signature.return_type}"
    )


@every_kernel
def test_a_kernels_scalars_have_one_of_the_few_intended_types(kernel):
    scalars = {types.void, types.none, types.boolean, types.int64, types.uint64, types.float64, types.float32,
               types.int32, types.uint32}  # fmt: skip
    returned = kernel.declared.return_type
    parts = returned.types if isinstance(returned, types.BaseTuple) else [returned]
    assert scalars.issuperset(parts), f"{kernel.__qualname__} returns {returned}"


def test_no_two_kernels_share_a_cache_folder():
    owners: dict[Path, str] = {}
    for kernel in KERNELS:
        path = _DiskCache(kernel)._path
        name = f"{kernel.__module__}.{kernel.__qualname__}{kernel.declared}"
        assert path not in owners, f"{name} and {owners[path]} are cached in one folder"
        owners[path] = name


def test_a_new_process_finds_every_kernel_in_the_cache():
    for kernel in KERNELS:
        kernel.prepare()
    compiled = run_python(
        """
from tests.runtime.test_kernels import KERNELS
for kernel in KERNELS:
    kernel.prepare()
    if sum(kernel.stats.cache_misses.values()):
        print(kernel.__module__, kernel.__qualname__)
"""
    )
    assert not compiled, f"compiled again although cached:\n{compiled}"


@pytest.mark.skipif(target().avx512, reason="this target has zmm registers; the AVX2 leg has none")
@every_kernel
def test_no_zmm_register_on_a_target_without_them(kernel):
    kernel.prepare()
    if sum(kernel.stats.cache_hits.values()):  # what comes from the cache has no assembly to show
        fresh = Kernel(kernel.py_func)
        fresh.compile(kernel.declared)
        kernel = fresh
    (assembly,) = kernel.inspect_asm().values()
    assert kernel.__name__ in assembly
    assert "zmm" not in assembly


# ---------------------------------------------------------------- uint64 with a signed integer is int64


def _mixtures(function, args):
    """Where `function`, for arguments of types `args`, combines an unsigned 64-bit integer with a signed one."""
    code = compiler.run_frontend(function)
    typing, lowering = cpu_target.typing_context, cpu_target.target_context
    typing.refresh()
    typemap = type_inference_stage(typing, lowering, code, args, None).typemap
    for block in code.blocks.values():
        for statement in block.find_insts(ir.Assign):
            value = statement.value
            if not (isinstance(value, ir.Expr) and value.op in ("binop", "inplace_binop")):
                continue
            if value.fn in MIXED_SIGNS_ARE_RIGHT:
                continue
            left, right = (types.unliteral(typemap[x.name]) for x in (value.lhs, value.rhs))
            if {left, right} & {types.uint64} and any(
                isinstance(t, types.Integer) and t.signed for t in (left, right)
            ):
                lines, start = inspect.getsourcelines(function)
                text = (
                    lines[statement.loc.line - start].strip() if statement.loc.line >= start else ""
                )
                yield f"{function.__module__}:{statement.loc.line}: {left} {value.fn.__name__} {right}: {text}"


def _typed_functions():
    for kernel in KERNELS:
        kernel.prepare()
        yield kernel.py_func, tuple(kernel.declared.args)
    for dispatcher in _alive(CPUDispatcher):
        if not isinstance(dispatcher, Kernel):
            for signature in dispatcher.signatures:  # those that the kernels of this process needed
                yield dispatcher.py_func, tuple(signature)


def test_no_kernel_mixes_uint64_with_a_signed_integer():
    found = {line for function, args in _typed_functions() for line in _mixtures(function, args)}
    assert not found, "typed int64 by Numba, wrong from 2**63 on:\n" + "\n".join(sorted(found))


def test_the_detector_of_mixtures_detects():
    from fastmul.runtime.jit import kernel

    @kernel(types.uint64(types.uint64))
    def wrong(a):
        return (a + 1) % 7

    found = list(_mixtures(wrong.py_func, (types.uint64,)))
    assert len(found) == 1
    assert "uint64 add int64" in found[0]
    assert wrong(2**63 + 1) == 1  # the truth is 3
