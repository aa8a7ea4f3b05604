"""Arithmetic modulo one number: the table of forms, one file each, and the class that picks."""

from fastmul.integers.modulus.ring import Modulus

__all__ = ["Modulus"]
