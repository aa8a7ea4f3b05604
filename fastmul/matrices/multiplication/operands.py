"""From what the caller wrote to a problem: shapes, dtypes and keywords, checked as NumPy checks them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastmul.matrices.algebra import Algebra, resolve
from fastmul.matrices.multiplication import python_integers, stacks
from fastmul.matrices.multiplication.problem import EXACT_ACCURACIES, MatmulProblem
from fastmul.runtime import arrays
from fastmul.runtime.threads import get_threads

OVERFLOWS = ("wrap", "raise", "promote")
ACCURACIES = (None, "fast", "reproducible", "correctly_rounded")
#: The accuracy that an algorithm's name alone asks for.
ACCURACY_OF = {
    "strassen": "fast",
    "ozaki": "correctly_rounded",
    "filtered": "correctly_rounded",
    "long_accumulator": "correctly_rounded",
}


@dataclass(frozen=True, slots=True)
class Operands:
    """A checked call: stacked operands, what to compute, and how the result is shaped."""

    problem: MatmulProblem
    a: np.ndarray
    b: np.ndarray
    shape: tuple[int, ...]  # of the stacked result: batch + (m, n)
    drop: tuple[int, ...]  # axes that 1-D operands brought and the result loses
    overflow: str
    to_objects: bool  # the result becomes Python ints


def analyse(
    a: Any,
    b: Any,
    *,
    dtype: Any = None,
    mod: Any = None,
    semiring: Any = None,
    overflow: str = "wrap",
    accuracy: str | None = None,
    algorithm: str = "auto",
    threads: int | None = None,
) -> Operands:
    """Check a call of matmul; raises ValueError or TypeError that restates it."""
    check_choice("overflow", overflow, OVERFLOWS)
    check_choice("accuracy", accuracy, ACCURACIES)
    get_threads(threads)  # refuses what is no number of threads
    a, b = (_plain(x) for x in arrays.as_operands("matmul", a, b))
    a, b, shape, drop = stack(a, b)
    if (algebra := resolve("matmul", mod, semiring)) is not None:
        _exclude(algebra, mod, overflow=(overflow, "wrap"), accuracy=(accuracy, None))
        a, b, result = algebra.prepare(a, b, None if dtype is None else np.dtype(dtype))
        problem = _problem(a, b, shape, result, threads=threads, algebra=algebra)
        return Operands(problem, a, b, shape, drop, overflow, to_objects=False)
    to_objects = False
    if "O" in (a.dtype.kind, b.dtype.kind) or (dtype is not None and np.dtype(dtype).kind == "O"):
        result_dtype(a.dtype, b.dtype, dtype)  # refuses a dtype to which objects do not cast
        a, b, to_objects = _integers_of(a), _integers_of(b), True
        if a.dtype.kind in "iu" and b.dtype.kind in "iu":
            overflow, dtype = "promote", None
        else:
            a, b, overflow = a.astype(object), b.astype(object), "wrap"  # which Python's never do
    if overflow == "promote" and dtype is not None:
        raise ValueError(
            f"matmul(overflow='promote', dtype={dtype!r}): 'promote' chooses the dtype itself"
        )
    result = result_dtype(a.dtype, b.dtype, dtype, overflow)
    if result.kind == "f":  # floats are multiplied in the result's dtype
        a, b = (x.astype(result, copy=False) for x in (a, b))
    is_integer = result.kind in "biu" or to_objects
    if overflow != "wrap" and not is_integer:
        raise ValueError(
            f"matmul(overflow={overflow!r}) is for integers; the result here is {result}"
        )
    if accuracy is not None and is_integer:
        raise ValueError(
            f"matmul(accuracy={accuracy!r}) is for floats; the result here is {result}, exact anyway"
        )
    if accuracy in EXACT_ACCURACIES and result.char not in "fd":
        raise TypeError(
            f"matmul(accuracy={accuracy!r}) rounds float32 and float64; the result here is {result}, "
            "which dtype= can change"
        )
    if accuracy is None and result.kind == "f":
        accuracy = ACCURACY_OF.get(algorithm)
    problem = _problem(a, b, shape, result, threads=threads, accuracy=accuracy)
    return Operands(problem, a, b, shape, drop, overflow, to_objects)


def _problem(
    a: np.ndarray, b: np.ndarray, shape: tuple[int, ...], dtype: np.dtype, **fields: Any
) -> MatmulProblem:
    """The problem of stacked operands."""
    return MatmulProblem(
        m=shape[-2],
        k=a.shape[-1],
        n=shape[-1],
        batch=math.prod(shape[:-2]),
        a_dtype=a.dtype,
        b_dtype=b.dtype,
        dtype=dtype,
        operands=(a, b),
        **fields,
    )


def _exclude(algebra: Algebra, mod: Any, **keywords: tuple[Any, Any]) -> None:
    """Refuse keywords that mean nothing in an algebra: each with its value and its default."""
    given = f"mod={mod!r}" if mod is not None else f"semiring={algebra.name}"
    belongs = {"overflow": "machine integers", "accuracy": "floats"}
    for keyword, (value, default) in keywords.items():
        if value != default:
            raise ValueError(
                f"matmul({given}, {keyword}={value!r}): {keyword} is for {belongs[keyword]}; "
                f"over {algebra.name} there is nothing to choose"
            )


def check_choice(keyword: str, value: Any, choices: tuple[Any, ...]) -> None:
    if value not in choices:
        raise ValueError(
            f"matmul({keyword}={value!r}): {keyword} is one of {', '.join(map(repr, choices))}"
        )


def result_dtype(a: np.dtype, b: np.dtype, dtype: Any = None, overflow: str = "wrap") -> np.dtype:
    """The dtype of a product: NumPy's promotion, or `dtype=`; never chosen by values.

    >>> result_dtype(np.dtype("int8"), np.dtype("uint8"))
    dtype('int16')
    """
    integers = a.kind in "biu" and b.kind in "biu"
    if dtype is None:
        result = np.result_type(a, b)
        if integers and result.kind == "f":
            if overflow == "promote":
                return np.dtype(np.int64)
            raise TypeError(
                f"matmul({a}, {b}) has no integer dtype that holds both; give dtype=numpy.int64 or "
                "dtype=numpy.uint64 for the product modulo 2**64, dtype=numpy.float64 for a rounded one, "
                "or overflow='promote'"
            )
        return result
    result = np.dtype(dtype).newbyteorder("=")
    both_integer = integers and result.kind in "iu"  # any integer dtype: the product modulo 2**bits
    if not (both_integer or all(np.can_cast(x, result, "same_kind") for x in (a, b))):
        raise TypeError(
            f"matmul({a}, {b}, dtype={result}): operands do not cast to {result} under 'same_kind'"
        )
    return result


def stack(
    a: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple[int, ...], tuple[int, ...]]:
    """Both operands with at least two axes, the stacked result's shape, and the axes it then drops."""
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError(
            f"matmul takes no scalars (0-d), got shapes {a.shape} and {b.shape}; use a * b"
        )
    shapes = f"matmul of shapes {a.shape} and {b.shape}"
    drop: tuple[int, ...] = ()
    if a.ndim == 1:
        a, drop = a[np.newaxis, :], (-2,)
    if b.ndim == 1:
        b, drop = b[:, np.newaxis], (*drop, -1)
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(
            f"{shapes}: {a.shape[-1]} columns of the first meet {b.shape[-2]} rows of the second"
        )
    try:
        batch = stacks.batch_shape(a, b)
    except ValueError:
        raise ValueError(f"{shapes}: {a.shape[:-2]} and {b.shape[:-2]} do not broadcast") from None
    return a, b, (*batch, a.shape[-2], b.shape[-1]), drop


def _plain(x: np.ndarray) -> np.ndarray:
    """Native byte order, aligned, and int64 rather than C's synonyms of it: what kernels take."""
    if not x.dtype.isnative:
        x = x.astype(x.dtype.newbyteorder("="))
    if not x.flags.aligned:
        x = x.copy()
    if x.dtype.kind in "iu" and x.dtype.char in "qQ":
        x = x.view(f"{x.dtype.kind}8")
    return x


def _integers_of(x: np.ndarray) -> np.ndarray:
    """An object array of integers as the narrowest of int64, uint64 that holds it; otherwise as Python ints.

    Entries that are no integers (fractions, decimals) stay as they are: NumPy multiplies them exactly as their
    type does.
    """
    if x.dtype.kind != "O":
        return x
    ints = python_integers.as_integers(x)
    if ints is not None:
        return python_integers.narrowed(ints)
    mixed = np.empty(x.size, object)
    mixed[:] = [_as_int(entry) for entry in x.ravel()]
    return mixed.reshape(x.shape)


def _as_int(entry: Any) -> Any:
    """NumPy's own integers would wrap: they become Python's."""
    return int(entry) if isinstance(entry, (int, np.integer, np.bool_)) else entry
