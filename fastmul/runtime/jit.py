"""The one place that compiles: every flag, every signature, every cached file goes through here.

A kernel is a bare loop under ``@kernel(signature)``. It is compiled at its first call (or at the first
compilation of a kernel that calls it), for its declared signature and no other, and the machine code is
kept on disk by `fastmul.runtime.cache`. ``@inline`` marks helpers that vanish into their callers.

>>> from numba import float64, void
>>> @kernel(void(float64[::1], float64))
... def scale(x, factor):
...     for i in range(x.size):
...         x[i] *= factor
>>> import numpy as np
>>> x = np.arange(3.0); scale(x, 2.0); x
array([0., 2., 4.])
"""

from __future__ import annotations

import contextlib
import os
import threading
import types as pytypes
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llvmlite import binding
from numba import config, njit, types
from numba.core.caching import NullCache
from numba.core.registry import CPUDispatcher

from fastmul.runtime import cache

# nogil: kernels run in our own thread pool. No fastmath anywhere: contraction and reassociation destroy
# the error terms on which exactness rests. error_model numpy: no hidden exception paths in loops.
# boundscheck stays unset, so that NUMBA_BOUNDSCHECK=1 switches it on for a whole process.
FLAGS: dict[str, Any] = {"nopython": True, "nogil": True, "error_model": "numpy"}

_lock = threading.RLock()
_warned = False


def const(array: types.Array) -> types.Array:
    """The read-only form of an array type: a parameter that accepts writable and read-only arrays alike.

    >>> from numba import float64
    >>> const(float64[::1])
    Array(float64, 1, 'C', True, aligned=True)
    """
    return types.Array(array.dtype, array.ndim, array.layout, readonly=True)


class Kernel(CPUDispatcher):
    """A Numba function with exactly one signature, compiled when first needed."""

    declared: Any  # the numba signature
    callees: tuple[Kernel, ...] = ()  # kernels whose machine code this one's calls

    def __init__(self, py_func: Callable[..., Any], locals: Any = None, targetoptions: Any = None,
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(py_func, locals or {}, targetoptions or dict(FLAGS), **kwargs)

    @property
    def is_cached(self) -> bool:
        """Whether there is machine code on the disk, so that `prepare` would only load it."""
        return any(cache.folder_of(self).rglob("*.nbc"))

    def prepare(self) -> Kernel:
        """Compile the declared signature, or load it from the cache."""
        # numba's own lock comes first, always: a thread that compiles a caller holds it when it gets here.
        from numba.core.compiler_lock import global_compiler_lock

        with global_compiler_lock:
            if self._can_compile and not self.is_compiling:
                for callee in self.callees:
                    callee.link()
                self._cache = _DiskCache(self)
                self.compile(self.declared)
                self.disable_compile()
        return self

    @property
    def symbol(self) -> str:
        """The name of the machine code for callers of `apart`."""
        return f"fastmul.{self.__module__}.{self.__qualname__}"

    @property
    def address(self) -> int:
        """Where the machine code is, compiled if need be: for a kernel that calls what it is told to."""
        (made,) = self.prepare().overloads.values()
        return made.library.get_pointer_to_function(made.fndesc.llvm_cfunc_wrapper_name)

    def link(self) -> None:
        """Compile, and let LLVM find the machine code under `symbol`."""
        binding.add_symbol(self.symbol, self.address)

    # Numba calls the next two where it would compile for whatever argument types it was given.
    def _compile_for_args(self, *args: Any, **kwargs: Any) -> Any:
        return (
            self.prepare()
        )  # the C dispatcher calls what this returns: now it matches, or raises TypeError

    def get_call_template(self, args: Any, kws: Any) -> Any:
        self.prepare()
        return super().get_call_template(args, kws)


@dataclass(frozen=True)
class apart:
    """A binding of `kernel` that is called as it is, where a bare one is compiled into every caller again.

    For kernels of scalars that raise nothing.
    """

    kernel: Kernel


class KernelSet:
    """Base of objects whose attributes are kernels made of the same templates, so that all kernels can be found."""


def kernel(signature: Any, name: str | None = None, **bindings: Any) -> Callable[..., Kernel]:
    """Decorator: compile this function for `signature`, lazily, cached.

    Parameters
    ----------
    signature : numba signature, such as ``void(const(float64[::1]), float64[::1])``.
    name : str, optional
        Another name for the kernel; needed where one function is the template of several.
    **bindings
        Globals of the function to replace: ``kernel(sig, name="gemm_int64", micro_kernel=m)(gemm)``
        makes a kernel of the template ``gemm`` with its ``micro_kernel`` bound to m. See also `apart`.
    """

    callees = {n: b.kernel for n, b in bindings.items() if isinstance(b, apart)}
    outside = {n: types.ExternalFunction(k.symbol, k.declared) for n, k in callees.items()}

    def decorate(function: Callable[..., Any]) -> Kernel:
        if name or bindings:
            function = bound(function, name or function.__name__, **{**bindings, **outside})
        made = Kernel(function)
        made.declared, made.callees = signature, tuple(callees.values())
        return made

    return decorate


def inline(function: Callable[..., Any]) -> Any:
    """Decorator: a helper of kernels, compiled into each caller and never called from Python."""
    return njit(forceinline=True, **{k: v for k, v in FLAGS.items() if k != "nopython"})(function)


def bound(function: Any, name: str, **bindings: Any) -> Any:
    """A copy of a function under another name, with some of its globals replaced."""
    copy = pytypes.FunctionType(function.__code__, {**function.__globals__, **bindings}, name,
                                function.__defaults__, function.__closure__)  # fmt: skip
    copy.__module__, copy.__qualname__, copy.__doc__ = function.__module__, name, function.__doc__
    return copy


class _DiskCache:
    """Numba's file cache of one kernel, in a folder of its own, that never raises."""

    def __init__(self, owner: Kernel) -> None:
        self._path = cache.folder_of(owner)
        self._file: Any = NullCache()
        if not os.path.isfile(owner.py_func.__code__.co_filename):
            return  # typed at a prompt, or a doctest: there is no source to tell when it changes
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            self._file = _file_cache(owner.py_func, str(self._path))
        except Exception as error:
            _warn(error)

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        try:
            return self._file.load_overload(signature, target_context)
        except Exception as error:
            _warn(error)
            with contextlib.suppress(Exception):
                self._file.flush()  # a damaged index would fail the save that follows, too
            return None

    def save_overload(self, signature: Any, data: Any) -> None:
        try:
            self._file.save_overload(signature, data)
        except Exception as error:
            _warn(error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _file_cache(py_func: Any, path: str) -> Any:
    from numba.core.caching import FunctionCache

    with _lock:  # CACHE_DIR is global to numba: change it only here, and put it back
        before = config.CACHE_DIR
        config.CACHE_DIR = path
        try:
            return FunctionCache(py_func)
        finally:
            config.CACHE_DIR = before


def _warn(error: Exception) -> None:
    global _warned
    if not _warned:
        _warned = True
        warnings.warn(
            f"fastmul compiles without its cache in {cache.root()}: {type(error).__name__}: {error}. "
            "Set FASTMUL_CACHE_DIR to a writable folder, or empty that one.",
            RuntimeWarning,
            stacklevel=3,
        )
