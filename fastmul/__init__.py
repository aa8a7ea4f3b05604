"""fastmul: exact multiplication of big integers and matrices, at the speed of float hardware.

The names below are loaded at first use, so that ``import fastmul`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "mul": "fastmul.integers.multiplication",
    "square": "fastmul.integers.multiplication",
    "matmul": "fastmul.matrices.multiplication",
    "dot": "fastmul.matrices.inner_products",
    "tensordot": "fastmul.matrices.tensor_products",
    "matrix_power": "fastmul.matrices.powers",
    "Semiring": "fastmul.matrices.semirings",
    "min_plus": "fastmul.matrices.semirings",
    "max_plus": "fastmul.matrices.semirings",
    "max_min": "fastmul.matrices.semirings",
    "max_times": "fastmul.matrices.semirings",
    "or_and": "fastmul.matrices.semirings",
    "explain": "fastmul.planning.explain",
    "compare": "fastmul.comparison.comparing",
    "show_config": "fastmul.configuration",
    "clear_cache": "fastmul.runtime.scratch",
    "set_threads": "fastmul.runtime.threads",
    "threads": "fastmul.runtime.threads",
    "FastmulError": "fastmul.exceptions",
    "AlgorithmError": "fastmul.exceptions",
    "ResultOverflowError": "fastmul.exceptions",
    "DeviceError": "fastmul.exceptions",
    "BackendUnavailableError": "fastmul.exceptions",
    "VerificationError": "fastmul.exceptions",
    "SingularMatrixError": "fastmul.exceptions",
    "ZeroDivisorError": "fastmul.exceptions",
}
_SUBPACKAGES = ("integers", "linalg", "lowprecision", "matrices", "nn", "io")

__all__ = ["__version__", *_HOMES, *_SUBPACKAGES]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    elif name in _SUBPACKAGES:
        value = importlib.import_module(f"fastmul.{name}")
    else:
        raise AttributeError(f"module 'fastmul' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
