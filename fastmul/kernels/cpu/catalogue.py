"""Every kernel of the CPU, found by looking: for `fastmul warmup`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

from fastmul.runtime.jit import Kernel, KernelSet


def kernels() -> list[Any]:
    """All kernels, those that are only made for a ring among them, in order of their names."""
    import fastmul.kernels.cpu as home
    from fastmul.kernels.cpu.gemm.block_sparse import kernels as of_blocks
    from fastmul.kernels.cpu.gemm.kernels import kernels as of_ring
    from fastmul.kernels.cpu.gemm.rings import rings

    holders: list[Any] = [*(of_ring(name) for name in rings()), of_blocks("float32")]
    for module in pkgutil.walk_packages(home.__path__, f"{home.__name__}."):
        holders.append(importlib.import_module(module.name))
    return sorted({k for holder in holders for k in _kernels_of(holder)}, key=name_of)


def kernels_of_ring(name: str) -> list[Any]:
    """The packed product's kernels of one ring."""
    from fastmul.kernels.cpu.gemm.kernels import kernels as of_ring

    return sorted(_kernels_of(of_ring(name)), key=name_of)


def _kernels_of(holder: Any) -> Iterator[Any]:
    """The kernels of a module or an object, and of the sets and tables of kernels that a module holds."""
    for value in vars(holder).values():
        if isinstance(value, Kernel):
            yield value
        elif isinstance(value, KernelSet):
            yield from _kernels_of(value)
        elif isinstance(value, dict):
            yield from (entry for entry in value.values() if isinstance(entry, Kernel))


def name_of(kernel: Any) -> str:
    """A kernel's module, without the package, and its name: "ntt_passes.forward"."""
    return f"{kernel.__module__.removeprefix('fastmul.kernels.cpu.')}.{kernel.__qualname__}"
