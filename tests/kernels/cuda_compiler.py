"""Compiles `.cu` files without a GPU: with nvcc, or with the NVRTC library of the PyPI wheel."""

from __future__ import annotations

import ctypes
import importlib.util
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from fastmul.kernels.cuda import loader

ARCHITECTURE = 90  # H100, H200


def compile_with_nvcc(source: Path, constants: dict[str, int], folder: Path) -> str:
    """The resource usage that ptxas reports (registers, spills, shared memory)."""
    out = folder / "kernel.cubin"
    command = ["nvcc", "-cubin", f"-arch=sm_{ARCHITECTURE}", "--ptxas-options=-v", "-Werror=all-warnings",
               *loader.options(constants), "-o", str(out), str(source)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert out.stat().st_size > 0
    return done.stdout + done.stderr


def compile_with_nvrtc(source: Path, constants: dict[str, int], folder: Path) -> str:
    """The PTX of `source`."""
    library = nvrtc_library()
    assert library is not None
    nvrtc = ctypes.CDLL(str(library))

    def check(code: int) -> None:
        nvrtc.nvrtcGetErrorString.restype = ctypes.c_char_p
        assert code == 0, nvrtc.nvrtcGetErrorString(code).decode() + "\n" + text("ProgramLog")

    def text(what: str) -> str:
        size = ctypes.c_size_t()
        getattr(nvrtc, f"nvrtcGet{what}Size")(program, ctypes.byref(size))
        buffer = ctypes.create_string_buffer(size.value)
        getattr(nvrtc, f"nvrtcGet{what}")(program, buffer)
        return buffer.value.decode()

    program = ctypes.c_void_p()
    flags = [f"--gpu-architecture=compute_{ARCHITECTURE}", *loader.options(constants)]
    c_flags = (ctypes.c_char_p * len(flags))(*(flag.encode() for flag in flags))
    name = source.name.encode()
    check(nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.read_bytes(), name, 0, None, None))
    try:
        check(nvrtc.nvrtcCompileProgram(program, len(flags), c_flags))
        return text("PTX")
    finally:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))


def nvrtc_library() -> Path | None:
    """libnvrtc of an installed nvidia-cuda-nvrtc wheel (cu12's, or the one that later CUDA versions share)."""
    spec = importlib.util.find_spec("nvidia")
    for root in (spec.submodule_search_locations or []) if spec else []:
        for path in sorted(Path(root).glob("*/lib/libnvrtc.so.*")):
            if "alt" not in path.name:
                return path
    return None


Compiler = Callable[[Path, dict[str, int], Path], str]


def compilers() -> dict[str, Compiler]:
    """Those that are present, by name."""
    found: dict[str, Compiler] = {}
    if shutil.which("nvcc"):
        found["nvcc"] = compile_with_nvcc
    if nvrtc_library():
        found["nvrtc"] = compile_with_nvrtc
    return found
