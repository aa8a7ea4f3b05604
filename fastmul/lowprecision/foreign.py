"""Arrays of other libraries, in and out: ml_dtypes, torch (also bfloat16 and float8), whatever speaks DLPack.

torch is never imported here: a tensor can only come from a process that has.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from fastmul.exceptions import DeviceError

#: torch's name of a dtype, where it is not ours.
_TORCH_NAMES = {"float4_e2m1fn_x2": "uint8"}
#: Integers up to which every one is a float64.
_EXACT = 2**53


def is_torch(x: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.Tensor)


def as_array(x: Any) -> np.ndarray:
    """An array-like as a NumPy array of the same values, without a copy where memory can be shared.

    Raises
    ------
    DeviceError : it lies on another device.
    TypeError : it is a masked array, of which the mask would be lost.
    """
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(
            "a masked array: codes have no mask; x.filled(0) says what masked places are"
        )
    if is_torch(x):
        return _of_torch(x)
    if not hasattr(x, "__array__") and hasattr(x, "__dlpack__"):
        return np.from_dlpack(x)
    return np.asarray(x)


def as_floats(x: Any) -> np.ndarray:
    """An array-like as float32 or float64 of the same values: numbers of at most 24 bits as float32.

    Raises
    ------
    TypeError : it holds no real numbers, or longer ones than float64.
    ValueError : integers beyond 2^53.
    """
    given = as_array(x)
    if not given.dtype.isnative:
        given = given.astype(given.dtype.newbyteorder("="))
    if given.dtype in (np.float32, np.float64):
        return given
    if given.dtype.kind in "iu" and given.dtype.itemsize > 2:
        if given.size and (given.max() > _EXACT or given.min() < -_EXACT):
            raise ValueError(
                f"x of {given.dtype} has integers beyond 2**53, which no float64 holds"
            )
        return given.astype(np.float64)
    if given.dtype.kind in "biu" or given.dtype == np.float16 or _is_ml_dtype(given.dtype):
        with np.errstate(invalid="ignore"):  # a signalling NaN is as good as any other
            return given.astype(np.float32)
    raise TypeError(
        f"x of {given.dtype}: real numbers of at most 64 bits can be quantised; convert it to float64"
    )


def _is_ml_dtype(dtype: np.dtype) -> bool:
    return getattr(dtype.type, "__module__", "").split(".")[0] == "ml_dtypes"


def _of_torch(x: Any) -> np.ndarray:
    import ml_dtypes

    if x.device.type != "cpu":
        raise DeviceError(f"a tensor on {x.device}: call .cpu() first, nothing is copied silently")
    torch = sys.modules["torch"]
    x = x.detach()
    name = str(x.dtype).removeprefix("torch.")
    if hasattr(np, name):
        return np.asarray(x.numpy())
    same_size = {1: torch.uint8, 2: torch.int16}[x.element_size()]
    raw = x.view(same_size).numpy()
    return raw if name in _TORCH_NAMES else raw.view(getattr(ml_dtypes, name))


def to_torch(codes: np.ndarray, name: str) -> Any:
    """Codes as a tensor of torch's dtype of this name if it has one, else of the codes' dtype; memory is shared.

    Raises
    ------
    BackendUnavailableError : torch is not installed.
    """
    from fastmul.exceptions import BackendUnavailableError

    try:
        import torch
    except ImportError as error:
        raise BackendUnavailableError(f"to_torch needs torch: {error}") from error
    wanted = getattr(torch, name, None)
    integers = {1: np.uint8, 2: np.int16, 4: np.int32}[codes.dtype.itemsize]
    if codes.dtype == np.int8 or wanted is None:
        return torch.from_numpy(codes)
    return torch.from_numpy(codes.view(integers)).view(wanted)
