"""Kernels on limb arrays, under the names that `kernels.reference.limbs` gives a meaning to."""

from fastmul.kernels.cpu.limbs_add import add_shifted
from fastmul.kernels.cpu.limbs_digits import pack_digits, unpack_digits
from fastmul.kernels.cpu.limbs_karatsuba import (
    karatsuba,
    karatsuba_alone,
    karatsuba_evaluate,
    karatsuba_interpolate,
    karatsuba_scratch,
)
from fastmul.kernels.cpu.limbs_schoolbook import schoolbook, schoolbook_add
from fastmul.kernels.cpu.limbs_toom3 import (
    toom3,
    toom3_evaluate_at_one,
    toom3_evaluate_at_two,
    toom3_interpolate,
    toom3_scratch,
)

__all__ = [
    "add_shifted",
    "karatsuba",
    "karatsuba_alone",
    "karatsuba_evaluate",
    "karatsuba_interpolate",
    "karatsuba_scratch",
    "pack_digits",
    "schoolbook",
    "schoolbook_add",
    "toom3",
    "toom3_evaluate_at_one",
    "toom3_evaluate_at_two",
    "toom3_interpolate",
    "toom3_scratch",
    "unpack_digits",
]
