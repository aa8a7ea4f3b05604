"""The table of formats: what a code of few bits means, and which scales go with it.

A format is data. A code of an element format is a sign, an exponent field and a mantissa field,

    bits - 1 | exponent_bits | mantissa_bits        value = (-1)^s * 2^(e - bias) * (1 + m / 2^mantissa_bits),  e > 0
      sign s |    field e    |    field m                   (-1)^s * 2^(1 - bias) *      m / 2^mantissa_bits,   e = 0

so that every finite value is an integer times `2**lsb_exponent`. Integers are the case without an exponent field, in
two's complement. A block format gives each block of elements along one axis a scale of its own.

>>> formats["float4_e2m1fn"].max, formats["mxfp4_e2m1"].block
(6.0, 32)
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

#: How the codes with the largest exponent field are used.
SPECIALS = {
    "ieee": "infinities and NaN, as in IEEE 754",
    "fn": "NaN where all bits below the sign are ones, no infinity",
    "fnuz": "one NaN, in the place of -0; no infinity",
    "none": "neither NaN nor infinity",
}


@dataclass(frozen=True, slots=True)
class Format:
    """An element or scale format: a grid of values and their codes."""

    name: str
    kind: str  # "float" | "integer" | "scale"
    bits: int  # of a code
    exponent_bits: int
    mantissa_bits: int  # of integers: bits below the sign
    bias: int
    specials: str  # a key of SPECIALS
    signed: bool = True

    @property
    def lsb_exponent(self) -> int:
        """Every finite value is an integer times 2**lsb_exponent."""
        return 1 - self.bias - self.mantissa_bits

    @property
    def max_code(self) -> int:
        """The code of the largest finite value."""
        if self.kind == "scale":
            return 2**self.bits - 2
        if self.name == "ternary":
            return 2
        fields = self.exponent_bits + self.mantissa_bits
        top = 2**fields - 1
        if self.specials == "ieee":
            return top - 2**self.mantissa_bits
        return top - 1 if self.specials == "fn" else top

    @property
    def max(self) -> float:
        """The largest finite value."""
        return float(_value(self, self.max_code))

    @property
    def min(self) -> float:
        """The lowest finite value."""
        if not self.signed:
            return 2.0**-self.bias if self.kind == "scale" else 0.0
        if self.kind == "integer" and self.name != "ternary":
            return -float(2**self.mantissa_bits) * 2.0**self.lsb_exponent
        return -self.max

    @property
    def max_exponent(self) -> int:
        """floor(log2(max))."""
        return int(np.frexp(self.max)[1]) - 1

    @property
    def max_integer(self) -> int:
        """The largest |q| among the values q * 2**lsb_exponent."""
        if self.kind == "scale":
            raise ValueError(f"{self.name} is a format of scales: powers of two, no integers")
        return int(max(self.max, -self.min) * 2.0**-self.lsb_exponent)

    @property
    def smallest_normal(self) -> float:
        """The smallest positive value of full precision."""
        if self.kind == "scale":
            return 2.0**-self.bias
        return 2.0 ** (1 - self.bias) if self.kind == "float" else 2.0**self.lsb_exponent

    @property
    def smallest_subnormal(self) -> float:
        """The smallest positive value."""
        return self.smallest_normal if self.kind == "scale" else 2.0**self.lsb_exponent

    @property
    def has_infinity(self) -> bool:
        return self.specials == "ieee"

    @property
    def has_nan(self) -> bool:
        return self.specials != "none"

    @property
    def nan_code(self) -> int | None:
        """The code of the (positive) NaN that casting makes; None where there is none."""
        if self.kind == "scale":
            return 2**self.bits - 1
        if self.specials == "none":
            return None
        if self.specials == "fnuz":
            return 2 ** (self.bits - 1)
        if self.specials == "fn":
            return 2 ** (self.bits - 1) - 1
        return self.max_code + 1 + 2 ** (self.mantissa_bits - 1)  # quiet

    @property
    def infinity_code(self) -> int | None:
        """The code of +Inf; None where there is none."""
        return self.max_code + 1 if self.has_infinity else None

    @property
    def dtype(self) -> np.dtype | None:
        """The NumPy dtype whose elements are these codes, ml_dtypes' included; None where there is none."""
        return _dtype(self.name)

    @property
    def code_dtype(self) -> np.dtype:
        """The dtype that holds one unpacked code."""
        if self.kind == "integer" and self.signed and self.name != "ternary":
            return np.dtype(np.int8)
        return np.dtype(f"u{1 if self.bits <= 8 else 2 if self.bits <= 16 else 4}")

    @property
    def is_packed(self) -> bool:
        """Whether several codes share bytes."""
        return self.bits < 8


@dataclass(frozen=True, slots=True)
class BlockFormat:
    """Elements of one format, with a scale of another for every block of them."""

    name: str
    element: Format
    scale: Format
    block: int  # elements under one scale along the axis; 0: the whole tensor
    rules: tuple[str, ...]  # the names of the rules for the scale, the default first
    two_level: bool = False  # scaled once more by one float32 for the whole tensor

    @property
    def bits(self) -> int:
        return self.element.bits


