"""Big integers: multiplication and limb arrays."""

from fastmul.integers.division import divmod, floordiv, mod
from fastmul.integers.limbs import from_limbs, to_limbs
from fastmul.integers.modulus.ring import Modulus
from fastmul.integers.multiplication import mul, square
from fastmul.integers.multiplication.on_limbs import mul_limbs
from fastmul.integers.multiplication.wrapped import cyclic_mul, negacyclic_mul
from fastmul.integers.powers import powmod
from fastmul.integers.radix import from_str, to_str
from fastmul.integers.short_products import mulhigh, mullow

__all__ = [
    "Modulus",
    "cyclic_mul",
    "divmod",
    "floordiv",
    "from_limbs",
    "from_str",
    "mod",
    "mul",
    "mul_limbs",
    "mulhigh",
    "mullow",
    "negacyclic_mul",
    "powmod",
    "square",
    "to_limbs",
    "to_str",
]
