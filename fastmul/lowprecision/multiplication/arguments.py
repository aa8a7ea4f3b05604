"""The operands and keywords of lowprecision.matmul, checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmul.lowprecision import foreign
from fastmul.lowprecision import formats as table
from fastmul.lowprecision.multiplication.coded import LARGEST_BITS, Coded
from fastmul.lowprecision.multiplication.floating import Floating
from fastmul.lowprecision.multiplication.operand import Operand
from fastmul.lowprecision.multiplication.problem import ProductProblem
from fastmul.lowprecision.multiplication.result import EPILOGUE_FORMAT, checked_format
from fastmul.lowprecision.quantization import quantize
from fastmul.lowprecision.quantized import Quantized
from fastmul.runtime import arrays
from fastmul.runtime.threads import get_threads

#: The axis of each operand that the product contracts.
CONTRACTED = {"A": 1, "B": 0}


def analyse(
    a: Any, b: Any, *, accumulate: Any = "exact", out_format: Any = None, formats: Any = None,
    threads: int | None = None, has_epilogue: bool = False,
) -> ProductProblem:  # fmt: skip
    """The problem of an exact product; raises ValueError or TypeError that restates the call."""
    if accumulate != "exact":
        raise ValueError(
            f"accumulate={accumulate!r} adds in an order of its own and has no algorithms to choose from; "
            "accumulate='exact' has"
        )
    a, b = as_operands(a, b, formats)
    n_threads = get_threads(threads)
    x, y = (_operand(q, CONTRACTED[name], n_threads) for name, q in (("A", a), ("B", b)))
    name = output_format(a, b, out_format)
    if has_epilogue and name == "int32":
        raise ValueError(
            "matmul(epilogue=...) of two unscaled integer operands: an epilogue works on float32; "
            "give out_format='float32'"
        )
    return ProductProblem(x, y, EPILOGUE_FORMAT if has_epilogue else name, n_threads)


def as_operands(a: Any, b: Any, formats: Any = None) -> tuple[Quantized, Quantized]:
    """Both operands quantised along the contracted axis, 2-D and of matching depth."""
    names = formats if isinstance(formats, tuple | list) else (formats, formats)
    if len(names) != len(CONTRACTED):
        raise ValueError(f"matmul(formats={formats!r}): a format, or one for A and one for B")
    a, b = (_quantized(x, fmt, which) for x, fmt, which in zip((a, b), names, CONTRACTED, strict=True))  # fmt: skip
    for which, q in (("A", a), ("B", b)):
        if q.element.kind == "scale":
            raise ValueError(
                f"matmul: {which} is {q!r}, and {q.format.name} holds scales, which no product takes; "
                f"quantize({which}.dequantize(), 'bfloat16') holds the same powers of two"
            )
    if a.ndim != 2 or b.ndim != 2:
        raise ValueError(
            f"matmul of {a!r} and {b!r}: both have two axes; reshape stacks to (rows, k) before quantising"
        )
    if a.shape[1] != b.shape[0]:
        raise ValueError(
            f"matmul of shapes {a.shape} and {b.shape}: {a.shape[1]} columns of A meet {b.shape[0]} rows of B"
        )
    for which, q in (("A", a), ("B", b)):
        _check_scales(q, which)
    return a, b


def output_format(a: Quantized, b: Quantized, out_format: Any) -> str:
    """The name of the output format: given, or int32 of two integer operands without scales, else float32."""
    both = all(x.scales is None and x.element.kind == "integer" for x in (a, b))
    exact = both and a.element.lsb_exponent == b.element.lsb_exponent == 0
    if out_format is None:
        return "int32" if exact else "float32"
    name = checked_format(out_format)
    if name == "int32" and not exact:
        raise ValueError(
            f"matmul of {a.format.name} and {b.format.name} (out_format='int32'): only integers without scales "
            "have an int32 product; out_format='float32' or 'float64' would do"
        )
    return name


def _quantized(x: Any, fmt: Any, which: str) -> Quantized:
    axis = CONTRACTED[which]
    if isinstance(x, Quantized):
        if fmt is not None and table.get(fmt) != x.format:
            raise ValueError(
                f"matmul(formats=...): {which} is {x.format.name} already, not {table.get(fmt).name}; "
                "formats= is for arrays"
            )
        return x
    if foreign.is_torch(x):  # NumPy's bfloat16 and float8 are not what x.numpy() would give
        raise TypeError(
            f"matmul: {which} is a torch tensor; quantize(x, format, axis={axis}) takes it, and "
            f"Quantized(x, None, format, {axis}) where its elements are the format's"
        )
    (x,) = arrays.as_operands("lowprecision.matmul", x)
    if fmt is None:
        if x.dtype.name in table.formats and x.dtype not in (np.float32, np.float64):
            stands = np.atleast_1d(x)  # a number, too, is told that it has too few axes
            return Quantized(stands, None, x.dtype.name, axis if x.ndim > axis else -1)
        raise TypeError(
            f"matmul: {which} is an array of {x.dtype}; give formats='mxfp8_e4m3' (or another), or quantize it along "
            f"axis {axis}"
        )
    if x.ndim != 2:
        raise ValueError(f"matmul(formats=...): {which} has shape {x.shape}; both have two axes")
    fmt = table.get(fmt)
    integers = isinstance(fmt, table.Format) and fmt.kind == "integer"
    return quantize(x, fmt, axis=axis, scaling="channel" if integers else None)


def _check_scales(q: Quantized, which: str) -> None:
    """Scales may differ along the contracted axis only as blocks."""
    axis = CONTRACTED[which]
    again = f"requantise it: quantize(x, {q.format.name!r}, axis={axis})"
    if q.block is not None and q.axis != axis:
        raise ValueError(
            f"matmul contracts axis {axis} of {which}, whose blocks of {q.block} run along axis {q.axis} "
            f"({q!r}); their scales cannot leave the sum: {again}"
        )
    if q.block is None and q.scales is not None and q.scales.shape[axis] != 1:
        raise ValueError(
            f"matmul contracts axis {axis} of {which}, along which its scales differ ({q!r}, scales "
            f"{q.scales.shape}): {again}"
        )


def _operand(q: Quantized, contracted: int, n_threads: int) -> Operand:
    kind = Coded if q.element.bits <= LARGEST_BITS else Floating
    return kind(q, contracted, n_threads)
