"""The machine that kernels are compiled for, and which twins of a kernel it can run.

Numba's *code-generation target* decides, never the CPU that happens to be present: AVX-512 intrinsics
compiled for an AVX2 target abort the process. NUMBA_CPU_NAME and NUMBA_CPU_FEATURES override the host
(the name alone leaves the host's features on).
"""

from __future__ import annotations

import contextlib
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Target:
    """A code-generation target: LLVM's name of the CPU and the features that are switched on."""

    cpu: str
    features: frozenset[str]

    def has(self, *features: str) -> bool:
        return self.features.issuperset(features)

    @property
    def avx512(self) -> bool:
        """The AVX-512 subset that every server core since Skylake and Zen 4 has."""
        return self.has("avx512f", "avx512dq", "avx512bw", "avx512vl")

    @property
    def vnni(self) -> bool:
        return self.avx512 and self.has("avx512vnni")

    @property
    def ifma(self) -> bool:
        return self.avx512 and self.has("avx512ifma")

    @property
    def gfni(self) -> bool:
        """Affine maps and products of bytes over GF(2), on vectors of 64 bytes or, without AVX-512, of 32."""
        return self.has("gfni") and (self.avx512 or self.has("avx2"))

    @property
    def fma(self) -> bool:
        return self.has("fma") or self.avx512

    def twins(self) -> dict[str, str]:
        """Which variant of each group of intrinsics this target gets."""
        return {
            "vectors": "avx512" if self.avx512 else "portable",
            "int8 dot product": "avx512vnni" if self.vnni else "portable",
            "52-bit multiply-add": "avx512ifma" if self.ifma else "portable",
            "GF(2) affine maps": "gfni" if self.gfni else "portable",
        }


@cache
def target() -> Target:
    """The target of this process; Numba freezes it at its first compilation."""
    from llvmlite import binding
    from numba import config

    cpu = config.CPU_NAME or binding.get_host_cpu_name()
    if config.CPU_FEATURES is not None:
        names = [f[1:] for f in config.CPU_FEATURES.split(",") if f.startswith("+")]
    else:
        names = [name for name, on in binding.get_host_cpu_features().items() if on]
    return Target(cpu, frozenset(names))


@cache
def cpu_name() -> str:
    """The CPU at hand, as it calls itself; code is generated for `target`, which may be another."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
