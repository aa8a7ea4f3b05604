"""The kernels of every device have the same names and parameters, and an array finds its own device's."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
import types

import numpy as np
import pytest

from fastmul.exceptions import BackendUnavailableError, DeviceError
from fastmul.kernels import backends
from fastmul.kernels.backends import kernels_for

#: Module, fixed name, and the devices that have it; `kernels.reference` says what it means.
CONTRACTS = [
    ("ntt", "forward", ("cpu", "cuda")),
    ("ntt", "inverse", ("cpu", "cuda")),
    ("ntt", "multiply", ("cpu", "cuda")),
    ("gemm", "multiply", ("cpu",)),
]


@pytest.mark.parametrize(("module", "name", "devices"), CONTRACTS)
def test_devices_share_signatures(module, name, devices):
    meant = getattr(importlib.import_module(f"fastmul.kernels.reference.{module}"), name)
    for device in devices:
        made = getattr(importlib.import_module(f"fastmul.kernels.{device}.{module}"), name)
        assert parameters(made) == parameters(meant)


def parameters(function):
    signature = inspect.signature(getattr(function, "py_func", function))
    return [(p.name, p.kind, p.default) for p in signature.parameters.values()]


# ------------------------------------------------------------------------------------ recognising devices


def foreign_array(module: str, device: int):
    """An array of a library that is not installed."""
    kind = type("ndarray", (), {"__module__": module, "device": types.SimpleNamespace(id=device)})
    return kind()


@pytest.fixture
def working_cuda(monkeypatch):
    monkeypatch.setattr(backends, "_probe_cuda", lambda: None)
    forget_probe(monkeypatch)


def forget_probe(monkeypatch):
    monkeypatch.setattr(backends, "_probed", False)
    monkeypatch.setattr(backends, "_failure", None)


def test_arrays_find_their_kernels(working_cuda):
    assert kernels_for(np.zeros(1)).name == "cpu"
    assert kernels_for(foreign_array("cupy", 0), foreign_array("cupy", 0)).name == "cuda"
    assert kernels_for(foreign_array("cupy", 0)).ntt.__name__ == "fastmul.kernels.cuda.ntt"
    assert kernels_for(np.zeros(1), np.zeros(1)).ntt.__name__ == "fastmul.kernels.cpu.ntt"
    with pytest.raises(ModuleNotFoundError, match="no_such"):
        _ = backends.CPU.no_such


def test_mixed_devices_raise(working_cuda):
    with pytest.raises(DeviceError, match="cpu, cuda:0"):
        kernels_for(np.zeros(1), foreign_array("cupy", 0))
    with pytest.raises(DeviceError, match="cuda:0, cuda:1"):
        kernels_for(foreign_array("cupy", 0), foreign_array("cupy", 1))


@pytest.mark.parametrize("array", [[1.0], foreign_array("torch", 0), foreign_array("cupyx", 0)])
def test_other_arrays_raise(array):
    with pytest.raises(TypeError, match=r"numpy\.ndarray or cupy\.ndarray.*DLPack"):
        kernels_for(array)


def test_recognising_imports_no_device_library():
    code = (
        "import sys, numpy\n"
        "from fastmul.kernels.backends import kernels_for\n"
        "kernels_for(numpy.zeros(1))\n"
        "assert not {'cupy', 'torch', 'numba'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# ------------------------------------------------------------------------------------ the probe of CUDA

# How CuPy fails on real machines: what `import cupy` finds, and the reason that must be told.
BROKEN_CUPY = {
    "no driver": (
        "raise ImportError('libcuda.so.1: cannot open shared object file')",
        "ImportError: libcuda.so.1: cannot open",
    ),
    "the first question raises, the second says no": (
        """
        class cuda:
            asked = 0
            @classmethod
            def is_available(cls):
                cls.asked += 1
                if cls.asked == 1:
                    raise RuntimeError('cudaErrorInsufficientDriver')
                return False
        """,
        "RuntimeError: cudaErrorInsufficientDriver",
    ),
    "no device": (
        """
        class cuda:
            is_available = staticmethod(lambda: False)
        """,
        "finds no CUDA device",
    ),
    "NVRTC is missing": (
        """
        class cuda:
            is_available = staticmethod(lambda: True)
        int32 = int
        zeros = lambda n, dtype: [0] * n
        def RawModule(code):
            raise OSError('libnvrtc.so.12: cannot open shared object file')
        """,
        "OSError: libnvrtc.so.12",
    ),
    "kernels do not run": (
        """
        class cuda:
            is_available = staticmethod(lambda: True)
        int32 = int
        zeros = lambda n, dtype: [0] * n
        class RawModule:
            def __init__(self, code):
                assert 'probe' in code
            def get_function(self, name):
                return lambda grid, block, arguments: None
        """,
        "returned 0 in place of 42",
    ),
    "half an installation": ("import no_such_dependency", "No module named 'no_such_dependency'"),
}


@pytest.mark.parametrize("failure", BROKEN_CUPY)
def test_a_broken_cupy_is_a_reason_not_a_crash(failure, monkeypatch, tmp_path):
    code, reason = BROKEN_CUPY[failure]
    (tmp_path / "cupy.py").write_text(inspect.cleandoc("\n" + code) + "\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    forget_probe(monkeypatch)
    for _ in range(2):  # the reason stays that of the first time
        with pytest.raises(BackendUnavailableError) as caught:
            kernels_for(foreign_array("cupy", 0))
        assert reason in str(caught.value)
    assert backends.status()["cuda"] == backends.cuda_failure()
    monkeypatch.delitem(sys.modules, "cupy", raising=False)


def test_no_cupy_names_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    forget_probe(monkeypatch)
    assert "pip install 'fastmul[cuda12]'" in backends.cuda_failure()


def test_a_working_cupy(monkeypatch, tmp_path):
    (tmp_path / "cupy.py").write_text(
        inspect.cleandoc("""
            import numpy
            class cuda:
                is_available = staticmethod(lambda: True)
            int32, zeros = numpy.int32, numpy.zeros
            class RawModule:
                def __init__(self, code):
                    pass
                def get_function(self, name):
                    def kernel(grid, block, arguments):
                        arguments[0][0] = 42
                    return kernel
        """)
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    forget_probe(monkeypatch)
    assert backends.status() == {"cpu": "available", "cuda": "available"}
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
