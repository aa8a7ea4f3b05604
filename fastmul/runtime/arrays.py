"""What an operand is, told without importing the library it comes from; alignment and aliasing.

Results live where the inputs live: nothing is converted or copied between libraries in silence.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.exceptions import DeviceError

#: Of a limb; a dtype, for comparing with a type takes as long as a small product.
_LIMB = np.dtype(np.uint64)
#: Array libraries by the first part of a type's module, and where their arrays live.
_LIBRARIES = {
    "cupy": ("CuPy", "GPU"),
    "torch": ("PyTorch", "PyTorch"),
    "jax": ("JAX", "JAX"),
    "jaxlib": ("JAX", "JAX"),
    "tensorflow": ("TensorFlow", "TensorFlow"),
    "dask": ("Dask", "Dask"),
}
_HOW = {
    "CuPy": "convert with cupy.asnumpy(x)",
    "PyTorch": "convert with x.numpy(force=True)",
    "JAX": "convert with numpy.asarray(x)",
    "TensorFlow": "convert with x.numpy()",
    "Dask": "Dask arrays belong to distributed.matmul, which this version does not have: "
    "call x.compute() first, or map fastmul over the blocks",
}


def library_of(x: Any) -> str:
    """The array library that `x` belongs to, by the name of its type: "NumPy", "CuPy", ...; "" if none.

    >>> library_of(np.zeros(3)), library_of([1, 2])
    ('NumPy', '')
    """
    for kind in type(x).__mro__:
        name = kind.__module__.partition(".")[0]
        if name == "numpy":
            return "NumPy"
        if name in _LIBRARIES:
            return _LIBRARIES[name][0]
    return ""


def as_operands(function: str, *operands: Any) -> tuple[np.ndarray, ...]:
    """Each operand as a plain ndarray: array-likes as NumPy takes them, anything foreign refused.

    Raises
    ------
    DeviceError : the operands belong to different libraries.
    TypeError : an array of another library, or a subclass of ndarray that gives `@` another meaning.
    """
    libraries = {name for x in operands if (name := library_of(x))}
    if len(libraries) > 1:
        names = " and ".join(sorted(libraries))
        raise DeviceError(
            f"{function} got arrays of {names} together; bring them to one library first"
        )
    return tuple(_as_ndarray(function, x) for x in operands)


def _as_ndarray(function: str, x: Any) -> np.ndarray:
    kind = type(x)
    if kind is np.ndarray:
        return x
    if kind is np.memmap:  # a subclass in storage only
        return x.view(np.ndarray)
    name = f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(x, np.ndarray):
        raise TypeError(
            f"{function} takes plain arrays, got {name}, a subclass that may give multiplication "
            "another meaning; pass numpy.asarray(x), or x.filled(...) for a masked array"
        )
    library = library_of(x)
    if library in _HOW:
        raise TypeError(f"{function} takes NumPy arrays, got {name} of {library}; {_HOW[library]}")
    if library != "NumPy" and (hasattr(x, "__array_ufunc__") or hasattr(x, "__array_namespace__")):
        raise TypeError(
            f"{function} takes NumPy arrays and lists, got {name}; convert it explicitly"
        )
    return _of_a_list(x)


def _of_a_list(x: Any) -> np.ndarray:
    """np.asarray(x), but integers stay integers: of -1 beside 2^63 NumPy makes float64, and rounds them.

    >>> _of_a_list([-1, 2**63]).dtype, _of_a_list([-1, 0.5]).dtype
    (dtype('O'), dtype('float64'))
    """
    array = np.asarray(x)
    if array.dtype.kind != "f" or array.size == 0:
        return array
    entries = np.array(x, object)
    exact = all(isinstance(entry, (int, np.integer)) for entry in entries.ravel())
    return entries if exact else array


def as_out(function: str, out: Any) -> np.ndarray:
    """`out=` as a plain writable ndarray.

    Raises
    ------
    TypeError, ValueError : it is no ndarray, or read-only.
    """
    if not isinstance(out, np.ndarray):
        raise TypeError(
            f"{function}(out=...) must be a numpy.ndarray, got {type(out).__qualname__}"
        )
    if not out.flags.writeable:
        raise ValueError(f"{function}(out=...) got a read-only array")
    return _as_ndarray(f"{function}(out=...)", out)


def check_limbs_out(
    function: str, out: Any, shape: tuple[int, ...], a: np.ndarray, b: np.ndarray
) -> None:
    """Refuse an `out=` that cannot hold the limbs of the product of a and b.

    Raises
    ------
    TypeError, ValueError : it is no writeable C-contiguous uint64 array of that shape, or overlaps an operand.
    """
    if type(out) is not np.ndarray or out.dtype != _LIMB:
        raise TypeError(
            f"{function}(out=) needs a uint64 array, got {getattr(out, 'dtype', type(out).__name__)}"
        )
    if out.shape != shape:
        raise ValueError(
            f"{function} of shapes {a.shape} and {b.shape} gives shape {shape}; out has shape {out.shape}"
        )
    if not out.flags.c_contiguous or not out.flags.writeable:
        raise ValueError(f"{function}(out=) needs a writeable C-contiguous array")
    if may_overlap(out, a, b):
        raise ValueError(f"{function}(out=) must share no memory with a or b")


def may_overlap(out: np.ndarray, *operands: np.ndarray) -> bool:
    """Whether writing `out` might change an operand (by address ranges: true may be a false alarm)."""
    for x in operands:  # noqa: SIM110  # a generator would cost small products as much as the look
        if np.may_share_memory(out, x):
            return True
    return False


def is_blasable(x: np.ndarray) -> bool:
    """Whether BLAS can read or write this matrix in place: one axis contiguous, the other not overlapping it.

    >>> x = np.zeros((4, 6))
    >>> is_blasable(x.T), is_blasable(x[:, :3]), is_blasable(x[:, ::2]), is_blasable(x[::-1])
    (True, True, False, False)
    """
    size = x.itemsize
    (rows, columns), (down, across) = x.shape[-2:], x.strides[-2:]
    return (
        (across == size and down >= columns * size) or (down == size and across >= rows * size)
    ) and down % size == across % size == 0
