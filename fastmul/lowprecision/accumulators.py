"""Accumulators as data: how hardware adds the products of a low-precision matmul, one row each.

The exact products of a group and the running sum are aligned to the largest exponent among them; each is cut toward
zero to `fraction_bits` bits below it; what is left is added exactly, and the sum is rounded to the output::

    c       1.xxxxxxxxxxxxxxxxxxxxxxx                      2^e is the largest of the powers
    a0 b0        1.xxxxxxxxxxxxxx                          |
    a1 b1   1x.xxxxxxxxxxxxxx                     exponents of products are sums of exponents: not normalised
    a2 b2                    1.xxxxx|xxxxxxxxx             |
            |<---- fraction_bits --->| cut                 v   then c = round(sum) to the output format

Groups follow each other in ascending k. Zeros take part with `zero_exponent`, which matters to sums near the output's
smallest numbers only. A group of one without fraction_bits is IEEE arithmetic: one product after the other.

>>> accumulators["hopper_fp8"].fraction_bits, accumulators["hopper_fp8"].output
(13, 'e8m13')
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from numbers import Integral
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from fastmul.bounds.aligned_sums import are_float16, largest_fraction_bits
from fastmul.lowprecision.formats import ELEMENTS, BlockFormat, Format, formats

if TYPE_CHECKING:
    import numpy as np

    from fastmul.lowprecision.quantized import Quantized

#: Formats that a sum is rounded to: (fraction bits, exponent of the smallest normal number, exponent of overflow).
OUTPUTS = {"float32": (23, -126, 128), "float16": (10, -14, 16), "e8m13": (13, -126, 128)}
ROUNDINGS = ("toward_zero", "ties_to_even")
#: Elements a slice: what DeepSeek-V3 lets the tensor core add before the sum goes to a float32 register.
PROMOTION = 128

#: Formats of operands that rows take.
EVERY = tuple(f.name for f in formats.values() if isinstance(f, BlockFormat) or f.kind != "scale")
HALF, HALVES = ("float16",), ("float16", "bfloat16")
TF32 = ("tf32",)
FP8 = ("float8_e4m3fn", "float8_e5m2")
FP8_TO_FP4 = (*FP8, "float6_e2m3fn", "float6_e3m2fn", "float4_e2m1fn")
MX = ("mxfp8_e4m3", "mxfp8_e5m2", "mxfp6_e2m3", "mxfp6_e3m2", "mxfp4_e2m1")
FP4_BLOCKS = ("nvfp4", "mxfp4_e2m1")


def _fits_float16(fmt: Format) -> bool:
    """Whether every finite value of an element format is a float16."""
    if fmt.kind == "scale":
        return False
    significand = fmt.mantissa_bits + (fmt.kind == "float")
    return are_float16(significand, fmt.lsb_exponent, fmt.max)


#: nvfp4's elements under their block scales have at most 6 significant bits, from 2^-10 to 2688.
IN_FLOAT16 = (*(f.name for f in ELEMENTS if _fits_float16(f)), "nvfp4", "bitnet_b158")


@dataclass(frozen=True, slots=True)
class Accumulator:
    """How the products of a dot product are added up.

    Parameters
    ----------
    name : str
    group : int
        Products that are added at once with the running sum.
    fraction_bits : int or None
        Bits that every term keeps below the group's largest exponent. None: each sum is exact before it is rounded,
        which is IEEE arithmetic and needs a group of 1.
    rounding : {"toward_zero", "ties_to_even"}
        Of each group's sum to the output.
    output : {"float32", "float16", "e8m13"}
        The format of the running sum; e8m13 is float32 with 13 bits of fraction.
    promote_every : int, optional
        After so many elements of k the running sum is added to a float32 (ties to even), and begins anew.
    inner : int
        Products of 4-bit floats that are summed exactly before the sum is aligned, by its scales' exponents.
    fused : bool
        In IEEE arithmetic: whether c + a b is rounded once (a fused multiply-add), or a b before it.
    zero_exponent : int
        The exponent at which zeros are aligned.
    formats : tuple of str
        Formats of operands that it takes, by name. Default: all for which the kernels are exact.

    Raises
    ------
    ValueError : parameters that contradict each other, or more fraction bits than float64 lanes hold.

    Exactness
    ---------
    `matmul(..., accumulate=)` and `product` give, bit for bit, what this definition gives in exact arithmetic. NaN is
    the one NaN that hardware makes, 0x7fffffff; Inf - Inf and 0 * Inf are NaN.

    Source
    ------
    The named rows of GPUs: Xie, Wang, Yang, Yang, MMA-Sim: Bit-Accurate Reference Model of Tensor Cores and Matrix
    Cores, arXiv 2511.10909 (2025). Promotion: DeepSeek-V3 Technical Report, arXiv 2412.19437 (2024), section 3.3.2.

    Examples
    --------
    >>> accumulators["ampere"]
    Accumulator(ampere: groups of 8, 24 fraction bits, toward_zero to float32)
    >>> Accumulator("wide", group=32, fraction_bits=30, rounding="ties_to_even")
    Accumulator(wide: groups of 32, 30 fraction bits, ties_to_even to float32)
    """

    name: str
    group: int = 1
    fraction_bits: int | None = None
    rounding: str = "ties_to_even"
    output: str = "float32"
    promote_every: int | None = None
    inner: int = 1
    fused: bool = True
    zero_exponent: int = -133
    formats: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        def refuse(why: str) -> None:
            raise ValueError(f"Accumulator {self.name!r}: {why}")

        counts = (self.group, self.inner, self.fraction_bits, self.promote_every)
        if not all(x is None or isinstance(x, Integral) for x in counts):
            refuse("group, inner, fraction_bits and promote_every are integers")
        if self.rounding not in ROUNDINGS:
            refuse(f"rounding={self.rounding!r} is none of {', '.join(ROUNDINGS)}")
        if self.output not in OUTPUTS:
            refuse(f"output={self.output!r} is none of {', '.join(OUTPUTS)}")
        if min(self.group, self.inner) < 1 or self.group % self.inner:
            refuse(f"group={self.group} is no positive multiple of inner={self.inner}")
        if self.promote_every is not None and (
            self.promote_every < 1 or self.promote_every % self.group
        ):
            refuse(
                f"promote_every={self.promote_every} is no positive multiple of group={self.group}"
            )
        least = OUTPUTS[self.output][1]
        if self.zero_exponent > least:  # a running sum, if not zero, then always aligns higher
            refuse(
                f"zero_exponent={self.zero_exponent} is above {least}, the least exponent of {self.output}"
            )
        able = self._able_formats()
        if not set(self.formats) <= set(able):
            refuse(f"formats={self.formats} are not all among {', '.join(able)}")
        object.__setattr__(self, "formats", self.formats or able)
        if self.fraction_bits is None:
            if self.group != 1 or self.rounding != "ties_to_even" or self.output == "e8m13":
                refuse("without fraction_bits it is IEEE arithmetic: group=1, rounding='ties_to_even', "
                       "output='float32' or 'float16'")  # fmt: skip
            return
        largest = largest_fraction_bits(self.group, self.inner)
        if not 1 <= self.fraction_bits <= largest:
            refuse(f"fraction_bits={self.fraction_bits} is not within 1..{largest}, which float64 lanes hold "
                   f"for groups of {self.group}")  # fmt: skip

    def _able_formats(self) -> tuple[str, ...]:
        """The formats for which the kernels are exact (bounds/aligned_sums.py)."""
        if self.inner > 1:
            return FP4_BLOCKS
        is_half = self.fraction_bits is None and self.output == "float16"
        return IN_FLOAT16 if is_half else EVERY

    @property
    def result(self) -> str:
        """The dtype of the sums: of the output, float32 after a promotion."""
        return "float16" if self.output == "float16" and self.promote_every is None else "float32"

    def takes(self, *operands: Format | BlockFormat) -> bool:
        """Whether operands of these formats may be multiplied in it."""
        return all(f.name in self.formats for f in operands)

    def __repr__(self) -> str:
        if self.fraction_bits is None:
            how = "one by one" + ("" if self.fused else ", products rounded")
        else:
            how = f"groups of {self.group}, {self.fraction_bits} fraction bits"
            how += f", exact sums of {self.inner}" if self.inner > 1 else ""
        promotion = f", promoted every {self.promote_every}" if self.promote_every else ""
        return f"Accumulator({self.name}: {how}, {self.rounding} to {self.output}{promotion})"


def _generation(
    name: str, fraction_bits: int, halves: tuple[str, ...], group: int, tf32: int | None
) -> list[Accumulator]:
    """The rows of a generation of tensor cores for 16-bit operands (sums in float32 or float16), and for tf32."""
    to_single = Accumulator(name, group, fraction_bits, "toward_zero", "float32",
                            zero_exponent=-108 - fraction_bits, formats=halves)  # fmt: skip
    rows = [to_single, _to_half(to_single, formats=HALF)]
    if tf32:
        rows.append(replace(to_single, name=f"{name}_tf32", group=tf32, formats=TF32))
    return rows


def _to_half(row: Accumulator, **changes: Any) -> Accumulator:
    """The row with a float16 running sum: zeros stand as far above the smallest one as in float32."""
    return replace(row, name=f"{row.name}_float16", output="float16", rounding="ties_to_even",
                   zero_exponent=row.zero_exponent + 112, **changes)  # fmt: skip


def _rows() -> list[Accumulator]:
    ieee = Accumulator("float32")
    half = Accumulator("float16", output="float16", formats=IN_FLOAT16)
    ada = Accumulator("ada_fp8", 16, 13, "toward_zero", "e8m13", zero_exponent=-132, formats=FP8)
    hopper = Accumulator("hopper_fp8", 32, 13, "toward_zero", "e8m13", formats=FP8)
    blackwell = Accumulator("blackwell_fp8", 32, 25, "toward_zero", formats=(*FP8_TO_FP4, *MX))
    return [
        ieee,
        replace(ieee, name="float32_unfused", fused=False),
        half,
        replace(half, name="float16_unfused", fused=False),
        *_generation("volta", 23, HALF, group=4, tf32=None),
        *_generation("turing", 24, HALF, group=8, tf32=None),
        *_generation("ampere", 24, HALVES, group=8, tf32=4),
        *_generation("ada", 24, HALVES, group=8, tf32=4),
        ada,
        _to_half(ada),
        *_generation("hopper", 25, HALVES, group=16, tf32=8),
        hopper,
        _to_half(hopper),
        replace(hopper, name="hopper_fp8_promoted", promote_every=PROMOTION),
        *_generation("blackwell", 25, HALVES, group=16, tf32=8),
        Accumulator("blackwell_fp4", 64, 35, "toward_zero", inner=16, zero_exponent=-139, formats=FP4_BLOCKS),
        blackwell,
        _to_half(blackwell, formats=FP8_TO_FP4),
    ]  # fmt: skip


#: Every named row. A generation's name ("hopper") also stands for the row of it that takes the operands' formats.
accumulators: Mapping[str, Accumulator] = MappingProxyType({row.name: row for row in _rows()})


def find(name: str | Accumulator, *operands: Format | BlockFormat) -> Accumulator:
    """The row of a name that takes operands of these formats; an Accumulator is returned as it is, if it does.

    Parameters
    ----------
    name : str or Accumulator
        A row's name. A generation's ("ampere", "hopper", "blackwell", ...) finds its first row for the formats.
    *operands : the formats of the operands.

    Returns
    -------
    Accumulator

    Raises
    ------
    ValueError : no such name, or none of its rows takes the formats; names those that do.

    Examples
    --------
    >>> fp8 = formats["float8_e4m3fn"]
    >>> find("hopper", fp8, fp8).name
    'hopper_fp8'
    >>> find("volta", fp8, fp8)
    Traceback (most recent call last):
    ...
    ValueError: accumulate='volta' takes float16, not float8_e4m3fn; these take it: float32, ...
    """
    if isinstance(name, Accumulator):
        rows = [name]
    elif name in accumulators:
        rows = [accumulators[name]]
        if "_" not in name:  # of its generation, float16 sums only if asked for by name
            rows += [row for row in accumulators.values()
                     if row.name.startswith(f"{name}_") and row.result == rows[0].result and row.fused
                     and row.promote_every is None]  # fmt: skip
    else:
        near = difflib.get_close_matches(str(name), accumulators, n=3, cutoff=0.4) or accumulators
        raise ValueError(f"no accumulator is called {name!r}; near: {', '.join(near)}")
    for row in rows:
        if row.takes(*operands):
            return row
    given = " x ".join(dict.fromkeys(f.name for f in operands))
    able = [row.name for row in accumulators.values() if row.takes(*operands)]
    taken = ", ".join(dict.fromkeys(n for row in rows for n in row.formats))
    shown = name.name if isinstance(name, Accumulator) else name
    raise ValueError(f"accumulate={shown!r} takes {taken}, not {given}; these take it: {', '.join(able)}")  # fmt: skip


def product(
    a: Quantized, b: Quantized, accumulator: str | Accumulator, threads: int | None = None
) -> np.ndarray:
    """C = A B in the arithmetic of an accumulator.

    Parameters
    ----------
    a, b : Quantized of shapes (m, k) and (k, n), blocks along the contracted axis.
    accumulator : str or Accumulator
    threads : int, optional

    Returns
    -------
    (m, n) array of float32, or of float16 for sums in float16: the emulated sum, times the float32 scales of tensors,
    rows and columns, multiplied exactly and rounded once (ties to even).

    Raises
    ------
    ValueError : shapes that do not fit, blocks or scales along another axis, a format that the row does not take.

    Exactness
    ---------
    Every entry is the accumulator's definition, bit for bit. Block scales take part as in the model of the hardware:
    powers of two (MX) shift the exponents that align; under "blackwell_fp4" sums of 16 products are exact, aligned by
    the exponents of their scales. In the IEEE rows and in your own, an element is multiplied by its block's scale
    before anything is added, and float32 rounds what that brings beyond its range to infinity.

    Complexity
    ----------
    m n k steps of eight lanes (sixteen in the float32 rows), and one decoding of the operands.
    """
    from fastmul.lowprecision.accumulation import accumulate

    return accumulate(a, b, find(accumulator, a.format, b.format), threads)