def _value(fmt: Format, code: int) -> Any:
    """The finite value of a non-negative code."""
    if fmt.kind == "scale":
        return np.ldexp(1.0, code - fmt.bias)
    if fmt.name == "ternary":
        return code - 1
    field, mantissa = code >> fmt.mantissa_bits, code & (2**fmt.mantissa_bits - 1)
    if field:
        mantissa += 2**fmt.mantissa_bits
    return np.ldexp(float(mantissa), max(field, 1) - fmt.bias - fmt.mantissa_bits)


def _dtype(name: str) -> np.dtype | None:
    if name in ("float16", "float32", "int8", "uint8"):
        return np.dtype(name)
    import ml_dtypes

    found = getattr(ml_dtypes, name, None)
    return None if found is None else np.dtype(found)


def _float(
    name: str, exponent_bits: int, mantissa_bits: int, specials: str, bias: int | None = None
) -> Format:
    bits = 1 + exponent_bits + mantissa_bits
    bias = 2 ** (exponent_bits - 1) - 1 if bias is None else bias
    return Format(name, "float", bits, exponent_bits, mantissa_bits, bias, specials)


def _integer(name: str, bits: int, lsb_exponent: int = 0, signed: bool = True) -> Format:
    magnitude = bits - 1 if signed else bits
    bias = 1 - magnitude - lsb_exponent
    return Format(name, "integer", bits, 0, magnitude, bias, "none", signed)


ELEMENTS = (
    _float("float32", 8, 23, "ieee"),
    _float("tf32", 8, 10, "ieee"),  # 19 bits, kept in the low bits of a uint32
    _float("bfloat16", 8, 7, "ieee"),
    _float("float16", 5, 10, "ieee"),
    _float("float8_e5m2", 5, 2, "ieee"),
    _float("float8_e4m3", 4, 3, "ieee"),
    _float("float8_e3m4", 3, 4, "ieee"),
    _float("float8_e4m3fn", 4, 3, "fn"),
    _float("float8_e5m2fnuz", 5, 2, "fnuz", bias=16),
    _float("float8_e4m3fnuz", 4, 3, "fnuz", bias=8),
    _float("float8_e4m3b11fnuz", 4, 3, "fnuz", bias=11),
    _float("float6_e2m3fn", 2, 3, "none"),
    _float("float6_e3m2fn", 3, 2, "none"),
    _float("float4_e2m1fn", 2, 1, "none"),
    _integer("int8", 8),
    _integer("uint8", 8, signed=False),
    _integer("int4", 4),
    _integer("uint4", 4, signed=False),
    _integer("int2", 2),
    _integer("uint2", 2, signed=False),
    _integer("ocp_int8", 8, lsb_exponent=-6),  # one integer bit, six of fraction
    Format("ternary", "integer", 2, 0, 0, 1, "none"),  # codes 0, 1, 2 are -1, 0, 1
    Format("float8_e8m0fnu", "scale", 8, 8, 0, 127, "fn", signed=False),  # 2^(code - 127), 255 NaN
)
_OF_NAME = {fmt.name: fmt for fmt in ELEMENTS}
_E8M0 = _OF_NAME["float8_e8m0fnu"]
MX_BLOCK, NV_BLOCK, WHOLE_TENSOR = 32, 16, 0
#: The scale rules of the OCP formats: 2^floor(log2(amax) - max_exponent); the least power of two that makes nothing
#: overflow; floor of the amax once rounded to the element's precision.
MX_RULES = ("floor", "rceil", "even")


def _mx(name: str, element: str) -> BlockFormat:
    return BlockFormat(name, _OF_NAME[element], _E8M0, MX_BLOCK, MX_RULES)


BLOCKS = (
    _mx("mxfp8_e4m3", "float8_e4m3fn"),
    _mx("mxfp8_e5m2", "float8_e5m2"),
    _mx("mxfp6_e2m3", "float6_e2m3fn"),
    _mx("mxfp6_e3m2", "float6_e3m2fn"),
    _mx("mxfp4_e2m1", "float4_e2m1fn"),
    _mx("mxint8", "ocp_int8"),
    BlockFormat("nvfp4", _OF_NAME["float4_e2m1fn"], _OF_NAME["float8_e4m3fn"], NV_BLOCK, ("amax",), two_level=True),
    BlockFormat("bitnet_b158", _OF_NAME["ternary"], _OF_NAME["float32"], WHOLE_TENSOR, ("absmean",)),
)  # fmt: skip

#: Every format by its name.
formats: Mapping[str, Format | BlockFormat] = MappingProxyType(
    {fmt.name: fmt for fmt in (*ELEMENTS, *BLOCKS)}
)


def get(name: str | Format | BlockFormat) -> Format | BlockFormat:
    """The format of a name; a format is returned as it is.

    Raises
    ------
    ValueError : no format has this name; the message has the near ones.

    Examples
    --------
    >>> get("mxfp4_e2m1").element.name
    'float4_e2m1fn'
    """
    if isinstance(name, Format | BlockFormat):
        return name
    if isinstance(name, str) and name in formats:
        return formats[name]
    longer = [known for known in formats if known.startswith(f"{name}")]
    near = longer or difflib.get_close_matches(str(name), formats, n=3, cutoff=0.4) or list(formats)
    raise ValueError(f"no format is called {name!r}; near: {', '.join(near)}")
