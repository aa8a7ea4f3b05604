"""Which kernels serve an array: the only place in the library where a device decides anything.

Device arrays are recognised by their type's name, so CuPy loads only if the caller loaded it. Nothing is copied
between devices: operands that live apart raise.
"""

from __future__ import annotations

import importlib
import threading
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from fastmul.exceptions import BackendUnavailableError, DeviceError


@dataclass(frozen=True)
class Backend:
    """The kernels of one kind of device; ``backend.ntt`` is the module ``fastmul.kernels.<name>.ntt``."""

    name: str

    def __getattr__(self, module: str) -> ModuleType:
        if module.startswith("_"):
            raise AttributeError(module)
        return importlib.import_module(f"fastmul.kernels.{self.name}.{module}")


CPU, CUDA = Backend("cpu"), Backend("cuda")


def kernels_for(*arrays: Any) -> Backend:
    """The backend whose kernels take these arrays as they are.

    Raises
    ------
    DeviceError : the arrays live on different devices.
    BackendUnavailableError : they are CuPy arrays, and CUDA does not work here; says why.
    TypeError : an array is neither NumPy's nor CuPy's.

    Examples
    --------
    >>> kernels_for(np.zeros(3), np.ones(2)).name
    'cpu'
    """
    devices = {_device(array) for array in arrays}
    if len(devices) > 1:
        raise DeviceError(
            f"operands live on different devices ({', '.join(sorted(devices))}); "
            "copy them to one device first: nothing is copied silently"
        )
    if devices == {"cpu"}:
        return CPU
    require_cuda()
    return CUDA


def _device(array: Any) -> str:
    if isinstance(array, np.ndarray):
        return "cpu"
    if type(array).__module__.partition(".")[0] == "cupy":
        return f"cuda:{array.device.id}"
    raise TypeError(
        f"kernels take numpy.ndarray or cupy.ndarray, not {type(array).__module__}.{type(array).__qualname__}; "
        "other device arrays come in through DLPack: cupy.from_dlpack(array)"
    )


# ------------------------------------------------------------------------------------ the probe of CUDA

_PROBE = 'extern "C" __global__ void probe(int *x) { x[0] = 42; }'

_probe_lock = threading.Lock()
_probed = False
_failure: str | None = None


def cuda_failure() -> str | None:
    """Why CUDA does not work in this process, or None if it does; found out once.

    Importing CuPy is not enough: without a driver the import, or the first question, raises anything; without
    NVRTC only the first compilation fails; and a second question may get another answer. So the first answer
    counts, and it is that of a kernel that ran.
    """
    global _probed, _failure
    with _probe_lock:
        if not _probed:
            _failure, _probed = _probe_cuda(), True
        return _failure


def _probe_cuda() -> str | None:
    try:
        import cupy

        if not cupy.cuda.is_available():
            return "CuPy is installed but finds no CUDA device (cupy.cuda.is_available() is False)"
        answer = cupy.zeros(1, cupy.int32)
        cupy.RawModule(code=_PROBE).get_function("probe")((1,), (1,), (answer,))
        if int(answer[0]) != 42:
            return f"a probe kernel ran but returned {int(answer[0])} in place of 42"
    except ModuleNotFoundError as error:
        if error.name == "cupy":
            return "CuPy is not installed (pip install 'fastmul[cuda12]' or 'fastmul[cuda13]')"
        return f"{type(error).__name__}: {error}"
    except (
        Exception
    ) as error:  # whatever a broken driver, toolkit or wheel raises is the reason we report
        return f"{type(error).__name__}: {error}"
    return None


def require_cuda() -> None:
    """Raise BackendUnavailableError, with the probe's reason, unless CUDA works here."""
    if reason := cuda_failure():
        raise BackendUnavailableError(f"CUDA is not available: {reason}")


def status() -> dict[str, str]:
    """Each backend, and "available" or the reason why it is not (for `fastmul.show_config`)."""
    return {"cpu": "available", "cuda": cuda_failure() or "available"}
