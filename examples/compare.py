"""`fastmul.compare` with a contestant of your own: checked before it is timed, beside all others.

The product below looks right on small numbers. compare says how wrong it is on real ones, and what it costs.
"""

import sys

import numpy as np

import fastmul

n = int(sys.argv[1]) if len(sys.argv) > 1 else 512


def float_and_round(a, b):
    """An integer product through float64: fast, and exact only while every entry is below 2^53."""
    return np.rint(a.astype(float) @ b.astype(float)).astype(np.int64)


found = fastmul.compare(
    "matmul",
    sizes=[n],
    dtypes=["int64", "int32"],
    algorithms=["auto"],
    contestants={"mine": float_and_round},
)
print(found)

for record in found:
    if record.contestant == "mine":
        print(f"mine on {record.dtype}: {'exact' if record.exact else 'not exact'}")
