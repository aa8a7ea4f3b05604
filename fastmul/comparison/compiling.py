"""Compiling ahead, in several processes side by side: one process compiles one kernel at a time.

This process and its helpers take kernels from one list and leave the machine code in the cache on disk, from which
this process loads what it uses. A helper reads names of kernels and answers each with the seconds that it took:

    this process  ---  fft.multiply  -->  python -m fastmul.comparison.compiling
                  <--  1.302         ---

Helpers are only help: what one that cannot start, or ends too soon, leaves undone is compiled at its first call.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from fastmul.comparison.cases import Case, IntegerCase, MatrixCase
from fastmul.comparison.kinds import Kind
from fastmul.comparison.records import Compilation
from fastmul.kernels.cpu.catalogue import kernels, kernels_of_ring, name_of

#: Modules of the kernels of big-integer products.
INTEGER_MODULES = ("fft", "ntt", "limbs")
#: Of these no product of two numbers runs those of kept, wrapped and weighted transforms, of many factors, and of
#: operands beyond 2^28 bits.
OTHER_INTEGER_MODULES = (
    "fft_kept", "fft_weighted", "fft_mirrored", "fft_cyclic_root", "ntt_kept", "ntt_wrapped", "ntt_digits",
    "limbs_blocks",
)  # fmt: skip
#: Modules of the kernels of matrix products, beside those of the packed product's rings.
MATRIX_MODULES: tuple[str, ...] = ("residues", "block_sums")
#: The same of floats rounded once, and of moduli and fields; semirings are compiled by their first calls.
FLOAT_MODULES: tuple[str, ...] = ("ozaki", "accumulator", "exact_entries")
ALGEBRA_MODULES: tuple[str, ...] = ("modular", "bits")
#: Of a product long enough for its kernels to be those of all longer ones.
DEPTH = 1 << 10
#: What the report tells apart.
FAMILIES = (*INTEGER_MODULES, *MATRIX_MODULES, "gemm")
#: A helper imports Numba first; fewer kernels than this per process are not worth that.
WORTH_A_PROCESS = 4


class Kernel(Protocol):
    """What is asked of a kernel here; only kernels themselves import what compiles."""

    @property
    def is_cached(self) -> bool: ...

    def prepare(self) -> Any: ...


def kernels_for(cases: Sequence[Case]) -> list[Kernel]:
    """The kernels that fastmul's rows run on these cases."""
    found: list[Kernel] = []
    if any(isinstance(case, IntegerCase) for case in cases):
        found += [
            kernel
            for kernel in kernels()
            if name_of(kernel).startswith(INTEGER_MODULES)
            and not name_of(kernel).startswith(OTHER_INTEGER_MODULES)
        ]
    kinds = dict.fromkeys(case.kind for case in cases if isinstance(case, MatrixCase))
    if kinds:
        modules = MATRIX_MODULES
        if any(kind.rounds for kind in kinds):
            modules += FLOAT_MODULES
        if not all(kind.is_machine for kind in kinds):
            modules += ALGEBRA_MODULES
        found += [kernel for kernel in kernels() if name_of(kernel).startswith(modules)]
    for ring in dict.fromkeys(_ring(kind) for kind in kinds if kind.is_machine):
        found += kernels_of_ring(ring)
    return list(dict.fromkeys(found))


def _ring(kind: Kind) -> str:
    """The ring of the packed product; others are compiled by their first calls."""
    from fastmul.matrices.multiplication import packed

    return packed.plan(kind.dtype, kind.dtype, kind.result, DEPTH)[0]


def compile_ahead(chosen: Iterable[Kernel], processes: int,
                  started: Callable[[Kernel], None] = lambda kernel: None) -> Compilation:  # fmt: skip
    """Compile those kernels that are not in the cache, in up to so many processes, this one among them.

    ``started(kernel)`` is called, in whatever thread, when a process has taken a kernel. A kernel that does not
    compile is left: its first call will meet the reason, and say so.
    """
    begun, spent = time.perf_counter(), dict[str, float]()
    missing = [kernel for kernel in chosen if not kernel.is_cached]
    # callees first, so that what a kernel calls has been compiled by somebody, or is about to be
    left = iter(sorted(missing, key=lambda kernel: (_depth(kernel), name_of(kernel))))
    lock = threading.Lock()

    def take() -> Kernel | None:
        with lock:
            kernel = next(left, None)
        if kernel is not None:
            started(kernel)
        return kernel

    processes = max(1, min(processes, len(missing) // WORTH_A_PROCESS))
    helpers: list[_Helper] = []
    try:
        with contextlib.suppress(
            OSError, TypeError
        ):  # TypeError: an embedded Python has no executable
            for _ in range(processes - 1):
                helpers.append(_Helper(take, spent))
        for kernel in iter(take, None):
            spent[name_of(kernel)] = _seconds_to_compile(kernel)
        for helper in helpers:
            helper.join()
    finally:
        for helper in helpers:
            helper.stop()
    return Compilation(len(spent), 1 + len(helpers), time.perf_counter() - begun, _by_family(spent))


def _depth(function: Any) -> int:
    """How many calls deep the compiled functions are that this one calls."""
    python = function.py_func
    used = {name: python.__globals__.get(name) for name in python.__code__.co_names}
    return max((1 + _depth(f) for f in used.values() if hasattr(f, "py_func") and f is not function),
               default=0)  # fmt: skip


def _seconds_to_compile(kernel: Kernel) -> float:
    begun = time.perf_counter()
    with contextlib.suppress(Exception):
        kernel.prepare()
    return time.perf_counter() - begun


def _by_family(spent: dict[str, float]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, seconds in spent.items():
        family = next((f for f in FAMILIES if name.startswith(f)), "other")
        found[family] = found.get(family, 0.0) + seconds
    return found


class _Helper(threading.Thread):
    """A process that compiles, and the thread that tells it what."""

    def __init__(self, take: Callable[[], Kernel | None], spent: dict[str, float]) -> None:
        super().__init__(daemon=True)
        self._take, self._spent = take, spent
        path = os.pathsep.join(p for p in sys.path if p)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fastmul.comparison.compiling"],
            env={**os.environ, "PYTHONPATH": path}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.start()

    def run(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # its process has ended, or was stopped
            for kernel in iter(self._take, None):
                print(name_of(kernel), file=self._process.stdin, flush=True)
                assert self._process.stdout is not None
                self._spent[name_of(kernel)] = float(self._process.stdout.readline())

    def stop(self) -> None:
        self._process.kill()  # it waits for another name, or nobody waits for it
        self.join()
        self._process.communicate()


def _serve() -> None:
    known = {name_of(kernel): kernel for kernel in kernels()}
    for line in sys.stdin:
        print(_seconds_to_compile(known[line.strip()]), flush=True)


if __name__ == "__main__":
    _serve()
