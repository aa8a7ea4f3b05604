"""Activations: elementwise functions of float32 whose bits are the same on every machine.

The functions themselves are `fastmul.kernels.elementary`. Errors are in ulp, units in the last place of the exact
value, and the largest over all float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.nn.operands import floats
from fastmul.runtime.threads import chunks, get_threads, run

#: Elements of one chunk of work: about a millisecond.
CHUNK = 1 << 20
#: What `Epilogue` takes by name.
NAMES = ("relu", "gelu", "gelu_tanh", "silu", "sigmoid", "tanh")


def relu(x: Any, *, threads: int | None = None) -> np.ndarray:
    """The rectified linear unit, max(x, 0).

    Parameters
    ----------
    x : float32 array.
    threads : int, optional
        As in `fastmul.matmul`.

    Returns
    -------
    New float32 array of x's shape; NaN stays, -0 becomes 0.

    Raises
    ------
    TypeError : x is not float32.

    Examples
    --------
    >>> relu(np.array([-1.0, 2.0], np.float32))
    array([0., 2.], dtype=float32)
    """
    return _map("relu", x, threads)


def gelu(x: Any, *, approximate: str = "none", threads: int | None = None) -> np.ndarray:
    """The Gaussian error linear unit, x Phi(x).

    Phi(x) = (1 + erf(x / sqrt(2))) / 2; with ``approximate="tanh"``
    x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2 instead, which is another function (they differ by up to 5e-4).

    Parameters
    ----------
    x : float32 array.
    approximate : "none" or "tanh"
        Torch's and ONNX's name for the choice of the form.
    threads : int, optional
        As in `fastmul.matmul`.

    Returns
    -------
    New float32 array of x's shape; -0 at -inf, the limit.

    Raises
    ------
    TypeError : x is not float32.
    ValueError : approximate is neither.

    Error
    -----
    6.64 ulp, also in the lower tail, where 1 + erf(...) cancels; the tanh form 215 ulp (at x = -10, where its value
    is 5e-38), 13.5 ulp for x > -3, and 3.2 ulp for x > -1.

    Source
    ------
    Hendrycks, Gimpel, arXiv:1606.08415 (2016).

    Examples
    --------
    >>> gelu(np.array([-1.0, 1.0], np.float32))
    array([-0.15865524,  0.8413448 ], dtype=float32)
    """
    return _map(_form_of_gelu("gelu", approximate), x, threads)


def silu(x: Any, *, threads: int | None = None) -> np.ndarray:
    """The sigmoid linear unit (swish), x / (1 + e^-x).

    Parameters
    ----------
    x : float32 array.
    threads : int, optional
        As in `fastmul.matmul`.

    Returns
    -------
    New float32 array of x's shape; -0 at -inf, the limit.

    Raises
    ------
    TypeError : x is not float32.

    Error
    -----
    3.23 ulp.

    Source
    ------
    Hendrycks, Gimpel, arXiv:1606.08415 (2016); Ramachandran, Zoph, Le, arXiv:1710.05941 (2017).

    Examples
    --------
    >>> silu(np.array([-1.0, 1.0], np.float32))
    array([-0.26894143,  0.7310586 ], dtype=float32)
    """
    return _map("silu", x, threads)


def sigmoid(x: Any, *, threads: int | None = None) -> np.ndarray:
    """The logistic function, 1 / (1 + e^-x).

    Parameters
    ----------
    x : float32 array.
    threads : int, optional
        As in `fastmul.matmul`.

    Returns
    -------
    New float32 array of x's shape.

    Raises
    ------
    TypeError : x is not float32.

    Error
    -----
    2.41 ulp, in both tails.

    Examples
    --------
    >>> sigmoid(np.array([-1.0, 0.0], np.float32))
    array([0.26894143, 0.5       ], dtype=float32)
    """
    return _map("sigmoid", x, threads)


def tanh(x: Any, *, threads: int | None = None) -> np.ndarray:
    """The hyperbolic tangent.

    Parameters
    ----------
    x : float32 array.
    threads : int, optional
        As in `fastmul.matmul`.

    Returns
    -------
    New float32 array of x's shape.

    Raises
    ------
    TypeError : x is not float32.

    Error
    -----
    1.50 ulp.

    Examples
    --------
    >>> tanh(np.array([-1.0, 0.0], np.float32))
    array([-0.7615942,  0.       ], dtype=float32)
    """
    return _map("tanh", x, threads)


def relu_backward(grad: Any, x: Any, *, threads: int | None = None) -> np.ndarray:
    """The gradient by x of `relu`, from the gradient by its result.

    Parameters
    ----------
    grad, x : float32 arrays of one shape.
    threads : int, optional
        As in `fastmul.matmul`.

    Returns
    -------
    New float32 array of their shape: grad where x > 0, else 0.

    Raises
    ------
    TypeError, ValueError : grad or x is not float32, or their shapes differ.

    Examples
    --------
    >>> relu_backward(np.array([3.0, 3.0], np.float32), np.array([-1.0, 2.0], np.float32))
    array([0., 3.], dtype=float32)
    """
    return _map_gradient("relu", grad, x, threads)


def gelu_backward(
    grad: Any, x: Any, *, approximate: str = "none", threads: int | None = None
) -> np.ndarray:
    """The gradient by x of `gelu`, from the gradient by its result.

    Parameters
    ----------
    grad, x : float32 arrays of one shape.
    approximate, threads
        As in `gelu`.

    Returns
    -------
    New float32 array of their shape: grad times the derivative at x.

    Raises
    ------
    TypeError, ValueError : grad or x is not float32, their shapes differ, or approximate is unknown.

    Error
    -----
    4 u |grad| in either form, u = 2^-24, measured; the derivative lies between -0.13 and 1.13, with a zero at -0.75.

    Examples
    --------
    >>> gelu_backward(np.ones(2, np.float32), np.array([0.0, 20.0], np.float32))
    array([0.5, 1. ], dtype=float32)
    """
    return _map_gradient(_form_of_gelu("gelu_backward", approximate), grad, x, threads)


def silu_backward(grad: Any, x: Any, *, threads: int | None = None) -> np.ndarray:
    """The gradient by x of `silu`, from the gradient by its result.

    Parameters
    ----------
    grad, x : float32 arrays of one shape.
    threads : int, optional
        As in `fastmul.matmul`.

    Returns
    -------
    New float32 array of their shape: grad times the derivative at x.

    Raises
    ------
    TypeError, ValueError : grad or x is not float32, or their shapes differ.

    Error
    -----
    4 u |grad|, u = 2^-24, measured; the derivative lies between -0.1 and 1.1, with a zero at -1.28.

    Examples
    --------
    >>> silu_backward(np.ones(2, np.float32), np.array([0.0, 40.0], np.float32))
    array([0.5, 1. ], dtype=float32)
    """
    return _map_gradient("silu", grad, x, threads)


def _form_of_gelu(call: str, approximate: str) -> str:
    if approximate not in ("none", "tanh"):
        raise ValueError(f'{call}(approximate={approximate!r}): must be "none" or "tanh"')
    return "gelu_tanh" if approximate == "tanh" else "gelu"


def _map(name: str, x: Any, threads: int | None) -> np.ndarray:
    return _run(name, [floats(x, name)], threads)


def _map_gradient(name: str, grad: Any, x: Any, threads: int | None) -> np.ndarray:
    call = f"{name}_backward"
    x, grad = floats(x, call), floats(grad, call, "grad")
    if grad.shape != x.shape:
        raise ValueError(f"{call}: grad has shape {grad.shape}, x has {x.shape}: must be the same")
    return _run(f"{name}_gradient", [x, grad], threads)


def _run(name: str, operands: list[np.ndarray], threads: int | None) -> np.ndarray:
    from fastmul.kernels.cpu.elementary_arrays import elementwise

    out = np.empty(operands[0].shape, np.float32)
    places = [array.ctypes.data for array in (*operands, out)]
    function = elementwise.named(name)

    def run_chunk(start: int, stop: int) -> None:
        function(*(place + out.itemsize * start for place in places), stop - start)

    run(run_chunk, chunks(out.size, 1, CHUNK), get_threads(threads))
    return out
