"""What a float product depends on besides its operands: threads, order of summation, BLAS kernel set."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fastmul.comparison.cases import MatrixCase
from fastmul.comparison.machine import kernel_set
from fastmul.comparison.records import Changes
from fastmul.runtime import blas
from fastmul.runtime.threads import available_cpus

#: The size at which it is looked at: large enough for BLAS to cut work among threads.
SIZE = 1024
DTYPES = ("float64", "float32", "int64")
#: Kernel sets to compare with, any x86 BLAS has them; the first that differs from the one in use is taken.
OTHER_KERNEL_SETS = ("Haswell", "Nehalem")
CHILD_SECONDS = 60
#: Rows that hand the operands to BLAS or NumPy as they are.
PASSED_ON = ("gemm", "numpy")
#: Float products that nothing but the operands may change.
EXACT_ACCURACIES = ("reproducible", "correctly_rounded")

Product = Callable[[np.ndarray, np.ndarray, int], np.ndarray]


def _numpy(a: np.ndarray, b: np.ndarray, threads: int) -> np.ndarray:
    with blas.limit(threads):
        return a @ b


def _fastmul(**keywords: str) -> Product:
    import fastmul

    return lambda a, b, threads: fastmul.matmul(a, b, threads=threads, **keywords)


def find(
    dtypes: tuple[str, ...] = DTYPES, size: int = SIZE, in_breadth: bool = False
) -> list[Changes]:
    """One row per product and dtype; in breadth, also what `accuracy=` gives."""
    found = []
    for dtype in dtypes:
        case = MatrixCase(size, dtype)
        if case.is_float:
            name = "BLAS dgemm" if dtype == "float64" else "BLAS sgemm"
            found.append(_changes(name, case, _numpy, kernel_sets=True))
        for row in _own_rows(case):
            product = _fastmul(algorithm=row)
            found.append(_changes(f"fastmul {row} {dtype}", case, product, kernel_sets=False))
        for accuracy in EXACT_ACCURACIES if case.is_float and in_breadth else ():
            name = f"{accuracy.replace('_', ' ')} {dtype}"
            product = _fastmul(accuracy=accuracy)
            found.append(_changes(name, case, product, kernel_sets=False))
    return found


def _own_rows(case: MatrixCase) -> list[str]:
    """fastmul's rows that compute by themselves and do not refuse."""
    from fastmul.matrices.multiplication import MATMUL

    problem = MATMUL.problem(*case.operands)
    return [row.name for row in MATMUL.table
            if row.name not in PASSED_ON and row.refuses(problem) is None]  # fmt: skip


def _changes(name: str, case: MatrixCase, product: Product, *, kernel_sets: bool) -> Changes:
    a, b = case.operands
    one = product(a, b, 1)
    found = Changes(name, case.dtype, case.size, one.size)
    cpus = available_cpus()
    if cpus > 1:
        found.threads = _different(one, product(a, b, cpus))
    backwards = product(np.ascontiguousarray(a[:, ::-1]), np.ascontiguousarray(b[::-1]), 1)
    found.k_order = _different(one, backwards)
    other = next((k for k in OTHER_KERNEL_SETS if k != kernel_set()), None)
    if kernel_sets and other and (result := _in_other_kernels(case, other)) is not None:
        found.kernel_set, found.kernel_set_name = _different(one, result), other
    return found


def _different(x: np.ndarray, y: np.ndarray) -> int:
    return int(np.count_nonzero(x != y))


def _in_other_kernels(case: MatrixCase, name: str) -> np.ndarray | None:
    """The product by BLAS with another kernel set: BLAS chooses once per process, so in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "product.npy"
        command = [
            sys.executable,
            "-m",
            "fastmul.comparison.changes",
            str(case.size),
            case.dtype,
            str(path),
        ]
        environment = {**os.environ, "OPENBLAS_CORETYPE": name, "OPENBLAS_NUM_THREADS": "1",
                       "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}  # fmt: skip
        try:
            subprocess.run(
                command, env=environment, check=True, capture_output=True, timeout=CHILD_SECONDS
            )
        except (OSError, subprocess.SubprocessError):
            return None
        data: dict[str, Any] = dict(np.load(path).items())
        return data["product"] if data["kernel_set"] == name else None


def _child(size: str, dtype: str, path: str) -> None:
    a, b = MatrixCase(int(size), dtype).operands
    with open(path, "wb") as file:
        np.savez(file, product=a @ b, kernel_set=kernel_set())


if __name__ == "__main__":
    _child(*sys.argv[1:])
