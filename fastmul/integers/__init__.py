"""Big integers: multiplication and limb arrays."""

from fastmul.integers.limbs import from_limbs, to_limbs
from fastmul.integers.multiplication import mul, square
from fastmul.integers.multiplication.on_limbs import mul_limbs

__all__ = ["from_limbs", "mul", "mul_limbs", "square", "to_limbs"]
