"""Strassen-like schemes: data, verified against the definition of the matrix product, and run by one executor.

    multiply(a, b, "laderman")            a scheme that ships, by its name
    multiply(a, b, load_scheme(path))     one from a file
    multiply(a, b, ["laderman", "winograd"])      mixed, level by level

`fastmul.matmul(algorithm="strassen")` is Winograd's.
"""

from fastmul.matrices.schemes.loading import load_scheme, named, save_scheme
from fastmul.matrices.schemes.products import multiply
from fastmul.matrices.schemes.scheme import Scheme, classical

__all__ = ["Scheme", "classical", "load_scheme", "multiply", "named", "save_scheme"]
