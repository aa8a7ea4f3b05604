"""The machine a comparison ran on, its measured peak, and what would make it unfair."""

from __future__ import annotations

import datetime
import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from fastmul.runtime.target import cpu_name
from fastmul.runtime.threads import available_cpus

PEERS = ("numpy", "numba", "gmpy2", "python-flint", "galois", "torch")
#: Environment variables that make OpenBLAS or fastmul run other code than this CPU's own.
HANDICAPS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES")
THREAD_LIMITS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
#: OpenBLAS kernel sets without AVX-512.
NARROW_KERNEL_SETS = ("Haswell", "Zen", "Sandybridge", "Nehalem", "Prescott")
#: A peak run lasts about this long; the best of a few is the peak.
PEAK_PASSES, PEAK_RUNS = 400_000, 7


def describe() -> dict[str, Any]:
    """CPU, versions, BLAS kernel set, peak, date: what a figure needs beside it."""
    import fastmul
    from fastmul.runtime.target import target

    return {
        "cpu": cpu_name(),
        "cpus": available_cpus(),
        "target": target().cpu,
        "twins": target().twins(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {"fastmul": fastmul.__version__, **_versions()},
        "blas": blas_description(),
        "peak_gflops": {"float64": peak_gflops()},
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in PEERS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def blas_description() -> str:
    """The BLAS that NumPy loaded, its version and its kernel set."""
    libraries = _blas_libraries()
    if not libraries:
        return "unknown"
    first = libraries[0]
    return f"{first['internal_api']} {first['version']}, {first.get('architecture', 'unknown')} kernels"


def kernel_set() -> str:
    """The kernel set of NumPy's BLAS, such as 'SkylakeX'; '' if it does not say."""
    libraries = _blas_libraries()
    return str(libraries[0].get("architecture", "")) if libraries else ""


def _blas_libraries() -> list[dict[str, Any]]:
    from threadpoolctl import threadpool_info

    np.zeros((2, 2)) @ np.zeros((2, 2))
    found = [entry for entry in threadpool_info() if entry["user_api"] == "blas"]
    return sorted(found, key=lambda entry: "numpy" not in entry["filepath"])


def peak_gflops() -> float:
    """Float64 GFLOP/s of one core on fused multiply-adds that stay in registers: what no GEMM can exceed."""
    from fastmul.kernels.cpu.peak import FLOPS_PER_PASS, fma_passes

    out = np.empty(8)
    fma_passes(1, 0.5, 0.5, out)
    best = float("inf")
    for _ in range(PEAK_RUNS):
        start = time.perf_counter()
        fma_passes(PEAK_PASSES, 0.5, 0.5, out)
        best = min(best, time.perf_counter() - start)
    return FLOPS_PER_PASS * PEAK_PASSES / best / 1e9


def unfairness(threads: tuple[int, ...]) -> list[str]:
    """What makes a peer, or fastmul, slower here than it is: one sentence each."""
    from fastmul.runtime.target import target

    found = []
    for name in HANDICAPS:
        if value := os.environ.get(name):
            found.append(f"{name}={value} is set: unset it for a fair comparison")
    for name in THREAD_LIMITS:
        value = os.environ.get(name, "")
        if value.isdigit() and int(value) < max(threads):
            found.append(f"{name}={value} keeps BLAS below the {max(threads)} threads compared")
    if target().avx512 and kernel_set() in NARROW_KERNEL_SETS:
        found.append(
            f"BLAS runs its {kernel_set()} kernels on a CPU with AVX-512: its figures are low"
        )
    if max(threads) > available_cpus():
        found.append(f"{max(threads)} threads on {available_cpus()} CPUs: they take turns")
    if hasattr(os, "getloadavg") and (load := os.getloadavg()[0]) > available_cpus() + 0.5:
        found.append(
            f"the machine is busy (load {load:.1f} on {available_cpus()} CPUs): times are high"
        )
    return found
