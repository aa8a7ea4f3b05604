"""Where compiled kernels are kept between processes, and under which key.

Numba's own cache key sees one source file. A changed intrinsic behind a cached caller, a kernel cached
without bounds checks, another CPU: each would silently run the wrong machine code. Here the *folder* is
the key: every source that can reach machine code, every version and every setting is hashed into its name.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
from functools import cache
from pathlib import Path
from typing import Any

from fastmul.runtime.target import target

PACKAGE = Path(__file__).resolve().parent.parent

#: What can change machine code: these folders and files of the package...
SOURCES = ("kernels", "bounds", "runtime/jit.py", "runtime/target.py", "runtime/philox.py")
#: ...and these values of numba.config.
NUMBA_SETTINGS = (
    "BOUNDSCHECK", "OPT", "DEBUGINFO_DEFAULT", "LOOP_VECTORIZE", "SLP_VECTORIZE",
    "ENABLE_AVX", "CPU_NAME", "CPU_FEATURES",
)  # fmt: skip


def root() -> Path:
    """The folder of all caches: FASTMUL_CACHE_DIR, or the user's cache folder."""
    if given := os.environ.get("FASTMUL_CACHE_DIR"):
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / "fastmul"


def sources() -> list[Path]:
    """Every file whose text is part of the key."""
    found: list[Path] = []
    for name in SOURCES:
        path = PACKAGE / name
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return found


@cache
def key() -> str:
    """The name of this process's cache folder: a hash of all that machine code depends on."""
    import llvmlite
    import numba
    import numpy

    digest = hashlib.sha256()
    for part in (platform.python_version(), numba.__version__, llvmlite.__version__,
                 numpy.__version__, target().cpu, *sorted(target().features)):  # fmt: skip
        digest.update(part.encode() + b"\0")
    for name in NUMBA_SETTINGS:
        digest.update(f"{name}={getattr(numba.config, name, None)}\0".encode())
    for path in sources():
        digest.update(str(path.relative_to(PACKAGE)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def folder() -> Path:
    """This process's cache folder (it may not exist yet)."""
    return root() / "kernels" / key()


def folder_of(kernel: Any) -> Path:
    """A kernel's own folder in it.

    A folder per kernel and signature: Numba's index is a read-modify-write without a lock, so two processes
    that add different signatures to one index can each take the other's machine code.
    """
    tag = hashlib.sha256(str(kernel.declared).encode()).hexdigest()[:8]
    return folder() / f"{kernel.__module__}.{kernel.__qualname__}-{tag}"


def clear() -> None:
    """Remove every compiled kernel of every version from the disk."""
    shutil.rmtree(root() / "kernels", ignore_errors=True)
