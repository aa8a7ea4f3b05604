"""Numbers that many small ones make: factorials, primorials, binomials, Fibonacci's and Lucas's."""

from fastmul.integers.sequences.binomials import binomial
from fastmul.integers.sequences.factorials import factorial, primorial
from fastmul.integers.sequences.recurrences import fibonacci, lucas

__all__ = ["binomial", "factorial", "fibonacci", "lucas", "primorial"]
