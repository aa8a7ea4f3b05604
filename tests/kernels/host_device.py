"""Runs `.cu` kernels on the CPU, on NumPy arrays, in place of a GPU.

The kernels' very code is compiled by the system's C++ compiler behind fastmul/kernels/cuda/host.h.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from fastmul.kernels.cuda import loader

COMPILER = next(
    (c for c in (os.environ.get("CXX"), "c++", "g++", "clang++") if c and shutil.which(c)), None
)
# The same rule as on the device: no contraction that the source does not ask for.
FLAGS = (
    "-std=c++17",
    "-O2",
    "-ffp-contract=off",
    "-shared",
    "-fPIC",
    "-Wall",
    "-Werror",
    "-Wno-unknown-pragmas",
)

KERNEL = re.compile(r'extern "C" __global__ void(?: __launch_bounds__\([^)]*\))?\s+(\w+)\(')


def kernel_names(path: Path) -> list[str]:
    return KERNEL.findall(path.read_text())


class HostDevice:
    """Stands where `loader.launch` stands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.downwards = False  # the order in which a block's threads run between two barriers
        self.launches: list[tuple[str, int]] = []

    def launch(
        self,
        file: str,
        constants: dict[str, int],
        kernel: str,
        blocks: int,
        threads: int,
        arguments: tuple[Any, ...],
    ) -> None:
        values = [_c_value(argument) for argument in arguments]
        pointers = (ctypes.c_void_p * len(values))(*(ctypes.addressof(value) for value in values))
        run = getattr(ctypes.CDLL(str(self._library(file, constants))), f"run_{kernel}")
        outcome = run(pointers, blocks, threads, int(self.downwards))
        assert outcome == 0, f"{kernel}: some threads of a block missed a barrier"
        self.launches.append((kernel, blocks))

    def _library(self, file: str, constants: dict[str, int]) -> Path:
        source = loader.FOLDER / f"{file}.cu"
        defines = [f"-D{key}={value}" for key, value in constants.items()]
        tag = hashlib.sha256(" ".join(defines).encode()).hexdigest()[:12]
        library = self.folder / f"{file}-{tag}.so"
        if not library.exists():
            text = f'#include "host.h"\n#include "{source.name}"\n'
            text += "".join(f"HOST_KERNEL({kernel})\n" for kernel in kernel_names(source))
            command = [
                str(COMPILER),
                *FLAGS,
                f"-I{loader.FOLDER}",
                *defines,
                "-xc++",
                "-",
                "-o",
                str(library),
            ]
            done = subprocess.run(command, input=text, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
        return library


def _c_value(argument: Any) -> Any:
    if isinstance(argument, np.ndarray):
        return ctypes.c_void_p(argument.ctypes.data)
    assert isinstance(argument, np.generic), (
        f"CuPy needs typed scalars, not {type(argument).__name__}"
    )
    return np.ctypeslib.as_ctypes_type(argument.dtype)(argument.item())
