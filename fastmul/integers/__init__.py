"""Big integers: products, and what is built on them: division, roots, digits, moduli, trees and sequences."""

from fastmul.integers.common_divisors import gcd, gcdext, invert
from fastmul.integers.division import divexact, divmod, floordiv, mod
from fastmul.integers.integer import Integer
from fastmul.integers.limbs import from_limbs, to_limbs
from fastmul.integers.modulus.ring import Modulus
from fastmul.integers.multiplication import mul, square
from fastmul.integers.multiplication.on_limbs import mul_limbs
from fastmul.integers.multiplication.wrapped import cyclic_mul, negacyclic_mul
from fastmul.integers.powers import powmod
from fastmul.integers.radix import from_str, to_str
from fastmul.integers.roots import iroot, isqrt, isqrt_rem
from fastmul.integers.sequences import binomial, factorial, fibonacci, lucas, primorial
from fastmul.integers.short_products import mulhigh, mullow
from fastmul.integers.sums import sum_of_products
from fastmul.integers.trees import ModuliTree, crt, prod, remainders

__all__ = [
    "Integer",
    "ModuliTree",
    "Modulus",
    "binomial",
    "crt",
    "cyclic_mul",
    "divexact",
    "divmod",
    "factorial",
    "fibonacci",
    "floordiv",
    "from_limbs",
    "from_str",
    "gcd",
    "gcdext",
    "invert",
    "iroot",
    "isqrt",
    "isqrt_rem",
    "lucas",
    "mod",
    "mul",
    "mul_limbs",
    "mulhigh",
    "mullow",
    "negacyclic_mul",
    "powmod",
    "primorial",
    "prod",
    "remainders",
    "square",
    "sum_of_products",
    "to_limbs",
    "to_str",
]
