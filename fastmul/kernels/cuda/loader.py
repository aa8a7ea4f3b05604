"""The one place that compiles and launches CUDA: a `.cu` file and its constants in, a cached CuPy module out.

Sizes are compile-time constants (``-DNAME=value``), so that loops unroll and tiles are static shared memory.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from fastmul.kernels.backends import require_cuda

FOLDER = Path(__file__).parent

#: NVRTC and nvcc take the same flags. Contraction is off because the kernels say themselves where a product
#: and a sum are rounded once (fma) and where twice: exactness rests on it.
FLAGS = ("-std=c++17", "--fmad=false")


def launch(
    file: str,
    constants: dict[str, int],
    kernel: str,
    blocks: int,
    threads: int,
    arguments: tuple[Any, ...],
) -> None:
    """Start `kernel` of `file`.cu on the device and the current stream of its first argument, an array.

    Arguments are device arrays and NumPy scalars, whose dtypes are those of the kernel's parameters.

    Raises
    ------
    BackendUnavailableError : CUDA does not work here; says why.
    """
    require_cuda()
    with arguments[0].device:
        module(file, tuple(sorted(constants.items()))).get_function(kernel)(
            (blocks,), (threads,), arguments
        )


@cache
def module(file: str, constants: tuple[tuple[str, int], ...]) -> Any:
    """The CuPy RawModule of `file`.cu with these constants; CuPy loads it once per device."""
    import cupy

    code = (FOLDER / f"{file}.cu").read_text()
    return cupy.RawModule(code=code, options=options(dict(constants)))


def options(constants: dict[str, int]) -> tuple[str, ...]:
    """The compiler's command line for a set of constants."""
    defines = (f"-D{key}={value}" for key, value in constants.items())
    # CuPy's own disk cache is keyed by a file and its options, not by what the file includes: name that too.
    return (*FLAGS, f"-I{FOLDER}", f"-DSOURCES=0x{_digest()}", *defines)


@cache
def _digest() -> str:
    digest = hashlib.sha256()
    for path in sorted(FOLDER.glob("*.cu*")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:15]
